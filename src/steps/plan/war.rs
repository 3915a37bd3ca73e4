//! WARs: in a servlet container, where the official Tomcat images look for them, or by themselves.

use super::{
    Options, boot,
    context_path::ContextPath,
    tomcat::{self, Tomcat},
    tree::{APP, Root, Unpacking, folder, layer, whole},
};
use crate::{
    error::Failure,
    model::{Artifact, Base, LayerPlan, ServletApi, StandAlone, WarFacts},
};

const WEBAPPS: &str = "usr/local/tomcat/webapps";
/// What is in here Tomcat 10 and later convert from `javax.servlet` to `jakarta.servlet` when they
/// start: <https://tomcat.apache.org/tomcat-10.1-doc/config/host.html> (`legacyAppBase`).
const LEGACY_WEBAPPS: &str = "usr/local/tomcat/webapps-javaee";
/// Tomcat makes these when it starts, which our user may not do.
const CONTEXT_FOLDERS: [&str; 2] = [
    "usr/local/tomcat/conf/Catalina",
    "usr/local/tomcat/conf/Catalina/localhost",
];
const GROUP_WRITES: u32 = 0o775;
/// As the official images have it for `logs`, `temp` and `work`. The group alone would not do: the
/// kubelet passes on the user of `65532:0` without the group, and where the base's `/etc/passwd`
/// knows that user, the container gets the group from there.
const ALL_WRITE: u32 = 0o1777;
/// Name of a packed WAR in the image: the same for every version of it.
const PACKED: &str = "app.war";
const PACKED_MODE: u32 = 0o644;

/// How a WAR runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// Unpacked, in the base's servlet container.
    InContainer,
    /// Packed, in the container, which converts it to `jakarta.servlet`.
    Converted,
    /// By itself.
    Alone(&'a StandAlone),
}

impl<'a> Way<'a> {
    /// Chooses. An executable WAR runs by itself, unless the person names a Tomcat or a conversion,
    /// which only Tomcat does.
    pub(super) fn of(war: &'a WarFacts, options: &Options, base: &Base) -> Self {
        if converts(war, options) {
            return Self::Converted;
        }
        match &war.alone {
            Some(alone) if Tomcat::of(base).is_none() => Self::Alone(alone),
            _ => Self::InContainer,
        }
    }

    /// The command, where the base has none of its own.
    pub(super) fn entrypoint(self) -> Option<Vec<String>> {
        let packed = format!("/{}/{PACKED}", APP.path);
        let words = match self {
            Self::InContainer | Self::Converted => return None,
            Self::Alone(StandAlone::SpringBoot { launcher, .. }) => ["java", "-cp", "/app", launcher],
            Self::Alone(StandAlone::Packed { .. }) => {
                return Some(vec!["java".into(), "-jar".into(), packed]);
            }
        };
        Some(words.map(str::to_owned).to_vec())
    }

    /// The API that a container has to serve.
    pub(super) fn servlet_api(self, war: &WarFacts) -> Option<ServletApi> {
        match self {
            Self::InContainer => Some(war.servlet_api),
            Self::Converted => Some(ServletApi::Jakarta),
            Self::Alone(_) => None,
        }
    }

    pub(super) fn is_alone(self) -> bool {
        matches!(self, Self::Alone(_))
    }
}

/// Whether there is something to convert: the option is remembered, and the WAR may be for
/// `jakarta.servlet` by now.
pub(super) fn converts(war: &WarFacts, options: &Options) -> bool {
    options.convert_javax && war.servlet_api == ServletApi::Javax
}

/// Decides where a WAR answers, and its layers.
///
/// # Errors
/// A [`Failure`] when the base is a Tomcat that does not serve it, its name is no context path, or
/// two entries do not fit into one tree.
pub(super) fn layers(
    artifact: &Artifact,
    war: &WarFacts,
    options: &Options,
    base: &Base,
    named: Option<ContextPath>,
) -> Result<(ContextPath, Vec<LayerPlan>), Failure> {
    let way = Way::of(war, options, base);
    let layers = match way {
        // Its own server knows no context path but the root.
        Way::Alone(StandAlone::SpringBoot { layers_index, .. }) => {
            boot::war_layers(artifact, layers_index.as_deref())?
        }
        Way::Alone(StandAlone::Packed { .. }) => {
            let packed = whole(&APP, PACKED, PACKED_MODE);
            vec![layer("application", artifact, &APP, vec![packed], &[])?]
        }
        Way::InContainer | Way::Converted => {
            tomcat::ensure_it_serves(artifact, war, options, base)?;
            let context_path = named.map_or_else(|| ContextPath::of_file(&artifact.file_name), Ok)?;
            let layers = if way == Way::Converted {
                vec![converted(artifact, &context_path)?]
            } else {
                unpacked(artifact, &context_path)?
            };
            return Ok((context_path, layers));
        }
    };
    Ok((named.unwrap_or_default(), layers))
}

fn unpacked(artifact: &Artifact, context_path: &ContextPath) -> Result<Vec<LayerPlan>, Failure> {
    let unpacking = Unpacking {
        root: Root {
            path: &format!("{WEBAPPS}/{}", context_path.folder),
            mode: 0o755,
        },
        names: vec!["dependencies", "snapshot-dependencies", "application"],
        layer_of,
        keeps_time: is_static,
    };
    let mut layers = unpacking.layers(artifact)?;
    if let Some(first) = layers.first_mut() {
        add_folders(first, &CONTEXT_FOLDERS, GROUP_WRITES);
    }
    Ok(layers)
}

/// Tomcat writes the converted WAR beside the old one, moves it to `webapps`, and unpacks it there:
/// so our user must be able to write to both.
fn converted(artifact: &Artifact, context_path: &ContextPath) -> Result<LayerPlan, Failure> {
    let root = Root {
        path: LEGACY_WEBAPPS,
        mode: ALL_WRITE,
    };
    let name = format!("{}.war", context_path.folder);
    let packed = whole(&root, &name, PACKED_MODE);
    let mut layer = layer("application", artifact, &root, vec![packed], &[])?;
    add_folders(&mut layer, &CONTEXT_FOLDERS, GROUP_WRITES);
    add_folders(&mut layer, &[WEBAPPS], ALL_WRITE);
    Ok(layer)
}

fn add_folders(layer: &mut LayerPlan, paths: &[&str], mode: u32) {
    layer
        .entries
        .extend(paths.iter().map(|&path| folder(path.into(), mode)));
    layer.entries.sort_by(|a, b| a.image_path.cmp(&b.image_path));
}

/// Whether browsers see a file as it is, with its time.
pub(super) fn is_static(name: &str) -> bool {
    if let Some(class_path) = name.strip_prefix("WEB-INF/classes/") {
        return boot::is_static(class_path);
    }
    !["WEB-INF/", "META-INF/", boot::LOADER_CLASSES]
        .iter()
        .any(|folder| name.starts_with(folder))
}

fn layer_of(name: &str) -> Option<usize> {
    // What an executable WAR needs to start without a container would be a second one in this.
    let is_for_standing_alone =
        name.starts_with("WEB-INF/lib-provided/") || name.starts_with(boot::LOADER_CLASSES);
    if is_for_standing_alone {
        return None;
    }
    let is_library = name.starts_with("WEB-INF/lib/") && name.strip_suffix(".jar").is_some();
    Some(match is_library {
        true if boot::is_snapshot_library(name, "WEB-INF/lib/") => 1,
        true => 0,
        false => 2,
    })
}
