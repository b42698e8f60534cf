//! What somebody asks the reasons of.

use counterpart_core::{fold::SubjectKey, view::Question};

use crate::{case::OpenCase, error::Done};

impl OpenCase {
    /// An item by key; a matter by the entry that began it or whose terms apply; else the entry itself.
    ///
    /// # Errors
    /// When there is nothing of that name.
    pub fn question(&self, typed: &str) -> Done<Question> {
        let key = typed.strip_prefix("item:").or_else(|| typed.strip_prefix("item ")).unwrap_or(typed).trim();
        if self.view().items.iter().any(|item| item.key == key) {
            return Ok(Question::Subject(SubjectKey::Item(key.to_owned())));
        }
        let found = self.names.find(typed)?;
        let keys = self.record.fold().subject_keys(found.ix);
        let key = match (found.subject, keys) {
            (Some(part), several) => several.get(part as usize),
            (None, [one]) => Some(one),
            (None, _) => None,
        };
        let Some(key) = key else { return Ok(Question::Entry(found.ix)) };
        let began = match key {
            SubjectKey::Action(a) | SubjectKey::Terms(a) | SubjectKey::Close(a) | SubjectKey::NewSeat(a) => {
                a.proposal == found.id
            }
            SubjectKey::Item(_) | SubjectKey::Seat(_) | SubjectKey::Level => false,
        };
        let applies = self.lens().status(key).is_some_and(|status| status.revision == found.ix);
        Ok(if began || applies { Question::Subject(key.clone()) } else { Question::Entry(found.ix) })
    }
}
