//! `completion`: the script that lets a shell complete `kubectl-b2i`.

use super::{Context, format};

/// Arguments of `completion`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i completion bash > /etc/bash_completion.d/kubectl-b2i
  kubectl b2i completion zsh > ~/.zfunc/_kubectl-b2i

The script completes `kubectl-b2i`. Behind `kubectl` itself, completion needs kubectl 1.26 or newer, kubectl's own
completion, and the executable `kubectl_complete-b2i` of the folder `completions` on your PATH.")]
pub(crate) struct Args {
    /// Shell to write for
    shell: Shell,
}

/// What `completion` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    /// Returns the script: it asks the hidden `__complete` of this program for the candidates.
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../../../completions/kubectl-b2i.bash"),
            Self::Elvish => include_str!("../../../../completions/kubectl-b2i.elv"),
            Self::Fish => include_str!("../../../../completions/kubectl-b2i.fish"),
            Self::Powershell => include_str!("../../../../completions/_kubectl-b2i.ps1"),
            Self::Zsh => include_str!("../../../../completions/_kubectl-b2i"),
        }
    }
}

/// Prints the script.
pub(crate) fn run(context: &Context, args: &Args) {
    context.printer.result(&format::lines(args.shell.script()));
}
