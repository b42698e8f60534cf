//! Time stamps in a bundle: whether each holds by itself, and what it is worth to whoever verifies.
//!
//! Whom to believe about the time is the verifier's choice: roots are given to him, never taken from the bundle.

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, Proof},
    graph::Ix,
    id::{EntryId, StampId},
    record::Record,
    stamp::{KeptStamp, StampRefusal, TimeStamp, imprint},
};
use counterpart_timestamp::{Roots, Token, TokenError};

use crate::{
    failure::{Failure, FailureKind},
    layout::Layout,
};

/// A time stamp that holds by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampReport {
    pub id: StampId,
    /// It covers these and all they rest on.
    pub heads: Vec<EntryId>,
    pub status: StampStatus,
}

/// What a time stamp is worth to whoever verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampStatus {
    /// One of the roots vouches for it.
    Valid {
        /// The service's time, Unix milliseconds.
        at: i64,
        /// What the service calls itself: text of a stranger.
        service: Option<String>,
    },
    /// None of the roots does; why not, in plain words.
    Untrusted(String),
    /// No roots were given.
    Unchecked,
}

impl StampStatus {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Valid { .. } => "valid",
            Self::Untrusted(_) => "untrusted",
            Self::Unchecked => "unchecked",
        }
    }
}

impl StampReport {
    /// What it proves, where it is believed.
    pub(crate) fn proves(&self) -> Option<TimeStamp> {
        match self.status {
            StampStatus::Valid { at, .. } => Some(TimeStamp { id: self.id, heads: self.heads.clone(), at }),
            StampStatus::Untrusted(_) | StampStatus::Unchecked => None,
        }
    }
}

/// Why a time stamp in a bundle is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStamp {
    #[error("{0}")]
    Form(#[from] StampRefusal),
    #[error("it is over the entry {0}, which is not here")]
    UnknownHead(EntryId),
    #[error("{0}")]
    Token(#[from] TokenError),
}

/// A time stamp over a case with what it comes to by somebody's choice of roots, wherever it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedStamp {
    pub id: StampId,
    /// It covers these and all they rest on.
    pub heads: Vec<EntryId>,
    pub standing: Standing,
    /// The entries that put it on record, in the agreed order.
    pub on_record: Vec<EntryId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// One of the roots vouches for it.
    Valid {
        /// The service's time, Unix milliseconds.
        at: i64,
        /// By how many microseconds that may be wrong, where the service says so.
        accuracy: Option<u64>,
        /// What the service calls itself: text of a stranger.
        service: Option<String>,
        /// SHA-256 of the root certificate that vouches for it.
        root: [u8; 32],
        /// What that certificate calls itself: text of a stranger.
        root_name: Option<String>,
    },
    /// None of the roots does; why not, in plain words.
    Untrusted { why: String, claims: Claims },
    /// No roots were given.
    Unchecked(Claims),
    /// It does not hold, whomever one trusts; why not, in plain words.
    Broken(String),
}

/// What a time stamp says of itself, without anybody to believe it.
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
            Self::Valid { .. } => "valid",
            Self::Untrusted { .. } => "untrusted",
            Self::Unchecked(_) => "unchecked",
            Self::Broken(_) => "broken",
        }
    }
}

impl JudgedStamp {
    /// What it proves, where it is believed.
    #[must_use]
    pub fn proves(&self) -> Option<TimeStamp> {
        match self.standing {
            Standing::Valid { at, .. } => Some(TimeStamp { id: self.id, heads: self.heads.clone(), at }),
            Standing::Untrusted { .. } | Standing::Unchecked(_) | Standing::Broken(_) => None,
        }
    }
}

/// The time stamps kept beside a case and those that its entries put on record, each once, by id.
#[must_use]
pub fn over(record: &Record, beside: impl IntoIterator<Item = KeptStamp>, roots: Option<&Roots>) -> Vec<JudgedStamp> {
    let graph = record.graph();
    let mut all: BTreeMap<StampId, (KeptStamp, Vec<EntryId>)> =
        beside.into_iter().map(|kept| (kept.id(), (kept, Vec::new()))).collect();
    for ix in graph.ordered() {
        let Act::Prove { what: Proof::TimeStamp, data, .. } = record.fold().act(ix) else { continue };
        let Ok(kept) = KeptStamp::decode(data) else { continue };
        all.entry(kept.id()).or_insert((kept, Vec::new())).1.push(graph.id(ix));
    }
    let one = |(id, (kept, on_record)): (StampId, (KeptStamp, Vec<EntryId>))| {
        let standing = standing(record, &kept, roots);
        JudgedStamp { id, heads: kept.heads, standing, on_record }
    };
    all.into_iter().map(one).collect()
}

fn standing(record: &Record, kept: &KeptStamp, roots: Option<&Roots>) -> Standing {
    let token = match check(record, kept) {
        Ok(token) => token,
        Err(why) => return Standing::Broken(why.to_string()),
    };
    let claims = Claims { at: token.claimed_at(), service: token.claimed_service().map(str::to_owned) };
    let Some(roots) = roots else { return Standing::Unchecked(claims) };
    match token.trust(roots) {
        Ok(stamp) => {
            let vouching = roots.all().iter().find(|root| root.fingerprint == stamp.root);
            Standing::Valid {
                at: stamp.at,
                accuracy: stamp.accuracy,
                service: stamp.service,
                root: stamp.root,
                root_name: vouching.and_then(|root| root.name.clone()),
            }
        }
        Err(why) => Standing::Untrusted { why: why.to_string(), claims },
    }
}

/// The stamps of a bundle, by name. All its entries are in the record.
pub(crate) fn judged(record: &Record, layout: &Layout<'_>, roots: Option<&Roots>) -> Result<Vec<StampReport>, Failure> {
    let one = |member: &crate::archive::Member<'_>| {
        stamp(record, member.bytes, roots).map_err(|why| Failure::bad(member.name, why, FailureKind::BadStamp))
    };
    layout.stamps.iter().map(one).collect()
}

fn stamp(record: &Record, bytes: &[u8], roots: Option<&Roots>) -> Result<StampReport, BadStamp> {
    let kept = KeptStamp::decode(bytes)?;
    let token = check(record, &kept)?;
    let status = match roots.map(|roots| token.trust(roots)) {
        None => StampStatus::Unchecked,
        Some(Ok(stamp)) => StampStatus::Valid { at: stamp.at, service: stamp.service },
        Some(Err(why)) => StampStatus::Untrusted(why.to_string()),
    };
    drop(token);
    Ok(StampReport { id: kept.id(), heads: kept.heads, status })
}

/// Whether a stamp is over entries of this record, and holds by itself.
fn check<'k>(record: &Record, kept: &'k KeptStamp) -> Result<Token<'k>, BadStamp> {
    let graph = record.graph();
    if let Some(unknown) = kept.heads.iter().find(|head| graph.find(head).is_none()) {
        return Err(BadStamp::UnknownHead(*unknown));
    }
    let case = record.case().expect("a record with entries has a case");
    Ok(Token::check(&kept.token, &imprint(&case, &kept.heads), None)?)
}

/// The members of those stamps that a verifier will take, ascending by name and each once; of more than there may be,
/// the oldest by their own word.
#[cfg(feature = "export")]
pub(crate) fn members(record: &Record, stamps: &[KeptStamp]) -> Vec<(String, Vec<u8>)> {
    let mut good: Vec<(i64, String, Vec<u8>)> = stamps
        .iter()
        .filter_map(|kept| {
            let at = check(record, kept).ok()?.claimed_at();
            let bytes = kept.encode();
            KeptStamp::decode(&bytes).ok()?;
            Some((at, crate::layout::stamp(&kept.id()), bytes))
        })
        .collect();
    good.sort_unstable();
    good.dedup();
    good.truncate(crate::layout::MAX_STAMPS);
    let mut members: Vec<(String, Vec<u8>)> = good.into_iter().map(|(_, name, bytes)| (name, bytes)).collect();
    members.sort_unstable();
    members
}

/// For every entry in order of arrival, the believed stamp that proves best that it was there.
pub(crate) struct Stamped {
    believed: Vec<TimeStamp>,
    best: Vec<Option<usize>>,
}

impl Stamped {
    pub(crate) fn of(record: &Record, stamps: &[StampReport]) -> Self {
        let believed: Vec<TimeStamp> = stamps.iter().filter_map(StampReport::proves).collect();
        let best = record.stamped(&believed);
        Self { believed, best }
    }

    pub(crate) fn over(&self, entry: Ix) -> Option<&TimeStamp> {
        self.best.get(entry.at()).copied().flatten().map(|n| &self.believed[n])
    }
}
