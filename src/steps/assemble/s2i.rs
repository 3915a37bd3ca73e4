//! Source-to-image bases: <https://docs.okd.io/latest/openshift_images/create-images.html>. The base
//! starts the artifact with a `run` script of its own, which a label leads to. Only the builder sees
//! the label, and by then the layers are made: so it is checked that both were meant.

use serde_json::Value;

use super::{Ground, failure};
use crate::{
    error::{Failure, Result},
    model::{BuildRequest, ConfigChanges},
    oci::Reference,
};

const SCRIPTS_URL: &str = "io.openshift.s2i.scripts-url";
/// Which builder image made it, by source-to-image's own name.
const BUILD_IMAGE: &str = "io.openshift.s2i.build.image";
/// `KubeSphere`'s JAR and WAR images; theirs for WARs names its user only by name.
const USER: &str = "1000";

/// Returns what changes in the config of a base: what was asked for, and for source-to-image what
/// the base's labels say.
///
/// # Errors
/// The layers are made the other way.
pub(super) fn changes(ground: &Ground, request: &BuildRequest, base: &Reference) -> Result<ConfigChanges> {
    let run = &ground.config["config"];
    let changes = request.config.clone();
    match (run["Labels"][SCRIPTS_URL].as_str(), request.s2i) {
        (None, None | Some(false)) | (Some(_), Some(false)) => Ok(changes),
        (Some(_), None) => Err(failure::unusable(base)
            .why(format!(
                "it is a source-to-image base (it has the label `{SCRIPTS_URL}`), and the layers were made for a plain one"
            ))
            .next(
                "build with `--s2i`, so that its own `run` script starts the app; \
                 or with `--s2i=false` if it runs Java by itself as well",
            )
            .anchor("base-s2i")),
        (None, Some(true)) => Err(failure::unusable(base)
            .why(format!("it is no source-to-image base: it has no label `{SCRIPTS_URL}`"))
            .next("leave `--s2i` out (`--s2i=false` undoes an earlier one), or name another base with `--base IMAGE`")
            .anchor("base-not-s2i")),
        (Some(url), Some(true)) => Ok(ConfigChanges {
            cmd: Some(vec![format!("{}/run", folder(url).ok_or_else(|| elsewhere(base, url))?)]),
            user: (!is_numeric_non_root(&run["User"])).then(|| USER.to_owned()),
            labels: [(BUILD_IMAGE.to_owned(), base.to_string())]
                .into_iter()
                .chain(changes.labels)
                .collect(),
            ..changes
        }),
    }
}

/// Returns the folder in the image that a URL such as `image:///usr/local/s2i` means.
fn folder(url: &str) -> Option<&str> {
    let folder = url.strip_prefix("image://")?.trim_end_matches('/');
    folder.starts_with('/').then_some(folder)
}

fn elsewhere(base: &Reference, url: &str) -> Failure {
    failure::unusable(base)
        .why(format!(
            "its `run` script is not in the image: `{SCRIPTS_URL}` is `{url}`"
        ))
        .next("use a base whose label begins with `image://`, as those of KubeSphere and OpenShift do")
        .anchor("base-not-s2i")
}

/// The kubelet refuses names and root where a Pod says `runAsNonRoot`.
fn is_numeric_non_root(user: &Value) -> bool {
    let uid = user.as_str().and_then(|user| user.split(':').next());
    uid.and_then(|uid| uid.parse::<u32>().ok())
        .is_some_and(|uid| uid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_scripts() {
        assert_eq!(folder("image:///usr/local/s2i"), Some("/usr/local/s2i"));
        assert_eq!(folder("image:///usr/libexec/s2i/"), Some("/usr/libexec/s2i"));
        for url in [
            "https://example.com/s2i",
            "image://usr/local/s2i",
            "/usr/local/s2i",
        ] {
            assert_eq!(folder(url), None, "{url}");
        }
    }

    #[test]
    fn users_that_the_kubelet_takes() {
        for (user, expected) in [
            ("1000", true),
            ("1001:0", true),
            ("jboss", false),
            ("0", false),
            ("0:0", false),
            ("", false),
        ] {
            assert_eq!(is_numeric_non_root(&Value::from(user)), expected, "{user:?}");
        }
        assert!(!is_numeric_non_root(&Value::Null));
    }
}
