//! `completion`: the script that teaches a shell to complete `kubectl-b2i`.

use clap_complete::Shell;

use super::{Context, format};
use crate::error::{Failure, Result};

/// Arguments of `completion`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i completion bash > /etc/bash_completion.d/kubectl-b2i
  kubectl b2i completion zsh > ~/.zfunc/_kubectl-b2i

Behind `kubectl` itself, completion takes kubectl 1.26 or newer and an executable `kubectl_complete-b2i` on the
PATH; it is in the folder `completions`.")]
pub(crate) struct Args {
    /// Shell to write for
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(context: &Context, args: &Args, mut command: clap::Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "kubectl-b2i", &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| Failure::new("could not write the script").because(error))?;
    context.printer.result(&format::lines(&script));
    Ok(())
}
