//! WARs, for a servlet container.

use super::{archive::Archive, class_version::lowest_java, manifest::Manifest, servlet};
use crate::{
    error::Failure,
    model::{ArtifactKind, StandAlone, WarFacts},
};

/// Says what a WAR is.
///
/// # Errors
/// A [`Failure`] when a class or `web.xml` cannot be read.
pub(super) fn inspect(archive: &mut Archive, manifest: &Manifest) -> Result<ArtifactKind, Failure> {
    archive.refuse_duplicates()?;
    let classes = archive.files("WEB-INF/classes/", ".class");
    let jars = archive.files("WEB-INF/lib/", ".jar");
    let alone = alone(archive, manifest)?;
    let descriptor = archive.read("WEB-INF/web.xml")?;
    let descriptor = descriptor.map(|bytes| servlet::Descriptor::parse(&String::from_utf8_lossy(&bytes)));
    let descriptor = descriptor.unwrap_or_default();
    archive.evidence.push("WEB-INF/ present".to_owned());
    let java = if alone.is_some() {
        // With the server that it brings.
        let (classes, jars) = (archive.files("", ".class"), archive.files("", ".jar"));
        lowest_java(archive, &classes, &jars)?
    } else {
        // Without WEB-INF/lib-provided, which stays out of the image: the container has it.
        lowest_java(archive, &classes, &jars)?
    };
    let servlet_api = servlet::api(archive, &descriptor, &classes, &jars)?;
    Ok(ArtifactKind::War(WarFacts {
        servlet_api,
        servlet_version: descriptor.version,
        java,
        spring_boot: manifest.get("Spring-Boot-Version").map(str::to_owned),
        alone,
    }))
}

/// `org.springframework.boot.loader.WarLauncher`, since Spring Boot 3.2 `….loader.launch.WarLauncher`.
const BOOT_LAUNCHERS: &str = "org.springframework.boot.loader.";

/// Says how a WAR runs without a container: its `Main-Class` must be where `java -jar` looks for it.
fn alone(archive: &mut Archive, manifest: &Manifest) -> Result<Option<StandAlone>, Failure> {
    let Some(main_class) = manifest.get("Main-Class").map(str::to_owned) else {
        return Ok(None);
    };
    let file = format!("{}.class", main_class.replace('.', "/"));
    if !archive.entries.iter().any(|entry| *entry.name == *file) {
        return Ok(None);
    }
    if !main_class.starts_with(BOOT_LAUNCHERS) {
        return Ok(Some(StandAlone::Packed { main_class }));
    }
    let index = match manifest.get("Spring-Boot-Layers-Index") {
        Some(path) => archive.read(path)?,
        None => None,
    };
    Ok(Some(StandAlone::SpringBoot {
        launcher: main_class,
        layers_index: index.map(|text| String::from_utf8_lossy(&text).into_owned()),
    }))
}
