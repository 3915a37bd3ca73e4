//! `build --local`: the whole program against a registry, with this machine's logins, no cluster.
use std::{fs, path::Path};

use base64::Engine;
use kubectl_b2i::{
    cluster::record,
    model::{BuildOrigin, BuildOutcome},
    oci::Digest,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    elf::Elf,
    fake_apiserver::FakeApiServer,
    fake_registry::{Canned, FakeRegistry, Knobs, Login, PASSWORD, USER},
    images::seed_base,
    run::{Ended, Run},
};

const DOCS: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";

/// A machine with an executable, a Docker configuration and maybe helpers.
struct Machine {
    folder: TempDir,
    fake: FakeRegistry,
}

impl Machine {
    async fn new(login: Login, docker_config: impl FnOnce(&str) -> Value) -> Self {
        let fake = FakeRegistry::start(Knobs {
            login,
            ..Knobs::default()
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
        let config = docker_config(&fake.host).to_string();
        fs::write(folder.path().join("config.json"), config).unwrap();
        Self { folder, fake }
    }

    async fn logged_in(login: Login) -> Self {
        Self::new(login, |host| {
            let auth = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
            json!({"auths": {host: {"auth": auth}}})
        })
        .await
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    #[cfg(unix)]
    fn helper(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let file = self.path().join(format!("docker-credential-{name}"));
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// `build server --local --base scratch`, to `team/server` of the registry.
    async fn build(&self, more: &str) -> Ended {
        self.build_with(more, &[]).await
    }

    async fn build_with(&self, more: &str, env: &[(&str, &str)]) -> Ended {
        self.build_to("team/server", more, env).await
    }

    async fn build_to(&self, repository: &str, more: &str, env: &[(&str, &str)]) -> Ended {
        let host = &self.fake.host;
        let line = format!(
            "build server --local --base scratch --image {host}/{repository}:1 --insecure-registry {host} {more}"
        );
        let run = env
            .iter()
            .fold(Run::new(&line), |run, (name, value)| run.env(name, value));
        let run = run
            .in_folder(self.path())
            .env("DOCKER_CONFIG", self.path().to_str().unwrap())
            .env("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder")
            .env("PATH", &format!("{}:/usr/bin:/bin", self.path().display()));
        let ended = tokio::task::spawn_blocking(move || run.ended()).await.unwrap();
        for told in [&ended.stdout, &ended.stderr] {
            assert!(!told.contains(PASSWORD), "{told}");
        }
        ended
    }

    fn assert_pushed(&self, ended: &Ended) {
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let digest = self.fake.tags("team/server")["1"];
        assert_eq!(ended.stdout, format!("{}/team/server@{digest}\n", self.fake.host));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_pushes_with_the_machines_login() {
    for login in [Login::Open, Login::Basic, Login::Token] {
        let machine = Machine::logged_in(login).await;
        let ended = machine.build("").await;
        machine.assert_pushed(&ended);
        assert!(ended.stderr.contains("Upload"), "{}", ended.stderr);

        let ended = machine.build("--output json").await;
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report["uploadedBytes"], 0, "the second time nothing is sent");
        assert_eq!(report["tags"][0], "1");
        assert_eq!(report["skippedLayers"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_where_the_time_went() {
    let machine = Machine::logged_in(Login::Open).await;
    let ended = machine.build("--output json").await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        !ended.stderr.contains("TOOK"),
        "only when asked: {}",
        ended.stderr
    );
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let timings = report["timings"].as_array().unwrap();
    let steps: Vec<_> = timings
        .iter()
        .map(|time| time["step"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["inspect", "plan", "upload", "build"]);
    let upload = &timings[2];
    assert_eq!(upload["bytes"], report["uploadedBytes"], "{upload}");
    assert!(
        upload["milliseconds"].is_u64() && upload["startedMilliseconds"].is_u64(),
        "{upload}"
    );

    let ended = machine.build("--timings").await;
    machine.assert_pushed(&ended);
    let rows: Vec<_> = ended
        .stderr
        .lines()
        .skip_while(|line| !line.contains("TOOK"))
        .collect();
    let first: Vec<_> = rows
        .iter()
        .filter_map(|row| row.split_whitespace().next())
        .collect();
    assert_eq!(
        first,
        ["STEP", "Inspect", "Plan", "Upload", "Build", "all"],
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn into_a_new_repository_layers_go_while_they_are_made() {
    for login in [Login::Open, Login::Token] {
        let machine = Machine::logged_in(login).await;
        machine.fake.set(|knobs| knobs.takes_streams = true);
        let ended = machine.build("--output json").await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let digest: Digest = report["sentLayers"][0].as_str().unwrap().parse().unwrap();
        let layer = machine.fake.blob("team/server", digest).unwrap();
        assert_eq!(machine.fake.chunks(), [layer.len()], "in one stream, and once");
        assert_eq!(report["uploadedBytes"], layer.len());
        assert_eq!(report["timings"][2]["bytes"], layer.len());
        assert_eq!(report["skippedLayers"], json!([]));

        // Now it has an image, and whether it has the layer is only known when that is made.
        let ended = machine.build("--image-label a=b --rebuild").await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(machine.fake.chunks().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_takes_no_streams_gets_the_layer_when_it_is_made() {
    let machine = Machine::logged_in(Login::Open).await;
    let ended = machine.build("").await;
    machine.assert_pushed(&ended);
    assert!(machine.fake.chunks().is_empty());
    assert_eq!(machine.fake.open_uploads(), 0);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_what_podman_and_skopeo_keep() {
    for (variable, file) in [
        ("XDG_RUNTIME_DIR", "containers/auth.json"),
        ("HOME", ".config/containers/auth.json"),
        ("REGISTRY_AUTH_FILE", "auth.json"),
    ] {
        let machine = Machine::logged_in(Login::Basic).await;
        let folder = machine.path().join("place");
        let place = folder.join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::rename(machine.path().join("config.json"), &place).unwrap();
        let value = if variable == "REGISTRY_AUTH_FILE" {
            place
        } else {
            folder
        };
        let ended = machine
            .build_with("", &[(variable, value.to_str().unwrap())])
            .await;
        machine.assert_pushed(&ended);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_is_copied_and_a_lost_layer_sent_again() {
    let machine = Machine::logged_in(Login::Token).await;
    seed_base(&machine.fake, "17-jre");
    machine.fake.set(|knobs| knobs.refuses_mounts = true);
    let base = format!("--base {}/library/eclipse-temurin:17-jre", machine.fake.host);
    // The later `--base` is refused by clap, so the line is made anew.
    let line = |more: &str| format!("{base} {more}");
    let host = machine.fake.host.clone();
    let run = |more: String| {
        let line = format!(
            "build server --local --image {host}/team/server:1 --insecure-registry {host} {}",
            line(&more)
        );
        let run = Run::new(&line)
            .in_folder(machine.path())
            .env("DOCKER_CONFIG", machine.path().to_str().unwrap());
        tokio::task::spawn_blocking(move || run.ended())
    };
    let ended = run("--output json".into()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let ours: Digest = report["sentLayers"][0].as_str().unwrap().parse().unwrap();

    machine.fake.set(|knobs| {
        knobs.lost.insert(ours);
    });
    let ended = run("--output json --image-label a=b".into()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["sentLayers"], json!([ours]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_under_all_its_tags_is_not_pushed_again() {
    let machine = Machine::logged_in(Login::Open).await;
    machine.assert_pushed(&machine.build("").await);
    let before = machine.fake.seen().len();
    let ended = machine.build("").await;
    machine.assert_pushed(&ended);
    assert!(
        ended.stderr.contains("nothing changed since it was pushed"),
        "{}",
        ended.stderr
    );
    let writes = |from: usize| {
        let seen = machine.fake.seen().split_off(from);
        seen.iter()
            .filter(|seen| !seen.line.starts_with("GET") && !seen.line.starts_with("HEAD"))
            .count()
    };
    assert_eq!(writes(before), 0);

    // Another image took the tag meanwhile: the layer is there, the tag is put back.
    let before = machine.fake.seen().len();
    machine.assert_pushed(&machine.build("--image-label a=b").await);
    let ended = machine.build("").await;
    machine.assert_pushed(&ended);
    assert!(ended.stderr.contains("manifest pushed"), "{}", ended.stderr);
    assert!(writes(before) > 0);

    let before = machine.fake.seen().len();
    machine.assert_pushed(&machine.build("--rebuild").await);
    assert!(writes(before) > 0, "--rebuild pushes whatever is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_are_known_from_before_and_made_when_they_are_missed() {
    let machine = Machine::logged_in(Login::Open).await;
    let cache = tempfile::tempdir().unwrap();
    let host = machine.fake.host.clone();
    let build = |repository: &str, more: &str| {
        let image = format!("{host}/team/{repository}:1");
        let line =
            format!("build server --local --base scratch --image {image} --insecure-registry {host} {more}");
        let run = Run::new(&line)
            .in_folder(machine.path())
            .env("DOCKER_CONFIG", machine.path().to_str().unwrap())
            .env("B2I_CACHE", cache.path().to_str().unwrap())
            // Where layers are made: what is not there cannot be made.
            .env(
                "TMPDIR",
                if more.contains("a=b") {
                    "/nonexistent"
                } else {
                    "/tmp"
                },
            );
        tokio::task::spawn_blocking(move || run.ended())
    };
    let notes = || {
        let files = fs::read_dir(cache.path().join("layers")).unwrap();
        files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
    };
    let succeeds = async |repository: &str, more: &str| {
        let ended = build(repository, more).await.unwrap();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout.rsplit('@').next().unwrap().to_owned()
    };
    let digest = succeeds("server", "").await;
    assert_eq!(notes().len(), 1);
    // Another config on the same layers, which the registry has: nothing is made.
    succeeds("server", "--image-label a=b").await;
    // Another repository has none: now they are made.
    assert_eq!(succeeds("other", "").await, digest);
    assert_eq!(notes().len(), 1);
    succeeds("server", "--compression zstd").await;
    assert_eq!(
        notes().len(),
        2,
        "compressed in another way, they are other layers"
    );

    // A note that lost a byte is none; one that is wrong as a whole is forgotten.
    let note = notes()
        .into_iter()
        .find(|path| !fs::read_to_string(path).unwrap().contains("zstd"))
        .unwrap();
    let text = fs::read_to_string(&note).unwrap();
    fs::write(&note, text.replacen("\"size\":", "\"size\":1", 1)).unwrap();
    assert_eq!(succeeds("third", "").await, digest);
    assert_eq!(fs::read_to_string(&note).unwrap(), text);
    let mut wrong: Value = serde_json::from_str(&text).unwrap();
    wrong["layers"][0]["descriptor"]["digest"] = json!(Digest::of(b"other bytes"));
    wrong["checksum"] = json!(Digest::of(wrong["layers"].to_string().as_bytes()));
    fs::write(&note, wrong.to_string()).unwrap();
    let ended = build("fourth", "").await.unwrap();
    assert!(
        ended.stderr.ends_with("#layers-noted-wrong\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(succeeds("fourth", "").await, digest);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn it_asks_the_credential_helpers() {
    let secret =
        format!(r#"printf '{{"ServerURL":"%s","Username":"{USER}","Secret":"{PASSWORD}"}}' "$server""#);
    let script = format!(
        "test \"$1\" = get || exit 2\nread -r server || true\ntest \"$server\" = \"$HOST_WANTED\" || {{ echo 'credentials not found in native keychain'; exit 1; }}\n{secret}"
    );
    for key in ["credHelpers", "credsStore"] {
        let machine = Machine::new(Login::Basic, |host| match key {
            "credHelpers" => json!({"credHelpers": {host: "test"}}),
            _ => json!({"auths": {host: {}}, "credsStore": "test"}),
        })
        .await;
        machine.helper("test", &script.replace("$HOST_WANTED", &machine.fake.host));
        let ended = machine.build("").await;
        machine.assert_pushed(&ended);

        // It knows no login: then the registry says that it wants one.
        machine.helper("test", &script.replace("$HOST_WANTED", "elsewhere.example"));
        let ended = machine.build("--image-label a=b").await;
        assert_eq!(ended.code, Some(1));
        let told = ended.stderr.split_once("error: ").unwrap().1;
        let host = &machine.fake.host;
        assert!(told.contains("you have none for"), "{told}");
        assert!(told.contains(&format!("docker login {host}")), "{told}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_does_not_work_is_named() {
    let machine = Machine::new(Login::Basic, |_| json!({"credsStore": "test"})).await;
    let host = &machine.fake.host;
    for (script, why) in [
        (None, "`docker-credential-test` is not on the PATH"),
        (Some("echo s3cret; exit 1"), "`docker-credential-test` failed"),
        (
            Some("echo s3cret"),
            "the answer of `docker-credential-test` is no login",
        ),
    ] {
        if let Some(script) = script {
            machine.helper("test", script);
        }
        let ended = machine.build("").await;
        let told = ended.stderr.split_once("error: ").unwrap().1;
        assert_eq!(
            told,
            format!(
                "could not find a login for `{host}`
  why: {why}

next: install the helper, or take it out of `credsStore` and `credHelpers` in Docker's configuration
      {DOCS}#credential-helper
"
            )
        );
    }
    let machine = Machine::new(Login::Basic, |_| json!({"credsStore": "../../bin/sh"})).await;
    let ended = machine.build("").await;
    assert!(
        ended.stderr.contains("is no name of a credential helper"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_has_against_it_is_about_your_login() {
    let machine = Machine::logged_in(Login::Basic).await;
    let host = machine.fake.host.clone();
    for (answer, next, anchor) in [
        (
            Canned::code("POST /blobs/uploads/", 403, "DENIED", "no"),
            "let your user write to `team/server`, or name another repository with `--image`",
            "push-denied",
        ),
        (
            Canned::code("HEAD /", 401, "UNAUTHORIZED", "no"),
            "log in again, as somebody who may write to `team/server`:",
            "push-unauthorized",
        ),
    ] {
        // Several requests are on their way at the same time, and each is tried with the login.
        let (request, status) = (answer.request, answer.status);
        let more = (0..5).map(|_| Canned::code(request, status, "UNAUTHORIZED", "no"));
        let answers: Vec<Canned> = [answer].into_iter().chain(more).collect();
        machine.fake.set(|knobs| knobs.answers = answers);
        let ended = machine.build("").await;
        let told = ended.stderr.split_once("error: ").unwrap().1;
        assert!(
            told.starts_with(&format!("could not push `{host}/team/server`")),
            "{told}"
        );
        assert!(
            told.contains(next) && told.ends_with(&format!("#{anchor}\n")),
            "{told}"
        );
        assert!(!told.contains("Secret"), "{told}");
    }
}

/// A kubeconfig of a cluster, whose user is as told.
fn kubeconfig(machine: &Machine, server: &str, user: &Value) -> String {
    let path = machine.path().join("kubeconfig");
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "fake",
        "clusters": [{ "name": "fake", "cluster": { "server": server } }],
        "users": [{ "name": "ann", "user": user }],
        "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "ann", "namespace": "shop" } }],
    });
    fs::write(&path, text.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_knows_the_app_or_is_named_gets_an_entry() {
    let machine = Machine::logged_in(Login::Open).await;
    let (server, cluster) = FakeApiServer::start().await;
    let path = kubeconfig(&machine, &cluster.server, &json!({ "token": "t0p-s3cret" }));
    let state = machine.path().display().to_string();
    let env = [("KUBECONFIG", path.as_str()), ("XDG_STATE_HOME", state.as_str())];
    let app = "server".parse().unwrap();
    let builds = async || record::list(&cluster, &app).await.unwrap();

    // Nobody named the cluster, and it does not know the app.
    let ended = machine.build_with("", &env).await;
    machine.assert_pushed(&ended);
    assert!(!ended.stderr.contains("noted"), "{}", ended.stderr);
    assert_eq!(builds().await, []);
    let writes = |request: &String| !request.starts_with("GET ");
    assert!(!server.requests().iter().any(writes), "{:?}", server.requests());

    // Its flags name it.
    let ended = machine.build_with("-n shop", &env).await;
    machine.assert_pushed(&ended);
    let noted = "noted as build #1 of `server` in namespace `shop`";
    assert!(ended.stderr.contains(noted), "{}", ended.stderr);
    let first = builds().await.remove(0);
    assert_eq!((first.number, first.origin), (1, BuildOrigin::Local));
    let BuildOutcome::Done(result) = first.outcome.clone().unwrap() else {
        panic!("{first:?}")
    };
    assert_eq!(format!("{}\n", result.image), ended.stdout);

    // Now it knows the app: the same again is counted, another image gets an entry.
    machine.build_with("", &env).await;
    let known = builds().await;
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].skipped.as_ref().unwrap().times, 1);
    let ended = machine.build_with("--image-env A=1", &env).await;
    assert!(ended.stderr.contains("noted as build #2"), "{}", ended.stderr);
    assert_eq!(
        builds().await[0].options.env.get("A"),
        None,
        "it is not remembered"
    );

    // An image that goes elsewhere is another app's.
    let ended = machine.build_to("other/server", "", &env).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(builds().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_cannot_be_asked_is_no_failure_but_a_named_one_is_told() {
    let machine = Machine::logged_in(Login::Open).await;
    let (_server, cluster) = FakeApiServer::start().await;
    // Nobody listens there.
    let path = kubeconfig(&machine, "http://127.0.0.1:1", &json!({}));
    let ended = machine.build_with("", &[("KUBECONFIG", &path)]).await;
    machine.assert_pushed(&ended);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    let ended = machine.build_with("-n shop", &[("KUBECONFIG", &path)]).await;
    machine.assert_pushed(&ended);
    let told = "the image is pushed, but could not read the build record of `server`";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let ended = machine
        .build_with("--context nowhere", &[("KUBECONFIG", &path)])
        .await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);

    // Of its own accord it runs no auth plugin.
    let ran = machine.path().join("ran");
    machine.helper("plugin", &format!("touch {}; exit 1", ran.display()));
    let plugin = machine.path().join("docker-credential-plugin");
    let user = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "Never",
    } });
    let path = kubeconfig(&machine, &cluster.server, &user);
    let ended = machine.build_with("", &[("KUBECONFIG", &path)]).await;
    machine.assert_pushed(&ended);
    assert!(!ran.exists());
    machine.build_with("-n shop", &[("KUBECONFIG", &path)]).await;
    assert!(ran.exists());
}

#[test]
fn what_needs_a_cluster_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
    for (flag, name) in [
        ("--push-secret x", "--push-secret"),
        ("--builder-image x", "--builder-image"),
        ("--pull-secret x", "--pull-secret"),
    ] {
        let line = format!("build server --local --image r.example/a/b {flag}");
        Run::new(&line).in_folder(folder.path()).fails(
            2,
            &format!(
                "error: could not build on this machine
  why: `{name}` is about a cluster, and `--local` uses none

next: leave one of them out:
        kubectl b2i build server --local --image registry.example.com/team/app
      {DOCS}#build-local
"
            ),
        );
    }
    let ended = Run::new("build server --local").in_folder(folder.path()).ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    let told = format!(
        "error: could not choose where the image goes
  why: without a cluster there is no push Secret that says it

next: say where: `--image registry.example.com/team/server`
      {DOCS}#default-image
"
    );
    assert!(ended.stderr.ends_with(&told), "{}", ended.stderr);
    let config = folder.path().join("config.json");
    fs::write(config, "{s3cret").unwrap();
    let ended = Run::new("build server --local --base scratch --image r.example/a/b")
        .in_folder(folder.path())
        .env("DOCKER_CONFIG", folder.path().to_str().unwrap())
        .ended();
    assert!(ended.stderr.ends_with("#docker-config\n"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
}
