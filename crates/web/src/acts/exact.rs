//! The exact text of acts on a page: the same words in the same order as at a terminal, with what stands in columns there
//! in columns here.

use std::fmt;

use askama::filters::{Escaper as _, Html, HtmlSafe};
use counterpart_core::text;

/// A text of [`counterpart_words::render::in_full`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exact<'t>(&'t str);

/// Such a text for a template: each line a block, what begins behind two blanks in a column of its own.
pub(crate) fn exact(written: &str) -> Exact<'_> {
    Exact(written)
}

/// The widest first column; the stylesheet has a width for each up to it.
const WIDEST: usize = 24;

impl fmt::Display for Exact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<div class=\"exact\" lang=\"en\">")?;
        // How deep the last label stood: further lines of its text belong to it.
        let mut last = 2;
        for line in text::visible(self.0).lines() {
            let (label, rest) = columns(line);
            let width = label.chars().count();
            if width == 0 {
                f.write_str("<p dir=\"auto\">")?;
            } else {
                let indent = line.len() - line.trim_start_matches(' ').len();
                last = if indent <= 6 { indent } else { last };
                write!(f, "<p class=\"i{last} w{width}\"><span>")?;
                Html.write_escaped_str(&mut *f, label.trim())?;
                // What is copied from the page has the blank, too.
                f.write_str(" </span><span dir=\"auto\">")?;
            }
            Html.write_escaped_str(&mut *f, rest)?;
            f.write_str(if width == 0 { "</p>" } else { "</span></p>" })?;
        }
        f.write_str("</div>")
    }
}

/// What stands before the text of a line: blanks, or a label in small letters and the blanks around it.
fn columns(line: &str) -> (&str, &str) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let inner = line.get(indent..).unwrap_or_default();
    let label = inner.find("  ").filter(|at| {
        let word = inner.get(..*at).unwrap_or_default();
        // Labels stand at most so deep; the further lines of somebody's text stand deeper.
        (1..=6).contains(&indent)
            && word.len() <= 14
            && word.chars().all(|c| c.is_ascii_alphanumeric() || " -".contains(c))
    });
    let from = label.map_or(indent, |at| {
        let blanks = inner.get(at..).unwrap_or_default();
        indent + at + (blanks.len() - blanks.trim_start_matches(' ').len())
    });
    if from > WIDEST { ("", line) } else { line.split_at_checked(from).unwrap_or(("", line)) }
}

// Escaped above, between elements named there.
impl HtmlSafe for Exact<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_texts_stand_in_columns() {
        for (line, label, rest) in [
            ("Keith proposes:", "", "Keith proposes:"),
            ("  what     Mend the pipe", "  what     ", "Mend the pipe"),
            ("           on Monday  or later", "           ", "on Monday  or later"),
            ("  part 1", "  ", "part 1"),
            ("  done when  it is dry", "  done when  ", "it is dry"),
            ("  <b>  x", "  ", "<b>  x"),
            ("", "", ""),
        ] {
            assert_eq!(columns(line), (label, rest), "{line}");
        }
        let wide = format!("{}x", " ".repeat(40));
        assert_eq!(columns(&wide), ("", wide.as_str()));
    }

    #[test]
    fn all_of_it_is_text() {
        let shown = exact("  text  <script>\u{202e}'\"\n\u{1b}[31m").to_string();
        assert!(
            shown.contains("<p class=\"i2 w8\"><span>text </span><span dir=\"auto\">&#60;script&#62;&#60;U+202E&#62;"),
            "{shown}"
        );
        assert!(!shown.contains("<script") && !shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    }
}
