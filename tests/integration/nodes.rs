//! An image that no node can run is refused before it is built.

use kubectl_b2i::cluster::nodes;
use serde_json::json;

use crate::support::{elf::Elf, fake_apiserver::FakeApiServer, plugin::deploy_on};

const NODES: &str = "/api/v1/nodes";

fn node(server: &FakeApiServer, name: &str, architecture: &str) {
    let labels = json!({"kubernetes.io/arch": architecture, "kubernetes.io/os": "linux"});
    server.put(NODES, json!({"metadata": {"name": name, "labels": labels}}));
}

#[tokio::test]
async fn nodes_are_told_by_what_they_run() {
    let (server, cluster) = FakeApiServer::start().await;
    node(&server, "a", "amd64");
    node(&server, "b", "arm64");
    node(&server, "c", "amd64");
    server.put(NODES, json!({"metadata": {"name": "new, without labels"}}));
    let found = nodes::platforms(&cluster).await.unwrap().unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|(platform, names)| (platform.to_string(), names.join(" ")))
        .collect();
    let expected = [("linux/amd64", "a c"), ("linux/arm64", "b")];
    assert_eq!(
        found,
        expected.map(|(platform, names)| (platform.to_owned(), names.to_owned()))
    );
}

#[tokio::test]
async fn who_may_not_list_nodes_is_told_nothing() {
    let (server, cluster) = FakeApiServer::start().await;
    server.refuse(
        "GET",
        NODES,
        403,
        "nodes is forbidden: User \"dev\" cannot list resource \"nodes\"",
    );
    assert_eq!(nodes::platforms(&cluster).await.unwrap(), None);
    let (server, cluster) = FakeApiServer::start().await;
    server.refuse("GET", NODES, 500, "no");
    assert!(nodes::platforms(&cluster).await.is_err());
}

/// An executable for arm64.
fn arm64() -> Vec<u8> {
    Elf {
        machine: 183,
        ..Elf::default()
    }
    .bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_names_the_nodes_and_makes_nothing() {
    let (server, cluster) = FakeApiServer::start().await;
    for name in ["n1", "n2", "n3", "n4", "n5"] {
        node(&server, name, "amd64");
    }
    let ended = deploy_on(&server, &cluster.server, "server", &arm64(), "--port 8080");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    for part in [
        "error: could not run `server` on this cluster",
        "its image is for linux/arm64, and the nodes are linux/amd64 (n1, n2, n3 and 2 more)",
        "build the executable for linux/amd64",
        "#no-node",
    ] {
        assert!(ended.stderr.contains(part), "{part} in\n{}", ended.stderr);
    }
    let made: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| !request.starts_with("GET"))
        .collect();
    assert!(made.is_empty(), "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_goes_on_where_a_node_fits_or_nobody_knows() {
    for is_forbidden in [true, false] {
        let (server, cluster) = FakeApiServer::start().await;
        if is_forbidden {
            node(&server, "n1", "amd64");
            server.refuse(
                "GET",
                NODES,
                403,
                "nodes is forbidden: User \"dev\" cannot list resource \"nodes\"",
            );
        } else {
            node(&server, "n1", "arm64");
        }
        // Far enough to know: the staging Job is asked for.
        server.refuse("POST", "/jobs", 422, "that is far enough");
        let ended = deploy_on(&server, &cluster.server, "server", &arm64(), "--port 8080");
        assert!(ended.stderr.contains("that is far enough"), "{}", ended.stderr);
    }
}
