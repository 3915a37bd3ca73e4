//! Where an image goes when nobody said so.

use crate::oci::Reference;

/// Registries whose first path component is an account, not a project or a team.
const ACCOUNT_REGISTRIES: [&str; 3] = ["docker.io", "ghcr.io", "quay.io"];

/// Returns the reference that an app gets by default: on Docker Hub, GHCR and Quay
/// `<host>/<user of the Secret>/<name>`, elsewhere `<host>/<Kubernetes namespace>/<name>`, since a
/// user such as `robot$p+n`, `AWS` or `_json_key` is no path. `None` where no valid reference comes
/// out of it.
pub(super) fn default(host: &str, user: Option<&str>, namespace: &str, app: &str) -> Option<Reference> {
    let owner = if ACCOUNT_REGISTRIES.contains(&host) {
        user?.to_lowercase()
    } else {
        namespace.to_owned()
    };
    format!("{host}/{owner}/{app}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_where_there_are_accounts() {
        for (host, user, expected) in [
            ("docker.io", Some("Ann"), Some("docker.io/ann/shop:latest")),
            ("ghcr.io", Some("ann"), Some("ghcr.io/ann/shop:latest")),
            ("ghcr.io", None, None),
            ("quay.io", Some("org+robot"), None),
            (
                "harbor.example.com",
                Some("robot$p+n"),
                Some("harbor.example.com/team/shop:latest"),
            ),
            ("10.0.0.1:5000", None, Some("10.0.0.1:5000/team/shop:latest")),
        ] {
            let found = default(host, user, "team", "shop").map(|reference| reference.to_string());
            assert_eq!(found.as_deref(), expected, "{host} {user:?}");
        }
    }
}
