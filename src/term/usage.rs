//! What clap has to say: help, versions, and what is wrong with a command line, which it quotes.

use std::{borrow::Cow, error::Error as _};

use clap::{
    Command,
    builder::Styles,
    error::{ContextValue, Error},
};

use super::sanitize;

/// Returns what to print instead of clap's own text; `None` where clap's own is harmless, with its colours. `parse`
/// parses the command line once more, with a command of other colours.
pub(super) fn shown(
    error: &mut Error,
    parse: impl FnOnce(fn(Command) -> Command) -> Option<Error>,
) -> Option<String> {
    // Without clap's own colours, every sequence in its text is a stranger's. The same words are wrong again.
    let mut plain = parse(|command| command.styles(Styles::plain()))?;
    quote(&mut plain);
    quote(error);
    let text = plain.render().ansi().to_string();
    let why = plain.source().map(ToString::to_string).unwrap_or_default();
    let harmless = match sanitize::line(&why) {
        Cow::Borrowed(_) => text.clone(),
        Cow::Owned(line) => text.replace(&why, &line),
    };
    let harmless = sanitize::text(&harmless);
    (harmless != text).then(|| harmless.into_owned())
}

/// Makes each value that the error quotes one line.
fn quote(error: &mut Error) {
    let context: Vec<_> = error
        .context()
        .map(|(kind, value)| (kind, value.clone()))
        .collect();
    for (kind, value) in context {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(sanitize::line(&text).into_owned()),
            ContextValue::Strings(texts) => {
                let texts = texts.iter().map(|text| sanitize::line(text).into_owned());
                ContextValue::Strings(texts.collect())
            }
            other => other,
        };
        error.insert(kind, value);
    }
}
