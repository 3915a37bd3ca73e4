//! Questions, on a terminal only: never needed, since each has a flag.

use std::io::{self, IsTerminal};

use dialoguer::{Confirm, Input, Select};

/// Whether there is somebody to ask.
#[must_use]
pub fn is_possible() -> bool {
    io::stdin().is_terminal() && console::user_attended_stderr()
}

/// Asks for a yes or a no; no is what Enter means. `None` where nobody can be asked. Blocks.
#[must_use]
pub fn confirm(question: &str) -> Option<bool> {
    if !is_possible() {
        return None;
    }
    Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact_on(&console::Term::stderr())
        .ok()
}

/// Has one of several chosen, with the arrow keys; the first is what Enter means. `None` where nobody can be
/// asked. Blocks.
#[must_use]
pub fn choice(question: &str, among: &[String]) -> Option<String> {
    if !is_possible() {
        return None;
    }
    let select = Select::new().with_prompt(question).items(among).default(0);
    let chosen = select.interact_on_opt(&console::Term::stderr()).ok()??;
    among.get(chosen).cloned()
}

/// Asks for a line; `default` is what Enter means. `None` where nobody can be asked. Blocks.
#[must_use]
pub fn text(question: &str, default: &str) -> Option<String> {
    if !is_possible() {
        return None;
    }
    let mut input = Input::<String>::new().with_prompt(question).allow_empty(true);
    if !default.is_empty() {
        input = input.default(default.to_owned());
    }
    input.interact_text_on(&console::Term::stderr()).ok()
}
