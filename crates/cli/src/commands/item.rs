//! `counterpart item`

use counterpart_core::act::Act;

use super::{CaseArg, act, remark};
use crate::{
    error::Done,
    item_value::{self, Here},
    session::{Session, typed},
};

/// State a fact as you have it: a price, a date, an address, a meter reading
///
/// Each side states its own; where they differ, both are shown side by side. `counterpart propose --item` agrees one.
/// Addresses, telephone numbers and e-mail addresses are kept beside the record, so that they can be erased later.
///
/// Of a list, part the entries by semicolons or give several values: --type list:date "2026-01-03; 2026-02-03".
/// Of a record, part the fields by commas, each NAME=VALUE or NAME=VALUE:TYPE: --type list:record
/// "date=2026-01-03:date, kwh=4210:integer; date=2026-02-03, kwh=4398". A check list: --type check-list
/// `[x] worktop; [ ] first fix`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What the fact is called, such as price
    key: String,
    /// What it is, such as 24.99
    #[arg(allow_hyphen_values = true, required_unless_present = "json_value")]
    value: Option<String>,
    /// Further entries of a list
    #[arg(value_name = "VALUE")]
    more: Vec<String>,
    /// Its type: text, integer, decimal, decimal:UNIT, money, money:CURRENCY, date, time, duration, yes-no, choice,
    /// choice:A|B, address, phone, e-mail, link, file, list, list:TYPE, list:record, record or check-list [default: text]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The value as JSON instead, for whatever nests deeper
    #[arg(long, value_name = "JSON", conflicts_with_all = ["value", "more", "kind"])]
    json_value: Option<String>,
    /// A longer name for people
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// A remark to go with it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| {
        let here = Here { zone: case.zone(), now: case.now, file: crate::attachment::read_item };
        let value = match &args.json_value {
            Some(json) => item_value::from_json(json, here)?,
            None => {
                let values: Vec<String> = args.value.iter().chain(&args.more).cloned().collect();
                item_value::stated(args.kind.as_deref(), &values, here)?
            }
        };
        Ok(Act::Item {
            key: typed("the item's name", &args.key)?,
            value,
            label: remark("the label", args.label.as_ref())?,
            note: remark("the note", args.note.as_ref())?,
        })
    })
}
