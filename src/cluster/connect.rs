//! Finds the cluster as kubectl does: its global flags over KUBECONFIG (which may name several
//! files) over `~/.kube/config`, and the Pod's own service account where there is none of these.

use std::{env, path::PathBuf, time::Duration};

use kube::{
    Config,
    client::ClientBuilder,
    config::{
        AuthInfo, Cluster as ClusterInfo, Context, KubeConfigOptions, Kubeconfig, NamedAuthInfo,
        NamedCluster, NamedContext,
    },
};
use tower::{buffer::BufferLayer, timeout::TimeoutLayer};

use super::{Cluster, Error, auth_plugin, retry::RetryLayer};
use crate::model::Events;

/// As many as kube lets wait itself.
const REQUESTS_WAITING: usize = 1024;

/// kubectl's global flags; `None` and empty where a flag was not given.
#[derive(Clone, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`: this file alone is read.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`
    pub context: Option<String>,
    /// `--cluster`
    pub cluster: Option<String>,
    /// `--user`
    pub user: Option<String>,
    /// `--server`
    pub server: Option<String>,
    /// `--token`
    pub token: Option<String>,
    /// `--as`
    pub as_user: Option<String>,
    /// `--as-group`, as often as it was given.
    pub as_groups: Vec<String>,
    /// `--as-uid`
    pub as_uid: Option<String>,
    /// `--namespace`
    pub namespace: Option<String>,
    /// `--request-timeout`: how long the answer to one request may take to begin. What streams
    /// afterwards (watches, logs, tunnels) may last. Zero is no limit, as for kubectl.
    pub request_timeout: Option<Duration>,
    /// `--insecure-skip-tls-verify`
    pub insecure_skip_tls_verify: bool,
    /// `--certificate-authority`
    pub certificate_authority: Option<String>,
    /// `--client-certificate`
    pub client_certificate: Option<String>,
    /// `--client-key`
    pub client_key: Option<String>,
    /// `--tls-server-name`
    pub tls_server_name: Option<String>,
}

impl Cluster {
    /// Connects: reads the kubeconfig and runs its auth plugin. Sends no request yet. Events hear of requests that wait.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn connect(options: &ConnectOptions, events: Events) -> Result<Self, Error> {
        let named = options.namespace.as_ref().filter(|name| !name.is_empty());
        if let Some(name) = named.filter(|name| !is_label(name)) {
            return Err(Error::NoNamespace { name: name.clone() });
        }
        let (kubeconfig, looked_at) = read_kubeconfig(options)?;
        let has_kubeconfig = kubeconfig.is_some();
        let config = match kubeconfig {
            None if options.server.is_none() => {
                Config::incluster().map_err(|_| Error::NoKubeconfig { looked_at })?
            }
            kubeconfig => {
                let chosen = choose(&kubeconfig.unwrap_or_default(), options)?;
                Config::from_custom_kubeconfig(chosen, &KubeConfigOptions::default()).await?
            }
        };
        let namespace = named.cloned();
        Self::of(config, namespace, options.request_timeout, events, has_kubeconfig)
    }

    fn of(
        config: Config,
        namespace: Option<String>,
        request_timeout: Option<Duration>,
        events: Events,
        has_kubeconfig: bool,
    ) -> Result<Self, Error> {
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let plugin = config.auth_info.exec.clone();
        let client = client(config, request_timeout, events).map_err(|source| {
            let not_started = plugin.and_then(|plugin| auth_plugin::not_started(&plugin, &source));
            not_started.unwrap_or_else(|| Error::Client {
                server: server.clone(),
                source: Box::new(source),
            })
        })?;
        Ok(Self {
            client,
            namespace,
            server,
            has_kubeconfig,
        })
    }

    /// Connects to what the kubeconfig names by itself, if nothing but reading is needed for that: no auth
    /// plugin is run, since some open a browser. Sends no request yet.
    pub async fn at_hand() -> Option<Self> {
        let options = ConnectOptions::default();
        let (kubeconfig, _) = read_kubeconfig(&options).ok()?;
        let chosen = choose(&kubeconfig?, &options).ok()?;
        let mut users = chosen
            .auth_infos
            .iter()
            .filter_map(|user| user.auth_info.as_ref());
        if users.any(|user| user.exec.is_some() || user.auth_provider.is_some()) {
            return None;
        }
        let config = Config::from_custom_kubeconfig(chosen, &KubeConfigOptions::default()).await;
        Self::of(config.ok()?, None, None, Events::nowhere(), true).ok()
    }
}

/// A DNS label (RFC 1123), which names of namespaces are
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>).
fn is_label(name: &str) -> bool {
    let is_inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    name.len() <= 63 && name.bytes().all(is_inside) && !name.starts_with('-') && !name.ends_with('-')
}

pub(super) fn client(
    mut config: Config,
    request_timeout: Option<Duration>,
    events: Events,
) -> kube::Result<kube::Client> {
    config.default_retry = false;
    let url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let builder = ClientBuilder::try_from(config)?
        // What retries needs copies of the service, and this makes it one that can be copied.
        .with_layer(&BufferLayer::new(REQUESTS_WAITING))
        .with_layer(&RetryLayer::new(url, events));
    // Not the connection's read timeout: that would end a watch in which nothing happens.
    Ok(match request_timeout.filter(|timeout| !timeout.is_zero()) {
        Some(timeout) => builder.with_layer(&TimeoutLayer::new(timeout)).build(),
        None => builder.build(),
    })
}

/// Returns what the kubeconfig files say together, and where was looked; `None` where no file is.
fn read_kubeconfig(options: &ConnectOptions) -> Result<(Option<Kubeconfig>, Vec<PathBuf>), Error> {
    if let Some(path) = &options.kubeconfig {
        return Ok((Some(Kubeconfig::read_from(path)?), vec![path.clone()]));
    }
    let mut paths: Vec<PathBuf> = env::var_os("KUBECONFIG")
        .map(|paths| {
            env::split_paths(&paths)
                .filter(|path| !path.as_os_str().is_empty())
                .collect()
        })
        .unwrap_or_default();
    if paths.is_empty() {
        paths.extend(env::home_dir().map(|home| home.join(".kube").join("config")));
    }
    let mut merged: Option<Kubeconfig> = None;
    for path in &paths {
        // kubectl passes over files that are not there: client-go's ClientConfigLoadingRules.
        if !path.exists() {
            continue;
        }
        let next = Kubeconfig::read_from(path)?;
        merged = Some(merged.unwrap_or_default().merge(next)?);
    }
    Ok((merged, paths))
}

/// Returns a kubeconfig of one context that says what the files and the flags say together, by the
/// rules of client-go's `DirectClientConfig`.
fn choose(all: &Kubeconfig, options: &ConnectOptions) -> Result<Kubeconfig, Error> {
    let missing = |kind, name: &str| Error::NotInKubeconfig {
        kind,
        name: name.to_owned(),
    };
    let context_name = options.context.as_ref().or(all.current_context.as_ref());
    let context = match context_name.filter(|name| !name.is_empty()) {
        None => Context::default(),
        Some(name) => all
            .contexts
            .iter()
            .find(|context| &context.name == name)
            .and_then(|context| context.context.clone())
            .ok_or_else(|| missing("context", name))?,
    };

    let cluster_name = options.cluster.as_ref().unwrap_or(&context.cluster);
    let cluster = all.clusters.iter().find(|cluster| &cluster.name == cluster_name);
    if cluster.is_none()
        && (options.cluster.is_some() || !cluster_name.is_empty() && options.server.is_none())
    {
        return Err(missing("cluster", cluster_name));
    }
    let cluster = with_server_flags(
        cluster
            .and_then(|cluster| cluster.cluster.clone())
            .unwrap_or_default(),
        options,
    );
    if cluster.server.as_deref().unwrap_or_default().is_empty() {
        return Err(Error::NoServer);
    }

    let user_name = options
        .user
        .as_ref()
        .or(context.user.as_ref())
        .cloned()
        .unwrap_or_default();
    let user = all.auth_infos.iter().find(|user| user.name == user_name);
    if user.is_none() && !user_name.is_empty() {
        return Err(missing("user", &user_name));
    }
    let user = with_user_flags(
        user.and_then(|user| user.auth_info.clone()).unwrap_or_default(),
        options,
    )?;

    let name = "chosen".to_owned();
    Ok(Kubeconfig {
        clusters: vec![NamedCluster {
            name: name.clone(),
            cluster: Some(cluster),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name.clone(),
            auth_info: Some(user),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: name.clone(),
            context: Some(Context {
                cluster: name.clone(),
                user: Some(name.clone()),
                namespace: context.namespace.filter(|namespace| !namespace.is_empty()),
                ..Context::default()
            }),
            ..NamedContext::default()
        }],
        current_context: Some(name),
        ..Kubeconfig::default()
    })
}

fn with_server_flags(mut cluster: ClusterInfo, options: &ConnectOptions) -> ClusterInfo {
    if let Some(server) = &options.server {
        // kubectl takes a bare host for http.
        let has_scheme = server.contains("://");
        cluster.server = Some(if has_scheme {
            server.clone()
        } else {
            format!("http://{server}")
        });
        // The kubeconfig's name belongs to the kubeconfig's server.
        cluster.tls_server_name = None;
    }
    if let Some(name) = &options.tls_server_name {
        cluster.tls_server_name = Some(name.clone());
    }
    if let Some(path) = &options.certificate_authority {
        cluster.certificate_authority = Some(path.clone());
        cluster.certificate_authority_data = None;
    }
    if options.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(true);
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = None;
    }
    cluster
}

fn with_user_flags(mut user: AuthInfo, options: &ConnectOptions) -> Result<AuthInfo, Error> {
    if let Some(token) = &options.token {
        user.token = Some(token.clone().into());
        user.token_file = None;
        user.exec = None;
        user.auth_provider = None;
        user.username = None;
        user.password = None;
    }
    if let Some(path) = &options.client_certificate {
        user.client_certificate = Some(path.clone());
        user.client_certificate_data = None;
    }
    if let Some(path) = &options.client_key {
        user.client_key = Some(path.clone());
        user.client_key_data = None;
    }
    if let Some(name) = &options.as_user {
        user.impersonate = Some(name.clone());
    }
    if !options.as_groups.is_empty() {
        user.impersonate_groups = Some(options.as_groups.clone());
    }
    if let Some(uid) = &options.as_uid {
        user.impersonate_uid = Some(uid.clone());
    }
    let acts_as_somebody = user.impersonate.as_ref().is_some_and(|name| !name.is_empty());
    if !acts_as_somebody && (user.impersonate_groups.is_some() || user.impersonate_uid.is_some()) {
        return Err(Error::ActingAsNobody);
    }
    Ok(user)
}
