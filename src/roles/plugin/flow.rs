//! The line: path → `Artifact` → `ImagePlan` → `Layer`s → the registry has them → `BuildResult`.
//! Each step takes what the one before gave, so the order cannot be wrong.

use std::{ffi::OsStr, path::PathBuf, pin::pin, sync::Arc};

use futures_util::future::{Either, join, select};
use jiff::Timestamp;

use super::{
    args::ExpectedArgs,
    begun,
    builder::{Build, NotSent},
    interrupt::{self, Stage},
    known_builds::KnownBuilds,
    options::{Site, Target, record_failure},
    options_file, packed,
    staging::Staging,
};
use crate::{
    cluster::record,
    error::{Failure, Result},
    model::{
        AppName, Artifact, ArtifactPlace, BuildOrigin, BuildOutcome, BuildRecord, BuildResult, Event, Events,
        Expected, ImagePlan, Layer, Seal, Step, Uploaded,
    },
    oci::{Digest, Hasher, Reference},
    steps::{
        cleanup,
        fetch::{self, Fetched},
        inspect::{self, Limits},
        job, plan,
    },
    term::bytes,
};

/// What came of a build.
pub(super) struct Built {
    pub result: BuildResult,
    /// `None` where nothing had changed, so that nothing was built.
    pub uploaded: Option<Uploaded>,
    /// Its number, where it was built now.
    pub number: Option<u64>,
    /// What vouches for its entry in the record.
    pub seal: Option<Seal>,
}

/// Brings the artifact to this machine; `name` is what it is called that has no name of its own.
pub(super) async fn fetch(
    place: &ArtifactPlace,
    args: &ExpectedArgs,
    name: Option<&AppName>,
    events: &Events,
) -> Result<Fetched> {
    ensure_there_is_one(place)?;
    events.send(Event::Started(Step::Inspect));
    let expected = Expected {
        digest: args.sha256,
        max_bytes: args.max_artifact_size,
    };
    let fetched = fetch::run(place, name.map(AppName::as_str), &expected, events);
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

/// Finds out what the artifact is; `options_file` is only told.
pub(super) async fn inspect(
    fetched: &Fetched,
    args: &ExpectedArgs,
    options_file: Option<&OsStr>,
    events: &Events,
) -> Result<Arc<Artifact>> {
    let path = fetched.local_path.clone();
    let limits = Limits {
        max_entries: args.max_entries,
        max_unpacked_bytes: args.max_unpacked_size,
        may_lack_libraries: args.allow_missing_libraries,
    };
    let artifact = blocking(move || inspect::run_within(&path, &limits)).await?;
    let mut words = format!(
        "{} · {} · {}",
        artifact.file_name,
        artifact.summary(),
        bytes(artifact.size_bytes)
    );
    if let Some(file) = options_file.filter(|file| !file.is_empty()) {
        words = format!("{words} · options of {}", file.to_string_lossy());
    }
    events.send(Event::Done(Step::Inspect, words));
    for note in &artifact.notes {
        events.send(Event::Warning(note.clone()));
    }
    Ok(Arc::new(artifact))
}

/// Decides what the image will be, and tells what is to be known of that.
pub(super) fn plan(artifact: &Artifact, options: &plan::Options, events: &Events) -> Result<Arc<ImagePlan>> {
    let plan = plan::run(artifact, options)?;
    for note in &plan.notes {
        events.send(Event::Warning(note.clone()));
    }
    Ok(Arc::new(plan))
}

/// Makes and pushes the image, unless the record knows that the very same ([`inputs`]) was built last.
pub(super) async fn build(
    site: &Site,
    target: &Target,
    artifact: &Arc<Artifact>,
    plan: &Arc<ImagePlan>,
    inputs: Digest,
    stage: &Stage,
) -> Result<Built> {
    let events = &site.events;
    if let Some((last, result)) = target.unchanged_since(&inputs) {
        if target.pull {
            // Only the builder may ask the base's registry. The same base gives the same image.
            let again = begun::again(last, target, site);
            return Box::pin(rerun(site, &target.app, again, target.highest, stage)).await;
        }
        events.send(Event::Started(Step::Build));
        events.send(Event::Done(
            Step::Build,
            "nothing changed since the last build".to_owned(),
        ));
        return Ok(Built {
            result: result.clone(),
            uploaded: None,
            number: None,
            seal: seal_of_skipped(site, target, last).await,
        });
    }
    stage.in_cluster();
    // The staging Pod comes up while the layers are made. Neither is dropped half-way.
    let destination = target.destination.name();
    let packing = async {
        let packed = packed::pack(artifact, plan, packed::noted(), Some(&destination), events).await?;
        packed.layers().await?;
        Ok(packed)
    };
    let (staging, packed) = join(Staging::begin(site, target, plan), packing).await;
    let mut staging = staging?;
    let built = match packed {
        Ok(packed) => {
            let (destination, tags) = (target.destination.clone(), target.tags.clone());
            let request = packed.request(plan, destination, tags, site.access.clone());
            let record = begun::of_artifact(artifact, inputs, target.options.clone(), request);
            Box::pin(make(
                site,
                &target.app,
                record,
                target.highest,
                packed.layers().await?,
                Some(&mut staging),
                stage,
            ))
            .await
        }
        Err(failure) => Err(failure),
    };
    if built.is_ok() {
        staging.leave().await;
    } else {
        staging.undo().await;
    }
    stage.done();
    built
}

/// Makes and pushes the image that a record asks for, of layers that are in the registry.
pub(super) async fn rerun(
    site: &Site,
    app: &AppName,
    record: BuildRecord,
    highest: u64,
    stage: &Stage,
) -> Result<Built> {
    stage.in_cluster();
    // Before anything is recorded: it may be refused.
    let builder = site.builder(&record.request.destination).await;
    let built = match builder {
        Ok(_) => Box::pin(make(site, app, record, highest, &[], None, stage)).await,
        Err(failure) => Err(failure),
    };
    stage.done();
    built
}

/// Returns the seal of a build that serves once more. One that `build --local` made gets an entry of this run's
/// own: what `--local` was told is not remembered, and what this run was told is to be.
async fn seal_of_skipped(site: &Site, target: &Target, last: &BuildRecord) -> Option<Seal> {
    if last.origin != BuildOrigin::Local {
        return Some(last.seal());
    }
    let taken_over = BuildRecord {
        ended: Some(Timestamp::now().to_string()),
        outcome: last.outcome.clone(),
        ..begun::again(last, target, site)
    };
    let (cluster, app) = (&site.cluster, &target.app);
    let begun = record::begin(cluster, app, &taken_over, target.highest, site.history_limit).await;
    // Nobody is the worse off where it cannot be noted.
    let number = begun.ok()?;
    let seal = BuildRecord { number, ..taken_over }.seal();
    KnownBuilds::of(cluster, app).keep(seal);
    Some(seal)
}

/// Notes in the record that nothing had to be built, where that is so. Nobody is the worse off where it
/// cannot be noted.
pub(super) async fn note_skipped(site: &Site, target: &Target, built: &Built) {
    let Some(last) = target.last.as_ref().filter(|_| built.uploaded.is_none()) else {
        return;
    };
    if last.origin != BuildOrigin::Local {
        let _ = record::skip(&site.cluster, &target.app, last.number).await;
    }
}

/// Records a build, runs its builder while its layers are sent, and records what came of it.
async fn make(
    site: &Site,
    app: &AppName,
    record: BuildRecord,
    highest: u64,
    layers: &[Layer],
    staging: Option<&mut Staging<'_>>,
    stage: &Stage,
) -> Result<Built> {
    let record = BuildRecord {
        run: Some(site.run_id.clone()),
        ..record
    };
    let begun = record::begin(&site.cluster, app, &record, highest, site.history_limit);
    let number = Box::pin(begun)
        .await
        .map_err(|error| record_failure(&site.cluster, "begin", app, &error))?;
    stage.recorded(app, number);
    let build = Build {
        site,
        app,
        number,
        request_digest: Digest::of(record::request_text(&record.request).as_bytes()),
        destination: &record.request.destination,
        pull_secret: site.pull_secret.effective(record.options.pull_secret.as_ref()),
    };
    let ended = match staging {
        Some(staging) => build.of_layers(staging, layers).await,
        None => build.of_what_is_there().await,
    };
    let (uploaded, job::Built { outcome, log_tail }) = match ended {
        Ok(ended) => ended,
        Err(NotSent(failure)) => {
            build.undo().await;
            return Err(failure);
        }
    };
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
    stage.built();
    cleanup::recorded_builders(&site.cluster, &site.run_id).await;
    let seal = BuildRecord {
        number,
        outcome: Some(outcome.clone()),
        ..record.clone()
    }
    .seal();
    KnownBuilds::of(&site.cluster, app).keep(seal);
    match outcome {
        BuildOutcome::Done(result) => {
            site.events.send(Event::Done(Step::Build, figures(&result)));
            Ok(Built {
                result,
                uploaded: Some(uploaded),
                number: Some(number),
                seal: Some(seal),
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
        .again("--rebuild")
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

/// Returns the digest of everything that decides the image.
pub(super) fn inputs(
    artifact: &Artifact,
    plan: &ImagePlan,
    destination: &Reference,
    tags: &[String],
) -> Digest {
    /// Raised when the same inputs would give other layers or another config.
    const FORMAT: u32 = 1;
    #[derive(serde::Serialize)]
    struct Inputs<'a> {
        format: u32,
        artifact: Digest,
        plan: &'a ImagePlan,
        destination: String,
        tags: &'a [String],
    }
    let all = Inputs {
        format: FORMAT,
        artifact: artifact.digest,
        plan,
        destination: destination.name(),
        tags,
    };
    // Straight into the hash: a plan names every file of the artifact.
    let mut hasher = Hasher::default();
    serde_json::to_writer(&mut hasher, &all).expect("plain data, and a hash takes every byte");
    hasher.finish()
}

/// Does two things at the same time. The first one's failure is told without waiting for the second
/// and goes before its: what is wrong with a file is nearer than what is wrong with a cluster.
pub(super) async fn alongside<A, B>(
    first: impl Future<Output = Result<A>>,
    second: impl Future<Output = Result<B>>,
) -> Result<(A, B)> {
    match select(pin!(first), pin!(second)).await {
        Either::Left((first, second)) => Ok((first?, second.await?)),
        Either::Right((second, first)) => Ok((first.await?, second?)),
    }
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
