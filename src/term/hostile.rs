//! For tests: text as an attacker would write it, and what must never reach a terminal.

use super::{LogPrinter, Table, failure, printer, sanitize};
use crate::{error::Failure, model::Step};

/// How many pages each property is tried on.
pub(crate) const CASES: u64 = 10_000;

/// Begins a line where a line feed of a stranger came through.
const FORGED: &str = "FORGED";

/// Numbers as by chance, the same on every machine: <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn choice<T: Copy>(&mut self, among: &[T]) -> T {
        let at = usize::try_from(self.below(among.len() as u64)).expect("it is below a length");
        among[at]
    }

    /// A text in which anything may be.
    pub(crate) fn text(&mut self) -> String {
        const PIECES: [&str; 24] = [
            "shop",
            " ",
            "é日本",
            "👩‍👧",
            "🏳️‍🌈",
            "\u{1b}[31m",
            "\u{1b}[2J\u{1b}[H",
            "\u{1b}]0;x\u{7}",
            "\u{1b}]52;c;eA==\u{1b}\\",
            "\u{9b}1A",
            "\u{9d}0;x\u{9c}",
            "\r",
            "\nFORGED ",
            "\r\nFORGED ",
            "\t",
            "\u{7f}\u{8}\u{8}",
            "\u{202e}",
            "\u{2066}x\u{2069}",
            "a\u{200d}b\u{200b}",
            "\u{2028}\u{85}",
            "\u{feff}",
            "\\x1b",
            "\u{e0041}",
            "\"'`: #",
        ];
        (0..self.below(6))
            .map(|_| match self.below(4) {
                0 => char::from_u32(u32::try_from(self.below(0x2070)).expect("it is small"))
                    .unwrap_or_default()
                    .to_string(),
                _ => self.choice(&PIECES).to_owned(),
            })
            .collect()
    }

    pub(crate) fn maybe(&mut self) -> Option<String> {
        (self.below(4) > 0).then(|| self.text())
    }

    pub(crate) fn texts(&mut self) -> Vec<String> {
        (0..self.below(4)).map(|_| self.text()).collect()
    }
}

/// Nothing that a terminal obeys or a person does not see is in what would be printed, and no line is a stranger's.
#[track_caller]
pub(crate) fn assert_harmless(printed: &str, case: u64) {
    let is_bidi = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let bad = printed
        .chars()
        .find(|&c| (c.is_control() && c != '\n') || is_bidi(c));
    assert!(bad.is_none(), "case {case}: {bad:?} in {printed:?}");
    let is_forged = printed.lines().any(|line| line.starts_with(FORGED));
    assert!(!is_forged, "case {case}: {printed:?}");
}

/// Returns what a terminal gets of a result, after it was looked at.
#[track_caller]
pub(crate) fn assert_result(lines: &[String], case: u64) {
    assert_harmless(&printer::shown(lines), case);
}

/// Takes our own colours away, which are around labels.
fn without_colours(text: &str) -> String {
    let own = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m"]
        .into_iter()
        .map(str::to_owned);
    let own = own.chain((30..38).map(|colour| format!("\u{1b}[{colour}m")));
    own.fold(text.to_owned(), |text, own| text.replace(&own, ""))
}

#[test]
fn whatever_is_said_is_harmless() {
    for case in 0..CASES {
        let mut chance = Chance(case);
        let failure = chance.failure();
        let plain = failure::render(&failure, false);
        assert_harmless(&plain, case);
        assert_eq!(without_colours(&failure::render(&failure, true)), plain);
        let text = chance.text();
        assert_harmless(&printer::warning(&text), case);
        assert_harmless(&printer::log_line(&text), case);
        assert_harmless(&printer::changes(&[text.clone(), chance.text()]), case);
        assert_harmless(
            &printer::done_line(Step::Build, &text, std::time::Duration::ZERO),
            case,
        );
        assert_harmless(&LogPrinter::new(false).line("", &text), case);
        assert_harmless(&LogPrinter::plain().line(&chance.text(), &text), case);
        let offered = printer::offered(&[(chance.text(), chance.text())], ":4");
        assert_eq!(offered.lines().count(), 2, "{offered:?}");
        assert!(offered.matches('\t').count() <= 1, "{offered:?}");
        assert_harmless(&offered.replace('\t', ""), case);
        let mut table = Table::new(&["A", "B"]);
        table.row([&text, "x"]);
        table.row(["y", "x"]);
        let ends: Vec<usize> = table
            .lines()
            .iter()
            .map(|line| console::measure_text_width(line))
            .collect();
        assert_eq!(ends[1], ends[2], "columns stand below each other: {table:?}");
        assert_harmless(&table.lines().join("\n"), case);
        assert_harmless(&super::fold(&text, 10).join("\n  "), case);
        assert_harmless(&super::cut(&text, 10), case);
        for one_line in [sanitize::line(&text), sanitize::text(&text)] {
            assert_eq!(sanitize::text(&one_line), one_line, "twice is once");
        }
    }
}

impl Chance {
    pub(crate) fn failure(&mut self) -> Failure {
        let mut failure = Failure::new(self.text()).why(self.text()).next(self.text());
        failure.commands = self.texts();
        failure.anchor = self.text();
        failure
    }
}
