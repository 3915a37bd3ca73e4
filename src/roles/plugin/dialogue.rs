//! What a person at a terminal is asked for where a flag was left out, and the command line that asks
//! nothing. Elsewhere nobody is asked.

use std::sync::{Arc, Mutex, PoisonError};

use super::{command_line::CommandLine, flow::blocking};
use crate::{
    model::{Event, quoted},
    term::{Printer, ask},
};

/// One run's questions. Cheap to clone.
#[derive(Clone)]
pub(super) struct Dialogue(Arc<Inner>);

struct Inner {
    printer: Printer,
    line: Arc<CommandLine>,
    /// The flags that would have said it, each with its value.
    answers: Mutex<Vec<String>>,
}

impl Dialogue {
    pub(super) fn new(printer: &Printer, line: &Arc<CommandLine>) -> Self {
        Self(Arc::new(Inner {
            printer: printer.clone(),
            line: line.clone(),
            answers: Mutex::default(),
        }))
    }

    /// Asks for the value of a flag; `default` is what Enter means. `None` where there is nobody to ask, or
    /// nothing was said.
    pub(super) async fn text(&self, flag: &str, question: String, default: String) -> Option<String> {
        self.asked(flag, move || ask::text(&question, &default)).await
    }

    /// Prompts for one of several values of a flag, each with what is shown of it.
    pub(super) async fn choice(
        &self,
        flag: &str,
        question: &str,
        among: Vec<(String, String)>,
    ) -> Option<String> {
        let question = question.to_owned();
        let choose = move || {
            let (mut values, shown): (Vec<String>, Vec<String>) = among.into_iter().unzip();
            let chosen = ask::choice(&question, &shown)?;
            Some(values.swap_remove(chosen))
        };
        self.asked(flag, choose).await
    }

    /// Asks for a yes or a no about what is said first; no flag answers it. `None` where there is nobody to ask.
    pub(super) async fn confirm(&self, about: String, question: &str) -> Option<bool> {
        if !ask::is_possible() {
            return None;
        }
        let printer = self.0.printer.clone();
        printer.say(&about);
        let question = question.to_owned();
        let answer = blocking(move || Ok(printer.silent_while(|| ask::confirm(&question)))).await;
        answer.ok().flatten()
    }

    pub(super) fn warn(&self, words: String) {
        self.0.printer.events().send(Event::Warning(words));
    }

    async fn asked(
        &self,
        flag: &str,
        question: impl FnOnce() -> Option<String> + Send + 'static,
    ) -> Option<String> {
        if !ask::is_possible() {
            return None;
        }
        let printer = self.0.printer.clone();
        // The keys are waited for on a thread of its own, and nothing is printed meanwhile.
        let answer = blocking(move || Ok(printer.silent_while(question))).await;
        let answer = answer.ok().flatten().filter(|answer| !answer.is_empty())?;
        let mut answers = self.0.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.extend([flag.to_owned(), answer.clone()]);
        Some(answer)
    }

    /// Shows the command line that says all that was asked for; once, and only where something was.
    pub(super) fn show_line(&self) {
        let answers = std::mem::take(&mut *self.0.answers.lock().unwrap_or_else(PoisonError::into_inner));
        if answers.is_empty() {
            return;
        }
        let answers: Vec<String> = answers.iter().map(|word| quoted(word)).collect();
        let line = self.0.line.with(&answers.join(" "));
        self.0
            .printer
            .say(&format!("the same without questions:\n  {line}"));
    }
}
