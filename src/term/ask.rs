//! Questions, on a terminal only: never needed, since each has a flag.

use std::io::{self, IsTerminal};

use dialoguer::Confirm;

/// Asks for a yes or a no; no is what Enter means. `None` where nobody can be asked. Blocks.
#[must_use]
pub fn confirm(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() || !console::user_attended_stderr() {
        return None;
    }
    Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact_on(&console::Term::stderr())
        .ok()
}
