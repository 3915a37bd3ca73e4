//! The line: path → `Artifact` → `ImagePlan` → `Layer`s → the registry has them → `BuildResult`.
//! Each step takes what the one before gave, so the order cannot be wrong.

use std::{path::PathBuf, time::Duration};

use super::{
    args::PlanArgs,
    interrupt::{self, Stage},
    options::{Site, Target, record_failure},
    options_file, packed,
};
use crate::{
    cluster::record,
    error::{Failure, Result},
    model::{
        AppName, Artifact, ArtifactPlace, Base, BuildOrigin, BuildOutcome, BuildRecord, BuildResult, Event,
        Events, Expected, ImagePlan, Layer, Step, Uploaded,
    },
    oci::Digest,
    steps::{
        fetch::{self, Fetched},
        inspect::{self, Limits},
        job, upload,
    },
    term::bytes,
};

/// Bytes of layers that may be on their way at one time: the largest artifact that can be sent.
const SPOOL_LIMIT_BYTES: u64 = 4 << 30;
/// How long the staging Pod may take to run: a node may have to be added, an image to be pulled.
const POD_TIMEOUT: Duration = Duration::from_mins(3);

/// What came of a build.
pub(super) struct Built {
    pub result: BuildResult,
    /// `None` where nothing had changed, so that nothing was built.
    pub uploaded: Option<Uploaded>,
}

/// Brings the artifact to this machine; `name` is what it is called that has no name of its own.
pub(super) async fn fetch(plan: &PlanArgs, name: Option<&AppName>, events: &Events) -> Result<Fetched> {
    ensure_there_is_one(&plan.artifact)?;
    events.send(Event::Started(Step::Inspect));
    let expected = Expected {
        digest: plan.expected.sha256,
        max_bytes: plan.expected.max_artifact_size,
    };
    let fetched = fetch::run(&plan.artifact, name.map(AppName::as_str), &expected, events);
    // Dropped in the middle, a download takes its temporary file along.
    interrupt::or_stop(fetched).await
}

fn ensure_there_is_one(artifact: &ArtifactPlace) -> Result<()> {
    if *artifact != ArtifactPlace::File(PathBuf::new()) {
        return Ok(());
    }
    Err(Failure::usage("could not tell the artifact")
        .why(format!(
            "none was given, and no `{}` in this folder names one",
            options_file::NAME
        ))
        .next("give it, for example:")
        .command("kubectl b2i deploy ./shop.jar --port 8080")
        .command("kubectl b2i init")
        .anchor("no-artifact"))
}

/// Finds out what the artifact is.
pub(super) async fn inspect(fetched: &Fetched, plan: &PlanArgs, events: &Events) -> Result<Artifact> {
    let path = fetched.local_path.clone();
    let limits = Limits {
        max_entries: plan.expected.max_entries,
        max_unpacked_bytes: plan.expected.max_unpacked_size,
    };
    let artifact = blocking(move || inspect::run_within(&path, &limits)).await?;
    let mut words = format!(
        "{} · {} · {}",
        artifact.file_name,
        artifact.summary(),
        bytes(artifact.size_bytes)
    );
    if let Some(file) = plan.file.as_ref().filter(|file| !file.is_empty()) {
        words = format!("{words} · options of {}", file.to_string_lossy());
    }
    events.send(Event::Done(Step::Inspect, words));
    for note in &artifact.notes {
        events.send(Event::Warning(note.clone()));
    }
    Ok(artifact)
}

/// Makes and pushes the image, unless the record knows that the very same was built last.
pub(super) async fn build(
    site: &Site,
    target: &Target,
    artifact: &Artifact,
    plan: &ImagePlan,
    stage: &Stage,
) -> Result<Built> {
    let events = &site.events;
    let inputs = inputs(artifact, plan, target);
    if let Some(result) = target.unchanged_since(&inputs) {
        events.send(Event::Started(Step::Build));
        events.send(Event::Done(
            Step::Build,
            "nothing changed since the last build".to_owned(),
        ));
        return Ok(Built {
            result,
            uploaded: None,
        });
    }
    let known = packed::known_layers(|name| std::env::var(name).ok());
    let packed = packed::pack(artifact, plan, known, Some(&target.destination.name()), events).await?;
    let request = packed.request(
        plan,
        target.destination.clone(),
        target.tags.clone(),
        site.access.clone(),
    );
    let mut record = BuildRecord {
        number: 0,
        started: jiff::Timestamp::now().to_string(),
        ended: None,
        origin: BuildOrigin::Artifact,
        artifact: artifact.file_name.clone(),
        artifact_bytes: artifact.size_bytes,
        artifact_digest: artifact.digest,
        summary: artifact.summary(),
        inputs,
        options: target.options.clone(),
        request,
        uploaded_bytes: 0,
        outcome: None,
        log_tail: Vec::new(),
    };

    stage.in_cluster();
    let uploaded = send(site, target, plan, packed.layers().await?, Vec::new()).await?;
    record.uploaded_bytes = uploaded.uploaded_bytes;
    let send_again = async |digests| send(site, target, plan, packed.layers().await?, digests).await;
    make(site, &target.app, record, uploaded, stage, send_again).await
}

/// Makes and pushes the image that a record asks for, of layers that are in the registry.
pub(super) async fn rerun(site: &Site, app: &AppName, record: BuildRecord, stage: &Stage) -> Result<Built> {
    let repository = record.request.destination.name();
    stage.in_cluster();
    make(
        site,
        app,
        record,
        Uploaded::default(),
        stage,
        async |digests: Vec<Digest>| {
            let missing: Vec<String> = digests.iter().map(ToString::to_string).collect();
            Err(Failure::new(format!("could not build `{app}` again"))
                .why(format!(
                    "`{repository}` no longer has its layers: {}",
                    missing.join(", ")
                ))
                .next("build from the artifact, which sends them:")
                .command(format!("kubectl b2i build ARTIFACT --name {app} --rebuild"))
                .anchor("layers-gone"))
        },
    )
    .await
}

/// Records a build, runs its builder, and records what came of it. `send_again` sends layers which
/// the registry said that it had, and then did not know.
async fn make(
    site: &Site,
    app: &AppName,
    record: BuildRecord,
    mut uploaded: Uploaded,
    stage: &Stage,
    send_again: impl AsyncFn(Vec<Digest>) -> Result<Uploaded>,
) -> Result<Built> {
    let events = &site.events;
    let number = record::begin(&site.cluster, app, &record, record::HISTORY_LIMIT)
        .await
        .map_err(|error| record_failure(&site.cluster, "begin", app, &error))?;
    stage.recorded(app, number);
    let pull_secret = record.options.pull_secret.as_deref();

    events.send(Event::Started(Step::Build));
    let mut ended = run_job(site, app, pull_secret, number, 1).await;
    if let Ok(job::Built {
        outcome: BuildOutcome::MissingBlobs(digests),
        ..
    }) = &ended
    {
        ended = match send_again(digests.clone()).await {
            Ok(again) => {
                uploaded.uploaded_bytes += again.uploaded_bytes;
                uploaded.sent.extend(again.sent);
                run_job(site, app, pull_secret, number, 2).await
            }
            Err(failure) => Err(failure),
        };
    }
    let job::Built { outcome, log_tail } = ended.unwrap_or_else(|failure| job::Built {
        outcome: BuildOutcome::Failed(failure),
        log_tail: Vec::new(),
    });
    record::finish(
        &site.cluster,
        app,
        number,
        &outcome,
        &log_tail,
        uploaded.uploaded_bytes,
    )
    .await
    .map_err(|error| record_failure(&site.cluster, "keep", app, &error))?;
    stage.done();
    match outcome {
        BuildOutcome::Done(result) => {
            events.send(Event::Done(Step::Build, figures(&result)));
            Ok(Built {
                result,
                uploaded: Some(uploaded),
            })
        }
        BuildOutcome::Failed(failure) => Err(failure),
        BuildOutcome::MissingBlobs(digests) => Err(Failure::new(format!(
            "could not push `{}`",
            record.request.destination
        ))
        .why(format!(
            "the registry took {} and then did not know it",
            digests.first().map_or_else(String::new, ToString::to_string)
        ))
        .next("look at the registry's log and its storage; then build again:")
        .command("kubectl b2i build … --rebuild")
        .anchor("blob-unknown")),
    }
}

/// A finished build in words: where the base came from, and what was pushed.
pub(super) fn figures(result: &BuildResult) -> String {
    let base = match (result.copied_layers, &result.base) {
        (_, None) => String::new(),
        (0, Some(_)) => "base mounted · ".to_owned(),
        (copied, Some(_)) => format!("{copied} base layers copied · "),
    };
    let digest = result
        .image
        .digest
        .map_or_else(String::new, |digest| digest.short());
    format!(
        "{base}manifest pushed · sha256:{digest}… · {}",
        bytes(result.size_bytes)
    )
}

async fn send(
    site: &Site,
    target: &Target,
    plan: &ImagePlan,
    layers: &[Layer],
    always_send: Vec<Digest>,
) -> Result<Uploaded> {
    let options = upload::Options {
        app: target.app.clone(),
        run_id: site.run_id.clone(),
        builder_image: site.builder_image.clone(),
        builder_pull_secret: site.builder_pull_secret.clone(),
        push_secret: site.push_secret.clone(),
        pull_secret: target.options.pull_secret.clone(),
        base: match &plan.base {
            Base::Scratch => None,
            Base::Image(image) => Some(image.clone()),
        },
        destination: target.destination.clone(),
        access: site.access.clone(),
        spool_limit_bytes: SPOOL_LIMIT_BYTES,
        timeout: POD_TIMEOUT,
        always_send,
    };
    upload::run(&site.cluster, &options, layers, &site.events).await
}

async fn run_job(
    site: &Site,
    app: &AppName,
    pull_secret: Option<&str>,
    number: u64,
    attempt: u32,
) -> Result<job::Built> {
    let options = job::Options {
        app: app.clone(),
        run_id: site.run_id.clone(),
        attempt,
        number,
        builder_image: site.builder_image.clone(),
        builder_pull_secret: site.builder_pull_secret.clone(),
        push_secret: site.push_secret.clone(),
        pull_secret: pull_secret.map(ToOwned::to_owned),
        deadline_seconds: site.timeout.map_or(job::DEADLINE_SECONDS, |time| {
            // Kubernetes wants at least a second.
            i64::try_from(time.as_secs()).unwrap_or(i64::MAX).max(1)
        }),
        patience: job::PATIENCE,
    };
    job::run(&site.cluster, &options, &site.events).await
}

/// Returns the digest of everything that decides the image.
pub(super) fn inputs(artifact: &Artifact, plan: &ImagePlan, target: &Target) -> Digest {
    /// Raised when the same inputs would give other layers or another config.
    const FORMAT: u32 = 1;
    let all = serde_json::json!({
        "format": FORMAT,
        "artifact": artifact.digest,
        "plan": plan,
        "destination": target.destination.name(),
        "tags": target.tags,
    });
    Digest::of(all.to_string().as_bytes())
}

/// Runs work that computes or reads files on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(Failure::new("could not finish").because(error)),
        },
    }
}
