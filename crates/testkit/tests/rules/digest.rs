//! What a copy shows, in words that mean the same on every copy: places in the graph become entry ids.

use counterpart_core::record::Record;

/// The view, every verdict and the document's heads.
pub(crate) fn digest(record: &Record) -> String {
    let graph = record.graph();
    let view = record.view().map(|view| named(record, &format!("{view:#?}")));
    let verdicts: Vec<String> = graph
        .ordered()
        .into_iter()
        .map(|ix| format!("{} {} {:?}", graph.node(ix).number, graph.id(ix), record.fold().verdict(ix)))
        .collect();
    let grades: Vec<String> =
        record.grades().into_iter().map(|(ix, g)| format!("{} {}", graph.id(ix), g.as_str())).collect();
    let document = record.document().expect("the changes make a document").heads();
    format!("{}\n{verdicts:#?}\n{grades:#?}\n{document:?}", view.unwrap_or_default())
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
