//! The report as a page: the templates, and what they are given.

use askama::Template;

use crate::{
    actions::Action,
    lanes::Picture,
    report::{Ledger, Report},
    timeline::Effect,
    words::Piece,
};

/// Actions told on page one; what went wrong comes first, the others are told further on.
const ON_PAGE_ONE: usize = 12;

/// Lines of small print on a page of either paper.
const LINES: usize = 74;

/// Of these as many as make a page of their own: after fewer the picture begins on the same page.
const ENOUGH: usize = 54;

/// What the report is to be printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    A4,
    Letter,
}

impl Paper {
    /// As CSS names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A4 => "A4",
            Self::Letter => "letter",
        }
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'p> {
    report: &'p Report,
    /// Without one, whatever the reader's printer holds.
    paper: Option<Paper>,
    /// The actions of page one, and those it only names.
    summary: Vec<&'p Action>,
    further: Vec<&'p Action>,
    /// Whether the summary fills a page and no more, so that it gets one to itself.
    fits: bool,
    /// The ledgers that hold anything.
    ledgers: Vec<&'p Ledger>,
}

impl Report {
    /// The report as one page of HTML that asks for nothing outside itself.
    ///
    /// # Errors
    /// When there is no memory to write it to.
    pub fn html(&self, paper: Option<Paper>) -> Result<String, std::fmt::Error> {
        let (summary, further) = on_page_one(&self.actions);
        let ledgers: Vec<&Ledger> = self.ledgers.iter().filter(|ledger| !ledger.is_empty()).collect();
        let fits = (ENOUGH..=LINES).contains(&lines_of_summary(self, &summary, &further, ledgers.len()));
        let page = Page { report: self, paper, summary, further, fits, ledgers };
        let mut out = String::new();
        page.render_into(&mut out).map_err(|_no_memory| std::fmt::Error)?;
        Ok(out)
    }
}

/// Roughly how many lines the summary takes, by the letters in it; only where a page is turned depends on it.
fn lines_of_summary(report: &Report, summary: &[&Action], further: &[&Action], ledgers: usize) -> usize {
    let lines = |letters: usize, width: usize| letters.div_ceil(width);
    let letters = |words: &crate::Words| words.plain().chars().count();
    let alarms: usize = report.alarms.iter().map(|a| lines(letters(&a.head) + letters(&a.says), 100) + 1).sum();
    let parties: usize = report.parties.iter().map(|p| 1 + p.people.len() + p.who.chars().count() / 24).sum();
    let action = |a: &&Action| {
        let names: usize = a.signatures.iter().map(|s| s.who.chars().count() + 18).sum();
        let left = lines(letters(&a.title) + 5, 40) + lines(letters(&a.by) + letters(&a.for_whom) + names + 20, 46);
        let right = lines(letters(&a.short), 62) + 1 + a.badges.len() / 3;
        left.max(right).max(3) + 1
    };
    let actions: usize = summary.iter().map(action).sum();
    let further = lines(further.iter().map(|a| letters(&a.title) + 12).sum(), 110);
    let bundle = if report.bundle.is_some() { 5 } else { 0 };
    20 + bundle + alarms + parties + actions + further + 2 * ledgers
}

/// The actions for page one, in their order: where there are too many those that went well wait.
fn on_page_one(actions: &[Action]) -> (Vec<&Action>, Vec<&Action>) {
    let mut left = actions.len().saturating_sub(ON_PAGE_ONE);
    let mut first = Vec::new();
    let mut further = Vec::new();
    for action in actions.iter().rev() {
        let waits = left > 0 && !action.outcome.pressing() && action.badges.is_empty();
        left -= usize::from(waits);
        if waits { further.push(action) } else { first.push(action) }
    }
    first.reverse();
    further.reverse();
    (first, further)
}
