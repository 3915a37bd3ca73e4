//! A namespace for one test, a user who may do only what the docs say, and the tools that judge.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

pub const REGISTRY: &str = "10.250.0.1:5000";
/// The only API server that these tests touch, unless `B2I_E2E_ANY_CLUSTER=1` says otherwise.
pub const API_SERVER: &str = "https://10.250.0.11:6443";

pub struct World {
    pub namespace: String,
    pub folder: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// It failed, with these words on stderr and nothing on stdout.
    pub fn assert_failed(&self, parts: &[&str]) {
        let stderr = &self.stderr;
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part} is not in\n{stderr}");
        }
    }
}

impl World {
    /// A name and a folder; the namespace is somebody else's to make.
    pub fn bare(name: &str) -> Self {
        refuse_someone_elses_cluster();
        Self {
            namespace: format!("e2e-{name}-{}", std::process::id()),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn new(name: &str) -> Self {
        let world = Self::bare(name);
        // One kubectl for all of it: two hundred of them would be a minute of the whole run.
        let ns = world.namespace.as_str();
        let permissions = std::fs::read_to_string(root().join("docs/reference/permissions.yaml")).unwrap();
        let secret = login_secret("registry-push", REGISTRY);
        let objects = format!(
            r#"{{ "apiVersion": "v1", "kind": "Namespace", "metadata": {{ "name": "{ns}",
                "labels": {{ "pod-security.kubernetes.io/enforce": "restricted" }} }} }}
---
{{ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {{ "name": "dev" }} }}
---
{{ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {{ "name": "default" }},
    "imagePullSecrets": [{{ "name": "registry-push" }}] }}
---
{secret}
---
{{ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {{ "name": "dev" }},
    "roleRef": {{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "kubectl-b2i" }},
    "subjects": [{{ "kind": "ServiceAccount", "name": "dev", "namespace": "{ns}" }}] }}
---
{permissions}"#
        );
        world.apply(&objects);
        world.kubeconfig_for_user(API_SERVER);
        world
    }

    /// A docker-registry Secret that may push to the cluster's registry.
    pub fn secret(&self, name: &str) {
        self.secret_for(name, REGISTRY);
    }

    /// The same, for a registry that has another name.
    pub fn secret_for(&self, name: &str, server: &str) {
        self.apply(&login_secret(name, server));
        self.may_read(name);
    }

    /// Lets the user read a Secret beside `registry-push`, as whoever makes one adds it to the Role.
    pub fn may_read(&self, secret: &str) {
        let (name, ns) = (format!("read-{secret}"), &self.namespace);
        let role = serde_json::json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": name },
            "rules": [{ "apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret], "verbs": ["get"] }] });
        let binding = serde_json::json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "name": "dev", "namespace": ns }] });
        self.apply(&format!("{role}\n---\n{binding}"));
    }

    /// A folder with Docker's configuration, which has the login too.
    pub fn docker_config(&self) -> PathBuf {
        let folder = self.folder.path().join("docker");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.json"), logins(REGISTRY)).unwrap();
        folder
    }

    /// Lets the user do more than the Role in the docs.
    pub fn may(&self, verbs: &str, of: &str) {
        let name = of.replace('/', "-");
        self.kubectl(&format!("create role {name} --verb={verbs} --resource={of}"));
        let account = format!("{}:dev", self.namespace);
        self.kubectl(&format!(
            "create rolebinding {name} --role={name} --serviceaccount={account}"
        ));
    }

    /// Takes from the user what the Role in the docs lets them do with this resource.
    pub fn may_no_longer(&self, resource: &str) {
        let role = self.kubectl("get role kubectl-b2i -o json");
        let role: serde_json::Value = serde_json::from_str(&role).unwrap();
        let mut rules = role["rules"].as_array().unwrap().iter();
        let place = rules.position(|rule| rule["resources"] == serde_json::json!([resource]));
        let place = place.unwrap_or_else(|| panic!("no rule is about {resource} alone"));
        self.kubectl(&format!(
            r#"patch role kubectl-b2i --type=json -p [{{"op":"remove","path":"/rules/{place}"}}]"#
        ));
    }

    /// Applies a text of YAML or JSON in the namespace.
    pub fn apply(&self, text: &str) {
        let file = self.folder.path().join("apply.yaml");
        // kubectl takes what begins with a brace for JSON to its end.
        std::fs::write(&file, format!("---\n{text}")).unwrap();
        // A namespace's own account comes from a controller too, now or a moment later.
        run(kubectl()
            .args([
                "apply",
                "--server-side",
                "--force-conflicts",
                "-n",
                &self.namespace,
                "-f",
            ])
            .arg(file));
    }

    /// Writes the user's kubeconfig, with this address of the API server.
    pub fn kubeconfig_for_user(&self, server: &str) {
        let token = run(kubectl().args(["create", "token", "dev", "-n", &self.namespace, "--duration=2h"]));
        let authority = authority();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: e2e\n\
             clusters: [{{name: e2e, cluster: {{server: \"{server}\", certificate-authority-data: {authority}}}}}]\n\
             users: [{{name: dev, user: {{token: {token}}}}}]\n\
             contexts: [{{name: e2e, context: {{cluster: e2e, user: dev, namespace: {}}}}}]\n",
            self.namespace
        );
        std::fs::write(self.kubeconfig(), text).unwrap();
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// `kubectl b2i …` as the user, in the folder of the artifacts: what a person types.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new("kubectl");
        command.arg("b2i").args(line.split_whitespace());
        command
            .current_dir(artifacts())
            .env("KUBECONFIG", self.kubeconfig())
            // Where the plugin remembers the staging Pods of this test; a CI system's would not stay.
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env_remove("CI")
            .stdin(Stdio::null());
        command
    }

    pub fn b2i(&self, line: &str) -> Said {
        said(&mut self.command(line))
    }

    /// Runs a command that must succeed; returns its one line on stdout.
    pub fn b2i_ok(&self, line: &str) -> String {
        let said = self.b2i(line);
        assert_eq!(said.code, Some(0), "kubectl b2i {line}\n{}", said.stderr);
        said.stdout.trim_end().to_owned()
    }

    pub fn b2i_json(&self, line: &str) -> serde_json::Value {
        serde_json::from_str(&self.b2i_ok(&format!("{line} -o json"))).unwrap()
    }

    /// kubectl as the administrator, in the namespace.
    pub fn kubectl(&self, line: &str) -> String {
        run(kubectl()
            .args(line.split_whitespace())
            .args(["-n", &self.namespace]))
    }

    /// Everything that a person would see left behind.
    pub fn objects(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .kubectl("get all,configmap,secret -o name")
            .lines()
            .map(ToOwned::to_owned)
            .collect();
        names.sort();
        names
    }

    /// What the JVM in an app's container says of itself: `openjdk 17.0.20 …`.
    pub fn java_of(&self, app: &str) -> String {
        let app = format!("deployment/{app}");
        run(kubectl().args(["exec", "-n", &self.namespace, &app, "--", "java", "--version"]))
    }

    pub fn node_port(&self, service: &str) -> String {
        self.kubectl(&format!(
            "get service {service} -o jsonpath={{.spec.ports[0].nodePort}}"
        ))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::env::var_os("B2I_KEEP_NAMESPACES").is_none() {
            let _ = kubectl()
                .args(["delete", "namespace", &self.namespace, "--wait=false"])
                .output();
        }
    }
}

/// curl's view: status code and body. It tries again while nobody listens: kube-proxy on the other
/// nodes learns of a ready Pod a moment later.
pub fn curl(url: &str) -> (String, String) {
    let again = ["--retry", "10", "--retry-connrefused", "--retry-delay", "1"];
    let text = run(Command::new("curl")
        .args(["-s", "-m", "10", "-w", "\n%{http_code}", url])
        .args(again));
    let (body, code) = text.rsplit_once('\n').unwrap();
    (code.to_owned(), body.to_owned())
}

pub fn node_addresses() -> Vec<String> {
    run(kubectl().args([
        "get",
        "nodes",
        "-o",
        r#"jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}"#,
    ]))
    .split_whitespace()
    .map(ToOwned::to_owned)
    .collect()
}

/// The folder of the real artifacts, fetched once.
pub fn artifacts() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| run(&mut Command::new(root().join("tests/artifacts"))).into())
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn kubectl() -> Command {
    let mut command = Command::new("kubectl");
    command.stdin(Stdio::null());
    command
}

/// Runs a command that must succeed; returns its stdout.
pub fn run(command: &mut Command) -> String {
    let said = said(command);
    assert_eq!(said.code, Some(0), "{command:?}\n{}", said.stderr);
    said.stdout.trim_end().to_owned()
}

pub fn said(command: &mut Command) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

pub fn var(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: eval \"$(tests/env --nodes 2)\""))
}

fn refuse_someone_elses_cluster() {
    static SERVER: OnceLock<String> = OnceLock::new();
    let server = SERVER.get_or_init(|| of_kubeconfig("{.clusters[0].cluster.server}"));
    assert!(
        server == API_SERVER || std::env::var_os("B2I_E2E_ANY_CLUSTER").is_some(),
        "{server} is not the cluster of tests/cluster/up"
    );
}

/// The cluster's certificate authority, as a kubeconfig has it.
fn authority() -> &'static str {
    static AUTHORITY: OnceLock<String> = OnceLock::new();
    AUTHORITY.get_or_init(|| of_kubeconfig("{.clusters[0].cluster.certificate-authority-data}"))
}

fn of_kubeconfig(path: &str) -> String {
    let of = format!("jsonpath={path}");
    run(kubectl().args(["config", "view", "--minify", "--raw", "-o", &of]))
}

/// Docker's configuration with the registry's login, under the server's name.
fn logins(server: &str) -> String {
    let (username, password) = (var("B2I_REGISTRY_USER"), var("B2I_REGISTRY_PASSWORD"));
    let login = serde_json::json!({ "username": username, "password": password });
    serde_json::json!({ "auths": { server: login } }).to_string()
}

/// A docker-registry Secret with the registry's login, under the server's name.
fn login_secret(name: &str, server: &str) -> String {
    let config = logins(server);
    let secret = serde_json::json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
        "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson": config } });
    secret.to_string()
}

/// Tries until `done` or for a minute: for what has no watch of its own.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !done() {
        assert!(
            std::time::Instant::now() < deadline,
            "{what} did not happen in a minute"
        );
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
