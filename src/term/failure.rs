//! How a failure looks: labels are words, so that it reads without colour.
//!
//! ```text
//! error: could not push `registry.example.com/team/shop:1.4`
//!   why: the registry answered 401 UNAUTHORIZED
//!
//! next: check that this Secret may write to `team/shop`:
//!         kubectl get secret registry-push -n default
//!       where you may not do that, ask an administrator of the namespace
//!       https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md#push-unauthorized
//! ```

use std::fmt::Write;

use console::Style;

use super::sanitize;
use crate::error::Failure;

/// Where the anchors live.
const TROUBLESHOOTING: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";

/// For those who have the documented Role and no more.
const ADMINISTRATOR: &str = "where you may not do that, ask an administrator of the namespace";

/// Returns the failure as lines for stderr; `coloured` paints the labels.
pub(super) fn render(failure: &Failure, coloured: bool) -> String {
    let paint = |label: &str, style: Style| style.force_styling(coloured).apply_to(label).to_string();
    let mut out = String::new();
    let label = paint("error:", Style::new().red().bold());
    section(&mut out, &label, &failure.what, "       ");
    if !failure.why.is_empty() {
        section(
            &mut out,
            &paint("  why:", Style::new().yellow()),
            &failure.why,
            "       ",
        );
    }
    if failure.next.is_empty() && failure.commands.is_empty() && failure.anchor.is_empty() {
        return out;
    }
    out.push('\n');
    section(
        &mut out,
        &paint("next:", Style::new().cyan().bold()),
        &failure.next,
        "      ",
    );
    for command in &failure.commands {
        section(&mut out, "       ", command, "          ");
    }
    if failure.needs_administrator() {
        section(&mut out, "     ", ADMINISTRATOR, "      ");
    }
    if !failure.anchor.is_empty() {
        let url = format!("{TROUBLESHOOTING}#{}", failure.anchor);
        section(&mut out, "     ", &sanitize::line(&url), "      ");
    }
    out
}

/// Adds text behind a label; its further lines are indented to stand below the first.
pub(super) fn section(out: &mut String, label: &str, text: &str, indent: &str) {
    for (at, line) in sanitize::text(text).trim_end().lines().enumerate() {
        let _ = if at == 0 {
            writeln!(out, "{label} {line}")
        } else {
            writeln!(out, "{indent}{line}")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_without_colour() {
        let failure = Failure::new("could not push `shop`")
            .why("the registry answered 401\n(push Secret `a/b` was sent)\u{1b}[2J")
            .next("check the Secret:")
            .command("kubectl get secret b -n a")
            .anchor("push-unauthorized");
        let expected = format!(
            "error: could not push `shop`\n  why: the registry answered 401\n       (push Secret `a/b` was sent)\\x1b[2J\n\n\
             next: check the Secret:\n        kubectl get secret b -n a\n      {ADMINISTRATOR}\n      {TROUBLESHOOTING}#push-unauthorized\n"
        );
        assert_eq!(render(&failure, false), expected);
    }

    #[test]
    fn says_no_more_than_it_knows() {
        assert_eq!(
            render(&Failure::new("could not stop"), false),
            "error: could not stop\n"
        );
    }
}
