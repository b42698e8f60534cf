//! `counterpart today`

use counterpart_node::now;
use counterpart_process::today::{Group, LetterDay, Matter, StepDay, Thing, next, things};
use serde_json::{Value as Json, json};

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
            "next": first.map(as_json),
            "things": all.iter().map(as_json).collect::<Vec<_>>(),
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

fn heading(group: Group) -> &'static str {
    match group {
        Group::Overdue => "Overdue",
        Group::Soon => "Due within seven days",
        Group::Steps => "If they stay silent",
        Group::Yours => "Your move",
        Group::Letters => "Letters",
        Group::Mail => "Mail put aside",
        Group::Waiting => "Waiting for others",
    }
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
        let (style, said) = self.said(thing);
        let case = thing.case.as_ref().map(|case| format!("{case}  ")).unwrap_or_default();
        let title = if thing.title.is_empty() { String::new() } else { format!("{}: ", line(&thing.title)) };
        let text = format!("{title}{}", styled(style, &said));
        let mark = if first { "  > " } else { "  " };
        wrapped(&format!("{mark}{case}"), &text, self.columns)
    }

    fn said(&self, thing: &Thing) -> (Style, String) {
        let away = |at: i64| when::distance(at, self.now);
        let short = |at: i64| when::show_short(at, &self.zone, self.now);
        match &thing.matter {
            Matter::Due(due) => {
                let who = if due.mine { "you".to_owned() } else { line(&due.who) };
                let what = due.what.as_ref().map_or_else(|| "sealed".to_owned(), |what| line(what));
                let said = match (due.said, due.mine) {
                    (false, _) => "",
                    (true, false) => " (as they said; not agreed)",
                    (true, true) => " (as the other side noted it; not agreed)",
                };
                let style = if due.at < self.now { Style::Bad } else { Style::Warn };
                let about = &due.about;
                (style, format!("{who}: {what} (#{about}){said}; due {}, {}", short(due.at), away(due.at)))
            }
            Matter::Wait(wait) => {
                let about = wait.about.as_ref().map(|n| format!(" #{n}")).unwrap_or_default();
                let what = wait.what.as_ref().map(|what| format!(" \"{}\"", line(what))).unwrap_or_default();
                let since = format!("since {}", short(wait.since));
                if wait.mine {
                    return (Style::Warn, format!("{}{about}{what}, {since}", your_move(&wait.expected)));
                }
                (Style::Faint, format!("{}: {}{about}{what}, {since}", line(&wait.who), their_move(&wait.expected)))
            }
            Matter::Step { line: step, standing } => {
                let to = step.to.as_ref().map(|to| format!(", to {}", line(to))).unwrap_or_default();
                let what = format!("{}{to}", line(&step.what));
                let until = step.until.map(|(until, safe)| {
                    if safe < until {
                        format!("until {} (to be safe, by {})", short(until), short(safe))
                    } else {
                        format!("until {}, {}", short(until), away(until))
                    }
                });
                let until = until.unwrap_or_else(|| "no end is noted".to_owned());
                let (opens, surely) = step.opens;
                match standing {
                    StepDay::Soon => (Style::Faint, format!("{what}: from {}, {}", short(opens), away(opens))),
                    StepDay::OpenAsClaimed => (
                        Style::Warn,
                        format!("{what}: can be taken by your own dates; by what is proven from {}", short(surely)),
                    ),
                    StepDay::Open => (Style::Warn, format!("{what}: can be taken, {until}")),
                    StepDay::Ends => (Style::Bad, format!("{what}: ends soon, {until}")),
                    StepDay::PerhapsOver => (Style::Bad, format!("{what}: do it at once, {until}")),
                    StepDay::Over => (Style::Bad, format!("{what}: its time is over, {until}")),
                }
            }
            Matter::Letter(letter) if letter.kind == "notice" => {
                (Style::Warn, format!("your own note on {}: {}", line(&letter.about), line(&letter.what)))
            }
            Matter::Letter(letter) => {
                let what = format!("{} of {} \"{}\"", letter.kind, line(&letter.about), line(&letter.what));
                match (letter.state, &letter.trouble) {
                    (LetterDay::Failed, Some(why)) => (Style::Bad, format!("{what}: it was not sent ({})", line(why))),
                    (LetterDay::Failed, None) => (Style::Bad, format!("{what}: it was not sent")),
                    (LetterDay::Asks, _) => (Style::Warn, format!("{what}: waits for your yes")),
                    (LetterDay::Draft, _) => (Style::Warn, format!("{what}: lies as a draft for your mail program")),
                    (LetterDay::Goes, Some(why)) => {
                        (Style::Warn, format!("{what}: not sent yet ({}), is tried again", line(why)))
                    }
                    (LetterDay::Goes, None) => (Style::Faint, format!("{what}: goes out while `counterpart up` runs")),
                }
            }
            Matter::Mail(count) => {
                let mails =
                    if *count == 1 { "1 mail that belongs".to_owned() } else { format!("{count} mails that belong") };
                (Style::Warn, format!("{mails} to no case yet"))
            }
        }
    }
}

fn your_move(expected: &str) -> &'static str {
    match expected {
        "answer" => "answer",
        "confirm" => "confirm",
        "prove" => "prove that your accept of this arrived:",
        "perform" => "do, and declare done:",
        "rework" => "do again, and declare done:",
        "approve" => "approve or reject the result",
        "allow" => "allow or refuse",
        "choose" => "choose between agreements that crossed:",
        "ratify" => "stand by, or let go,",
        "settle" => "settle the dispute",
        "decide" => "decide",
        "erase" => "erase, or say why not:",
        "join" => "join",
        _ => "look at",
    }
}

fn their_move(expected: &str) -> &'static str {
    match expected {
        "answer" => "an answer to",
        "confirm" => "a confirmation of",
        "prove" => "proof that their accept arrived of",
        "perform" => "to do",
        "rework" => "to do again",
        "approve" => "a word on the result",
        "allow" => "a word on the request",
        "choose" => "a choice between agreements that crossed:",
        "ratify" => "whether they stand by",
        "settle" => "an end of the dispute",
        "decide" => "a decision on",
        "erase" => "to erase",
        "join" => "to join",
        _ => "a move on",
    }
}

fn as_json(thing: &Thing) -> Json {
    let matter = match &thing.matter {
        Matter::Due(due) => json!({"due": due}),
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
