//! What others have written, where it is quoted in a sentence of ours.

/// Returns at most so many characters of a text, on one line and with nothing in it that changes how the rest is read.
#[must_use]
pub fn brief(text: &str, characters: usize) -> String {
    let printable = |c: char| -> String {
        if matches!(c, '\'' | '"' | '\\') {
            c.into()
        } else {
            c.escape_debug().collect()
        }
    };
    let mut brief: String = text.chars().take(characters).map(printable).collect();
    if text.chars().nth(characters).is_some() {
        brief.push('…');
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(brief("r.example/it's \"x\"", 200), "r.example/it's \"x\"");
        assert_eq!(brief("a\nb\u{1b}[2J\u{202e}c", 200), "a\\nb\\u{1b}[2J\\u{202e}c");
        assert_eq!(brief(&"x".repeat(5000), 200).chars().count(), 201);
    }
}
