//! Figures as people read them.

use std::time::Duration;

use console::measure_text_width;

use super::sanitize;

/// Returns a size in decimal units, as registries and file managers give it: `87.1 MB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    for (unit, size) in UNITS {
        if count >= size {
            // In tenths, so that no float is needed: sizes fit u64 by far.
            let tenths = count / (size / 10);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{count} B")
}

/// Returns a time as `0.2s`, `14s` or `3m05s`.
#[must_use]
pub fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{}.{}s", time.as_secs(), time.subsec_millis() / 100),
        seconds @ 10..60 => format!("{seconds}s"),
        seconds => format!("{}m{:02}s", seconds / 60, seconds % 60),
    }
}

/// Returns how long ago something was, in its largest unit, as kubectl's AGE column has it: `2m`.
#[must_use]
pub fn age(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7_200 => format!("{}m", seconds / 60),
        seconds @ 7_200..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// Returns the part of a line that fits into so many columns of a terminal.
#[must_use]
pub fn cut(line: &str, columns: usize) -> String {
    console::truncate_str(&sanitize::line(line), columns, "…").into_owned()
}

/// Returns a text as lines of at most so many columns, cut at spaces, those after the first set in by two. A word that is
/// longer stays whole, so that it can be copied.
#[must_use]
pub fn fold(text: &str, columns: usize) -> Vec<String> {
    let text = sanitize::line(text);
    let words: Vec<&str> = text.split(' ').collect();
    join_folded(&words, " ", "  ", columns)
}

/// Joins words into as few lines as so many columns allow, those after the first set in by `indent`. A word that is
/// longer stays whole.
#[must_use]
pub fn join_folded(words: &[impl AsRef<str>], separator: &str, indent: &str, columns: usize) -> Vec<String> {
    let width = measure_text_width;
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let word = &*sanitize::line(word.as_ref());
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(word) <= columns => {
                line.push_str(separator);
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_840, "1.8 kB"),
            (87_121_076, "87.1 MB"),
            (2_500_000_000, "2.5 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (7_300, "2h"),
            (200_000, "2d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
        for (millis, text) in [
            (240, "0.2s"),
            (9_990, "9.9s"),
            (14_200, "14s"),
            (185_000, "3m05s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }
    #[test]
    fn folds_between_words_and_never_inside() {
        for (text, lines) in [
            ("", &[""][..]),
            ("a  b", &["a  b"]),
            ("one two three", &["one two", "  three"]),
            ("one seventeen two", &["one", "  seventeen", "  two"]),
            ("日本 日本", &["日本", "  日本"]),
        ] {
            assert_eq!(fold(text, 8), lines, "{text}");
        }
    }
}
