//! `counterpart verify`

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use counterpart_core::id::short_form;
use counterpart_evidence::{Effect, FailureKind, MAX_BUNDLE, Verdict, verify};
use serde_json::{Value, json};

use crate::{
    error::{CommandError, Done, Kind},
    progress::Progress,
    render,
    session::Session,
    when,
};

/// Check an exported case: every signature, every rule; says what is proven, by whom, and what is not
///
/// Needs no identity, no home folder and no network.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that `counterpart export` wrote
    file: PathBuf,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let terminal = session.terminal;
    let bytes = read(&args.file)?;
    let progress = Progress::new(terminal, "verifying");
    let verdict = verify(&bytes, &|done, all| progress.at(done, all));
    drop(progress);
    match verdict {
        Ok(verdict) if terminal.json => terminal.json(&as_json(&verdict)),
        Ok(verdict) => terminal.data(&in_words(&verdict)),
        Err(failure) => {
            let entry = match &failure.what {
                FailureKind::BadEntry { id: Some(id), .. } => Some(id.to_hex()),
                _ => None,
            };
            if terminal.json {
                terminal.json(&json!({
                    "schema": "counterpart/verify/1",
                    "verified": false,
                    "what": failure.what.as_str(),
                    "member": failure.member,
                    "entry": entry,
                    "message": failure.message,
                }))?;
            }
            let broken = CommandError::of(Kind::Verification, failure.message);
            Err(broken.hint("this file proves nothing as it is; ask for the original again"))
        }
    }
}

/// Reads a bundle, but no more of a file than a bundle can hold.
fn read(file: &Path) -> Done<Vec<u8>> {
    let failed = |e: std::io::Error| {
        let kind = if e.kind() == std::io::ErrorKind::NotFound { Kind::Usage } else { Kind::Failed };
        CommandError::of(kind, format!("{}: {e}", file.display()))
    };
    let most = u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    fs::File::open(file).map_err(failed)?.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// What the bundle proves, as data; times are Unix milliseconds, ids are hex.
pub(crate) fn as_json(verdict: &Verdict) -> Value {
    let entries: Vec<Value> = verdict
        .entries
        .iter()
        .map(|e| {
            let reason = match &e.effect {
                Effect::Without(reason) => Some(reason),
                _ => None,
            };
            let received: Vec<Value> =
                e.received_by.iter().map(|r| json!({"party": r.party.to_hex(), "at": r.at})).collect();
            json!({
                "id": e.id.to_hex(), "number": e.number, "party": e.party.to_hex(), "device": e.device.to_hex(),
                "kind": e.kind, "at": e.at, "effect": e.effect.as_str(), "reason": reason,
                "grade": e.grade.as_str(), "received_by": received,
            })
        })
        .collect();
    let parties: Vec<Value> = verdict
        .parties
        .iter()
        .map(|p| {
            let seats: Vec<Value> =
                p.seats.iter().map(|s| json!({"seat": s.seat.to_string(), "role": s.role.as_str(), "label": s.label})).collect();
            json!({"party": p.party.to_hex(), "seats": seats, "entries": p.entries, "receipts": p.receipts, "log_forked": p.log_forked})
        })
        .collect();
    let forks: Vec<Value> = verdict
        .forks
        .iter()
        .map(|f| {
            let branches: Vec<String> = f.branches.iter().map(|b| b.to_hex()).collect();
            json!({"party": f.party.to_hex(), "device": f.device.to_hex(), "position": f.seq, "branches": branches})
        })
        .collect();
    let tails: Vec<Value> =
        verdict.tails.iter().map(|t| json!({"party": t.party.to_hex(), "entries": t.entries.len()})).collect();
    json!({
        "schema": "counterpart/verify/1",
        "verified": true,
        "case": verdict.case.to_hex(),
        "short": short_form(&verdict.case.0),
        "title": verdict.title,
        "exported_at": verdict.exported_at,
        "heads": verdict.heads.iter().map(|h| h.to_hex()).collect::<Vec<_>>(),
        "document_heads": verdict.document_heads.iter().map(|h| h.to_hex()).collect::<Vec<_>>(),
        "parties": parties,
        "entries": entries,
        "receipts": verdict.receipts.len(),
        "forks": forks,
        "without_effect": verdict.without_effect.iter().map(|w| json!({"id": w.id.to_hex(), "number": w.number, "reason": w.reason})).collect::<Vec<_>>(),
        "not_judged": verdict.not_judged.iter().map(|n| n.to_hex()).collect::<Vec<_>>(),
        "not_received": tails,
    })
}

/// What the bundle proves, for people.
fn in_words(verdict: &Verdict) -> String {
    let name = |party: &counterpart_core::id::PartyId| {
        let found = verdict.parties.iter().find(|p| p.party == *party);
        let label = found.and_then(|p| p.seats.first()).and_then(|s| s.label.clone());
        label.map_or_else(|| short_form(&party.0), |l| render::line(&l))
    };
    let mut lines = vec![
        format!("Verified: case {} ({})", render::line(&verdict.title), short_form(&verdict.case.0)),
        format!(
            "{} entries by {} parties, every signature and every rule checked; {} receipts.",
            verdict.entries.len(),
            verdict.parties.len(),
            verdict.receipts.len()
        ),
        format!("Exported {} by the exporter's own clock.", when::show(verdict.exported_at, "UTC")),
        String::new(),
        "What is proven, and by whom:".to_owned(),
    ];
    for party in &verdict.parties {
        lines.push(format!(
            "  {} ({}) signed {} entries and {} receipts.",
            name(&party.party),
            short_form(&party.party.0),
            party.entries,
            party.receipts
        ));
    }
    for tail in &verdict.tails {
        lines.push(match tail.entries.len() {
            0 => format!("  {} signed for having received everything the others signed.", name(&tail.party)),
            n => format!("  Nothing here shows that {} received {n} of the others' entries.", name(&tail.party)),
        });
    }
    lines.push(String::new());
    lines.push(
        "What is not proven: who stands behind an identity, and any time that only its own author states.".to_owned(),
    );
    if !verdict.without_effect.is_empty() {
        lines.push(String::new());
        lines.push("Entries without effect:".to_owned());
        lines.extend(verdict.without_effect.iter().map(|w| format!("  #{}: {}", w.number, w.reason)));
    }
    if !verdict.not_judged.is_empty() {
        lines.push(format!("{} entries are of kinds that this version does not judge.", verdict.not_judged.len()));
    }
    for fork in &verdict.forks {
        lines.push(format!(
            "ALARM: {} signed two histories with one key, at position {} of its feed. Both are kept.",
            name(&fork.party),
            fork.seq
        ));
    }
    lines.join("\n")
}
