//! What is left after a rollout that failed, and what to do with it, in a person's words.

use super::{apply::Objects, outcome::Teller, undo::Undone, version::Version};
use crate::{cluster::objects::labels, error::Failure};

impl Teller<'_> {
    /// Adds to a failure what is left after it. `undone` is what came of the undo, where there was one.
    pub(super) fn after_failure(
        &self,
        failure: Failure,
        before: &Objects,
        undone: Option<&kube::Result<Undone>>,
        version: &Version<'_>,
    ) -> Failure {
        let (name, kind) = (&self.options.name, self.kind().to_lowercase());
        match undone {
            Some(Ok(Undone::Back)) => {
                let why = format!("{}\n{}", failure.why, self.put_back(before));
                failure.why(why)
            }
            Some(Ok(Undone::Left(now))) => {
                let left = match now {
                    Some(now) => self.replaced(version, now),
                    None => self.deleted(),
                };
                let why = format!(
                    "{}\nbefore that its own rollout failed: {}",
                    left.why, failure.why
                );
                left.why(why)
            }
            Some(Err(error)) => {
                let why = format!(
                    "{}\nthe earlier version could not be put back: {}",
                    failure.why,
                    self.cluster.why(error)
                );
                failure
                    .why(why)
                    .command(self.kubectl(&format!("rollout undo {kind}/{name}")))
            }
            None if before.workload.is_some() && !self.options.undo => {
                // `rollback` takes the image of an earlier build: it cannot undo a change of options.
                let back = if before.image() == Some(self.options.image.to_string()) {
                    format!("rollout undo {kind}/{name}")
                } else {
                    format!("b2i rollback {name}")
                };
                failure
                    .command(self.kubectl(&format!("describe {kind},pod -l {}={name}", labels::APP)))
                    .command(self.kubectl(&back))
            }
            None => failure
                .command(self.kubectl(&format!("describe {kind},pod -l {}={name}", labels::APP)))
                .command(self.kubectl(&format!("b2i delete {name}"))),
        }
    }

    /// A rolling update needs room for one Pod more than the app has.
    pub(super) fn no_room_beside(&self, refusal: &str) -> Failure {
        let next = if self.options.options.adopted.is_some() {
            "set the strategy `Recreate` where the Deployment was made"
        } else {
            "repeat the command with `--strategy recreate`"
        };
        self.failure()
            .why(format!(
                "a rolling update starts a new Pod before it ends an old one, and a quota has no room for both: {refusal}"
            ))
            .next(format!(
                "{next}, which ends the old Pods first, so that the app is down until the new ones serve; or have the quota raised:"
            ))
            .command(self.kubectl("get resourcequota"))
            .anchor("rolling-room")
    }

    /// Says what runs again. It may have been on its way itself.
    fn put_back(&self, before: &Objects) -> String {
        let name = &self.options.name;
        let was = before.workload.as_ref();
        let image = before.image().unwrap_or_default();
        match was {
            Some(was) if was.serves() => format!("`{name}` serves {image} again (undone)"),
            Some(was) if was.counts().ready > 0 => {
                format!("`{name}` is again what it was, {image}, whose own rollout was not complete (undone)")
            }
            _ => {
                format!("`{name}` is again what it was, {image}, which did not serve before either (undone)")
            }
        }
    }
}

impl Objects {
    /// The image that the app's container runs.
    fn image(&self) -> Option<String> {
        self.workload.as_ref()?.app_container()?.image.clone()
    }
}
