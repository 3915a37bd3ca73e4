//! Role 1: the kubectl plugin, on the person's machine. Parses, completes, runs, and is the one
//! place where a failure becomes an exit code.

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::{
    error::{Failure, Result},
    term::{Printer, Talk},
};

mod access;
mod actuator;
mod apps;
mod args;
mod begun;
mod bootstrap;
mod browser;
mod build_cpu_limit;
mod builder;
mod builder_image;
mod command_line;
mod commands;
mod complete;
mod config;
mod default_port;
mod derived_name;
mod destination;
mod dialogue;
mod environment;
mod failed;
mod flow;
mod format;
mod found_name;
mod from_app;
mod given_image;
mod history;
#[cfg(test)]
mod hostile;
mod interrupt;
mod kind;
mod known_builds;
mod kubesphere;
mod local;
mod local_logins;
mod local_record;
mod merge;
mod misspelt;
mod named_image;
mod nodes;
mod options;
mod options_file;
mod packed;
mod page;
mod plain_secrets;
mod pod_args;
mod ports;
mod pull_secret;
mod push_secret;
mod reachable;
mod remembered;
mod rollout;
mod s2i_builder;
mod s2i_source;
mod s2i_values;
mod served;
mod staging;
mod status_page;
mod timings;
mod trusted;
mod values;

use args::{Cli, Command};
use command_line::CommandLine;

/// Returns the command line as clap knows it: what a line in the documentation is held against.
#[must_use]
pub fn command() -> clap::Command {
    environment::without_empty(options_file::with_keys(Cli::command(), "init"))
}

/// Returns the JSON schema of the options file.
#[must_use]
pub fn options_schema() -> serde_json::Value {
    command()
        .find_subcommand("deploy")
        .map_or_else(Default::default, options_file::schema)
}

/// Returns the table of the options file's keys, and whether a file that nobody named may set them.
#[must_use]
pub fn options_table() -> String {
    command()
        .find_subcommand("deploy")
        .map_or_else(Default::default, options_file::table)
}

/// Parses the command line and runs the command.
#[must_use]
pub fn run(args: Vec<OsString>) -> ExitCode {
    if args.get(1).is_some_and(|word| word == complete::COMPLETE) {
        crate::registry::install_tls();
        complete::run(&args[2..], &Printer::new(Talk::Quiet));
        return ExitCode::SUCCESS;
    }
    environment::ignore_empty_tmpdir();
    let line = Arc::new(CommandLine::of(&args));
    let options_file::Joined { args, has_found_name } = match options_file::join(&command(), args) {
        Ok(joined) => joined,
        Err(failure) => return failed::end(&Printer::new(Talk::Plain), &line, failure),
    };
    let parse = |mut command: clap::Command| {
        let typed = command.try_get_matches_from_mut(&args);
        let typed = typed.map_err(|error| misspelt::corrected(error, &command, &args))?;
        Ok::<_, clap::Error>((Cli::from_arg_matches(&typed)?, typed))
    };
    let (cli, typed) = match parse(command()) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help goes to stdout and ends with 0, everything else to stderr and ends with 2.
            let code = ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
            let printer = Printer::new(Talk::Plain);
            if error.use_stderr() {
                failed::usage(&printer, &line, &error);
            }
            printer.usage(error, |look| parse(look(command())).err());
            return code;
        }
    };
    let printer = Printer::new(Talk::for_stderr(cli.global.quiet));
    let context = |config| commands::Context {
        config,
        global: cli.global,
        printer: printer.clone(),
        line: line.clone(),
        timings: timings::Timings::begin(),
        has_found_name,
    };
    match in_runtime(cli.command, &typed, context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failed::end(&printer, &line, failure),
    }
}

fn in_runtime(
    command: Command,
    typed: &ArgMatches,
    context: impl FnOnce(config::Config) -> commands::Context,
) -> Result<()> {
    crate::registry::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start").because(error))?;
    let done = runtime.block_on(async {
        let context = context(config::Config::read(environment::variable)?);
        dispatch(&context, command, typed).await
    });
    // A thread that still reads a large file must not hold the exit after Ctrl-C.
    runtime.shutdown_background();
    done
}

async fn dispatch(context: &commands::Context, called: Command, typed: &ArgMatches) -> Result<()> {
    match called {
        Command::Deploy(args) => Box::pin(commands::deploy::run(context, args)).await,
        Command::Build(args) => Box::pin(commands::build::run(context, args)).await,
        Command::Init(args) => {
            // The subcommand is there, or `Init` would not be.
            let typed = typed.subcommand().map_or(typed, |(_, typed)| typed);
            commands::init::run(context, args, typed).await
        }
        Command::Import(args) => commands::import::run(context, &args).await,
        Command::Inspect(args) => Box::pin(commands::inspect::run(context, args)).await,
        Command::Runtimes(args) => Box::pin(commands::runtimes::run(context, args)).await,
        Command::List(args) => commands::list::run(context, args).await,
        Command::Status(args) => Box::pin(commands::status::run(context, args)).await,
        Command::Logs(args) => Box::pin(commands::logs::run(context, args)).await,
        Command::Rerun(args) => Box::pin(commands::rerun::run(context, args)).await,
        Command::Rollback(args) => Box::pin(commands::rollback::run(context, args)).await,
        Command::Delete(args) => Box::pin(commands::delete::run(context, args)).await,
        Command::Doctor(args) => Box::pin(commands::doctor::run(context, args)).await,
        Command::Registry(args) => Box::pin(commands::registry::run(context, args)).await,
        Command::Builder(args) => Box::pin(commands::builder::run(context, args)).await,
        Command::Completion(args) => {
            commands::completion::run(context, &args);
            Ok(())
        }
        Command::Version(args) => Box::pin(commands::version::run(context, args)).await,
    }
}
