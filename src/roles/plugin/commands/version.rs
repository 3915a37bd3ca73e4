//! `version`: which plugin this is, and which protocol it speaks with its builder image.

use super::{Context, args::Output};
use crate::{error::Result, staging::protocol::PROTOCOL_VERSION};

/// Arguments of `version`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i version
  kubectl b2i version -o json")]
pub(crate) struct Args {
    /// How the result is printed: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Prints the version.
pub(crate) fn run(context: &Context, args: &Args) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let all = serde_json::json!({ "client": version, "protocol": PROTOCOL_VERSION });
    context.print(&args.output, &format!("kubectl-b2i {version}"), &all)
}
