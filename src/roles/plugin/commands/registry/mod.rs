//! `registry`: the logins that builds push with.

mod check;
mod list;
mod login;

use clap::Subcommand;

use super::{Context, access, args, config, interrupt, options};
use crate::error::Result;

/// Arguments of `registry`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Put a login into a Secret that builds push with, and prove it
    Login(login::Args),
    /// Ask a registry, from inside the cluster, what it would have against a build
    Check(Box<check::Args>),
    /// List the Secrets that builds may push with, their registries and users
    List(list::Args),
}

/// Runs one of its commands.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    match args.command {
        Command::Login(args) => Box::pin(login::run(context, args)).await,
        Command::Check(args) => Box::pin(check::run(context, *args)).await,
        Command::List(args) => list::run(context, args).await,
    }
}
