//! The one function that all text goes through before a terminal, a log or a document gets it. Names, messages and
//! logs are written by strangers (registries, API servers, apps, archives): an escape sequence among them could rewrite
//! the screen or the clipboard, and a direction override could make one name look like another. Such characters are
//! shown instead of obeyed: `\x1b`, `\u{202e}`.

use std::{borrow::Cow, fmt::Write};

/// What stands for a tab, whose width a terminal decides and a column does not know.
const TAB: &str = "    ";

/// Returns a text of several lines as a terminal may have it: line feeds stay, tabs become spaces, and every character
/// that is obeyed or unseen is shown. A text without any is returned as it is.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    rewritten(text, |c, out| match c {
        '\n' => out.push(c),
        _ => show(c, out),
    })
}

/// Returns a text as one line; what would begin another is shown as well.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    rewritten(text, show)
}

/// Returns a JSON document with the same values that is harmless on a terminal: what could do harm stands in strings
/// only, where JSON has escapes (RFC 8259, section 7). Of a document in lines, the lines stay.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    rewritten(document, |c, out| match c {
        '\n' | '\t' => out.push(c),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    })
}

/// The same for YAML, where such strings are in double quotes (YAML 1.2.2, section 5.7).
pub(super) fn yaml(document: &str) -> Cow<'_, str> {
    rewritten(document, |c, out| {
        let _ = match c {
            '\n' => write!(out, "{c}"),
            '\t' => write!(out, "\\t"),
            _ if u32::from(c) > 0xffff => write!(out, "\\U{:08X}", u32::from(c)),
            _ => write!(out, "\\u{:04X}", u32::from(c)),
        };
    })
}

fn show(c: char, out: &mut String) {
    let _ = match c {
        '\t' => write!(out, "{TAB}"),
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\0'..='\u{7f}' => write!(out, "\\x{:02x}", u32::from(c)),
        _ => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
}

/// Hands every character that must not come through raw to `rewrite`, which adds what stands for it.
fn rewritten(text: &str, rewrite: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) && !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_hidden = if is_joiner(c) {
            !out.chars().next_back().is_some_and(|before| may_join(before, c))
        } else {
            c.is_control() || is_obeyed_or_unseen(c)
        };
        if is_hidden {
            rewrite(c, &mut out);
        } else {
            out.push(c);
        }
    }
    if out == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

/// Joins and variants of emoji, and of scripts that are written joined.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Whether a joiner has its use here: not in ASCII, where it only makes one name look like another, and no pile of them.
fn may_join(before: char, joiner: char) -> bool {
    // A variant may be joined: 🏳️‍🌈.
    !before.is_ascii() && (!is_joiner(before) || before >= '\u{fe00}' && joiner == '\u{200d}')
}

/// Characters that change how their neighbours are read, or that nobody sees: Unicode's `Bidi_Control` (CVE-2021-42574)
/// and `Default_Ignorable_Code_Point` (UAX #44) but for the joiners, separators of lines, annotations.
fn is_obeyed_or_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_and_what_a_terminal_obeys_is_shown() {
        for (raw, clean) in [
            ("plain · é 日本 👩‍👧 🏳️‍🌈 می‌خواهم", "plain · é 日本 👩‍👧 🏳️‍🌈 می‌خواهم"),
            ("a\tb\nc\r", "a    b\nc\\r"),
            ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}", "\\x1b]52;c;ZXZpbA==\\x07"),
            ("\u{9b}2J\u{7f}\0", "\\u{9b}2J\\x7f\\x00"),
            ("abc\u{202e}def\u{2069}", "abc\\u{202e}def\\u{2069}"),
            ("sh\u{200d}op\u{fe0f}\u{200b}", "sh\\u{200d}op\\u{fe0f}\\u{200b}"),
            ("é\u{202e}\u{200d}", "é\\u{202e}\\u{200d}"),
            ("日\u{200d}\u{200d}", "日\u{200d}\\u{200d}"),
            ("\u{e0041}\u{2028}\u{ad}", "\\u{e0041}\\u{2028}\\u{ad}"),
        ] {
            assert_eq!(text(raw), clean);
            assert_eq!(text(&text(raw)), clean, "twice is once");
        }
        assert!(matches!(text("clean é\nand more"), Cow::Borrowed(_)));
        assert_eq!(line("one\ntwo"), "one\\ntwo");
    }

    #[test]
    fn every_control_and_every_bidi_control_is_shown() {
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        let bidi = bidi.chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        let control = ('\0'..='\u{9f}').filter(|c| c.is_control() && !matches!(c, '\t' | '\n'));
        for c in bidi.chain(control) {
            let (raw, shown) = (format!("a{c}b"), text(&format!("a{c}b")).into_owned());
            assert!(
                shown.starts_with("a\\") && shown.ends_with('b') && !shown.contains(c),
                "{shown}"
            );
            assert_eq!(line(&raw), shown);
        }
    }

    #[test]
    fn json_has_the_same_values() {
        let value = "a\u{7f}\u{9b}\u{202e}\u{e0041}\u{1b}\t\n\"\\ é";
        let document = serde_json::to_string(value).expect("a string");
        let harmless = json(&document);
        assert_eq!(text(&harmless), harmless);
        assert_eq!(serde_json::from_str::<String>(&harmless).expect("JSON"), value);
    }
}
