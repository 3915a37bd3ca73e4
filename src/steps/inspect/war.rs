//! WARs, for a servlet container.

use super::{archive::Archive, class_version::lowest_java, manifest::Manifest, servlet};
use crate::{
    error::Failure,
    model::{ArtifactKind, WarFacts},
};

/// Says what a WAR is.
///
/// # Errors
/// A [`Failure`] when a class or `web.xml` cannot be read.
pub(super) fn inspect(archive: &mut Archive, manifest: &Manifest) -> Result<ArtifactKind, Failure> {
    archive.refuse_duplicates()?;
    // Not WEB-INF/lib-provided, which stays out of the image: the container has it.
    let classes = archive.files("WEB-INF/classes/", ".class");
    let jars = archive.files("WEB-INF/lib/", ".jar");
    let descriptor = archive.read("WEB-INF/web.xml")?;
    let descriptor = descriptor.map(|bytes| servlet::Descriptor::parse(&String::from_utf8_lossy(&bytes)));
    let descriptor = descriptor.unwrap_or_default();
    archive.evidence.push("WEB-INF/ present".to_owned());
    let java = lowest_java(archive, &classes, &jars)?;
    let servlet_api = servlet::api(archive, &descriptor, &classes, &jars)?;
    Ok(ArtifactKind::War(WarFacts {
        servlet_api,
        servlet_version: descriptor.version,
        java,
        spring_boot: manifest.get("Spring-Boot-Version").map(str::to_owned),
    }))
}
