//! A suggested command does what the one that was typed was to do: it leaves nothing out of it, and shows no secret.

use serde_json::json;

use crate::{
    lifecycle::{labels, put_app, run},
    support::fake_apiserver::FakeApiServer,
};

/// The suggested commands: the lines behind `next:`.
fn commands(stderr: &str) -> Vec<&str> {
    let (_, next) = stderr.split_once("\nnext: ").unwrap_or_default();
    let lines = next.lines().filter_map(|line| line.strip_prefix("        "));
    lines.collect()
}

/// What is typed, and what is suggested.
const HINTS: [(&str, &[&str]); 12] = [
    ("delete shop", &["kubectl b2i delete shop --yes"]),
    (
        "delete shop --volumes",
        &["kubectl b2i delete shop --volumes --yes"],
    ),
    (
        "-n shop delete shop --volumes --timeout=0 --context fake",
        &["kubectl b2i -n shop delete shop --volumes --timeout=0 --context fake --yes"],
    ),
    (
        "registry down --as-group=ops --as ann",
        &["kubectl b2i registry down --as-group=ops --as ann --yes"],
    ),
    (
        "status nope -n shop --context fake",
        &["kubectl b2i list -n shop --context fake"],
    ),
    (
        "status nope --token s3cret --as ann",
        &["kubectl b2i list -n shop --token \"${TOKEN:?}\" --as ann"],
    ),
    (
        "list -n Bad_NS --user ann",
        &["kubectl get namespaces --user ann"],
    ),
    (
        "doctor --no-pod --push-secret nope",
        &["kubectl b2i doctor --no-pod --push-secret nope"],
    ),
    (
        "registry login r.example --secret other",
        &[
            "kubectl b2i registry login r.example --secret other --username NAME --password-stdin < password.txt",
        ],
    ),
    (
        "registry login r.example --username ann",
        &["kubectl b2i registry login r.example --username ann --password-stdin < password.txt"],
    ),
    (
        "deploy server --env DB_PASSWORD=s3cret --env A=1 -n shop",
        &[
            "kubectl b2i deploy server --env DB_PASSWORD=\"${DB_PASSWORD:?}\" --env A=1 -n shop --push-secret NAME",
            "export B2I_PUSH_SECRET=NAME",
        ],
    ),
    (
        "deploy server --push-secret nope --server SERVER",
        &[
            "kubectl get secrets -n shop --field-selector type=kubernetes.io/dockerconfigjson --server SERVER",
            "kubectl b2i registry login HOST --secret nope -n shop --server SERVER",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_suggested_command_keeps_what_was_typed() {
    let (server, cluster) = FakeApiServer::start().await;
    server.put("/api/v1/namespaces", json!({ "metadata": { "name": "shop" } }));
    put_app(&server, 1);
    for name in ["a", "b"] {
        server.put(
            "/api/v1/namespaces/shop/secrets",
            json!({ "metadata": { "name": name }, "type": "kubernetes.io/dockerconfigjson" }),
        );
    }
    // What `registry up` made.
    let mut labels = labels("b2i-registry", "registry");
    labels.as_object_mut().unwrap().remove("kubectl-b2i/app");
    server.put(
        "/apis/apps/v1/namespaces/shop/deployments",
        json!({ "metadata": { "name": "b2i-registry", "labels": labels }, "spec": {} }),
    );
    for (line, expected) in HINTS {
        let ended = run(&cluster, &line.replace("SERVER", &cluster.server)).await;
        let said = ended.stderr.replace(&cluster.server, "SERVER");
        assert_eq!(commands(&said), expected, "{line}\n{said}");
        let suggested = said.split_once("\nnext: ").unwrap_or_default().1;
        assert!(!suggested.contains("s3cret"), "{line}\n{said}");
    }
}
