//! `counterpart template show`

use counterpart_process::clocks::Which;
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    render::{line, listed, padded, visible, wrapped},
    session::Session,
    template::{Action, Asked, Cancel, ClocksAsked, Found, Reminder, StepAsked, Template, Wording, find, unit_word},
    terminal::{Style, styled},
};

/// Show a template: what it asks, what it proposes, when to remind
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A template's name, or the path of a file such as ./mine.toml
    #[arg(value_name = "NAME")]
    template: String,
    /// The file as it stands, comments too
    #[arg(long, conflicts_with = "json")]
    toml: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let terminal = session.terminal;
    let found = find(&session.home()?, &args.template)?;
    let template = found.template(terminal.columns())?;
    if args.toml {
        let text = String::from_utf8(found.bytes).map_err(|e| CommandError::failed(e.to_string()))?;
        return terminal.data(text.trim_end());
    }
    if terminal.json {
        return terminal.json(&as_json(&found, &template));
    }
    terminal.data(&in_words(&found, &template, terminal.columns()))?;
    terminal.say("");
    terminal.say(&format!("Use it: counterpart new --from {} --with \"Acme Ltd\"", args.template));
    terminal.say("What stands in braces is filled with your answers; you see every text in full before you sign.");
    Ok(())
}

fn in_words(found: &Found, template: &Template, columns: usize) -> String {
    let country = template.country.as_ref().map(|c| format!(", for {}", line(c))).unwrap_or_default();
    let from = format!("{}, {}, version {}{country}", template.name, found.origin.in_words(), template.version);
    let mut parts = vec![format!(
        "{}\n{}\n\n{}",
        styled(Style::Strong, &line(&template.title)),
        wrapped("", &line(&from), columns),
        wrapped("", &visible(&template.about), columns)
    )];
    let heading = |text: &str| styled(Style::Strong, text);
    if !template.items.is_empty() {
        let lines: Vec<String> = template.items.iter().map(|item| asked(item, columns)).collect();
        parts.push(format!("{}\n{}", heading("Asks (* has to be answered)"), lines.join("\n")));
    }
    if !template.actions.is_empty() {
        let lines: Vec<String> = template.actions.iter().map(|a| action(a, columns)).collect();
        parts.push(format!("{}\n{}", heading("Proposes"), lines.join("\n\n")));
    }
    if let Some(asked) = &template.clocks {
        let lines: Vec<String> = clocks(asked).iter().map(|text| wrapped("  ", text, columns)).collect();
        parts.push(format!("{}\n{}", heading("Service clocks, proposed"), lines.join("\n")));
    }
    if !template.clauses.is_empty() {
        let one = |c: &crate::template::Clause| {
            let text = wrapped("    ", &visible(&c.text.unfilled()), columns);
            format!("  {}\n{text}", line(&c.title.unfilled()))
        };
        let lines: Vec<String> = template.clauses.iter().map(one).collect();
        parts.push(format!("{}\n{}", heading("Clauses between all who take part"), lines.join("\n\n")));
    }
    if !template.reminders.is_empty() {
        let lines: Vec<String> = template.reminders.iter().map(|r| reminder(r, columns)).collect();
        let heading = heading("Reminders (kept for you, not signed; none goes to anybody without your yes)");
        parts.push(format!("{heading}\n{}", lines.join("\n")));
    }
    if !template.steps.is_empty() {
        let lines: Vec<String> = template.steps.iter().map(|s| step(s, columns)).collect();
        let heading =
            heading("If they stay silent (kept for you, not signed; no advice: check the rules where you live)");
        parts.push(format!("{heading}\n{}", lines.join("\n")));
    }
    parts.join("\n\n")
}

/// The clocks as they are typed: what they come to hangs on the case.
fn clocks(asked: &ClocksAsked) -> Vec<String> {
    let typed = &asked.typed;
    let length = |(which, text): &(Which, String)| format!("{}: {}", which.in_words(), line(text));
    let mut lines: Vec<String> = typed.lengths.iter().map(length).collect();
    let hours = if typed.hours.is_empty() { "mon-fri 09:00-17:00".to_owned() } else { line(&typed.hours.join(", ")) };
    let zone = typed.zone.as_ref().map_or_else(|| "the case's time zone".to_owned(), |zone| line(zone));
    lines.push(format!("of the {}; counted: {hours}, {zone}", typed.by.as_deref().map_or("supplier".to_owned(), line)));
    if !typed.holidays.is_empty() {
        lines.push(format!("without holidays: {}", line(&typed.holidays.join(", "))));
    }
    lines.extend(asked.with.as_ref().map(|with| format!("together with: {}", line(with))));
    lines
}

fn asked(item: &Asked, columns: usize) -> String {
    let mark = if item.required && item.default.is_none() { "*" } else { " " };
    let otherwise = item.default.as_ref().map(|d| format!("otherwise {}", line(d))).unwrap_or_default();
    let said: Vec<String> = [line(&item.form()), otherwise].into_iter().filter(|part| !part.is_empty()).collect();
    let mut text = line(&item.ask);
    if !said.is_empty() {
        text.push_str(&format!(" ({})", said.join("; ")));
    }
    let first = format!("{mark} {}", padded(&item.key, 18));
    // A key longer than its column stands on a line of its own.
    match first.trim_end().len() < 20 {
        true => wrapped(&first, &text, columns),
        false => format!("{}\n{}", first.trim_end(), wrapped(&" ".repeat(20), &text, columns)),
    }
}

fn action(action: &Action, columns: usize) -> String {
    let roles = |roles: &[counterpart_core::act::Role]| listed(roles.iter().map(|r| r.as_str().to_owned()));
    let said = |w: &Wording| visible(&w.unfilled());
    let mut lines: Vec<(&str, String)> = vec![("by", roles(&action.by)), ("for", roles(&action.beneficiaries))];
    lines.extend(action.due.as_ref().map(|d| ("due", due(d))));
    lines.extend(action.value.as_ref().map(|v| ("value", said(v))));
    for (label, texts) in
        [("done when", &action.conditions), ("evidence", &action.evidence), ("otherwise", &action.consequences)]
    {
        lines.extend(texts.iter().map(|text| (label, said(text))));
    }
    lines.extend(action.cancel.iter().map(|c| ("may cancel", cancel(c))));
    lines.extend(action.deemed.map(|(count, unit)| {
        ("accepted", format!("taken as accepted if not rejected within {count} {} of delivery", unit_word(count, unit)))
    }));
    let mut text = wrapped("  ", &said(&action.what), columns);
    let mut last = "";
    for (label, line) in lines {
        // Of several under one label the first bears it.
        let shown = if label == last { "" } else { label };
        last = label;
        text.push_str(&format!("\n{}", wrapped(&format!("    {shown:<12}"), &line, columns)));
    }
    text
}

/// As typed: it counts from the agreement.
fn due(due: &Wording) -> String {
    let text = visible(&due.unfilled());
    let relative = text.starts_with("in ") || text.starts_with("within ");
    if relative {
        format!("{} after it is agreed", text.trim_start_matches("in ").trim_start_matches("within "))
    } else {
        text
    }
}

fn cancel(cancel: &Cancel) -> String {
    let until = cancel.until.as_ref().map(|u| format!(", until {}", visible(&u.unfilled()))).unwrap_or_default();
    format!("{}{until}: {}", cancel.by.as_str(), visible(&cancel.text.unfilled()))
}

fn reminder(reminder: &Reminder, columns: usize) -> String {
    let whom = if reminder.to_me { ", to you alone" } else { "" };
    let text = format!("{}, {}{whom}: {}", reminder.about, reminder.when(), line(&reminder.text.unfilled()));
    wrapped("  - ", &text, columns)
}

fn clocks_json(asked: &ClocksAsked) -> serde_json::Value {
    let typed = &asked.typed;
    let lengths: serde_json::Map<String, serde_json::Value> =
        typed.lengths.iter().map(|(which, text)| (which.as_str().to_owned(), json!(text))).collect();
    json!({
        "by": typed.by, "with": asked.with, "clocks": lengths, "hours": typed.hours, "zone": typed.zone,
        "holidays": typed.holidays,
    })
}

fn step_json(step: &StepAsked) -> serde_json::Value {
    json!({
        "id": step.id, "what": step.what.unfilled(), "from": step.from.typed(), "after": step.after, "within": step.within,
        "to": step.to.as_ref().map(Wording::unfilled),
        "wants": step.wants.iter().map(|w| w.what.unfilled()).collect::<Vec<_>>(),
    })
}

fn step(step: &StepAsked, columns: usize) -> String {
    let to = step.to.as_ref().map(|to| format!(", to {}", line(&to.unfilled()))).unwrap_or_default();
    let after = step.after.map(|after| format!("{after} after ")).unwrap_or_default();
    let within = step.within.map(|within| format!(", then within {within}")).unwrap_or_default();
    let text = format!("{}{to}: {after}{}{within}", line(&step.what.unfilled()), step.from.in_words());
    let wants = step.wants.iter().map(|want| wrapped("      wants: ", &line(&want.what.unfilled()), columns));
    std::iter::once(wrapped("  - ", &text, columns)).chain(wants).collect::<Vec<_>>().join("\n")
}

fn as_json(found: &Found, template: &Template) -> serde_json::Value {
    let texts = |list: &[Wording]| list.iter().map(Wording::unfilled).collect::<Vec<_>>();
    let roles = |roles: &[counterpart_core::act::Role]| roles.iter().map(|r| r.as_str()).collect::<Vec<_>>();
    let length = |length: Option<(u32, counterpart_core::value::Unit)>| {
        length.map(|(count, unit)| json!({"count": count, "unit": unit.as_str()}))
    };
    let item = |i: &Asked| {
        json!({
            "key": i.key, "ask": i.ask, "type": i.kind, "choices": i.choices, "required": i.required,
            "default": i.default, "example": i.example,
        })
    };
    let clause = |c: &Cancel| json!({"by": c.by.as_str(), "text": c.text.unfilled(), "until": c.until.as_ref().map(Wording::unfilled)});
    let action = |a: &Action| {
        json!({
            "id": a.id, "what": a.what.unfilled(), "by": roles(&a.by), "for": roles(&a.beneficiaries),
            "due": a.due.as_ref().map(Wording::unfilled), "value": a.value.as_ref().map(Wording::unfilled),
            "conditions": texts(&a.conditions), "evidence": texts(&a.evidence), "consequences": texts(&a.consequences),
            "cancel": a.cancel.iter().map(clause).collect::<Vec<_>>(), "deemed": length(a.deemed),
        })
    };
    let reminder = |r: &Reminder| json!({"about": r.about, "after": length(r.after), "then": length(r.then), "to": if r.to_me { "me" } else { "them" }, "text": r.text.unfilled()});
    json!({
        "schema": "counterpart/template/1",
        "name": template.name,
        "version": template.version,
        "title": template.title,
        "about": template.about,
        "country": template.country,
        "from": found.origin.word(),
        "file": found.origin.path(),
        "items": template.items.iter().map(item).collect::<Vec<_>>(),
        "actions": template.actions.iter().map(action).collect::<Vec<_>>(),
        "clauses": template.clauses.iter().map(|c| json!({"title": c.title.unfilled(), "text": c.text.unfilled()})).collect::<Vec<_>>(),
        "reminders": template.reminders.iter().map(reminder).collect::<Vec<_>>(),
        "steps": template.steps.iter().map(step_json).collect::<Vec<_>>(),
        "clocks": template.clocks.as_ref().map(clocks_json),
    })
}
