//! Text from elsewhere on a page: never raw, nothing hidden in it, and its direction kept to itself.

use std::fmt::{self, Write as _};

use askama::filters::{Escaper as _, Html, HtmlSafe};
use counterpart_core::text;
use counterpart_words::render;

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

/// A sentence of ours, as `words` tells it, with what others wrote within it: it runs from left to right, and each of
/// theirs that is written the other way stands as an element that keeps its direction to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told(String);

/// What is told there, for a page; put it into a template as it is.
pub(crate) fn told(tell: impl FnOnce() -> String) -> Told {
    Told(render::set_apart(tell))
}

/// Several at once.
pub(crate) fn all_told(tell: impl FnOnce() -> Vec<String>) -> Vec<Told> {
    render::set_apart(tell).into_iter().map(Told).collect()
}

impl Told {
    /// What was told within [`render::set_apart`].
    pub(crate) fn of(text: String) -> Self {
        Self(text)
    }

    /// The first so many letters, and whether there are more.
    pub(crate) fn cut(self, most: usize) -> (Self, bool) {
        let marks = |c: char| matches!(c, render::ISOLATE | render::ISOLATE_END);
        match self.0.char_indices().filter(|(_, c)| !marks(*c)).nth(most).map(|(at, _)| at) {
            None => (self, false),
            Some(at) => (Self(format!("{}…", self.0.get(..at).unwrap_or_default().trim_end())), true),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open = 0_usize;
        // The sentences of `words` are English, whatever the language of the page.
        f.write_str("<bdi dir=\"ltr\">")?;
        // Nothing but the marks is taken for one: what others wrote has none that is not written out.
        for piece in self.0.split_inclusive([render::ISOLATE, render::ISOLATE_END]) {
            let text = piece.trim_end_matches([render::ISOLATE, render::ISOLATE_END]);
            Html.write_escaped_str(&mut *f, &text::visible_line(text))?;
            if piece.ends_with(render::ISOLATE) {
                open += 1;
                f.write_str("<bdi>")?;
            } else if piece.ends_with(render::ISOLATE_END) && open > 0 {
                open -= 1;
                f.write_str("</bdi>")?;
            }
        }
        // One that was cut is open still.
        (0..=open).try_for_each(|_| f.write_str("</bdi>"))
    }
}

// The only way in is escaped above.
impl HtmlSafe for Told {}

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

    /// A sentence of ours.
    pub(crate) fn told(mut self, sentence: &Told) -> Self {
        write!(self.0, "{sentence}").expect("writing to memory does not fail");
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

    #[test]
    fn a_sentence_runs_its_own_way_and_theirs_stand_apart() {
        let whole = |inside: &str| format!("<bdi dir=\"ltr\">{inside}</bdi>");
        let name = "\u{5E9}\u{5DC} \"5\"";
        let sentence =
            || told(|| format!("{} proposes <b>: {}", render::line(name), render::line("pay\u{200B}5 \u{627}")));
        let (name, pay) = ("<bdi>\u{5E9}\u{5DC} &#34;5&#34;</bdi>", "<bdi>pay&#60;U+200B&#62;5 \u{627}</bdi>");
        assert_eq!(sentence().to_string(), whole(&format!("{name} proposes &#60;b&#62;: {pay}")));
        let (cut, more) = sentence().cut(2);
        assert!(more);
        assert_eq!(cut.to_string(), whole("<bdi>\u{5E9}\u{5DC}…</bdi>"), "a cut one is closed");
        assert!(!sentence().cut(200).1);
        assert_eq!(told(|| "a\u{2069}\u{2068}b".to_owned()).to_string(), whole("a<bdi>b</bdi>"), "elements are whole");
        assert_eq!(all_told(|| vec![render::line("\u{5D0}")])[0].to_string(), whole("<bdi>\u{5D0}</bdi>"));
    }
}
