//! JARs: plain ones, and those that Spring Boot made.

use super::{archive::Archive, class_version::lowest_java, manifest::Manifest, refusal};
use crate::{
    error::Failure,
    model::{ArtifactKind, JarFacts, JarLayout},
};

/// Says what a JAR is.
///
/// # Errors
/// A [`Failure`] when nothing in it can be run.
pub(super) fn inspect(archive: &mut Archive, manifest: &Manifest) -> Result<ArtifactKind, Failure> {
    if archive
        .entries
        .iter()
        .any(|entry| entry.name == "META-INF/application.xml")
    {
        return Err(refusal::enterprise_archive(&archive.file_name));
    }
    let classes = archive.files("", ".class");
    let is_jar = archive.has_folder("META-INF") || !classes.is_empty();
    let Some(main_class) = manifest.get("Main-Class").map(str::to_owned) else {
        return Err(if is_jar {
            refusal::library(&archive.file_name)
        } else {
            refusal::other_zip(&archive.file_name)
        });
    };
    let is_boot = archive.has_folder("BOOT-INF")
        || ["Spring-Boot-Classes", "Spring-Boot-Lib"].iter().any(|name| {
            manifest
                .get(name)
                .is_some_and(|path| path.starts_with("BOOT-INF/"))
        });
    let (layout, jars) = if is_boot {
        archive.refuse_duplicates()?;
        let layers_index = match manifest.get("Spring-Boot-Layers-Index") {
            Some(path) => archive.read(path)?,
            None => None,
        };
        let layout = JarLayout::SpringBoot {
            version: manifest.get("Spring-Boot-Version").map(str::to_owned),
            layers_index: layers_index.map(|text| String::from_utf8_lossy(&text).into_owned()),
        };
        (layout, archive.files("BOOT-INF/lib/", ".jar"))
    } else {
        (JarLayout::Plain, archive.files("", ".jar"))
    };
    let folder = if is_boot { ", BOOT-INF/ present" } else { "" };
    archive.evidence.push(format!("Main-Class {main_class}{folder}"));
    let java = lowest_java(archive, &classes, &jars)?;
    Ok(ArtifactKind::Jar(JarFacts {
        main_class,
        layout,
        java,
    }))
}
