//! What strangers write (a file's name, the cluster's objects, logs, an environment) is shown and never obeyed. The
//! pages one by one are in `src/roles/plugin/hostile.rs`; this is the whole program from outside.

use std::{fs, path::Path};

use kubectl_b2i::cluster::Cluster;
use serde_json::{Value, json};

use crate::{
    lifecycle::{build, done, failed, labels, put_app, put_record, put_secret_named, put_staging},
    support::{
        elf::Elf,
        fake_apiserver::FakeApiServer,
        run::{Ended, Run},
    },
};

/// Title and clipboard of the terminal, a screen that is cleared, a hidden text, a C1 control, bidi, a forged line.
const HOSTILE: [&str; 8] = [
    "\u{1b}]0;x\u{7}",
    "\u{1b}]52;c;eA==\u{1b}\\",
    "\u{1b}[2J\u{1b}[8m",
    "\u{9b}1A\u{85}",
    "a\u{202e}b\u{2066}",
    "\u{7f}\u{8}\r",
    "\u{200b}\u{feff}\u{e0041}\u{61c}",
    "x\nerror: forged",
];

/// All of them at once, and what would forge a line.
fn hostile() -> [String; 2] {
    let (forged, others) = HOSTILE.split_last().unwrap();
    [others.concat(), (*forged).to_owned()]
}

/// Panics where a terminal would obey something, or somebody could write a line of his own.
#[track_caller]
fn assert_harmless(text: &str, of: &str) {
    let is_bidi = |c| matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let bad = text
        .chars()
        .find(|&c| (c.is_control() && c != '\n') || is_bidi(c));
    assert!(bad.is_none(), "{of}: {bad:?} in {text:?}");
    assert!(!text.contains("\nerror: forged"), "{of}: {text}");
}

#[track_caller]
fn assert_all_harmless(ended: &Ended, of: &str) {
    assert_harmless(&ended.stdout, of);
    assert_harmless(&ended.stderr, of);
    assert!(!ended.stderr.contains("panicked"), "{of}: {}", ended.stderr);
}

#[test]
fn a_command_line_is_quoted_and_not_obeyed() {
    let ended = Run::new("").word("\u{1b}]0;x\u{7}").ended();
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains(r"unrecognized subcommand '\x1b]0;x\x07'"),
        "{}",
        ended.stderr
    );
    for hostile in &hostile() {
        for line in [
            "",
            "inspect",
            "inspect --platform",
            "inspect --base",
            "deploy ./none.jar --port",
            "deploy ./none.jar --history-limit",
            "deploy --file",
            "build ./none.jar --output",
            "build ./none.jar --image",
            "status",
            "status shop -o",
            "logs shop --since",
            "logs shop --tail",
            "import -f",
            "import",
            "registry",
            "registry login",
            "registry check",
            "list -l",
            "completion",
            "version --context",
            "inspect https://127.0.0.1:1/",
        ] {
            let ended = Run::new(line).word(hostile).ended();
            assert_all_harmless(&ended, &format!("{line} {hostile:?}"));
        }
        for line in ["--flag", "inspect --", "deploy x --port="] {
            let ended = Run::new("").word(&format!("{line}{hostile}")).ended();
            assert_all_harmless(&ended, line);
        }
    }
}

#[test]
fn an_environment_is_quoted_and_not_obeyed() {
    for hostile in &hostile() {
        for name in [
            "B2I_HISTORY_LIMIT",
            "B2I_BUILDER_IMAGE",
            "B2I_BASE",
            "B2I_CONFIG",
            "B2I_PUSH_SECRET",
        ] {
            // The help shows what the variables are.
            for line in [
                "deploy --help",
                "deploy ./none.jar",
                "version -o yaml",
                "runtimes",
                "deploy -h",
            ] {
                let ended = Run::new(line).env(name, hostile).ended();
                assert_all_harmless(&ended, &format!("{name}={hostile:?} {line}"));
            }
        }
    }
}

fn folder_with(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), Elf::default().bytes()).unwrap();
    folder
}

#[cfg(unix)]
#[test]
fn a_files_name_is_shown_and_documents_read_back() {
    for hostile in &hostile() {
        let folder = folder_with(hostile);
        let run = |line: &str| Run::new(line).word(hostile).in_folder(folder.path()).ended();
        for line in ["inspect", "runtimes"] {
            let ended = run(line);
            assert_all_harmless(&ended, line);
            assert_eq!(ended.code, Some(0), "{line} {hostile:?}: {}", ended.stderr);
        }
        let (json, yaml) = (run("inspect -o json"), run("inspect -o yaml"));
        assert_all_harmless(&json, "json");
        assert_all_harmless(&yaml, "yaml");
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(json["artifact"]["fileName"], **hostile);
        assert_eq!(
            serde_yaml::from_str::<Value>(&yaml.stdout).unwrap(),
            json,
            "{}",
            yaml.stdout
        );
    }
}

#[test]
fn an_options_file_reads_back() {
    for hostile in &hostile() {
        let folder = folder_with("server");
        let ended = Run::new("init ./server --port 8080 --env")
            .word(&format!("A={hostile}"))
            .in_folder(folder.path())
            .ended();
        assert_all_harmless(&ended, hostile);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let text = fs::read_to_string(folder.path().join("b2i.yaml")).unwrap();
        assert_harmless(&text, "b2i.yaml");
        let file: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(file["env"]["A"], **hostile, "{text}");
    }
}

fn kubeconfig(folder: &Path, cluster: &Cluster) -> String {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "fake",
        "clusters": [{ "name": "fake", "cluster": { "server": cluster.server } }],
        "users": [{ "name": "ann", "user": { "token": "t" } }],
        "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "ann", "namespace": "shop" } }],
    });
    let path = folder.join("kubeconfig");
    fs::write(&path, kubeconfig.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn run(cluster: &Cluster, line: &str) -> Ended {
    let folder = folder_with("server");
    let run = Run::new(line)
        .env("KUBECONFIG", &kubeconfig(folder.path(), cluster))
        .env("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder");
    // The word that is not begun yet, where words are completed.
    let run = if line.ends_with(' ') { run.word("") } else { run }.in_folder(folder.path());
    tokio::task::spawn_blocking(move || run.ended()).await.unwrap()
}

/// Writes at the end of each value of these members, anywhere below.
fn poison(object: &mut Value, members: &[&str], hostile: &str) {
    match object {
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| poison(value, members, hostile)),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(text) if members.contains(&key.as_str()) => text.push_str(hostile),
                    Value::Array(texts) if key == "logTail" => {
                        let poisoned = texts
                            .iter()
                            .map(|text| json!(format!("{}{hostile}", text.as_str().unwrap())));
                        *texts = poisoned.collect();
                    }
                    other => poison(other, members, hostile),
                }
            }
        }
        _ => {}
    }
}

/// Poisons what is in the cluster.
fn poison_all(server: &FakeApiServer, hostile: &str) {
    const MEMBERS: [&str; 9] = [
        "message", "reason", "image", "value", "phase", "hostIP", "nodeName", "key", "type",
    ];
    for collection in [
        "/apis/apps/v1/namespaces/shop/deployments",
        "/api/v1/namespaces/shop/pods",
        "/api/v1/namespaces/shop/events",
    ] {
        for mut object in server.all(collection) {
            let (metadata, mut rest) = (object["metadata"].take(), object);
            // Whether a Pod is there is still known.
            let conditions = rest["status"]["conditions"].clone();
            let mut staging = rest["spec"]["containers"].clone();
            poison(&mut rest, &MEMBERS, hostile);
            if rest["status"]["conditions"].is_array() {
                rest["status"]["conditions"] = conditions;
            }
            if staging.to_string().contains("B2I_STAGING") {
                rest["spec"]["containers"] = staging.take();
            }
            rest["metadata"] = metadata;
            server.put(collection, rest);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cluster_holds_is_shown_and_not_obeyed() {
    for hostile in &hostile() {
        let (server, cluster) = FakeApiServer::start().await;
        put_app(&server, 1);
        put_staging(&server, "b2i-staging-1", "Running");
        let mut builds = [build(1, done(1)), build(2, failed())];
        for build in &mut builds {
            poison(
                build,
                &["artifact", "summary", "what", "why", "next", "started", "ended"],
                hostile,
            );
        }
        put_record(&server, "shop", &builds);
        server.put(
            "/api/v1/namespaces/shop/events",
            json!({
                "metadata": { "name": "e1" }, "type": "Warning", "reason": "Failed", "message": "it failed",
                "involvedObject": { "kind": "Pod", "name": "shop-a" }, "lastTimestamp": "2024-05-01T12:00:00Z",
            }),
        );
        server.log("shop-a", &format!("one{hostile}\ntwo\n"));
        server.log("shop-b", &format!("{hostile}three\n"));
        put_secret_named(&server, "harbor");
        put_secret_named(&server, &format!("hub{hostile}"));
        poison_all(&server, hostile);
        for line in [
            "status shop",
            "list",
            "list -o wide",
            "list -o name",
            "logs shop",
            "logs shop --build",
            "doctor --no-pod",
            "registry list",
            "registry list -o name",
            "rerun shop",
            "rollback shop --to 7",
            "delete shop",
        ] {
            assert_all_harmless(&run(&cluster, line).await, &format!("{line} {hostile:?}"));
        }
        for line in ["rollback shop --to ", "deploy --push-secret "] {
            let ended = run(&cluster, &format!("__complete {line}")).await;
            assert_harmless(&ended.stdout.replace('\t', " "), line);
        }
        for line in ["status shop", "list"] {
            let json = run(&cluster, &format!("{line} -o json")).await;
            let yaml = run(&cluster, &format!("{line} -o yaml")).await;
            assert_all_harmless(&json, line);
            assert_all_harmless(&yaml, line);
            let json: Value = serde_json::from_str(&json.stdout).unwrap();
            assert!(json.to_string().contains("shop.jar"), "{json}");
            assert_eq!(serde_yaml::from_str::<Value>(&yaml.stdout).unwrap(), json);
        }
        let page = run(&cluster, "status shop").await.stdout;
        assert!(page.contains("could not push"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_api_server_answers_is_shown_and_not_obeyed() {
    let (server, cluster) = FakeApiServer::start().await;
    server.refuse(
        "GET",
        "/",
        403,
        "no\u{1b}]0;x\u{7}\u{202e}\u{9b}2J\nerror: forged",
    );
    for line in [
        "list",
        "status shop",
        "logs shop",
        "doctor",
        "registry list",
        "runtimes",
        "version -o json",
    ] {
        let ended = run(&cluster, line).await;
        assert_all_harmless(&ended, line);
    }
    let ended = run(&cluster, "registry list").await;
    assert!(
        ended.stderr.contains(r"no\x1b]0;x\x07\u{202e}\u{9b}2J"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_of_an_app_go_and_all_else_is_shown() {
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    server.log("shop-a", "\u{1b}[32mINFO\u{1b}[0;39m up\u{1b}[2J\n");
    server.remove("/api/v1/namespaces/shop/pods", "shop-b");
    let ended = run(&cluster, "logs shop").await;
    assert_eq!(ended.stdout, "INFO up\\x1b[2J\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_end_takes_no_memory() {
    const CUT: &str = "… (cut after 64 KiB)";
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    server.remove("/api/v1/namespaces/shop/pods", "shop-b");
    server.long_line("shop-a", 128);
    server.log("shop-a", "\nnext\n");
    let mut pod = server.get("/api/v1/namespaces/shop/pods", "shop-a").unwrap();
    let bounded = async |line: &str| {
        let folder = tempfile::tempdir().unwrap();
        let run = Run::bounded(line, 64 << 20).env("KUBECONFIG", &kubeconfig(folder.path(), &cluster));
        let ended = tokio::task::spawn_blocking(move || run.ended()).await.unwrap();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout
    };
    let log = bounded("logs shop").await;
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{}", log.len());
    assert_eq!(lines[0].len(), (64 << 10) + CUT.len());
    assert!(lines[0].ends_with(CUT));
    assert_eq!(lines[1], "next");
    // A builder's too.
    let of_builder = json!({ "name": "b2i-builder", "labels": labels("shop", "builder") });
    server.put(
        "/apis/batch/v1/namespaces/shop/jobs",
        json!({ "metadata": of_builder }),
    );
    let mut of_pod = labels("shop", "builder");
    of_pod["job-name"] = json!("b2i-builder");
    pod["metadata"] = json!({ "name": "b2i-builder-x", "labels": of_pod });
    pod["spec"]["volumes"] = json!([{ "name": "request", "configMap": {
        "name": "b2i-shop", "items": [{ "key": "request-1", "path": "request.json" }],
    } }]);
    pod["status"]["containerStatuses"][0]["name"] = json!("builder");
    server.put("/api/v1/namespaces/shop/pods", pod);
    put_record(&server, "shop", &[build(1, done(1))]);
    server.long_line("b2i-builder-x", 128);
    assert!(bounded("logs shop --build").await.trim_end().ends_with(CUT));
}

/// What is on the screen, without the colours and moves that are ours and the keyboard driver's carriage returns.
#[cfg(unix)]
fn without_ours(screen: &str) -> String {
    let ours = regex::Regex::new("\u{1b}\\[(\\?25[lh]|[0-9;]*[mKABGJ])|\r").unwrap();
    ours.replace_all(screen, "").into_owned()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_only_our_own_colours_are_obeyed() {
    use std::process::Command;

    use crate::support::terminal::Terminal;

    let command = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"));
        command
            .args(words)
            .env_clear()
            .env("TERM", "xterm-256color")
            .env("HOME", "/nonexistent");
        command
    };
    let wrong = command(&["\u{1b}]0;x\u{7}\u{202e}"]);
    let (code, _, screen) = tokio::task::spawn_blocking(|| Terminal::start(wrong).ended())
        .await
        .unwrap();
    assert_eq!(code, Some(2));
    assert!(
        screen.contains("\u{1b}[1m\u{1b}[31merror:"),
        "clap's colours stay: {screen:?}"
    );
    assert!(screen.contains(r"\x1b]0;x\x07\u{202e}"), "{screen:?}");
    assert_harmless(&without_ours(&screen), "clap");

    // A question, with what may be chosen.
    let (server, cluster) = FakeApiServer::start().await;
    put_secret_named(&server, "harbor");
    put_secret_named(&server, "hub\u{1b}]52;c;eA==\u{7}\u{9b}\u{202e}");
    let folder = folder_with("server");
    let mut asking = command(&["registry", "check", "registry.example.com/team/shop"]);
    asking
        .env("KUBECONFIG", kubeconfig(folder.path(), &cluster))
        .env("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder");
    server.refuse("POST", "/jobs", 403, "no\u{1b}]0;x\u{7}");
    let (code, _, screen) = tokio::task::spawn_blocking(move || {
        let mut terminal = Terminal::start(asking);
        terminal.answer("Secret to push with", "");
        terminal.ended()
    })
    .await
    .unwrap();
    assert_eq!(code, Some(1), "{screen:?}");
    assert!(
        screen.contains(r"hub\x1b]52;c;eA==\x07\u{9b}\u{202e}"),
        "{screen:?}"
    );
    assert_harmless(&without_ours(&screen), "question");
}
