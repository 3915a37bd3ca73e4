//! `runtimes`: the catalogue of base images as it holds here, and which of them a file would get.

use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use serde_json::json;

use super::{
    Context,
    args::{ExpectedArgs, Output},
    config::Config,
    flow, options,
};
use crate::{
    cluster::configuration,
    error::{Failure, Result},
    model::{ArtifactPlace, Base, Event, Events, RegistryAccess},
    oci::Reference,
    steps::plan::{Catalogue, CatalogueBase},
    term::Table,
};

/// The catalogue is told without a cluster too, so none is waited for for long.
const PATIENCE: Duration = Duration::from_secs(3);

/// Arguments of `runtimes`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i runtimes
  kubectl b2i runtimes ./shop.war
  kubectl b2i runtimes -o yaml")]
pub(crate) struct Args {
    /// Tell the base that this artifact would get; `-` for what is piped in, or https://…
    #[arg(value_hint = clap::ValueHint::AnyPath, value_parser = OsStringValueParser::new().map(ArtifactPlace::of))]
    artifact: Option<ArtifactPlace>,
    #[command(flatten)]
    expected: ExpectedArgs,
    /// How the result is printed: name (a table), json or yaml, which a configuration takes
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Prints the catalogue, or the base of one artifact.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    // What is wrong with the file is told before a cluster is asked.
    let artifact = match &args.artifact {
        Some(place) => {
            // Only a download is worth a line; what it is stands in the table.
            let fetched = flow::fetch(place, &args.expected, None, &context.printer.events()).await?;
            Some(flow::inspect(&fetched, &args.expected, None, &Events::nowhere()).await?)
        }
        None => None,
    };
    let config = config(context).await?;
    let access = RegistryAccess {
        mirrors: config.mirrors.clone(),
        ..RegistryAccess::default()
    };
    let catalogue = config.catalogue()?;
    let Some(artifact) = artifact else {
        let all = json!({ "catalogue": catalogue, "mirrors": config.mirrors });
        return context.print(&args.output, &table(&rows(&catalogue, &access)), &all);
    };
    let chosen = catalogue.base(&artifact, None, false)?;
    let (base, from) = match &chosen.base {
        Base::Scratch => ("scratch".to_owned(), String::new()),
        Base::Image(image) => (image.to_string(), pulled_from(image, &access)),
    };
    let text = table(&[
        ["ARTIFACT", "WHAT IT IS", "BASE", "PULLED FROM"].map(str::to_owned),
        [
            artifact.file_name.clone(),
            artifact.summary(),
            base.clone(),
            from.clone(),
        ],
    ]);
    let all = json!({
        "artifact": artifact.as_ref(),
        "base": base,
        "reason": chosen.reason,
        "pulledFrom": from,
        "s2i": chosen.s2i,
    });
    context.print(&args.output, &text, &all)
}

/// The person's configuration over the namespace's, where a cluster answers.
async fn config(context: &Context) -> Result<Config> {
    let asked = async {
        let cluster = options::connect(&context.global, context.printer.events()).await?;
        let texts = configuration::read(&cluster).await;
        Ok::<_, Failure>((texts.map_err(|error| cluster.failure("", &error))?, cluster))
    };
    let (texts, cluster) = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(found)) => found,
        Ok(Err(failure)) => return Ok(without_namespace(context, &failure.why)),
        Err(_) => return Ok(without_namespace(context, "the API server does not answer")),
    };
    context.config.over_texts(&texts, &cluster)
}

fn without_namespace(context: &Context, why: &str) -> Config {
    let words = format!("the configuration of the namespace is left out: {why}");
    context.printer.events().send(Event::Warning(words));
    context.config.clone()
}

type Row = [String; 4];

pub(crate) fn rows(catalogue: &Catalogue, access: &RegistryAccess) -> Vec<Row> {
    let row = |runtime: &str, of: String, base: &CatalogueBase| {
        let s2i = if base.s2i { " (source-to-image)" } else { "" };
        let from = pulled_from(&base.image, access);
        [runtime.to_owned(), of, format!("{}{s2i}", base.image), from]
    };
    let mut rows = vec![["RUNTIME", "FOR", "BASE", "PULLED FROM"].map(str::to_owned)];
    let by_java = [
        ("JAR", &catalogue.jar),
        ("WAR, javax", &catalogue.war.javax),
        ("WAR, jakarta", &catalogue.war.jakarta),
        ("WAR, jakarta 6.1", &catalogue.war.jakarta61),
    ];
    for (runtime, bases) in by_java {
        for (java, base) in bases {
            rows.push(row(runtime, format!("Java {java}"), base));
        }
    }
    let executable = &catalogue.executable;
    let libraries = [
        ("static", &executable.static_),
        ("glibc", &executable.glibc),
        ("musl", &executable.musl),
    ];
    for (library, base) in libraries {
        let version = base.versions.get("GLIBC");
        let version = version.map_or_else(String::new, |version| format!(" up to {version}"));
        rows.push(row("executable", format!("{library}{version}"), base));
    }
    for (name, base) in &catalogue.names {
        let name = format!("--base {name}");
        rows.push(match base {
            Some(base) => row(&name, String::new(), base),
            None => [name, String::new(), "as without it".to_owned(), String::new()],
        });
    }
    rows
}

/// Where an image comes from, when a mirror takes its registry's place.
fn pulled_from(image: &Reference, access: &RegistryAccess) -> String {
    let source = access.source_of(image);
    if source == *image {
        "its own registry".to_owned()
    } else {
        source.to_string()
    }
}

pub(crate) fn table(rows: &[Row]) -> Vec<String> {
    let mut table = Table::apart(&[]);
    for row in rows {
        table.row(row);
    }
    table.lines()
}
