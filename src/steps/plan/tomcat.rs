//! Whether a base image is Tomcat, and which: a WAR in the wrong one starts, logs no error, and
//! answers 404.

use super::Options;
use crate::{
    error::Failure,
    model::{Artifact, Base, ServletApi, WarFacts},
};

/// The first Tomcat that serves `jakarta.servlet`, and no longer `javax.servlet`.
const FIRST_JAKARTA: u32 = 10;

/// What an image's name says of Tomcat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tomcat {
    /// Its major version; `None` where the name does not tell.
    pub(super) major: Option<u32>,
}

impl Tomcat {
    /// Reads an image's name: `tomcat:9.0-jre17`, `registry.example.com/team/tomcat-10.1`,
    /// `tomcat85:1.4`. `None` for what does not call itself Tomcat.
    pub(super) fn of(base: &Base) -> Option<Self> {
        let Base::Image(image) = base else {
            return None;
        };
        let name = image.repository.rsplit('/').next().unwrap_or_default();
        let (_, rest) = name.split_once("tomcat")?;
        let tag = image.tag.as_deref().unwrap_or_default();
        // `tomcat-jre17` tells nothing of Tomcat, and its tag is of Tomcat no more than of the JRE.
        let version = if rest.is_empty() {
            tag
        } else {
            rest.trim_start_matches(['-', '_'])
        };
        Some(Self {
            major: major(version),
        })
    }

    /// Which API it serves, where its name tells.
    fn api(self) -> Option<ServletApi> {
        self.major.map(|major| {
            if major < FIRST_JAKARTA {
                ServletApi::Javax
            } else {
                ServletApi::Jakarta
            }
        })
    }
}

/// Reads `9`, `9.0-jre17`, `10.1`, `85`, `v11`. `None` for what was never a Tomcat.
fn major(version: &str) -> Option<u32> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    let digits = &version[..end];
    // In names the point is left out: 85 is 8.5, 101 is 10.1.
    let number = match (digits.len(), digits.starts_with('1')) {
        (3.., true) => &digits[..2],
        (2, false) => &digits[..1],
        _ => digits,
    };
    number.parse().ok().filter(|major| (5..=19).contains(major))
}

/// Refuses a base that serves the other API than the WAR's.
///
/// # Errors
/// A [`Failure`] that names the right base.
pub(super) fn ensure_it_serves(
    artifact: &Artifact,
    war: &WarFacts,
    options: &Options,
    base: &Base,
) -> Result<(), Failure> {
    let Some(tomcat) = Tomcat::of(base) else {
        // A name that we do not know is the person's own business.
        return Ok(());
    };
    let (Some(serves), Some(major)) = (tomcat.api(), tomcat.major) else {
        return Ok(());
    };
    let wants = if options.convert_javax {
        ServletApi::Jakarta
    } else {
        war.servlet_api
    };
    if serves == wants {
        return Ok(());
    }
    let Base::Image(image) = base else {
        return Ok(());
    };
    let right = options.catalogue.base(artifact, None, options.convert_javax)?;
    let right = match &right.base {
        Base::Image(image) => image.to_string(),
        Base::Scratch => "scratch".to_owned(),
    };
    let failure = Failure::usage(format!(
        "could not use `{image}` as base image for `{}`",
        artifact.file_name
    ));
    if options.convert_javax && war.servlet_api == ServletApi::Javax {
        return Err(failure
            .why(format!(
                "Tomcat {major} does not convert WARs: Tomcat 10 was the first that does"
            ))
            .next(format!(
                "take `--base {right}`, or leave the WAR as it is: `--convert-javax=false`"
            ))
            .anchor("wrong-servlet-api"));
    }
    let or_convert = match war.servlet_api {
        ServletApi::Javax => "; or have Tomcat convert the WAR when it starts: `--convert-javax`",
        ServletApi::Jakarta => "",
    };
    Err(failure
        .why(format!(
            "it is a WAR for {}, and Tomcat {major} serves {serves} only: the app would start, log no error, and answer 404",
            war.servlet_api
        ))
        .next(format!(
            "take the one that fits, `--base {right}`; `--base default` always does{or_convert}"
        ))
        .anchor("wrong-servlet-api"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_tell() {
        for (name, expected) in [
            ("tomcat:9", Some(Some(9))),
            ("tomcat:9.0-jre17", Some(Some(9))),
            ("tomcat:8.5.100-jdk8", Some(Some(8))),
            ("tomcat:10.1-jre17-temurin", Some(Some(10))),
            (
                "registry.example.com:5000/mirror/library/tomcat:11",
                Some(Some(11)),
            ),
            ("registry.example.com/tomcat85-java8-centos7:v3.2", Some(Some(8))),
            ("team/tomcat-10.1:2024", Some(Some(10))),
            ("team/tomcat101:1", Some(Some(10))),
            ("team/our-tomcat9:1", Some(Some(9))),
            // It is Tomcat, but which?
            ("tomcat", Some(None)),
            ("tomcat:latest", Some(None)),
            ("tomcat:jre17", Some(None)),
            ("team/tomcat:1.4", Some(None)),
            ("team/tomcat:2024", Some(None)),
            ("team/tomcat-jre17:9", Some(None)),
            ("jetty:12", None),
            ("tomcat.example.com/base:9", None),
        ] {
            let base = Base::Image(name.parse().expect(name));
            assert_eq!(Tomcat::of(&base).map(|tomcat| tomcat.major), expected, "{name}");
        }
        assert_eq!(Tomcat::of(&Base::Scratch), None);
    }
}
