//! Columns that stand below each other, as kubectl prints them.

use console::measure_text_width;

use super::sanitize;

/// A table: a heading and rows. A cell is one line, and as wide as a terminal shows it.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    /// What stands between two columns.
    gap: &'static str,
}

impl Table {
    /// Makes a table with this heading; an empty one has none.
    #[must_use]
    pub fn new(heading: &[&str]) -> Self {
        let mut table = Self {
            rows: Vec::new(),
            gap: "  ",
        };
        if !heading.is_empty() {
            table.row(heading.iter().copied());
        }
        table
    }

    /// The same with its columns further apart, as `kubectl get` has them.
    #[must_use]
    pub fn apart(heading: &[&str]) -> Self {
        Self {
            gap: "   ",
            ..Self::new(heading)
        }
    }

    /// Adds a row.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let shown = |cell: C| sanitize::line(cell.as_ref().trim_end()).into_owned();
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// Returns the lines, without spaces at their ends: a column is as wide as its widest cell shows
    /// on a terminal, where 日 takes two places.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width_of = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| measure_text_width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width_of).collect();
        let line = |row: &Vec<String>| {
            let padded = row.iter().zip(&widths).map(|(cell, width)| {
                let pad = width.saturating_sub(measure_text_width(cell));
                format!("{cell}{}", " ".repeat(pad))
            });
            padded.collect::<Vec<_>>().join(self.gap).trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::new(&["NAME", "URL"]);
        table.row(["shop", "http://a/"]);
        table.row(["日本\u{1b}[31m", "-\nx\n"]);
        table.row(["a-long-name", ""]);
        assert_eq!(
            table.lines(),
            [
                "NAME          URL",
                "shop          http://a/",
                "日本\\x1b[31m  -\\nx",
                "a-long-name",
            ]
        );
    }
}
