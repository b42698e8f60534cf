//! A further action of a proposal in one text: `Send the bill; by supplier; due friday 17:00; value £24.99`.

use super::ActionArgs;
use crate::error::{CommandError, Done};

/// The words that begin a term, as the options have them.
const WORDS: &str = "by, for, due, value, condition, evidence, consequence, cancel-clause, deemed and uses";

/// What is to be done, and the terms: parted by semicolons, each beginning with the word of its option.
pub(super) fn parse(text: &str) -> Done<(String, ActionArgs)> {
    let mut parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    let example = "write it as \"Send the bill; by supplier; due friday 17:00; value £24.99\"";
    let Some(what) = parts.next() else {
        return Err(CommandError::usage("a further action says first what is to be done").hint(example));
    };
    let mut args = ActionArgs::default();
    for part in parts {
        let (word, rest) = part.split_once(char::is_whitespace).map_or((part, ""), |(w, r)| (w, r.trim()));
        if rest.is_empty() {
            return Err(CommandError::usage(format!("'{part}' says nothing behind its first word")).hint(example));
        }
        let rest = rest.to_owned();
        let twice = || CommandError::usage(format!("'{word}' stands twice in \"{text}\": say it once"));
        let once = |place: &mut Option<String>, rest: String| match place.replace(rest) {
            None => Ok(()),
            Some(_) => Err(twice()),
        };
        match word.to_lowercase().as_str() {
            "by" => args.by.push(rest),
            "for" => args.beneficiary.push(rest),
            "due" => once(&mut args.due, rest)?,
            "value" => once(&mut args.value, rest)?,
            "condition" => args.condition.push(rest),
            "evidence" => args.evidence.push(rest),
            "consequence" => args.consequence.push(rest),
            "cancel-clause" => args.cancel_clause.push(rest),
            "deemed" => once(&mut args.deemed, rest)?,
            "uses" => args.uses.push(rest),
            _ => {
                return Err(CommandError::usage(format!(
                    "'{part}' begins with no word of terms: semicolons part the terms, which begin with {WORDS}"
                ))
                .hint(example));
            }
        }
    }
    Ok((what.to_owned(), args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_parted_by_semicolons() {
        let (what, args) = parse(
            "Send the bill; by supplier:Priya; for me; due 2026-07-08 17:00; value £24.99; condition it is right; \
             condition it came; cancel-clause Keith: if late; deemed 5 working days; uses price;",
        )
        .expect("good");
        assert_eq!(what, "Send the bill");
        let expected = ActionArgs {
            by: vec!["supplier:Priya".to_owned()],
            beneficiary: vec!["me".to_owned()],
            due: Some("2026-07-08 17:00".to_owned()),
            value: Some("£24.99".to_owned()),
            condition: vec!["it is right".to_owned(), "it came".to_owned()],
            cancel_clause: vec!["Keith: if late".to_owned()],
            deemed: Some("5 working days".to_owned()),
            uses: vec!["price".to_owned()],
            ..ActionArgs::default()
        };
        assert_eq!(args, expected);
    }

    #[test]
    fn what_cannot_be_read_says_what_can() {
        for (text, says) in [
            (" ; ", "what is to be done"),
            ("Send it; tomorrow", "nothing behind"),
            ("Send it; until tomorrow", "begins with no word of terms"),
            ("Send it; due friday; due monday", "stands twice"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.message.contains(says), "{text}: {}", error.message);
        }
    }
}
