//! `counterpart template check`

use serde_json::json;

use crate::{
    error::Done,
    render::{line, listed},
    session::Session,
    template::{Origin, Problem, find},
};

/// Check a template: everything wrong with it, each with its line and column and what could stand there
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A template's name, or the path of a file such as ./mine.toml
    #[arg(value_name = "FILE|NAME")]
    template: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let terminal = session.terminal;
    let found = find(&session.home()?, &args.template)?;
    let checked = found.problems();
    if terminal.json {
        let problem =
            |p: &Problem| json!({"line": p.line, "column": p.column, "message": p.message, "instead": p.instead});
        terminal.json(&json!({
            "schema": "counterpart/template-check/1",
            "name": found.name,
            "from": found.origin.word(),
            "file": found.origin.path(),
            "good": checked.is_ok(),
            "problems": checked.as_ref().err().map(|all| all.iter().map(problem).collect::<Vec<_>>()).unwrap_or_default(),
        }))?;
    }
    let template = checked.map_err(|problems| found.refused(&problems, terminal.columns()))?;
    if terminal.json {
        return Ok(());
    }
    let counts = [
        (template.items.len(), "question"),
        (template.actions.len(), "action"),
        (template.clauses.len(), "clause"),
        (template.reminders.len(), "reminder"),
    ];
    let counted = counts.iter().filter(|(count, _)| *count > 0);
    let counted = counted.map(|(count, one)| format!("{count} {one}{}", if *count == 1 { "" } else { "s" }));
    terminal.data(&format!("{} is good: {}.", line(&template.name), listed(counted)))?;
    let from = match &found.origin {
        Origin::File(path) => crate::template::quoted(&path.display().to_string()),
        _ => found.name.clone(),
    };
    terminal.say(&format!("Next: counterpart new --from {from} --with \"Acme Ltd\""));
    Ok(())
}
