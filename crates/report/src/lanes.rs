//! The swim-lane picture, laid out: a lane a party, the acts in order from left to right, agreements as bars that join
//! the lanes, due times as flags. It wraps into rows; what every column holds stands in a table as well.
//!
//! Coordinates are units of which [`WIDTH`] fit a row; printed on A4 one is about half a point.

mod draw;
mod plot;
mod short;
mod svg;

pub(crate) use plot::picture;
pub use svg::{Drawn, Legend};

use crate::{
    clock::Time,
    words::{EntryName, Words},
};

/// Columns in a row: as many as stay legible in print.
const COLUMNS: usize = 12;
/// Units of a row's width.
const WIDTH: usize = 1000;
/// For the names of the lanes.
const GUTTER: usize = 128;
const COLUMN: usize = 72;
/// For dates, times, and what the bars say.
const HEADER: usize = 76;
const LANE: usize = 78;
/// From a lane's upper edge to its line.
const RAIL: usize = 18;

/// What comes after what, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// What was signed after what it rests on; by the signers' clocks where neither rests on the other.
    #[default]
    Steps,
    /// By the signers' clocks alone.
    Time,
}

/// What sort of act it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Opens, joins, leaves.
    Case,
    /// States, notes, calls.
    Fact,
    /// Proposes, counters, asks.
    Offer,
    /// Accepts, approves, allows.
    Assent,
    /// Declines, rejects, contests, gives up.
    Refusal,
    /// Says how far it is, says that it is done.
    Work,
    /// Records a due time that passed.
    Missed,
    /// An arbiter decides.
    Decision,
    /// A due time.
    Due,
}

impl Shape {
    const ALL: [Self; 9] = [
        Self::Case,
        Self::Fact,
        Self::Offer,
        Self::Assent,
        Self::Refusal,
        Self::Work,
        Self::Missed,
        Self::Decision,
        Self::Due,
    ];

    /// As it is styled.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Fact => "fact",
            Self::Offer => "offer",
            Self::Assent => "assent",
            Self::Refusal => "refusal",
            Self::Work => "work",
            Self::Missed => "missed",
            Self::Decision => "decision",
            Self::Due => "due",
        }
    }

    /// For the legend.
    fn meaning(self) -> &'static str {
        match self {
            Self::Case => "opens, joins, leaves",
            Self::Fact => "states, notes, writes down",
            Self::Offer => "offers or asks",
            Self::Assent => "accepts or allows",
            Self::Refusal => "refuses, disputes, gives up",
            Self::Work => "says how far it is, or that it is done",
            Self::Missed => "records that a due time passed",
            Self::Decision => "decides",
            Self::Due => "a due time",
        }
    }

    /// The outline around a point.
    #[must_use]
    pub fn path(self, x: &usize, y: &usize) -> String {
        draw::outline(self, *x, *y)
    }
}

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// As much of the name as fits, on one or two lines.
    pub label: Vec<String>,
    pub who: String,
    pub role: &'static str,
}

/// What stands in a column in one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub lane: usize,
    pub shape: Shape,
    /// "accepts"; for a due time "due #9".
    pub word: String,
    /// "#13"; for a due time what became of it.
    pub below: String,
    /// Whether it counts.
    pub counts: bool,
    /// What else must be seen at once: "no effect", "one of two".
    pub note: Option<&'static str>,
}

/// Agreements and ends, at the column that made them so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// agreed, changed, done, ended or decided.
    pub word: &'static str,
    pub about: String,
    /// The lanes it joins, ascending.
    pub lanes: Vec<usize>,
}

impl Bar {
    /// For the legend: how each is drawn, and what it means.
    const LEGEND: [(&'static str, &'static str); 4] = [
        ("agreed", "agreed: all have signed"),
        ("changed", "an agreement changed by all"),
        ("done", "the result accepted"),
        ("ended", "ended, or decided to be off"),
    ];

    /// What stands beside it, on two lines.
    fn words(&self) -> [String; 2] {
        let names: Vec<&str> = self.about.split(' ').collect();
        let about = match names.as_slice() {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [one, others @ ..] => format!("{one} +{}", others.len()),
        };
        [self.word.to_owned(), about]
    }
}

/// One place on the way, with everything that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The entries in it; none for a due time.
    pub entries: Vec<EntryName>,
    pub at: Time,
    /// The day, where it is not that of the column before: "4 Jun", with the year only where that is not the row's.
    pub day: Option<String>,
    pub marks: Vec<Mark>,
    pub bar: Option<Bar>,
    /// The same in words, for the table.
    pub who: String,
    pub says: Words,
    pub makes: Words,
}

/// A due time that stands in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Unix milliseconds.
    pub at: i64,
    pub about: EntryName,
    /// in time, late, missed, passed, to come, ended.
    pub word: &'static str,
}

/// So many columns, drawn together and never cut apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// From 1.
    pub number: usize,
    pub columns: Vec<Column>,
}

impl Row {
    /// The year of its first column.
    fn year(&self) -> Option<i16> {
        self.columns.first()?.at.year
    }
}

/// The whole picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    pub lanes: Vec<Lane>,
    pub rows: Vec<Row>,
    /// Entries that are left out, because they only say who is where.
    pub left_out: Vec<EntryName>,
}

impl Picture {
    /// Units of a row's height.
    fn height(&self) -> usize {
        HEADER + self.lanes.len() * LANE
    }

    fn rail(&self, lane: &usize) -> usize {
        HEADER + lane * LANE + RAIL
    }

    /// The middle of a column.
    fn x(&self, column: &usize) -> usize {
        GUTTER + column * COLUMN + COLUMN / 2
    }

    /// Where the bar of a column stands: at its right edge, clear of what is written in it.
    fn bar_x(&self, column: &usize) -> usize {
        GUTTER + (column + 1) * COLUMN - 5
    }

    /// The line of a bar, from its first lane to its last.
    fn bar_path(&self, bar: &Bar, x: &usize) -> String {
        let (first, last) = (bar.lanes.first().copied().unwrap_or(0), bar.lanes.last().copied().unwrap_or(0));
        // Above a single lane it still has to be seen.
        let top = self.rail(&first).saturating_sub(if first == last { 14 } else { 0 });
        format!("M{x} {top}V{}", self.rail(&last))
    }

    /// Where a bar meets a lane.
    fn knot(&self, bar: &Bar, x: &usize, lane: &usize) -> String {
        Self::knot_at(bar.word, x, &self.rail(lane))
    }

    fn knot_at(word: &str, x: &usize, y: &usize) -> String {
        draw::knot(word, *x, *y)
    }

    /// Where the lanes' lines begin and end.
    fn rails(&self, row: &Row) -> (usize, usize) {
        (GUTTER - 4, GUTTER + row.columns.len() * COLUMN)
    }

    /// What a row shows, for those who hear it.
    fn described(&self, row: &Row) -> String {
        let one = |column: &Column| {
            let words = Words::new().say(&column.who).say(" ").then(column.says.clone());
            let words =
                if column.makes.is_empty() { words } else { words.say(" (").then(column.makes.clone()).say(")") };
            words.plain()
        };
        row.columns.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// As much of a name as fits into a lane's margin: at most two lines.
fn fitted(name: &str) -> Vec<String> {
    const LINE: usize = 15;
    let mut lines = vec![String::new()];
    for word in name.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() || width(line) + 1 + width(word) <= LINE {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    let cut_short = lines.len() > 2;
    lines.truncate(2);
    let last = lines.len() - 1;
    for (n, line) in lines.iter_mut().enumerate() {
        let more = cut_short && n == last;
        if width(line) > LINE || more {
            let mut shown = String::new();
            for c in line.chars() {
                if width(&shown) + width(&c.to_string()) > LINE - 1 {
                    break;
                }
                shown.push(c);
            }
            shown.push('\u{2026}');
            *line = shown;
        }
    }
    lines
}

/// Roughly how many letters wide a text is.
fn width(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}'
            | '\u{FE30}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF60}' | '\u{1F300}'..)
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_lane() {
        for (name, lines) in [
            ("Amira", &["Amira"][..]),
            ("Fernhill Logistics", &["Fernhill", "Logistics"]),
            ("The Very Long Company Name Limited", &["The Very Long", "Company Name\u{2026}"]),
            ("Donaudampfschifffahrt", &["Donaudampfschi\u{2026}"]),
            ("", &[""]),
        ] {
            assert_eq!(fitted(name), lines, "{name}");
            assert!(fitted(name).iter().all(|line| width(line) <= 15));
        }
    }
}
