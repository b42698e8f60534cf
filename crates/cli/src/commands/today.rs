//! `counterpart today`

use counterpart_node::now;
use counterpart_process::today::{Group, Thing, next, things};
use counterpart_words::{
    json::thing,
    today::{Telling, heading},
};
use serde_json::json;

use crate::{
    calendars,
    error::Done,
    render::{line, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// What is to be done today, over all your cases: the one next thing first, with what to type for it
///
/// What is overdue, what is due within seven days, what you can do where the other side stays silent and until when, your
/// own moves, letters to be sent, mail put aside, and whom you wait for since when.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave out whom you wait for
    #[arg(long)]
    brief: bool,
}

/// The most things of a group that are shown to people; programs get all.
const SHOWN: usize = 20;

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let (terminal, now) = (session.terminal, now());
    let days: Vec<_> = desk.today(now)?.into_iter().map(|(_, day)| day).collect();
    // Mail that cannot be looked at is told by `mail` itself.
    let mail = desk.mail_aside().ok().map(|mail| mail.len());
    let mut all = things(&days, mail, now);
    if args.brief {
        all.retain(|thing| thing.group != Group::Waiting);
    }
    // Beside what was asked for: what was promised to be kept up.
    calendars::refresh(&desk, session);
    let first = next(&all);
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/today/1",
            "at": now,
            "next": first.map(thing),
            "things": all.iter().map(thing).collect::<Vec<_>>(),
        }));
    }
    if all.is_empty() {
        return terminal.data("nothing today");
    }
    let shown = Shown { zone: when::system_zone(), now, columns: terminal.columns() };
    let mut parts = Vec::new();
    match first {
        Some(thing) => parts.push(format!(
            "{}\n{}\n{}",
            styled(Style::Strong, "Next"),
            shown.thing(thing, true),
            wrapped("      ", &command(thing), shown.columns)
        )),
        None => parts.push(wrapped("", "Nothing is for you to do today.", shown.columns)),
    }
    for group in Group::ALL {
        let here: Vec<&Thing> = all.iter().filter(|thing| thing.group == group).collect();
        // What stands alone stands above already.
        if here.is_empty() || (here.len() == 1 && first.is_some_and(|next| std::ptr::eq(next, here[0]))) {
            continue;
        }
        let mut lines = vec![styled(Style::Strong, heading(group))];
        lines.extend(here.iter().take(SHOWN).map(|thing| shown.thing(thing, false)));
        if here.len() > SHOWN {
            lines.push(format!("  and {} more: --json lists them all", here.len() - SHOWN));
        }
        parts.push(lines.join("\n"));
    }
    let beyond: usize = days.iter().map(|day| day.agenda.beyond).sum();
    if beyond > 0 {
        parts
            .push(format!("Cases with very many open matters have {beyond} more: `counterpart next CASE` lists them."));
    }
    terminal.data(&parts.join("\n\n"))
}

/// What to type.
fn command(thing: &Thing) -> String {
    let quoted = |word: &String| {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        if plain { word.clone() } else { format!("\"{}\"", line(word)) }
    };
    let words: Vec<String> = thing.command.iter().map(quoted).collect();
    format!("counterpart {}", words.join(" "))
}

struct Shown {
    zone: String,
    now: i64,
    columns: usize,
}

impl Shown {
    fn thing(&self, thing: &Thing, first: bool) -> String {
        let telling = Telling { zone: &self.zone, now: self.now, commands: true };
        let (style, said) = telling.thing(thing);
        let case = thing.case.as_ref().map(|case| format!("{case}  ")).unwrap_or_default();
        let title = if thing.title.is_empty() { String::new() } else { format!("{}: ", line(&thing.title)) };
        let text = format!("{title}{}", styled(style, &said));
        let mark = if first { "  > " } else { "  " };
        wrapped(&format!("{mark}{case}"), &text, self.columns)
    }
}
