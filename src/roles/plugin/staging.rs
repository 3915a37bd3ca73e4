//! The staging Pod of a run, from before the layers are made until the build is done: so the order of
//! the line's steps stays readable where two of them go on at the same time.

use std::{path::PathBuf, time::Duration};

use super::{
    environment,
    options::{Site, Target},
    values,
};
use crate::{
    error::Result,
    model::{Base, ImagePlan, Layer, Uploaded},
    oci::{Compression, Digest},
    steps::upload,
};

/// Bytes of layers that may be on their way at one time: the largest artifact that can be sent.
const SPOOL_LIMIT_BYTES: u64 = 4 << 30;
/// How long the staging Pod may take to run: a node may have to be added, an image to be pulled.
const POD_TIMEOUT: Duration = Duration::from_mins(3);
/// As long as a person takes between two deploys, when they try things.
const IDLE: Duration = Duration::from_mins(5);

/// Returns how long a staging Pod stays: as was said, else some minutes; but a CI system's machine
/// forgets everything, and nobody would find the Pod.
pub(super) fn idle(said: Option<&str>) -> Result<Duration> {
    match said {
        Some(text) => Ok(values::time("--staging-idle", text)?.unwrap_or_default()),
        None if environment::variable("CI").is_some() => Ok(Duration::ZERO),
        None => Ok(IDLE),
    }
}

/// The way of layers into the registry.
pub(super) struct Staging<'a> {
    site: &'a Site,
    options: upload::Options,
    /// `None` where there are no layers to send, or it had to make room.
    pod: Option<upload::Staging>,
}

impl<'a> Staging<'a> {
    /// Has the Pod come up.
    pub(super) async fn begin(site: &'a Site, target: &Target, plan: &ImagePlan) -> Result<Self> {
        let builder = site.builder(&target.destination).await?;
        let options = upload::Options {
            app: target.app.clone(),
            run_id: site.run_id.clone(),
            builder_image: builder.image.clone(),
            builder_pull_secret: builder.pull_secret.clone(),
            push_secret: site.push_secret.clone(),
            pull_secret: site.pull_secret.effective(target.options.pull_secret.as_ref()),
            cpu_limit: site.build_cpu_limit.clone(),
            base: match &plan.base {
                Base::Scratch => None,
                Base::Image(image) => Some(image.clone()),
            },
            destination: target.destination.clone(),
            access: site.access.clone(),
            spool_limit_bytes: SPOOL_LIMIT_BYTES,
            timeout: POD_TIMEOUT,
            // The staging Pod compresses what it puts together, in the usual way alone.
            earlier_layers: if plan.compression == Compression::default() {
                target.earlier_layers.clone()
            } else {
                Vec::new()
            },
            always_send: Vec::new(),
            idle: site.staging_idle,
            memory: state_folder(environment::variable).map(|folder| folder.join("staging")),
        };
        let pod = if plan.layers.is_empty() {
            None
        } else {
            Some(upload::begin(&site.cluster, &options, &site.events).await?)
        };
        Ok(Self { site, options, pod })
    }

    /// Sends the layers that the registry lacks, and `always` those.
    pub(super) async fn send(&mut self, layers: &[Layer], always: Vec<Digest>) -> Result<Uploaded> {
        if layers.is_empty() {
            return Ok(Uploaded::default());
        }
        let (cluster, events) = (&self.site.cluster, &self.site.events);
        self.options.always_send = always;
        let pod = match &mut self.pod {
            Some(pod) => pod,
            none => none.insert(upload::begin(cluster, &self.options, events).await?),
        };
        Box::pin(upload::run(cluster, &self.options, pod, layers, events)).await
    }

    /// Sends the layers again that the registry has lost since they were sent.
    pub(super) async fn make_up_for_losses(&mut self, layers: &[Layer]) -> Result<Uploaded> {
        let Some(pod) = &self.pod else {
            return Ok(Uploaded::default());
        };
        self.options.always_send = Vec::new();
        if upload::is_one_lost(&self.site.cluster, &self.options, pod, layers).await {
            return self.send(layers, Vec::new()).await;
        }
        Ok(Uploaded::default())
    }

    /// Ends the Pod, since something else may need its room.
    pub(super) async fn make_room(&mut self) {
        if let Some(pod) = self.pod.take() {
            upload::end(&self.site.cluster, pod, &self.site.events).await;
        }
    }

    /// Leaves the Pod to the next run, where one is to stay.
    pub(super) async fn leave(self) {
        if let Some(pod) = self.pod {
            upload::leave(&self.site.cluster, &self.options, pod, &self.site.events).await;
        }
    }

    /// Ends what this run began.
    pub(super) async fn undo(self) {
        if let Some(pod) = self.pod {
            upload::undo(&self.site.cluster, pod, &self.site.events).await;
        }
    }
}

/// The XDG folder where it is set or usual, `%LOCALAPPDATA%` on Windows.
pub(super) fn state_folder(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // A user without a home, as in many containers, is not to get one.
    let home = || set("HOME").filter(|home| home.is_dir());
    let folder = set("XDG_STATE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .or_else(|| home().map(|home| home.join(".local").join("state")));
    Some(folder?.join("kubectl-b2i"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_where_the_system_wants_it() {
        let folder = |set: &'static str, value: &'static str| {
            state_folder(move |name| (name == set).then(|| value.to_owned()))
        };
        assert_eq!(folder("HOME", "/"), Some("/.local/state/kubectl-b2i".into()));
        assert_eq!(folder("XDG_STATE_HOME", "/s"), Some("/s/kubectl-b2i".into()));
        assert_eq!(folder("HOME", "/nonexistent"), None);
        assert_eq!(folder("XDG_STATE_HOME", ""), None);
    }

    #[test]
    fn what_is_said_decides() {
        assert_eq!(idle(Some("0")).expect("a time"), Duration::ZERO);
        assert_eq!(idle(Some("90s")).expect("a time"), Duration::from_secs(90));
        assert!(idle(Some("soon")).is_err());
    }
}
