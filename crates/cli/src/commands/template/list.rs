//! `counterpart template list`

use serde_json::json;

use crate::{
    error::Done,
    render::{line, padded, wrapped},
    session::Session,
    template::{Found, Origin, all},
    terminal::{Style, styled},
};

/// List the templates: those that come with the program, and your own
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let terminal = session.terminal;
    let found = all(&session.home()?)?;
    if terminal.json {
        let templates: Vec<_> = found.iter().map(as_json).collect();
        return terminal.json(&json!({"schema": "counterpart/templates/1", "templates": templates}));
    }
    let width = found.iter().map(|f| f.name.len()).max().unwrap_or(0);
    let mut lines = Vec::with_capacity(found.len());
    for one in &found {
        let (name, columns) = (format!("{}  ", padded(&one.name, width)), terminal.columns());
        let mut text = match one.problems() {
            Ok(template) => line(first_sentence(&template.about)),
            Err(problems) => {
                let count =
                    if problems.len() == 1 { "1 error".to_owned() } else { format!("{} errors", problems.len()) };
                styled(Style::Bad, &format!("has {count}: counterpart template check {}", one.name))
            }
        };
        text.push_str(&styled(Style::Faint, &format!(" ({})", line(&one.origin.in_words()))));
        lines.push(wrapped(&name, &text, columns));
    }
    terminal.data(&lines.join("\n"))?;
    terminal.say("");
    terminal.say("Read one: counterpart template show NAME. Use one: counterpart new --from NAME --with \"Acme Ltd\".");
    Ok(())
}

fn first_sentence(about: &str) -> &str {
    about.match_indices(". ").find_map(|(at, _)| about.get(..=at)).unwrap_or(about)
}

fn as_json(found: &Found) -> serde_json::Value {
    let read = found.problems();
    let template = read.as_ref().ok();
    json!({
        "name": found.name,
        "title": template.map(|t| &t.title),
        "about": template.map(|t| &t.about),
        "version": template.map(|t| t.version),
        "country": template.and_then(|t| t.country.as_ref()),
        "from": found.origin.word(),
        "file": found.origin.path(),
        "instead_of_built_in": matches!(found.origin, Origin::Own { instead_of_built_in: true, .. }),
        "problems": read.as_ref().err().map_or(0, Vec::len),
    })
}
