//! Time stamps: asking a service for one over a case, keeping it, and what waits for one.
//!
//! A service is given a hash and nothing else. What it answers is checked against the roots in the home before it is
//! kept, and again whenever it is used: who is trusted is this home's choice, never the token's.

mod service;
mod settings;

pub(crate) use service::tls;
pub use service::{BadUrl, ServiceError, ServiceUrl};
pub use settings::StampSettings;

use std::time::Duration;

use counterpart_core::{
    act::{Act, Proof},
    graph::Ix,
    id::{CaseId, EntryId, StampId},
    record::{DraftError, Record},
    stamp::{KeptStamp, MAX_HEADS, MAX_STAMP, TimeStamp, imprint},
};
use counterpart_store::{Txn, WantedStamp};
use counterpart_timestamp::{Nonce, ResponseError, Roots, Stamp, Token, TokenError, TrustError, request, token};

use crate::{desk::Desk, error::DeskError};

/// How long a service may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What is asked of a service for a case as it stands.
#[derive(Debug, Clone)]
pub struct StampRequest {
    pub case: CaseId,
    pub heads: Vec<EntryId>,
    /// All that the service learns: a hash that tells nothing of the case.
    pub imprint: [u8; 32],
    nonce: Nonce,
}

impl StampRequest {
    /// Sends it to a service and gives the answer, as yet unchecked. Waits for as long as `patience` says.
    ///
    /// # Errors
    /// When no answer came.
    pub fn send(&self, service: &ServiceUrl, patience: Duration) -> Result<Vec<u8>, ServiceError> {
        service::ask(service, &request(&self.imprint, &self.nonce), patience)
    }
}

/// A time stamp that is kept here, and what it comes to by the roots in this home.
#[derive(Debug, Clone)]
pub struct HeldStamp {
    pub id: StampId,
    pub kept: KeptStamp,
    pub standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It holds, and a root in this home vouches for it.
    Valid(Stamp),
    /// It holds by itself; no root in this home vouches for it.
    Untrusted { why: TrustError, claims: Claims },
    /// It holds by itself; this home has no root to check it with.
    Unchecked(Claims),
    /// It does not hold: the store was altered.
    Broken(TokenError),
}

/// What a token says of itself, without anybody to believe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Unix milliseconds.
    pub at: i64,
    /// Text of a stranger.
    pub service: Option<String>,
}

impl Standing {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Valid(_) => "valid",
            Self::Untrusted { .. } => "untrusted",
            Self::Unchecked(_) => "unchecked",
            Self::Broken(_) => "broken",
        }
    }

    fn of(case: &CaseId, kept: &KeptStamp, roots: Option<&Roots>) -> Self {
        let token = match Token::check(&kept.token, &imprint(case, &kept.heads), None) {
            Ok(token) => token,
            Err(why) => return Self::Broken(why),
        };
        let claims = Claims { at: token.claimed_at(), service: token.claimed_service().map(str::to_owned) };
        match roots.map(|roots| token.trust(roots)) {
            None => Self::Unchecked(claims),
            Some(Ok(stamp)) => Self::Valid(stamp),
            Some(Err(why)) => Self::Untrusted { why, claims },
        }
    }
}

impl HeldStamp {
    fn of(case: &CaseId, kept: KeptStamp, roots: Option<&Roots>) -> Self {
        Self { id: kept.id(), standing: Standing::of(case, &kept, roots), kept }
    }

    /// What it proves, if it is believed here.
    #[must_use]
    pub fn proves(&self) -> Option<TimeStamp> {
        match &self.standing {
            Standing::Valid(stamp) => Some(TimeStamp { id: self.id, heads: self.kept.heads.clone(), at: stamp.at }),
            _ => None,
        }
    }

    /// What the service that is believed calls itself: text of a stranger.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        match &self.standing {
            Standing::Valid(stamp) => stamp.service.as_deref(),
            _ => None,
        }
    }
}

/// Why there is no time stamp. Nothing was changed or lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    #[error("{0}")]
    Service(#[from] ServiceError),
    #[error("{0}")]
    Response(#[from] ResponseError),
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("the time stamp is not to be believed: {0}")]
    Trust(#[from] TrustError),
    #[error("the time stamp is too large to be kept")]
    TooLarge,
    #[error("{0}")]
    Desk(#[from] DeskError),
}

impl Desk {
    /// What would be asked for a case as it stands in a record.
    ///
    /// # Errors
    /// When the record is empty, or has more open ends than one stamp can name.
    pub fn stamp_request(&self, record: &Record) -> Result<StampRequest, DeskError> {
        let mut heads = record.graph().heads();
        heads.sort_unstable();
        let case = record.case().filter(|_| !heads.is_empty()).ok_or(DeskError::NothingToStamp)?;
        if heads.len() > MAX_HEADS {
            return Err(DraftError::TooManyHeads.into());
        }
        let imprint = imprint(&case, &heads);
        Ok(StampRequest { case, heads, imprint, nonce: Nonce::new(self.draw()) })
    }

    /// Checks an answer by the roots given, and keeps its token: durable when this returns. What it covers waits no
    /// longer.
    ///
    /// # Errors
    /// What does not hold; nothing is kept then.
    pub fn keep_stamp(&self, request: &StampRequest, answer: &[u8], roots: &Roots) -> Result<HeldStamp, StampError> {
        let bytes = token(answer)?;
        let stamp = Token::check(bytes, &request.imprint, Some(&request.nonce))?.trust(roots)?;
        let kept = KeptStamp { heads: request.heads.clone(), token: bytes.to_vec() };
        if kept.encode().len() > MAX_STAMP {
            return Err(StampError::TooLarge);
        }
        let record = self.record(&request.case)?;
        let graph = record.graph();
        let heads: Vec<Ix> = kept.heads.iter().filter_map(|head| graph.find(head)).collect();
        let covered = |wanted: &WantedStamp| {
            let entry = graph.find(&wanted.entry);
            wanted.case == request.case && entry.is_some_and(|ix| graph.covered_by(ix, &heads))
        };
        self.with_store(|store| {
            store.write(|txn| {
                txn.insert_stamp(request.case, &kept)?;
                for wanted in txn.wanted_stamps()?.iter().filter(|wanted| covered(wanted)) {
                    txn.end_wanted_stamp(wanted.case, wanted.entry)?;
                }
                Ok::<_, DeskError>(())
            })
        })?;
        Ok(HeldStamp { id: kept.id(), kept, standing: Standing::Valid(stamp) })
    }

    /// The time stamps kept for a case, judged by the roots in this home, in the order they came.
    ///
    /// # Errors
    /// A damaged store, or roots that cannot be read.
    pub fn stamps(&self, case: &CaseId) -> Result<Vec<HeldStamp>, DeskError> {
        let kept = self.with_store(|store| store.stamps(*case))?;
        // Most homes have none: then no file is looked for.
        let roots = if kept.is_empty() { None } else { self.stamp_roots()? };
        Ok(kept.into_iter().map(|kept| HeldStamp::of(case, kept, roots.as_ref())).collect())
    }

    /// Those of [`Desk::stamps`], and those that entries put on record; each once, by id.
    ///
    /// # Errors
    /// A damaged store, or roots that cannot be read.
    pub fn stamps_over(&self, record: &Record) -> Result<Vec<HeldStamp>, DeskError> {
        let Some(case) = record.case() else { return Ok(Vec::new()) };
        let mut all = self.stamps(&case)?;
        let embedded = record.graph().all().filter_map(|ix| match record.fold().act(ix) {
            Act::Prove { what: Proof::TimeStamp, data, .. } => KeptStamp::decode(data).ok(),
            _ => None,
        });
        let embedded: Vec<KeptStamp> = embedded.collect();
        let roots = if embedded.is_empty() { None } else { self.stamp_roots()? };
        all.extend(embedded.into_iter().map(|kept| HeldStamp::of(&case, kept, roots.as_ref())));
        all.sort_by_key(|stamp| stamp.id);
        all.dedup_by_key(|stamp| stamp.id);
        Ok(all)
    }

    /// What waits for a time stamp, in all cases.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn wanted_stamps(&self) -> Result<Vec<WantedStamp>, DeskError> {
        Ok(self.with_store(|store| store.wanted_stamps())?)
    }

    /// Remembers why what waits in a case got no time stamp.
    ///
    /// # Errors
    /// A failing store.
    pub fn stamp_failed(&self, case: &CaseId, why: &StampError) -> Result<(), DeskError> {
        let trouble = why.to_string();
        Ok(self.with_store(|store| store.write(|txn| txn.stamp_failed(*case, &trouble)))?)
    }

    /// Leaves it to be done, in the transaction that stores these entries, that what they agreed gets a time stamp.
    pub(crate) fn want_stamps(
        &self,
        txn: &Txn<'_>,
        record: &Record,
        entries: impl Iterator<Item = Ix>,
        now: i64,
    ) -> Result<(), DeskError> {
        let agreed: Vec<Ix> = entries.filter(|ix| record.makes_agreed(*ix)).collect();
        let Some(case) = record.case().filter(|_| !agreed.is_empty()) else { return Ok(()) };
        // Settings that cannot be read keep nobody from signing; who looks at them is told.
        if self.stamp_settings().is_ok_and(|settings| settings.is_some_and(|s| s.at_agreements)) {
            for ix in agreed {
                txn.want_stamp(case, record.graph().id(ix), now)?;
            }
        }
        Ok(())
    }
}
