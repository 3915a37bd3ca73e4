//! Whether the Tomcat in a base serves a WAR. By the image's name the plugin knows it already; the
//! official images, and all that are made from them, say it in their env too.

use super::{Ground, failure};
use crate::{
    error::Result,
    model::{BuildRequest, ServletApi},
    oci::Reference,
};

/// <https://github.com/docker-library/tomcat/blob/master/Dockerfile.template>
const VERSION: &str = "TOMCAT_VERSION=";
/// The first that serves `jakarta.servlet`, and no longer `javax.servlet`.
const FIRST_JAKARTA: u32 = 10;

/// Refuses a base whose Tomcat would start a WAR, log no error, and answer 404.
///
/// # Errors
/// A [`crate::error::Failure`] that says which Tomcat it is.
pub(super) fn ensure_it_serves(ground: &Ground, request: &BuildRequest, base: &Reference) -> Result<()> {
    let (Some(wanted), Some(version)) = (request.servlet_api, version(&ground.config)) else {
        return Ok(());
    };
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    let serves = match major {
        None => return Ok(()),
        Some(major) if major < FIRST_JAKARTA => ServletApi::Javax,
        Some(_) => ServletApi::Jakarta,
    };
    if serves == wanted {
        return Ok(());
    }
    Err(failure::unusable(base)
        .why(format!(
            "it is Tomcat {version}, which serves {serves} only, and the WAR needs {wanted}: the app would start, \
             log no error, and answer 404"
        ))
        .next("leave it to us, `--base default`, or name a base with another Tomcat")
        .anchor("wrong-servlet-api"))
}

fn version(config: &serde_json::Value) -> Option<&str> {
    let env = config["config"]["Env"].as_array()?;
    env.iter()
        .filter_map(|line| line.as_str())
        .find_map(|line| line.strip_prefix(VERSION))
}
