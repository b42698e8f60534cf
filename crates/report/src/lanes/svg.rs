//! A row of the picture as it is drawn, and what its shapes mean: for the report, and for a page that shows the same in
//! colours of its own.

use askama::{Template, filters::HtmlSafe};

use super::{Bar, Picture, Row, Shape, WIDTH};

/// A row, ready to stand on a page.
#[derive(Debug, Template)]
#[template(path = "lanes.html")]
pub struct Drawn<'p> {
    picture: &'p Picture,
    row: &'p Row,
    /// What it is called.
    title: String,
}

// Its template escapes what others wrote.
impl HtmlSafe for Drawn<'_> {}

/// What the shapes and the bars mean.
#[derive(Debug, Template)]
#[template(path = "legend.html")]
pub struct Legend<'t> {
    /// What it is called.
    label: &'t str,
    /// What is said of what does not count.
    idle: &'t str,
}

// As above.
impl HtmlSafe for Legend<'_> {}

impl Picture {
    /// A row of it, called so.
    #[must_use]
    pub fn drawn<'p>(&'p self, row: &'p Row, title: String) -> Drawn<'p> {
        Drawn { picture: self, row, title }
    }

    /// What the shapes and the bars mean, and what is said of what does not count.
    #[must_use]
    pub fn legend<'t>(label: &'t str, idle: &'t str) -> Legend<'t> {
        Legend { label, idle }
    }
}
