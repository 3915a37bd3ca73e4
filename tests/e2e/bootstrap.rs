//! A cluster whose registry this machine need not reach, and that has no builder image: the first build
//! brings it in.

use std::process::Command;

use kubectl_b2i::{
    model::{BuildOutcome, BuildResult},
    oci::{Digest, Reference},
};

use crate::world::{REGISTRY, Said, World, run, said};

/// An image with a shell, from where this cluster's nodes pull.
const WITH_SHELL: &str = "10.250.0.1:5000/library/alpine:3";
/// One without.
const WITHOUT_SHELL: &str = "10.250.0.1:5000/distroless/static:nonroot";

/// A namespace of somebody who has a login for a registry, and no builder image.
struct Bare(World);

impl Bare {
    fn new(name: &str) -> Self {
        let world = World::new(name);
        std::fs::write(
            world.folder.path().join("config.yaml"),
            format!(
                "insecureRegistries: [\"{REGISTRY}\"]\nmirrors: {{docker.io: \"{REGISTRY}\", gcr.io: \"{REGISTRY}\"}}\n"
            ),
        )
        .unwrap();
        Self(world)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.0.command(line);
        command
            .env("B2I_CONFIG", self.0.folder.path().join("config.yaml"))
            .env_remove("B2I_BUILDER_IMAGE");
        command
    }

    fn b2i(&self, line: &str) -> Said {
        said(&mut self.command(line))
    }

    fn ok(&self, line: &str) -> Said {
        let said = self.b2i(line);
        assert_eq!(said.code, Some(0), "kubectl b2i {line}\n{}", said.stderr);
        said
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_first_build_brings_the_builder_image_in_and_the_next_finds_it() {
    let bare = Bare::new("bootstrap");
    let world = &bare.0;
    world.may("get,create", "pods/exec");
    // Its Pod has the CPU limit that a quota demands, too.
    world.kubectl("create quota cpu --hard=limits.cpu=8");
    let doctor = bare.b2i("doctor --push-secret registry-push").stdout;
    assert!(doctor.contains("the first build brings it in"), "{doctor}");

    let first = bare.ok(&format!(
        "deploy ./httpbin --port 8080 --cpu-limit 1 --bootstrap-image {WITH_SHELL}"
    ));
    assert!(first.stderr.contains("Bootstrap "), "{}", first.stderr);
    let told = world.kubectl("get configmap kubectl-b2i -o jsonpath={.data}");
    let builder = format!("{REGISTRY}/{}/b2i-builder@sha256:", world.namespace);
    assert!(told.contains("bootstrap-") && told.contains(&builder), "{told}");
    let jobs = world.kubectl("get jobs,pods -l kubectl-b2i/role=bootstrap -o name");
    assert_eq!(jobs, "", "it is gone");

    // The next one finds it, and needs no such right.
    world.kubectl("delete role,rolebinding pods-exec");
    let second = bare.ok("build ./hello-musl");
    assert!(!second.stderr.contains("Bootstrap"), "{}", second.stderr);
    let images = world
        .kubectl("get pods -l kubectl-b2i/role=staging -o jsonpath={.items[*].spec.containers[*].image}");
    assert!(
        images.split(' ').all(|image| image.starts_with(&builder)),
        "{images}"
    );

    // The image that it made of itself is the one that this machine would have made.
    let line = format!(
        "builder push {REGISTRY}/{}/of-here --insecure-registry {REGISTRY}",
        world.namespace
    );
    let here = run(bare.command(&line).env("DOCKER_CONFIG", world.docker_config()));
    let digest = |text: &str| text.split("@sha256:").nth(1).unwrap()[..64].to_owned();
    assert_eq!(digest(&told), digest(&here));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn where_it_cannot_be_brought_in_the_other_way_is_told_and_nothing_stays() {
    let bare = Bare::new("no-bootstrap");
    let world = &bare.0;
    let before = world.objects();
    let line = format!("build ./hello-musl --bootstrap-image {WITH_SHELL}");
    let push = format!(
        "kubectl b2i builder push {REGISTRY}/{}/b2i-builder",
        world.namespace
    );
    bare.b2i(&line).assert_failed(&[
        "error: could not bring the builder image into the cluster",
        "cannot get resource \"pods/exec\"",
        "next: ask for `get` and `create` on `pods/exec`; or push it from a machine that reaches the registry",
        &push,
        "#bootstrap",
    ]);
    assert_eq!(world.objects(), before);
    let doctor = bare.b2i("doctor --push-secret registry-push").stdout;
    assert!(doctor.contains("you may not bring it in"), "{doctor}");

    world.may("get,create", "pods/exec");
    let before = world.objects();
    let line = format!("build ./hello-musl --bootstrap-image {WITHOUT_SHELL}");
    bare.b2i(&line).assert_failed(&[
        "error: could not bring the builder image into the cluster",
        "name another image that has a shell with `--bootstrap-image`",
        &push,
    ]);
    // What the registry has against it is told by who asked it.
    world.kubectl("delete secret registry-push");
    world.apply(&serde_json::json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "registry-push" },
        "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson":
            serde_json::json!({ "auths": { REGISTRY: { "username": "eve", "password": "wr0ng" } } }).to_string() } }).to_string());
    world.secret("pulls");
    let line = format!(
        "build ./hello-musl --bootstrap-image {WITH_SHELL} --builder-pull-secret pulls --push-secret registry-push"
    );
    let refused = bare.b2i(&line);
    refused.assert_failed(&["error: could not push", "next: "]);
    assert!(!refused.stderr.contains("wr0ng"));
    world.kubectl("delete secret pulls");
    assert_eq!(world.objects(), before);
}

/// An image whose shell takes the plugin's executable, never runs it, and reports what an attacker likes.
fn hostile_image(world: &World, number: usize, report: &BuildResult) -> String {
    let folder = world.folder.path().join(format!("hostile-{number}"));
    let (first_on_path, layer) = (folder.join("usr/local/sbin"), folder.with_extension("tar"));
    std::fs::create_dir_all(&first_on_path).unwrap();
    let report = BuildOutcome::Done(report.clone()).to_termination_message();
    let script = format!(
        r#"#!/bin/sh
case "$2" in *"head -c "*) ;; *) exec /bin/sh "$@" ;; esac
size=${{2#*head -c }}
head -c "${{size%% *}}" >/dev/null
cat <<'REPORT'
{report}
REPORT
"#
    );
    let shell = first_on_path.join("sh");
    std::fs::write(&shell, script).unwrap();
    run(Command::new("chmod").arg("755").arg(&shell));
    run(Command::new("tar")
        .arg("-C")
        .arg(&folder)
        .arg("-cf")
        .arg(&layer)
        .arg("usr/local/sbin/sh"));
    let image = format!("{REGISTRY}/{}/hostile:{number}", world.namespace);
    run(Command::new("crane")
        .args(["append", "--insecure", "-b", WITH_SHELL, "-t", &image, "-f"])
        .arg(&layer)
        .env("DOCKER_CONFIG", world.docker_config()));
    image
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn what_the_pod_reports_is_not_believed() {
    let bare = Bare::new("bootstrap-lies");
    let world = &bare.0;
    world.may("get,create", "pods/exec");
    // What this plugin makes of itself, which an attacker can compute as well.
    let line = format!(
        "builder push {REGISTRY}/{}/of-here --insecure-registry {REGISTRY}",
        world.namespace
    );
    let here = run(bare.command(&line).env("DOCKER_CONFIG", world.docker_config()));
    let digest: Digest = here.trim().split_once('@').unwrap().1.parse().unwrap();
    let asked_for: Reference = format!("{REGISTRY}/{}/b2i-builder", world.namespace)
        .parse()
        .unwrap();
    let reference = |name: String| -> Reference { name.parse().unwrap() };
    let before = world.objects();
    for (number, lie) in [
        asked_for.with_digest(Digest::of(b"an image of mine")),
        reference(format!("{REGISTRY}/{}/elsewhere", world.namespace)).with_digest(digest),
        reference("evil.example.com/team/b2i-builder".to_owned()).with_digest(digest),
        // By tag, it could be another image by the time that it is pulled.
        reference(format!("{}:latest", asked_for.name())),
    ]
    .into_iter()
    .enumerate()
    {
        let report = BuildResult {
            image: lie.clone(),
            tags: Vec::new(),
            size_bytes: 1,
            base: None,
            copied_layers: 0,
            mounted_layers: 0,
        };
        let image = hostile_image(world, number, &report);
        bare.b2i(&format!("build ./hello-musl --bootstrap-image {image}"))
            .assert_failed(&[
                "error: could not bring the builder image into the cluster",
                &format!("reported `{lie}`"),
                &format!("this plugin's own image is `{}`", asked_for.with_digest(digest)),
                "#bootstrap-another-image",
            ]);
        // Its Pod takes a moment to end.
        let left: Vec<String> = world
            .objects()
            .into_iter()
            .filter(|it| !it.starts_with("pod/"))
            .collect();
        assert_eq!(left, before, "nothing is noted for the next build");
    }
}
