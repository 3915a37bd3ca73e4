//! Draws events: a line a step. On a terminal the running step's line moves; done, it keeps its
//! figures. Elsewhere the same lines without motion.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where printing is done"
)]

use std::{
    collections::HashMap,
    io::Write,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use console::{Style, Term, measure_text_width, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{failure, page, sanitize, usage, words};
use crate::{
    error::Failure,
    model::{Event, Events, Step},
};

/// How much is said on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Failures only.
    Quiet,
    /// A line a step.
    Plain,
    /// A line a step, the running one in motion.
    Live,
}

impl Talk {
    /// Chooses by what stderr is: motion on a terminal, plain lines elsewhere.
    #[must_use]
    pub fn for_stderr(is_quiet: bool) -> Self {
        match (is_quiet, console::user_attended_stderr()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Live,
            (false, false) => Self::Plain,
        }
    }
}

/// Prints everything that a person sees. Cheap to clone.
#[derive(Clone)]
pub struct Printer(Arc<Inner>);

struct Inner {
    talk: Talk,
    running: Mutex<Running>,
    has_result: AtomicBool,
    has_pages: AtomicBool,
}

/// The steps that run, and the one line that moves: of the step that began first.
#[derive(Default)]
struct Running {
    began: HashMap<Step, Instant>,
    bar: Option<(Step, ProgressBar)>,
}

/// Column at which a step's time ends, where the terminal is wide enough.
const WIDTH: usize = 96;

impl Printer {
    /// Makes a printer that says this much.
    #[must_use]
    pub fn new(talk: Talk) -> Self {
        Self(Arc::new(Inner {
            talk,
            running: Mutex::default(),
            has_result: AtomicBool::new(false),
            has_pages: AtomicBool::new(false),
        }))
    }

    /// Returns where the steps send their events.
    #[must_use]
    pub fn events(&self) -> Events {
        let printer = self.clone();
        Events::to(move |event| printer.draw(event))
    }

    /// Prints the result, a line each: the only thing that ever goes to stdout.
    pub fn result(&self, lines: &[impl AsRef<str>]) {
        self.0.has_result.store(true, Ordering::Relaxed);
        self.0.print(lines);
    }

    /// Whether a result was printed.
    #[must_use]
    pub fn has_result(&self) -> bool {
        self.0.has_result.load(Ordering::Relaxed)
    }

    /// Whether a page was printed.
    #[must_use]
    pub fn has_pages(&self) -> bool {
        self.0.has_pages.load(Ordering::Relaxed)
    }

    /// Prints a page. On a terminal it takes the place of the one before, and its end is left out where the terminal is
    /// too small; elsewhere it follows the one before, below a line with its `time`.
    pub fn page(&self, lines: &[impl AsRef<str>], time: &str) {
        self.0.has_pages.store(true, Ordering::Relaxed);
        let out = Term::stdout();
        if !out.is_term() {
            self.0.print(&[format!("--- {time}")]);
            return self.0.print(lines);
        }
        let _ = out.clear_screen();
        match self.result_size() {
            Some((rows, columns)) => self.0.print(&page::fitted(lines, rows, columns)),
            None => self.0.print(lines),
        }
    }

    /// Prints the next document of a stream, which has no last one: a failure that ends it is one more.
    pub fn document(&self, lines: &[impl AsRef<str>]) {
        self.0.has_pages.store(true, Ordering::Relaxed);
        self.0.print(lines);
    }

    /// Prints what a shell may complete a word to, each with a description or none, in cobra's protocol: a tab is
    /// between the two.
    pub fn candidates(&self, candidates: &[(String, String)], directive: &str) {
        let text = offered(candidates, directive);
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    /// Prints what clap has to say, where clap does: help to stdout, all else to stderr. `parse` parses the same command
    /// line with another look of the command.
    pub fn usage(
        &self,
        mut error: clap::Error,
        parse: impl FnOnce(fn(clap::Command) -> clap::Command) -> Option<clap::Error>,
    ) {
        let _ = match usage::shown(&mut error, parse) {
            None => error.print(),
            Some(text) if error.use_stderr() => std::io::stderr().lock().write_all(text.as_bytes()),
            Some(text) => std::io::stdout().lock().write_all(text.as_bytes()),
        };
    }

    /// Returns the rows and columns of the terminal that stdout is, as they are now; `None` where it is none.
    #[must_use]
    pub fn result_size(&self) -> Option<(usize, usize)> {
        let out = Term::stdout();
        let (rows, columns) = out.size_checked().filter(|_| out.is_term())?;
        Some((rows.into(), columns.into()))
    }

    /// Prints a line of talk.
    pub fn say(&self, text: &str) {
        if self.0.talk != Talk::Quiet {
            self.0.running().print(&sanitize::text(text));
        }
    }

    /// Takes the moving line away, and prints nothing until `work` is done: somebody is asked.
    pub fn silent_while<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut running = self.0.running();
        running.stop();
        work()
    }

    /// Prints a failure, even when quiet.
    pub fn failure(&self, failure: &Failure) {
        self.0.still();
        let text = failure::render(failure, console::colors_enabled_stderr());
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn draw(&self, event: Event) {
        let inner = &self.0;
        if inner.talk == Talk::Quiet {
            return;
        }
        let mut running = inner.running();
        match event {
            Event::Started(step) => {
                running.began.insert(step, Instant::now());
                if inner.talk == Talk::Live && running.bar.is_none() {
                    running.bar = Some((step, moving_line(step)));
                }
            }
            Event::Doing(step, text) => {
                running.on_bar(step, |bar| bar.set_message(sanitize::line(&text).into_owned()));
            }
            Event::Bytes { step, done, total } => running.on_bar(step, |bar| {
                if bar.length() != Some(total) {
                    bar.set_length(total);
                    // What it did before it knew its bytes.
                    bar.set_message("");
                    bar.set_style(bytes_style());
                }
                bar.set_position(done);
            }),
            Event::Log(_, line) => running.print(&log_line(&line)),
            Event::Done(step, figures) => {
                let took = running
                    .began
                    .remove(&step)
                    .map(|began| began.elapsed())
                    .unwrap_or_default();
                if running.bar.as_ref().is_some_and(|(at, _)| *at == step) {
                    running.stop();
                    let next = running.began.iter().min_by_key(|(_, began)| **began);
                    running.bar = next.map(|(&step, _)| (step, moving_line(step)));
                }
                running.print(&done_line(step, &figures, took));
            }
            Event::Changes(phrases) => running.print(&changes(&phrases)),
            Event::Warning(text) => running.print(&warning(&text)),
        }
    }
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, Running> {
        // A panic elsewhere must not keep a failure from being printed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, lines: &[impl AsRef<str>]) {
        self.still();
        // A reader that is gone (`| head -1`) has what it wanted.
        let _ = std::io::stdout().lock().write_all(shown(lines).as_bytes());
    }

    /// Takes the moving line away, so that what is printed next stands alone.
    fn still(&self) {
        self.running().stop();
    }
}

impl Running {
    /// Prints a line above the moving one.
    fn print(&self, line: &str) {
        match &self.bar {
            Some((_, bar)) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn on_bar(&self, step: Step, change: impl FnOnce(&ProgressBar)) {
        if let Some((_, bar)) = self.bar.as_ref().filter(|(at, _)| *at == step) {
            change(bar);
        }
    }

    fn stop(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Returns the lines of a result as a terminal gets them.
pub(super) fn shown(lines: &[impl AsRef<str>]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        text.push_str(&sanitize::line(line.as_ref()));
        text.push('\n');
        text
    })
}

pub(super) fn offered(candidates: &[(String, String)], directive: &str) -> String {
    let mut text = String::new();
    for (value, about) in candidates {
        text.push_str(&sanitize::line(value));
        if !about.is_empty() {
            text.push('\t');
            text.push_str(&sanitize::line(about));
        }
        text.push('\n');
    }
    text.push_str(directive);
    text.push('\n');
    text
}

pub(super) fn log_line(line: &str) -> String {
    let text = format!("            {}", sanitize::line(line));
    Style::new().for_stderr().dim().apply_to(text).to_string()
}

pub(super) fn warning(text: &str) -> String {
    let label = Style::new().for_stderr().yellow().apply_to("warning:");
    let mut lines = String::new();
    failure::section(&mut lines, &label.to_string(), text, "         ");
    lines.trim_end().to_owned()
}

/// Phrases on as few lines as the terminal allows, below their label. None is cut: they are what is about to happen.
pub(super) fn changes(phrases: &[String]) -> String {
    let commas = phrases.iter().enumerate().map(|(at, phrase)| {
        let comma = if at + 1 < phrases.len() { "," } else { "" };
        format!("{phrase}{comma}")
    });
    let indent = " ".repeat(12);
    let room = width().saturating_sub(indent.len()).max(20);
    let lines = words::join_folded(&commas.collect::<Vec<_>>(), " ", "", room);
    let label = Style::new().for_stderr().green().apply_to("Changes  ");
    format!("  {label} {}", lines.join(&format!("\n{indent}")))
}

/// Columns of a line on stderr.
fn width() -> usize {
    let size = Term::stderr().size_checked();
    size.map_or(WIDTH, |(_, columns)| usize::from(columns).min(WIDTH))
}

/// The line of a finished step: name, figures, and its time at the right.
pub(super) fn done_line(step: Step, figures: &str, took: Duration) -> String {
    let label = Style::new()
        .for_stderr()
        .green()
        .apply_to(format!("{:<9}", step.name()));
    let time = words::duration(took);
    let room = width().saturating_sub(12 + time.len() + 1).max(20);
    let figures = &*sanitize::line(figures);
    // Only a terminal cuts: a log file should hold everything.
    let figures = if console::user_attended_stderr() {
        truncate_str(figures, room, "…")
    } else {
        figures.into()
    };
    let gap = room.saturating_sub(measure_text_width(&figures)) + 1;
    format!("  {label} {figures}{}{time}", " ".repeat(gap))
}

fn moving_line(step: Step) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style("  {prefix:<9} {spinner} {wide_msg} {elapsed}"));
    bar.set_prefix(step.name());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn bytes_style() -> ProgressStyle {
    style("  {prefix:<9} {bar:25} {decimal_bytes} / {decimal_total_bytes} · {decimal_bytes_per_sec} · {eta} {wide_msg}")
        .progress_chars("█▉▊▋▌▍▎▏░")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates above are well-formed, as a test shows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_well_formed() {
        let _ = (moving_line(Step::Upload), bytes_style());
    }

    #[test]
    fn a_step_keeps_its_figures_and_its_time() {
        let line = done_line(Step::Inspect, "shop.jar · Java 17", Duration::from_millis(240));
        assert!(
            line.contains("Inspect") && line.contains("shop.jar · Java 17") && line.ends_with(" 0.2s"),
            "{line}"
        );
    }

    #[test]
    fn changes_are_one_line_when_few_and_whole_when_many() {
        let phrases = |count: usize| -> Vec<String> {
            (0..count).map(|at| format!("env VARIABLE_{at} added")).collect()
        };
        let plain = |count| console::strip_ansi_codes(&changes(&phrases(count))).into_owned();
        assert_eq!(plain(2), "  Changes   env VARIABLE_0 added, env VARIABLE_1 added");
        let many = plain(9);
        let lines: Vec<&str> = many.lines().collect();
        assert!(
            lines.len() > 1 && lines[1].starts_with("            env"),
            "{many}"
        );
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{many}");
        assert_eq!(many.matches("added").count(), 9, "{many}");
    }
}
