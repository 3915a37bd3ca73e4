//! An options file that nobody named may describe the app, and decide nothing else: neither whom the user trusts nor
//! which credentials are used.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    archive::plain_jar,
    fake_apiserver::FakeApiServer,
    run::{Ended, Run},
    terminal::Terminal,
};

/// A folder with an artifact and a file that somebody put beside it, and a home.
struct World {
    folder: TempDir,
    home: TempDir,
}

impl World {
    fn new(b2i_yaml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shop.jar"), plain_jar().bytes()).unwrap();
        let world = Self {
            folder,
            home: tempfile::tempdir().unwrap(),
        };
        world.write(b2i_yaml);
        world
    }

    fn write(&self, b2i_yaml: &str) {
        fs::write(self.file(), b2i_yaml).unwrap();
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("b2i.yaml")
    }

    fn run(&self, line: &str) -> Ended {
        self.run_with(line, "UNUSED", "")
    }

    fn run_with(&self, line: &str, name: &str, value: &str) -> Ended {
        Run::new(line)
            .env("HOME", self.home.path().to_str().unwrap())
            .env(name, value)
            .in_folder(self.folder.path())
            .ended()
    }

    /// The same with somebody at a terminal.
    fn at_terminal(&self, line: &str) -> Terminal {
        self.at_terminal_in(self.folder.path(), line)
    }

    fn at_terminal_in(&self, folder: &Path, line: &str) -> Terminal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .env("KUBECONFIG", "/nonexistent/kubeconfig")
            .env("HOME", self.home.path())
            .env("B2I_CACHE", "off")
            .current_dir(folder);
        Terminal::start(command)
    }
}

/// What is said where the file counts: there is no cluster.
fn counts(ended: &Ended) -> bool {
    ended.code == Some(1) && ended.stderr.contains("kubeconfig")
}

fn is_refused(ended: &Ended, key: &str, flag: &str) -> bool {
    let line = ended
        .stderr
        .lines()
        .find(|line| line.trim_start().starts_with(&format!("{key}:")));
    ended.code == Some(2)
        && ended.stdout.is_empty()
        && ended.stderr.contains("could not use `b2i.yaml`")
        && ended.stderr.contains("--file b2i.yaml")
        && line.is_some_and(|line| line.contains(&format!("(instead: {flag})")))
}

/// Each decides whom the user trusts, or which credentials are used.
const DECIDING: [(&str, &str); 30] = [
    ("builderImage", "builderImage: evil.example/builder:1"),
    ("builderImage", "\"builder\\x49mage\": evil.example/builder:1"),
    ("builderImage", "builderImage: !!str evil.example/builder:1"),
    (
        "builderImage",
        "imageLabel: {a: &x evil.example/b}\nbuilderImage: *x",
    ),
    ("bootstrapImage", "bootstrapImage: evil.example/busybox"),
    ("builderPullSecret", "builderPullSecret: other"),
    ("pushSecret", "pushSecret: other"),
    ("pullSecret", "pullSecret: other"),
    ("image", "image: evil.example/shop"),
    (
        "insecureRegistry",
        "insecureRegistry: [harmless.example, r.example]",
    ),
    ("insecureRegistry", "insecureRegistry: r.example"),
    ("registryCa", "registryCa: ca.crt"),
    ("serviceAccount", "serviceAccount: admin"),
    ("env", "env: {A: 1, B: secret:db/password}"),
    ("env", "env: [A=1, 'B=configmap:app/key']"),
    ("env", "env: B=secret:db/password"),
    ("envFrom", "envFrom: secret/db"),
    ("envFrom", "envFrom: [configmap/app]"),
    ("volume", "volume: secret/db:/etc/db"),
    ("volume", "volume: [emptydir:/cache, 'pvc/data:/data:ro']"),
    ("volume", "volume: configmap/app:/etc/app"),
    ("volume", "stateful: true\nvolume: claim/data=1Gi:/data"),
    ("ingressTls", "ingress: shop.example.com\ningressTls: cert"),
    ("annotation", "annotation: {iam.amazonaws.com/role: admin}"),
    ("toleration", "toleration: node-role.kubernetes.io/control-plane"),
    ("fsGroup", "fsGroup: 0"),
    ("stagingIdle", "stagingIdle: 24h"),
    ("maxUnpackedSize", "maxUnpackedSize: 999Ti"),
    ("maxArtifactSize", "maxArtifactSize: 999Ti"),
    ("maxEntries", "maxEntries: 999999999"),
];

#[test]
fn without_a_terminal_what_decides_is_refused_by_key_and_flag() {
    for (key, yaml) in DECIDING {
        let world = World::new(yaml);
        let ended = world.run("deploy shop.jar --port 8080");
        let words = key.chars().flat_map(|c| {
            let dash = c.is_ascii_uppercase().then_some('-');
            dash.into_iter().chain([c.to_ascii_lowercase()])
        });
        let flag = format!("--{}", words.collect::<String>());
        assert!(is_refused(&ended, key, &flag), "{yaml}:\n{}", ended.stderr);
        // Whoever names it takes it, and so does no file at all.
        fs::write(world.folder.path().join("ca.crt"), "").unwrap();
        let named = world.run("deploy shop.jar --port 8080 --file b2i.yaml");
        assert!(!named.stderr.contains("instead:"), "{yaml}:\n{}", named.stderr);
        let none = world.run("deploy shop.jar --port 8080 --file=");
        assert!(counts(&none), "{yaml}:\n{}", none.stderr);
    }
}

#[test]
fn all_that_decides_is_named_at_once() {
    let yaml: Vec<&str> = [
        "pushSecret: a",
        "port: 8080",
        "registryCa: ca.crt",
        "envFrom: secret/db",
    ]
    .into();
    let ended = World::new(&yaml.join("\n")).run("deploy shop.jar");
    for (key, flag) in [
        ("pushSecret", "--push-secret"),
        ("registryCa", "--registry-ca"),
        ("envFrom", "--env-from"),
    ] {
        assert!(is_refused(&ended, key, flag), "{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("--port"), "{}", ended.stderr);
}

#[test]
fn a_found_file_may_describe_the_app() {
    let world = World::new(
        "artifact: shop.jar\nport: [http=8080, metrics=9090]\nenv: {A: 1, B: null, C: 'secret:'}\nmemory: 512Mi\n\
         cpu: 500m\ncpuLimit: 1\nbuildCpuLimit: 1\nstrategy: recreate\nreplicas: 2\nhealthPath: /ok\nliveness: 'off'\nreadiness: /ready\nbase: eclipse-temurin:25-jre\n\
         jvmOptions: -Xss1m\nlabel: {team: web}\nimageLabel: {a: b}\nimageEnv: {C: d}\ningress: shop.example.com\n\
         ingressClass: nginx\nnodeport: true\nname: store\nargs: [-v]\ncommand: java\nvolume: emptydir:/cache\n\
         nodeSelector: {disk: ssd}\ntag: v1\ncompression: zstd\nhistoryLimit: 3\ntimeout: 1m\nserviceAccount: null\n",
    );
    for line in ["deploy", "deploy shop.jar", "build"] {
        let ended = world.run(line);
        assert!(counts(&ended), "{line}\n{}", ended.stderr);
    }
}

#[test]
fn what_is_typed_need_not_be_trusted() {
    for (yaml, typed, variable) in [
        (
            "builderImage: evil.example/b",
            "--builder-image own.example/b",
            "UNUSED",
        ),
        ("builderImage: evil.example/b", "", "B2I_BUILDER_IMAGE"),
        ("image: evil.example/b", "--image own.example/b", "UNUSED"),
        ("env: {A: secret:db/password}", "--env A=1", "UNUSED"),
        ("env: {A: secret:db/password}", "--env A-", "UNUSED"),
        ("artifact: ../../etc/passwd", "shop.jar --file b2i.yaml", "UNUSED"),
    ] {
        let ended = World::new(yaml).run_with(
            &format!("deploy shop.jar {typed}").replace("shop.jar shop.jar", "shop.jar"),
            variable,
            "own.example/b",
        );
        assert!(counts(&ended), "{yaml} {typed}\n{}", ended.stderr);
    }
    // A list is added to: what the file says of it still holds. An empty variable says nothing.
    for (yaml, typed, variable) in [
        (
            "insecureRegistry: r.example",
            "--insecure-registry own.example",
            "UNUSED",
        ),
        ("env: {A: secret:db/password}", "--env AA=1", "UNUSED"),
        ("envFrom: secret/db", "--env-from secret/own", "UNUSED"),
        ("builderImage: evil.example/b", "", "B2I_BUILDER_IMAGE"),
    ] {
        let ended = World::new(yaml).run_with(&format!("deploy shop.jar {typed}"), variable, "");
        assert!(
            ended.code == Some(2) && ended.stderr.contains("instead:"),
            "{yaml} {typed}\n{}",
            ended.stderr
        );
    }
}

#[test]
fn an_artifact_lies_below_the_files_folder() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("other.jar");
    fs::write(&secret, plain_jar().bytes()).unwrap();
    let world = World::new("");
    symlink(&secret, world.folder.path().join("link.jar")).unwrap();
    symlink(outside.path(), world.folder.path().join("folder")).unwrap();
    let up = format!(
        "../{}/other.jar",
        outside.path().file_name().unwrap().to_str().unwrap()
    );
    for artifact in [
        secret.to_str().unwrap(),
        &up,
        "link.jar",
        "folder",
        "folder/other.jar",
        "..",
        "-",
        "http://r.example/a.jar",
        "https://r.example/a.jar",
    ] {
        world.write(&format!("artifact: '{artifact}'\nport: 8080\n"));
        for command in ["inspect", "deploy", "build"] {
            let ended = world.run(command);
            assert!(
                is_refused(&ended, "artifact", "as an argument"),
                "{artifact}\n{}",
                ended.stderr
            );
        }
    }
    let digest = "a".repeat(64);
    world.write(&format!(
        "artifact: https://127.0.0.1:1/a.jar\nsha256: {digest}\n"
    ));
    let ended = world.run("inspect");
    assert!(!ended.stderr.contains("instead:"), "{}", ended.stderr);
    world.write("artifact: ./x/../shop.jar\n");
    fs::create_dir(world.folder.path().join("x")).unwrap();
    assert_eq!(world.run("inspect").code, Some(0));
    world.write(&format!(
        "artifact: {}\n",
        world.folder.path().join("shop.jar").display()
    ));
    assert_eq!(world.run("inspect").code, Some(0));
}

#[test]
fn inspect_cares_for_what_it_uses() {
    let world =
        World::new("artifact: shop.jar\nbuilderImage: evil.example/b\nenvFrom: secret/db\nport: 9090\n");
    let ended = world.run("inspect -o json");
    assert!(
        ended.code == Some(0) && ended.stdout.contains("9090"),
        "{}",
        ended.stderr
    );
}

#[test]
fn at_a_terminal_it_is_asked_once() {
    let world = World::new("builderImage: evil.example/b\nenv: {A: \"secret:db/password\", B: 1}\n");
    let mut terminal = world.at_terminal("deploy shop.jar --port 8080");
    terminal.answer("Trust this file as it is now?", "y");
    let (code, _, screen) = terminal.ended();
    assert_eq!(code, Some(1), "{screen}");
    assert!(
        screen.contains("builderImage: evil.example/b") && screen.contains("env: A=secret:db/password"),
        "{screen}"
    );
    assert!(
        !screen.contains("B=1") && screen.contains("kubeconfig"),
        "{screen}"
    );

    // It is remembered, with and without a terminal, from this folder and another.
    assert!(counts(&world.run("deploy shop.jar --port 8080")));
    let elsewhere = tempfile::tempdir().unwrap();
    let line = format!("deploy {}/shop.jar --port 8080", world.folder.path().display());
    let (code, _, screen) = world.at_terminal_in(elsewhere.path(), &line).ended();
    assert!(code == Some(1) && !screen.contains("Trust"), "{screen}");

    // Any change asks again, and so does another place.
    world.write("builderImage: evil.example/b\nenv: {A: \"secret:db/password\", B: 2}\n");
    assert!(is_refused(
        &world.run("deploy shop.jar"),
        "builderImage",
        "--builder-image"
    ));
    world.write("builderImage: evil.example/b\nenv: {A: \"secret:db/password\", B: 1}\n");
    assert!(counts(&world.run("deploy shop.jar --port 8080")));
    let copy = World {
        folder: tempfile::tempdir().unwrap(),
        home: world.home,
    };
    fs::write(copy.folder.path().join("shop.jar"), plain_jar().bytes()).unwrap();
    symlink(world.folder.path().join("b2i.yaml"), copy.file()).unwrap();
    assert!(is_refused(
        &copy.run("deploy shop.jar"),
        "builderImage",
        "--builder-image"
    ));
}

#[test]
fn who_says_no_ends_the_run_and_is_asked_again() {
    let world = World::new("pushSecret: \"other\\e[2J\\nforged: line\\u202e\"\n");
    for answer in ["n", ""] {
        let mut terminal = world.at_terminal("deploy shop.jar");
        terminal.answer("Trust this file as it is now?", answer);
        let (code, stdout, screen) = terminal.ended();
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{screen}");
        assert!(screen.contains("you did not trust it"), "{screen}");
        assert!(
            screen.contains("other\\u{1b}[2J\\nforged: line\\u{202e}"),
            "{screen}"
        );
    }
    assert!(is_refused(
        &world.run("deploy shop.jar"),
        "pushSecret",
        "--push-secret"
    ));
}

#[test]
fn what_is_remembered_is_the_users_alone_and_damage_is_no_trust() {
    let world = World::new("pushSecret: other\n");
    let mut terminal = world.at_terminal("deploy shop.jar");
    terminal.answer("Trust this file as it is now?", "y");
    assert_eq!(terminal.ended().0, Some(1));
    let folder = world.home.path().join(".local/state/kubectl-b2i/trusted");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let entries: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!((entries.len(), mode(&entries[0])), (1, 0o600));
    let text = fs::read(&entries[0]).unwrap();
    for damaged in [&b""[..], &text[..text.len() / 2], b"\xff\x00", b"{}"] {
        fs::write(&entries[0], damaged).unwrap();
        assert!(is_refused(
            &world.run("deploy shop.jar"),
            "pushSecret",
            "--push-secret"
        ));
    }
    fs::write(&entries[0], &text).unwrap();
    assert!(counts(&world.run("deploy shop.jar")));
    // Where nothing can be remembered, the answer still counts for this run.
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    let mut terminal = world.at_terminal("deploy shop.jar");
    terminal.answer("Trust this file as it is now?", "y");
    let (code, _, screen) = terminal.ended();
    assert!(code == Some(1) && screen.contains("not remembered"), "{screen}");
}

#[test]
fn two_runs_at_once_lose_no_trust() {
    let home = tempfile::tempdir().unwrap();
    let folders: Vec<TempDir> = (0..8).map(|_| tempfile::tempdir().unwrap()).collect();
    let init = |folder: &TempDir| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"));
        run.args(["init", "shop.jar", "--push-secret", "own"])
            .env_clear()
            .env("HOME", home.path())
            .current_dir(folder.path());
        run.stdout(Stdio::null()).stderr(Stdio::null());
        run.spawn().unwrap()
    };
    let runs: Vec<_> = folders.iter().map(init).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    for folder in folders {
        fs::write(folder.path().join("shop.jar"), plain_jar().bytes()).unwrap();
        let ended = Run::new("deploy")
            .env("HOME", home.path().to_str().unwrap())
            .in_folder(folder.path())
            .ended();
        assert!(counts(&ended), "{}", ended.stderr);
    }
}

#[test]
fn what_init_and_import_write_is_trusted() {
    let world = World::new("");
    fs::remove_file(world.file()).unwrap();
    let init = world
        .run("init shop.jar --name store --image r.example/team/shop --env-from secret/db --push-secret own");
    assert_eq!(init.code, Some(0), "{}", init.stderr);
    assert!(counts(&world.run("deploy")));
    // Edited, it is no longer what was written.
    let text = fs::read_to_string(world.file()).unwrap();
    world.write(&text.replace("secret/db", "secret/other"));
    assert!(is_refused(&world.run("deploy"), "envFrom", "--env-from"));

    let object = "apiVersion: devops.kubesphere.io/v1alpha1\nkind: S2iBuilder\nmetadata: {name: shop}\nspec:\n  config:\n    \
        isBinaryURL: true\n    sourceUrl: shop.jar\n    imageName: r.example/team/shop\n    builderImage: kubesphere/java-8-centos7:v2.1.0\n    \
        pushAuthentication: {secretRef: {name: own}}\n";
    fs::write(world.folder.path().join("s2i.yaml"), object).unwrap();
    let import = world.run("import -f s2i.yaml --force");
    assert_eq!(import.code, Some(0), "{}", import.stderr);
    assert!(
        fs::read_to_string(world.file())
            .unwrap()
            .contains("r.example/team/shop")
    );
    let ended = world.run("deploy");
    assert!(counts(&ended), "{}", ended.stderr);
}

#[test]
fn a_file_that_others_may_write_to_is_refused() {
    let world = World::new("port: 9090\n");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let refused = |why: &str| {
        let ended = world.run("inspect shop.jar");
        let is_named = ended.stderr.contains("could not use `b2i.yaml`") && ended.stderr.contains(why);
        assert!(ended.code == Some(2) && is_named, "{}", ended.stderr);
        // Named, it counts.
        let named = world.run("inspect shop.jar -o json --file b2i.yaml");
        assert!(
            named.code == Some(0) && named.stdout.contains("9090"),
            "{}",
            named.stderr
        );
    };
    for bits in [0o666, 0o646, 0o602] {
        mode(&world.file(), bits);
        refused("everybody may write to it");
    }
    mode(&world.file(), 0o644);
    mode(world.folder.path(), 0o777);
    refused("everybody may write to its folder");
    mode(world.folder.path(), 0o1777);
    assert_eq!(world.run("inspect shop.jar").code, Some(0));
    mode(world.folder.path(), 0o755);
    assert_eq!(world.run("inspect shop.jar").code, Some(0));

    // Only root may give a file away.
    if std::os::unix::fs::chown(world.file(), Some(12345), None).is_ok() {
        refused("belongs to another user");
        std::os::unix::fs::chown(world.file(), Some(0), None).unwrap();
        std::os::unix::fs::chown(world.folder.path(), Some(12345), None).unwrap();
        refused("its folder `.` belongs to another user");
        std::os::unix::fs::chown(world.folder.path(), Some(0), None).unwrap();
        mode(&world.file(), 0o664);
        refused("a group may write to it");
        mode(&world.file(), 0o644);
    }
    // A link is no way around.
    let real = tempfile::tempdir().unwrap();
    fs::rename(world.file(), real.path().join("real.yaml")).unwrap();
    mode(&real.path().join("real.yaml"), 0o666);
    symlink(real.path().join("real.yaml"), world.file()).unwrap();
    refused("everybody may write to it");
    mode(&real.path().join("real.yaml"), 0o644);
    mode(real.path(), 0o777);
    refused("everybody may write to its folder");
}

#[test]
fn what_is_no_regular_file_is_refused_and_nobody_waits_for_it() {
    for line in ["inspect shop.jar", "inspect shop.jar --file b2i.yaml"] {
        let world = World::new("");
        fs::remove_file(world.file()).unwrap();
        let made = Command::new("mkfifo").arg(world.file()).status().unwrap();
        assert!(made.success());
        let ended = world.run(line);
        assert!(
            ended.code == Some(2) && ended.stderr.contains("not a regular file"),
            "{}",
            ended.stderr
        );
        fs::remove_file(world.file()).unwrap();
        symlink("/dev/zero", world.file()).unwrap();
        let ended = world.run(line);
        assert!(
            ended.code == Some(2) && ended.stderr.contains("not a regular file"),
            "{}",
            ended.stderr
        );
        fs::remove_file(world.file()).unwrap();
        fs::write(world.file(), "#".repeat((1 << 20) + 1)).unwrap();
        let ended = world.run(line);
        assert!(
            ended.code == Some(2) && ended.stderr.contains("1048577 bytes"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_key_counts_once() {
    for yaml in [
        "builderImage: a.example/b\nbuilderImage: null\n",
        "builderImage: null\nbuilderImage: a.example/b\n",
        "env: {A: 1, A: 'secret:db/password'}\n",
        "builder-image: a.example/b\n",
        "builderimage: a.example/b\n",
        "port: 8080\n---\nbuilderImage: a.example/b\n",
    ] {
        let ended = World::new(yaml).run("deploy shop.jar");
        assert!(
            ended.code == Some(2) && ended.stderr.contains("could not use `b2i.yaml`"),
            "{yaml}\n{}",
            ended.stderr
        );
    }
    // What is merged counts as what it is.
    let merged = "imageLabel: &x {builderImage: a.example/b}\n<<: *x\n";
    let ended = World::new(merged).run("deploy shop.jar");
    assert!(ended.code == Some(2), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_found_file_gives_no_artifact_another_apps_name() {
    let (server, cluster) = FakeApiServer::start().await;
    server.put(
        "/api/v1/namespaces/shop/secrets",
        json!({"metadata": {"name": "push"}, "type": "kubernetes.io/dockerconfigjson",
            // Base64 of {"auths":{"r.example":{"auth":"dTpw"}}}
            "data": {".dockerconfigjson": "eyJhdXRocyI6eyJyLmV4YW1wbGUiOnsiYXV0aCI6ImRUcHcifX19"}}),
    );
    let labels = json!({"app.kubernetes.io/managed-by": "kubectl-b2i", "kubectl-b2i/app": "payments"});
    server.put(
        "/apis/apps/v1/namespaces/shop/deployments",
        json!({"metadata": {"name": "payments", "labels": labels, "annotations": {"kubectl-b2i/options": "{}"}},
            "spec": {"template": {"spec": {"containers": [{"name": "payments", "image": "r.example/p"}]}}}}),
    );
    let world = World::new("name: payments\nport: 8080\n");
    let kubeconfig = world.folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: \"{}\"}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u, namespace: shop}}}}]\n",
        cluster.server
    );
    fs::write(&kubeconfig, text).unwrap();
    let deploy = |flags: &str| {
        Run::new(&format!(
            "deploy shop.jar --builder-image own.example/b --dry-run=client -o name {flags}"
        ))
        .env("KUBECONFIG", kubeconfig.to_str().unwrap())
        .in_folder(world.folder.path())
        .ended()
    };
    let refused = deploy("");
    let words = "could not use the name `payments`";
    assert!(
        refused.code == Some(2) && refused.stderr.contains(words),
        "{}",
        refused.stderr
    );
    for accepted in ["--name payments", "--file b2i.yaml", "--name other"] {
        let ended = deploy(accepted);
        assert_eq!(ended.code, Some(0), "{accepted}\n{}", ended.stderr);
    }
    world.write("name: other\nport: 8080\n");
    assert_eq!(deploy("").code, Some(0), "a new app");
}

#[test]
fn a_password_in_plain_text_is_warned_of() {
    let world = World::new("env: {API_KEY: hunter2}\nimageLabel: {X: \"https://ann:hunter2@h\"}\n");
    let line = "deploy shop.jar --port 8080 --env DB_PASSWORD=hunter2 --env TOKEN_TTL=5 --env A=secret:x/hunter \
        --image-env GITHUB_TOKEN=hunter2 --env URL=postgres://u:hunter2@h/db --jvm-options -Ddb.passwd=hunter2";
    let ended = world.run(line);
    assert!(counts(&ended), "{}", ended.stderr);
    for named in [
        "`--env DB_PASSWORD=…`",
        "`--env API_KEY=…`",
        "`--env URL=…`",
        "`--image-env GITHUB_TOKEN=…`",
        "`--image-label X=…`",
        "`--jvm-options db.passwd=…`",
        "`--env DB_PASSWORD=secret:NAME/KEY`",
    ] {
        assert!(ended.stderr.contains(named), "{named}\n{}", ended.stderr);
    }
    assert_eq!(ended.stderr.matches("warning:").count(), 6, "{}", ended.stderr);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    for line in ["build shop.jar", "inspect shop.jar"] {
        let ended = world.run(&format!("{line} --image-env GITHUB_TOKEN=hunter2"));
        assert!(
            ended.stderr.contains("`--image-env GITHUB_TOKEN=…`"),
            "{}",
            ended.stderr
        );
    }
    let quiet = world.run("inspect shop.jar --quiet --image-env GITHUB_TOKEN=hunter2");
    assert_eq!(quiet.stderr, "");
}
