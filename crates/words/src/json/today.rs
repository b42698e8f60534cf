//! What is to be done today, for programs.

use counterpart_process::today::{Matter, Thing};
use serde_json::{Value as Json, json};

/// One thing of `counterpart/today/1`.
pub fn thing(thing: &Thing) -> Json {
    let matter = match &thing.matter {
        Matter::Due(due) => json!({"due": due}),
        Matter::Clock(clock) => json!({"clock": clock}),
        Matter::Wait(wait) => json!({"wait": wait}),
        Matter::Step { line, standing } => json!({"step": {
            "name": line.id, "what": line.what, "to": line.to, "standing": standing.as_str(),
            "opens": {"at": line.opens.0, "safe": line.opens.1},
            "until": line.until.map(|(at, safe)| json!({"at": at, "safe": safe})),
        }}),
        Matter::Letter(letter) => json!({"letter": {
            "kind": letter.kind, "about": letter.about, "what": letter.what, "state": letter.state.as_str(),
            "due": letter.due, "trouble": letter.trouble,
        }}),
        Matter::Mail(count) => json!({"messages": count}),
    };
    let mut value = json!({
        "group": thing.group.as_str(),
        "case": thing.case,
        "title": thing.title,
        "at": thing.at,
        "command": std::iter::once("counterpart").chain(thing.command.iter().map(String::as_str)).collect::<Vec<_>>(),
    });
    if let (Json::Object(value), Json::Object(matter)) = (&mut value, matter) {
        value.extend(matter);
    }
    value
}
