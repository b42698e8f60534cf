//! Text from elsewhere on a page: never raw, nothing hidden in it, and its direction kept to itself.

use std::fmt::{self, Write as _};

use askama::filters::{Escaper as _, Html, HtmlSafe};
use counterpart_core::text;

use crate::time::Dated;

/// What somebody wrote, on one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer<'t>(&'t str);

/// What somebody wrote, for a template: `{{ text::peer(title) }}`.
pub(crate) fn peer(written: &str) -> Peer<'_> {
    Peer(written)
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        Html.write_escaped_str(&mut *f, &text::visible_line(self.0))?;
        f.write_str("</bdi>")
    }
}

// The only way in is escaped above.
impl HtmlSafe for Peer<'_> {}

/// What somebody wrote, on its own lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'t>(&'t str);

/// What somebody wrote, on its own lines, for a template; each line is a block that keeps its direction to itself.
pub(crate) fn lines(written: &str) -> Lines<'_> {
    Lines(written)
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<div class=\"lines\">")?;
        for line in text::visible(self.0).lines() {
            f.write_str("<p dir=\"auto\">")?;
            Html.write_escaped_str(&mut *f, line)?;
            f.write_str("</p>")?;
        }
        f.write_str("</div>")
    }
}

// The only way in is escaped above.
impl HtmlSafe for Lines<'_> {}

/// Words of ours with what others wrote between them, ready for a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Markup(String);

impl Markup {
    /// Our own words; whatever looks like markup in them is text as well.
    pub(crate) fn say(mut self, words: &str) -> Self {
        let to_memory = Html.write_escaped_str(&mut self.0, words);
        to_memory.expect("writing to memory does not fail");
        self
    }

    /// What somebody wrote.
    pub(crate) fn peer(mut self, written: &str) -> Self {
        write!(self.0, "{}", peer(written)).expect("writing to memory does not fail");
        self
    }

    /// A time.
    pub(crate) fn moment(mut self, at: &Dated) -> Self {
        write!(self.0, "{at}").expect("writing to memory does not fail");
        self
    }

    /// What was made ready before.
    pub(crate) fn then(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Put together of escaped text and elements named here.
impl HtmlSafe for Markup {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text() {
        let hostile = "<script>alert('1')</script>\u{202E}\"&\u{1b}[31m\nx";
        let shown = peer(hostile).to_string();
        let inside = shown.strip_prefix("<bdi>").and_then(|s| s.strip_suffix("</bdi>")).expect("isolated");
        assert!(!inside.contains(['<', '>', '"', '\'', '\n', '\u{1b}', '\u{202E}']), "{inside}");
        let shown = lines(&format!("{hostile}\nx")).to_string();
        assert_eq!(shown.matches("<p").count(), 3, "{shown}");
        assert!(!shown.contains(['\'', '\u{1b}', '\u{202E}']) && !shown.contains("<script"), "{shown}");
        assert_eq!(Markup::default().say("a<b ").peer("<i>").to_string(), "a&#60;b <bdi>&#60;i&#62;</bdi>");
    }
}
