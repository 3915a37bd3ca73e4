//! Which Java a base has that a person named: an older one than the classes want ends the app with
//! `UnsupportedClassVersionError`, and only then.

use super::Catalogue;
use crate::model::{Artifact, ArtifactKind, Base};

/// Images whose tag begins with the Java that they have.
const NAMED_AFTER_JAVA: [&str; 6] = [
    "eclipse-temurin",
    "openjdk",
    "amazoncorretto",
    "sapmachine",
    "ibm-semeru-runtimes",
    "zulu-openjdk",
];

/// What a number that is Java's own stands behind, in names and tags: `java17-debian12`, `9.0-jre8`.
const BEFORE_JAVA: [&str; 3] = ["jre", "jdk", "java"];

/// Says what a person should know who named this base. No refusal: a few classes for a newer Java may never
/// be loaded.
pub(super) fn note(artifact: &Artifact, base: &Base, catalogue: &Catalogue) -> Option<String> {
    let wanted = match &artifact.kind {
        ArtifactKind::Jar(jar) => jar.java,
        ArtifactKind::War(war) => war.java,
        ArtifactKind::Elf(_) => return None,
    };
    let has = java_of(base, catalogue).filter(|has| *has < wanted)?;
    let Base::Image(image) = base else { return None };
    Some(format!(
        "`{image}` has Java {has}, and there are classes for Java {wanted}: where the app loads one, it ends with \
         UnsupportedClassVersionError. `--base default` takes a base that fits"
    ))
}

/// Returns the Java of a base, where the catalogue or its name tells.
fn java_of(base: &Base, catalogue: &Catalogue) -> Option<u32> {
    let Base::Image(image) = base else { return None };
    let war = &catalogue.war;
    let by_java = [&catalogue.jar, &war.javax, &war.jakarta, &war.jakarta61];
    let mut known = by_java.into_iter().flatten();
    if let Some((java, _)) = known.find(|(_, entry)| entry.image == *image) {
        return Some(*java);
    }
    let name = image.repository.rsplit('/').next().unwrap_or_default();
    let tag = image.tag.as_deref().unwrap_or_default();
    if NAMED_AFTER_JAVA.contains(&name) {
        return release(tag);
    }
    [tag, name].into_iter().find_map(|text| {
        let mut found = BEFORE_JAVA.iter().filter_map(|word| text.split_once(word));
        found.find_map(|(_, rest)| release(rest.trim_start_matches(['-', '_'])))
    })
}

/// Reads `17-jre`, `8u432`, `11.0.25`, `1.8.0`. `None` for what never was a Java.
fn release(text: &str) -> Option<u32> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    let first = numbers.next()?.parse().ok()?;
    // Up to Java 8, the number that counts came after a 1.
    let release = if first == 1 {
        numbers.next()?.parse().ok()?
    } else {
        first
    };
    (5..100).contains(&release).then_some(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_tell() {
        let catalogue = Catalogue::builtin();
        for (name, expected) in [
            ("eclipse-temurin:8-jre", Some(8)),
            (
                "registry.example.com/mirror/eclipse-temurin:17.0.13_11-jre-alpine",
                Some(17),
            ),
            ("openjdk:8u342-jre-slim", Some(8)),
            ("openjdk:1.8.0", Some(8)),
            ("amazoncorretto:21-al2023-headless", Some(21)),
            ("gcr.io/distroless/java17-debian12:nonroot", Some(17)),
            ("gcr.io/distroless/java21", Some(21)),
            ("tomcat:9.0-jre8", Some(8)),
            ("tomcat:10.1.34-jdk21-temurin-noble", Some(21)),
            ("kubesphere/java-8-centos7:v2.1.0", Some(8)),
            ("kubesphere/tomcat85-java11-centos7:v2.1.0", Some(11)),
            ("registry.access.redhat.com/ubi9/openjdk-17:1.21", Some(17)),
            ("team/shop-base:17", None),
            ("team/javascript:17", None),
            ("eclipse-temurin:latest", None),
            ("eclipse-temurin", None),
            ("tomcat:9.0", None),
            ("azul/zulu-openjdk-debian", None),
        ] {
            let base = Base::Image(name.parse().expect(name));
            assert_eq!(java_of(&base, &catalogue), expected, "{name}");
        }
        assert_eq!(java_of(&Base::Scratch, &catalogue), None);
    }
}
