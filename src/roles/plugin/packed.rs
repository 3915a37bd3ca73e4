//! The layers of a build: known from an earlier one where that is possible, and made when somebody
//! needs their bytes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::{OnceCell, mpsc::UnboundedSender};

use super::{environment, flow::blocking};
use crate::{
    error::{Failure, Result},
    model::{
        Artifact, Base, BuildRequest, Event, Events, GrowingLayer, ImagePlan, Layer, LayerDescriptor,
        RegistryAccess, Step,
    },
    oci::Reference,
    steps::pack::{self, KnownLayers},
};

/// Layers, made or to be made.
pub(super) struct Packed {
    /// What they are, bottom first.
    pub described: Vec<LayerDescriptor>,
    artifact: Arc<Artifact>,
    plan: Arc<ImagePlan>,
    known: Option<KnownLayers>,
    made: OnceCell<Made>,
}

/// Layers in files, which go when this is dropped.
struct Made {
    layers: Vec<Layer>,
    _folder: tempfile::TempDir,
}

impl Packed {
    /// Returns the layers in files; makes them where they are only known.
    pub(super) async fn layers(&self) -> Result<&[Layer]> {
        let made = self.made.get_or_try_init(|| async {
            let made = make(&self.artifact, &self.plan, None).await?;
            if made.described() == self.described {
                return Ok(made);
            }
            if let Some(known) = &self.known {
                known.forget(&self.artifact, &self.plan);
            }
            Err(Failure::new("could not make the layers")
                .why("what was noted of them the last time is wrong; it is forgotten now")
                .next("build again")
                .anchor("layers-noted-wrong"))
        });
        Ok(&made.await?.layers)
    }

    /// Returns what is to be made of these layers.
    pub(super) fn request(
        &self,
        plan: &ImagePlan,
        destination: Reference,
        tags: Vec<String>,
        access: RegistryAccess,
    ) -> BuildRequest {
        BuildRequest {
            layers: self.described.clone(),
            ..BuildRequest::of_plan(plan, destination, tags, access)
        }
    }
}

impl Made {
    fn described(&self) -> Vec<LayerDescriptor> {
        self.layers.iter().map(|layer| layer.described.clone()).collect()
    }
}

/// Where it is noted what layers became; nowhere where that was switched off.
pub(super) fn noted() -> Option<KnownLayers> {
    known_layers(environment::variable)
}

fn known_layers(env: impl Fn(&str) -> Option<String>) -> Option<KnownLayers> {
    let set = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("B2I_CACHE") {
        return (folder != Path::new("off")).then(|| KnownLayers::in_folder(folder.join("layers")));
    }
    let folder = set("XDG_CACHE_HOME").or_else(|| set("LOCALAPPDATA"));
    // A user without a home, as in many containers, is not to get one.
    let home = || set("HOME").filter(|home| home.is_dir());
    let folder = folder.or_else(|| Some(home()?.join(".cache")))?;
    Some(KnownLayers::in_folder(folder.join("kubectl-b2i").join("layers")))
}

/// Finds out what the layers are: from `known`, or by making them. `destination` is only told.
pub(super) async fn pack(
    artifact: &Arc<Artifact>,
    plan: &Arc<ImagePlan>,
    known: Option<KnownLayers>,
    destination: Option<&str>,
    events: &Events,
) -> Result<Packed> {
    pack_telling(artifact, plan, known, destination, events, None).await
}

/// The same; `begun` is told of each layer that begins to be made.
pub(super) async fn pack_telling(
    artifact: &Arc<Artifact>,
    plan: &Arc<ImagePlan>,
    known: Option<KnownLayers>,
    destination: Option<&str>,
    events: &Events,
    begun: Option<UnboundedSender<GrowingLayer>>,
) -> Result<Packed> {
    events.send(Event::Started(Step::Plan));
    let found = known.as_ref().and_then(|known| known.find(artifact, plan));
    let (described, made) = if let Some(described) = found {
        (described, OnceCell::new())
    } else {
        let made = make(artifact, plan, begun).await?;
        let described = made.described();
        if let Some(known) = &known {
            known.keep(artifact, plan, &described);
        }
        (described, OnceCell::new_with(Some(made)))
    };
    events.send(Event::Done(Step::Plan, words(plan, destination)));
    Ok(Packed {
        described,
        artifact: artifact.clone(),
        plan: plan.clone(),
        known,
        made,
    })
}

async fn make(
    artifact: &Arc<Artifact>,
    plan: &Arc<ImagePlan>,
    begun: Option<UnboundedSender<GrowingLayer>>,
) -> Result<Made> {
    let folder = tempfile::Builder::new()
        .prefix("kubectl-b2i-")
        .tempdir()
        .map_err(|error| {
            Failure::new("could not make the layers")
                .why(format!("no temporary folder could be made: {error}"))
                .next("make room there, or name another folder for temporary files by TMPDIR:")
                .command("export TMPDIR=/var/tmp")
                .anchor("layer-write")
        })?;
    let (artifact, plan, to) = (artifact.clone(), plan.clone(), folder.path().to_owned());
    let tell = move |layer| {
        // Nobody reads along any more? The layers are made all the same.
        begun.as_ref().map(|begun| begun.send(layer).ok());
    };
    let layers = blocking(move || pack::run_telling(&artifact, &plan, &to, &tell)).await?;
    Ok(Made {
        layers,
        _folder: folder,
    })
}

fn words(plan: &ImagePlan, destination: Option<&str>) -> String {
    let base = match &plan.base {
        Base::Scratch => "scratch".to_owned(),
        Base::Image(reference) => reference.to_string(),
    };
    let base = base
        .strip_prefix("docker.io/library/")
        .or(base.strip_prefix("docker.io/"))
        .unwrap_or(&base);
    let count = match plan.layers.len() {
        1 => "1 layer".to_owned(),
        n => format!("{n} layers"),
    };
    let words = [Some(base), Some(&*count), destination];
    words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is_noted() {
        let folder = |pairs: &[(&str, &str)]| {
            let env = |name: &str| Some(pairs.iter().find(|(key, _)| *key == name)?.1.to_owned());
            known_layers(env).map(|known| format!("{known:?}"))
        };
        let is_in = |folder: Option<String>, path: &str| folder.is_some_and(|folder| folder.contains(path));
        assert!(is_in(
            folder(&[("B2I_CACHE", "/c"), ("HOME", "/")]),
            "\"/c/layers\""
        ));
        assert!(is_in(
            folder(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/")]),
            "\"/x/kubectl-b2i/layers\""
        ));
        assert!(is_in(folder(&[("HOME", "/")]), "\"/.cache/kubectl-b2i/layers\""));
        assert_eq!(folder(&[("HOME", "/nonexistent")]), None);
        assert_eq!(folder(&[("B2I_CACHE", "off"), ("HOME", "/")]), None);
        assert_eq!(folder(&[]), None);
    }
}
