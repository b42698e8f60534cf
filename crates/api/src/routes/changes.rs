//! What came in: asked for now and then, or told as it comes.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    asked::{Answer, Asked},
    events::From,
    paging,
    problem::Problem,
    shapes::{ChangeSaid, Changes},
    table::{Gives, Operation, of},
};

pub(super) const ALL: &[Operation] = &[
    Operation::get("/changes", "list_changes", "What came into the store above a number, in order")
        .about(
            "Acts of ours and of others, receipts, joins, and what fell due, over all cases: 1, 2, 3 and so on without a gap. \
             Whoever keeps `after` of each answer and asks with it again misses nothing and gets nothing twice.",
        )
        .query(of::<Wish>)
        .answers(of::<Changes>)
        .does(list),
    Operation::get("/events", "follow", "The same as a stream of server-sent events, as it comes")
        .about("A reader that was cut off goes on with the header Last-Event-ID.")
        .query(of::<From>)
        .gives(Gives::Events),
];

/// From where on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// Only changes above this number; all where nothing is said.
    #[serde(default)]
    #[schemars(range(min = 0, max = paging::GREATEST))]
    after: u64,
    /// How many at most; 50 unless another number is asked for.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let Wish { after, limit } = asked.query()?;
    let limit = paging::limit(limit)?;
    let desk = asked.desk()?;
    let newest = desk.newest_change()?;
    let from = paging::place(after, newest)?;
    let changes: Vec<ChangeSaid> = desk.followed(from, limit)?.iter().map(ChangeSaid::of).collect();
    let last = changes.last().map_or(from, |change| change.number);
    Answer::of(&Changes { schema: "counterpart/changes/1".to_owned(), changes, after: last, newest })
}
