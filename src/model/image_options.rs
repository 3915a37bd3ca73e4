//! What the person said of the image. Kept in the build record, so that the next build knows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ExposedPort;
use crate::oci::{Compression, Platform};

/// What was said of the image; `None` and empty is what was left to us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageOptions {
    /// Base image, a name of the catalogue, or `scratch`.
    pub base: Option<String>,
    /// Ports that the app listens on.
    pub ports: Vec<ExposedPort>,
    /// Env of the image.
    pub env: BTreeMap<String, String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Options for the JVM, beside our defaults.
    pub jvm_options: Option<String>,
    /// Where a web app answers.
    pub context_path: Option<String>,
    /// Secret that pushed it, and pushes the next one where nobody names another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_secret: Option<String>,
    /// Secret that the base is pulled with, where it is not the push Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
    /// Whether Tomcat 10 or later converts a WAR for `javax.servlet` when it starts.
    pub convert_javax: bool,
    /// Platform to build for.
    pub platform: Option<Platform>,
    /// Whether the base is a source-to-image one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s2i: Option<bool>,
    /// How the layers are compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
}
