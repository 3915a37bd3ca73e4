//! The lines of a container's log while it is read. An app may write a line without an end, or one that only a
//! machine reads: it is cut, so that it takes no more memory than another.

use std::{collections::VecDeque, io};

use futures_util::{AsyncBufRead, AsyncBufReadExt};

/// What is kept of a line.
pub const LONGEST_LINE_BYTES: usize = 64 * 1024;
/// What stands at the end of a line that was cut.
const CUT: &str = "… (cut after 64 KiB)";

/// A log as lines.
pub struct LogLines<R> {
    log: R,
    /// What is left of the last line is thrown away.
    is_cut: bool,
}

impl<R: AsyncBufRead + Unpin> LogLines<R> {
    /// Reads the lines of this log.
    pub fn of(log: R) -> Self {
        Self { log, is_cut: false }
    }

    /// Returns the next line without its end and its colours; `None` at the end of the log. A line that is too long
    /// comes as soon as that is known.
    ///
    /// # Errors
    /// The log broke off.
    pub async fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            let piece = self.log.fill_buf().await?;
            if piece.is_empty() {
                return Ok((!line.is_empty()).then(|| text(&line)));
            }
            let end = piece.iter().position(|&byte| byte == b'\n');
            let used = end.map_or(piece.len(), |end| end + 1);
            let piece = &piece[..end.unwrap_or(piece.len())];
            let room = LONGEST_LINE_BYTES - line.len();
            let (was_cut, is_too_long) = (self.is_cut, piece.len() > room);
            if !was_cut {
                line.extend_from_slice(&piece[..piece.len().min(room)]);
            }
            self.log.consume_unpin(used);
            self.is_cut = end.is_none() && (was_cut || is_too_long);
            match (was_cut, is_too_long, end) {
                (false, true, _) => return Ok(Some(cut(&line))),
                (false, false, Some(_)) => return Ok(Some(text(&line))),
                _ => {}
            }
        }
    }

    /// Returns the last lines, of what could be read.
    pub async fn last(mut self, count: usize) -> Vec<String> {
        let mut last = VecDeque::new();
        while let Ok(Some(line)) = self.next().await {
            if last.len() == count {
                last.pop_front();
            }
            last.push_back(line);
        }
        last.into()
    }
}

fn text(line: &[u8]) -> String {
    without_colours(String::from_utf8_lossy(line).trim_end())
}

fn cut(line: &[u8]) -> String {
    // Not within a character.
    let end = match std::str::from_utf8(line) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => line.len(),
    };
    format!("{}{CUT}", text(&line[..end]))
}

/// Returns the text without the sequences that choose colours (ECMA-48, SGR): apps write them for a terminal, around
/// every other word, and shown they would hide the words. No other sequence is looked for.
fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !(c.is_ascii_digit() || c == ';'));
        if let Some(end) = end.filter(|&end| piece[end..].starts_with('m')) {
            out.push_str(&piece[end + 1..]);
        } else {
            out.push_str("\u{1b}[");
            out.push_str(piece);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use futures_util::io::{BufReader, Cursor};

    use super::*;

    async fn lines(log: &[u8], buffer: usize) -> Vec<String> {
        let mut lines = LogLines::of(BufReader::with_capacity(buffer, Cursor::new(log.to_vec())));
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.expect("it is in memory") {
            read.push(line);
        }
        read
    }

    #[tokio::test]
    async fn a_line_is_cut_and_the_next_one_is_whole() {
        let longest = "a".repeat(LONGEST_LINE_BYTES);
        let log = format!("one\r\n\n{longest}\n{longest}b\n{longest}{longest}\nlast");
        let cut = format!("{longest}{CUT}");
        for buffer in [1, 7, 4096, 1 << 20] {
            let read = lines(log.as_bytes(), buffer).await;
            assert_eq!(read, ["one", "", &longest, &cut, &cut, "last"], "{buffer}");
        }
        let log = format!("{}é and more", "a".repeat(LONGEST_LINE_BYTES - 1));
        let expected = format!("{}{CUT}", "a".repeat(LONGEST_LINE_BYTES - 1));
        assert_eq!(lines(log.as_bytes(), 4096).await, [expected]);
    }

    #[test]
    fn colours_go_and_nothing_else() {
        for (raw, left) in [
            ("\u{1b}[32mINFO\u{1b}[0;39m started\u{1b}[m", "INFO started"),
            ("\u{1b}[2J\u{1b}[31mx", "\u{1b}[2Jx"),
            ("\u{1b}]0;m\u{7}\u{1b}[", "\u{1b}]0;m\u{7}\u{1b}["),
            ("\u{1b}[\u{1b}[1mm", "\u{1b}[m"),
            ("\u{1b}[?1m\u{1b}[1", "\u{1b}[?1m\u{1b}[1"),
        ] {
            assert_eq!(without_colours(raw), left);
        }
    }
}
