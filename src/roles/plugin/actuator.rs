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
    let has = |library: &str| {
        artifact.entries.iter().any(|entry| {
            let name = entry.name.rsplit('/').next().unwrap_or_default();
            let is_library = entry.name.starts_with("BOOT-INF/lib/");
            let of_version = name.strip_prefix(library).and_then(|rest| rest.strip_prefix('-'));
            is_library && of_version.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
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
    use std::path::PathBuf;

    use super::*;
    use crate::{
        model::{ArchiveEntry, JarFacts},
        oci::Digest,
    };

    fn boot(version: &str, libraries: &[&str]) -> Artifact {
        let entry = |library: &&str| ArchiveEntry {
            name: format!("BOOT-INF/lib/{library}"),
            index: 0,
            size_bytes: 0,
            modified_seconds: None,
            is_folder: false,
        };
        Artifact {
            file_name: "shop.jar".to_owned(),
            local_path: PathBuf::new(),
            local_modified: None,
            size_bytes: 0,
            digest: Digest::of(b""),
            kind: ArtifactKind::Jar(JarFacts {
                main_class: "L".to_owned(),
                layout: JarLayout::SpringBoot {
                    version: Some(version.to_owned()),
                    layers_index: None,
                },
                java: 17,
            }),
            entries: libraries.iter().map(entry).collect(),
        }
    }

    #[test]
    fn only_what_is_sure_counts() {
        let actuator = "spring-boot-actuator-autoconfigure-3.4.1.jar";
        let web = "spring-webmvc-6.2.1.jar";
        assert!(answers(&boot("3.4.1", &[actuator, web])));
        assert!(answers(&boot("2.3.0.RELEASE", &[actuator, web])));
        for (version, libraries) in [
            ("2.2.9.RELEASE", &[actuator, web][..]),
            ("3.4.1", &[actuator]),
            ("3.4.1", &["spring-boot-actuator-3.4.1.jar", web]),
            ("3.4.1", &[actuator, web, "spring-security-web-6.4.2.jar"]),
            ("x", &[actuator, web]),
        ] {
            assert!(!answers(&boot(version, libraries)), "{version} {libraries:?}");
        }
    }
}
