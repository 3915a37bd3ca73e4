//! What goes wrong in the middle of a large layer, and what it costs: every connection is dropped,
//! the API server crashes, the staging container is killed, its Pod is deleted.

use std::process::{Command, Stdio};

use crate::{
    cuts::{MEGABYTE, noisy_program},
    link::{API_SERVER, Link},
    toxiproxy::Toxiproxy,
    world::{Said, World, eventually, root, run},
};

/// Fast enough to be done in seconds, slow enough that there is a middle.
const RATE: u64 = 20 * MEGABYTE;
const SIZE: u64 = 200 * MEGABYTE;

/// Builds an image of one layer of 200 MB over a slow link, lets `happen` once a third of it is
/// across, and returns what was said, what crossed the link and the layer's size.
fn in_the_middle(world: &World, link: &Link, happen: impl FnOnce()) -> (Said, u64) {
    let program = noisy_program(world, 3, SIZE);
    let mut command = world.command(&format!(
        "build {} --name noise --base scratch --tag outage -o json",
        program.display()
    ));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let before = link.sent_bytes();
    eventually("a third of the upload, or its end", || {
        link.sent_bytes() > before + SIZE / 3 || child.try_wait().unwrap().is_some()
    });
    if child.try_wait().unwrap().is_none() {
        happen();
    }
    let output = child.wait_with_output().unwrap();
    let said = Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let layer = world.b2i_json(&format!("inspect {}", program.display()))["layersBytes"]
        .as_u64()
        .unwrap();
    assert!(layer > SIZE - MEGABYTE);
    (said, layer)
}

/// Sends what a slow link to this address of the API server lets through.
fn slow_link(world: &World, server: &str) -> Link {
    let link = Link::to(server, Some(RATE));
    world.kubeconfig_for_user(&link.url);
    link
}

fn assert_little_was_sent_twice(what: &str, link: &Link, layer: u64) {
    let sent = link.sent_bytes();
    eprintln!(
        "| {what} | {layer} | {sent} ({:.1} %) |",
        sent as f64 * 100.0 / layer as f64
    );
    assert!(
        sent <= layer + layer / 10,
        "{sent} of {layer} bytes crossed the link"
    );
}

fn staging_pod(world: &World) -> String {
    world.kubectl("get pods -l kubectl-b2i/role=staging -o jsonpath={.items[0].metadata.name}")
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn every_connection_is_dropped() {
    let world = World::new("out-drop");
    let toxiproxy = Toxiproxy::start();
    let proxy = toxiproxy.proxy("cluster", "127.0.0.1", API_SERVER);
    let link = slow_link(&world, &proxy.listen);
    let (_, layer) = in_the_middle(&world, &link, || proxy.reset_all());
    assert_little_was_sent_twice("every connection dropped", &link, layer);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_staging_container_is_killed() {
    let world = World::new("out-kill");
    let link = slow_link(&world, API_SERVER);
    let (_, layer) = in_the_middle(&world, &link, || {
        let pod = staging_pod(&world);
        let id = world.kubectl(&format!(
            "get pod {pod} -o jsonpath={{.status.containerStatuses[0].containerID}}"
        ));
        let id = id.strip_prefix("containerd://").unwrap();
        let node = world.kubectl(&format!("get pod {pod} -o jsonpath={{.spec.nodeName}}"));
        run(Command::new("ctr").args([
            "-a",
            &format!("/run/b2i-{node}/containerd.sock"),
            "-n",
            "k8s.io",
            "task",
            "kill",
            "-s",
            "SIGKILL",
            id,
        ]));
    });
    assert_little_was_sent_twice("staging container killed", &link, layer);
}

/// The layer begins anew in another Pod.
#[test]
#[ignore = "needs a cluster: tests/run"]
fn the_staging_pod_is_deleted() {
    let world = World::new("out-delete");
    let link = slow_link(&world, API_SERVER);
    let mut sent_before = 0;
    let (_, layer) = in_the_middle(&world, &link, || {
        let pod = staging_pod(&world);
        world.kubectl(&format!("delete pod {pod} --wait=false"));
        sent_before = link.sent_bytes();
    });
    let sent = link.sent_bytes();
    eprintln!("| staging Pod deleted after {sent_before} | {layer} | {sent} |");
    assert!(
        sent <= sent_before + layer + layer / 10,
        "{sent} bytes crossed the link"
    );
}

/// Disturbs the whole cluster: `tests/run` runs it alone.
#[test]
#[ignore = "disturbs the cluster: tests/run runs it alone"]
fn alone_the_api_server_crashes() {
    let world = World::new("out-api");
    let link = slow_link(&world, API_SERVER);
    let (_, layer) = in_the_middle(&world, &link, || {
        run(&mut Command::new(root().join("tests/cluster/restart-apiserver")));
    });
    assert_little_was_sent_twice("API server restarted", &link, layer);
}
