//! The logins of whoever sits at this machine, wherever the tools that they use keep them.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    error::{Failure, Result},
    registry::{Credentials, DockerConfig, HelperError},
};

/// Files of logins; the first that has one for a registry is asked.
pub(super) struct Logins(Vec<DockerConfig>);

impl Logins {
    /// Reads the file that `REGISTRY_AUTH_FILE` names, Docker's, and podman's, as skopeo looks for them.
    pub(super) fn of_this_machine() -> Result<Self> {
        let path = |name: &str| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = env::home_dir();
        let in_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let docker = path("DOCKER_CONFIG").or_else(|| in_home(".docker"));
        let places = [
            path("REGISTRY_AUTH_FILE"),
            docker.map(|folder| folder.join("config.json")),
            path("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
            in_home(".config/containers/auth.json"),
        ];
        let read = |place: PathBuf| DockerConfig::read(&place).map_err(|error| unreadable(&place, error));
        places
            .into_iter()
            .flatten()
            .map(read)
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Returns the login for a repository.
    pub(super) async fn find(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credentials>, HelperError> {
        for file in &self.0 {
            if let Some(login) = file.find(registry, repository).await? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

fn unreadable(file: &Path, error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(format!("could not read the logins in `{}`", file.display()))
        .because(error)
        .next("mend the file, or point `DOCKER_CONFIG` or `REGISTRY_AUTH_FILE` at another")
        .anchor("docker-config")
}
