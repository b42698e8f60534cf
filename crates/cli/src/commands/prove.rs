//! `counterpart prove`

use counterpart_core::{
    act::{Act, Proof},
    graph::Ix,
    receipt::SignedReceipt,
};

use super::EntryArg;
use crate::{
    case::OpenCase,
    confirm as signing,
    error::{CommandError, Done},
    session::Session,
};

/// Put on record the others' signed receipts for an entry, so that its delivery counts for everybody
///
/// A receipt says: we had stored everything up to here, at that time. Each device's first receipt for the entry is
/// taken, because the first dates it best.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Every receipt held, not only each device's first
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.entry(&args.target.entry)?;
    let name = case.entry_name(&target.id);
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
