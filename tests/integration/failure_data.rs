//! With `-o json` or `-o yaml` a failure is one document on stdout: the reason, for programs. stderr is as without.

use std::{
    fs,
    io::BufReader,
    process::{Command, Stdio},
};

use kubectl_b2i::cluster::Cluster;
use serde_json::{Value, json};

use crate::{
    lifecycle::{build, done, put_app, put_record, run},
    support::{fake_apiserver::FakeApiServer, run::Ended, schema},
};

/// A cluster with an app `shop` that has a build, and no Secret.
async fn world() -> (FakeApiServer, Cluster) {
    let (server, cluster) = FakeApiServer::start().await;
    server.put("/api/v1/namespaces", json!({ "metadata": { "name": "shop" } }));
    put_app(&server, 1);
    put_record(&server, "shop", &[build(1, done(1))]);
    (server, cluster)
}

/// What stdout has is one document, and a failure with this code and anchor; returns it.
#[track_caller]
fn failure(ended: &Ended, line: &str, anchor: &str, code: i32) -> Value {
    let document: Value = if line.contains("yaml") {
        serde_yaml::from_str(&ended.stdout).unwrap_or_default()
    } else {
        serde_json::from_str(&ended.stdout).unwrap_or_default()
    };
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/reference/failure.schema.json")).unwrap();
    let all = format!("{line}\n{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(schema::check(&schema, &document), Ok(()), "{all}");
    assert_eq!(
        (&document["anchor"], &document["exitCode"], ended.code),
        (&anchor.into(), &code.into(), Some(code)),
        "{all}"
    );
    document
}

const FAILURES: [(&str, &str, i32); 20] = [
    ("deploy ./missing", "artifact-not-found", 1),
    ("deploy server --port 8080", "push-secret", 1),
    ("deploy server --dry-run=client", "push-secret", 1),
    ("deploy server --timeout soon", "", 2),
    ("deploy", "no-artifact", 2),
    ("build server --push-secret nope", "push-secret", 1),
    ("build server --local --push-secret x", "build-local", 2),
    ("inspect ./missing", "artifact-not-found", 1),
    ("runtimes ./missing", "artifact-not-found", 1),
    ("status nope", "app-not-found", 1),
    ("status nope --watch", "app-not-found", 1),
    ("rerun nope", "app-not-found", 1),
    ("rollback nope", "app-not-found", 1),
    ("rollback shop --to 7", "no-build", 2),
    ("registry check registry.example.com/team/shop", "push-secret", 1),
    ("list -n Bad_NS", "", 2),
    ("registry list -n Bad_NS", "", 2),
    ("doctor --context nope", "no-kubeconfig", 1),
    ("list --evn", "", 2),
    ("frobnicate", "", 2),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_one_document() {
    let (_server, cluster) = world().await;
    for (line, anchor, code) in FAILURES {
        let plain = run(&cluster, line).await;
        assert_eq!((plain.code, plain.stdout.as_str()), (Some(code), ""), "{line}");
        for format in ["json", "yaml"] {
            let line = format!("{line} -o {format}");
            let ended = run(&cluster, &line).await;
            let document = failure(&ended, &line, anchor, code);
            // clap quotes the whole line, and suggestions repeat it.
            let last = |text: &str| text.trim_end().lines().next_back().unwrap_or_default().to_owned();
            assert_eq!(last(&ended.stderr), last(&plain.stderr), "{line}");
            let why = document["why"].as_str().unwrap();
            assert!(
                ended.stderr.contains(why.lines().next().unwrap()),
                "{line}: {why}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_what_stderr_says() {
    let (_server, cluster) = world().await;
    let line = "status nope -o json";
    let document = failure(&run(&cluster, line).await, line, "app-not-found", 1);
    assert_eq!(
        document,
        json!({
            "error": "could not find `nope`",
            "why": "kubectl-b2i has neither built nor deployed an app of this name in namespace `shop`",
            "next": ["see what there is, here or with another `-n`:", "kubectl b2i list -n shop"],
            "anchor": "app-not-found", "exitCode": 1,
        })
    );
    let line = "deploy server --prot 8080 -o json";
    let document = failure(&run(&cluster, line).await, line, "", 2);
    assert_eq!(document["error"], "could not read the command line");
    assert_eq!(document["why"], "unexpected argument '--prot' found");
    let next = document["next"].to_string();
    assert!(
        next.contains("'--port'") && next.contains("Usage: kubectl b2i deploy"),
        "{next}"
    );
}

/// What a terminal would obey is data here too, and help is no failure.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_harmless_and_help_has_none() {
    let (_server, cluster) = world().await;
    let line = "deploy ./\u{1b}[2J\u{202e} -o json";
    let ended = run(&cluster, line).await;
    assert!(!ended.stdout.contains(['\u{1b}', '\u{202e}']), "{}", ended.stdout);
    let document = failure(&ended, line, "artifact-not-found", 1);
    assert!(
        document["error"].as_str().unwrap().contains('\u{202e}'),
        "{document}"
    );
    for line in ["list -o json --help", "--version"] {
        let ended = run(&cluster, line).await;
        assert!(!ended.stdout.contains("exitCode"), "{}", ended.stdout);
        assert_eq!(ended.code, Some(0));
    }
}

/// What was checked is the document, and names what failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_says_what_failed_stays_alone() {
    let (server, cluster) = world().await;
    server.deny("create pods/portforward");
    for (format, line) in [("json", "doctor -o json"), ("yaml", "doctor -o yaml")] {
        let ended = run(&cluster, line).await;
        let document: Value = match format {
            "json" => serde_json::from_str(&ended.stdout).unwrap(),
            _ => serde_yaml::from_str(&ended.stdout).unwrap(),
        };
        assert_eq!(
            (&document["isOk"], ended.code),
            (&json!(false), Some(1)),
            "{line}"
        );
        assert!(!ended.stdout.contains("exitCode"), "{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_beside_the_artifact_is_a_reason_too() {
    let (_server, cluster) = world().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b2i.yaml");
    fs::write(&file, "prot: 8080\n").unwrap();
    let line = format!("deploy server --file {} -o json", file.display());
    failure(&run(&cluster, &line).await, &line, "options-file", 2);
}

/// Pages of data are a stream: the failure ends it.
#[tokio::test(flavor = "multi_thread")]
async fn what_ends_a_watch_is_the_last_document() {
    let (server, cluster) = world().await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: \"{}\"}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u, namespace: shop}}}}]\n",
        cluster.server
    );
    fs::write(&kubeconfig, text).unwrap();
    let mut watching = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"))
        .args(["status", "shop", "--watch", "-o", "json"])
        .env("KUBECONFIG", &kubeconfig)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(watching.stdout.take().unwrap());
    let (documents, code) = tokio::task::spawn_blocking(move || {
        let documents = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
        let documents: Vec<Value> = documents
            .map(|document| {
                // After the first page, what it showed goes.
                for name in ["deployments", "configmaps", "pods", "services"] {
                    let group = if name == "deployments" {
                        "apis/apps/v1"
                    } else {
                        "api/v1"
                    };
                    let collection = format!("/{group}/namespaces/shop/{name}");
                    for object in server.all(&collection) {
                        server.remove(&collection, object["metadata"]["name"].as_str().unwrap());
                    }
                }
                document.unwrap()
            })
            .collect();
        (documents, watching.wait().unwrap().code())
    })
    .await
    .unwrap();
    let (failure, pages) = documents.split_last().unwrap();
    assert!(!pages.is_empty() && pages.iter().all(|page| page["name"] == "shop"));
    assert_eq!(
        (&failure["anchor"], &failure["exitCode"], code),
        (&"app-not-found".into(), &1.into(), Some(1))
    );
}
