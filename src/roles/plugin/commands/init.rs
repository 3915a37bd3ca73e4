//! `init`: writes the options file, from the flags of `deploy`, from an app that is deployed, and on a terminal from a
//! dialogue.

use std::path::{Path, PathBuf};

use clap::{
    ArgMatches,
    builder::{OsStringValueParser, TypedValueParser},
};
use serde_json::Value;

use super::{
    Context, command, flow, from_app, options,
    options_file::{self, Entries},
    plain_secrets,
};
use crate::{
    error::{Failure, Result},
    model::{AppName, Artifact, ArtifactKind, ArtifactPlace, Event},
    steps::inspect,
    term::ask,
};

/// Arguments of `init`. The flags of `deploy` that may stand in the file come to them.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i init
  kubectl b2i init ./shop.jar --port 8080 --nodeport --env LOG_LEVEL=debug
  kubectl b2i init --from-app shop")]
pub(crate) struct Args {
    /// The artifact that the file names
    #[arg(help_heading = "Arguments", value_hint = clap::ValueHint::AnyPath, value_parser = OsStringValueParser::new().map(ArtifactPlace::of))]
    artifact: Option<ArtifactPlace>,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = options_file::NAME)]
    file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Write the options that this app of the namespace was deployed with; flags are added to them
    #[arg(long, value_name = "NAME")]
    from_app: Option<AppName>,
}

/// Writes the file and prints its path; `typed` is what stands after `init`.
pub(crate) async fn run(context: &Context, args: Args, typed: &ArgMatches) -> Result<()> {
    if args.file.exists() && !args.force {
        // Before anything is asked.
        return options_file::write(&args.file, &Entries::new(), false);
    }
    let command = command();
    let typed_entries = command
        .find_subcommand("deploy")
        .map(|deploy| options_file::of_typed(deploy, typed))
        .unwrap_or_default();
    for (id, flag) in [("env", "--env"), ("image_env", "--image-env")] {
        let words = typed.get_many::<String>(id).into_iter().flatten();
        let words: Vec<String> = words.cloned().collect();
        for warning in plain_secrets::in_pairs(flag, &words) {
            context.printer.events().send(Event::Warning(warning));
        }
    }
    if let Some(app) = &args.from_app {
        return of_app(context, &args, app, &command, typed_entries).await;
    }
    let mut entries = typed_entries;
    let asks = ask::is_possible();
    let place = match args.artifact {
        Some(place) => place,
        None => asked_for_artifact().ok_or_else(nobody_said)?,
    };
    if let (true, ArtifactPlace::File(path)) = (asks, &place) {
        let path = path.clone();
        let artifact = flow::blocking(move || inspect::run(&path)).await?;
        context.printer.say(&artifact.summary());
        ask_for_the_rest(&mut entries, &artifact);
    }
    entries.shift_insert(
        0,
        "artifact".to_owned(),
        Value::from(seen_from(&args.file, &place)?),
    );
    options_file::write(&args.file, &entries, args.force)?;
    context.printer.say(&format!(
        "from now on, in this folder: {}",
        context.line.command("kubectl b2i deploy")
    ));
    context.printer.result(&[args.file.display().to_string()]);
    Ok(())
}

/// Writes the options of an app, with what was typed over them.
async fn of_app(
    context: &Context,
    args: &Args,
    app: &AppName,
    command: &clap::Command,
    typed: Entries,
) -> Result<()> {
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let file = args.file.display().to_string();
    let found = from_app::read(&cluster, app, command, &file).await?;
    let events = context.printer.events();
    let env = |name: &str| -> Vec<String> {
        let flags = found.flags.iter().filter(|flag| flag.name == name);
        flags.map(|flag| flag.value.clone()).collect()
    };
    let warnings = ["env", "image-env"].map(|name| plain_secrets::in_pairs(&format!("--{name}"), &env(name)));
    for warning in found.note.clone().into_iter().chain(warnings.concat()) {
        events.send(Event::Warning(warning));
    }
    let mut entries = found.entries;
    for (key, value) in typed {
        match (entries.get_mut(&key), value) {
            (Some(Value::Object(before)), Value::Object(added)) => before.extend(added),
            (_, value) => _ = entries.insert(key, value),
        }
    }
    let place = args.artifact.clone();
    let artifact = match (place, found.artifact) {
        (Some(place), _) => seen_from(&args.file, &place)?,
        (None, Some(name)) => name,
        (None, None) => {
            let place = asked_for_artifact().ok_or_else(|| nobody_said_for(app, &cluster.namespace))?;
            seen_from(&args.file, &place)?
        }
    };
    entries.shift_insert(0, "artifact".to_owned(), Value::from(artifact.as_str()));
    options_file::write(&args.file, &entries, args.force)?;
    let decided = options_file::decided(&found.flags);
    if !decided.is_empty() {
        context.printer.say(&format!(
            "`{file}` is trusted on this machine from now on, and decides:"
        ));
        for line in decided {
            context.printer.say(&line);
        }
    }
    context.printer.say(&format!(
        "read it, put `{artifact}` there, then in its folder: kubectl b2i deploy -n {}",
        cluster.namespace
    ));
    context.printer.result(&[file]);
    Ok(())
}

fn nobody_said_for(app: &AppName, namespace: &str) -> Failure {
    Failure::usage(format!("could not write `{}`", options_file::NAME))
        .why(format!(
            "nobody said which artifact it is for, and no build of `{app}` that is vouched for does"
        ))
        .next("name it, for example:")
        .command(format!(
            "kubectl b2i init ./{app}.jar --from-app {app} -n {namespace}"
        ))
        .anchor("options-file")
}

fn nobody_said() -> Failure {
    Failure::usage(format!("could not write `{}`", options_file::NAME))
        .why("nobody said which artifact it is for")
        .next("name it, for example:")
        .command("kubectl b2i init ./shop.jar --port 8080 --nodeport")
        .anchor("options-file")
}

fn asked_for_artifact() -> Option<ArtifactPlace> {
    let typed = ask::text("Artifact (a JAR, a WAR, an executable, or a folder with one)", "")?;
    Some(ArtifactPlace::of(typed.into())).filter(|place| *place != ArtifactPlace::File(PathBuf::new()))
}

/// Asks for what most people want to say, unless it was typed.
fn ask_for_the_rest(entries: &mut Entries, artifact: &Artifact) {
    let name = AppName::from_file_name(&artifact.file_name);
    let port = match artifact.kind {
        ArtifactKind::Elf(_) => "",
        ArtifactKind::Jar(_) | ArtifactKind::War(_) => "8080",
    };
    let questions = [
        (
            "name",
            "Name of the app",
            name.as_ref().map_or("", AppName::as_str),
        ),
        ("port", "Port that it listens on", port),
        ("image", "Where the image goes (empty: by the push Secret)", ""),
    ];
    for (key, question, default) in questions {
        if entries.contains_key(key) {
            continue;
        }
        let Some(answer) = ask::text(question, default).filter(|answer| !answer.is_empty()) else {
            continue;
        };
        let number = answer.parse::<u64>().map(Value::from);
        entries.insert(key.to_owned(), number.unwrap_or_else(|_| Value::from(answer)));
    }
    let key = "nodeport";
    if !entries.contains_key(key) && ask::confirm("Reach it on a port of every node?") == Some(true) {
        entries.insert(key.to_owned(), Value::Bool(true));
    }
}

/// Returns the artifact as the file names it: paths are seen from the file's folder.
fn seen_from(file: &Path, place: &ArtifactPlace) -> Result<String> {
    let Some(path) = place.local_path() else {
        return match place {
            ArtifactPlace::Url(url) => Ok(url.clone()),
            _ => Err(nobody_said()),
        };
    };
    let is_here = file.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let path = if is_here || path.is_absolute() {
        path.to_owned()
    } else {
        std::path::absolute(path)
            .map_err(|error| Failure::new(format!("could not find `{}`", path.display())).because(error))?
    };
    Ok(path.to_string_lossy().into_owned())
}
