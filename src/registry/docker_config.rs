//! The logins of this machine's user: what `docker login` and `crane auth login` left in Docker's
//! `config.json`, what podman and skopeo left in their `auth.json`, which has the same form, or in the
//! helpers that these name: <https://github.com/containers/image/blob/v5.36.2/docs/containers-auth.json.5.md>.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::Deserialize;

use super::{
    Credentials, CredentialsError, HelperError, Keychain, credential_helper::get, keychain::canonical_host,
};

/// Docker's `config.json`.
#[derive(Clone, Debug, Default)]
pub struct DockerConfig {
    keychain: Keychain,
    helpers: Helpers,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Helpers {
    /// The helper for everything.
    creds_store: Option<String>,
    /// The helpers for single registries.
    cred_helpers: BTreeMap<String, String>,
}

impl DockerConfig {
    /// Reads a `config.json` or `auth.json`; one that is not there holds no login.
    ///
    /// # Errors
    /// A file that cannot be read, or is not what it should be.
    pub fn read(file: &Path) -> Result<Self, CredentialsError> {
        let json = match fs::read(file) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(CredentialsError::Unreadable("the file", error.kind())),
        };
        let keychain = Keychain::from_docker_config(&json)?;
        let helpers = serde_json::from_slice(&json).map_err(|error| CredentialsError::Json {
            line: error.line(),
            column: error.column(),
        })?;
        Ok(Self { keychain, helpers })
    }

    /// Returns the login for a repository: from the registry's own helper, else from the file, else
    /// from the helper for everything.
    ///
    /// # Errors
    /// A helper that is named and does not answer.
    pub async fn find(&self, registry: &str, repository: &str) -> Result<Option<Credentials>, HelperError> {
        // The one registry that Docker keeps under another name.
        let server = match canonical_host(registry) {
            "docker.io" => "https://index.docker.io/v1/",
            _ => registry,
        };
        let named = [registry, server]
            .iter()
            .find_map(|name| self.helpers.cred_helpers.get(*name));
        if let Some(helper) = named {
            return get(helper, server).await;
        }
        if let Some(login) = self.keychain.find(registry, repository) {
            return Ok(Some(login));
        }
        match &self.helpers.creds_store {
            Some(helper) if !helper.is_empty() => get(helper, server).await,
            _ => Ok(None),
        }
    }
}
