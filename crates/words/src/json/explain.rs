//! What programs read of `next`, `why`, `people` and `ledger`.

use counterpart_core::{
    act::Card,
    fold::Verdict,
    graph::Ix,
    value::Sealable,
    view::{
        Bound, Checkpoint, EndedDevice, Evidence, Follows, Move, PromiseLedger, Question, Responsible, SeatPeople, Why,
        WhyStep,
    },
};
use counterpart_node::Check;
use serde_json::{Map, Value as Json, json};

use super::{named, named_ix, party, seat, text};
use crate::{
    case::OpenCase,
    render::{
        self, Speech,
        outlook::{Side, Signable},
    },
    stamped::Proof,
};

/// `counterpart/next/1`: per side what is waited for, and which acts are possible.
pub fn next(case: &OpenCase, sides: &[Side]) -> Json {
    let side = |side: &Side| {
        let awaited = side.awaited.iter().map(|a| {
            json!({
                "expected": a.waiting.expected.as_str(),
                "about": a.waiting.about.as_ref().map(|id| named(case, id)),
                "since": a.waiting.since,
                "text": render::outlook::awaited_in_words(case, &a.waiting),
                "moves": moves(case, &a.moves),
                "commands": render::outlook::erasing(case, &a.waiting),
                "acts": render::outlook::erasing_acts(case, &a.waiting).iter().map(signable).collect::<Vec<_>>(),
                "if_nothing": a.follows.iter().map(|f| follows(case, f)).collect::<Vec<_>>(),
                "if_nothing_text": render::outlook::follows_in_words(case, a, true).join(" "),
            })
        });
        json!({
            "seat": seat(&side.seat),
            "label": case.seat_label(&side.seat),
            "party": side.party.map(|p| p.to_hex()),
            "own": side.own,
            "waiting": awaited.collect::<Vec<_>>(),
            "other_moves": moves(case, &side.others),
        })
    };
    json!({
        "schema": "counterpart/next/1",
        "case": case.id.to_hex(),
        "state": case.view().state.as_str(),
        "sides": sides.iter().map(side).collect::<Vec<_>>(),
        "contested": render::contested(case).iter().map(|entry| contested(case, entry)).collect::<Vec<_>>(),
    })
}

/// An entry, and what the others say against it.
fn contested(case: &OpenCase, entry: &render::Contested) -> Json {
    json!({
        "entry": named(case, &entry.id),
        "kind": entry.kind,
        "party": party(case, &entry.party),
        "text": entry.text,
        "says": entry.said,
    })
}

/// An act to be signed, and the places in it that whoever signs it fills in.
fn signable(signable: &Signable) -> Json {
    json!({"act": signable.act, "fill_in": signable.fill_in})
}

fn moves(case: &OpenCase, moves: &[Move]) -> Vec<Json> {
    let one = |m: &Move| {
        let reference = render::outlook::reference(case, m);
        let act = render::outlook::act(case, m);
        json!({
            "move": m.step.as_str(),
            "of": case.subject_name(&m.key),
            "about": named(case, &m.about),
            "subject": m.subject,
            "text": render::outlook::in_words(m.step, &reference),
            // Nothing where no command makes it.
            "command": render::outlook::is_typed(case, m).then(|| render::outlook::command(case, m.step, &reference)),
            "act": act.as_ref().map(|signable| &signable.act),
            "fill_in": act.as_ref().map(|signable| &signable.fill_in),
        })
    };
    moves.iter().map(one).collect()
}

fn follows(case: &OpenCase, follows: &Follows) -> Json {
    match follows {
        Follows::Nothing => json!({"follows": "nothing"}),
        Follows::OfferEnds { at } => json!({"follows": "offer_ends", "at": at}),
        Follows::Due { key, at, recorded } => {
            json!({"follows": "due", "of": case.subject_name(key), "at": at, "miss_recorded": recorded})
        }
        Follows::Consequence { key, text: written } => {
            json!({"follows": "consequence", "of": case.subject_name(key), "text": text(written)})
        }
        Follows::Deemed { from, count, unit } => {
            json!({"follows": "deemed", "from": from, "count": count, "unit": unit.as_str()})
        }
    }
}

/// `counterpart/why/1`: the acts behind something, oldest first, and what follows from them.
pub fn why(case: &OpenCase, why: &Why) -> Json {
    let of = match &why.question {
        Question::Subject(key) => json!({"subject": case.subject_name(key)}),
        Question::Entry(ix) => json!({"entry": named_ix(case, *ix)}),
    };
    json!({
        "schema": "counterpart/why/1",
        "case": case.id.to_hex(),
        "of": of,
        "state": why.state.map(|s| s.as_str()),
        "steps": why.steps.iter().map(|s| step(case, s)).collect::<Vec<_>>(),
        "conclusion": render::conclusion(case, why),
    })
}

fn step(case: &OpenCase, step: &WhyStep) -> Json {
    let speech = Speech::of_case(case);
    let bound = |bound: &Option<Bound>| {
        bound.as_ref().map(|b| {
            let (by, entry) = match b.by {
                Evidence::Entry(ix) => ("entry", Some(named_ix(case, ix))),
                Evidence::Receipt(_) => ("receipt", None),
            };
            json!({"at": b.at, "party": party(case, &b.party), "by": by, "entry": entry})
        })
    };
    let effect = match &step.verdict {
        Verdict::Effective if step.counts => "effective",
        Verdict::Effective => "set aside",
        Verdict::Without(_) => "without effect",
        Verdict::NotJudged => "not judged",
    };
    json!({
        "entry": named_ix(case, step.entry),
        "kind": case.record.graph().statement(step.entry).kind,
        "text": render::sentence(&speech.telling(step.entry), &case.party_label(&step.party), &case.record.laid_open(step.entry)),
        "party": party(case, &step.party),
        "person": step.person.as_ref().map(text),
        "device": step.device.to_hex(),
        "device_ended": case.record.ended(&step.party, &step.device).map(|(how, at)| json!({"at": at, "reason": how.as_str()})),
        "at": step.at,
        "not_before": bound(&step.proven.not_before),
        "not_after": bound(&step.proven.not_after),
        "time_proven": case.stamps.over(step.entry).map(Proof::as_json),
        "effect": effect,
        "reason": render::remark(step),
    })
}

/// `counterpart/people/1`: who is responsible on each side, and how to reach them.
pub fn people(case: &OpenCase, people: &[SeatPeople], checks: &[Check]) -> Json {
    let ended = case.record.ended_devices();
    let one = |at: &SeatPeople| {
        let sitting = case.seats.iter().find(|s| s.seat == at.seat).map_or(&[][..], |s| &s.parties);
        let ended = ended.iter().filter(|device| sitting.contains(&device.party));
        let cards =
            at.cards.iter().map(|c| json!({"entry": named_ix(case, c.entry), "at": c.at, "card": card(&c.card)}));
        let handovers = at.handovers.iter().map(|h| {
            json!({
                "entry": named_ix(case, h.entry),
                "at": h.at,
                "from_device": h.from.map(|d| d.to_hex()),
                "to_device": h.to.to_hex(),
                "person": h.person.as_ref().map(text),
                "summary": text(&h.summary),
            })
        });
        let noted = at.noted.iter().map(|n| {
            json!({
                "person": n.person.as_ref().map(text),
                "numbers": n.numbers.iter().map(text).collect::<Vec<_>>(),
                "last": n.last,
                "contacts": n.contacts.iter().map(|ix| named_ix(case, *ix)).collect::<Vec<_>>(),
            })
        });
        json!({
            "seat": seat(&at.seat),
            "label": case.seat_label(&at.seat),
            "party": at.party.map(|p| p.to_hex()),
            "own": case.is_own_seat(&at.seat),
            "check_number": at.party.as_ref().map(render::check_number),
            "checked": checks.iter().find(|c| Some(c.party) == at.party).map(|c| json!({"by": c.by.as_str(), "at": c.at})),
            "responsible": at.responsible.iter().map(|r| responsible(case, r)).collect::<Vec<_>>(),
            "cards": cards.collect::<Vec<_>>(),
            "ended_devices": ended.map(|device| ended_device(case, device)).collect::<Vec<_>>(),
            "handovers": handovers.collect::<Vec<_>>(),
            "noted_in_contacts": noted.collect::<Vec<_>>(),
        })
    };
    json!({
        "schema": "counterpart/people/1",
        "case": case.id.to_hex(),
        "sides": people.iter().map(one).collect::<Vec<_>>(),
    })
}

fn responsible(case: &OpenCase, responsible: &Responsible) -> Json {
    json!({
        "name": responsible.name.as_ref().map(text),
        "since": responsible.since,
        "entry": named_ix(case, responsible.entry),
        "device": responsible.device.map(|d| d.to_hex()),
        "card": responsible.card.as_ref().map(card),
        "other_card": responsible.other.as_ref().map(|other| json!({
            "entry": named_ix(case, other.entry),
            "at": other.at,
            "card": card(&other.card),
        })),
    })
}

/// A device whose rights ended: when, why (`ended`, `compromised`, `taken_back`), and what it signed.
fn ended_device(case: &OpenCase, ended: &EndedDevice) -> Json {
    let entries = |list: &[Ix]| list.iter().map(|ix| named_ix(case, *ix)).collect::<Vec<_>>();
    json!({
        "device": ended.device.to_hex(),
        "person": ended.person.as_ref().map(text),
        "at": ended.at,
        "reason": ended.how.as_str(),
        "signed": entries(&ended.signed),
        "contested": entries(&ended.contested),
    })
}

fn card(card: &Card) -> Json {
    let field = |value: &Option<Sealable>| value.as_ref().map(text);
    json!({
        "name": text(&card.name),
        "function": field(&card.function),
        "phone": field(&card.phone),
        "email": field(&card.email),
        "hours": field(&card.hours),
        "device": card.device.map(|d| d.to_hex()),
    })
}

/// `counterpart/ledger/1`: the promise ledger of every side.
pub fn ledger(case: &OpenCase) -> Json {
    json!({ "schema": "counterpart/ledger/1", "case": case.id.to_hex(), "sides": ledgers(case) })
}

/// The promise ledger by seat; also part of `show`.
pub(super) fn ledgers(case: &OpenCase) -> Vec<Json> {
    let one = |ledger: &PromiseLedger| {
        let mut fields = Map::new();
        fields.insert("seat".to_owned(), seat(&ledger.seat));
        fields.insert("label".to_owned(), json!(case.seat_label(&ledger.seat)));
        fields.insert("party".to_owned(), json!(ledger.party.map(|p| p.to_hex())));
        for (word, tally) in ledger.tallies() {
            let actions: Vec<String> = tally.actions.iter().map(|key| case.subject_name(key)).collect();
            fields.insert(word.to_owned(), json!({"count": tally.count, "actions": actions}));
        }
        Json::Object(fields)
    };
    render::ledgers(case).iter().map(one).collect()
}

/// How far the signatures of all joined parties reach; part of `show`.
pub(super) fn checkpoint(case: &OpenCase, checkpoint: &Checkpoint) -> Json {
    json!({
        "entries": checkpoint.entries,
        "heads": checkpoint.heads.iter().map(|id| named(case, id)).collect::<Vec<_>>(),
        "behind": checkpoint.behind,
        "parties": checkpoint.parties.iter().map(|p| party(case, p)).collect::<Vec<_>>(),
    })
}

/// The most of them that an answer lists.
const MOST_PUT: usize = 200;

/// What others noted before we were there, which waits for our word: part of `counterpart/show/1`.
pub fn put_to_you(case: &OpenCase) -> Vec<Json> {
    let one = |put: &render::Put| {
        json!({
            "ref": put.name,
            "entry": put.id.to_hex(),
            "kind": put.kind,
            "text": put.text,
            "grade": put.grade.as_str(),
            "promise": put.promise,
        })
    };
    render::put_to_us(case, MOST_PUT).iter().map(one).collect()
}
