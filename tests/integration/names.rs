//! Names that nobody gave: of an app, from its file, and of a registry, from the push Secret. What was probably not meant
//! is asked about at a terminal and refused elsewhere, before anything is made.

use std::{fs, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    lifecycle::{build, done, failed, put_record, put_secret, put_unknown_record, vouch},
    rollouts::{put_rollouts, rollout},
    support::{
        elf::Elf,
        fake_apiserver::{FakeApiServer, state_folder},
        run::{Ended, Run},
        terminal::Terminal,
    },
};

const DOCS: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";
const SECRETS: &str = "/api/v1/namespaces/shop/secrets";
const API: &str = "acme-platform-integration-service-payments-api";
const DRY_RUN: &str = "--port 8080 --dry-run=client -o yaml";

/// A cluster with a push Secret, and a folder with files of these names.
struct World {
    server: FakeApiServer,
    folder: TempDir,
}

impl World {
    async fn new(files: &[&str]) -> Self {
        let (server, cluster) = FakeApiServer::start().await;
        put_secret(&server);
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(folder.path().join(file), Elf::default().bytes()).unwrap();
        }
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{ "name": "fake", "cluster": { "server": cluster.server } }],
            "users": [{ "name": "ann", "user": { "token": "t0p-s3cret" } }],
            "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "ann", "namespace": "shop" } }],
        });
        fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        Self { server, folder }
    }

    fn env(&self) -> [(&str, String); 3] {
        let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        [
            ("KUBECONFIG", text(&self.folder.path().join("kubeconfig"))),
            ("XDG_STATE_HOME", text(&state_folder(self.server.url()))),
            ("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder".to_owned()),
        ]
    }

    async fn run(&self, line: &str) -> Ended {
        let run = Run::new(line).in_folder(self.folder.path());
        let run = self
            .env()
            .iter()
            .fold(run, |run, (name, value)| run.env(name, value));
        // The server answers on this runtime while the plugin runs.
        tokio::task::spawn_blocking(move || run.ended()).await.unwrap()
    }

    /// The same at a terminal, where one question is answered.
    async fn answering(&self, line: &str, question: &str, answer: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"));
        command
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("B2I_CACHE", "off")
            .envs(self.env());
        let (question, answer) = (question.to_owned(), answer.to_owned());
        let ended = tokio::task::spawn_blocking(move || {
            let mut terminal = Terminal::start(command);
            terminal.answer(&question, &answer);
            terminal.ended()
        });
        let (code, stdout, stderr) = ended.await.unwrap();
        Ended { code, stdout, stderr }
    }

    /// A push Secret with logins for these registries.
    fn logins(&self, hosts: &[&str]) {
        use base64::Engine;
        let login = json!({ "username": "ann", "password": "s3cret" });
        let auths: serde_json::Map<_, _> = hosts
            .iter()
            .map(|host| ((*host).to_owned(), login.clone()))
            .collect();
        let data = base64::engine::general_purpose::STANDARD.encode(json!({ "auths": auths }).to_string());
        self.server.put(
            SECRETS,
            json!({
                "metadata": { "name": "registry-push" }, "type": "kubernetes.io/dockerconfigjson",
                "data": { ".dockerconfigjson": data },
            }),
        );
    }

    fn nothing_was_made(&self) {
        let requests = self.server.requests();
        let made: Vec<_> = requests
            .iter()
            .filter(|request| !request.starts_with("GET "))
            .collect();
        assert!(made.is_empty(), "{made:?}");
    }
}

/// The failure alone, without the lines of the steps before it.
fn failure(ended: &Ended) -> String {
    let told = ended.stderr.split_once("error: ");
    told.map_or(String::new(), |(_, rest)| format!("error: {rest}"))
}

fn of(artifact: &str, number: u64, outcome: Value) -> Value {
    let mut build = build(number, outcome);
    build["artifact"] = json!(artifact);
    build
}

#[tokio::test(flavor = "multi_thread")]
async fn a_derived_name_takes_no_app_over_that_was_built_from_another_file() {
    let world = World::new(&["shop-1.3"]).await;
    put_record(&world.server, "shop", &[of("legacy.jar", 1, done(1))]);
    for command in ["deploy", "build"] {
        let flags = if command == "deploy" { DRY_RUN } else { "" };
        let line = format!("{command} ./shop-1.3 {flags}").trim_end().to_owned();
        let ended = world.run(&line).await;
        let told = format!(
            "error: could not use the name `shop`\n  \
             why: the app `shop` was built from `legacy.jar`, and nothing but the file name `shop-1.3` says that this is \
             the same app\n\n\
             next: if it is to replace that app, confirm the name; otherwise choose another one:\n        \
             kubectl b2i {line} --name shop\n        \
             kubectl b2i {line} --name NAME\n      {DOCS}#name-taken\n"
        );
        assert_eq!((failure(&ended), ended.code), (told, Some(2)), "{}", ended.stderr);
    }
    let named = world
        .run(&format!("deploy ./shop-1.3 --name shop {DRY_RUN}"))
        .await;
    assert_eq!(named.code, Some(0), "{}", named.stderr);
    world.nothing_was_made();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apps_artifact_is_what_its_last_image_was_made_of() {
    let world = World::new(&["shop-1.3"]).await;
    let other = |number| of("legacy.jar", number, done(number));
    let own = |number| of("shop-1.2", number, done(number));
    // Entries, how many of them somebody vouches for, and whether it is another artifact's app.
    for (name, builds, vouched, is_anothers) in [
        ("an older version", vec![own(1)], 1, false),
        ("an older version, unconfirmed", vec![own(1)], 0, false),
        ("another, unconfirmed", vec![other(1)], 0, true),
        ("another before", vec![other(1), own(2)], 2, false),
        ("another since", vec![own(1), other(2)], 2, true),
        // Who may write ConfigMaps takes no question away.
        ("a forged newer one", vec![other(1), own(2)], 1, true),
        ("failed", vec![own(1), of("legacy.jar", 2, failed())], 2, false),
        ("undone", vec![own(1), other(2)], 2, false),
    ] {
        put_unknown_record(&world.server, "shop", &builds);
        vouch(world.server.url(), "shop", &builds[..vouched]);
        if name == "undone" {
            put_rollouts(&world.server, &[rollout(2, "undone")]);
        }
        let ended = world.run(&format!("deploy ./shop-1.3 {DRY_RUN}")).await;
        let code = if is_anothers { 2 } else { 0 };
        assert_eq!(ended.code, Some(code), "{name}\n{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_in_a_folder_names_its_app() {
    let world = World::new(&["shop-1.3"]).await;
    // The folders of two builds have the same name, as Quarkus' have, or two of their own.
    for (folder, named_after, is_anothers) in [
        ("target", "cart-1.2", true),
        ("target", "shop-1.2", false),
        ("out", "shop-1.2", false),
    ] {
        let mut build = of(folder, 1, done(1));
        build["namedAfter"] = json!(named_after);
        put_record(&world.server, "shop", &[build]);
        let target = world.folder.path().join("target");
        fs::create_dir_all(&target).unwrap();
        fs::copy(world.folder.path().join("shop-1.3"), target.join("shop-1.3")).unwrap();
        fs::write(target.join("notes.txt"), "").unwrap();
        let mut permissions = fs::metadata(target.join("shop-1.3")).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(target.join("shop-1.3"), permissions).unwrap();
        let ended = world.run(&format!("deploy ./target {DRY_RUN}")).await;
        let code = if is_anothers { 2 } else { 0 };
        assert_eq!(ended.code, Some(code), "{folder} {named_after}\n{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_the_app_is_asked_about() {
    let world = World::new(&["shop"]).await;
    put_record(&world.server, "shop", &[of("legacy.jar", 1, done(1))]);
    let line = format!("deploy ./shop {DRY_RUN}");
    let question = "Build it from `shop` from now on?";
    let yes = world.answering(&line, question, "y").await;
    assert_eq!(yes.code, Some(0), "{}", yes.stderr);
    assert!(yes.stdout.contains("kind: Deployment"), "{}", yes.stdout);
    let no = world.answering(&line, question, "n").await;
    assert_eq!(no.code, Some(2), "{}", no.stderr);
    assert!(
        no.stdout.ends_with("anchor: name-taken\nexitCode: 2\n"),
        "{}",
        no.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_an_earlier_version_named_gets_no_second_one() {
    let file = format!("{API}-1.3");
    let world = World::new(&[&file]).await;
    let former = &API[..40];
    // Of another file that the earlier version gave the same name: it is that one's.
    put_record(
        &world.server,
        former,
        &[of(
            "acme-platform-integration-service-payments-worker",
            1,
            done(1),
        )],
    );
    let line = format!("deploy ./{file} {DRY_RUN}");
    let ended = world.run(&line).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let now = "acme-platform-integration-servi-47813d52";
    assert!(
        ended.stdout.contains(&format!("name: {now}\n")),
        "{}",
        ended.stdout
    );

    put_record(&world.server, former, &[of(&format!("{API}-1.2"), 1, done(1))]);
    let ended = world.run(&line).await;
    let told = format!(
        "error: could not name the app after `{file}`\n  \
         why: an earlier version of kubectl-b2i named its app `{former}`, which exists; the name is now `{now}`\n\n\
         next: name the app that you mean, the existing one or a new one:\n        \
         kubectl b2i {line} --name {former}\n        \
         kubectl b2i {line} --name {now}\n      {DOCS}#name-taken\n"
    );
    assert_eq!((failure(&ended), ended.code), (told, Some(2)), "{}", ended.stderr);
    for name in [former, now] {
        let ended = world.run(&format!("{line} --name {name}")).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    // Once there is an app of the new name, it is that one.
    put_record(&world.server, now, &[of(&file, 1, done(1))]);
    let ended = world.run(&line).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    world.nothing_was_made();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_letters_gives_no_name() {
    for file in ["123", "🚀🎉", "٣"] {
        let world = World::new(&[file]).await;
        let ended = world.run(&format!("deploy ./{file} {DRY_RUN}")).await;
        let told = format!(
            "error: could not name the app after `{file}`\n  \
             why: the name of an app begins with a letter from a to z, and this has none\n\n\
             next: give it a name: `--name shop`\n      {DOCS}#name-none\n"
        );
        assert_eq!((failure(&ended), ended.code), (told, Some(2)), "{}", ended.stderr);
    }
    let world = World::new(&["Größe"]).await;
    let ended = world.run(&format!("deploy ./Größe {DRY_RUN}")).await;
    assert!(ended.stdout.contains("name: groesse\n"), "{}", ended.stderr);
    let ended = world.run(&format!("deploy ./Größe --name Größe {DRY_RUN}")).await;
    let told =
        "`Größe` cannot name an app: use 1 to 40 of a-z, 0-9 and `-`, beginning with a letter from a to z";
    assert!(
        ended.code == Some(2) && ended.stderr.contains(told),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_registry_is_not_taken_for_docker_hubs() {
    let world = World::new(&["server"]).await;
    let short = |image: &str| format!("deploy ./server --image {image} {DRY_RUN}");
    for command in ["deploy", "build"] {
        let ended = world.run(&format!("{command} ./server --image dev/shop:1")).await;
        let told = format!(
            "error: could not push to `docker.io/dev/shop`\n  \
             why: `dev/shop:1` names no registry, so it is Docker Hub's `docker.io/dev/shop:1`, and the push Secret \
             `registry-push` has an entry only for `registry.example.com`\n\n\
             next: did you mean `registry.example.com/dev/shop:1`? If so, name the registry; to push to Docker Hub, log in \
             to it:\n        \
             kubectl b2i {command} ./server --image registry.example.com/dev/shop:1\n        \
             kubectl b2i registry login docker.io --secret registry-push -n shop\n      \
             where you may not do that, ask an administrator of the namespace\n      {DOCS}#default-image\n"
        );
        assert_eq!((failure(&ended), ended.code), (told, Some(2)), "{}", ended.stderr);
    }
    let question = "Did you mean `registry.example.com/shop`?";
    let yes = world.answering(&short("shop"), question, "y").await;
    let is_there = yes.stdout.contains("image: registry.example.com/shop:latest\n");
    assert!(yes.code == Some(0) && is_there, "{}", yes.stderr);
    let no = world.answering(&short("shop"), question, "n").await;
    assert_eq!(no.code, Some(2), "{}", no.stderr);
    assert!(
        no.stdout.ends_with("anchor: default-image\nexitCode: 2\n"),
        "{}",
        no.stdout
    );
    world.nothing_was_made();
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_hub_is_meant_where_it_is_named_or_has_a_login() {
    let world = World::new(&["server"]).await;
    for (hosts, image, told) in [
        (
            &["https://index.docker.io/v1/"][..],
            "dev/shop:1",
            Ok("docker.io/dev/shop:1"),
        ),
        (
            &["docker.io", "r.example.com"],
            "dev/shop:1",
            Ok("docker.io/dev/shop:1"),
        ),
        (
            &["r.example.com"],
            "r.example.com/dev/shop:1",
            Ok("r.example.com/dev/shop:1"),
        ),
        (
            &["r.example.com"],
            "docker.io/dev/shop:1",
            Err("has no entry for `docker.io`"),
        ),
        (
            &["a.example.com", "b.example.com"],
            "dev/shop:1",
            Err("has no entry for `docker.io`"),
        ),
        // Patterns and parts of registries say no place.
        (
            &["*.example.com"],
            "dev/shop:1",
            Err("has no entry for `docker.io`"),
        ),
        (
            &["r.example.com/team"],
            "dev/shop:1",
            Err("has no entry for `docker.io`"),
        ),
    ] {
        world.logins(hosts);
        let ended = world
            .run(&format!("deploy ./server --image {image} {DRY_RUN}"))
            .await;
        match told {
            Ok(image) => assert!(
                ended.stdout.contains(&format!("image: {image}\n")),
                "{}",
                ended.stderr
            ),
            Err(why) => assert!(ended.stderr.contains(why), "{hosts:?}\n{}", ended.stderr),
        }
        assert!(!ended.stderr.contains("did you mean"), "{}", ended.stderr);
    }
}
