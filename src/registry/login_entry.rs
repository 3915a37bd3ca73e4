//! Writes a login into a Docker config, as `docker login` does.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{CredentialsError, keychain::canonical_host};

/// Returns the config with a login for a registry in it. What else it holds stays as it is; an entry
/// for the same registry is replaced, under whichever of its names it stands.
///
/// # Errors
/// A config that is no JSON object.
///
/// # Panics
/// Never.
pub fn with_login(
    config: Option<&[u8]>,
    host: &str,
    username: &str,
    password: &str,
) -> Result<Vec<u8>, CredentialsError> {
    let mut config: Map<String, Value> = match config {
        None => Map::new(),
        Some(json) => serde_json::from_slice(json).map_err(|error| CredentialsError::Json {
            line: error.line(),
            column: error.column(),
        })?,
    };
    let auths = config.entry("auths").or_insert_with(|| json!({}));
    if !auths.is_object() {
        *auths = json!({});
    }
    let auths = auths.as_object_mut().expect("just made one");
    let key = key(host);
    auths.retain(|other, _| !is_same(other, host));
    auths.insert(
        key,
        json!({
            "username": username,
            "password": password,
            "auth": STANDARD.encode(format!("{username}:{password}")),
        }),
    );
    Ok(Value::Object(config).to_string().into_bytes())
}

/// Docker Hub's key is a URL, of a version of its API that is long gone; some tools know no other.
fn key(host: &str) -> String {
    match canonical_host(host) {
        "docker.io" => "https://index.docker.io/v1/".to_owned(),
        _ => host.to_owned(),
    }
}

/// Whether an entry is for the registry as a whole.
fn is_same(entry: &str, host: &str) -> bool {
    let entry = entry.trim_start_matches("https://").trim_start_matches("http://");
    let entry = entry.trim_end_matches('/');
    let entry = entry
        .strip_suffix("/v1")
        .or(entry.strip_suffix("/v2"))
        .unwrap_or(entry);
    canonical_host(entry) == canonical_host(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_entries_and_other_keys_stay() {
        let config = br#"{"auths":{"r.example/team":{"auth":"eA=="},"https://r.example/v2/":{"auth":"eA=="},"q.example":{}},"HttpHeaders":{"a":"b"}}"#;
        let written = with_login(Some(config), "r.example", "ann", "s3cret").expect("JSON");
        let written: Value = serde_json::from_slice(&written).expect("own output");
        let hosts: Vec<_> = written["auths"].as_object().expect("entries").keys().collect();
        assert_eq!(hosts, ["r.example/team", "q.example", "r.example"]);
        assert_eq!(written["HttpHeaders"]["a"], "b");
        assert_eq!(
            written["auths"]["r.example"]["auth"],
            STANDARD.encode("ann:s3cret")
        );
    }

    #[test]
    fn users_that_are_no_names_come_back_as_they_were() {
        use crate::registry::{Credentials, Keychain};
        let key = "{\n  \"type\": \"service_account\",\n  \"private_key\": \"-----BEGIN\\nx:y\"\n}";
        for (username, password) in [
            ("robot$shop+ci", "p:w"),
            ("_json_key", key),
            ("AWS", "eyJwYXlsb2FkIjoi…=="),
            ("org+robot", " spaces "),
        ] {
            let written = with_login(None, "r.example", username, password).expect("nothing to read");
            let mut config: Value = serde_json::from_slice(&written).expect("own output");
            let all = Keychain::from_docker_config(&written).expect("own output");
            // As `kubectl create secret` and others read it: from `auth` alone.
            let entry = config["auths"]["r.example"].as_object_mut().expect("an entry");
            entry.retain(|key, _| key == "auth");
            let auth = Keychain::from_docker_config(config.to_string().as_bytes()).expect("a config");
            let expected = Some(Credentials::Basic {
                username: username.to_owned(),
                password: password.to_owned(),
            });
            assert!(all.find("r.example", "team/shop") == expected, "{username}");
            assert!(auth.find("r.example", "team/shop") == expected, "{username}");
        }
    }

    #[test]
    fn docker_hub_has_one_entry() {
        let first = with_login(None, "docker.io", "ann", "a").expect("nothing to read");
        let second = with_login(Some(&first), "index.docker.io", "ann", "b").expect("own output");
        let text = String::from_utf8(second).expect("JSON");
        assert_eq!(text.matches("index.docker.io").count(), 1, "{text}");
        assert!(with_login(Some(b"[s3cret]"), "h", "u", "p").is_err());
    }
}
