//! Bad input gets a clear error, early, with nothing left behind in the cluster.

use std::{fs, io::Write};

use crate::world::{REGISTRY, World};

#[test]
#[ignore = "needs a cluster: tests/run"]
fn what_is_no_artifact_makes_no_object() {
    let world = World::new("refused");
    let before = world.objects();
    let folder = world.folder.path();
    fs::write(folder.join("notes.txt"), "not a program\n").unwrap();
    fs::write(folder.join("empty.jar"), "").unwrap();
    let mut pe = vec![0; 512];
    pe[..2].copy_from_slice(b"MZ");
    pe[0x3c] = 0x80;
    pe[0x80..0x84].copy_from_slice(b"PE\0\0");
    fs::write(folder.join("setup.exe"), pe).unwrap();
    for (name, entry) in [("papers.zip", "a.txt"), ("library.jar", "META-INF/MANIFEST.MF")] {
        let mut zip = zip::ZipWriter::new(fs::File::create(folder.join(name)).unwrap());
        zip.start_file(entry, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(b"Manifest-Version: 1.0\r\n\r\n").unwrap();
        zip.finish().unwrap();
    }
    for (name, reason) in [
        ("notes.txt", "text"),
        ("setup.exe", "Windows"),
        ("empty.jar", "empty"),
        ("papers.zip", "neither"),
        ("library.jar", "Main-Class"),
        ("missing.jar", "no such file"),
    ] {
        let said = world.b2i(&format!("deploy {} --port 8080", folder.join(name).display()));
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(1), ""),
            "{name}: {}",
            said.stderr
        );
        for part in ["error: ", "\n  why: ", "\nnext: ", reason] {
            assert!(
                said.stderr.to_lowercase().contains(&part.to_lowercase()),
                "{name}: {part:?} in\n{}",
                said.stderr
            );
        }
    }
    assert_eq!(world.objects(), before);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn no_secret_or_several_are_named() {
    let world = World::new("secrets");
    world.kubectl(
        r#"patch serviceaccount default --type=json -p [{"op":"remove","path":"/imagePullSecrets"}]"#,
    );
    // The user may list Secrets here, so the rule looks at those.
    world.may("list", "secrets");
    world.secret("other");
    let said = world.b2i("deploy ./httpbin --port 8080");
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    for part in [
        "other (10.250.0.1:5000)",
        "registry-push (10.250.0.1:5000)",
        "--push-secret NAME",
    ] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
    world.kubectl("delete secret other registry-push");
    let said = world.b2i("deploy ./httpbin --port 8080");
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(
        said.stderr.contains("kubectl b2i registry login"),
        "{}",
        said.stderr
    );
    assert_eq!(world.kubectl("get jobs,pods,deployments -o name"), "");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_registry_that_refuses_is_told_in_its_own_words() {
    let world = World::new("denied");
    world.secret("builder-pull");
    world.kubectl("delete secret registry-push");
    world.kubectl(
        "create secret docker-registry registry-push --docker-server=10.250.0.1:5000 --docker-username=dev --docker-password=n0t-it",
    );
    let started = std::time::Instant::now();
    let said = world
        .b2i("deploy ./httpbin --port 8080 --push-secret registry-push --builder-pull-secret builder-pull");
    eprintln!(
        "a wrong password is told after {:.1} s",
        started.elapsed().as_secs_f32()
    );
    said.assert_failed(&[
        "could not log in to `10.250.0.1:5000`",
        "401",
        "as user `dev`",
        "#push-unauthorized",
    ]);
    assert!(!said.stderr.contains("n0t-it"), "{}", said.stderr);
    // Once, and the base, which is in the same registry, is not blamed.
    assert_eq!(said.stderr.matches("401").count(), 1, "{}", said.stderr);
    assert!(!said.stderr.contains("base image"), "{}", said.stderr);
    assert!(
        !said.stderr.contains("Upload "),
        "something was sent:\n{}",
        said.stderr
    );
    // Nothing is kept of a build that never began.
    assert_eq!(
        world.kubectl("get configmaps -l app.kubernetes.io/managed-by=kubectl-b2i -o name"),
        ""
    );
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn what_is_wrong_with_the_base_is_told_before_a_layer_is_sent() {
    let world = World::new("no-base");
    let said = world.b2i("deploy ./httpbin --port 8080 --base nosuch:1");
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("#base-not-found"), "{}", said.stderr);
    assert!(!said.stderr.contains("Upload "), "{}", said.stderr);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_secret_for_the_builder_image_that_does_not_exist_is_named() {
    let world = World::new("no-pull-secret");
    // Of an image that no node has, so that one is pulled.
    let flags = format!(
        "--builder-image {REGISTRY}/{}/private:1 --builder-pull-secret team-pull",
        world.namespace
    );
    let parts = [
        "the Secret `team-pull` for pulling the builder image".to_owned(),
        format!("does not exist in namespace `{}`", world.namespace),
        format!(
            "kubectl b2i registry login {REGISTRY} --secret team-pull -n {}",
            world.namespace
        ),
        "#builder-pull-secret".to_owned(),
    ];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    world.may_read("team-pull");
    world
        .b2i(&format!("deploy ./httpbin --port 8080 {flags}"))
        .assert_failed(&parts);
    // Who may not read it has the kubelet's event.
    world.kubectl("delete rolebinding read-team-pull");
    world
        .b2i(&format!("deploy ./httpbin --port 8080 {flags}"))
        .assert_failed(&parts);
}
