//! Acts that are made of what lies here, such as a draft or a note: shown in full, agreed to by a digest, signed as one.

use counterpart_core::{act::Act, id::CaseId, record::Signed};
use counterpart_node::{Desk, DeskError, now};
use counterpart_store::Txn;
use sha2::{Digest as _, Sha256};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    possible::refused,
    render,
};

/// Acts that were judged and would take effect, with the text that people are shown before they are signed.
#[derive(Debug, Clone)]
pub struct ToSign {
    pub acts: Vec<Act>,
    /// The exact text: what it says is what is signed.
    pub text: String,
    case: CaseId,
    /// The text without the clock: beside a due time stands how far off it is, and that changes by itself.
    lasting: String,
}

impl ToSign {
    /// # Errors
    /// Why it would not be signed, and what would work.
    pub fn of(desk: &Desk, case: &OpenCase, acts: Vec<Act>) -> Done<Self> {
        for act in &acts {
            desk.preview(&case.record, act, case.now).map_err(|why| refused(case, act, why))?;
        }
        let (text, lasting) = (render::to_be_signed(case, &acts), render::to_be_signed_at(case, &acts, 0));
        Ok(Self { acts, text, case: case.id, lasting })
    }

    /// What a program repeats to sign just what was shown: made as that of an act by itself.
    #[must_use]
    pub fn digest(&self) -> String {
        digest_in(&self.case, &self.lasting)
    }

    /// Signs it all, and keeps what `also` keeps in the same transaction; gives the case after it.
    ///
    /// # Errors
    /// Why it was not signed.
    pub fn sign(
        &self,
        desk: &Desk,
        mut case: OpenCase,
        also: impl FnOnce(&Txn<'_>, &[Signed]) -> Result<(), DeskError>,
    ) -> Done<(OpenCase, Vec<Signed>)> {
        let mut record = std::mem::take(&mut case.record);
        let next = |signed: &[Signed]| self.acts.get(signed.len()).cloned();
        let signed = desk.sign_together(&case.id, &mut record, next, also, now());
        case.record = record;
        let signed = signed.map_err(|why| match self.acts.first() {
            Some(act) => refused(&case, act, why),
            None => CommandError::from(why),
        })?;
        Ok((case.signed(), signed))
    }
}

/// What stands for a text of acts in a case that a person was shown: 64 hexadecimal digits, the SHA-256 of the case's id and the
/// text.
#[must_use]
pub fn digest_in(case: &CaseId, text: &str) -> String {
    render::hex(&Sha256::new().chain_update(case.as_bytes()).chain_update(text.as_bytes()).finalize())
}

/// What stands for texts that a person was shown and no act is made of: 64 hexadecimal digits.
#[must_use]
pub fn digest_of(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        // Each with its length: no two lists of texts read alike.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    render::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::digest_of;

    #[test]
    fn what_stands_for_texts_tells_them_apart() {
        assert_eq!(digest_of(&["a", "b"]), digest_of(&["a", "b"]));
        for other in [&["ab"][..], &["a", "b", ""], &["b", "a"], &["a"]] {
            assert_ne!(digest_of(&["a", "b"]), digest_of(other), "{other:?}");
        }
    }
}
