//! A registry of a test's own, beside the cluster's: its storage may be collected, its host is unknown
//! to the nodes until they are told, and nobody else notices.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use crate::world::{World, eventually, root, run, var};

/// Where this machine is for the nodes.
const HERE: &str = "10.250.0.1";

/// Which program, and how it is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// CNCF distribution 2.8, plain HTTP, a password.
    Plain,
    /// The same, with TLS under an authority that nobody knows.
    Tls,
    /// `crane registry serve`: plain HTTP, for everybody.
    Crane,
}

pub struct OwnRegistry {
    pub host: String,
    folder: tempfile::TempDir,
    child: Child,
}

impl OwnRegistry {
    pub fn start(kind: Kind) -> Self {
        let free = TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap();
        let host = free.to_string();
        let folder = tempfile::tempdir().unwrap();
        let mut command = if kind == Kind::Crane {
            let mut crane = Command::new("crane");
            crane.args(["registry", "serve", "--address", &host]);
            crane
        } else {
            let config = folder.path().join("config.yml");
            fs::write(&config, configuration(&host, folder.path(), kind)).unwrap();
            let mut distribution = Command::new("docker-registry");
            distribution.arg("serve").arg(config);
            distribution
        };
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        eventually("the registry's start", || TcpStream::connect(free).is_ok());
        Self { host, folder, child }
    }

    /// Makes a docker-registry Secret for it.
    pub fn secret(&self, world: &World, name: &str, password: &str) {
        let user = var("B2I_REGISTRY_USER");
        world.kubectl(&format!(
            "create secret docker-registry {name} --docker-server={} --docker-username={user} --docker-password={password}",
            self.host
        ));
        world.may_read(name);
    }

    /// Tells the nodes' runtimes how it is reached: what a cluster's administrator does. containerd
    /// reads it anew for each pull.
    pub fn is_known_to_nodes(&self, hosts_toml: &str) {
        for folder in self.certs_folders() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("hosts.toml"), hosts_toml).unwrap();
        }
    }

    fn certs_folders(&self) -> Vec<PathBuf> {
        let nodes = fs::read_dir(cluster_folder())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let certs = nodes
            .map(|node| node.join("certs.d"))
            .filter(|certs| certs.exists());
        certs.map(|certs| certs.join(&self.host)).collect()
    }

    /// Removes what no manifest names from the storage; with `untagged` manifests without a tag, too.
    /// Returns what the program says of it.
    pub fn collect_garbage(&self, untagged: bool) -> String {
        let mut command = Command::new("docker-registry");
        command.arg("garbage-collect");
        if untagged {
            command.arg("--delete-untagged");
        }
        run(command.arg(self.folder.path().join("config.yml")))
    }

    /// Removes a repository from the storage.
    pub fn forget(&self, repository: &str) {
        let repositories = self.folder.path().join("docker/registry/v2/repositories");
        fs::remove_dir_all(repositories.join(repository)).unwrap();
    }
}

impl Drop for OwnRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for folder in self.certs_folders() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn configuration(host: &str, folder: &Path, kind: Kind) -> String {
    let tls = match kind {
        Kind::Tls => {
            let keys = keys();
            let (certificate, key) = (keys.join("server.crt"), keys.join("server.key"));
            format!(
                ", tls: {{certificate: {}, key: {}}}",
                certificate.display(),
                key.display()
            )
        }
        _ => String::new(),
    };
    let (storage, passwords) = (folder.display(), cluster_folder().join("htpasswd"));
    format!(
        "version: 0.1\n\
         log: {{accesslog: {{disabled: true}}, level: warn}}\n\
         storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}\n\
         http: {{addr: \"{host}\"{tls}}}\n\
         auth: {{htpasswd: {{realm: own, path: {}}}}}\n",
        passwords.display()
    )
}

/// A `hosts.toml` for a registry without TLS.
pub fn plain_http(host: &str) -> String {
    format!("server = \"http://{host}\"\n[host.\"http://{host}\"]\n")
}

/// The folder of the authority that nobody knows.
pub fn keys() -> &'static Path {
    tls_registry().1.parent().unwrap()
}

/// CNCF distribution v3 with TLS and tokens: its host, and the file of its authority.
pub fn tls_registry() -> &'static (String, PathBuf) {
    static STARTED: OnceLock<(String, PathBuf)> = OnceLock::new();
    STARTED.get_or_init(|| {
        let exports = run(&mut Command::new(root().join("tests/cluster/registries")));
        let value = |name: &str| {
            let (_, rest) = exports.split_once(&format!("{name}=")).unwrap();
            rest.split_whitespace().next().unwrap().to_owned()
        };
        (value("B2I_TLS_REGISTRY"), value("B2I_TLS_REGISTRY_CA").into())
    })
}

fn cluster_folder() -> PathBuf {
    match std::env::var_os("CLUSTER_DIR") {
        Some(folder) => folder.into(),
        None => std::env::home_dir().unwrap().join(".cache/kubectl-b2i/cluster"),
    }
}
