//! Apps that are there: looked at, read, taken back, made again, removed.

use crate::world::{World, run};

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_app_is_listed_shown_and_read() {
    let world = World::new("look");
    let image = world.b2i_ok("deploy ./httpbin --port 8080 --nodeport --env SEEN=yes");
    let listed = world.b2i_json("list");
    assert_eq!(listed["items"][0]["name"], "httpbin");
    assert_eq!(world.b2i_ok("list -o name"), "httpbin");

    let status = world.b2i_json("status httpbin");
    assert_eq!(status["workload"]["image"].as_str(), Some(image.as_str()));
    assert_eq!(status["workload"]["ready"], 1);
    assert_eq!(status["builds"][0]["phase"], "ok");
    let page = world.b2i_ok("status httpbin");
    for part in ["READY  1/1", "SEEN=yes", "<- running", "Started container"] {
        assert!(page.contains(part), "{part} in\n{page}");
    }

    // go-httpbin's own first line.
    let log = world.b2i_ok("logs httpbin");
    assert!(log.contains("listening on"), "{log}");
    let build = world.b2i_ok("logs httpbin --build");
    assert!(build.contains("manifest"), "{build}");
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_app_goes_back_is_made_again_and_goes() {
    let world = World::new("back");
    let before = world.objects();
    let first = world.b2i_ok("deploy ./httpbin --port 8080 --env SEEN=yes");
    let second = world.b2i_ok("deploy ./httpbin --image-env ADDED=1");
    assert_ne!(first, second);
    let image =
        || world.kubectl("get deployment httpbin -o jsonpath={.spec.template.spec.containers[0].image}");

    assert_eq!(world.b2i_ok("rollback httpbin"), first);
    assert_eq!(image(), first);
    assert!(world.kubectl("get deployment httpbin -o yaml").contains("SEEN"));
    assert_eq!(world.b2i_ok("rollback httpbin --to 2"), second);

    let again = world.b2i_json("rerun httpbin --tag patched --image-env TZ=UTC");
    assert_eq!(again["uploadedBytes"], 0);
    assert_eq!(again["tags"][0], "patched");
    assert_eq!(again["image"].as_str(), Some(image().as_str()));
    let history = world.b2i_json("status httpbin");
    assert_eq!(history["builds"].as_array().unwrap().len(), 5);
    world.b2i_ok("build ./httpbin --image-env MORE=1 --history-limit 2");
    let history = world.b2i_json("status httpbin");
    assert_eq!(history["builds"].as_array().unwrap().len(), 2);

    let said = world.b2i("delete httpbin");
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(2), ""),
        "{}",
        said.stderr
    );
    world.b2i_ok("delete httpbin --yes");
    assert_eq!(world.objects(), before);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_record_knows_what_was_skipped_and_what_was_made_without_the_cluster() {
    let world = World::new("known");
    let newest = || world.b2i_json("status httpbin")["builds"][0].clone();
    let first = world.b2i_ok("deploy ./httpbin --port 8080");
    assert_eq!(newest()["skipped"], serde_json::Value::Null);
    assert_eq!(world.b2i_ok("deploy ./httpbin"), first);
    assert_eq!(world.b2i_ok("build ./httpbin"), first);
    assert_eq!(newest()["skipped"]["times"], 2);
    let page = world.b2i_ok("status httpbin");
    assert!(page.contains("asked for 2 times more, "), "{page}");

    let to = first.split('@').next().unwrap();
    let line = format!("build ./httpbin --local --image {to} --port 8080 --image-env ADDED=1");
    let second = run(world.command(&line).env("DOCKER_CONFIG", world.docker_config()));
    let second = second.trim_end();
    assert_ne!(second, first);
    let made = newest();
    assert_eq!(
        (&made["origin"], made["image"].as_str()),
        (&"local".into(), Some(second))
    );
    assert_eq!(made["number"], 2);
    // No Job: the image is there.
    let report = world.b2i_json("deploy ./httpbin --image-env ADDED=1");
    assert_eq!(
        (report["image"].as_str(), &report["unchanged"]),
        (Some(second), &true.into())
    );
    assert_eq!(
        world.b2i_ok("deploy ./httpbin"),
        second,
        "and what it was told is remembered"
    );
    assert_eq!(newest()["number"], 3);
    assert_eq!(newest()["skipped"]["times"], 1);
    assert_eq!(world.b2i_ok("rollback httpbin"), first);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn secrets_come_by_reference_and_a_dry_run_is_what_is_applied() {
    let world = World::new("full");
    world.kubectl("create secret generic db --from-literal=password=s3cret");
    world.kubectl("create configmap app --from-literal=level=debug");
    let line = "deploy ./httpbin --port 8080 --env P=secret:db/password --env-from configmap/app --volume secret/db:/etc/db:ro \
        --volume emptydir:/cache --health-path /status/200 --label team=web --annotation a/b=c";
    world.b2i_ok(line);
    let yaml = world.kubectl("get deployment httpbin -o yaml");
    assert!(!yaml.contains("s3cret"), "{yaml}");
    let env = world.b2i_json("status httpbin")["workload"]["env"].clone();
    assert_eq!(env[0]["from"], "configmap app");
    assert_eq!(env[1]["from"], "secret db/password");

    // What a dry run prints now is what is there: kubectl agrees.
    let printed = world.b2i_ok("deploy ./httpbin --dry-run=client -o yaml");
    let file = world.folder.path().join("objects.yaml");
    std::fs::write(&file, &printed).unwrap();
    world.kubectl(&format!(
        "apply --dry-run=server --server-side --field-manager kubectl-b2i -f {}",
        file.display()
    ));
    world.kubectl(&format!(
        "diff --server-side --field-manager kubectl-b2i -f {}",
        file.display()
    ));
    assert!(
        !world
            .b2i_ok("deploy ./httpbin --dry-run=server -o yaml")
            .is_empty()
    );

    // Each has its way back.
    world.b2i_ok(
        "deploy ./httpbin --env P- --env-from configmap/app- --volume /etc/db- --volume /cache- --health-path off --label team-",
    );
    let yaml = world.kubectl("get deployment httpbin -o yaml");
    for gone in [
        "secretKeyRef",
        "configMapRef",
        "volumeMounts",
        "httpGet",
        "team: web",
    ] {
        assert!(!yaml.contains(gone), "{gone} in\n{yaml}");
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn doctor_is_content_with_the_role_and_names_what_is_missing() {
    let world = World::new("doctor");
    let table = world.b2i_ok("doctor --push-secret registry-push");
    for row in ["builder image, pulled", "registry, login", "registry, push"] {
        assert!(table.contains(row), "{row} in\n{table}");
    }
    assert_eq!(world.kubectl("get jobs -o name"), "", "its Pod is gone");
    assert!(!table.contains("FAILED") && !table.contains("warning"), "{table}");
    world.kubectl("create quota small --hard=pods=0");
    world.kubectl("delete rolebinding dev");
    let said = world.b2i("doctor --push-secret registry-push");
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(said.stdout.contains("may jobs"), "{}", said.stdout);
    assert!(
        said.stdout.contains("not create, get, list, watch, delete"),
        "{}",
        said.stdout
    );
}
