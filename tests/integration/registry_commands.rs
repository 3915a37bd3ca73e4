//! `registry login`, `check` and `list`: the whole program, a cluster whose Jobs are processes of this
//! machine, and a registry. Whatever is said, the password is not in it.
use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    fake_apiserver::FakeApiServer,
    fake_registry::{Canned, FakeRegistry, Knobs, Login, PASSWORD, USER},
    images::seed_base,
    run::Ended,
};

const SECRETS: &str = "/api/v1/namespaces/shop/secrets";
const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
const PODS: &str = "/api/v1/namespaces/shop/pods";
const ADMINISTRATOR: &str = "where you may not do that, ask an administrator of the namespace";
const DOCS: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";

/// A cluster, a registry, and somebody with a kubeconfig.
pub(crate) struct World {
    server: FakeApiServer,
    pub(crate) fake: FakeRegistry,
    folder: TempDir,
}

impl World {
    pub(crate) async fn new(login: Login) -> Self {
        Self::around(FakeRegistry::start(knobs(login)).await).await
    }

    async fn around(fake: FakeRegistry) -> Self {
        let (server, cluster) = FakeApiServer::start().await;
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{ "name": "fake", "cluster": { "server": cluster.server } }],
            "users": [{ "name": "ann", "user": { "token": "t0ken" } }],
            "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "ann", "namespace": "shop" } }],
        });
        fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        runs_jobs(&server);
        Self { server, fake, folder }
    }

    fn put_secret(&self, name: &str, auths: Value) {
        let data = STANDARD.encode(json!({ "auths": auths }).to_string());
        self.server.put(
            SECRETS,
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
                "type": "kubernetes.io/dockerconfigjson", "data": { ".dockerconfigjson": data },
            }),
        );
    }

    fn put_login(&self, password: &str) {
        let host = &self.fake.host;
        self.put_secret(
            "registry-push",
            json!({ host: { "username": USER, "password": password } }),
        );
    }

    /// The logins that a Secret holds.
    pub(crate) fn auths(&self, name: &str) -> Value {
        let secret = self.server.get(SECRETS, name).unwrap();
        assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
        let data = STANDARD
            .decode(secret["data"][".dockerconfigjson"].as_str().unwrap())
            .unwrap();
        serde_json::from_slice::<Value>(&data).unwrap()["auths"].take()
    }

    /// `kubectl b2i …`, for whoever starts it.
    pub(crate) fn command(&self, line: &str, in_cluster: bool) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"));
        command
            .args(line.replace("HOST", &self.fake.host).split_whitespace())
            .env_clear()
            .env("KUBECONFIG", self.folder.path().join("kubeconfig"))
            .env("HOME", "/nonexistent")
            .current_dir(self.folder.path());
        if in_cluster {
            command.env("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder");
        }
        command
    }

    async fn run(&self, line: &str, stdin: &str, in_cluster: bool) -> Ended {
        let mut command = self.command(line, in_cluster);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let stdin = stdin.to_owned();
        let output = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        });
        let output = output.await.unwrap();
        let ended = Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in [
            PASSWORD.to_owned(),
            STANDARD.encode(PASSWORD),
            STANDARD.encode(format!("{USER}:{PASSWORD}")),
        ] {
            for told in [&ended.stdout, &ended.stderr] {
                assert!(!told.contains(&secret), "{told}");
            }
            for collection in [JOBS, PODS] {
                for object in self.server.ever(collection) {
                    assert!(!object.to_string().contains(&secret), "{object}");
                }
            }
        }
        ended
    }
}

fn knobs(login: Login) -> Knobs {
    Knobs {
        login,
        ..Knobs::default()
    }
}

/// Runs a Job as the kubelet would: its argument, its env, its Secrets as files, and its Pod's status.
fn runs_jobs(server: &FakeApiServer) {
    server.controller(|server, collection, job| {
        if collection != JOBS {
            return;
        }
        let (server, job) = (server.clone(), job.clone());
        std::thread::spawn(move || {
            let spec = &job["spec"]["template"]["spec"];
            let container = &spec["containers"][0];
            let folder = tempfile::tempdir().unwrap();
            for volume in spec["volumes"].as_array().unwrap() {
                let secret = server.get(SECRETS, volume["secret"]["secretName"].as_str().unwrap());
                let mounted = folder.path().join(volume["name"].as_str().unwrap());
                fs::create_dir(&mounted).unwrap();
                for (key, value) in secret.unwrap()["data"].as_object().unwrap() {
                    fs::write(mounted.join(key), STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
                }
            }
            let message = folder.path().join("message");
            let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"));
            command
                .arg(container["args"][0].as_str().unwrap())
                .env_clear()
                .env("B2I_PUSH_SECRET", folder.path().join("push-secret"))
                .env("B2I_PULL_SECRET", folder.path().join("pull-secret"))
                .env("B2I_TERMINATION", &message);
            for variable in container["env"].as_array().unwrap() {
                let [name, value] = ["name", "value"].map(|key| variable[key].as_str().unwrap());
                command.env(name, value);
            }
            let output = command.output().unwrap();
            assert!(!String::from_utf8_lossy(&output.stdout).contains(PASSWORD));
            server.put(
                PODS,
                json!({
                    "metadata": { "name": "check-1", "labels": { "controller-uid": job["metadata"]["uid"] } },
                    "spec": { "containers": [] },
                    "status": { "phase": "Succeeded", "containerStatuses": [{
                        "name": container["name"], "image": "", "imageID": "", "ready": false, "restartCount": 0,
                        "state": { "terminated": {
                            "exitCode": output.status.code(),
                            "message": fs::read_to_string(message).unwrap_or_default(),
                        } },
                    }] },
                }),
            );
        });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_written_and_proved() {
    for in_cluster in [true, false] {
        let world = World::new(Login::Token).await;
        world.put_secret("registry-push", json!({ "other.example": { "auth": "YTpi" } }));
        let line = "registry login HOST --username dev --password-stdin --insecure-registry HOST";
        let ended = world.run(line, "s3cret\n", in_cluster).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), "secret/registry-push\n"),
            "{}",
            ended.stderr
        );
        let place = if in_cluster { "inside the cluster" } else { "here" };
        assert!(
            ended
                .stderr
                .contains(&format!("logged in as dev · proved from {place}")),
            "{}",
            ended.stderr
        );
        let auths = world.auths("registry-push");
        assert_eq!(auths["other.example"], json!({ "auth": "YTpi" }));
        assert_eq!(auths[&world.fake.host]["password"], PASSWORD);
        assert!(world.server.all(JOBS).is_empty(), "the Job is taken away");

        // Another Secret, which is not there yet.
        let ended = world
            .run(&format!("{line} --secret fresh"), "s3cret", in_cluster)
            .await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), "secret/fresh\n"),
            "{}",
            ended.stderr
        );
        assert_eq!(world.auths("fresh").as_object().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_in_a_namespace_that_is_not_there() {
    let world = World::new(Login::Basic).await;
    let words = "namespaces \"shop\" not found";
    world.server.refuse_exactly("POST", SECRETS, 404, words);
    let line = "registry login HOST --username dev --password-stdin --insecure-registry HOST";
    let ended = world.run(line, "s3cret", false).await;
    assert_eq!(ended.code, Some(1));
    let next = "kubectl create namespace shop\n";
    assert!(ended.stderr.contains(next), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_wrong_is_told_by_the_proof() {
    for login in [Login::Basic, Login::Token] {
        let world = World::new(login).await;
        let line = "registry login HOST --username dev --password-stdin --insecure-registry HOST";
        let ended = world.run(line, "wr0ng", true).await;
        let host = &world.fake.host;
        let told = ended.stderr.split_once("error: ").unwrap().1;
        assert!(
            told.starts_with(&format!(
                "could not log in to `{host}`\n  why: the registry answered 401"
            )),
            "{told}"
        );
        assert!(
            told.contains("(push Secret `shop/registry-push` was sent, as user `dev`)\n       (the Secret `registry-push` holds this login now)"),
            "{told}"
        );
        assert!(told.ends_with(&format!(
            "kubectl b2i registry login {host} --secret registry-push -n shop\n      {ADMINISTRATOR}\n      {DOCS}#push-unauthorized\n"
        )));
        assert!(!ended.stderr.contains("wr0ng"));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_cannot_be_asked_for_names_the_flag() {
    let world = World::new(Login::Basic).await;
    for (line, why, flag) in [
        (
            "registry login r.example",
            "nobody said as whom",
            "--username NAME",
        ),
        (
            "registry login r.example --username ann",
            "there is no terminal to ask for the password",
            "--password-stdin",
        ),
        (
            "registry login r.example --username ann --password-stdin",
            "the password is empty",
            "--password-stdin",
        ),
    ] {
        let ended = world.run(line, "", false).await;
        // The name that was typed stays.
        let user = if line.contains("ann") { "ann" } else { "NAME" };
        assert_eq!(
            ended.stderr,
            format!(
                "error: could not log in to `r.example`
  why: {why}

next: give it by `{flag}`, for example:
        kubectl b2i registry login r.example --username {user} --password-stdin < password.txt
      {ADMINISTRATOR}
      {DOCS}#registry-login
"
            )
        );
        assert_eq!(ended.code, Some(2));
    }
    let ended = world
        .run(
            "registry login r.example/team --username a --password-stdin",
            "x",
            false,
        )
        .await;
    assert!(
        ended
            .stderr
            .contains("it is no registry: a host name, maybe with a port"),
        "{}",
        ended.stderr
    );

    world.server.put(
        SECRETS,
        json!({"metadata": {"name": "registry-push"}, "type": "Opaque", "data": {}}),
    );
    let ended = world
        .run(
            "registry login r.example --username a --password-stdin",
            "x",
            false,
        )
        .await;
    assert!(
        ended
            .stderr
            .contains("it is of type `Opaque`, not `kubernetes.io/dockerconfigjson`"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_a_registry_that_is_well() {
    let world = World::new(Login::Token).await;
    world.put_login(PASSWORD);
    let base = seed_base(&world.fake, "17-jre");
    let line = "registry check HOST/team/shop --insecure-registry HOST";
    let ended = world.run(line, "", true).await;
    assert_eq!(
        ended.stdout,
        "✓ name        127.0.0.1 is an address
✓ connection  plain HTTP
✓ login       logged in as dev
✓ pull        may be read
✓ push        may be written: an upload was opened and cancelled
"
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(world.fake.open_uploads(), 0);
    assert!(world.server.all(JOBS).is_empty(), "the Job is taken away");

    let line = format!("{line} --base HOST/library/eclipse-temurin:17-jre -o json");
    let ended = world.run(&line, "", true).await;
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let [found, mount] = [&checks[5], &checks[6]];
    assert!(
        found["detail"].as_str().unwrap().ends_with(&base.to_string()),
        "{found}"
    );
    assert_eq!(
        (&mount["name"], &mount["detail"]),
        (&json!("mount"), &json!("the base's layers are mounted"))
    );
    assert!(checks.iter().all(|check| check["status"] == "passed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_what_is_wrong_and_how_to_mend_it() {
    let world = World::new(Login::Basic).await;
    world.put_login("wr0ng");
    let host = world.fake.host.clone();
    let line = "registry check HOST/team/shop --insecure-registry HOST";
    let ended = world.run(line, "", true).await;
    assert_eq!(
        ended.stdout,
        format!(
            "✓ name        127.0.0.1 is an address
✓ connection  plain HTTP
✗ login       the registry answered 401 UNAUTHORIZED to GET http://{host}/v2/: unauthorized
- pull        not asked
- push        not asked
"
        )
    );
    let told = ended.stderr.split_once("error: ").unwrap().1;
    assert_eq!(
        told,
        format!(
            "could not log in to `{host}`
  why: the registry answered 401 UNAUTHORIZED to GET http://{host}/v2/: unauthorized
       (push Secret `shop/registry-push` was sent, as user `dev`)

next: log in with a user and a password (or token) that are good:
        kubectl b2i registry login {host} --secret registry-push -n shop
      {ADMINISTRATOR}
      {DOCS}#push-unauthorized
"
        )
    );
    assert!(!ended.stdout.contains("wr0ng") && !told.contains("wr0ng"));
    assert_eq!(ended.code, Some(1));

    world.put_login(PASSWORD);
    for (answer, failed, anchor) in [
        (
            Canned::code("POST /blobs/uploads/", 403, "DENIED", "no"),
            "push",
            "push-denied",
        ),
        (
            Canned::code("POST /blobs/uploads/", 404, "NAME_UNKNOWN", "no"),
            "push",
            "push-repository",
        ),
        (
            Canned::code("HEAD /blobs/", 403, "DENIED", "no"),
            "pull",
            "push-denied",
        ),
    ] {
        world.fake.set(|knobs| knobs.answers = vec![answer]);
        let ended = world.run(line, "", true).await;
        assert!(
            ended.stdout.contains(&format!("\n✗ {failed} ")),
            "{}",
            ended.stdout
        );
        assert_eq!(ended.stdout.matches('✗').count(), 1, "{}", ended.stdout);
        assert!(
            ended.stderr.ends_with(&format!("#{anchor}\n")),
            "{}",
            ended.stderr
        );
    }

    // Nobody may push there: an entry for another host.
    world.put_secret("registry-push", json!({ "other.example": { "auth": "YTpi" } }));
    let ended = world.run(line, "", true).await;
    assert!(
        ended.stderr.contains(&format!(
            "(push Secret `shop/registry-push` has no login for `{host}`)"
        )),
        "{}",
        ended.stderr
    );
    let ended = world
        .run("registry check nowhere.invalid/team/shop", "", true)
        .await;
    assert!(ended.stdout.starts_with("✗ name        "), "{}", ended.stdout);
    assert!(
        ended.stderr.ends_with("#registry-unreachable\n"),
        "{}",
        ended.stderr
    );
    let ended = world.run("registry check HOST/team/shop", "", true).await;
    assert!(
        ended.stdout.contains("\n✗ connection  no TLS connection"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stderr.contains("name it by `--insecure-registry`"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_with_a_private_authority() {
    let fake = FakeRegistry::start_with_tls(knobs(Login::Token), "server.crt").await;
    let world = World::around(fake).await;
    world.put_login(PASSWORD);
    fs::write(
        world.folder.path().join("ca.crt"),
        include_str!("../fixtures/tls/ca.crt"),
    )
    .unwrap();
    let ended = world.run("registry check HOST/team/shop", "", true).await;
    assert!(ended.stderr.contains("`--registry-ca FILE`"), "{}", ended.stderr);
    for (flag, detail) in [
        ("--registry-ca ca.crt", "TLS, its certificate trusted"),
        ("--insecure-registry HOST", "TLS, its certificate not checked"),
    ] {
        let ended = world
            .run(&format!("registry check HOST/team/shop {flag}"), "", true)
            .await;
        assert!(
            ended.stdout.contains(&format!("✓ connection  {detail}\n")),
            "{}",
            ended.stdout
        );
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_tells_users_and_no_passwords() {
    let world = World::new(Login::Open).await;
    let ended = world.run("registry list", "", false).await;
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.contains("has no docker-registry Secret"),
        "{}",
        ended.stderr
    );

    let auth = STANDARD.encode(format!("robot$p+n:{PASSWORD}"));
    world.put_secret(
        "b",
        json!({
            "https://index.docker.io/v1/": { "username": "ann", "password": PASSWORD },
            "gcr.io/project": { "auth": auth },
            "acr.example": { "identitytoken": PASSWORD },
        }),
    );
    world.put_secret("a", json!({}));
    world.put_secret("c", json!({ "x.example": { "auth": format!("!{PASSWORD}") } }));
    let ended = world.run("registry list", "", false).await;
    assert_eq!(
        ended.stdout,
        "SECRET   REGISTRY                                                   USER
a        (no login)
b        acr.example                                                (token)
b        docker.io                                                  ann
b        gcr.io/project                                             robot$p+n
c        (`auth` of `x.example` is not base64 of `user:password`)
"
    );
    let ended = world.run("registry list -o json", "", false).await;
    let listed: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        listed[1]["logins"][0],
        json!({ "registry": "acr.example", "user": null })
    );
    let ended = world.run("registry list -o name", "", false).await;
    assert_eq!(ended.stdout, "secret/a\nsecret/b\nsecret/c\n");
}
