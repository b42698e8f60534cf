//! The report's data for programs. Times are Unix milliseconds, ids hexadecimal; words are as the report shows them,
//! with whatever is hidden in them made visible.

use std::path::Path;

use counterpart_report::{
    Action, Answered, Beside, Bound, Change, Contact, Effect, Erased, File, Item, Line, MadeFrom, Matter, Report,
    Signature, Stamp, Stated, Step, Term, Words,
};
use serde_json::{Value, json};

pub(super) fn report(report: &Report, file: Option<&Path>) -> Value {
    json!({
        "schema": "counterpart/report/1",
        "file": file,
        "lang": "en",
        "case": report.case.to_hex(),
        "short": report.short,
        "title": report.title,
        "zone": report.zone,
        "state": report.state,
        "opened": report.opened.at,
        "opener": report.opener,
        "made": report.made.at,
        "holder": report.holder,
        "entries": report.entries,
        "receipts": report.receipts,
        "bundle": report.bundle.as_ref().map(bundle),
        "heads": report.heads.iter().map(|h| json!({"entry": h.name.shown, "id": h.id.to_hex()})).collect::<Vec<_>>(),
        "parties": report.parties.iter().map(|p| json!({
            "who": p.who, "role": p.role, "id": p.id.map(|id| id.to_hex()), "state": p.state.plain(), "signed": p.signed,
            "receipts": p.receipts, "nameless": p.nameless.as_ref().map(Words::plain), "lacks": p.lacks, "at_mailbox": p.at_mailbox, "people": plain(&p.people), "ended_devices": plain(&p.ended), "holder": p.holder,
        })).collect::<Vec<_>>(),
        "actions": report.actions.iter().map(action).collect::<Vec<_>>(),
        "ledgers": report.ledgers.iter().map(|ledger| {
            let tallies: serde_json::Map<String, Value> = ledger
                .tallies
                .iter()
                .map(|t| (t.word.to_owned(), json!({"count": t.count, "actions": t.actions.plain()})))
                .collect();
            json!({"who": ledger.who, "tallies": tallies})
        }).collect::<Vec<_>>(),
        "clocks": plain(&report.clocks),
        "matters": report.matters.iter().map(matter).collect::<Vec<_>>(),
        "timeline": report.timeline.iter().map(line).collect::<Vec<_>>(),
        "contacts": {
            "totals": plain(&report.contacts.totals),
            "each": report.contacts.each.iter().map(contact).collect::<Vec<_>>(),
        },
        "items": report.items.iter().map(|item| self::item(report, item)).collect::<Vec<_>>(),
        "files": report.files.iter().map(self::file).collect::<Vec<_>>(),
        "laid_open": report.laid_open,
        "beside": report.beside.iter().map(beside).collect::<Vec<_>>(),
        "stamps": report.stamps.iter().map(stamp).collect::<Vec<_>>(),
        "alarms": report.alarms.iter().map(|a| json!({
            "shape": a.shape, "party": a.party.to_hex(), "head": a.head.plain(), "says": a.says.plain(),
        })).collect::<Vec<_>>(),
        "not_proven": plain(&report.gaps),
    })
}

fn plain(words: &[Words]) -> Vec<String> {
    words.iter().map(Words::plain).collect()
}

fn bundle(from: &MadeFrom) -> Value {
    json!({
        "name": from.name, "sha256": from.sha256, "size": from.size, "exporter": from.exporter,
        "party": from.party.to_hex(), "device": from.device, "exported": from.exported.at,
    })
}

fn stamp(stamp: &Stamp) -> Value {
    json!({
        "sha256": stamp.id.to_hex(),
        "status": stamp.standing,
        "at": stamp.at.as_ref().map(|at| at.at),
        "service": stamp.service,
        "accuracy_us": stamp.accuracy,
        "root": stamp.vouched.as_ref().map(|root| json!({"name": root.name, "sha256": root.sha256})),
        "heads": stamp.heads.iter().map(|head| head.shown.as_str()).collect::<Vec<_>>(),
        "covers": stamp.covers,
        "says": stamp.says.plain(),
        "on_record": stamp.on_record.iter().map(|(entry, _)| entry.shown.as_str()).collect::<Vec<_>>(),
    })
}

fn beside(one: &Beside) -> Value {
    json!({
        "entry": one.entry.shown, "who": one.who, "place": one.place, "here": one.here, "erased": erased(&one.erased),
    })
}

fn erased(all: &[Erased]) -> Vec<Value> {
    all.iter().map(|e| json!({"who": e.who, "entry": e.entry.shown, "at": e.at.at})).collect()
}

fn terms(terms: &[Term]) -> Vec<Value> {
    terms.iter().map(|t| json!({"term": t.label, "lines": plain(&t.lines)})).collect()
}

fn signatures(signatures: &[Signature]) -> Vec<Value> {
    let one = |s: &Signature| {
        let by = s.by.as_ref();
        json!({"who": s.who, "entry": by.map(|by| by.entry.shown.as_str()), "at": by.map(|by| by.at.at)})
    };
    signatures.iter().map(one).collect()
}

fn steps(steps: &[Step]) -> Vec<Value> {
    let change = |c: &Change| json!({"term": c.label, "before": plain(&c.before), "after": plain(&c.after)});
    let one = |s: &Step| {
        json!({
            "entry": s.entry.shown, "who": s.who, "at": s.at.at, "relation": s.relation.plain(), "agreed": s.agreed,
            "changes": s.changes.iter().map(change).collect::<Vec<_>>(), "same": s.same, "fate": s.fate.plain(),
        })
    };
    steps.iter().map(one).collect()
}

fn action(action: &Action) -> Value {
    json!({
        "action": action.name.shown,
        "id": format!("{}/{}", action.id.to_hex(), action.index),
        "what": action.what.plain(),
        "by": action.by.plain(),
        "for": action.for_whom.plain(),
        "due": action.due_at,
        "outcome": action.outcome.word(),
        "beside": action.badges.iter().map(|b| b.word.as_str()).collect::<Vec<_>>(),
        "state": action.state,
        "settled": action.settled,
        "happened": plain(&action.brief),
        "revision": action.revision.shown,
        "terms": terms(&action.terms),
        "signatures": signatures(&action.signatures),
        "complete_not_after": action.complete.as_ref().map(bound),
        "negotiation": steps(&action.steps),
        "entries": action.signed.iter().map(|s| s.entry.shown.as_str()).collect::<Vec<_>>(),
    })
}

fn matter(matter: &Matter) -> Value {
    json!({
        "about": matter.about.plain(),
        "state": matter.state,
        "revision": matter.revision.shown,
        "terms": terms(&matter.terms),
        "signatures": signatures(&matter.signatures),
        "complete_not_after": matter.complete.as_ref().map(bound),
        "negotiation": steps(&matter.steps),
    })
}

fn bound(bound: &Bound) -> Value {
    json!({
        "at": bound.time.at, "party": bound.party.map(|party| party.to_hex()), "by": bound.kind, "id": bound.id,
    })
}

fn line(line: &Line) -> Value {
    let reason = match &line.effect {
        Effect::Without(reason) | Effect::SetAside(reason) => Some(reason.plain()),
        Effect::Effective | Effect::NotJudged => None,
    };
    json!({
        "entry": line.name.shown,
        "number": line.number,
        "id": line.id.to_hex(),
        "party": line.party.to_hex(),
        "device": line.device.to_hex(),
        "who": line.who,
        "kind": line.kind,
        "at": line.at.at,
        "says": line.says.plain(),
        "effect": line.effect.as_str(),
        "one_of_two": line.one_of_two,
        "reason": reason,
        "grade": line.grade.word,
        "held_by": line.held_by.iter().map(|party| party.to_hex()).collect::<Vec<_>>(),
        "at_mailbox": line.at_mailbox.iter().map(|party| party.to_hex()).collect::<Vec<_>>(),
        "not_before": line.proven.not_before.as_ref().map(bound),
        "not_after": line.proven.not_after.as_ref().map(bound),
    })
}

fn contact(contact: &Contact) -> Value {
    json!({
        "entry": contact.entry.shown,
        "who": contact.who,
        "began": contact.began.at,
        "channel": contact.channel,
        "way": contact.way,
        "with": contact.with.plain(),
        "seconds": contact.lasted,
        "waited": contact.waited,
        "reference": contact.reference.as_ref().map(Words::plain),
        "menu": plain(&contact.menu),
        "summary": contact.summary.plain(),
        "promised": plain(&contact.promised),
    })
}

fn item(report: &Report, item: &Item) -> Value {
    let answers = |s: &Stated| {
        let one = |a: &Answered| {
            let how = if a.contests { "contested" } else { "acknowledged" };
            json!({"who": a.who, "entry": a.entry.shown, "how": how, "says": a.says.plain()})
        };
        s.answers.iter().map(one).collect::<Vec<_>>()
    };
    let stated = |s: &Stated| json!({"value": s.value.plain(), "entry": s.entry.shown, "answers": answers(s)});
    let by: Vec<Value> = item
        .by_column(&report.stated_by)
        .map(|(who, values)| json!({"who": who, "values": values.iter().map(stated).collect::<Vec<_>>()}))
        .collect();
    json!({
        "key": item.key,
        "label": item.label.as_ref().map(Words::plain),
        "stated": by,
        "agreed": item.agreed.as_ref().map(stated),
        "differs": item.differs,
    })
}

fn file(file: &File) -> Value {
    json!({
        "name": file.name.plain(),
        "size": file.size,
        "sha256": file.sha256,
        "media": file.media,
        "held": file.held,
        "erased": erased(&file.erased),
        "entries": file.named_in.iter().map(|(name, _)| name.shown.as_str()).collect::<Vec<_>>(),
    })
}
