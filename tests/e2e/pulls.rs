//! A build that succeeds and nodes that cannot pull what came of it: each is told why, with what has
//! to be set, and what is told helps.

use crate::{
    own_registry::{Kind, OwnRegistry, keys, plain_http},
    world::World,
};

/// Pushes with a Secret of its own; builder and base come from the cluster's registry.
fn line(command: &str, registry: &OwnRegistry, flags: &str) -> String {
    format!(
        "{command} ./httpbin --push-secret own --builder-pull-secret registry-push --pull-secret registry-push \
         --image {}/team/httpbin {flags}",
        registry.host
    )
}

fn fails_with(world: &World, line: &str, anchor: &str, parts: &[&str]) -> String {
    let said = world.b2i(line);
    said.assert_failed(&[]);
    assert!(said.stderr.contains("cannot be pulled: "), "{}", said.stderr);
    for part in parts.iter().chain([&anchor]) {
        assert!(said.stderr.contains(part), "{part} is not in\n{}", said.stderr);
    }
    said.stderr
}

/// The contents of a `hosts.toml` that a `printf` of the advice would write.
fn hosts_toml(stderr: &str) -> String {
    let (_, rest) = stderr.split_once("printf '").expect("a command");
    let (format, _) = rest.split_once("' > ").expect("a file");
    format.replace("\\n", "\n")
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn nodes_that_take_plain_http_for_tls() {
    let world = World::new("pull-plain");
    let registry = OwnRegistry::start(Kind::Plain);
    registry.secret(&world, "own", "s3cret");
    let deploy = line(
        "deploy",
        &registry,
        &format!("--port 8080 --insecure-registry {}", registry.host),
    );
    let said = fails_with(
        &world,
        &deploy,
        "#node-plain-http",
        &["http: server gave HTTP response to HTTPS client", &registry.host],
    );
    registry.is_known_to_nodes(&hosts_toml(&said));
    world.b2i_ok(&deploy);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn nodes_that_do_not_trust_the_authority() {
    let world = World::new("pull-tls");
    let registry = OwnRegistry::start(Kind::Tls);
    registry.secret(&world, "own", "s3cret");
    let authority = keys().join("ca.crt");
    let authority = authority.to_str().unwrap();
    let deploy = line(
        "deploy",
        &registry,
        &format!("--port 8080 --registry-ca {authority}"),
    );
    let said = fails_with(
        &world,
        &deploy,
        "#node-untrusted",
        &["x509: certificate signed by unknown authority", &registry.host],
    );
    // The advice names a file on the node; these nodes are this machine.
    let file = format!("/etc/containerd/certs.d/{}/ca.crt", registry.host);
    let advised = hosts_toml(&said);
    assert!(advised.contains(&file), "{advised}");
    registry.is_known_to_nodes(&advised.replace(&file, authority));
    world.b2i_ok(&deploy);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn a_secret_that_changed_and_an_image_that_is_gone() {
    let world = World::new("pull-secret");
    let registry = OwnRegistry::start(Kind::Plain);
    registry.is_known_to_nodes(&plain_http(&registry.host));
    registry.secret(&world, "own", "s3cret");
    let insecure = format!("--port 8080 --insecure-registry {}", registry.host);
    // Built and not run, so that no node has it; then nothing has changed, and it is only run.
    world.b2i_ok(&line("build", &registry, &insecure));
    world.kubectl("delete secret own");
    registry.secret(&world, "own", "n0t-it");
    let deploy = line("deploy", &registry, &insecure);
    let said = fails_with(
        &world,
        &deploy,
        "#image-pull-secret",
        &["401 Unauthorized", "Secret `own`"],
    );
    assert!(!said.contains("n0t-it"), "the password is in\n{said}");

    world.kubectl("delete secret own");
    registry.secret(&world, "own", "s3cret");
    registry.forget("team/httpbin");
    fails_with(&world, &deploy, "#image-gone", &["not found", "--rebuild"]);
    world.b2i_ok(&format!("{deploy} --rebuild"));
}
