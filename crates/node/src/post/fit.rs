//! Which case a message belongs to: by the thread it answers in, or by the tag in its subject.

use std::collections::BTreeSet;

use counterpart_core::id::{CaseId, parse_short_form, short_form};
use counterpart_mail::Incoming;
use counterpart_store::{Reads, StoreError};

/// A subject is looked through for so many tags.
const MOST_TAGS: usize = 5;

/// What stands in the subject of every mail about a case, such as `[K7F2-Q9XA-3]`.
#[must_use]
pub fn subject_tag(case: &CaseId) -> String {
    format!("[{}]", short_form(&case.0))
}

/// How a message was found to belong to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitBy {
    /// It answers a message that is known in the case.
    Thread,
    /// The case's tag stands in its subject, and nothing else tells.
    Tag,
}

/// The case that a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    pub case: CaseId,
    pub by: FitBy,
}

/// The one case a message belongs to; nothing where none fits, or several do.
pub(super) fn fit(reads: &Reads, mail: &Incoming) -> Result<Option<Fit>, StoreError> {
    let mut threads = BTreeSet::new();
    for id in mail.in_reply_to.iter().chain(&mail.references) {
        threads.extend(reads.mails_called(id)?.into_iter().filter_map(|row| row.case));
    }
    let mut tags = BTreeSet::new();
    for prefix in tags_of(&mail.subject) {
        tags.extend(reads.cases_with_prefix(&prefix)?);
    }
    let cases: Vec<CaseId> = threads.union(&tags).copied().collect();
    Ok(match cases.as_slice() {
        [case] => Some(Fit { case: *case, by: if threads.is_empty() { FitBy::Tag } else { FitBy::Thread } }),
        _ => None,
    })
}

fn tags_of(subject: &str) -> Vec<[u8; 5]> {
    let inner = subject.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(inner, _)| inner.trim());
    inner.filter(|inner| inner.len() <= 12).filter_map(|inner| parse_short_form(inner).ok()).take(MOST_TAGS).collect()
}

/// What the other side calls the matter, where its subject has it in brackets: `[Ticket#4711]`, `[#4711]`, `(Ref. 4711)`.
pub(super) fn reference_of(subject: &str) -> Option<String> {
    let brackets = [('[', ']'), ('(', ')')];
    let inner = brackets.iter().flat_map(|(open, close)| {
        subject.split(*open).skip(1).filter_map(|rest| rest.split_once(*close)).map(|(inner, _)| inner.trim())
    });
    let fits = |inner: &&str| {
        (2..=40).contains(&inner.chars().count())
            && inner.chars().filter(char::is_ascii_digit).count() >= 2
            && parse_short_form(inner).is_err()
    };
    inner.into_iter().find(fits).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_subjects() {
        let case = CaseId([7; 32]);
        let tag = subject_tag(&case);
        for subject in [
            format!("Re: {tag} Washing machine"),
            format!("AW: Re:{}", tag.to_lowercase()),
            format!("[EXTERN] [Ticket#12] {tag}"),
            tag.replace('[', "[ "),
        ] {
            assert_eq!(tags_of(&subject), [[7; 5]], "{subject}");
        }
        for subject in ["", "[", "]", "[]", "[K7F2]", "[K7F2-Q9XA-4", "no tag"] {
            assert_eq!(tags_of(subject), [[0; 5]; 0], "{subject}");
        }
    }

    #[test]
    fn their_reference_is_found_in_subjects() {
        let tag = subject_tag(&CaseId([7; 32]));
        for (subject, found) in [
            (format!("Re: {tag} [Ticket#4711]"), Some("Ticket#4711")),
            ("Your request (Ref. 2026-118)".to_owned(), Some("Ref. 2026-118")),
            (format!("Re: {tag} broken"), None),
            ("Hello (again)".to_owned(), None),
        ] {
            assert_eq!(reference_of(&subject).as_deref(), found, "{subject}");
        }
    }
}
