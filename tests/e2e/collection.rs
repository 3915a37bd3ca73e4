//! Garbage collection in the registry at the worst moments: the image is whole all the same.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use crate::{
    own_registry::{Kind, OwnRegistry, plain_http},
    world::{World, curl, run},
};

/// Answers of the app, and what crane says of the image.
fn is_whole_and_runs(world: &World, registry: &OwnRegistry, image: &str) {
    assert!(image.starts_with(&registry.host), "{image}");
    run(Command::new("crane").args(["auth", "login", &registry.host, "-u", "dev", "-p", "s3cret"]));
    run(Command::new("crane").args(["validate", "--insecure", "--remote", image]));
    let url = format!("http://10.250.0.11:{}/", world.node_port("httpbin"));
    assert_eq!(curl(&url).0, "200", "{url}");
}

fn signal(process: u32, name: &str) {
    run(Command::new("kill").args([name, &process.to_string()]));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn between_upload_and_manifest_and_between_deploys() {
    let world = World::new("collection");
    let registry = OwnRegistry::start(Kind::Plain);
    registry.is_known_to_nodes(&plain_http(&registry.host));
    registry.secret(&world, "own", "s3cret");
    let line = format!(
        "deploy ./httpbin --port 8080 --nodeport --push-secret own --builder-pull-secret registry-push \
         --pull-secret registry-push --image {0}/team/httpbin --insecure-registry {0}",
        registry.host
    );
    let mut child = world
        .command(&line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("Upload ") {
        assert!(stderr.read_line(&mut said).unwrap() > 0, "{said}");
    }
    // The plugin holds still between the upload and what comes after it.
    signal(child.id(), "-STOP");
    let collected = registry.collect_garbage(true);
    signal(child.id(), "-CONT");
    assert!(
        collected.contains("blob eligible for deletion: sha256:"),
        "there was nothing to collect: the manifest had come already\n{collected}"
    );
    stderr.read_to_string(&mut said).unwrap();
    let mut image = String::new();
    child.stdout.take().unwrap().read_to_string(&mut image).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    is_whole_and_runs(&world, &registry, image.trim());

    // Nothing of an image that is in use is garbage, whoever asks.
    registry.collect_garbage(true);
    assert_eq!(world.b2i_ok(&line), image.trim());
    is_whole_and_runs(&world, &registry, image.trim());
    // Nor of the one before, which a rollback needs.
    let next = world.b2i_ok(&format!("{line} --image-env COLLECTED=1"));
    assert_ne!(next, image.trim());
    registry.collect_garbage(true);
    is_whole_and_runs(&world, &registry, &next);
    assert_eq!(world.b2i_ok("rollback httpbin"), image.trim());
    is_whole_and_runs(&world, &registry, image.trim());
    // A registry that lost everything is filled again.
    registry.forget("team/httpbin");
    registry.collect_garbage(true);
    let again = world.b2i_ok(&format!("{line} --image-env COLLECTED- --rebuild"));
    is_whole_and_runs(&world, &registry, &again);
}
