//! Closes the entries of runs that were killed: nobody else records what came of their builds.

use jiff::{Timestamp, ToSpan};
use k8s_openapi::api::{batch::v1::Job, core::v1::ConfigMap};
use kube::{ResourceExt, api::ListParams};

use super::{builds, change::change, name, put, runs};
use crate::{
    cluster::{Cluster, objects::labels},
    error::Failure,
    model::{AppName, BuildOutcome, BuildRecord},
};

/// How long a run may take to create its builder Job after it began the entry, and to record the result after the Job
/// ended. A run that takes longer corrects the entry itself in the end.
const GRACE_SECONDS: i64 = 5;

/// Closes the entries of an app whose run was killed. A failure here is harmless: the next build tries again.
pub(super) async fn close(cluster: &Cluster, app: &AppName) {
    let Ok(Some(map)) = cluster.api::<ConfigMap>().get_opt(&name(app)).await else {
        return;
    };
    let open = builds(map.data.as_ref())
        .into_iter()
        .filter(|build| build.outcome.is_none());
    let open: Vec<BuildRecord> = open.collect();
    if open.is_empty() {
        return;
    }
    let Some(jobs) = builder_jobs(cluster, &format!("{}={app}", labels::APP)).await else {
        return;
    };
    let now = Timestamp::now();
    let killed: Vec<BuildRecord> = open
        .into_iter()
        .filter(|build| is_killed(build, Some(&jobs), now))
        .collect();
    if killed.is_empty() {
        return;
    }
    let closed = change(cluster, app, false, |data| {
        for build in builds(Some(data))
            .into_iter()
            .filter(|build| killed.contains(build))
        {
            let closed = BuildRecord {
                outcome: Some(BuildOutcome::Failed(failure(app.as_str()))),
                ended: Some(now.to_string()),
                ..build
            };
            put(data, &closed);
        }
        Ok(())
    });
    closed.await.ok();
}

/// Returns the builder Jobs that a selector matches; `None` where the user may not list Jobs.
pub async fn builder_jobs(cluster: &Cluster, selector: &str) -> Option<Vec<Job>> {
    let selector = format!("{selector},{}=builder", labels::ROLE);
    let found = cluster
        .api::<Job>()
        .list(&ListParams::default().labels(&selector))
        .await;
    found.ok().map(|found| found.items)
}

/// Whether a build has no result and its run will not record one: its builder Job is gone or has ended. Where Jobs are
/// not known, or the entry does not say which run it is of, only its age counts.
#[must_use]
pub fn is_killed(build: &BuildRecord, jobs: Option<&[Job]>, now: Timestamp) -> bool {
    if build.outcome.is_some() || !runs(build, now) {
        return build.outcome.is_none();
    }
    let (Some(jobs), Some(run)) = (jobs, &build.run) else {
        return false;
    };
    let of_run = jobs
        .iter()
        .filter(|job| job.labels().get(labels::RUN) == Some(run));
    let ends: Option<Vec<Timestamp>> = of_run.map(ended).collect();
    // Without an end, a Job still works.
    let Some(ends) = ends else { return false };
    let started = build.started.parse().ok();
    let last = ends.into_iter().chain(started).max();
    last.is_some_and(|last| last < now - GRACE_SECONDS.seconds())
}

/// Returns when a Job ended.
fn ended(job: &Job) -> Option<Timestamp> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let end = conditions
        .iter()
        .find(|end| matches!(&*end.type_, "Failed" | "Complete") && end.status == "True")?;
    end.last_transition_time
        .as_ref()
        .map(|time| time.0)
        .or(Some(Timestamp::MIN))
}

/// What is recorded of such a build.
#[must_use]
pub fn failure(app: &str) -> Failure {
    Failure::new("could not finish the build")
        .why("its run ended without recording a result: it was killed, or lost the cluster")
        .next("build again; what was uploaded is kept:")
        .command(format!("kubectl b2i build ARTIFACT --name {app}"))
        .anchor("build-killed")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2024-05-01T12:00:00Z";

    fn build(run: Option<&str>, started: &str) -> BuildRecord {
        let digest = crate::oci::Digest::of(b"");
        serde_json::from_value(json!({
            "number": 1, "started": started, "artifact": "shop.jar", "artifactBytes": 1,
            "artifactDigest": digest, "summary": "", "inputs": digest, "run": run,
            "request": {
                "destination": "r/shop", "tags": [], "base": "scratch", "platforms": [],
                "config": {}, "layers": [], "access": {},
            },
        }))
        .expect("a record")
    }

    fn job(run: &str, ended: Option<&str>) -> Job {
        let conditions =
            ended.map(|at| json!([{ "type": "Complete", "status": "True", "lastTransitionTime": at }]));
        serde_json::from_value(json!({
            "metadata": { "name": "b2i-builder-k3x9", "labels": { "kubectl-b2i/run": run } },
            "status": { "conditions": conditions },
        }))
        .expect("a Job")
    }

    #[test]
    fn a_build_is_killed_when_its_own_job_is_over() {
        let now = NOW.parse().expect("a time");
        let (early, just_now) = ("2024-05-01T11:50:00Z", "2024-05-01T11:59:58Z");
        let is_killed = |run, started, jobs: &[Job]| is_killed(&build(run, started), Some(jobs), now);
        assert!(is_killed(Some("a"), early, &[]));
        assert!(is_killed(Some("a"), early, &[job("b", None)]), "another run's");
        assert!(is_killed(
            Some("a"),
            early,
            &[job("a", Some("2024-05-01T11:55:00Z"))]
        ));
        assert!(!is_killed(Some("a"), early, &[job("a", None)]));
        assert!(!is_killed(
            Some("a"),
            early,
            &[job("a", Some(early)), job("a", None)]
        ));
        assert!(
            !is_killed(Some("a"), early, &[job("a", Some(just_now))]),
            "recording it"
        );
        assert!(!is_killed(Some("a"), just_now, &[]), "creating it");
        assert!(!is_killed(None, early, &[]), "an earlier version's");
        assert!(is_killed(None, "2024-04-29T12:00:00Z", &[]));
    }

    #[test]
    fn where_jobs_may_not_be_listed_age_decides() {
        let now = NOW.parse().expect("a time");
        assert!(!is_killed(&build(Some("a"), "2024-05-01T11:50:00Z"), None, now));
        assert!(is_killed(&build(Some("a"), "2024-04-29T12:00:00Z"), None, now));
    }
}
