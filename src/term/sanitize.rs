//! Makes text of strangers (registries, API servers, apps' logs) safe for a terminal: an escape
//! sequence in a log line could rewrite the screen, or the clipboard.

/// Returns the text without control characters; tabs become spaces, line feeds stay.
#[must_use]
pub fn sanitize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // ECMA-48: a control sequence is ESC [ parameters, ended by one of @ to ~.
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                while chars.next_if(|&c| !('@'..='~').contains(&c)).is_some() {}
                chars.next();
            }
            '\t' => out.push_str("    "),
            '\n' => out.push(c),
            c if c.is_control() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Characters that change how their neighbours are read: direction overrides and isolates
/// (CVE-2021-42574), zero-width ones.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_and_control_goes() {
        for (raw, clean) in [
            ("plain · é 日本", "plain · é 日本"),
            ("a\tb\nc\r", "a    b\nc"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}", "]52;c;ZXZpbA=="),
            ("\u{1b}[2J", ""),
            ("abc\u{202e}def", "abcdef"),
            ("end\u{1b}[", "end"),
        ] {
            assert_eq!(sanitize(raw), clean);
        }
    }
}
