//! A page that fits on a terminal.

use console::measure_text_width;

use super::{sanitize, words::cut};

/// Returns the first lines, as many as a terminal shows at once, and where some are left out, a line with their count.
pub(super) fn fitted(lines: &[impl AsRef<str>], rows: usize, columns: usize) -> Vec<String> {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| sanitize::line(line.as_ref()).into_owned())
        .collect();
    // A long line goes on in the next row. The cursor needs the last row.
    let rows_of = |line: &String| measure_text_width(line).div_ceil(columns).max(1);
    let mut room = rows.saturating_sub(1);
    if lines.iter().map(rows_of).sum::<usize>() <= room {
        return lines;
    }
    room = room.saturating_sub(1);
    let fits = |line: &&String| {
        let left = room.checked_sub(rows_of(line));
        room = left.unwrap_or(0);
        left.is_some()
    };
    let mut shown: Vec<String> = lines.iter().take_while(fits).cloned().collect();
    let left_out = lines.len() - shown.len();
    let end = format!("… {left_out} more lines; enlarge the terminal to see them");
    shown.push(cut(&end, columns));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_head_and_counts_what_is_left_out() {
        let lines = ["NAME  shop", "a line of 18 bytes", "PODS", "EVENTS"];
        assert_eq!(fitted(&lines, 6, 10), lines, "five rows and the cursor's");
        for (rows, head) in [(5, 2), (4, 1), (3, 1), (2, 0), (1, 0), (0, 0)] {
            let page = fitted(&lines, rows, 10);
            let (end, shown) = page.split_last().expect("a last line");
            assert_eq!(shown, &lines[..head], "{rows} rows");
            assert!(
                end.starts_with(&format!("… {} more", lines.len() - head)),
                "{end}"
            );
            assert_eq!(measure_text_width(end), 10);
        }
    }
}
