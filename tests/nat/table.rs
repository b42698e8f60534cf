//! Tables for people, printed, and written where `COUNTERPART_TABLE` names a file.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
};

pub(crate) struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, head: &[&str]) -> Self {
        Self { title: title.to_owned(), rows: vec![head.iter().map(|&c| c.to_owned()).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = format!("\n{}\n\n", self.title);
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
            if number == 0 {
                let lines: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
                text.push_str(&format!("| {} |\n", lines.join(" | ")));
            }
        }
        text
    }

    /// Past the runner's capture of what tests print, so that it is seen.
    pub(crate) fn publish(&self) {
        tell(&self.text());
    }

    /// One line that belongs to no table.
    pub(crate) fn line(text: &str) {
        tell(&format!("\n{text}\n"));
    }
}

fn tell(text: &str) {
    drop(io::stderr().write_all(text.as_bytes()));
    if let Some(path) = std::env::var_os("COUNTERPART_TABLE") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("the table can be written");
    }
}
