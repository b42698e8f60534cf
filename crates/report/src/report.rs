//! The report's data: everything the page says, ready to be set or given to a program.

use counterpart_core::{
    act::Act,
    fold::SubjectKey,
    id::{CaseId, EntryId, PartyId, ReceiptId, short_form},
    keylog::RevokeReason,
    text,
    value::Sealable,
    view::{CaseState, EndedDevice, Ending, Responsible},
};

use counterpart_evidence::proof::{Proof, Shape, proofs};

use crate::{
    actions::{Action, Matter, actions, matters},
    attested::Attestations,
    clock::Time,
    clocks::clocks,
    contacts::{Contacts, contacts},
    facts::{File, Item, files, items},
    gaps::gaps,
    lanes::{Order, Picture, picture},
    sealed::{Beside, beside},
    source::{Bundle, Source},
    stamped::{Stamp, stamps},
    teller::Teller,
    timeline::{Line, timeline},
    value::{SEALED, hex},
    words::{EntryName, Words, count, say},
};

/// One seat, and who sits there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub who: String,
    /// What is told where the seat's name cannot be read here.
    pub nameless: Option<Words>,
    pub role: &'static str,
    /// Nobody while the seat is open.
    pub id: Option<PartyId>,
    pub short: Option<String>,
    /// "joined on ...", "let in, not joined", "nobody has taken this seat".
    pub state: Words,
    /// Entries it signed.
    pub signed: usize,
    pub receipts: usize,
    /// Entries by others that nothing it signed covers.
    pub lacks: usize,
    /// Entries by others that only its mailbox signed for having.
    pub at_mailbox: usize,
    /// Who acts for it by its own cards and hand-overs.
    pub people: Vec<Words>,
    /// Its devices that signed here and whose rights ended.
    pub ended: Vec<Words>,
    pub holder: bool,
}

/// How often something became of what a party promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallied {
    /// As the promise ledger calls it.
    pub word: &'static str,
    pub count: usize,
    pub actions: Words,
}

/// The promise ledger of one seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    pub who: String,
    /// In the order of the ledger, none left out.
    pub tallies: Vec<Tallied>,
}

impl Ledger {
    /// How often what it was only said to promise was missed: told beside the latter, not in a column of its own.
    #[must_use]
    pub fn alleged_missed(&self) -> usize {
        self.tallies.iter().find(|tally| tally.word == "alleged_missed").map_or(0, |tally| tally.count)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tallies.iter().all(|tally| tally.count == 0)
    }
}

/// Something that a reader must know before relying on a party's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// For programs: `two_statements`, `two_key_events`, `receipt_contradicted`, `past_omitted`, and for a device whose
    /// rights ended `compromised`, `taken_back`.
    pub shape: &'static str,
    pub party: PartyId,
    pub head: Words,
    pub says: Words,
}

/// An entry that no other rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub name: EntryName,
    pub id: EntryId,
}

/// The file that the report was made from, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFrom {
    /// What the file is called.
    pub name: String,
    /// Hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    pub exporter: String,
    pub party: PartyId,
    /// The short form of the device that signed it.
    pub device: String,
    /// By the exporter's clock.
    pub exported: Time,
}

/// Everything the report says.
#[derive(Debug, Clone)]
pub struct Report {
    pub case: CaseId,
    pub short: String,
    pub title: String,
    pub about: Option<Words>,
    pub zone: String,
    /// open, closed or reopened.
    pub state: &'static str,
    /// Which entry closed it.
    pub closed_by: Option<EntryName>,
    pub opened: Time,
    pub opener: String,
    pub made: Time,
    /// Whose copy it was made from.
    pub holder: Option<String>,
    pub entries: usize,
    pub receipts: usize,
    /// The file it was made from, where it was not a home's copy.
    pub bundle: Option<MadeFrom>,
    pub heads: Vec<Head>,
    pub parties: Vec<Party>,
    pub actions: Vec<Action>,
    pub ledgers: Vec<Ledger>,
    /// How agreed service clocks stood when it was made: a line each.
    pub clocks: Vec<Words>,
    pub matters: Vec<Matter>,
    pub picture: Picture,
    pub timeline: Vec<Line>,
    pub contacts: Contacts,
    /// Whose values stand in the columns of the items.
    pub stated_by: Vec<String>,
    pub items: Vec<Item>,
    pub files: Vec<File>,
    /// Sealed values that are laid open in it, counted.
    pub laid_open: usize,
    /// What is kept beside the record and was erased somewhere, or is not here.
    pub beside: Vec<Beside>,
    /// The time stamps over it, the oldest first.
    pub stamps: Vec<Stamp>,
    pub alarms: Vec<Alarm>,
    pub gaps: Vec<Words>,
}

impl Report {
    /// The report of a record; nothing while the case's opening has not arrived.
    #[must_use]
    pub fn of(source: &Source<'_>) -> Option<Self> {
        let teller = Teller::of(source)?;
        let record = source.record;
        let (open_ix, open) = record.lens().open()?;
        let about = match teller.laid_open(open_ix) {
            Act::Open(open) => open.about.map(|text| teller.said(&text)),
            _ => None,
        };
        let attested = Attestations::of(record, source.stamps);
        let timeline = timeline(&teller, &attested);
        let actions = actions(&teller, &attested);
        let (stated_by, items) = items(&teller);
        let files = files(&teller);
        let (laid_open, beside) = beside(&teller);
        let closed_by = match teller.view.state {
            CaseState::Open => None,
            CaseState::Closed(ix) | CaseState::Reopened(ix) => Some(teller.name(ix)),
        };
        let heads = teller.view.heads.iter().map(|id| Head { name: teller.entry(id), id: *id }).collect();
        Some(Self {
            case: teller.view.case,
            short: short_form(teller.view.case.as_bytes()),
            title: text::visible_line(&open.title).into_owned(),
            about,
            zone: text::visible_line(&open.zone).into_owned(),
            state: teller.view.state.as_str(),
            closed_by,
            opened: teller.time(record.graph().statement(open_ix).at),
            opener: teller.party(&teller.view.opener),
            made: teller.time(source.made_at),
            holder: source.holder.map(|party| teller.party(&party)),
            entries: teller.view.entries,
            receipts: record.receipts().len(),
            bundle: source.bundle.map(|bundle| made_from(&teller, bundle)),
            heads,
            parties: parties(&teller, &attested, source.holder),
            ledgers: ledgers(&teller),
            clocks: clocks(&teller),
            matters: matters(&teller, &attested),
            picture: picture(&teller, &actions, Order::Steps),
            contacts: contacts(&teller),
            stated_by,
            items,
            laid_open,
            beside,
            stamps: stamps(&teller, source.stamps),
            alarms: alarms(&teller, &attested),
            gaps: gaps(&teller, &attested, &timeline, &files),
            files,
            actions,
            timeline,
        })
    }

    /// The lines that change nothing, with the reason.
    pub fn without_effect(&self) -> impl Iterator<Item = &Line> {
        self.timeline.iter().filter(|line| line.effect != crate::Effect::Effective)
    }
}

fn parties(teller: &Teller<'_>, attested: &Attestations, holder: Option<PartyId>) -> Vec<Party> {
    let (graph, lens) = (teller.record.graph(), teller.lens());
    let people = teller.record.people(&teller.view);
    let ended = teller.record.ended_devices();
    let mut told = Vec::new();
    for seat in &teller.view.seats {
        let responsible = people.iter().find(|p| p.seat == seat.seat).map_or(&[][..], |p| &p.responsible);
        let people: Vec<Words> = responsible
            .iter()
            .filter_map(|one| Some(responsible_name(teller, one)?.say(", by ").entry(teller.name(one.entry))))
            .collect();
        let label = || teller.label(&seat.seat).unwrap_or_else(|| seat.seat.to_string());
        let nameless = teller.nameless(&seat.seat);
        if seat.parties.is_empty() {
            told.push(Party {
                who: label(),
                nameless: nameless.clone(),
                role: seat.role.as_str(),
                id: None,
                short: None,
                state: say("nobody has taken this seat"),
                signed: 0,
                receipts: 0,
                lacks: 0,
                at_mailbox: 0,
                people: people.clone(),
                ended: Vec::new(),
                holder: false,
            });
        }
        for party in &seat.parties {
            let entries = graph.all().filter(|ix| graph.counts(*ix));
            let (own, others): (Vec<_>, Vec<_>) = entries.partition(|ix| graph.statement(*ix).party == *party);
            let state = match (*party == teller.view.opener, lens.joined(party), lens.has_left(party)) {
                (_, _, true) => say("has left: nothing more is delivered to them, and what they agreed to stays"),
                (true, ..) => say("opened it"),
                (_, true, _) => say("joined"),
                _ => say("let in, has not joined"),
            };
            told.push(Party {
                who: teller.party(party),
                nameless: nameless.clone(),
                role: seat.role.as_str(),
                id: Some(*party),
                short: Some(short_form(party.as_bytes())),
                state,
                signed: own.len(),
                receipts: teller.record.receipts().iter().filter(|r| r.receipt.party == *party).count(),
                lacks: others.iter().filter(|ix| !attested.holds(party, **ix)).count(),
                at_mailbox: others.iter().filter(|ix| attested.at_mailbox(party, **ix)).count(),
                people: people.clone(),
                ended: ended.iter().filter(|one| one.party == *party).map(|one| ended_words(teller, one)).collect(),
                holder: holder == Some(*party),
            });
        }
    }
    told
}

/// What the entry calls whoever is responsible by it; where that is erased, who said so.
fn responsible_name(teller: &Teller<'_>, one: &Responsible) -> Option<Words> {
    match teller.laid_open(one.entry) {
        Act::Card(card) => Some(teller.said(&card.name)),
        Act::Handover { person: Some(person), .. } => Some(teller.said(&person)),
        // As a card names them.
        _ => match one.name.as_ref()? {
            Sealable::Open(name) => Some(Words::new().quote(name)),
            Sealable::Sealed(_) => Some(say(SEALED)),
        },
    }
}

fn made_from(teller: &Teller<'_>, bundle: &Bundle) -> MadeFrom {
    MadeFrom {
        name: text::visible_line(&bundle.name).into_owned(),
        sha256: hex(&bundle.sha256),
        size: bundle.size,
        exporter: teller.party(&bundle.exporter),
        party: bundle.exporter,
        device: short_form(&bundle.device.0),
        exported: teller.time(bundle.exported_at),
    }
}

pub(crate) fn ledgers(teller: &Teller<'_>) -> Vec<Ledger> {
    let named = |keys: &[SubjectKey]| {
        let names = keys.iter().filter_map(|key| match key {
            SubjectKey::Action(id) => Some(Words::new().entry(teller.part(&id.proposal, id.index))),
            _ => None,
        });
        Words::new().joined(names, " ")
    };
    let one = |ledger: &counterpart_core::view::PromiseLedger| Ledger {
        who: teller.seat(&ledger.seat),
        tallies: ledger
            .tallies()
            .into_iter()
            .map(|(word, tally)| Tallied { word, count: tally.count, actions: named(&tally.actions) })
            .collect(),
    };
    teller.record.ledger(&teller.view, teller.due).iter().map(one).collect()
}

fn alarms(teller: &Teller<'_>, attested: &Attestations) -> Vec<Alarm> {
    let proven = proofs(teller.record).iter().map(|proof| alarm(teller, attested, proof)).collect::<Vec<_>>();
    let ended = teller.record.ended_devices();
    let warned = ended.iter().filter(|one| one.how.is_warning()).map(|one| Alarm {
        shape: one.how.as_str(),
        party: one.party,
        head: say("A key of ").who(&teller.party(&one.party)).say(" may be in wrong hands"),
        says: ended_words(teller, one).say(
            " By their own word, and at their own time. Somebody else may have signed some of that: what of it takes part \
             in an agreement counts only as far as another party had built on it before, or they say that they stand by it.",
        ),
    });
    proven.into_iter().chain(warned).collect()
}

/// "Device K7F2-..., used by “Marta Gil”: its rights ended on ... It signed #3 and #5."
fn ended_words(teller: &Teller<'_>, one: &EndedDevice) -> Words {
    const NAMED: usize = 6;
    let words = say("Device ").code(&short_form(&one.device.0));
    let words = words.maybe(one.person.as_ref(), |words, name| words.say(", used by ").then(teller.said(name)));
    let why = match one.how {
        Ending::Revoked(RevokeReason::Ended) => "ended",
        Ending::Revoked(RevokeReason::Compromised) => "ended, because its key is in wrong hands, or may be",
        Ending::TakenBack => "were taken back by a new main key",
    };
    let words = words.say(": its rights ").say(why).say(", ").at(teller.time(one.at)).say(".");
    let earlier = one.signed.len().saturating_sub(NAMED);
    let last = one.signed.iter().skip(earlier).map(|ix| Words::new().entry(teller.name(*ix)));
    match (one.signed.is_empty(), earlier) {
        (true, _) => words,
        (false, 0) => words.say(" It signed ").listed(last).say("."),
        (false, n) => words
            .say(" It signed ")
            .say(entries(&one.signed.len()))
            .say(", after the first ")
            .say(n.to_string())
            .say(": ")
            .listed(last)
            .say("."),
    }
}

/// What is proven, and what innocent reason there can be; never what it was meant for.
fn alarm(teller: &Teller<'_>, attested: &Attestations, proof: &Proof) -> Alarm {
    let who = || Words::new().who(&teller.party(&proof.party));
    let receipts = |ids: &[ReceiptId]| {
        let mut numbers: Vec<u32> = ids.iter().map(|id| attested.number(id)).collect();
        numbers.sort_unstable();
        Words::new().listed(numbers.iter().map(|n| say(format!("receipt {n}"))))
    };
    let (head, says) = match &proof.shape {
        Shape::TwoStatements(entries) => (
            say("Two histories were signed with one key of ").then(who()),
            Words::new().listed(entries.iter().map(|id| Words::new().entry(teller.entry(id)))).say(
                " stand at one position of what that key signed. A copied or restored key can do that. Both are kept; \
                 what that key signed since gives its party no new right.",
            ),
        ),
        Shape::TwoKeyEvents(_) => (
            say("The key log of ").then(who()).say(" was written in two ways"),
            say(
                "Different events stand at one position of it. Unless its main key has decided between them since, who \
                 may sign for this party is disputed. Acts are judged on the branch that they name.",
            ),
        ),
        Shape::ReceiptContradicted(ids) => (
            say("Receipts of ").then(who()).say(" do not fit each other"),
            receipts(ids).say(
                " of one device: a later one should cover all that an earlier one does, under a number of its own, and \
                 does not. A copied or restored key can do that.",
            ),
        ),
        Shape::PastOmitted { receipt, entry } => (
            say("An entry of ").then(who()).say(" leaves out what they had signed for having"),
            Words::new().entry(teller.entry(entry)).say(" does not rest on everything that ").then(receipts(&[*receipt])).say(
                " of the same device covers. It is without effect only where another party has embedded that receipt in \
                 the record.",
            ),
        ),
    };
    Alarm { shape: proof.shape.as_str(), party: proof.party, head, says }
}

/// "3 entries".
pub(crate) fn entries(n: &usize) -> String {
    count(*n, "entry", "entries")
}

/// "1 byte".
pub(crate) fn bytes(n: &u64) -> String {
    format!("{n} {}", if *n == 1 { "byte" } else { "bytes" })
}

/// "3 sealed values are".
pub(crate) fn values(n: &usize) -> String {
    count(*n, "sealed value is", "sealed values are")
}

/// "3 receipts".
pub(crate) fn receipts(n: &usize) -> String {
    count(*n, "receipt", "receipts")
}

/// The heading of a column of the promise ledger.
#[must_use]
pub fn tally_word(word: &'static str) -> &'static str {
    match word {
        "released" => "released or cancelled",
        "stopped" => "given up",
        "alleged" => "said, not agreed",
        other => other,
    }
}
