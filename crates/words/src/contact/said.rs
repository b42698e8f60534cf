//! What is told of a contact, as people type it and as they read it again.

use counterpart_node::now;
use counterpart_process::{call::Draft, menu};

use super::due;
use crate::{case::OpenCase, when};

/// Seconds, from minutes or a length with its unit.
pub fn waited(text: &str) -> Result<u32, String> {
    let minutes = text.trim().chars().all(|c| c.is_ascii_digit()).then(|| text.trim().parse::<u32>().ok()).flatten();
    let seconds = match minutes {
        Some(minutes) => minutes.checked_mul(60),
        None => menu::seconds(text),
    };
    seconds.ok_or_else(|| "write minutes, such as 25, or a length such as \"90 s\" or \"1 h\"".to_owned())
}

/// The steps in a text: those between commas, where each is one that is understood; else the text is one step.
pub fn steps(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let understood =
        |part: &&str| part.parse::<menu::Step>().is_ok_and(|step| !matches!(step, menu::Step::Other { .. }));
    match parts.len() > 1 && parts.iter().all(understood) {
        true => parts.into_iter().map(str::to_owned).collect(),
        false => vec![text.trim().to_owned()],
    }
}

/// What a draft holds, for the person who wrote it.
pub fn told(case: &OpenCase, draft: &Draft) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    let mut add = |label: &'static str, text: Option<String>| told.extend(text.map(|text| (label, text)));
    add(
        "when",
        draft
            .at
            .as_deref()
            .and_then(|at| when::past(at, case.zone(), now()).ok())
            .map(|at| when::show(at, case.zone())),
    );
    add("number", draft.number.clone());
    add("menu", (!draft.menu.is_empty()).then(|| draft.menu.join(", ")));
    add("waited", draft.waited.map(menu::duration));
    add("with", draft.person.clone());
    add("role", draft.role.clone());
    add("reference", draft.reference.clone());
    add("said", draft.summary.clone());
    for promise in &draft.promises {
        let by = promise.by.as_ref().and_then(|by| due(case, draft, by).ok());
        let by = by.map(|due| format!(", by {}", when::show_due(&due))).unwrap_or_default();
        add("promised", Some(format!("{}{by}", promise.what)));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_minutes_unless_they_say_otherwise() {
        for (typed, seconds) in [("25", 1500), ("25 min", 1500), ("90 s", 90), ("1 h", 3600), ("0", 0)] {
            assert_eq!(waited(typed), Ok(seconds), "{typed}");
        }
        for typed in ["", "long", "-3", "99999999999"] {
            assert!(waited(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_comma_parts_steps_but_not_what_was_said() {
        assert_eq!(steps("2, 1, wait 40 s, say complaint"), ["2", "1", "wait 40 s", "say complaint"]);
        assert_eq!(steps("say yes, please"), ["say yes, please"]);
        assert_eq!(steps("2 billing"), ["2 billing"]);
    }
}
