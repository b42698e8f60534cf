//! `counterpart item`

use counterpart_core::act::Act;

use super::{CaseArg, remark};
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    item_value::{self, Here},
    session::{Session, typed},
};

/// State a fact as you have it: a price, a date, an address, a meter reading
///
/// Each side states its own; where they differ, both are shown side by side. `counterpart propose --item` agrees one.
/// Addresses, telephone numbers and e-mail addresses are kept beside the record, so that they can be erased later.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What the fact is called, such as price
    key: String,
    /// What it is, such as 24.99
    #[arg(allow_hyphen_values = true, required_unless_present = "json_value")]
    value: Option<String>,
    /// Its type: text, integer, decimal, decimal:UNIT, money, money:CURRENCY, date, time, duration, yes-no, choice, address,
    /// phone, e-mail or link [default: text]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The value as JSON instead, for lists and records
    #[arg(long, value_name = "JSON", conflicts_with_all = ["value", "kind"])]
    json_value: Option<String>,
    /// A longer name for people
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// A remark to go with it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let here = Here { zone: case.zone(), now: case.now };
    let value = match (&args.value, &args.json_value) {
        (Some(value), None) => item_value::parse(args.kind.as_deref(), value, here)?,
        (None, Some(json)) => item_value::from_json(json, here)?,
        _ => return Err(CommandError::usage("write one value")),
    };
    let act = Act::Item {
        key: typed("the item's name", &args.key)?,
        value,
        label: remark("the label", args.label.as_ref())?,
        note: remark("the note", args.note.as_ref())?,
    };
    confirm::sign(session, &desk, case, &act).map(drop)
}
