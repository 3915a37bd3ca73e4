//! Ctrl-C leaves nothing behind, and a rollout goes on.

use std::{
    net::TcpListener,
    process::{Child, Stdio},
};

use crate::{
    link::Link,
    world::{Said, World, eventually, run},
};

/// What the terminal sends on Ctrl-C: SIGINT to the plugin (kubectl replaces itself by it).
fn interrupt(child: Child) -> Said {
    run(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]));
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn start(world: &World, line: &str) -> Child {
    world
        .command(line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn assert_nothing_is_left(world: &World, before: &[String], said: &Said) {
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(130), ""),
        "{}",
        said.stderr
    );
    eventually("the namespace being as before", || world.objects() == before);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn during_the_upload() {
    let world = World::new("int-upload");
    let before = world.objects();
    let link = Link::to_api_server(Some(2_000_000));
    world.kubeconfig_for_user(&link.url);
    let child = start(&world, "deploy ./zipkin.jar --port 9411");
    eventually("the upload", || link.sent_bytes() > 4_000_000);
    assert_nothing_is_left(&world, &before, &interrupt(child));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn during_the_job() {
    let world = World::new("int-job");
    let before = world.objects();
    // A registry that takes connections and never says a word keeps the builder waiting.
    let silent = TcpListener::bind("10.250.0.1:0").unwrap();
    let base = format!("{}/base:1", silent.local_addr().unwrap());
    let child = start(&world, &format!("deploy ./httpbin --port 8080 --base {base}"));
    eventually("the builder", || {
        world.kubectl("get pods -l kubectl-b2i/role=builder -o jsonpath={.items[*].status.phase}")
            == "Running"
    });
    assert_nothing_is_left(&world, &before, &interrupt(child));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn during_the_rollout() {
    let world = World::new("int-rollout");
    // A port that nothing listens on: the rollout waits for readiness.
    let child = start(&world, "deploy ./httpbin --port 9999");
    eventually("the rollout", || {
        world.kubectl("get deployments -o name") == "deployment.apps/httpbin"
    });
    eventually("its Pod", || {
        world.kubectl("get pods -l kubectl-b2i/role=app -o jsonpath={.items[*].status.phase}") == "Running"
    });
    let said = interrupt(child);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(130), ""),
        "{}",
        said.stderr
    );
    for command in [
        "kubectl b2i status httpbin --watch",
        "kubectl b2i rollback httpbin",
    ] {
        assert!(said.stderr.contains(command), "{}", said.stderr);
    }
    assert_eq!(
        world.kubectl("get deployments -o name"),
        "deployment.apps/httpbin"
    );
}
