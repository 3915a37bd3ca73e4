//! Native executables: glibc, musl both ways, and those that cannot run here.

use std::fs;

use crate::{
    support::elf::Elf,
    world::{World, curl, kubectl, node_addresses, run},
};

/// What the app says on every node.
fn answer(world: &World, service: &str) -> String {
    let port = world.node_port(service);
    let mut bodies: Vec<String> = node_addresses()
        .iter()
        .map(|node| {
            let (code, body) = curl(&format!("http://{node}:{port}/"));
            assert_eq!(code, "200", "{node}");
            body
        })
        .collect();
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    bodies.remove(0)
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn each_c_library_gets_the_base_that_has_it() {
    let world = World::new("libc");
    for (name, base, said) in [
        (
            "hello-glibc",
            "gcr.io/distroless/cc:nonroot",
            "hello from glibc, dynamic, arguments []\n",
        ),
        (
            "hello-musl",
            "gcr.io/distroless/static:nonroot",
            "hello from musl, static, arguments []\n",
        ),
        (
            "hello-musl-rust",
            "docker.io/library/alpine:3",
            "hello from musl, dynamic, arguments []\n",
        ),
        (
            "hello-musl-shared",
            "docker.io/library/alpine:3",
            "hello from musl, dynamic\n",
        ),
    ] {
        let report = world.b2i_json(&format!("deploy ./{name} --port 8080 --nodeport"));
        let from = report["base"].as_str().unwrap_or_default();
        assert!(
            from.starts_with(&format!("{}@", base.rsplit_once(':').unwrap().0)) || from.starts_with(base),
            "{report}"
        );
        assert_eq!(answer(&world, name), said);
    }
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn what_the_base_lacks_is_said_before_anything_is_made() {
    let world = World::new("lacks");
    let before = world.objects();
    for (elf, anchor, part) in [
        (
            Elf {
                needed: &["libpq.so.5", "libc.so.6"],
                ..Elf::dynamic("/lib64/ld-linux-x86-64.so.2")
            },
            "native-library",
            "`libpq.so.5`",
        ),
        (
            Elf {
                versions: &["GLIBC_2.38"],
                ..Elf::dynamic("/lib64/ld-linux-x86-64.so.2")
            },
            "native-glibc",
            "--base debian:13-slim",
        ),
    ] {
        let path = world.folder.path().join("app");
        fs::write(&path, elf.bytes()).unwrap();
        let said = world.b2i(&format!("deploy {} --port 8080", path.display()));
        said.assert_failed(&[]);
        assert!(
            said.stderr.contains(part) && said.stderr.contains(anchor),
            "{}",
            said.stderr
        );
    }
    assert_eq!(world.objects(), before);
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn an_architecture_that_no_node_has_is_refused_to_who_may_list_nodes() {
    let world = World::new("arch");
    let path = world.folder.path().join("app");
    let arm64 = Elf {
        machine: 183,
        ..Elf::default()
    };
    fs::write(&path, arm64.bytes()).unwrap();
    let before = world.objects();
    // As the administrator, whose kubeconfig the tests have.
    let mut command = world.command(&format!(
        "deploy {} --port 8080 -n {}",
        path.display(),
        world.namespace
    ));
    command.env("KUBECONFIG", crate::world::var("KUBECONFIG"));
    let said = crate::world::said(&mut command);
    said.assert_failed(&[]);
    let nodes = run(kubectl().args(["get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"]));
    for part in nodes
        .split_whitespace()
        .chain(["linux/arm64", "linux/amd64", "#no-node"])
    {
        assert!(said.stderr.contains(part), "{part} in\n{}", said.stderr);
    }
    assert_eq!(world.objects(), before);
}
