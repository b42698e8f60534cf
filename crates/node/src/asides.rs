//! Asides: what those on one side tell each other about a case. They stand in the store and nowhere else: no entry, no
//! bundle, no report, nothing that is sent. A party's own backup holds them, as it holds its notebook.

use counterpart_core::{id::CaseId, text};
use counterpart_store::AsideRow;

use crate::{assigned::name, desk::Desk, error::DeskError};

/// Longest aside, in bytes.
pub const MOST_ASIDE: usize = 16 * 1024;

/// Asides that one case may have.
const MOST_ASIDES: usize = 10_000;

/// Bytes that the name of whoever wrote one may have.
const LONGEST_NAME: usize = 100;

/// What somebody of us told the others.
#[derive(Clone, PartialEq, Eq)]
pub struct InternalAside {
    /// 1, 2, 3 in its case.
    pub number: u64,
    /// Unix milliseconds.
    pub at: i64,
    /// Who wrote it.
    pub agent: String,
    pub text: String,
}

// What is written is nobody else's business: it reaches no log.
impl std::fmt::Debug for InternalAside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InternalAside").field("number", &self.number).field("at", &self.at).finish_non_exhaustive()
    }
}

impl Desk {
    /// Keeps an aside about a case. It is signed by nobody, and never sent. Without a name it is that of the agent's seat
    /// this desk is at, else the home owner's; at a seat any other name has the seat's behind it, so that it is always told
    /// where it was written. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When it is empty or too long, the case is not here, or the store cannot be written.
    pub fn write_aside(
        &self,
        case: &CaseId,
        agent: Option<&str>,
        text: &str,
        now: i64,
    ) -> Result<InternalAside, DeskError> {
        let named = agent.map(|agent| name("the name", agent, LONGEST_NAME)).transpose()?;
        let agent = match (named, self.seat()) {
            (Some(named), Some(seat)) if named != seat => format!("{named} ({seat})"),
            (_, Some(seat)) => seat.to_owned(),
            (Some(named), None) => named,
            (None, None) => self.own_name()?.unwrap_or_else(|| "me".to_owned()),
        };
        let text = text::normalise(text.trim());
        text::check(&text).map_err(|why| DeskError::Text(format!("the aside: {why}")))?;
        if text.is_empty() {
            return Err(DeskError::Text("the aside: it is empty; write what the others are to know".to_owned()));
        }
        if text.len() > MOST_ASIDE {
            return Err(DeskError::Text("the aside: it is too long; put it into several".to_owned()));
        }
        self.must_be_here(case)?;
        let number = self.with_store(|store| {
            store.write(|txn| {
                if txn.asides(*case)?.len() >= MOST_ASIDES {
                    return Err(DeskError::Text("this case has too many asides; take old ones out first".to_owned()));
                }
                Ok(txn.add_aside(*case, now, &agent, &text)?)
            })
        })?;
        Ok(InternalAside { number, at: now, agent, text })
    }

    /// The asides about a case, oldest first.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn asides(&self, case: &CaseId) -> Result<Vec<InternalAside>, DeskError> {
        let rows = self.with_store(|store| store.asides(*case))?;
        let one = |AsideRow { number, at, agent, text, .. }| InternalAside { number, at, agent, text };
        Ok(rows.into_iter().map(one).collect())
    }

    /// Takes an aside out; tells whether it was there.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn remove_aside(&self, case: &CaseId, number: u64) -> Result<bool, DeskError> {
        Ok(self.with_store(|store| store.write(|txn| txn.delete_aside(*case, number)))?)
    }
}
