//! Questions, on a terminal only: never needed, since each has a flag.

use std::{
    fmt::{self, Write},
    io::{self, IsTerminal},
};

use dialoguer::{
    Confirm, Input, Password, Select,
    theme::{SimpleTheme, Theme},
};

use super::sanitize;

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
    Confirm::with_theme(&Harmless)
        .with_prompt(question)
        .default(false)
        .interact_on(&console::Term::stderr())
        .ok()
}

/// Has one of several chosen, with the arrow keys; the first is what Enter means. Returns its index; `None` where
/// nobody can be asked. Blocks.
#[must_use]
pub fn choice(question: &str, among: &[String]) -> Option<usize> {
    if !is_possible() {
        return None;
    }
    let shown: Vec<_> = among.iter().map(|one| sanitize::line(one)).collect();
    let select = Select::with_theme(&Harmless)
        .with_prompt(question)
        .items(&shown)
        .default(0);
    select.interact_on_opt(&console::Term::stderr()).ok()?
}

/// Asks for a line; `default` is what Enter means. `None` where nobody can be asked. Blocks.
#[must_use]
pub fn text(question: &str, default: &str) -> Option<String> {
    if !is_possible() {
        return None;
    }
    let mut input = Input::<String>::with_theme(&Harmless)
        .with_prompt(question)
        .allow_empty(true);
    if !default.is_empty() {
        input = input.default(default.to_owned());
    }
    input.interact_text_on(&console::Term::stderr()).ok()
}

/// Asks for a line that has no default. Blocks.
///
/// # Errors
/// The terminal gave no answer.
pub fn line(question: &str) -> io::Result<String> {
    Input::with_theme(&Harmless)
        .with_prompt(question)
        .interact_text_on(&console::Term::stderr())
        .map_err(|dialoguer::Error::IO(error)| error)
}

/// Asks for what is not shown while it is typed. Blocks.
///
/// # Errors
/// The terminal gave no answer.
pub fn secret(question: &str) -> io::Result<String> {
    Password::with_theme(&Harmless)
        .with_prompt(question)
        .interact_on(&console::Term::stderr())
        .map_err(|dialoguer::Error::IO(error)| error)
}

/// The usual look of questions, from which all that is written goes through the one function.
struct Harmless;

/// Where dialoguer writes a line of a question.
struct Writer<'a>(&'a mut dyn Write);

impl Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_str(&sanitize::text(text))
    }
}

impl Theme for Harmless {
    fn format_prompt(&self, f: &mut dyn Write, prompt: &str) -> fmt::Result {
        SimpleTheme.format_prompt(&mut Writer(f), prompt)
    }

    fn format_error(&self, f: &mut dyn Write, error: &str) -> fmt::Result {
        SimpleTheme.format_error(&mut Writer(f), error)
    }

    fn format_confirm_prompt(&self, f: &mut dyn Write, prompt: &str, default: Option<bool>) -> fmt::Result {
        SimpleTheme.format_confirm_prompt(&mut Writer(f), prompt, default)
    }

    fn format_confirm_prompt_selection(
        &self,
        f: &mut dyn Write,
        prompt: &str,
        selection: Option<bool>,
    ) -> fmt::Result {
        SimpleTheme.format_confirm_prompt_selection(&mut Writer(f), prompt, selection)
    }

    fn format_input_prompt(&self, f: &mut dyn Write, prompt: &str, default: Option<&str>) -> fmt::Result {
        SimpleTheme.format_input_prompt(&mut Writer(f), prompt, default)
    }

    fn format_input_prompt_selection(&self, f: &mut dyn Write, prompt: &str, answer: &str) -> fmt::Result {
        SimpleTheme.format_input_prompt_selection(&mut Writer(f), prompt, answer)
    }

    fn format_password_prompt(&self, f: &mut dyn Write, prompt: &str) -> fmt::Result {
        SimpleTheme.format_password_prompt(&mut Writer(f), prompt)
    }

    fn format_password_prompt_selection(&self, f: &mut dyn Write, prompt: &str) -> fmt::Result {
        SimpleTheme.format_password_prompt_selection(&mut Writer(f), prompt)
    }

    fn format_select_prompt(&self, f: &mut dyn Write, prompt: &str) -> fmt::Result {
        SimpleTheme.format_select_prompt(&mut Writer(f), prompt)
    }

    fn format_select_prompt_selection(&self, f: &mut dyn Write, prompt: &str, chosen: &str) -> fmt::Result {
        SimpleTheme.format_select_prompt_selection(&mut Writer(f), prompt, chosen)
    }

    fn format_select_prompt_item(&self, f: &mut dyn Write, text: &str, active: bool) -> fmt::Result {
        SimpleTheme.format_select_prompt_item(&mut Writer(f), text, active)
    }
}
