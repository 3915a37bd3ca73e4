//! JARs: plain ones, and those that Spring Boot or Quarkus made.

use super::{
    archive::Archive, class_path, class_version::lowest_java, manifest::Manifest, refusal,
    refusal_tree as refused,
};
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
        .any(|entry| *entry.name == *"META-INF/application.xml")
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
    if !may_be_loaded(archive, &main_class, manifest) {
        return Err(refusal::no_main_class(&archive.file_name, &main_class));
    }
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
        (packed_layout(&main_class, manifest), archive.files("", ".jar"))
    };
    let folder = if is_boot { ", BOOT-INF/ present" } else { "" };
    archive.evidence.push(format!("Main-Class {main_class}{folder}"));
    let mut java = lowest_java(archive, &classes, &jars)?;
    let mut highest_java = None;
    if matches!(layout, JarLayout::SpringBoot1 { .. }) {
        // What libraries for newer releases are in it, it cannot load.
        archive.evidence.truncate(1);
        java = lowest_java(archive, &classes, &[])?;
        if java > LAST_JAVA_OF_BOOT_1 {
            let boot = layout.to_string();
            return Err(refused::too_new_for_boot(&archive.file_name, &boot, java));
        }
        highest_java = Some(LAST_JAVA_OF_BOOT_1);
    }
    Ok(ArtifactKind::Jar(JarFacts {
        main_class,
        layout,
        java,
        highest_java,
        class_path: class_path::words(manifest),
        java_flags: java_flags(manifest, java),
    }))
}

/// Whether the class is where Java looks: in the JAR, in what its `Class-Path` names, or in Java itself.
fn may_be_loaded(archive: &Archive, main_class: &str, manifest: &Manifest) -> bool {
    // Java takes both: <https://github.com/openjdk/jdk/blob/jdk-25+36/src/java.base/share/classes/sun/launcher/LauncherHelper.java>
    let path = format!("{}.class", main_class.replace('.', "/"));
    // Those for newer releases only are below META-INF/versions.
    let is_it = |name: &str| {
        name.strip_suffix(&path)
            .is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let of_java = ["java/", "jdk/", "sun/", "com/sun/"];
    archive.entries.iter().any(|entry| is_it(&entry.name))
        || !class_path::words(manifest).is_empty()
        || of_java.iter().any(|package| path.starts_with(package))
}

/// Spring Boot before 1.4 finds its libraries only where the system class loader is a
/// `URLClassLoader`, which is so up to Java 8. On a newer one it ends at once, with exit code 0.
pub(super) const LAST_JAVA_OF_BOOT_1: u32 = 8;

fn packed_layout(main_class: &str, manifest: &Manifest) -> JarLayout {
    let version = || manifest.get("Spring-Boot-Version").map(str::to_owned);
    match main_class {
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint" => JarLayout::Quarkus { version: None },
        "org.springframework.boot.loader.JarLauncher"
        | "org.springframework.boot.loader.PropertiesLauncher"
        | "org.springframework.boot.loader.WarLauncher" => JarLayout::SpringBoot1 { version: version() },
        _ => JarLayout::Plain,
    }
}

/// Returns as flags what the manifest says of modules. A Java that does not know a flag ends at
/// once, so there are those alone that the lowest Java knows.
fn java_flags(manifest: &Manifest, java: u32) -> Vec<String> {
    let mut flags = Vec::new();
    if java >= 9 {
        for (attribute, flag) in [("Add-Exports", "--add-exports"), ("Add-Opens", "--add-opens")] {
            let packages = manifest
                .get(attribute)
                .unwrap_or_default()
                .split_ascii_whitespace();
            flags.extend(packages.map(|package| format!("{flag}={package}=ALL-UNNAMED")));
        }
    }
    if java >= 17 && manifest.get("Enable-Native-Access") == Some("ALL-UNNAMED") {
        flags.push("--enable-native-access=ALL-UNNAMED".to_owned());
    }
    flags
}
