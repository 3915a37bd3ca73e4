//! `registry login`: a Secret with a login, and the proof that it is good.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::{ResourceExt, api::PostParams};

use super::{
    Context, access,
    args::AccessArgs,
    bootstrap::BuilderImage,
    build_cpu_limit,
    check::TIMEOUT,
    interrupt::{self, Stage},
    named_image::{NamedImage, Purpose},
    options,
};
use crate::{
    cluster::{
        Cluster,
        error::{is_conflict, is_not_found},
        objects::login_secret,
        secrets::USUAL_NAME,
    },
    error::{Failure, Result},
    model::{CheckReport, CheckRequest, CheckScope, Event, RegistryAccess, SecretName, Step},
    oci::Reference,
    registry::{Client, Credentials, with_login},
    steps::check,
    term::ask,
};

/// Arguments of `registry login`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i registry login registry.example.com
  kubectl b2i registry login ghcr.io --username jane --password-stdin < token.txt")]
pub(super) struct Args {
    /// The registry, with its port: registry.example.com:5000; docker.io for Docker Hub
    host: String,
    /// User to log in as; asked for on a terminal when not given
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// Read the password from standard input; asked for on a terminal when not given
    #[arg(long)]
    password_stdin: bool,
    /// Secret that the login is put into; its other logins stay
    #[arg(long, value_name = "NAME", default_value = USUAL_NAME)]
    secret: String,
    /// Image that proves the login from inside the cluster; without one, it is proved from here
    #[arg(long, value_name = "REFERENCE", env = "B2I_BUILDER_IMAGE")]
    builder_image: Option<String>,
    /// Secret that the builder image is pulled with
    #[arg(long, value_name = "NAME", env = "B2I_BUILDER_PULL_SECRET")]
    builder_pull_secret: Option<String>,
    #[command(flatten)]
    access: AccessArgs,
}

/// Longer than any token that was seen, and short enough for a Secret with several.
const LONGEST_PASSWORD_BYTES: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes the Secret and proves it.
pub(super) async fn run(context: &Context, args: Args) -> Result<()> {
    let registry = registry(&args.host)?;
    // What is wrong with a flag is told before a password is asked for.
    access::access(&args.access, &context.config)?;
    let username = username(&args)?;
    let password = password(&args, &username)?;
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let access = access::access(&args.access, &config)?;
    // Before anything is written: it would get the Secret.
    let builder = match NamedImage::choose(args.builder_image.as_ref(), config.builder_image.as_ref()) {
        Some(named) => {
            let dialogue = context.dialogue();
            let trusted = named.trusted(Purpose::Builder, &cluster, &args.secret, &dialogue);
            let pull_secret = args.builder_pull_secret.clone();
            Some(BuilderImage {
                image: trusted.await?.to_owned(),
                pull_secret: pull_secret.or_else(|| config.builder_pull_secret.clone()),
            })
        }
        None => None,
    };
    write(&cluster, &args.secret, &registry.registry, &username, &password).await?;
    context.printer.say(&format!(
        "the Secret `{}` in namespace `{}` has a login for {}",
        args.secret, cluster.namespace, registry.registry
    ));
    let credentials = Credentials::Basic { username, password };
    let report = prove(context, builder, &args, &cluster, registry, access, credentials).await?;
    if let Some(failure) = report.failure() {
        let why = format!(
            "{}\n(the Secret `{}` holds this login now)",
            failure.why, args.secret
        );
        return Err(failure.clone().why(why));
    }
    context.printer.result(&[format!("secret/{}", args.secret)]);
    Ok(())
}

/// The host as a reference has it, which is what an image's is held against.
fn registry(host: &str) -> Result<Reference> {
    let bare = host
        .strip_prefix("https://")
        .unwrap_or(host)
        .trim_end_matches('/');
    let wrong = || {
        Failure::usage(format!("could not log in to `{host}`"))
            .why("it is no registry: a host name, maybe with a port")
            .next("write it as images have it, for example `registry.example.com:5000`, or `docker.io`")
            .anchor("registry-login")
    };
    let reference: Reference = format!("{bare}/b2i/login").parse().map_err(|_| wrong())?;
    let is_host = reference.registry == bare || bare == "index.docker.io";
    is_host.then_some(reference).ok_or_else(wrong)
}

fn username(args: &Args) -> Result<String> {
    match &args.username {
        Some(name) if !name.is_empty() && !name.contains(':') => Ok(name.clone()),
        Some(name) => Err(missing(
            args,
            &format!("`{name}` is no user's name"),
            "--username NAME",
        )),
        None if args.password_stdin || !ask::is_possible() => {
            Err(missing(args, "nobody said as whom", "--username NAME"))
        }
        None => ask::line(&format!("User at {}", args.host)).map_err(|error| not_asked(args, &error)),
    }
}

fn password(args: &Args, username: &str) -> Result<String> {
    use std::io::Read;
    let given = if args.password_stdin {
        let mut text = String::new();
        let read = std::io::stdin()
            .take(LONGEST_PASSWORD_BYTES)
            .read_to_string(&mut text);
        read.map_err(|_| {
            missing(
                args,
                "standard input could not be read as text",
                "--password-stdin",
            )
        })?;
        // What `echo` and editors put at the end is no part of a password.
        text.trim_end_matches(['\r', '\n']).to_owned()
    } else if ask::is_possible() {
        ask::secret(&format!("Password of {username}")).map_err(|error| not_asked(args, &error))?
    } else {
        return Err(missing(
            args,
            "there is no terminal to ask for the password",
            "--password-stdin",
        ));
    };
    if given.is_empty() {
        return Err(missing(args, "the password is empty", "--password-stdin"));
    }
    Ok(given)
}

fn missing(args: &Args, why: &str, flag: &str) -> Failure {
    // A name that was typed and is one stays.
    let is_named = args.username.is_some() && !flag.starts_with("--username");
    let user = if is_named { "" } else { "--username NAME " };
    Failure::usage(format!("could not log in to `{}`", args.host))
        .why(why)
        .next(format!("give it by `{flag}`, for example:"))
        .again(format!("{user}--password-stdin < password.txt"))
        .anchor("registry-login")
}

fn not_asked(args: &Args, error: &std::io::Error) -> Failure {
    missing(
        args,
        &format!("the terminal gave no answer: {error}"),
        "--password-stdin",
    )
}

/// Makes the Secret, or puts the login into the one that is there.
async fn write(cluster: &Cluster, name: &str, host: &str, username: &str, password: &str) -> Result<()> {
    let secrets = cluster.api::<Secret>();
    let what = || format!("could not write the Secret `{name}`");
    let unusable = |why: String| {
        Failure::new(what())
            .why(why)
            .next("put the login into another Secret:")
            .again("--secret registry-login")
            .anchor("registry-login")
    };
    let merged = |old: Option<&[u8]>| {
        with_login(old, host, username, password)
            .map_err(|error| unusable(format!("it holds no logins: {error}")))
    };
    let written = match secrets.get(name).await {
        Err(error) if is_not_found(&error) => {
            let secret = login_secret::object(name, merged(None)?);
            secrets.create(&PostParams::default(), &secret).await
        }
        Err(error) => Err(error),
        Ok(mut secret) => {
            let type_ = secret.type_.clone().unwrap_or_default();
            if type_ != login_secret::TYPE {
                return Err(unusable(format!(
                    "it is of type `{type_}`, not `{}`",
                    login_secret::TYPE
                )));
            }
            let data = secret.data.get_or_insert_default();
            let old = data.get(login_secret::KEY).map(|json| json.0.as_slice());
            let new = merged(old)?;
            data.insert(login_secret::KEY.to_owned(), k8s_openapi::ByteString(new));
            // With the version that was read: who wrote meanwhile is not overwritten.
            secrets
                .replace(&secret.name_any(), &PostParams::default(), &secret)
                .await
        }
    };
    written.map(drop).map_err(|error| {
        let failure = cluster.failure(what(), &error);
        if is_conflict(&error) {
            return failure
                .next("somebody wrote it at the same time; try again")
                .anchor("registry-login");
        }
        failure
    })
}

/// Asks the registry, from inside the cluster where there is an image for it, else from here.
async fn prove(
    context: &Context,
    builder: Option<BuilderImage>,
    args: &Args,
    cluster: &Cluster,
    image: Reference,
    access: RegistryAccess,
    credentials: Credentials,
) -> Result<CheckReport> {
    let events = context.printer.events();
    events.send(Event::Started(Step::Check));
    let request = CheckRequest {
        image,
        scope: CheckScope::Login,
        push_secret: SecretName {
            namespace: cluster.namespace.clone(),
            name: args.secret.clone(),
        },
        base: None,
        access,
    };
    let (report, place) = if let Some(builder) = builder {
        let settings = check::Options {
            run_id: options::run_id(),
            builder_image: builder.image,
            builder_pull_secret: builder.pull_secret,
            push_secret: args.secret.clone(),
            pull_secret: None,
            cpu_limit: build_cpu_limit::choose(cluster, None, &context.config).await,
            patience: PATIENCE,
            timeout: TIMEOUT,
        };
        let stage = Stage::default();
        stage.in_cluster();
        let work = check::in_cluster(cluster, &settings, &request, &events);
        let report = interrupt::or_cleanup(work, &stage, cluster, &settings.run_id, &context.printer).await?;
        (report, "from inside the cluster")
    } else {
        let image = &request.image;
        let options = access::from_here(&request.access, image, Some(credentials))?;
        let client = Client::new(&image.registry, &options)
            .map_err(|error| error.failure(format!("could not connect to `{}`", image.registry)))?;
        (check::run(&request, &client, None).await, "from here")
    };
    if report.failure().is_none() {
        let login = report.checks.last().map_or("", |check| check.detail.as_str());
        events.send(Event::Done(Step::Check, format!("{login} · proved {place}")));
    }
    Ok(report)
}
