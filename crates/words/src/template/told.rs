//! A template's plan for the eyes of whoever signs it.

use counterpart_core::act::{Act, Open};

use super::{Plan, Planned, Seats};
use crate::render::{self, Speech, line, wrapped};

/// The seats of an opening.
pub fn seats(open: &Act) -> Seats<'_> {
    match open {
        Act::Open(Open { seats, .. }) => Seats(seats),
        _ => Seats(&[]),
    }
}

impl Plan {
    /// The acts a template comes to, in full: what opens the case, then one after the other. `zone` is the case's, `now`
    /// in Unix milliseconds; `columns` wide.
    pub fn in_full(&self, open: &Act, (zone, now): (&str, i64), who: &str, columns: usize) -> String {
        let speech = Speech::before_case(zone, now).with_seats(seats(open).0);
        let count = self.acts.len() + 1;
        let mut text = format!("As {who}, you sign {count} acts, one after the other:\n");
        for (n, act) in std::iter::once(open).chain(&self.acts).enumerate() {
            let full = render::in_full(&speech, who, act);
            let (head, rest) = full.split_once('\n').unwrap_or((&full, ""));
            text.push_str(&format!("\n{:>3}. {}\n", n + 1, head));
            if !rest.is_empty() {
                text.push_str(&format!("{}\n", render::indented(rest, "   ")));
            }
        }
        if !self.left_out.is_empty() {
            text.push_str("\nLeft out:\n");
            for left in &self.left_out {
                text.push_str(&format!("{}\n", wrapped("  - ", &line(left), columns)));
            }
        }
        text
    }
}

impl Planned {
    /// What is kept to be reminded of, in a line.
    pub fn line(&self) -> String {
        format!("{}, {}: {}", self.about, self.when, line(&self.text))
    }
}
