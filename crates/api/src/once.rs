//! What is done once for each key, however often it is asked for.
//!
//! What became of a request is kept in the transaction that does it, where there is one transaction; else its key is taken
//! before anything is done, and one that was broken off stays taken: whether it happened has to be looked at.

use std::sync::{Arc, PoisonError};

use counterpart_node::{Desk, now};
use counterpart_store::{AskedOnce, StoreError, Txn};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::{
    app::App,
    asked::{Answer, Asked},
    problem::{Kind, Problem},
    shapes::SignedSaid,
};

/// For how long it is known what was done: Unix milliseconds.
const KNOWN: i64 = 7 * 24 * 60 * 60 * 1000;

/// A request under its key, being done at this moment.
#[derive(Debug)]
pub(crate) struct Once {
    app: Arc<App>,
    token: [u8; 32],
    key: String,
    digest: [u8; 32],
    at: i64,
}

/// How it stands with a key.
#[derive(Debug)]
pub(crate) enum Begun {
    New(Once),
    /// It was done before, with this status and outcome.
    Before(u16, Outcome),
}

/// What was signed under a key: ids alone. The rest of the answer is written anew from the record, so that nothing that is
/// erased there, and no invitation that was taken back, is left in the store or told to whoever asks again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) case: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entries: Vec<String>,
    /// Of what signs nothing in a case: what names it, such as its number.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub(crate) kept: Json,
}

impl Outcome {
    fn of(said: &SignedSaid) -> Self {
        Self { case: said.case.clone(), entries: said.entries.clone(), kept: Json::Null }
    }

    fn written(&self) -> Vec<u8> {
        // Texts alone: it can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Does what signs nothing in a case, once for its key. `work` gives what names what was done, and the answer; `again` answers
/// by that name when the same is asked again.
pub(crate) fn once(
    asked: &Asked,
    desk: &Desk,
    work: impl FnOnce() -> Result<(Json, Answer), Problem>,
    again: impl FnOnce(&Json) -> Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    let status = asked.operation.status;
    let once = match Begun::of(asked, desk)? {
        Begun::New(once) => once,
        Begun::Before(status, outcome) => {
            return Ok(match again(&outcome.kept)? {
                Answer::Json(body) | Answer::At(_, body) => Answer::Again(status, body),
                other => other,
            });
        }
    };
    once.claim(desk)?;
    match work() {
        Ok((kept, answer)) => {
            once.end(desk, status, &Outcome { case: String::new(), entries: Vec::new(), kept })?;
            Ok(answer)
        }
        Err(problem) => {
            desk.with_store(|store| store.write(|txn| txn.drop_asked_once(&once.token, &once.key)))?;
            Err(problem)
        }
    }
}

/// Forgets what is known for no longer, also where nobody asks for anything more.
pub(crate) fn forget_old(desk: &Desk) -> Result<(), StoreError> {
    desk.with_store(|store| store.write(|txn| txn.forget_asked_once(now() - KNOWN).map(drop)))
}

impl Begun {
    pub(crate) fn of(asked: &Asked, desk: &Desk) -> Result<Self, Problem> {
        let token = asked.caller()?.hash;
        let key = asked.key.clone().unwrap_or_default();
        let digest = Sha256::new()
            .chain_update(asked.operation.id)
            .chain_update([0])
            .chain_update(asked.uri.path())
            .chain_update([0])
            .chain_update(&asked.bytes)
            .finalize()
            .into();
        let place = (token, key.clone());
        // Taken before it is looked up: of two at the same time only one goes on.
        if !asked.app.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
            return Err(Problem::new(Kind::UnderWay, "the same Idempotency-Key is being worked on at this moment"));
        }
        let once = Once { app: Arc::clone(&asked.app), token, key, digest, at: now() };
        match desk.with_store(|store| store.asked_once(&once.token, &once.key))? {
            None => Ok(Self::New(once)),
            Some(before) => once.before(before),
        }
    }
}

impl Once {
    fn before(&self, before: AskedOnce) -> Result<Begun, Problem> {
        if before.digest != self.digest {
            let why =
                "this Idempotency-Key was sent before with another request; take a new one for each thing to be done";
            return Err(Problem::new(Kind::KeyReused, why));
        }
        let Some((status, body)) = before.outcome else {
            let why = "the request with this Idempotency-Key was begun before and broken off: look whether it was done, \
                       then ask with a new key if it was not";
            return Err(Problem::new(Kind::BrokenOff, why));
        };
        let body = serde_json::from_slice(&body);
        let body = body.map_err(|_altered| Problem::new(Kind::Failed, "what was answered before cannot be read"))?;
        Ok(Begun::Before(status, body))
    }

    fn row(&self, outcome: Option<(u16, &SignedSaid)>) -> AskedOnce {
        AskedOnce {
            token: self.token,
            key: self.key.clone(),
            at: self.at,
            digest: self.digest,
            outcome: outcome.map(|(status, said)| (status, Outcome::of(said).written())),
        }
    }

    /// Keeps what became of it, in the transaction that does it.
    pub(crate) fn keep(&self, txn: &Txn<'_>, status: u16, said: &SignedSaid) -> Result<(), StoreError> {
        txn.forget_asked_once(self.at - KNOWN)?;
        // Another node of the same store was as fast: all of this is undone, and asked again it is answered as there.
        if txn.put_asked_once(&self.row(Some((status, said))))? { Ok(()) } else { Err(StoreError::Busy) }
    }

    /// Puts the whole of what became of it in place of what was kept.
    pub(crate) fn amend(&self, desk: &Desk, status: u16, said: &SignedSaid) -> Result<(), Problem> {
        self.end(desk, status, &Outcome::of(said))
    }

    fn end(&self, desk: &Desk, status: u16, outcome: &Outcome) -> Result<(), Problem> {
        let outcome = outcome.written();
        let end = |txn: &Txn<'_>| txn.end_asked_once(&self.token, &self.key, status, &outcome);
        Ok(desk.with_store(|store| store.write(end))?)
    }

    /// Takes the key before anything is done that is no single transaction.
    fn claim(&self, desk: &Desk) -> Result<(), Problem> {
        let new = desk.with_store(|store| {
            store.write(|txn| {
                txn.forget_asked_once(self.at - KNOWN)?;
                txn.put_asked_once(&self.row(None))
            })
        })?;
        if new { Ok(()) } else { Err(StoreError::Busy.into()) }
    }
}

impl Drop for Once {
    fn drop(&mut self) {
        let mut all = self.app.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(self.token, self.key.clone()));
    }
}
