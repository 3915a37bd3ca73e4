//! `registry`: the logins that builds push with.

mod check;
mod down;
mod list;
mod login;
mod up;

use clap::Subcommand;

pub(crate) use check::{request, settings};
#[cfg(test)]
pub(crate) use {
    check::table as table_of_checks,
    list::{Listed, Login, table as table_of_logins},
};

use super::{
    Context, access, args, bootstrap, build_cpu_limit, builder_image, flow, interrupt, named_image, options,
    values,
};
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
    /// Run a registry in the namespace, to try things out where there is none
    Up(up::Args),
    /// Remove the registry of `registry up`, and all images in it
    Down(down::Args),
}

/// Runs one of its commands.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    match args.command {
        Command::Login(args) => Box::pin(login::run(context, args)).await,
        Command::Check(args) => Box::pin(check::run(context, *args)).await,
        Command::List(args) => list::run(context, args).await,
        Command::Up(args) => Box::pin(up::run(context, args)).await,
        Command::Down(args) => Box::pin(down::run(context, args)).await,
    }
}
