//! Who of us has a case. It is nobody else's business: it is signed by nobody and never sent.

use counterpart_core::{id::CaseId, text};
use counterpart_store::Txn;

use crate::{desk::Desk, error::DeskError, search};

/// Bytes that the name of somebody of us may have.
const LONGEST: usize = 100;

/// Bytes that the name of a template may have.
const LONGEST_TEMPLATE: usize = 64;

/// Who of us has a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    pub agent: String,
    /// Since when, Unix milliseconds.
    pub at: i64,
}

/// Somebody of us, and how many open cases they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// In small letters and without accents, as the list finds them: two that are written in two ways are one by it.
    pub agent: String,
    /// As it was written last, as far as the first of their cases in the list tell.
    pub name: String,
    pub cases: u64,
}

impl Desk {
    /// Gives a case to somebody of us, or to nobody. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the name is none, the case is not here, or the store cannot be written.
    pub fn assign(&self, case: &CaseId, agent: Option<&str>, now: i64) -> Result<Option<Assigned>, DeskError> {
        let agent = agent.map(|agent| name("the name", agent, LONGEST)).transpose()?;
        self.must_be_here(case)?;
        let folded = agent.as_deref().map(search::folded);
        let both = agent.as_deref().zip(folded.as_deref());
        self.with_store(|store| store.write(|txn| txn.assign(*case, both, now)))?;
        Ok(agent.map(|agent| Assigned { agent, at: now }))
    }

    /// The same in a transaction that does more, such as signing that somebody is responsible.
    ///
    /// # Errors
    /// When the name is none, or the store cannot be written.
    pub fn assign_in(&self, txn: &Txn<'_>, case: &CaseId, agent: &str, now: i64) -> Result<(), DeskError> {
        let agent = self.can_be_assigned(agent)?;
        Ok(txn.assign(*case, Some((&agent, &search::folded(&agent))), now)?)
    }

    /// The name as lists have it, where it is one.
    ///
    /// # Errors
    /// Why it is none.
    pub fn can_be_assigned(&self, agent: &str) -> Result<String, DeskError> {
        name("the name", agent, LONGEST)
    }

    /// Who of us has a case.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn assigned(&self, case: &CaseId) -> Result<Option<Assigned>, DeskError> {
        let found = self.with_store(|store| store.assigned(*case))?;
        Ok(found.map(|(agent, at)| Assigned { agent, at }))
    }

    /// Who of us has open cases, and how many.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn loads(&self) -> Result<Vec<Load>, DeskError> {
        let found = self.with_store(|store| store.held_by())?;
        Ok(found.into_iter().map(|held| Load { agent: held.folded, name: held.written, cases: held.cases }).collect())
    }

    /// Notes by which template a case was begun here, so that lists can be asked for those.
    ///
    /// # Errors
    /// When that is no template's name, or the store cannot be written.
    pub fn keep_template(&self, case: &CaseId, template: &str) -> Result<(), DeskError> {
        self.must_be_here(case)?;
        self.with_store(|store| store.write(|txn| self.keep_template_in(txn, case, template)))
    }

    /// The same within the transaction that opens the case.
    ///
    /// # Errors
    /// As [`Desk::keep_template`].
    pub fn keep_template_in(&self, txn: &Txn<'_>, case: &CaseId, template: &str) -> Result<(), DeskError> {
        let template = name("the template's name", template, LONGEST_TEMPLATE)?;
        Ok(txn.put_begun_by(*case, &template)?)
    }

    pub(crate) fn must_be_here(&self, case: &CaseId) -> Result<(), DeskError> {
        match self.with_store(|store| store.summary(*case))? {
            Some(_) => Ok(()),
            None => Err(DeskError::UnknownCase(counterpart_core::id::short_form(&case.0))),
        }
    }
}

/// One line of text that says something, not too long.
pub(crate) fn name(what: &str, typed: &str, longest: usize) -> Result<String, DeskError> {
    let name = text::normalise(typed.trim());
    let no = |why: &str| Err(DeskError::Text(format!("{what}: {why}")));
    // Held to what may be signed, and signed by nobody.
    text::check(&name).or_else(|why| no(&why.to_string()).map(drop))?;
    match name.as_str() {
        // Two names of marks that nobody sees would be the same, and nobody's.
        _ if search::folded(&name).trim().is_empty() => no("it is empty; write at least one word"),
        _ if name.contains('\n') => no("it has more than one line"),
        _ if name.len() > longest => no("it is too long; a name is enough"),
        _ => Ok(name),
    }
}
