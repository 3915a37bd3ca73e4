//! What the next deploy of an app keeps where its flags do not name it, as flags: the options in the workload's
//! annotation, and those of the last build that the workload or this machine vouches for. What only the build record
//! says is no option.

use super::{apps, history::History};
use crate::{
    cluster::Cluster,
    error::{Failure, Result},
    model::{AppName, BuildRecord, DeployOptions, Flag, ImageOptions, Port, brief},
    steps::deploy::{self, Previous},
};

/// More of what a record says is not shown.
const CLAIMS: usize = 10;
/// Longer values of it are cut.
const CLAIM_CHARACTERS: usize = 80;

/// The options of an app.
pub(super) struct Remembered {
    /// How it was deployed; `None` where it was only built.
    pub(super) deploy: Option<DeployOptions>,
    /// What was said of its image.
    pub(super) image: ImageOptions,
    /// What says where the image goes, and how it is called.
    target: Vec<Flag>,
    /// Name of the file that the last build was made from.
    pub(super) artifact: Option<String>,
    /// What a person should know of a record that decides nothing.
    pub(super) note: Option<String>,
}

impl Remembered {
    /// Reads the options of an app.
    ///
    /// # Errors
    /// There is no app of ours of this name; its annotation is damaged; what the API server answered.
    pub(super) async fn of(cluster: &Cluster, app: &AppName) -> Result<Self> {
        let previous = deploy::previous(cluster, app).await.map_err(|failure| {
            if failure.anchor == "not-ours" {
                apps::not_found(cluster, app)
            } else {
                failure
            }
        })?;
        let history = History::of(cluster, app, previous.as_ref()).await?;
        if previous.is_none() && history.builds.is_empty() {
            return Err(apps::not_found(cluster, app));
        }
        Ok(Self::new(app, previous, &history))
    }

    fn new(app: &AppName, previous: Option<Previous>, history: &History) -> Self {
        let last = history.remembered();
        let note = history.note(app).map(|note| match history.builds.first() {
            Some(newest) => format!("{note}{}", claims(newest)),
            None => note,
        });
        let mut target = Vec::new();
        match (last, &history.running) {
            (Some(last), _) => {
                target.push(Flag::new("image", last.request.destination.name()));
                if last.request.tags != ["latest"] {
                    target.extend(last.request.tags.iter().map(|tag| Flag::new("tag", tag)));
                }
            }
            (None, Some(running)) => target.push(Flag::new("image", running.name())),
            (None, None) => {}
        }
        Self {
            // Replicas are remembered by who owns the field, not by the annotation.
            deploy: previous.map(|it| DeployOptions {
                replicas: it.replicas,
                ..it.options
            }),
            image: last.map(|last| last.options.clone()).unwrap_or_default(),
            target,
            artifact: last.map(|last| last.artifact.clone()),
            note,
        }
    }

    /// Returns the flags that say the same.
    pub(super) fn flags(&self) -> Vec<Flag> {
        let of_app = if let Some(deploy) = &self.deploy {
            deploy.flags()
        } else {
            let ports = self.image.ports.iter();
            ports.map(|port| Flag::new("port", Port::from(*port))).collect()
        };
        [self.target.clone(), self.image.flags(), of_app].concat()
    }

    /// Whether nobody named the port: it follows from the artifact, and the image does not name it either.
    pub(super) fn is_default_port(&self) -> bool {
        let ports = self.deploy.as_ref().map(|it| &it.ports[..]);
        self.artifact.is_some()
            && self.image.ports.is_empty()
            && matches!(ports, Some([port]) if *port == Port::tcp(port.container))
    }
}

/// What the newest entry says of the image, for a person to judge.
fn claims(build: &BuildRecord) -> String {
    let flags = build.options.flags();
    let mut claims: Vec<String> = flags
        .iter()
        .take(CLAIMS)
        .map(|flag| format!("--{} {}", flag.name, brief(&flag.value, CLAIM_CHARACTERS)))
        .collect();
    if flags.len() > CLAIMS {
        claims.push("…".to_owned());
    }
    if claims.is_empty() {
        return String::new();
    }
    format!("; it says {}", claims.join(" "))
}

/// The failure when flags do not say the options of an app in the same way.
pub(super) fn unsayable(file: &str, app: &AppName, is_stateful: bool, namespace: &str, why: &str) -> Failure {
    let kind = if is_stateful { "statefulset" } else { "deployment" };
    Failure::new(format!("could not write `{file}`"))
        .why(format!(
            "the annotation of the workload `{app}` was not written by a deploy: {why}"
        ))
        .next("set these by a deploy first; this is what the annotation holds:")
        .command(format!(
            "kubectl get {kind} {app} -o jsonpath='{{.metadata.annotations.kubectl-b2i/options}}' -n {namespace}"
        ))
        .anchor("options-file")
}
