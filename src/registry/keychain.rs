//! Logins of registries, as Docker's config file and Kubernetes' Secrets hold them, found for an
//! image by the kubelet's rules, so that what we push with is what the Pods will pull with:
//! <https://kubernetes.io/docs/concepts/containers/images/#config-json>.

use std::{collections::BTreeMap, fs, io, path::Path};

use base64::{Engine, engine::general_purpose};
use serde::Deserialize;

use super::{Credentials, CredentialsError};

/// The key that holds the logins, for each type of docker-registry Secret, the usual one first.
const KEYS: [(&str, &str); 2] = [
    ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
    ("kubernetes.io/dockercfg", ".dockercfg"),
];

/// Logins, each for a registry or a part of one.
#[derive(Clone, Debug, Default)]
pub struct Keychain {
    /// In the kubelet's order: backwards by text, so that longer paths come before shorter ones.
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// Host and port; labels may hold `*` and `?`.
    host: String,
    /// Path that the image's must begin with, with its slash; or empty.
    path: String,
    credentials: Credentials,
}

#[derive(Deserialize)]
struct RawEntry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl Keychain {
    /// Reads Docker's `config.json`, or the older `.dockercfg`, which is its `auths` alone.
    ///
    /// # Errors
    /// Not JSON of that shape, or an `auth` that is not base64 of `user:password`.
    pub fn from_docker_config(json: &[u8]) -> Result<Self, CredentialsError> {
        #[derive(Deserialize)]
        struct Config {
            auths: Option<BTreeMap<String, RawEntry>>,
        }
        let wrong = |error: &serde_json::Error| CredentialsError::Json {
            line: error.line(),
            column: error.column(),
        };
        let config: Config = serde_json::from_slice(json).map_err(|error| wrong(&error))?;
        let auths = match config.auths {
            Some(auths) => auths,
            None if has_newer_key(json) => BTreeMap::new(),
            None => serde_json::from_slice(json).map_err(|error| wrong(&error))?,
        };
        let mut entries = Vec::new();
        for (key, raw) in auths {
            if let Some(credentials) = raw.credentials(&key)? {
                let (host, path) = split_key(&key);
                entries.push(Entry {
                    host,
                    path,
                    credentials,
                });
            }
        }
        entries.sort_by(|a, b| (&b.host, &b.path).cmp(&(&a.host, &a.path)));
        Ok(Self { entries })
    }

    /// Reads the data of a Secret of type `kubernetes.io/dockerconfigjson` or
    /// `kubernetes.io/dockercfg`.
    ///
    /// # Errors
    /// Another type, a missing key, or what [`Self::from_docker_config`] says.
    pub fn from_secret(type_: &str, data: &BTreeMap<String, Vec<u8>>) -> Result<Self, CredentialsError> {
        let Some((_, key)) = KEYS.into_iter().find(|(of_type, _)| *of_type == type_) else {
            return Err(CredentialsError::SecretType(type_.to_owned()));
        };
        let json = data.get(key).ok_or(CredentialsError::MissingKey(key))?;
        Self::from_docker_config(json)
    }

    /// Reads a Secret that is mounted in a folder; a key that is not there holds no login, and the
    /// registry then says whether it wants one.
    ///
    /// # Errors
    /// What [`Self::from_docker_config`] says, and files that cannot be read.
    pub fn from_mounted_secret(folder: &Path) -> Result<Self, CredentialsError> {
        for (_, key) in KEYS {
            match fs::read(folder.join(key)) {
                Ok(json) => return Self::from_docker_config(&json),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(CredentialsError::Unreadable(key, error.kind())),
            }
        }
        Ok(Self::default())
    }

    /// Returns the login for a repository (`docker.io`, `library/alpine`).
    #[must_use]
    pub fn find(&self, registry: &str, repository: &str) -> Option<Credentials> {
        let registry = canonical_host(registry);
        let path = format!("/{repository}");
        self.entries
            .iter()
            .find(|entry| host_matches(&entry.host, registry) && path.starts_with(&entry.path))
            .map(|entry| entry.credentials.clone())
    }

    /// Returns the hosts (patterns, maybe) that there are logins for, without paths.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = self.entries.iter().map(|entry| entry.host.clone()).collect();
        hosts.dedup();
        hosts
    }

    /// Returns each login's place (host and path) and its user, where it has one.
    pub fn logins(&self) -> impl Iterator<Item = (String, Option<&str>)> {
        self.entries.iter().map(|entry| {
            let user = match &entry.credentials {
                Credentials::Basic { username, .. } => Some(username.as_str()),
                _ => None,
            };
            (format!("{}{}", entry.host, entry.path), user)
        })
    }

    /// Returns the user of the first login for a host.
    #[must_use]
    pub fn user_of(&self, host: &str) -> Option<&str> {
        let host = canonical_host(host);
        self.entries.iter().find_map(|entry| match &entry.credentials {
            Credentials::Basic { username, .. } if host_matches(&entry.host, host) => Some(username.as_str()),
            _ => None,
        })
    }
}

/// Whether a config without `auths` is the newer form all the same: `{"credsStore": "desktop"}`.
fn has_newer_key(json: &[u8]) -> bool {
    let fields: serde_json::Map<_, _> = serde_json::from_slice(json).unwrap_or_default();
    ["credsStore", "credHelpers", "HttpHeaders"]
        .iter()
        .any(|key| fields.contains_key(*key))
}

impl RawEntry {
    /// The login of one entry; `None` where it only says that there is one elsewhere (a
    /// credential store).
    fn credentials(self, key: &str) -> Result<Option<Credentials>, CredentialsError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(token) = given(self.identitytoken) {
            return Ok(Some(Credentials::IdentityToken(token)));
        }
        if let Some(token) = given(self.registrytoken) {
            return Ok(Some(Credentials::RegistryToken(token)));
        }
        if let Some(auth) = given(self.auth) {
            let wrong = || CredentialsError::Auth { host: key.to_owned() };
            let (username, password) = decode_auth(&auth).ok_or_else(wrong)?;
            return Ok(Some(Credentials::Basic { username, password }));
        }
        Ok(match (given(self.username), given(self.password)) {
            (Some(username), Some(password)) => Some(Credentials::Basic { username, password }),
            _ => None,
        })
    }
}

fn decode_auth(auth: &str) -> Option<(String, String)> {
    let auth = auth.trim_end_matches('=');
    let text = general_purpose::STANDARD_NO_PAD.decode(auth).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (username, password) = text.split_once(':')?;
    // Old Docker versions padded the password with NULs, and Docker still strips them.
    Some((username.to_owned(), password.trim_matches('\0').to_owned()))
}

/// `https://index.docker.io/v1/` → `docker.io` and no path; `gcr.io/project` → `gcr.io` and
/// `/project`.
fn split_key(key: &str) -> (String, String) {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let (host, path) = key.find('/').map_or((key, ""), |at| key.split_at(at));
    let path = ["/v1/", "/v2/"]
        .iter()
        .find_map(|api| path.strip_prefix(api))
        .map_or(path.to_owned(), |rest| format!("/{rest}"));
    let path = if path == "/" { String::new() } else { path };
    (canonical_host(host).to_owned(), path)
}

/// Docker Hub's names are one registry.
pub(super) fn canonical_host(host: &str) -> &str {
    match host {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker.io",
        other => other,
    }
}

/// Label by label, so that `*.io` is not `a.b.io`; ports must be equal.
fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, pattern_port) = split_port(pattern);
    let (host, port) = split_port(host);
    pattern_port == port
        && pattern.split('.').count() == host.split('.').count()
        && pattern
            .split('.')
            .zip(host.split('.'))
            .all(|(pattern, label)| glob_matches(pattern.as_bytes(), label.as_bytes()))
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    // An IPv6 address stands in brackets, and has colons of its own.
    host.rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'))
        .map_or((host, None), |(name, port)| (name, Some(port)))
}

fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            glob_matches(rest, text) || !text.is_empty() && glob_matches(pattern, &text[1..])
        }
        ([b'?', rest @ ..], [_, tail @ ..]) => glob_matches(rest, tail),
        ([p, rest @ ..], [t, tail @ ..]) => p.eq_ignore_ascii_case(t) && glob_matches(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(keychain: &Keychain, registry: &str, repository: &str) -> Option<String> {
        match keychain.find(registry, repository)? {
            Credentials::Basic { username, .. } => Some(username),
            Credentials::IdentityToken(_) | Credentials::RegistryToken(_) => Some("<token>".to_owned()),
        }
    }

    fn keychain(keys: &[&str]) -> Keychain {
        let auths: BTreeMap<_, _> = keys
            .iter()
            .map(|key| (*key, serde_json::json!({"username": key, "password": "p"})))
            .collect();
        let json = serde_json::json!({ "auths": auths }).to_string();
        Keychain::from_docker_config(json.as_bytes()).expect("a config")
    }

    #[test]
    fn the_kubelets_rules() {
        let keys = [
            "https://index.docker.io/v1/",
            "gcr.io",
            "gcr.io/project",
            "gcr.io/project/deep",
            "*.example.com",
            "a?.example.com:5000",
            "https://plain.example/v2/",
            "[fd00::1]",
            "[fd00::2]:5000",
        ];
        let keychain = keychain(&keys);
        for (registry, repository, expected) in [
            ("docker.io", "library/alpine", Some(keys[0])),
            ("gcr.io", "other/x", Some("gcr.io")),
            ("gcr.io", "project/x", Some("gcr.io/project")),
            ("gcr.io", "project/deep/x", Some("gcr.io/project/deep")),
            ("r.example.com", "x", Some("*.example.com")),
            ("a.r.example.com", "x", None),
            ("ab.example.com:5000", "x", Some("a?.example.com:5000")),
            ("ab.example.com:5001", "x", None),
            ("plain.example", "x", Some("https://plain.example/v2/")),
            ("elsewhere.example", "x", None),
            ("[fd00::1]", "x", Some("[fd00::1]")),
            ("[fd00::1]:5000", "x", None),
            ("[fd00::2]:5000", "x", Some("[fd00::2]:5000")),
        ] {
            let found = user(&keychain, registry, repository);
            assert_eq!(found.as_deref(), expected, "{registry}/{repository}");
        }
        assert_eq!(keychain.user_of("index.docker.io"), Some(keys[0]));
        assert!(keychain.hosts().contains(&"docker.io".to_owned()));
    }

    #[test]
    fn each_form_of_a_login() {
        let auth = general_purpose::STANDARD.encode("ann:pass:word\0\0");
        let json = format!(
            r#"{{"auths":{{"a":{{"auth":"{auth}"}},"b":{{"username":"bob","password":"p"}},
                "c":{{"identitytoken":"t","auth":"{auth}"}},"d":{{}},"e":{{"registrytoken":"r"}}}},"credsStore":"desktop"}}"#
        );
        let keychain = Keychain::from_docker_config(json.as_bytes()).expect("a config");
        let ann = Credentials::Basic {
            username: "ann".into(),
            password: "pass:word".into(),
        };
        assert_eq!(keychain.find("a", "x"), Some(ann));
        assert_eq!(user(&keychain, "b", "x").as_deref(), Some("bob"));
        assert_eq!(
            keychain.find("c", "x"),
            Some(Credentials::IdentityToken("t".into()))
        );
        assert_eq!(keychain.find("d", "x"), None);
        assert_eq!(
            keychain.find("e", "x"),
            Some(Credentials::RegistryToken("r".into()))
        );
    }

    #[test]
    fn secrets_of_both_types() {
        let legacy = br#"{"r.example":{"username":"u","password":"p"}}"#.to_vec();
        let data = BTreeMap::from([(".dockercfg".to_owned(), legacy)]);
        let keychain = Keychain::from_secret("kubernetes.io/dockercfg", &data).expect("a Secret");
        assert_eq!(keychain.hosts(), ["r.example"]);
        assert_eq!(
            Keychain::from_secret("kubernetes.io/dockerconfigjson", &data).err(),
            Some(CredentialsError::MissingKey(".dockerconfigjson"))
        );
        assert!(matches!(
            Keychain::from_secret("Opaque", &data),
            Err(CredentialsError::SecretType(_))
        ));
    }

    #[test]
    fn a_mounted_secret_may_be_of_either_type() {
        let login = Credentials::Basic {
            username: "ann".to_owned(),
            password: "s3cret".to_owned(),
        };
        for (key, json) in [
            (
                ".dockerconfigjson",
                r#"{"auths":{"r.example":{"username":"ann","password":"s3cret"}}}"#,
            ),
            (
                ".dockercfg",
                r#"{"r.example":{"username":"ann","password":"s3cret"}}"#,
            ),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            fs::write(folder.path().join(key), json).expect("written");
            let keychain = Keychain::from_mounted_secret(folder.path()).expect("readable");
            assert!(
                keychain.find("r.example", "team/shop") == Some(login.clone()),
                "{key}"
            );
        }
        let empty = tempfile::tempdir().expect("a folder");
        assert!(
            Keychain::from_mounted_secret(empty.path())
                .expect("no login")
                .hosts()
                .is_empty()
        );
    }

    #[test]
    fn no_secret_in_any_text() {
        let secret = Credentials::Basic {
            username: "u".into(),
            password: "s3cret".into(),
        };
        assert!(!format!("{secret:?}").contains("s3cret"));
        for json in [
            r#"{"auths":{"h":{"auth":"czNjcmV0"}}}"#,
            r#"{"auths":{"h":{"auth":["s3cret"]}}}"#,
        ] {
            let error = Keychain::from_docker_config(json.as_bytes()).expect_err(json);
            let text = format!("{error} {error:?}");
            assert!(!text.contains("s3cret") && !text.contains("czNj"), "{text}");
        }
        let empty = Keychain::from_docker_config(br#"{"credsStore":"desktop"}"#).expect("a config");
        assert_eq!(empty.hosts(), Vec::<String>::new());
    }
}
