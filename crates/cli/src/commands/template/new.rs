//! `counterpart template new`

use serde_json::json;

use crate::{
    error::{CommandError, Done},
    render::line,
    session::Session,
    template::{self, BLANK, BUILT_IN, find, is_name, name_at},
};

/// Make a template of your own: a file with comments, to be changed in an editor
///
/// It is written into the templates folder of your home, never over another. A template of yours with the name of a
/// built-in one is taken instead of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it is to be called: lower-case words with dashes between, such as late-parcel
    name: String,
    /// Begin with a copy of this template, by name or path
    #[arg(long, value_name = "NAME")]
    like: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if !is_name(&args.name) {
        let message = format!("'{}' is not a name for a template", args.name);
        let error = CommandError::usage(message);
        return Err(error.hint("write lower-case words of a to z and digits, with dashes between, such as late-parcel"));
    }
    let terminal = session.terminal;
    let home = session.home()?;
    let text = match &args.like {
        None => BLANK.to_owned(),
        Some(like) => {
            let found = find(&home, like)?;
            found.template(terminal.columns())?;
            String::from_utf8(found.bytes).map_err(|e| CommandError::failed(e.to_string()))?
        }
    };
    let path = template::write_new(&home, &args.name, &renamed(&text, &args.name))?;
    if terminal.json {
        return terminal.json(&json!({"schema": "counterpart/template-new/1", "name": args.name, "file": path}));
    }
    terminal.data(&path.display().to_string())?;
    if BUILT_IN.iter().any(|(name, _)| *name == args.name) {
        terminal.say(&format!("From now on this is taken instead of the built-in {}.", line(&args.name)));
    }
    let name = &args.name;
    terminal.say("Change it in an editor, then:");
    terminal.say(&format!("  counterpart template check {name}"));
    terminal.say(&format!("  counterpart new --from {name} --with \"Acme Ltd\""));
    Ok(())
}

/// The file under another name; everything else, comments too, stays.
fn renamed(text: &str, name: &str) -> String {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let parts = name_at(text).and_then(|span| Some((text.get(..span.start)?, text.get(span.end..)?)));
    match parts {
        Some((before, after)) => format!("{before}\"{name}\"{after}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_changes() {
        let text = "# name = \"x\"\ntemplate = 1\nname = 'old' # its name\ntitle = \"name\"\n";
        let new = renamed(text, "new");
        assert_eq!(new, "# name = \"x\"\ntemplate = 1\nname = \"new\" # its name\ntitle = \"name\"\n");
    }

    #[test]
    fn what_a_template_begins_as_is_good() {
        let text = renamed(BLANK, "late-parcel");
        let read = template::read(text.as_bytes()).expect("no problems");
        assert_eq!(read.name, "late-parcel");
    }
}
