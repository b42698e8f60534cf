//! Why an entry is without effect, in words for people.

use crate::id::EntryId;

/// Why an act takes no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("its author had not joined the case")]
    NotJoined,
    #[error("the role of its author in this case does not allow it")]
    Role,
    #[error("the grant of the device that signed it does not list this kind of act")]
    KindNotGranted,
    #[error("only the party that opened the case may do this")]
    OnlyOpener,
    #[error("the case has no such seat")]
    UnknownSeat,
    #[error("nobody has taken that seat yet, and only the party that opened the case may name it until then")]
    OpenSeat,
    #[error("that seat is already taken")]
    SeatTaken,
    #[error("what it speaks of is not known, or is of another kind, or is itself without effect")]
    UnknownReference,
    #[error("that invitation was revoked")]
    InvitationRevoked,
    #[error("that invitation was already used")]
    InvitationUsed,
    #[error("the request to join does not fit the invitation")]
    BadRequest,
    #[error("bringing in a further party needs an agreement of all")]
    NeedsAgreement,
    #[error("its author had joined before")]
    AlreadyJoined,
    #[error("none of its author's seats is among those that must sign it")]
    NotASigner,
    #[error("another party holds the same seat and signed it for that seat: only who signed speaks for the seat in it")]
    SignedByAnother,
    #[error("it names the wrong signers: those it concerns must sign, no more and no fewer")]
    WrongSigners,
    #[error("it does not rest on the terms in force as its author knew them")]
    WrongBase,
    #[error("it speaks of an action, terms or closing that its author's copy did not hold")]
    UnknownSubject,
    #[error("letting in, closing and raising the level are agreed outright: no time limit, no confirm")]
    Outright,
    #[error("a raise goes to the next level, one at a time")]
    NotTheNextLevel,
    #[error("it rests on something that this version of the program cannot judge")]
    Unjudged,
    #[error("what it links to is not a version of an item")]
    NotAnItem,
    #[error("the terms have no such condition")]
    UnknownCondition,
    #[error("it names one subject twice")]
    SubjectTwice,
    #[error("a counter must change something of what it answers")]
    CounterElsewhere,
    #[error("it was already fully signed: ask for release, or propose an amendment")]
    FullySigned,
    #[error("its author had withdrawn it")]
    Withdrawn(EntryId),
    #[error("it had been declined")]
    Declined(EntryId),
    #[error("a counter-proposal had answered it")]
    Countered(EntryId),
    #[error("one who had signed it had moved on to another position on the same matter")]
    MovedOn(EntryId),
    #[error("other terms were already in force or crossed, which it does not replace")]
    Overtaken(EntryId),
    #[error("only the author of a proposal may withdraw it; others decline it")]
    NotTheAuthor,
    #[error("it is not in force: not everybody has agreed it, or something else took its place")]
    NotInForce,
    #[error("the work is completed: ask to reopen it instead")]
    Completed,
    #[error("it is not completed: there is nothing to reopen")]
    NotCompleted,
    #[error("its author asked for this, so others answer")]
    OwnRequest,
    #[error("that request was dropped")]
    RequestDropped,
    #[error("its author had refused that request")]
    Refused,
    #[error("its author had allowed that request; an answer given stays given")]
    Allowed,
    #[error("its author is not one of those who were to do it")]
    NotAPerformer,
    #[error("its author is not one of those it was done for")]
    NotABeneficiary,
    #[error("the declaration had been taken back")]
    Undeclared,
    #[error("the result had been rejected")]
    Rejected,
    #[error("you have signed it already")]
    AlreadySigned,
    #[error("it is declared done already, and awaits approval")]
    AlreadyDeclared,
    #[error("you have approved it already")]
    AlreadyApproved,
    #[error("it was already answered or taken back")]
    AlreadyClosed,
    #[error("you have asked for this already")]
    AlreadyAsked,
    #[error("an offer is open until a point in time, not so long after an agreement")]
    OpenUntilRelative,
    #[error("its author kept the last word: they confirm, once all others have accepted")]
    ConfirmInstead,
    #[error("its offer needs no confirm: proposing was signing")]
    NotConfirmMode,
    #[error("not all others have accepted it yet")]
    NotAllAccepted,
    #[error("it is not one of several agreements that crossed")]
    NotCrossed,
    #[error("another party is the one who chooses")]
    NotTheChooser,
    #[error("the performer had given it up: it goes on by a new agreement, or by a decision")]
    Stopped,
    #[error("the terms have no such cancel clause")]
    UnknownClause,
    #[error("that cancel clause is for another party")]
    NotYourClause,
    #[error("the time in that cancel clause was over")]
    ClauseExpired,
    #[error("no receipt proves when those it was done for had the declaration")]
    ArrivalUnproven,
    #[error("the agreed time for rejecting the result was not over")]
    WindowOpen,
    #[error("it goes beyond the mandate of the device that signed it")]
    BeyondMandate,
    #[error("a device does not set its own limits: another device of the party does")]
    OwnMandate,
    #[error("that device has no grant in its party's key log")]
    UnknownDevice,
    #[error("the proof in it cannot be read, or does not hold for this case")]
    BadProof,
    #[error("only a sealed value, or the bytes of a file, can be erased: what is written there stands in the record")]
    NotSealed,
    #[error("that dispute is over")]
    DisputeEnded,
    #[error("its author began that dispute: they settle it, others concede")]
    OwnDispute,
    #[error("no agreement names its author as arbiter for this")]
    NotNamedArbiter,
}
