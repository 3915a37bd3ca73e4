//! Where a person said that the image goes. Docker's short form names no registry and means Docker Hub, which is not
//! what somebody meant whose push Secret only opens another registry.

use std::str::FromStr;

use super::{
    options::Site,
    push_secret::{in_words, log_in},
};
use crate::{
    error::{Failure, Result},
    oci::Reference,
    registry::Keychain,
};

/// Where the image goes.
#[derive(Clone, Debug)]
pub(crate) struct GivenImage {
    /// In full.
    pub(super) reference: Reference,
    /// As it was typed.
    text: String,
}

impl FromStr for GivenImage {
    type Err = <Reference as FromStr>::Err;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self {
            reference: text.parse()?,
            text: text.to_owned(),
        })
    }
}

impl GivenImage {
    /// Returns the image that was meant: at a terminal the user is asked whether it is in the only registry that the
    /// push Secret opens, where none was named.
    ///
    /// # Errors
    /// A usage failure where Docker Hub cannot be meant, and the user did not say which registry is.
    pub(super) async fn meant(self, site: &Site, keychain: &Keychain) -> Result<Self> {
        let Some(likely) = self.in_only_registry(keychain) else {
            return Ok(self);
        };
        let why = format!(
            "`{}` names no registry, so it is Docker Hub's `{}`, and the push Secret `{}` has an entry only for {}",
            self.text,
            self.reference,
            site.push_secret,
            in_words(&keychain.hosts())
        );
        let question = format!("Did you mean `{}`?", likely.text);
        if site.dialogue.confirm(why.clone(), &question).await == Some(true) {
            return Ok(likely);
        }
        let namespace = &site.cluster.namespace;
        Err(
            Failure::usage(format!("could not push to `{}`", self.reference.name()))
                .why(why)
                .next(format!(
                    "did you mean `{}`? If so, name the registry; to push to Docker Hub, log in to it:",
                    likely.text
                ))
                .again(format!("--image {}", likely.text))
                .command(log_in("docker.io", Some(&site.push_secret), namespace))
                .anchor("default-image"),
        )
    }

    /// Returns the same image in the only registry that there is a login for; `None` where one was named, Docker Hub has
    /// a login, or several others have.
    fn in_only_registry(&self, keychain: &Keychain) -> Option<Self> {
        let hosts = keychain.hosts();
        let [host] = &hosts[..] else { return None };
        let whole: Self = format!("{host}/{}", self.text).parse().ok()?;
        let opens = |image: &Reference| keychain.find(&image.registry, &image.repository).is_some();
        let is_short = self.reference.registry == "docker.io" && !self.text.contains("docker.io/");
        (is_short && !opens(&self.reference) && opens(&whole.reference)).then_some(whole)
    }
}
