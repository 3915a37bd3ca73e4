//! What `build --local` made, noted in the build record: in the cluster that was named, and else in the
//! one at hand, where the app is known. The build itself needs no cluster, and fails for none.

use std::time::Duration;

use tokio::{task::JoinHandle, time::timeout};

use super::{args::GlobalArgs, history::History, known_builds::KnownBuilds, options};
use crate::{
    cluster::{Cluster, record},
    error::{Failure, Result},
    model::{AppName, BuildRecord, Events},
};

/// How long a cluster that nobody named is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The build record of an app, which is read while its image is made.
pub(super) struct LocalRecord {
    app: AppName,
    cluster: Cluster,
    /// Whether a person named the cluster; else nobody is told what goes wrong with it.
    is_named: bool,
    history: JoinHandle<Result<History>>,
}

impl LocalRecord {
    /// Begins to read the record in the cluster that the flags name, or else in the kubeconfig's own.
    ///
    /// # Errors
    /// What was named is not there.
    pub(super) async fn look_up(global: &GlobalArgs, app: &AppName) -> Result<Option<Self>> {
        let is_named = names_a_cluster(global);
        let cluster = if is_named {
            Some(options::connect(global, Events::nowhere()).await?)
        } else {
            Cluster::at_hand().await
        };
        Ok(cluster.map(|cluster| Self {
            history: tokio::spawn(read(cluster.clone(), app.clone(), is_named)),
            app: app.clone(),
            cluster,
            is_named,
        }))
    }

    /// Notes a build that is done, and returns in words where. Where nobody named the cluster, it has to
    /// know the app, with images in the same repository.
    ///
    /// # Errors
    /// It is not noted, in a cluster that was named.
    pub(super) async fn note(self, build: BuildRecord, history_limit: usize) -> Result<Option<String>> {
        let is_named = self.is_named;
        let noting = self.try_note(build, history_limit);
        if is_named {
            return noting.await;
        }
        Ok(timeout(PATIENCE, noting)
            .await
            .ok()
            .and_then(Result::ok)
            .flatten())
    }

    async fn try_note(self, build: BuildRecord, history_limit: usize) -> Result<Option<String>> {
        let read = self.history.await;
        let history =
            read.map_err(|error| Failure::new("could not read the build record").because(error))??;
        let is_known =
            |last: &BuildRecord| last.request.destination.name() == build.request.destination.name();
        if !self.is_named && !history.builds.first().is_some_and(is_known) {
            return Ok(None);
        }
        let (cluster, app) = (&self.cluster, &self.app);
        // Only a counter: what the entry says is trusted no more for it.
        let same = history.builds.first().filter(|last| is_same(last, &build));
        let noted = if let Some(last) = same {
            record::skip(cluster, app, last.number)
                .await
                .map(|()| last.number)
        } else {
            // The next deploy keeps what it would have kept without this build.
            let options = history.remembered().map_or(&build.options, |last| &last.options);
            let build = BuildRecord {
                options: options.clone(),
                ..build.clone()
            };
            let begun = record::begin(cluster, app, &build, history.highest(), history_limit).await;
            begun.inspect(|number| {
                let noted = BuildRecord {
                    number: *number,
                    ..build
                };
                KnownBuilds::of(cluster, app).keep(noted.seal());
            })
        };
        let number = noted.map_err(|error| options::record_failure(cluster, "keep", app, &error))?;
        Ok(Some(format!(
            "build #{number} of `{app}` in namespace `{}`",
            cluster.namespace
        )))
    }
}

fn names_a_cluster(global: &GlobalArgs) -> bool {
    let words = [
        &global.namespace,
        &global.context,
        &global.cluster,
        &global.user,
        &global.server,
    ];
    global.kubeconfig.is_some() || words.into_iter().any(Option::is_some)
}

/// Whether a build made from the same what the other one did.
fn is_same(last: &BuildRecord, build: &BuildRecord) -> bool {
    last.inputs == build.inputs && last.outcome == build.outcome
}

async fn read(cluster: Cluster, app: AppName, is_named: bool) -> Result<History> {
    let reading = History::read(&cluster, &app);
    if is_named {
        return reading.await;
    }
    let late = |_| Failure::new("could not read the build record").why("the cluster did not answer");
    timeout(PATIENCE, reading).await.map_err(late)?
}
