//! Proofs that are put on record: others' receipts, and time stamps.

use counterpart_core::{
    act::{Act, Proof},
    graph::Ix,
    receipt::SignedReceipt,
    record::DraftError,
};
use counterpart_node::{Desk, DeskError, HeldStamp};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    references::Target,
};

/// The others' receipts for an entry that are not on record: each device's first, which dates it best, or all.
pub fn receipts(case: &OpenCase, target: &Target, all: bool) -> Done<Vec<Act>> {
    let covering = covering(case, target.ix, all);
    let new: Vec<&SignedReceipt> = covering.iter().copied().filter(|r| !embedded(case, r)).collect();
    if new.is_empty() {
        let name = case.entry_name(&target.id);
        let error = CommandError::failed(match covering.len() {
            0 => format!("nobody else has sent a receipt for {name} yet"),
            _ => format!("every receipt held for {name} is on record already"),
        });
        return Err(error.hint("a receipt comes with a connection, once their node has stored the entry"));
    }
    let prove =
        |r: &&SignedReceipt| Act::Prove { what: Proof::Receipt, data: r.bytes().to_vec(), about: Some(target.id) };
    Ok(new.iter().map(prove).collect())
}

/// The earliest time stamp that covers an entry, unless it is on record.
pub fn stamp(desk: &Desk, case: &OpenCase, target: &Target) -> Done<Act> {
    let graph = case.record.graph();
    let name = case.entry_name(&target.id);
    let covers = |stamp: &HeldStamp| {
        let heads: Vec<Ix> = stamp.kept.heads.iter().filter_map(|head| graph.find(head)).collect();
        graph.covered_by(target.ix, &heads)
    };
    let mut held = desk.stamps_over(&case.record)?;
    held.retain(|stamp| stamp.proves().is_some() && covers(stamp));
    held.sort_by_key(|stamp| stamp.proves().map(|proves| proves.at));
    let Some(first) = held.first() else {
        return Err(CommandError::failed(format!("no time stamp that you trust covers {name}"))
            .hint(format!("`counterpart stamp {}` asks for one", case.short())));
    };
    let data = first.kept.encode();
    let on_record = |ix: Ix| match case.record.fold().act(ix) {
        Act::Prove { what: Proof::TimeStamp, data: other, .. } => *other == data,
        _ => false,
    };
    if graph.all().any(on_record) {
        return Err(CommandError::failed(format!("the earliest time stamp over {name} is on record already")));
    }
    if data.len() > MAX_PROOF {
        return Err(CommandError::failed(
            "that time stamp is too large to be put on record; an export holds it all the same",
        ));
    }
    let act = Act::Prove { what: Proof::TimeStamp, data, about: Some(target.id) };
    if matches!(desk.preview(&case.record, &act, case.now), Err(DeskError::Draft(DraftError::NotJudged))) {
        let why = "it is about an offer with a time limit, and this version of the program cannot judge by a time stamp \
                   whether the answer came in time: nobody could go on with that offer";
        return Err(CommandError::failed(format!("{name}: {why}"))
            .hint("a receipt of the other side proves it: the same without --stamp")
            .in_fields("a receipt of the other side proves it: leave \"with\" out"));
    }
    Ok(act)
}

/// Largest proof that an act may hold, in bytes.
const MAX_PROOF: usize = 30_000;

/// Receipts of other parties that cover an entry: each device's earliest, or all; oldest first.
fn covering(case: &OpenCase, entry: Ix, all: bool) -> Vec<&SignedReceipt> {
    let graph = case.record.graph();
    let covers = |r: &&SignedReceipt| {
        let heads: Vec<Ix> = r.receipt.heads.iter().filter_map(|head| graph.find(head)).collect();
        r.receipt.party != case.own && graph.covered_by(entry, &heads)
    };
    let mut found: Vec<&SignedReceipt> = case.record.receipts().iter().filter(covers).collect();
    found.sort_by_key(|r| (r.receipt.at, r.receipt.device, r.receipt.number));
    let mut devices = Vec::new();
    found.retain(|r| {
        let first = !devices.contains(&r.receipt.device);
        devices.push(r.receipt.device);
        first || all
    });
    found
}

fn embedded(case: &OpenCase, receipt: &SignedReceipt) -> bool {
    let same = |ix: Ix| match case.record.fold().act(ix) {
        Act::Prove { what: Proof::Receipt, data, .. } => data == receipt.bytes(),
        _ => false,
    };
    case.record.graph().all().any(|ix| case.lens().has(ix) && same(ix))
}
