//! The list of what is to be done, in words: what it is that is due, where that is not what it says of whose move it is.

use counterpart_node::{DueThing, DueWhat, QueueRow};
use counterpart_process::clocks::Which;

use crate::render::{line, listed};

/// "your first answer", "#7": to stand before "due"; nothing where it is the move beside it, or where it is not known.
pub fn what_is_due(row: &QueueRow) -> Option<String> {
    let due = if row.due_is_the_move { &[][..] } else { &row.due[..] };
    Some(listed(due.iter().map(thing))).filter(|told| !told.is_empty())
}

fn thing(due: &DueThing) -> String {
    let which = Which::ALL.into_iter().find(|which| due.clock.as_deref() == Some(which.as_str()));
    let whose = if due.ours { "your" } else { "their" };
    match (due.what, which) {
        (DueWhat::Action, _) => format!("#{}", line(&due.about)),
        (DueWhat::Clock, Some(which)) => format!("{whose} {}", which.in_words().to_lowercase()),
        (DueWhat::Clock, None) => format!("{whose} service clock"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_named() {
        let due = |what, about: &str, clock: Option<&str>, ours| DueThing {
            what,
            about: about.to_owned(),
            clock: clock.map(str::to_owned),
            ours,
            said: false,
        };
        for (due, told) in [
            (due(DueWhat::Clock, "5", Some("first-answer"), true), "your first answer"),
            (due(DueWhat::Clock, "5", Some("resolution"), false), "their resolution"),
            (due(DueWhat::Clock, "5", Some("a later one"), false), "their service clock"),
            (due(DueWhat::Action, "7/2", None, true), "#7/2"),
            (due(DueWhat::Action, "7\u{202E}", None, false), "#7<U+202E>"),
        ] {
            assert_eq!(thing(&due), told);
        }
    }
}
