//! What a program says it wants to sign, as plain JSON, and what becomes of it: the acts, and the exact text that people
//! are shown before the same acts are signed.
//!
//! Nothing has a meaning of its own here. What is asked for is put into the words that people would type, and goes
//! through the functions that the commands and the pages use; only what is said by a word or a day of the week there
//! ("tomorrow", "£25") is said exactly here.

mod clocks;
mod contact;
mod parts;
mod prepared;
mod program;
mod read;
mod terms;
#[cfg(test)]
mod tests;

pub use clocks::ClocksInput;
pub use contact::{Channel, ContactInput, Direction, PromiseInput};
pub use parts::{DueInput, LengthInput, MoneyInput, PersonInput, SeatInput, UnitInput};
pub use prepared::{Prepared, prepare};
pub use program::program_may_sign;
pub use terms::{ActionInput, CancelInput, CounterInput, ProposeInput, RoleInput, SubjectInput, TermInput};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something to be signed in a case. References to entries are written as the commands show them: `"7"` or `"#7"`, `"7/2"`
/// for the second part of a bundle, or at least 8 digits of the entry's id. Times are RFC 3339 with their distance from
/// UTC, in whole minutes where terms state them: `"2026-07-08T17:00:00+01:00"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// Proposes terms; they bind once everybody they name has accepted. Proposing is signing.
    Propose(Box<ProposeInput>),
    /// Answers a proposal with other terms, which take its place; what is not said anew stays as it was proposed.
    Counter(Box<CounterInput>),
    /// Accepts a proposal: it binds once everybody it names has signed it.
    Accept {
        /// The proposal itself, not the action that it is about: nobody is bound to terms that were not named.
        revision: String,
        /// A remark to go with it; it changes no terms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Says that one does not agree to a proposal.
    Decline {
        /// The proposal; an action stands for its one open proposal.
        revision: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Takes back an own proposal, or an own request to be released or to reopen.
    Withdraw {
        /// What is taken back; an action stands for the one thing of ours that waits there.
        of: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Confirms an own proposal that binds only so, once the others have accepted it.
    Confirm {
        /// The proposal itself.
        revision: String,
    },
    /// Proposes to close the case; it closes when everybody has agreed, and anything signed later reopens it.
    Close {
        /// How the matter ended, in a few words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// Says how far something agreed is.
    Progress {
        /// The action or agreement.
        revision: String,
        /// How far it is.
        text: String,
    },
    /// Says that something agreed is done.
    #[serde(alias = "done")]
    Declare {
        /// The action or agreement.
        revision: String,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Entries that show it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<String>,
    },
    /// Takes back that something is done.
    #[serde(alias = "undone")]
    Undeclare {
        /// The action, or the entry that says it is done.
        declare: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Approves what was declared done: it is what was agreed.
    Approve {
        /// The action, or the entry that says it is done.
        declare: String,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Says that what was declared done is not what was agreed.
    Reject {
        /// The action, or the entry that says it is done.
        declare: String,
        /// What is missing.
        reason: String,
        /// The conditions of the terms that are not met, by number from 1.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unmet: Vec<u32>,
    },
    /// Gives up something one was to do.
    Stop {
        /// The action or agreement.
        revision: String,
        /// Why.
        reason: String,
    },
    /// Asks the others to be released from an agreement, or to reopen an approved result.
    Release {
        /// The agreement, or the action.
        of: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Allows what somebody asks: to be released, or to reopen a result.
    Allow {
        /// The request, or the action that it is about.
        request: String,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Refuses what somebody asks: to be released, or to reopen a result.
    Refuse {
        /// The request, or the action that it is about.
        request: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Cancels something agreed under a clause of its terms.
    Cancel {
        /// The action or agreement.
        revision: String,
        /// Which clause, by number from 1; it need not be said where only one lets us cancel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clause: Option<u32>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Chooses which of the agreements that crossed is to stand.
    Choose {
        /// The agreement that is to stand.
        pick: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Records that a due time passed and the thing was not done; it changes no terms.
    Missed {
        /// The action or agreement.
        revision: String,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Reminds somebody of something promised or asked.
    Remind {
        /// What one reminds of.
        text: String,
        /// The entry it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        /// Whom; the other side, where there is one and nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<SeatInput>,
    },
    /// States a fact as we have it: a price, a date, an address, a meter reading.
    Item {
        /// What the fact is called, such as `price`.
        key: String,
        /// Its value: a text, a whole number, true or false, a list or an object; or with its type, such as
        /// `{"type": "money", "value": "24.99", "currency": "GBP"}`, `{"type": "date", "value": "2026-07-08"}`. An object with
        /// a `type` is a value of that type and nothing else: a record that has a field of that name is written
        /// `{"type": "record", "value": [{"key": "type", "value": "Fibre 100"}]}`.
        value: serde_json::Value,
        /// A longer name for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Proposes service clocks: until when they first answer, say how it stands, and have it resolved, in working hours.
    ProposeClocks(Box<ClocksInput>),
    /// Stops the service clocks, for all to see; an answer of the side other than the one whose clocks they are ends it.
    PauseClocks {
        /// Why, such as `we wait for the serial number`.
        reason: String,
    },
    /// Says that the service clocks run on.
    ResumeClocks {},
    /// Says that entries of somebody else are right; it agrees to no terms.
    Acknowledge {
        /// The entries.
        entries: Vec<String>,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Says that an entry of somebody else is wrong; of a promise that was recorded for us it also declines it.
    Contest {
        /// The entry.
        entry: String,
        /// Why it is wrong.
        reason: String,
    },
    /// Notes a call, a letter, a visit, a chat; and what was promised in it, recorded for whoever promised it.
    #[serde(alias = "call")]
    Contact(Box<ContactInput>),
    /// Puts a note on record for everybody in the case.
    Note {
        /// The note.
        text: String,
        /// The entry it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
    /// Puts a file on record by its fingerprint. Its bytes are put into the case before.
    Attach {
        /// The SHA-256 of its bytes, 64 hexadecimal digits.
        sha256: String,
        /// How many bytes.
        size: u64,
        /// What it is called on record: a name, never a path.
        name: String,
        /// Its bytes are not put here: the record is to hold the fingerprint alone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fingerprint_only: bool,
        /// Its media type; by the ending of its name where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media: Option<String>,
        /// The entry it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
    /// Thanks somebody who helped.
    Thank {
        /// What for.
        text: String,
        /// Whose side; the other side, where there is one and nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<SeatInput>,
        /// Whom there, by name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<String>,
        /// The entry it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
    /// Erases what was kept beside the record, here and now, and asks everybody else to erase it too.
    Erase {
        /// The entry.
        entry: String,
        /// What of it, such as `person`, `number`, `name` or `file`; everything that can be erased where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Erases our copy of what somebody asked everybody to erase, and says so.
    Erased {
        /// The request, or the entry it is about.
        entry: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Introduces whoever signs here; what is not said anew stays as on the last card.
    Card {
        /// Their name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What they do there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        function: Option<String>,
        /// Their direct line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        /// Their e-mail address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// When they can be reached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours: Option<String>,
    },
    /// Hands the case over to somebody else on our side, with a summary so that nobody has to be told again.
    Handover {
        /// Who is responsible from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<String>,
        /// The device they sign with: its name here, or its short form; this one where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// What they need to know; one page written from the case where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// Limits what one of our agents may agree to in this case; it replaces the mandate it had here.
    Mandate {
        /// The agent: its name here, or its device.
        agent: String,
        /// The only kinds of act it may sign here, such as `accept`; every kind its rights cover where none is said.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kinds: Vec<String>,
        /// Most money at stake in what it agrees to, one a currency.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ceilings: Vec<MoneyInput>,
        /// From when it may act here, RFC 3339.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Until when, RFC 3339.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// Only our own machines hold to it; without that everybody sees it, and what goes beyond has no effect.
        #[serde(default)]
        internal: bool,
    },
    /// After the end of an agent's rights: says up to which entry what it signed here counts.
    Cut {
        /// The agent: its name here, or its device.
        agent: String,
        /// The last entry of it that counts; the last one held here before its rights ended where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<String>,
    },
    /// Stands by what an agent signed without knowing that its rights had ended.
    Ratify {
        /// The entries.
        entries: Vec<String>,
    },
    /// Says that something needs to be decided.
    Dispute {
        /// An entry, an agreement, or a part of one.
        about: String,
        /// What is in dispute, and why.
        reason: String,
    },
    /// Gives in to a dispute that somebody else raised.
    Concede {
        /// The dispute, or what it is about.
        dispute: String,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Says that a dispute of ours is over.
    Settle {
        /// The dispute, or what it is about.
        dispute: String,
        /// The agreement that settles it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// As the arbiter on whom the parties agreed: decides a dispute.
    Decide {
        /// The dispute, or what it is about.
        dispute: String,
        /// The decision and its reasons.
        decision: String,
        /// What it makes of the matter; without it the decision is only recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<OutcomeInput>,
    },
    /// Puts on record what proves when an entry had arrived, so that it counts for everybody.
    Prove {
        /// The entry.
        entry: String,
        /// What proves it; the others' receipts, each device's first, where nothing is said.
        #[serde(default, rename = "with", skip_serializing_if = "ProofInput::is_usual")]
        by: ProofInput,
    },
    /// Points to another case.
    Link {
        /// The other case: one of ours by its short form, or any by its 64 digits.
        case: String,
        /// What it is to this one, in a word or two, such as `continues`; `related` where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        relation: Option<String>,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Takes an invitation back.
    Uninvite {
        /// The invitation; the only one that is open where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invite: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Where a seat was given to two: says which of them sits there.
    Seat {
        /// The entry that lets in the one who does.
        admit: String,
    },
    /// Leaves the case: nothing more is delivered to us; what we agreed to stays agreed.
    Leave {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// What an arbiter's decision makes of the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeInput {
    /// It counts as done.
    Completed,
    /// It is off.
    Cancelled,
    /// It stands as agreed.
    Agreed,
}

/// What proves when an entry had arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProofInput {
    /// The first receipt of each device of the others.
    #[default]
    Receipts,
    /// Every receipt of the others.
    AllReceipts,
    /// The earliest time stamp that covers it.
    Stamp,
}

impl ProofInput {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Input {
    /// Reads what a program sent.
    ///
    /// # Errors
    /// Which field is not understood, and why.
    pub fn from_json(json: serde_json::Value) -> crate::error::Done<Self> {
        crate::shape::read_value(&json).map_err(|misfit| {
            crate::error::CommandError::usage(format!("what is to be signed is not understood: {misfit}"))
                .hint("see the schema of acts: every act says its kind in \"act\", such as {\"act\": \"note\", \"text\": \"...\"}")
        })
    }
}
