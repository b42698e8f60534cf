//! Every entry as a line: who signed what, when by whose clock, and how far that is proven.

use counterpart_core::{
    act::Act,
    fold::{Reason, Verdict},
    graph::Ix,
    id::{DeviceKey, EntryId, PartyId},
    view::Grade as Shared,
};

use crate::{
    attested::{Attestations, Attested, By},
    clock::{Time, lasted},
    sentence::sentence,
    teller::Teller,
    words::{EntryName, Words, say},
};

/// From which difference on clocks are said to differ, in milliseconds.
const NOTICED: u64 = 60_000;

/// Letters of a line that stand in its column; a page holds about five times as many over its whole width.
const COLUMN: usize = 1200;

/// Whether a line counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Effective,
    /// Without effect from the start.
    Without(Words),
    /// Something proven since took its effect away.
    SetAside(Words),
    NotJudged,
}

impl Effect {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Without(_) => "without_effect",
            Self::SetAside(_) => "set_aside",
            Self::NotJudged => "not_judged",
        }
    }
}

/// How far a line is shared, beyond its author's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grade {
    /// unilateral, delivered, acknowledged, contested or agreed.
    pub word: &'static str,
    /// As it is shown beside the line.
    pub badge: &'static str,
    pub says: Words,
}

impl Grade {
    /// How the badge is set.
    #[must_use]
    pub fn tone(&self) -> &'static str {
        match self.word {
            "agreed" | "acknowledged" => "good",
            "contested" => "bad",
            "unilateral" => "open",
            _ => "plain",
        }
    }

    /// The drawn sign on it.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self.word {
            "agreed" | "acknowledged" => "tick",
            "contested" => "warning",
            "unilateral" => "dotted",
            _ => "ring",
        }
    }
}

/// One end of an interval, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub time: Time,
    /// Whose clock that is, and in what: "Amira's #8", "Amira's receipt 3", "a time stamp".
    pub by: Words,
    /// entry, receipt or stamp.
    pub kind: &'static str,
    /// Of the entry, receipt or stamp, hexadecimal.
    pub id: String,
    /// Nobody's, where a time-stamp service says it.
    pub party: Option<PartyId>,
}

impl Bound {
    /// Whether it is a time stamp's.
    #[must_use]
    pub fn stamped(&self) -> bool {
        self.kind == "stamp"
    }
}

/// Between which times something was signed, by the word of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proven {
    pub not_before: Option<Bound>,
    pub not_after: Option<Bound>,
    /// Where clocks do not fit each other.
    pub remark: Option<String>,
}

impl Proven {
    /// Whether a time stamp proves that it was there.
    #[must_use]
    pub fn stamped(&self) -> bool {
        self.not_after.as_ref().is_some_and(Bound::stamped)
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: EntryName,
    pub number: u32,
    pub id: EntryId,
    pub party: PartyId,
    pub device: DeviceKey,
    /// As the party is called.
    pub who: String,
    /// The person who signs with that device, by a card.
    pub signer: Option<Words>,
    pub kind: String,
    /// By its author's own clock.
    pub at: Time,
    pub says: Words,
    pub effect: Effect,
    /// Whether another entry was signed at the same position with the same key.
    pub one_of_two: bool,
    pub grade: Grade,
    /// Who else signed for having it.
    pub held_by: Vec<PartyId>,
    /// Those of them of whom only a mailbox did.
    pub at_mailbox: Vec<PartyId>,
    pub proven: Proven,
}

impl Line {
    /// What of its words stands in its column, where there are too many to stand there whole: those are then told over
    /// the whole width.
    #[must_use]
    pub fn beginning(&self) -> Option<Words> {
        self.says.beginning(COLUMN)
    }
}

pub(crate) fn timeline(teller: &Teller<'_>, attested: &Attestations) -> Vec<Line> {
    teller.record.grades().into_iter().map(|(ix, grade)| line(teller, attested, ix, grade)).collect()
}

fn line(teller: &Teller<'_>, attested: &Attestations, ix: Ix, grade: Shared) -> Line {
    let graph = teller.record.graph();
    let statement = graph.statement(ix);
    let held_by = attested.held_by(ix, &statement.party);
    let at_mailbox: Vec<PartyId> = held_by.iter().filter(|party| attested.at_mailbox(party, ix)).copied().collect();
    let signer = teller.signer(&statement.device).filter(|(card, _)| *card != teller.name(ix));
    Line {
        name: teller.name(ix),
        number: graph.node(ix).number,
        id: graph.id(ix),
        party: statement.party,
        device: statement.device,
        who: teller.party(&statement.party),
        signer: signer.map(|(card, name)| say("with the device of ").quote(name).say(", by ").entry(card)),
        kind: counterpart_core::text::visible_line(&statement.kind).into_owned(),
        at: teller.time(statement.at),
        says: sentence(teller, ix),
        effect: effect(teller, ix),
        one_of_two: one_of_two(teller, ix),
        grade: self::grade(teller, ix, grade, &held_by, &at_mailbox),
        proven: proven(teller, attested, ix),
        held_by,
        at_mailbox,
    }
}

/// Whether another entry stands at the same position of the same key.
pub(crate) fn one_of_two(teller: &Teller<'_>, ix: Ix) -> bool {
    let graph = teller.record.graph();
    let statement = graph.statement(ix);
    graph.at_position(&statement.device, statement.seq).iter().filter(|ix| graph.counts(**ix)).count() > 1
}

fn effect(teller: &Teller<'_>, ix: Ix) -> Effect {
    let lens = teller.lens();
    match teller.record.fold().verdict(ix) {
        Verdict::NotJudged => Effect::NotJudged,
        Verdict::Without(reason) => {
            let words = say(reason.to_string());
            Effect::Without(words.maybe(cause(reason), |words, id| words.say(" (").entry(teller.entry(&id)).say(")")))
        }
        Verdict::Effective if lens.has(ix) => Effect::Effective,
        Verdict::Effective if lens.omits(ix) => {
            Effect::SetAside(say("it leaves out what an earlier receipt of the same device covers"))
        }
        Verdict::Effective if lens.contested(ix) => {
            Effect::SetAside(say("it is contested: its key's rights had ended, and nobody had relied on it first"))
        }
        Verdict::Effective if lens.after_fork(ix) => {
            Effect::SetAside(say("its key had signed two histories, so it gives its own party no right"))
        }
        Verdict::Effective => Effect::SetAside(say("its key's rights had ended")),
    }
}

/// The entry that a reason names.
fn cause(reason: &Reason) -> Option<EntryId> {
    match reason {
        Reason::Withdrawn(id)
        | Reason::Declined(id)
        | Reason::Countered(id)
        | Reason::MovedOn(id)
        | Reason::Overtaken(id) => Some(*id),
        _ => None,
    }
}

/// Whether an act claims that something is so, rather than being the deed itself.
fn claims(kind: &str) -> bool {
    matches!(kind, "item" | "contact" | "note" | "progress" | "declare" | "missed" | "erased" | "reject" | "stop")
}

fn grade(teller: &Teller<'_>, ix: Ix, grade: Shared, held_by: &[PartyId], at_mailbox: &[PartyId]) -> Grade {
    let statement = teller.record.graph().statement(ix);
    let author = || Words::new().who(&teller.party(&statement.party));
    let parties = |list: &[PartyId]| Words::new().listed(list.iter().map(|p| Words::new().who(&teller.party(p))));
    let holder = |party: &PartyId| {
        let who = Words::new().who(&teller.party(party));
        if at_mailbox.contains(party) { who.say("\u{2019}s mailbox") } else { who }
    };
    let has = Words::new().listed(held_by.iter().map(holder)).say(" signed for having it");
    let delivered =
        if held_by.iter().all(|party| at_mailbox.contains(party)) { "stored by a mailbox" } else { "delivered" };
    let (badge, words) = match grade {
        Shared::Unilateral => {
            ("only its author", say("Only ").then(author()).say(" says so; nobody else signed for having it."))
        }
        Shared::Delivered if claims(&statement.kind) => {
            (delivered, has.say("; that it is so only ").then(author()).say(" says."))
        }
        Shared::Delivered => (delivered, has.say(".")),
        Shared::Acknowledged => ("acknowledged", answered(teller, ix, "Acknowledged as right by ")),
        Shared::Contested => ("contested", answered(teller, ix, "Contested by ")),
        Shared::Agreed => ("agreed", say("Signed by all who must sign it.")),
    };
    let lacking: Vec<PartyId> = teller
        .lens()
        .members()
        .into_iter()
        .filter(|party| *party != statement.party && !held_by.contains(party) && teller.lens().joined(party))
        .collect();
    let words = match lacking.as_slice() {
        [] => words,
        _ if grade == Shared::Unilateral => words,
        some => words.say(" No signature here shows that ").then(parties(some)).say(" has it."),
    };
    Grade { word: grade.as_str(), badge, says: words }
}

/// Who acknowledged or contested an entry, and by which.
fn answered(teller: &Teller<'_>, ix: Ix, lead: &str) -> Words {
    let (graph, fold) = (teller.record.graph(), teller.record.fold());
    let contested = lead.starts_with("Contested");
    let of_kind = teller.lens().about(&graph.id(ix)).filter(|a| match fold.act(*a) {
        Act::Acknowledge { .. } => !contested,
        Act::Contest { .. } => contested,
        _ => false,
    });
    let others = of_kind.filter(|a| graph.statement(*a).party != graph.statement(ix).party);
    let by = others.map(|a| Words::new().who(&teller.author(a)).say(" in ").entry(teller.name(a)));
    say(lead).listed(by).say(".")
}

pub(crate) fn bound(teller: &Teller<'_>, attested: &Attestations, word: &Attested) -> Bound {
    let (kind, id, party) = match word.by {
        By::Entry(ix, party) => ("entry", teller.record.graph().id(ix).to_hex(), Some(party)),
        By::Receipt(id, party) => ("receipt", id.to_hex(), Some(party)),
        By::Stamp(n) => ("stamp", attested.stamps()[n].proves.id.to_hex(), None),
    };
    Bound { time: teller.time(word.at), by: attested.proof(teller, word), kind, id, party }
}

fn proven(teller: &Teller<'_>, attested: &Attestations, ix: Ix) -> Proven {
    let statement = teller.record.graph().statement(ix);
    let (before, after) = (attested.not_before(ix), attested.not_after(ix));
    let apart =
        |a: i64, b: i64| Some(a.abs_diff(b)).filter(|gap| a > b && *gap >= NOTICED).map(|gap| lasted(gap / 1000));
    let contradict = before.zip(after).and_then(|(b, a)| apart(b.at, a.at));
    let early = before.and_then(|b| apart(b.at, statement.at));
    let late = after.and_then(|a| apart(statement.at, a.at));
    let remark = match (contradict, early, late) {
        (Some(gap), ..) => {
            Some(format!("These two times contradict each other by {gap}: the clocks of the others differ."))
        }
        (_, Some(gap), _) => Some(format!("Its author's clock was at least {gap} behind that of the other.")),
        (_, _, Some(gap)) => {
            let stamped = after.is_some_and(|word| matches!(word.by, By::Stamp(_)));
            let other = if stamped { "the time-stamp service" } else { "the other" };
            Some(format!("Its author's clock was at least {gap} ahead of that of {other}."))
        }
        _ => None,
    };
    Proven {
        not_before: before.map(|word| bound(teller, attested, &word)),
        not_after: after.map(|word| bound(teller, attested, &word)),
        remark,
    }
}
