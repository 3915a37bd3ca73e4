//! Lines of apps' logs on stdout: once there are several Pods, each line begins with its Pod, in a
//! colour of its own.

use std::io::{self, Write};

use console::{Color, Style};

use super::sanitize;

/// Red is left out, which means failure.
const COLOURS: [Color; 5] = [
    Color::Cyan,
    Color::Green,
    Color::Magenta,
    Color::Yellow,
    Color::Blue,
];

/// Prints the lines of one or more Pods.
#[derive(Debug)]
pub struct LogPrinter {
    with_pods: bool,
    coloured: bool,
    pods: Vec<String>,
}

impl LogPrinter {
    /// Makes a printer; `with_pods` lets each line begin with its Pod.
    #[must_use]
    pub fn new(with_pods: bool) -> Self {
        Self {
            with_pods,
            coloured: console::colors_enabled(),
            pods: Vec::new(),
        }
    }

    /// Lets each line from now on begin with its Pod.
    pub fn name_pods(&mut self) {
        self.with_pods = true;
    }

    /// Makes one that shows the Pods, without colours.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self {
            coloured: false,
            ..Self::new(true)
        }
    }

    /// Prints a line.
    ///
    /// # Errors
    /// Nobody reads any more (`| head`).
    pub fn print(&mut self, pod: &str, text: &str) -> io::Result<()> {
        let line = self.line(pod, text);
        writeln!(io::stdout().lock(), "{line}")
    }

    pub(super) fn line(&mut self, pod: &str, text: &str) -> String {
        let text = sanitize::line(text);
        if !self.with_pods {
            return text.into_owned();
        }
        let known = self.pods.iter().position(|known| known == pod);
        let at = known.unwrap_or_else(|| {
            self.pods.push(pod.to_owned());
            self.pods.len() - 1
        });
        let style = Style::new().fg(COLOURS[at % COLOURS.len()]);
        let prefix = style
            .force_styling(self.coloured)
            .apply_to(format!("[{}]", sanitize::line(pod)));
        format!("{prefix} {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_whose_it_is_and_shows_controls() {
        let mut printer = LogPrinter {
            with_pods: true,
            coloured: true,
            pods: Vec::new(),
        };
        let first = printer.line("shop-a", "ready\u{1b}[2J");
        assert_eq!(first, "\u{1b}[36m[shop-a]\u{1b}[0m ready\\x1b[2J");
        assert_ne!(printer.line("shop-b", "x")[..5], first[..5]);
        assert_eq!(
            printer.line("shop-a", "x")[..5],
            first[..5],
            "a Pod keeps its colour"
        );
        printer.with_pods = false;
        assert_eq!(printer.line("shop-a", "a\tb"), "a    b");
    }
}
