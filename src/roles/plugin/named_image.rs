//! An image that gets the push Secret, and who named it. The namespace's configuration alone does not decide that:
//! whoever may write a `ConfigMap` would read the Secret by it.

use serde::Deserialize;

use super::{bootstrap, builder_image, dialogue::Dialogue, trusted::Subject};
use crate::{
    cluster::{Cluster, configuration},
    error::{Failure, Result},
    model::quoted,
    oci::{Digest, Reference},
};

/// An image, and whether nobody but the namespace's configuration names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(super) struct NamedImage {
    pub image: String,
    by_namespace: bool,
}

impl From<String> for NamedImage {
    fn from(image: String) -> Self {
        Self {
            image,
            by_namespace: false,
        }
    }
}

/// What an image is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Builder,
    Bootstrap,
}

impl Purpose {
    fn key(self) -> &'static str {
        match self {
            Self::Builder => "builderImage",
            Self::Bootstrap => "bootstrapImage",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Builder => "builder image",
            Self::Bootstrap => "bootstrap image",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Builder => "B2I_BUILDER_IMAGE",
            Self::Bootstrap => "B2I_BOOTSTRAP_IMAGE",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Builder => "--builder-image",
            Self::Bootstrap => "--bootstrap-image",
        }
    }

    /// Whether an image is one that this plugin would use by itself.
    async fn is_our_own(self, image: &Reference) -> Result<bool> {
        match self {
            Self::Builder => builder_image::is_own(image).await,
            Self::Bootstrap => Ok(bootstrap::IMAGE.parse().is_ok_and(|own: Reference| own == *image)),
        }
    }
}

impl NamedImage {
    /// Returns the image that a flag names, else the one of the configuration.
    pub(super) fn choose(flag: Option<&String>, configured: Option<&Self>) -> Option<Self> {
        flag.cloned().map(Self::from).or_else(|| configured.cloned())
    }

    /// The same image, as one that the namespace's configuration names.
    pub(super) fn by_namespace(self) -> Self {
        Self {
            by_namespace: true,
            ..self
        }
    }

    /// Returns the image if it may get the push Secret: the user named it or trusted it before, or it is this
    /// plugin's own. At a terminal the user is asked.
    ///
    /// # Errors
    /// A usage failure where the user does not trust it, or cannot be asked.
    pub(super) async fn trusted(
        &self,
        purpose: Purpose,
        cluster: &Cluster,
        push_secret: &str,
        dialogue: &Dialogue,
    ) -> Result<&str> {
        if !self.by_namespace {
            return Ok(&self.image);
        }
        // Only what is a reference is shown and may be pasted.
        let image: Reference = self.image.parse().map_err(|error| {
            let why = format!(
                "`{}` of the ConfigMap `{}` is no image: {error}",
                purpose.key(),
                configuration::NAME
            );
            refused(purpose, cluster, why).next(format!("name one yourself: `{} IMAGE`", purpose.flag()))
        })?;
        let (subject, content) = self.entry(purpose, cluster);
        if subject.is_trusted(&content) || purpose.is_our_own(&image).await? {
            return Ok(&self.image);
        }
        let names = format!(
            "only the ConfigMap `{}` of the namespace `{}` names the {} `{}`, and it would get the push Secret \
             `{push_secret}`",
            configuration::NAME,
            cluster.namespace,
            purpose.words(),
            self.image,
        );
        let why = match dialogue.confirm(names.clone(), "Trust this image?").await {
            Some(true) => {
                self.remember(purpose, cluster, dialogue);
                return Ok(&self.image);
            }
            Some(false) => format!("you did not trust it: {names}"),
            None => names,
        };
        Err(refused(purpose, cluster, why)
            .next(format!(
                "if you trust it, name it yourself by `{}`, or:",
                purpose.flag()
            ))
            .command(format!("export {}={}", purpose.variable(), quoted(&self.image))))
    }

    /// Remembers that the user trusts it in this namespace.
    pub(super) fn remember(&self, purpose: Purpose, cluster: &Cluster, dialogue: &Dialogue) {
        let (subject, content) = self.entry(purpose, cluster);
        if let Err(error) = subject.remember(&content) {
            dialogue.warn(format!("this is not remembered: {error}"));
        }
    }

    fn entry(&self, purpose: Purpose, cluster: &Cluster) -> (Subject, Digest) {
        (
            Subject::of_namespace(&cluster.server, &cluster.namespace, purpose.key()),
            Digest::of(self.image.as_bytes()),
        )
    }
}

fn refused(purpose: Purpose, cluster: &Cluster, why: String) -> Failure {
    Failure::usage(format!(
        "could not use the {} of the namespace `{}`",
        purpose.words(),
        cluster.namespace
    ))
    .why(why)
    .anchor("namespace-image-trust")
}
