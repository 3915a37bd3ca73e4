//! An app's builds, and which of them count. Whoever may write `ConfigMap`s may write the build record, so an entry
//! counts only with a seal that is kept elsewhere: in the annotation of the workload, which takes the right to
//! change the workload, or on this machine.

use super::{known_builds::KnownBuilds, options::record_failure};
use crate::{
    cluster::{
        Cluster,
        error::is_forbidden,
        record::{self, Record},
        workload,
    },
    error::{Failure, Result},
    model::{AppName, BuildOrigin, BuildRecord, LayerDescriptor, RolloutRecord, Seals},
    oci::Reference,
    steps::deploy::Previous,
};

/// The builds of an app.
pub(super) struct History {
    /// All entries of the record, the newest first. What they say may be anybody's.
    pub(super) builds: Vec<BuildRecord>,
    /// All rollouts of the record, the newest first. What they say may be anybody's: it chooses among builds that
    /// somebody vouches for.
    pub(super) rollouts: Vec<RolloutRecord>,
    /// Seals of the builds that the workload was deployed from.
    pub(super) deployed: Seals,
    /// These, and those of builds that this machine made.
    known: Seals,
    /// What the workload runs, where it is ours.
    pub(super) running: Option<Reference>,
}

impl History {
    /// Reads the record of an app whose workload is read already.
    pub(super) async fn of(cluster: &Cluster, app: &AppName, previous: Option<&Previous>) -> Result<Self> {
        let record = record::load(cluster, app).await;
        let mut record = record.map_err(|error| record_failure(cluster, "read", app, &error))?;
        let (deployed, running) = previous.map_or_else(Default::default, |previous| {
            (previous.builds.clone(), previous.image.clone())
        });
        if let (Some(newest), Some(previous)) = (record.rollouts.first_mut(), previous) {
            newest.settle(previous.serving().as_deref());
        }
        Ok(Self::new(
            record,
            deployed,
            running,
            &KnownBuilds::of(cluster, app).seals(),
        ))
    }

    /// Reads the record and the workload of an app. Who may not see workloads has what this machine knows.
    pub(super) async fn read(cluster: &Cluster, app: &AppName) -> Result<Self> {
        let (record, found) = tokio::join!(record::load(cluster, app), workload::find(cluster, app.as_str()));
        let record = record.map_err(|error| record_failure(cluster, "read", app, &error))?;
        let found = match found {
            Err(error) if is_forbidden(&error) => None,
            found => found
                .map_err(|error| cluster.failure(format!("could not read the Deployment `{app}`"), &error))?,
        };
        let found = found.filter(|found| found.options().is_some());
        let deployed = found.as_ref().map(workload::Workload::builds).unwrap_or_default();
        let container = found.as_ref().and_then(workload::Workload::app_container);
        let running = container.and_then(|container| container.image.as_ref()?.parse().ok());
        Ok(Self::new(
            record,
            deployed,
            running,
            &KnownBuilds::of(cluster, app).seals(),
        ))
    }

    fn new(record: Record, deployed: Seals, running: Option<Reference>, made_here: &Seals) -> Self {
        let Record { builds, rollouts } = record;
        // What this machine made of another record of that name is not missed in this one.
        let is_there = |number: &u64| builds.iter().any(|build| build.number == *number);
        Self {
            known: deployed.and(&made_here.only(is_there)),
            builds,
            rollouts,
            deployed,
            running,
        }
    }

    /// Returns the highest number that a build of the app is known to have had.
    pub(super) fn highest(&self) -> u64 {
        self.deployed.numbers().next().unwrap_or(0)
    }

    /// Whether the entry of a build is unchanged since it was made.
    pub(super) fn confirms(&self, build: &BuildRecord) -> bool {
        self.known.confirm(build)
    }

    /// Returns the builds that are known, the newest first, each with its entry; `None` where that was changed or
    /// removed. Those that the record is too short for are left out.
    pub(super) fn known(&self) -> impl Iterator<Item = (u64, Option<&BuildRecord>)> {
        let oldest = self.builds.last().map_or(u64::MAX, |build| build.number);
        let numbers = self.known.numbers().filter(move |number| *number >= oldest);
        numbers.map(|number| {
            let mut builds = self.builds.iter();
            let entry = builds.find(|build| build.number == number);
            (number, entry.filter(|build| self.confirms(build)))
        })
    }

    /// Returns the known builds that made an image: nothing of one that failed is remembered.
    fn made(&self) -> impl Iterator<Item = Option<&BuildRecord>> {
        let entries = self.known().map(|(_, entry)| entry);
        entries.filter(|entry| entry.is_none_or(|build| build.result().is_some()))
    }

    /// Returns the last build that made an image. One before it never takes its place: then whoever spoils an entry
    /// could bring an older one back.
    pub(super) fn last(&self) -> Option<&BuildRecord> {
        self.made().next()?
    }

    /// Returns the build whose options the next one keeps: the last one that made an image. What `build --local` was
    /// told was said of that image alone: it is passed over where there is another.
    pub(super) fn remembered(&self) -> Option<&BuildRecord> {
        let mut made = self.made();
        made.find(|entry| entry.is_none_or(|build| build.origin != BuildOrigin::Local))
            .or_else(|| self.made().next())?
    }

    /// Returns the layers of the newest build in a repository. Nobody has to vouch for them: what is made of them must
    /// have the digest of today's layer, or that is sent whole.
    pub(super) fn layers_at(&self, repository: &Reference) -> Vec<LayerDescriptor> {
        let newest = self.builds.iter().map(|build| &build.request);
        let mut newest = newest.filter(|request| request.destination.name() == repository.name());
        newest
            .next()
            .map_or_else(Vec::new, |request| request.layers.clone())
    }

    /// Says that earlier builds decide nothing, where there are some.
    pub(super) fn note(&self, app: &AppName) -> Option<String> {
        let is_known = self.made().next().is_some() || !self.deployed.is_empty();
        let has_options = is_known || self.builds.iter().any(|build| build.result().is_some());
        if self.remembered().is_some() || !has_options {
            return None;
        }
        let newest = self.builds.iter().map(|build| build.number).next();
        let which = self.known().next().map(|(number, _)| number).or(newest);
        let which = which.map_or_else(String::new, |number| format!(" for build #{number}"));
        Some(format!(
            "the build record of `{app}` is not used: neither the workload nor this machine vouches{which}. \
             Options of earlier builds (`--image`, `--base`, `--image-env` …) have to be given again"
        ))
    }
}

/// The failure when a build may not be used, since nobody vouches for its entry.
pub(super) fn unconfirmed(what: String, number: u64, app: &AppName, namespace: &str) -> Failure {
    Failure::new(what)
        .why(format!(
            "neither the workload `{app}` nor this machine vouches for build #{number}: its entry in the build record was changed, or it was built elsewhere and never deployed"
        ))
        .next("deploy the artifact, or go back by what Kubernetes itself has kept:")
        .command(format!("kubectl b2i deploy ARTIFACT --name {app} -n {namespace}"))
        .command(format!("kubectl rollout undo deployment/{app} -n {namespace}"))
        .anchor("build-unconfirmed")
}

/// The failure when a build's image is in another repository than the app's.
pub(super) fn elsewhere(what: String, image: &Reference, app: &Reference) -> Failure {
    Failure::new(what)
        .why(format!(
            "the image `{image}` is not in the app's repository `{}`",
            app.name()
        ))
        .next("deploy the artifact with that `--image`, if the app is to move there")
        .anchor("build-elsewhere")
}
