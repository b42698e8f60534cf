//! Changes, and telling other systems of them: webhooks, as Standard Webhooks has them.
//!
//! What is to be told stands in the store, with how far each receiver was told of each case. Of one case it is told one
//! thing at a time, in order; cases do not wait for each other. Who tells first notes until when it does: after a crash the
//! same is told again, under the same id.

mod address;
mod deliver;
mod message;
mod send;
mod sign;

pub use deliver::{HookNews, HookTold, Telling};
pub use send::{BadHookUrl, NotTaken};
pub use sign::HookSecret;

use std::time::Duration;

use counterpart_store::{Change, ChangeKind, HookRow, Reads, StoreError};

use self::{message::Message, send::Place};
use crate::{desk::Desk, error::DeskError};

const LONGEST_NAME: usize = 40;
const MOST_HOOKS: usize = 100;

/// How long a receiver may take to answer.
pub const HOOK_PATIENCE: Duration = Duration::from_secs(15);

/// A receiver that is wished for.
#[derive(Debug, Clone)]
pub struct HookWish {
    pub name: String,
    pub url: String,
    /// What it is told of; all but our own receipts where there is none.
    pub kinds: Vec<ChangeKind>,
    /// It may be in this machine or its network.
    pub allow_private: bool,
    /// It is told of changes above this number; of those to come where there is none.
    pub after: Option<u64>,
}

/// A receiver, and how it stands with it. The secret is not among it. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub name: String,
    pub url: String,
    pub kinds: Vec<ChangeKind>,
    pub allow_private: bool,
    pub made: i64,
    pub standing: Taking,
    /// In how many cases there is something that it was not told yet.
    pub cases_waiting: u64,
    /// All of these are being told it. What comes to nothing because whoever tells it was killed is told again from then on.
    pub taken_until: Option<i64>,
    /// When it last took something.
    pub told: Option<i64>,
    /// Why it did not take what it was told last: text that may hold a stranger's words, made visible.
    pub trouble: Option<String>,
}

impl Hook {
    /// No sooner than this it is told something again; nothing where it is told at once what there is, or nothing at all.
    #[must_use]
    pub fn again(&self) -> Option<i64> {
        match self.standing {
            Taking::On => self.taken_until,
            Taking::Failing { again, .. } => Some(self.taken_until.map_or(again, |until| until.max(again))),
            Taking::Off { .. } => None,
        }
    }
}

/// Whether a receiver takes what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    On,
    /// It takes nothing since then, and is told again at that time.
    Failing {
        since: i64,
        again: i64,
    },
    /// It is told nothing.
    Off {
        since: i64,
        why: String,
    },
}

impl Taking {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Failing { .. } => "failing",
            Self::Off { .. } => "off",
        }
    }
}

/// Why nothing came of what was asked about a receiver. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    #[error("a webhook's name is 1 to {LONGEST_NAME} small letters, digits, - and _, such as 'helpdesk'")]
    Name,
    #[error("there is a webhook called '{0}' already: take another name, or `counterpart webhook end` that one first")]
    NameTaken(String),
    #[error("there is no webhook '{0}' here: `counterpart webhook list` shows them")]
    Unknown(String),
    #[error("there are {MOST_HOOKS} webhooks, and that is the most: end one first")]
    TooMany,
    #[error("the address: {0}")]
    Url(#[from] BadHookUrl),
    #[error("there are {newest} changes here so far: begin after one of these, or leave the number out")]
    After { newest: u64 },
    #[error("the receiver did not take it: {0}")]
    NotTaken(#[from] NotTaken),
    #[error("what is kept of the webhook '{0}' was altered: end it, and add it anew")]
    Altered(String),
    #[error("{0}")]
    Desk(#[from] DeskError),
}

impl From<StoreError> for HookError {
    fn from(why: StoreError) -> Self {
        Self::Desk(why.into())
    }
}

impl Desk {
    /// What came into the store above this number (0 for all), in order, at most so many: numbers have no gaps, so the last
    /// one is the cursor to go on from.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn changes(&self, after: u64, most: usize) -> Result<Vec<Change>, DeskError> {
        Ok(self.with_store(|store| store.changes(after, most))?)
    }

    /// The number of the newest change, 0 where there is none.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn newest_change(&self) -> Result<u64, DeskError> {
        Ok(self.with_store(|store| store.newest_change())?)
    }

    /// All receivers, by name.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn hooks(&self) -> Result<Vec<Hook>, DeskError> {
        self.with_store(|store| {
            store.read(|reads| {
                let waiting = |row: HookRow| Ok(hook(Waiting::of(reads, &row.name)?, row));
                reads.hooks()?.into_iter().map(waiting).collect::<Result<_, DeskError>>()
            })
        })
    }

    /// Adds a receiver, and gives the secret that it checks messages with: shown now and never again. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// What is wrong with the wish, at an agent's seat, or a full or failing store.
    pub fn add_hook(&self, wish: &HookWish, now: i64) -> Result<(Hook, HookSecret), HookError> {
        self.must_be_home()?;
        check_name(&wish.name)?;
        let place = Place::parse(&wish.url, wish.allow_private)?;
        let mut kinds = wish.kinds.clone();
        if kinds.is_empty() {
            kinds = ChangeKind::ALL.into_iter().filter(|kind| *kind != ChangeKind::ReceiptSigned).collect();
        }
        kinds.sort_unstable();
        kinds.dedup();
        let secret = HookSecret::new(self.draw());
        let row = self.with_store(|store| {
            // What came until now is not for it: on a shared store it gets its number now.
            store.newest_change()?;
            store.write(|txn| {
                if txn.hooks()?.len() >= MOST_HOOKS {
                    return Err(HookError::TooMany);
                }
                let newest = txn.newest_change()?;
                let seen = wish.after.unwrap_or(newest);
                if seen > newest {
                    return Err(HookError::After { newest });
                }
                let row = HookRow {
                    name: wish.name.clone(),
                    url: place.url,
                    secret: secret.reveal().to_string(),
                    kinds,
                    private: place.private,
                    made: now,
                    seen,
                    standing: Default::default(),
                };
                if txn.insert_hook(&row)? { Ok(row) } else { Err(HookError::NameTaken(row.name)) }
            })
        })?;
        self.node_is_running();
        Ok((hook(Waiting::default(), row), secret))
    }

    /// Forgets a receiver: it is told nothing more.
    ///
    /// # Errors
    /// When there is none of that name, at an agent's seat, or when the store fails.
    pub fn end_hook(&self, name: &str) -> Result<(), HookError> {
        self.must_be_home()?;
        let was_there = self.with_store(|store| store.write(|txn| txn.delete_hook(name)))?;
        if was_there { Ok(()) } else { Err(HookError::Unknown(name.to_owned())) }
    }

    /// Tells a receiver again that was switched off or failed, from where it stopped: at once. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When there is none of that name, at an agent's seat, or when the store fails.
    pub fn hook_on(&self, name: &str, now: i64) -> Result<Hook, HookError> {
        self.must_be_home()?;
        let row = self.with_store(|store| {
            store.write(|txn| {
                let mut row = txn.hook(name)?.ok_or_else(|| HookError::Unknown(name.to_owned()))?;
                txn.hook_takes_again(name, 0, now)?;
                row.standing.tries = 0;
                row.standing.failing = None;
                row.standing.next = 0;
                row.standing.trouble = None;
                row.standing.off = None;
                row.standing.why = None;
                txn.put_hook_standing(name, &row.standing)?;
                Ok::<_, HookError>(hook(Waiting::of(txn, name)?, row))
            })
        })?;
        self.node_is_running();
        Ok(row)
    }

    /// Sends a receiver a message that is about nothing, now, and gives the status by which it took it. What else it is to
    /// be told does not wait for it. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// Why it was not taken, that there is no receiver of that name, or that this is an agent's seat.
    pub fn test_hook(&self, name: &str, now: i64, patience: Duration) -> Result<u16, HookError> {
        self.must_be_home()?;
        let row = self.with_store(|store| store.hook(name))?.ok_or_else(|| HookError::Unknown(name.to_owned()))?;
        let secret = HookSecret::read(&row.secret).ok_or_else(|| HookError::Altered(name.to_owned()))?;
        let place = Place { url: row.url, private: row.private };
        let message = Message::trial(name, self.draw(), now);
        Ok(place.tell(&secret, &message, now.div_euclid(1000), patience)?)
    }
}

fn check_name(name: &str) -> Result<(), HookError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    // One that begins with - would be taken for an option.
    let good = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-');
    if good { Ok(()) } else { Err(HookError::Name) }
}

/// What a receiver is yet to be told.
#[derive(Debug, Default)]
struct Waiting {
    cases: u64,
    taken_until: Option<i64>,
}

impl Waiting {
    fn of(reads: &Reads, name: &str) -> Result<Self, StoreError> {
        Ok(Self { cases: reads.hook_cases_waiting(name)?, taken_until: reads.hook_taken_until(name)? })
    }
}

fn hook(waiting: Waiting, row: HookRow) -> Hook {
    let standing = row.standing;
    let taking = match (standing.off, standing.failing) {
        (Some(since), _) => Taking::Off { since, why: standing.why.unwrap_or_default() },
        (None, Some(since)) => Taking::Failing { since, again: standing.next },
        (None, None) => Taking::On,
    };
    Hook {
        name: row.name,
        url: row.url,
        kinds: row.kinds,
        allow_private: row.private,
        made: row.made,
        standing: taking,
        cases_waiting: waiting.cases,
        taken_until: waiting.taken_until,
        told: standing.told,
        trouble: standing.trouble,
    }
}
