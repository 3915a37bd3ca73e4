//! What goes on until Ctrl-C: `logs --follow` and `status --watch`.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    lifecycle::{build, done, put_app, put_record},
    support::{
        fake_apiserver::{FakeApiServer, state_folder},
        run::Run,
        terminal::Terminal,
    },
};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
const PODS: &str = "/api/v1/namespaces/shop/pods";

/// `kubectl b2i …` against a server.
fn command(server: &FakeApiServer, line: &str) -> (Command, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": server.url() } }],
        "users": [{ "name": "u", "user": { "token": "t" } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u", "namespace": "shop" } }],
    });
    fs::write(&path, kubeconfig.to_string()).unwrap();
    let run = Run::new(line)
        .env("KUBECONFIG", path.to_str().unwrap())
        .env("XDG_STATE_HOME", state_folder(server.url()).to_str().unwrap());
    (run.command(), folder)
}

/// A program whose output is read line by line while it runs.
struct Piped {
    child: Child,
    stdout: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Piped {
    fn start(server: &FakeApiServer, line: &str) -> Self {
        let (mut command, folder) = command(server, line);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdout,
            _folder: folder,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "it ended: {line}");
        line.trim_end().to_owned()
    }

    /// The lines up to the one that `is_last` knows, without that one.
    fn lines_before(&mut self, is_last: impl Fn(&str) -> bool) -> Vec<String> {
        std::iter::from_fn(|| Some(self.line()).filter(|line| !is_last(line))).collect()
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// One Pod of the app `shop`, started so many times again.
fn pod(server: &FakeApiServer, name: &str, restarts: u64) -> Value {
    let mut pod = server.get(PODS, name).unwrap_or_else(|| {
        let mut pod = server.get(PODS, "shop-a").unwrap();
        pod["metadata"]["name"] = json!(name);
        pod["metadata"]["uid"] = json!(name);
        pod
    });
    pod["status"]["containerStatuses"][0]["restartCount"] = json!(restarts);
    server.put(PODS, pod)
}

#[tokio::test(flavor = "multi_thread")]
async fn followed_lines_name_their_pod_from_the_second_pod_on() {
    let (server, _cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    let mut deployment = server.get(DEPLOYMENTS, "shop").unwrap();
    deployment["spec"]["replicas"] = json!(1);
    server.put(DEPLOYMENTS, deployment);
    server.remove(PODS, "shop-b");
    server.log("shop-a", "alone\n");
    let mut logs = Piped::start(&server, "logs shop --follow");
    assert_eq!(logs.line(), "alone");
    // The same Pod again is no second one.
    server.log("shop-a", "started again\n");
    pod(&server, "shop-a", 1);
    assert_eq!(logs.line(), "started again");
    // A rollout: a second Pod comes, and the first goes.
    server.log("shop-c", "new\n");
    pod(&server, "shop-c", 0);
    assert_eq!(logs.line(), "[shop-c] new");
    server.log("shop-a", "old\n");
    pod(&server, "shop-a", 2);
    assert_eq!(logs.line(), "[shop-a] old");
    server.remove(PODS, "shop-a");
    server.log("shop-c", "alone again\n");
    pod(&server, "shop-c", 1);
    assert_eq!(
        logs.line(),
        "[shop-c] alone again",
        "there is more than one Pod on the screen"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn followed_lines_of_two_replicas_name_their_pods_at_once() {
    let (server, _cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    server.log("shop-a", "a\n");
    server.log("shop-b", "b\n");
    let mut logs = Piped::start(&server, "logs shop --follow");
    let mut lines = [logs.line(), logs.line()];
    lines.sort();
    assert_eq!(lines, ["[shop-a] a", "[shop-b] b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_page_fits_the_terminal_and_keeps_its_head() {
    let (server, _cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    let builds: Vec<Value> = (1..=10).map(|number| build(number, done(number))).collect();
    put_record(&server, "shop", &builds);
    let (command, _folder) = command(&server, "status shop --watch");
    let terminal = Terminal::sized(command, 12, 80);
    let shown = terminal.shown(" to see them\r\n");
    let (_, page) = shown.rsplit_once("\x1b[H").unwrap();
    assert!(page.starts_with("NAME      shop "), "{page}");
    let rows: usize = page
        .lines()
        .map(|line| line.chars().count().div_ceil(80).max(1))
        .sum();
    assert!(
        (10..=11).contains(&rows),
        "{rows} of 12 rows, and the cursor has one\n{page}"
    );
    let count: usize = page
        .rsplit_once("… ")
        .and_then(|(_, end)| end.split(' ').next()?.parse().ok())
        .unwrap();
    assert!(count > 5, "{page}");

    // Nothing changes but the terminal.
    terminal.resize(200, 80);
    let shown = terminal.shown("LOG #10");
    let (_, page) = shown.rsplit_once("\x1b[H").unwrap();
    assert!(
        page.starts_with("NAME      shop ") && !page.contains("more lines;"),
        "{page}"
    );
    terminal.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_pages_are_separate_where_they_are_piped() {
    let (server, _cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    let is_time = |line: &str| {
        line.strip_prefix("--- ")
            .is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok())
    };
    let mut watch = Piped::start(&server, "status shop --watch");
    let first = watch.line();
    assert!(is_time(&first), "{first}");
    assert!(watch.line().starts_with("NAME      shop "));
    server.remove(PODS, "shop-b");
    assert!(
        watch
            .lines_before(is_time)
            .iter()
            .any(|line| line.contains("shop-b"))
    );
    assert!(watch.line().starts_with("NAME      shop "));

    let mut watch = Piped::start(&server, "status shop --watch -o yaml");
    assert_eq!(watch.line(), "---");
    pod(&server, "shop-b", 0);
    let document = watch.lines_before(|line| line == "---").join("\n");
    assert!(document.starts_with("name: shop\n"), "{document}");

    // JSON documents need nothing between them.
    let mut watch = Piped::start(&server, "status shop --watch -o json");
    assert_eq!(watch.line(), "{");
    server.remove(PODS, "shop-b");
    watch.lines_before(|line| line == "}");
    assert_eq!(watch.line(), "{");
}
