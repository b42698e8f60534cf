//! `counterpart aside`

use counterpart_core::id::short_form;
use counterpart_node::{InternalNote, now};
use serde_json::{Value, json};

use super::CaseArg;
use crate::{
    error::{CommandError, Done},
    render::{visible, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// Tell others of your own side something about a case; it is signed by nobody and never leaves this store
///
/// Asides are in no file of evidence, no report and nothing that is sent to anybody; your own backup holds them. Without a
/// text it shows those that are there. What the other side is to read is `counterpart note`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What the others of your side are to know
    text: Option<String>,
    /// Who says it [default: your name]
    #[arg(long = "as", value_name = "NAME", requires = "text")]
    agent: Option<String>,
    /// Take the aside of this number out
    #[arg(long, value_name = "N", conflicts_with = "text")]
    remove: Option<u64>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = desk.resolve(&args.case.case)?;
    let (terminal, short) = (session.terminal, short_form(&case.0));
    if let Some(number) = args.remove {
        if !desk.remove_aside(&case, number)? {
            return Err(CommandError::usage(format!("case {short} has no aside {number}"))
                .hint(format!("`counterpart aside {short}` shows them")));
        }
        if terminal.json {
            return terminal.json(&json!({
                "schema": "counterpart/aside-removed/1", "case": case.to_hex(), "number": number,
            }));
        }
        terminal.say(&format!("Aside {number} is gone. Backups made before may hold it."));
        return Ok(());
    }
    if let Some(text) = &args.text {
        let note = desk.write_aside(&case, args.agent.as_deref(), text, now())?;
        if terminal.json {
            let mut value = as_json(&note);
            value["schema"] = "counterpart/aside/1".into();
            value["case"] = case.to_hex().into();
            return terminal.json(&value);
        }
        terminal.data(&note.number.to_string())?;
        terminal
            .say(&format!("Kept for your own side: aside {} of case {short}. Nobody else is sent it.", note.number));
        return Ok(());
    }
    let notes = desk.asides(&case)?;
    if terminal.json {
        let asides: Vec<Value> = notes.iter().map(as_json).collect();
        return terminal.json(&json!({"schema": "counterpart/asides/1", "case": case.to_hex(), "asides": asides}));
    }
    if notes.is_empty() {
        terminal.say(&format!("Case {short} has no asides."));
        return Ok(());
    }
    terminal.data(&written(&notes, terminal.columns()))
}

/// Asides as they are shown, each behind its number.
pub(super) fn written(notes: &[InternalNote], columns: usize) -> String {
    let (zone, now) = (when::system_zone(), now());
    let one = |note: &InternalNote| {
        let head = format!("{}  ", styled(Style::Faint, &format!("{:>4}", note.number)));
        let told = format!("{}, {}: ", visible(&note.agent), when::show_short(note.at, &zone, now));
        wrapped(&head, &format!("{told}{}", crate::render::line(&note.text)), columns)
    };
    notes.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The same for programs.
pub(super) fn as_json(note: &InternalNote) -> Value {
    json!({"number": note.number, "at": note.at, "agent": note.agent, "text": note.text})
}
