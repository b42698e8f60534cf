//! The ledger as a table for spreadsheets.

use super::{Counts, OtherSide};

/// The columns, in their order.
pub const COLUMNS: [&str; 14] = [
    "other_side",
    "person",
    "cases",
    "kept",
    "late",
    "missed",
    "open",
    "said",
    "said_missed",
    "contacts",
    "calls",
    "waited_seconds",
    "spoken_seconds",
    "told_again",
];

/// One row: another side, or with a name one of its people.
#[must_use]
pub fn row(other: &str, person: Option<&str>, counts: &Counts) -> [String; 14] {
    let Counts { cases, kept, late, missed, open, said, said_missed, contacts, calls, waited, spoken, told_again } =
        counts;
    let number = |n: &usize| n.to_string();
    [
        other.to_owned(),
        person.unwrap_or_default().to_owned(),
        number(cases),
        number(kept),
        number(late),
        number(missed),
        number(open),
        number(said),
        number(said_missed),
        number(contacts),
        number(calls),
        waited.to_string(),
        spoken.to_string(),
        number(told_again),
    ]
}

/// The other sides and their people as CSV (RFC 4180), with a heading. A cell that a spreadsheet would take for a formula
/// begins with an apostrophe: names are other people's text.
///
/// # Errors
/// Never for what is written to memory; the library says so by a result.
pub fn csv(others: &[OtherSide]) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for other in others {
        out.write_record(row(&other.name, None, &other.counts).map(|cell| harmless(&cell)))?;
        for agent in &other.people {
            out.write_record(row(&other.name, Some(&agent.name), &agent.counts).map(|cell| harmless(&cell)))?;
        }
    }
    out.into_inner().map_err(|error| error.into_error().into())
}

/// A cell that no spreadsheet runs.
fn harmless(cell: &str) -> String {
    // Full-width forms of the signs are taken for the signs by some.
    let runs = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    // What a program skips before it looks does not hide a formula from it.
    let shown = cell.trim_start_matches([' ', '\u{a0}']);
    if cell.starts_with(runs) || shown.starts_with(runs) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Agent;

    #[test]
    fn no_name_becomes_a_formula_or_a_second_cell() {
        let people =
            ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "\u{ff1d}1", "O'Neil, \"Pat\"", "a\r\nb", "x=1"];
        let agent = |name: &&str| Agent { name: (*name).to_owned(), counts: Counts::default() };
        let other = OtherSide {
            name: "=cmd|' /C calc'!A0".to_owned(),
            counts: Counts { waited: 90, ..Counts::default() },
            people: people.iter().map(agent).collect(),
        };
        let bytes = csv(&[other]).expect("written to memory");
        let mut read = csv::ReaderBuilder::new().has_headers(true).from_reader(bytes.as_slice());
        assert_eq!(read.headers().expect("a heading").iter().collect::<Vec<_>>(), COLUMNS);
        let rows: Vec<csv::StringRecord> = read.records().map(|r| r.expect("a row")).collect();
        assert_eq!(rows.len(), people.len() + 1);
        assert_eq!(rows[0].get(11), Some("90"));
        for (row, name) in rows[1..].iter().zip(people) {
            let cell = row.get(1).expect("a cell");
            assert!(row.get(0).is_some_and(|c| c.starts_with("'=")));
            let safe = matches!(name, "O'Neil, \"Pat\"" | "a\r\nb" | "x=1");
            assert_eq!(cell, if safe { name.to_owned() } else { format!("'{name}") });
        }
    }
}
