//! What a copy shows, in words that mean the same on every copy: places in the graph become entry ids.

use counterpart_core::{record::Record, value::Due};

/// Everything that [`shown`] holds, and the document's heads.
pub(crate) fn digest(record: &Record) -> String {
    let document = record.document().expect("the changes make a document").heads();
    format!("{}\n{document:?}", shown(record))
}

/// The view with its states, overlays, what is in force and who is waited for; the ledger and the checkpoint; every
/// verdict and grade; who has received how much.
pub(crate) fn shown(record: &Record) -> String {
    let graph = record.graph();
    let view = record.view().map(|view| {
        let ledger = record.ledger(&view, &|due, from| match due {
            Due::At { instant, .. } => Some(*instant),
            Due::After { count, .. } => from.map(|f| f + i64::from(*count)),
        });
        named(record, &format!("{view:#?}\n{ledger:#?}\n{:#?}", record.checkpoint()))
    });
    let verdicts: Vec<String> = graph
        .ordered()
        .into_iter()
        .map(|ix| format!("{} {} {:?}", graph.node(ix).number, graph.id(ix), record.fold().verdict(ix)))
        .collect();
    let grades: Vec<String> =
        record.grades().into_iter().map(|(ix, g)| format!("{} {}", graph.id(ix), g.as_str())).collect();
    let lens = record.lens();
    let delivery: Vec<String> =
        lens.members().iter().map(|party| format!("{party} {:?}", record.delivery(party))).collect();
    let force: Vec<String> = record
        .fold()
        .all_subjects()
        .map(|key| named(record, &format!("{key:?} {:#?} {}", lens.in_force(key), lens.not_judged(key))))
        .collect();
    let mut force = force;
    force.sort_unstable();
    format!("{}\n{verdicts:#?}\n{grades:#?}\n{delivery:#?}\n{force:#?}", view.unwrap_or_default())
}

/// Replaces every place that is this copy's own by the entry's id.
fn named(record: &Record, shown: &str) -> String {
    let ids: Vec<String> = record.graph().all().map(|ix| record.graph().id(ix).to_hex()).collect();
    let squeezed: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(squeezed.len());
    let mut rest = squeezed.as_str();
    while let Some((before, after)) = rest.split_once("Ix( ") {
        let (number, after) = after.split_once(", )").expect("a place is written as one number");
        let at: usize = number.parse().expect("a place is a number");
        out.push_str(before);
        out.push_str(&ids[at]);
        rest = after;
    }
    out.push_str(rest);
    // One field a line, so that a difference is found at once.
    out.replace("}, ", "},\n")
}
