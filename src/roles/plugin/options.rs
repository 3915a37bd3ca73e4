//! From what was typed to what the steps take: flags, env, configuration and what the cluster
//! knows. Everything that can be checked without the cluster is checked before it is asked.

use std::time::Duration;

use tokio::sync::OnceCell;

use super::{
    access,
    args::{ClusterBuildArgs, GlobalArgs, ImageArgs, PlanArgs},
    bootstrap::{self, BuilderImage},
    build_cpu_limit,
    config::Config,
    destination,
    dialogue::Dialogue,
    history::History,
    merge,
    named_image::{NamedImage, Purpose},
    pull_secret::PullSecret,
    push_secret, staging, values,
};
use crate::{
    cluster::{Cluster, ConnectOptions, record},
    error::{Failure, Result},
    model::{
        AppName, Artifact, ArtifactPlace, BuildRecord, BuildResult, Event, Events, ImageOptions,
        LayerDescriptor, RegistryAccess,
    },
    oci::{Digest, Reference},
    registry::Keychain,
    steps::plan,
};

/// Where in the cluster a build happens, and with what.
pub(super) struct Site {
    pub cluster: Cluster,
    pub events: Events,
    /// Asks for what was left out.
    pub dialogue: Dialogue,
    /// Labels everything that this run makes.
    pub run_id: String,
    /// What plays our roles there: what was named, else what the first to need it brings in.
    builder: OnceCell<BuilderImage>,
    named_builder: Option<NamedImage>,
    pub builder_pull_secret: Option<String>,
    /// Image by which it is brought in.
    pub bootstrap_image: Option<NamedImage>,
    pub push_secret: String,
    /// The same, where the app's next build is to keep it.
    pub kept_push_secret: Option<String>,
    pub pull_secret: PullSecret,
    pub access: RegistryAccess,
    /// CPU limit of the Pods, where there has to be one.
    pub build_cpu_limit: Option<String>,
    pub timeout: Option<Duration>,
    /// How long the staging Pod stays for the next run.
    pub staging_idle: Duration,
    /// Builds of an app that its record keeps.
    pub history_limit: usize,
}

impl Site {
    /// Returns the builder image; `destination` says which registry one is brought into, where none was
    /// named.
    pub(super) async fn builder(&self, destination: &Reference) -> Result<&BuilderImage> {
        let find = async || {
            let Some(named) = &self.named_builder else {
                return bootstrap::run(self, destination).await;
            };
            Ok(BuilderImage {
                image: self.trusted(named, Purpose::Builder).await?,
                pull_secret: self.builder_pull_secret.clone(),
            })
        };
        Box::pin(self.builder.get_or_try_init(find)).await
    }

    /// Returns an image that gets the push Secret, if it may.
    pub(super) async fn trusted(&self, image: &NamedImage, purpose: Purpose) -> Result<String> {
        let trusted = image.trusted(purpose, &self.cluster, &self.push_secret, &self.dialogue);
        trusted.await.map(str::to_owned)
    }
}

/// What is built: its name, and where its image goes.
pub(super) struct Target {
    pub app: AppName,
    /// Registry and repository, without tag.
    pub destination: Reference,
    pub tags: Vec<String>,
    /// What was said of the image, now or earlier.
    pub options: ImageOptions,
    /// The last build, where somebody vouches for it.
    pub last: Option<BuildRecord>,
    /// Layers that the repository may have from the newest build: a hint of what a change can be sent against.
    pub earlier_layers: Vec<LayerDescriptor>,
    /// The highest number that a build of the app is known to have.
    pub highest: u64,
    /// Ask whether the base has moved.
    pub pull: bool,
    /// Build, whatever the last build made.
    pub rebuild: bool,
}

impl Target {
    /// Returns the last build and what it made, if it was made from the same inputs, for the same place.
    pub(super) fn unchanged_since(&self, inputs: &Digest) -> Option<(&BuildRecord, &BuildResult)> {
        let last = self.last.as_ref().filter(|_| !self.rebuild)?;
        let result = last.result()?;
        let is_here = result.image.name() == self.destination.name() && result.image.digest.is_some();
        Some((last, result)).filter(|_| is_here && last.inputs == *inputs)
    }
}

/// Returns what the plan step takes.
pub(super) fn plan_options(image: &ImageOptions, config: &Config) -> Result<plan::Options> {
    let image = image.clone();
    Ok(plan::Options {
        base: image.base,
        ports: image.ports,
        image_env: image.env,
        labels: image.labels,
        jvm_options: image.jvm_options,
        context_path: image.context_path,
        convert_javax: image.convert_javax,
        platform: image.platform,
        s2i: image.s2i,
        compression: image.compression.unwrap_or_default(),
        catalogue: config.catalogue()?,
    })
}

/// Chooses the app's name: the flag's, else one from the name of what is run.
pub(super) fn app_name(args: &ImageArgs, artifact: &Artifact) -> Result<AppName> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let named_after = &artifact.named_after;
    AppName::from_file_name(named_after).ok_or_else(|| {
        Failure::usage(format!("could not name the app after `{named_after}`"))
            .why("the name of an app begins with a letter from a to z, and this has none")
            .next("give it a name: `--name shop`")
            .anchor("name-none")
    })
}

/// Refuses what comes through a pipe without a name, before it is read.
pub(super) fn ensure_it_can_be_named(args: &ImageArgs, plan: &PlanArgs) -> Result<()> {
    if plan.artifact == ArtifactPlace::Stdin && args.name.is_none() {
        return Err(Failure::usage("could not name the app")
            .why("what comes through a pipe has no file name")
            .next("give it a name: `--name shop`")
            .anchor("artifact-pipe"));
    }
    Ok(())
}

/// Connects, with kubectl's flags. Events hear of requests that wait.
pub(super) async fn connect(global: &GlobalArgs, events: Events) -> Result<Cluster> {
    let options = ConnectOptions {
        kubeconfig: global.kubeconfig.clone(),
        context: global.context.clone(),
        cluster: global.cluster.clone(),
        user: global.user.clone(),
        server: global.server.clone(),
        token: global.token.clone(),
        as_user: global.as_user.clone(),
        as_groups: global.as_groups.clone(),
        as_uid: global.as_uid.clone(),
        namespace: global.namespace.clone(),
        request_timeout: values::time("--request-timeout", &global.request_timeout)?,
        insecure_skip_tls_verify: global.insecure_skip_tls_verify,
        certificate_authority: global.certificate_authority.clone(),
        client_certificate: global.client_certificate.clone(),
        client_key: global.client_key.clone(),
        tls_server_name: global.tls_server_name.clone(),
    };
    Cluster::connect(&options, events)
        .await
        .map_err(|error| error.to_failure())
}

/// Finds what a build in the cluster needs: the push Secret and the builder image. `built` is waited
/// for only where its last build may decide between Secrets; `None` where it is no app.
pub(super) async fn site(
    cluster: Cluster,
    args: &ClusterBuildArgs,
    config: &Config,
    events: &Events,
    dialogue: Dialogue,
    built: impl Future<Output = Option<push_secret::Built>>,
) -> Result<(Site, Keychain)> {
    let builder_pull_secret = args
        .builder_pull_secret
        .clone()
        .or_else(|| config.builder_pull_secret.clone());
    let access = access::access(&args.access, config)?;
    let timeout = values::time("--build-timeout", &args.build_timeout)?;
    let staging_idle = staging::idle(args.staging_idle.as_deref().or(config.staging_idle.as_deref()))?;
    let said = push_secret::Said {
        flag: args.push_secret.as_deref(),
        configuration: config.push_secret.as_deref(),
        image_prefix: config.image_prefix.as_deref(),
    };
    let (secret, build_cpu_limit) = tokio::join!(
        push_secret::choose_or_ask(&cluster, said, built, &dialogue),
        build_cpu_limit::choose(&cluster, args.build_cpu_limit.as_ref(), config),
    );
    let (secret, is_configured) = secret?;
    let keychain = push_secret::keychain(&secret, &cluster.namespace)?;
    let site = Site {
        events: events.clone(),
        dialogue,
        run_id: run_id(),
        builder: OnceCell::new(),
        named_builder: NamedImage::choose(args.builder_image.as_ref(), config.builder_image.as_ref()),
        builder_pull_secret,
        bootstrap_image: NamedImage::choose(args.bootstrap_image.as_ref(), config.bootstrap_image.as_ref()),
        kept_push_secret: (!is_configured).then(|| secret.name.clone()),
        push_secret: secret.name,
        pull_secret: PullSecret::new(args.pull_secret.as_ref(), config.pull_secret.as_ref()),
        access,
        build_cpu_limit,
        timeout,
        staging_idle,
        history_limit: args
            .history_limit
            .map_or_else(|| config.history_limit(), usize::from),
        cluster,
    };
    Ok((site, keychain))
}

/// Chooses where the image goes: the flag's place, else the last build's, else where the running image is, else
/// the rule's.
pub(super) async fn target(
    site: &Site,
    keychain: &Keychain,
    app: AppName,
    args: &ImageArgs,
    plan: &PlanArgs,
    config: &Config,
    history: &History,
) -> Result<Target> {
    let namespace = &site.cluster.namespace;
    if let Some(note) = history.note(&app) {
        site.events.send(Event::Warning(note));
    }
    let remembered = history.remembered();
    // A registry of `registry up` that is no more, or has another port by now.
    let is_gone = |image: &Reference| {
        image.registry.starts_with("localhost:") && site.access.address_of(&image.registry).is_none()
    };
    let of_last = remembered.map(|last| &last.request.destination);
    let of_last = of_last.or(history.running.as_ref()).cloned();
    let given = args.image.as_ref().map(|image| &image.reference);
    let image = given
        .cloned()
        .or_else(|| of_last.filter(|image| !is_gone(image)))
        .or_else(|| by_rule(keychain, config, namespace, app.as_str()));
    let image = match image {
        Some(image) => image,
        None => asked_image(site, keychain, &app).await?,
    };
    // A Secret that we may not read has no hosts; then the staging Pod finds out.
    if !keychain.hosts().is_empty() && keychain.find(&image.registry, &image.repository).is_none() {
        return Err(push_secret::no_entry(
            &site.push_secret,
            &keychain.hosts(),
            &image,
            namespace,
        ));
    }
    let tags = match (&args.tags[..], given.and_then(|image| image.tag.clone())) {
        ([], Some(tag)) => vec![tag],
        ([], None) => remembered.map_or_else(|| vec!["latest".to_owned()], |last| last.request.tags.clone()),
        (tags, _) => tags.to_vec(),
    };
    let destination = Reference {
        tag: None,
        digest: None,
        ..image
    };
    ensure_tags(&destination, &tags)?;
    let previous = remembered.map(|last| last.options.clone()).unwrap_or_default();
    let mut options = merge::image(previous, plan)?;
    options.push_secret.clone_from(&site.kept_push_secret);
    options.pull_secret = site.pull_secret.kept(options.pull_secret);
    Ok(Target {
        app,
        tags,
        options,
        last: history.last().cloned(),
        earlier_layers: history.layers_at(&destination),
        destination,
        highest: history.highest(),
        pull: args.pull,
        rebuild: args.rebuild,
    })
}

/// Returns where an app's image goes when nobody said so: by the configuration, else by the push Secret.
pub(super) fn by_rule(keychain: &Keychain, config: &Config, namespace: &str, app: &str) -> Option<Reference> {
    let prefix = config.image_prefix.as_ref();
    let by_config = prefix.and_then(|prefix| format!("{prefix}/{app}").parse().ok());
    by_config.or_else(|| {
        let hosts = keychain.hosts();
        let host = hosts.first().filter(|_| hosts.len() == 1)?;
        destination::default(host, keychain.user_of(host), namespace, app)
    })
}

/// Asks where the image goes, which no rule says.
async fn asked_image(site: &Site, keychain: &Keychain, app: &AppName) -> Result<Reference> {
    let hosts = keychain.hosts();
    let likely = hosts
        .first()
        .map(|host| format!("{host}/{}/{app}", site.cluster.namespace));
    let question = "Where the image goes".to_owned();
    let answer = site
        .dialogue
        .text("--image", question, likely.unwrap_or_default())
        .await;
    let answer = answer.ok_or_else(|| push_secret::no_default_image(&site.push_secret, &hosts, app))?;
    answer.parse().map_err(|error| {
        Failure::usage(format!("could not use `{answer}` as the image"))
            .because(error)
            .next("write registry, repository and maybe a tag: `--image registry.example.com/team/shop:1.4`")
            .anchor("default-image")
    })
}

/// Checks that tags are such.
pub(super) fn ensure_tags(destination: &Reference, tags: &[String]) -> Result<()> {
    for tag in tags {
        if format!("{}:{tag}", destination.name())
            .parse::<Reference>()
            .is_err()
        {
            return Err(Failure::usage(format!("could not use the tag `{tag}`"))
                .why("a tag has up to 128 of a-z, A-Z, 0-9, `_`, `.` and `-`, and begins with none of the last two")
                .next("write, for example, `--tag 1.4.2`"));
        }
    }
    Ok(())
}

/// Returns a fresh id, short enough for names.
pub(super) fn run_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    // Only to tell runs apart; what must be secret is made from the system's random bytes.
    format!("{:08x}", RandomState::new().hash_one(std::process::id()) >> 32)
}

/// The failure when the build record cannot be read or kept.
pub(super) fn record_failure(cluster: &Cluster, verb: &str, app: &AppName, error: &record::Error) -> Failure {
    let what = format!("could not {verb} the build record of `{app}`");
    match error {
        record::Error::Request(error) => cluster.failure(what, error),
        _ => Failure::new(what)
            .why(error)
            .next("see what it holds:")
            .command(format!(
                "kubectl get configmap {} -n {} -o yaml",
                record::name(app),
                cluster.namespace
            ))
            .anchor("build-record"),
    }
}
