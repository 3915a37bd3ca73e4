//! The login of a registry of our own, which nobody has to know.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, PostParams};

use super::{WHAT, is_ours, refused, taken};
use crate::{
    cluster::{
        Cluster,
        objects::trial_registry::{self, NAME, USERS_KEY},
    },
    error::{Failure, Result},
    registry::{Credentials, Keychain, generate_password, htpasswd_line, with_login},
};

const USER: &str = "b2i";

/// Returns the login for `host` and its Secret's UID: of the Secret that is there, where it is for
/// that host, else of a new one.
pub(super) async fn ensure(cluster: &Cluster, host: &str) -> Result<(Credentials, String)> {
    let secrets = cluster.api::<Secret>();
    let refused = |error: kube::Error| refused(cluster, &error);
    if let Some(there) = secrets.get_opt(NAME).await.map_err(refused)? {
        let uid = there.metadata.uid.clone().unwrap_or_default();
        if let Some(login) = login_of(&there, host).filter(|_| is_ours(&there)) {
            return Ok((login, uid));
        }
        if !is_ours(&there) {
            return Err(taken(cluster, "secret"));
        }
        // Of a Service that is no more, with another node port.
        secrets
            .delete(NAME, &DeleteParams::default())
            .await
            .map_err(refused)?;
    }
    let failure = || Failure::new(WHAT).next("try again").anchor("registry-up");
    let password =
        generate_password().map_err(|_| failure().why("the system has no random bytes to give"))?;
    let users = htpasswd_line(USER, &password).map_err(|error| failure().why(error))?;
    let config = with_login(None, host, USER, &password).map_err(|error| failure().because(error))?;
    let secret = trial_registry::secret(config, users);
    let made = secrets
        .create(&PostParams::default(), &secret)
        .await
        .map_err(refused)?;
    let login = Credentials::Basic {
        username: USER.to_owned(),
        password,
    };
    Ok((login, made.metadata.uid.unwrap_or_default()))
}

fn login_of(secret: &Secret, host: &str) -> Option<Credentials> {
    let data = secret.data.as_ref()?;
    data.get(USERS_KEY)?;
    let data = data.iter().map(|(key, value)| (key.clone(), value.0.clone()));
    let keychain = Keychain::from_secret(secret.type_.as_deref()?, &data.collect()).ok()?;
    keychain.find(host, "")
}
