//! `counterpart prove`

use counterpart_core::{
    act::{Act, Proof},
    graph::Ix,
    receipt::SignedReceipt,
    record::DraftError,
};
use counterpart_node::{Desk, DeskError, HeldStamp};

use super::EntryArg;
use crate::{
    case::OpenCase,
    confirm as signing,
    error::{CommandError, Done},
    references::Target,
    session::Session,
};

/// Put on record the others' signed receipts for an entry, so that its delivery counts for everybody
///
/// A receipt says: we had stored everything up to here, at that time. Each device's first receipt for the entry is
/// taken, because the first dates it best. With --stamp a time stamp is put on record instead, for everybody to check
/// by the root certificates they trust.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Every receipt held, not only each device's first
    #[arg(long)]
    all: bool,
    /// The earliest time stamp that covers it, in place of receipts
    #[arg(long, conflicts_with = "all")]
    stamp: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.entry(&args.target.entry)?;
    let name = case.entry_name(&target.id);
    if args.stamp {
        let act = stamp(&desk, &case, &target)?;
        return signing::sign(session, &desk, case, &act).map(drop);
    }
    let covering = receipts(&case, target.ix, args.all);
    let new: Vec<&SignedReceipt> = covering.iter().copied().filter(|r| !embedded(&case, r)).collect();
    if new.is_empty() {
        let error = CommandError::failed(match covering.len() {
            0 => format!("nobody else has sent a receipt for {name} yet"),
            _ => format!("every receipt held for {name} is on record already"),
        });
        return Err(error.hint("a receipt comes with a connection, once their node has stored the entry"));
    }
    let prove =
        |r: &&SignedReceipt| Act::Prove { what: Proof::Receipt, data: r.bytes().to_vec(), about: Some(target.id) };
    let acts: Vec<Act> = new.iter().map(prove).collect();
    signing::sign_all(session, &desk, case, &acts).map(drop)
}

/// The earliest time stamp that covers an entry, unless it is on record.
fn stamp(desk: &Desk, case: &OpenCase, target: &Target) -> Done<Act> {
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
            .hint(format!("ask for one: counterpart stamp {}", case.short())));
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
            .hint("a receipt of the other side proves it: counterpart prove without --stamp"));
    }
    Ok(act)
}

/// Largest proof that an act may hold, in bytes.
const MAX_PROOF: usize = 30_000;

/// Receipts of other parties that cover an entry: each device's earliest, or all; oldest first.
fn receipts(case: &OpenCase, entry: Ix, all: bool) -> Vec<&SignedReceipt> {
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
