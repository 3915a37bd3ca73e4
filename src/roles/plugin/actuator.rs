//! Whether an artifact answers on Spring Boot's liveness and readiness groups, as far as its file
//! tells. Where in doubt it does not: a probe that asks in the wrong place stops every rollout.

use crate::model::{Artifact, ArtifactKind, JarLayout};

/// The groups came with this version:
/// <https://spring.io/blog/2020/03/25/liveness-and-readiness-probes-with-spring-boot>.
const FIRST: (u32, u32) = (2, 3);

/// Whether the app answers.
pub(super) fn answers(artifact: &Artifact) -> bool {
    let ArtifactKind::Jar(jar) = &artifact.kind else {
        return false;
    };
    let JarLayout::SpringBoot {
        version: Some(version),
        ..
    } = &jar.layout
    else {
        return false;
    };
    let names = artifact.entries.iter().map(|entry| &*entry.name);
    let libraries: Vec<&str> = names
        .filter_map(|name| name.strip_prefix("BOOT-INF/lib/"))
        .collect();
    is_sure(version, &libraries)
}

fn is_sure(version: &str, libraries: &[&str]) -> bool {
    let has = |library: &str| {
        libraries.iter().any(|name| {
            let of_version = name.strip_prefix(library).and_then(|rest| rest.strip_prefix('-'));
            of_version.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    is_new_enough(version)
        && has("spring-boot-actuator-autoconfigure")
        // Other servers have endpoints of their own making, or none.
        && (has("spring-webmvc") || has("spring-webflux"))
        // A filter chain may answer 401.
        && !has("spring-security-web")
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= FIRST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_sure_counts() {
        let actuator = "spring-boot-actuator-autoconfigure-3.4.1.jar";
        let web = "spring-webmvc-6.2.1.jar";
        assert!(is_sure("3.4.1", &[actuator, web]));
        assert!(is_sure("2.3.0.RELEASE", &[actuator, web]));
        for (version, libraries) in [
            ("2.2.9.RELEASE", &[actuator, web][..]),
            ("3.4.1", &[actuator]),
            ("3.4.1", &["spring-boot-actuator-3.4.1.jar", web]),
            ("3.4.1", &[actuator, web, "spring-security-web-6.4.2.jar"]),
            ("x", &[actuator, web]),
        ] {
            assert!(!is_sure(version, libraries), "{version} {libraries:?}");
        }
    }
}
