//! `registry list`: which Secrets there are to push with, and whom they log in as.

use serde::Serialize;

use super::{Context, args::Output, options};
use crate::{
    cluster::secrets::{self, PushSecret},
    error::Result,
    registry::Keychain,
    term::Table,
};

/// Arguments of `registry list`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i registry list
  kubectl b2i registry list -n dev -o json")]
pub(super) struct Args {
    /// How the result is printed, instead of as a table: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", value_parser = Output::of_data)]
    output: Option<Output>,
}

/// A Secret, and what it opens. Never a password.
#[derive(Serialize)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) logins: Vec<Login>,
    /// Why its logins cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Login {
    pub(crate) registry: String,
    /// `null` for a token.
    pub(crate) user: Option<String>,
}

/// Lists them.
pub(super) async fn run(context: &Context, args: Args) -> Result<()> {
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let secrets = secrets::list(&cluster).await.map_err(|error| {
        let what = format!("could not list the Secrets of namespace `{}`", cluster.namespace);
        cluster.failure(what, &error)
    })?;
    let mut listed: Vec<Listed> = secrets.iter().map(of).collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    let names = || {
        listed
            .iter()
            .map(|one| format!("secret/{}", one.name))
            .collect::<Vec<_>>()
    };
    match args.output {
        Some(output) => context.print(&[output], &names(), &listed),
        None if listed.is_empty() => {
            let namespace = &cluster.namespace;
            context
                .printer
                .say(&format!("namespace `{namespace}` has no docker-registry Secret"));
            Ok(())
        }
        None => {
            context.printer.result(&table(&listed));
            Ok(())
        }
    }
}

fn of(secret: &PushSecret) -> Listed {
    let (logins, problem) = match Keychain::from_secret(&secret.type_, &secret.data) {
        Ok(keychain) => {
            let login = |(registry, user): (String, Option<&str>)| Login {
                registry,
                user: user.map(str::to_owned),
            };
            let mut logins: Vec<Login> = keychain.logins().map(login).collect();
            logins.sort_by(|a, b| a.registry.cmp(&b.registry));
            (logins, None)
        }
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Listed {
        name: secret.name.clone(),
        logins,
        problem,
    }
}

/// A line a login, as `kubectl get` has it.
pub(crate) fn table(listed: &[Listed]) -> Vec<String> {
    let mut table = Table::apart(&["SECRET", "REGISTRY", "USER"]);
    for one in listed {
        for login in &one.logins {
            let user = login.user.as_deref().unwrap_or("(token)");
            table.row([&one.name, login.registry.as_str(), user]);
        }
        if one.logins.is_empty() {
            let why = one
                .problem
                .as_ref()
                .map_or("(no login)".to_owned(), |why| format!("({why})"));
            table.row([&one.name, why.as_str(), ""]);
        }
    }
    table.lines()
}
