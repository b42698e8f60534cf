//! Why a bundle is not what it claims to be.

use counterpart_core::{
    gate::Refusal, id::EntryId, keylog::KeyLogRefusal, receipt::ReceiptRefusal, record::ValueRefusal,
    seal::DisclosureError,
};

use crate::stamps::BadStamp;

/// The first thing wrong with a bundle, in the order in which `docs/protocol.md` has it checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub what: FailureKind,
    /// The member it was found in, or that is missing; none where the file as a whole is meant.
    pub member: Option<String>,
    /// For people: what, why, and what to do.
    pub message: String,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// No ZIP file, or not one that could hold a bundle.
    NotABundle,
    /// Larger than a bundle may be.
    TooLarge,
    /// A ZIP file in another form than the one a bundle has.
    NotCanonical,
    /// Of a version that this program does not know.
    OtherVersion,
    MissingMember,
    /// Entries that others rest on are not in the bundle.
    MissingEntries(Vec<EntryId>),
    UnexpectedMember,
    AlteredMember,
    BadEntry {
        id: Option<EntryId>,
        refusal: Box<Refusal>,
    },
    BadKeyEvent(KeyLogRefusal),
    BadReceipt(ReceiptRefusal),
    /// A sealed value that cannot be read.
    UnreadableValue(DisclosureError),
    /// A sealed value that is not the one that was signed.
    BadValue(ValueRefusal),
    /// The Automerge document is not the one that the entries make.
    DocumentDiffers,
    /// The readable timeline is not the one that the entries make.
    TimelineDiffers,
    /// A time stamp that does not hold, whomever one trusts.
    BadStamp(BadStamp),
    /// The exporter's word does not hold, or is about something else than this.
    BadExporter,
}

impl FailureKind {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotABundle => "not_a_bundle",
            Self::TooLarge => "too_large",
            Self::NotCanonical => "not_canonical",
            Self::OtherVersion => "other_version",
            Self::MissingMember => "missing_member",
            Self::MissingEntries(_) => "missing_entries",
            Self::UnexpectedMember => "unexpected_member",
            Self::AlteredMember => "altered_member",
            Self::BadEntry { .. } => "bad_entry",
            Self::BadKeyEvent(_) => "bad_key_event",
            Self::BadReceipt(_) => "bad_receipt",
            Self::UnreadableValue(_) => "unreadable_value",
            Self::BadValue(_) => "bad_value",
            Self::DocumentDiffers => "document_differs",
            Self::TimelineDiffers => "timeline_differs",
            Self::BadStamp(_) => "bad_stamp",
            Self::BadExporter => "bad_exporter",
        }
    }
}

impl Failure {
    pub(crate) fn whole(what: FailureKind, message: impl Into<String>) -> Self {
        Self { what, member: None, message: message.into() }
    }

    pub(crate) fn of(member: &str, what: FailureKind, why: impl std::fmt::Display) -> Self {
        Self { what, member: Some(member.to_owned()), message: format!("{member}: {why}") }
    }

    /// A member that does not hold for a reason of its own.
    pub(crate) fn bad<E: std::fmt::Display>(member: &str, error: E, what: impl FnOnce(E) -> FailureKind) -> Self {
        let why = error.to_string();
        Self::of(member, what(error), why)
    }

    pub(crate) fn entry(member: &str, id: Option<EntryId>, refusal: Refusal) -> Self {
        Self::bad(member, refusal, |refusal| FailureKind::BadEntry { id, refusal: Box::new(refusal) })
    }

    pub(crate) fn missing(member: &str) -> Self {
        Self::of(member, FailureKind::MissingMember, "this part is missing; ask for the whole bundle again")
    }

    pub(crate) fn unexpected(member: &str) -> Self {
        Self::of(
            member,
            FailureKind::UnexpectedMember,
            "no bundle of this case holds such a part; it was put in or renamed",
        )
    }

    pub(crate) fn altered(member: &str) -> Self {
        Self::of(
            member,
            FailureKind::AlteredMember,
            "its contents are not what the rest of the bundle says; it was altered",
        )
    }
}
