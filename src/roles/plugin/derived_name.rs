//! An app's name that nobody gave: it comes from the name of the artifact's file, and may be that of an app that was
//! built from another file. Such an app is replaced only by who says so.

use super::{
    args::{ImageArgs, PlanArgs},
    dialogue::quoted,
    history::History,
    options::{Site, record_failure},
};
use crate::{
    cluster::record,
    error::{Failure, Result},
    model::{AppName, Artifact, ArtifactPlace, BuildRecord},
};

/// What is built, by a command without `--name`.
pub(super) struct Unnamed<'a> {
    command: &'static str,
    place: &'a ArtifactPlace,
    artifact: &'a Artifact,
    app: &'a AppName,
}

impl<'a> Unnamed<'a> {
    /// Returns what a command builds; `None` where somebody named the app.
    pub(super) fn of(
        command: &'static str,
        image: &ImageArgs,
        plan: &'a PlanArgs,
        artifact: &'a Artifact,
        app: &'a AppName,
    ) -> Option<Self> {
        image.name.is_none().then_some(Self {
            command,
            place: &plan.artifact,
            artifact,
            app,
        })
    }

    /// Checks that the app is this artifact's; at a terminal the user may say that it is to be. `exists` is whether it
    /// runs.
    ///
    /// # Errors
    /// A usage failure: the app was built from an artifact that gives another name, or an earlier version named this
    /// artifact's app otherwise.
    pub(super) async fn ensure_own(&self, site: &Site, history: &History, exists: bool) -> Result<()> {
        let app = self.app;
        if !exists && history.builds.is_empty() {
            return self.ensure_none_of_the_former_name(site).await;
        }
        let Some(other) = others(history, self.artifact) else {
            return Ok(());
        };
        let what = format!("the app `{app}` was built from `{other}`");
        let question = format!("Build it from `{}` from now on?", self.artifact.file_name);
        if site.dialogue.confirm(what.clone(), &question).await == Some(true) {
            return Ok(());
        }
        Err(Failure::usage(format!("could not use the name `{app}`"))
            .why(format!(
                "{what}, and nothing but the file name `{}` says that this is the same app",
                self.artifact.named_after
            ))
            .next("if it is to replace that app, confirm the name; otherwise choose another one:")
            .command(self.line(site, app.as_str()))
            .command(self.line(site, "NAME"))
            .anchor("name-taken"))
    }

    /// Refuses to make a second app of an artifact whose app an earlier version named by another rule.
    async fn ensure_none_of_the_former_name(&self, site: &Site) -> Result<()> {
        let Some(former) = AppName::formerly_from(&self.artifact.named_after) else {
            return Ok(());
        };
        let builds = record::list(&site.cluster, &former).await;
        let builds = builds.map_err(|error| record_failure(&site.cluster, "read", &former, &error))?;
        let newest = builds.iter().find(|build| serves(build));
        if !newest.is_some_and(|build| is_of(build, self.artifact)) {
            return Ok(());
        }
        let app = self.app;
        Err(
            Failure::usage(format!("could not name the app after `{}`", self.artifact.named_after))
                .why(format!(
                    "an earlier version of kubectl-b2i named its app `{former}`, which exists; the name is now `{app}`"
                ))
                .next("name the app that you mean, the existing one or a new one:")
                .command(self.line(site, former.as_str()))
                .command(self.line(site, app.as_str()))
                .anchor("name-taken"),
        )
    }

    /// Flags are left out: they may hold what is not for a log.
    fn line(&self, site: &Site, name: &str) -> String {
        let artifact = quoted(&self.place.shown());
        let namespace = &site.cluster.namespace;
        [
            "kubectl",
            "b2i",
            self.command,
            &artifact,
            "--name",
            name,
            "-n",
            namespace,
        ]
        .join(" ")
    }
}

/// Returns the artifact that an app was built from, if it gives another name than this one. An entry that nobody vouches
/// for counts too: it can only make us ask.
fn others<'a>(history: &'a History, artifact: &Artifact) -> Option<&'a str> {
    let mut builds = history.builds.iter().filter(|build| serves(build));
    let newest = builds.next();
    let confirmed = newest
        .into_iter()
        .chain(builds)
        .find(|build| history.confirms(build));
    let mut last = [confirmed, newest].into_iter().flatten();
    let other = last.find(|build| !is_of(build, artifact))?;
    Some(&other.artifact)
}

/// Whether the app may run what this build made.
fn serves(build: &BuildRecord) -> bool {
    build.result().is_some() && !build.is_undone
}

/// Whether a build was of this artifact, or of another version of it.
pub(super) fn is_of(build: &BuildRecord, artifact: &Artifact) -> bool {
    let name = AppName::from_file_name;
    let is_same = |one: &str, other: &str| one == other || (name(one).is_some() && name(one) == name(other));
    match &build.named_after {
        Some(earlier) => is_same(earlier, &artifact.named_after),
        // Of a file, or by a version that recorded a folder's own name alone.
        None => [&artifact.file_name, &artifact.named_after]
            .iter()
            .any(|own| is_same(own, &build.artifact)),
    }
}
