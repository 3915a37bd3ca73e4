//! Whoever may write the namespace's `ConfigMap` may name images there. One that would get the push Secret is used
//! only if it is the plugin's own, or the user trusts it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex, PoisonError},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    lifecycle::{build, done, put_record, put_secret},
    support::{
        archive::plain_jar,
        elf::Elf,
        fake_apiserver::{FakeApiServer, state_folder},
        fake_registry::{FakeRegistry, Knobs},
        run::{Ended, Run},
        terminal::Terminal,
    },
};

const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
const MAPS: &str = "/api/v1/namespaces/shop/configmaps";
const PODS: &str = "/api/v1/namespaces/shop/pods";
const QUESTION: &str = "Trust this image?";
const KEYS: [&str; 3] = [
    "config.yaml",
    "registry-up.yaml",
    concat!("bootstrap-", env!("CARGO_PKG_VERSION"), ".yaml"),
];
const DEPLOY: &str = "deploy app.jar --port 8080 --image registry.example.com/team/shop";

/// A cluster with a push Secret, whose containers end at once, and somebody with a home.
struct World {
    server: FakeApiServer,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let (server, cluster) = FakeApiServer::start().await;
        put_secret(&server);
        put_record(&server, "shop", &[build(1, done(1))]);
        server.controller(|server, collection, object| {
            if collection == JOBS {
                let container = &object["spec"]["template"]["spec"]["containers"][0];
                let uid = &object["metadata"]["uid"];
                server.put(
                    PODS,
                    json!({
                        "metadata": {"name": uid, "labels": {"controller-uid": uid}},
                        "status": {"phase": "Failed", "containerStatuses": [{
                            "name": container["name"], "image": "", "imageID": "", "ready": false, "restartCount": 0,
                            "state": {"terminated": {"exitCode": 1, "message": "that is far enough"}},
                        }]},
                    }),
                );
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             clusters: [{{name: c, cluster: {{server: \"{}\"}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: u, namespace: shop}}}}]\n",
            cluster.server
        );
        fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        fs::write(folder.path().join("app.jar"), plain_jar().bytes()).unwrap();
        // It made the build that is to run again.
        let state = folder.path().join(".local/state/kubectl-b2i");
        fs::create_dir_all(&state).unwrap();
        let builds = state_folder(server.url()).join("kubectl-b2i/builds");
        symlink(builds, state.join("builds")).unwrap();
        Self { server, folder }
    }

    /// Writes the namespace's configuration.
    fn configure(&self, key: &str, text: &str) {
        self.server.put(
            MAPS,
            json!({"metadata": {"name": "kubectl-b2i"}, "data": {key: text}}),
        );
    }

    fn own_config(&self, text: &str) {
        let folder = self.folder.path().join(".config/kubectl-b2i");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.yaml"), text).unwrap();
    }

    fn run(&self, line: &str) -> Ended {
        self.run_with(line, "UNUSED", "")
    }

    fn run_with(&self, line: &str, name: &str, value: &str) -> Ended {
        Run::of(program(), line)
            .env("HOME", self.folder.path().to_str().unwrap())
            .env(
                "KUBECONFIG",
                self.folder.path().join("kubeconfig").to_str().unwrap(),
            )
            .env("B2I_CACHE", cache().to_str().unwrap())
            .env(name, value)
            .in_folder(self.folder.path())
            .ended()
    }

    fn at_terminal(&self, line: &str) -> Terminal {
        let mut command = Command::new(program());
        command
            .args(line.split_whitespace())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("KUBECONFIG", self.folder.path().join("kubeconfig"))
            .env("B2I_CACHE", cache())
            .current_dir(self.folder.path());
        Terminal::start(command)
    }

    /// The images of all Jobs that ever were.
    fn ran(&self) -> Vec<String> {
        let image = |job: &Value| job["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        let mut images: Vec<String> = self
            .server
            .ever(JOBS)
            .iter()
            .map(|job| image(job).as_str().unwrap().to_owned())
            .collect();
        images.dedup();
        images
    }

    fn assert_refused(&self, ended: &Ended, image: &str, flag: &str) {
        assert_eq!(ended.code, Some(2), "{image}\n{}", ended.stderr);
        for part in [
            image,
            flag,
            "only the ConfigMap `kubectl-b2i` of the namespace `shop` names",
            "it would get the push Secret `registry-push`",
            "#namespace-image-trust",
        ] {
            assert!(ended.stderr.contains(part), "{part} in\n{}", ended.stderr);
        }
        assert_eq!(self.ran(), [""; 0], "{}", ended.stderr);
    }
}

/// The plugin, and a static executable beside it of which it makes the builder image: what cargo builds for tests may need
/// the machine's libraries.
fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("namespace-images-program");
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        let program = folder.join("kubectl-b2i");
        fs::hard_link(env!("CARGO_BIN_EXE_kubectl-b2i"), &program).unwrap();
        fs::write(folder.join("kubectl-b2i-linux-amd64"), Elf::default().bytes()).unwrap();
        program
    });
    &PROGRAM
}

/// What this executable's layers are is computed once for all of these tests.
fn cache() -> &'static Path {
    Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/namespace-images"))
}

/// The image that this plugin makes of itself, as `builder push` prints it.
async fn own_image() -> String {
    static OWN: Mutex<Option<String>> = Mutex::new(None);
    let known = OWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(own) = known {
        return own;
    }
    let registry = FakeRegistry::start(Knobs::default()).await;
    let host = &registry.host;
    let home = tempfile::tempdir().unwrap();
    let line = format!("builder push {host}/b2i/builder --insecure-registry {host}");
    let ended = Run::of(program(), &line)
        .env("HOME", home.path().to_str().unwrap())
        .env("B2I_CACHE", cache().to_str().unwrap())
        .ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let own = ended.stdout.trim().to_owned();
    assert!(own.contains("@sha256:"), "{own}");
    *OWN.lock().unwrap() = Some(own.clone());
    own
}

fn foreign() -> Vec<String> {
    let digest = "ab".repeat(32);
    vec![
        "evil.example/builder:1".to_owned(),
        "evil.example/builder".to_owned(),
        format!("evil.example/builder@sha256:{digest}"),
        format!("evil.example/builder:0.1.0@sha256:{digest}"),
        "busybox".to_owned(),
        "docker.io/library/busybox:stable".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_image_that_only_the_namespace_names_gets_no_secret() {
    for (key, image) in KEYS.iter().cycle().zip(foreign()) {
        let world = World::new().await;
        world.configure(key, &format!("builderImage: {image}\n"));
        world.assert_refused(&world.run(DEPLOY), &image, "--builder-image");
    }
    let world = World::new().await;
    world.configure(
        KEYS[0],
        "builderImage: evil.example/builder:1\npushSecret: registry-push\n",
    );
    // A bootstrap image of one's own does not make it trusted.
    for line in [
        DEPLOY,
        "deploy app.jar --port 8080 --image registry.example.com/team/shop --bootstrap-image own.example/b",
        "build app.jar --image registry.example.com/team/shop",
        "build app.jar --name shop --rebuild",
        "rerun shop",
        "registry check registry.example.com/team/shop",
    ] {
        let ended = world.run(line);
        world.assert_refused(&ended, "evil.example/builder:1", "--builder-image");
        assert!(
            ended
                .stderr
                .contains("export B2I_BUILDER_IMAGE=evil.example/builder:1"),
            "{}",
            ended.stderr
        );
    }
    // Nothing of a rerun that was refused is recorded.
    assert!(
        !world
            .server
            .get(MAPS, "b2i-shop")
            .unwrap()
            .to_string()
            .contains("build-2")
    );
    let ended = world.run("doctor --image registry.example.com/team/shop");
    assert_eq!(
        (ended.code, world.ran()),
        (Some(1), Vec::new()),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_not_written_for_an_image_that_only_the_namespace_names() {
    let world = World::new().await;
    world.configure(KEYS[0], "builderImage: evil.example/builder:1\n");
    let password = world.folder.path().join("password");
    fs::write(&password, "s3cret\n").unwrap();
    let line = "registry login other.example --username ann --password-stdin --secret other";
    let ended = Run::of(program(), line)
        .env("HOME", world.folder.path().to_str().unwrap())
        .env(
            "KUBECONFIG",
            world.folder.path().join("kubeconfig").to_str().unwrap(),
        )
        .piped(&password)
        .ended();
    assert_eq!(
        (ended.code, world.ran()),
        (Some(2), Vec::new()),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("push Secret `other`"), "{}", ended.stderr);
    assert!(
        world
            .server
            .get("/api/v1/namespaces/shop/secrets", "other")
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_image_that_only_the_namespace_names_gets_no_secret() {
    for (key, image) in KEYS.iter().cycle().zip(foreign()) {
        if image.ends_with("busybox:stable") {
            continue;
        }
        let world = World::new().await;
        world.configure(key, &format!("bootstrapImage: {image}\n"));
        world.assert_refused(&world.run(DEPLOY), &image, "--bootstrap-image");
    }
    let world = World::new().await;
    // The plugin's own image has no shell, and only the built-in image is trusted here.
    world.configure(KEYS[0], &format!("bootstrapImage: {}\n", own_image().await));
    let line = "registry check registry.example.com/team/shop";
    world.assert_refused(&world.run(line), "@sha256:", "--bootstrap-image");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bootstrap_image_that_is_built_in_may_be_named_by_the_namespace() {
    let world = World::new().await;
    world.configure(KEYS[0], "bootstrapImage: docker.io/library/busybox:stable\n");
    let ended = world.run(DEPLOY);
    assert_eq!(
        world.ran(),
        ["docker.io/library/busybox:stable"],
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugins_own_image_is_trusted_by_its_digest() {
    let own = own_image().await;
    let digest = own.split_once('@').unwrap().1;
    for (key, image) in [
        (KEYS[0], own.clone()),
        (KEYS[1], format!("mirror.example/any/name@{digest}")),
        (KEYS[2], format!("mirror.example/any/name:1@{digest}")),
    ] {
        let world = World::new().await;
        world.configure(key, &format!("builderImage: {image}\n"));
        let ended = world.run(DEPLOY);
        assert_eq!(world.ran(), [image], "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_names_is_used() {
    let image = "named.example/builder:1";
    for place in ["flag", "variable", "configuration"] {
        let world = World::new().await;
        // The same one or another: what counts is that the user named it.
        let theirs = if place == "flag" { "evil.example/b" } else { image };
        world.configure(KEYS[0], &format!("builderImage: {theirs}\n"));
        let ended = match place {
            "flag" => world.run(&format!("{DEPLOY} --builder-image {image}")),
            "variable" => world.run_with(DEPLOY, "B2I_BUILDER_IMAGE", image),
            _ => {
                world.own_config(&format!("builderImage: {image}\n"));
                world.run(DEPLOY)
            }
        };
        assert_eq!(world.ran(), [image], "{place}: {}", ended.stderr);
    }
    let world = World::new().await;
    world.configure(KEYS[0], "bootstrapImage: evil.example/b\n");
    world.own_config("bootstrapImage: named.example/shell\n");
    let ended = world.run(DEPLOY);
    assert_eq!(world.ran(), ["named.example/shell"], "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_it_is_asked_once() {
    for (name, image) in [
        ("builderImage", "team.example/builder:1"),
        ("bootstrapImage", "team.example/shell:1"),
    ] {
        let world = World::new().await;
        world.configure(KEYS[0], &format!("{name}: {image}\n"));
        for answer in ["n", ""] {
            let mut terminal = world.at_terminal(DEPLOY);
            terminal.answer(QUESTION, answer);
            let (code, _, screen) = terminal.ended();
            assert_eq!((code, world.ran()), (Some(2), Vec::new()), "{screen}");
            assert!(screen.contains("you did not trust it"), "{screen}");
        }
        let mut terminal = world.at_terminal(DEPLOY);
        terminal.answer(QUESTION, "y");
        let (_, _, screen) = terminal.ended();
        assert!(
            screen.contains(image) && screen.contains("push Secret `registry-push`"),
            "{screen}"
        );
        assert_eq!(world.ran(), [image], "{screen}");

        // It is remembered, with and without a terminal.
        let (_, _, screen) = world.at_terminal(DEPLOY).ended();
        assert!(!screen.contains(QUESTION), "{screen}");
        let ended = world.run("registry check registry.example.com/team/shop");
        assert_ne!(ended.code, Some(2), "{}", ended.stderr);

        // For this image, this namespace and this key only.
        let is_refused =
            |ended: &Ended| ended.code == Some(2) && ended.stderr.contains("#namespace-image-trust");
        let there = |collection: &str| collection.replace("/shop/", "/other/");
        let (secrets, map) = (
            "/api/v1/namespaces/shop/secrets",
            world.server.get(MAPS, "kubectl-b2i"),
        );
        world.server.put(
            &there(secrets),
            world.server.get(secrets, "registry-push").unwrap(),
        );
        world.server.put(&there(MAPS), map.unwrap());
        assert!(is_refused(&world.run(&format!("{DEPLOY} -n other"))));
        let other = if name == "builderImage" {
            "bootstrapImage"
        } else {
            "builderImage"
        };
        world.configure(KEYS[0], &format!("{other}: {image}\n"));
        assert!(is_refused(&world.run(DEPLOY)));
        world.configure(KEYS[0], &format!("{name}: {image}.2\n"));
        assert!(is_refused(&world.run(DEPLOY)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_not_shown_as_one() {
    let world = World::new().await;
    world.configure(
        KEYS[0],
        "builderImage: \"evil.example/b; rm -rf x\\nTrust this image? yes\\e[2J\"\n",
    );
    let ended = world.run(DEPLOY);
    assert_eq!(
        (ended.code, world.ran()),
        (Some(2), Vec::new()),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("export "), "{}", ended.stderr);
    assert!(!ended.stderr.contains("\nTrust this"), "{}", ended.stderr);
}
