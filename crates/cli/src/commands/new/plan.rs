//! `counterpart new --from`: a template's questions, its plan for the person's eyes, and the signing of it.

use counterpart_core::{
    act::Act,
    id::{EntryId, short_form},
};
use counterpart_node::{Desk, now};
use counterpart_words::opening;
use serde_json::json;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    item_value::Here,
    render::{self, Speech, line, wrapped},
    session::Session,
    template::{Answer, Answers, Asked, Found, Plan, Planned, Template},
    terminal::{Style, styled},
};

/// How often one question is put before it is given up: nobody may be there to answer.
const TRIES: usize = 3;

/// A template, found and read.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) found: Found,
    pub(super) template: Template,
}

/// The answers: those given with `--set`, then those a person at the terminal gives.
pub(super) fn answers(session: &Session, chosen: &Chosen, set: &[String], here: Here<'_>) -> Done<Answers> {
    let template = &chosen.template;
    let (mut answers, open) = template.answers(set, here)?;
    let terminal = session.terminal;
    if open.is_empty() {
        return Ok(answers);
    }
    if !terminal.can_ask() {
        let missing: Vec<&&Asked> = open.iter().filter(|i| i.required && answers.get(&i.key).is_none()).collect();
        if missing.is_empty() {
            return Ok(answers);
        }
        let named: Vec<String> = missing.iter().map(|i| format!("{} ({})", i.key, line(&i.ask))).collect();
        let works: Vec<String> = missing.iter().map(|i| template.set_that_works(i)).collect();
        let message = format!("the template {} needs answers to: {}", template.name, named.join("; "));
        return Err(CommandError::usage(message).hint(format!("add, with your own values: {}", works.join(" "))));
    }
    let count = open.len();
    let questions = if count == 1 { "one question".to_owned() } else { format!("{count} questions") };
    let text = format!(
        "{} ({}, version {}) asks {questions}. Enter alone takes what stands in brackets, or skips what may stay open.",
        line(&template.title),
        line(&chosen.found.origin.in_words()),
        template.version,
    );
    terminal.always(&format!("{}\n", wrapped("", &text, terminal.columns())));
    for item in open {
        let known = answers.get(&item.key).cloned();
        let value = question(session, template, item, here)?.or(known);
        answers.0.retain(|a| a.key != item.key);
        answers.0.extend(value.map(|value| Answer { key: item.key.clone(), value }));
    }
    let place = |a: &Answer| template.items.iter().position(|i| i.key == a.key);
    answers.0.sort_by_key(place);
    Ok(answers)
}

/// Puts one question; nothing if it was skipped.
fn question(
    session: &Session,
    template: &Template,
    item: &Asked,
    here: Here<'_>,
) -> Done<Option<counterpart_core::value::ItemValue>> {
    let terminal = session.terminal;
    terminal.always(&styled(Style::Strong, &line(&item.ask)));
    for (number, choice) in item.choices.iter().enumerate() {
        terminal.always(&format!("  {}  {}", number + 1, line(choice)));
    }
    let left = match (&item.default, item.required) {
        (Some(default), _) => format!("[{}]", line(default)),
        (None, true) => "needed".to_owned(),
        (None, false) => "may stay open".to_owned(),
    };
    let form = if item.choices.is_empty() { line(&item.form()) } else { "a number or the words".to_owned() };
    let said = [form, left].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    for _try in 0..TRIES {
        let typed = terminal.ask(&styled(Style::Faint, &format!("({said})")))?;
        if typed.is_empty() && (!item.required || item.default.is_some()) {
            return Ok(None);
        }
        if typed.is_empty() {
            terminal.always("This one is needed.");
            continue;
        }
        match item.read(&typed, here) {
            Ok(value) => return Ok(Some(value)),
            Err(error) => terminal.always(&render::visible(&error.message)),
        }
    }
    let message = format!("'{}' was not answered, so nothing was opened and nothing signed", item.key);
    Err(CommandError::usage(message).hint(format!("give it at once: {}", template.set_that_works(item))))
}

/// What was signed of a plan.
pub(super) struct Signed {
    pub(super) case: OpenCase,
    pub(super) entries: Vec<EntryId>,
}

/// Signs the opening and every act of the plan, all of it or nothing, and tells each.
pub(super) fn sign(session: &Session, desk: &Desk, open: &Act, (template, plan): (&str, &Plan)) -> Done<Signed> {
    let terminal = session.terminal;
    let (id, mut entries) = opening::begin(desk, open, Some((template, plan)), |_, _, _| Ok(()), now())?;
    let short = short_form(&id.0);
    if !terminal.json {
        terminal.data(&short)?;
    }
    terminal.say(&format!("Signed and stored, case {short}:"));
    let case = OpenCase::open(desk, &short)?;
    let own = case.party_label(&case.own);
    for (number, act) in (1..).zip(std::iter::once(open).chain(&plan.acts)) {
        terminal.say(&told(&case, number, &own, act, terminal.columns()));
    }
    if plan.step_count() > 0 {
        terminal.say(&format!(
            "\nKept for you, not signed: what you can do if they stay silent, and until when. counterpart steps {short}"
        ));
    }
    // Those of the plan stand behind the opening.
    drop(entries.drain(..1));
    Ok(Signed { case, entries })
}

fn told(case: &OpenCase, number: usize, own: &str, act: &Act, columns: usize) -> String {
    let first = format!("  #{number:<3} ");
    wrapped(&first, &render::sentence(&Speech::of_case(case), own, act), columns)
}

/// What is kept to be reminded of.
pub(super) fn reminders(reminders: &[Planned], columns: usize) -> String {
    let head = "Reminders, kept for you and not signed. None goes to anybody without your yes: `counterpart reminders` says \
                what is due.";
    let mut text = wrapped("", head, columns);
    for reminder in reminders {
        text.push_str(&format!("\n{}", wrapped("  - ", &reminder.line(), columns)));
    }
    text
}

/// The outcome for programs.
pub(super) fn as_json(chosen: &Chosen, plan: &Plan, signed: &Signed) -> serde_json::Value {
    let case = &signed.case;
    let acts: Vec<_> = plan
        .acts
        .iter()
        .zip(&signed.entries)
        .map(|(act, id)| json!({"ref": case.entry_name(id), "entry": id.to_hex(), "kind": act.kind()}))
        .collect();
    let reminders: Vec<_> =
        plan.reminders.iter().map(|r| json!({"about": r.about, "when": r.when, "text": r.text})).collect();
    json!({
        "schema": "counterpart/new/1",
        "case": case.id.to_hex(),
        "short": case.short(),
        "template": {
            "name": chosen.template.name,
            "version": chosen.template.version,
            "from": chosen.found.origin.word(),
            "file": chosen.found.origin.path(),
        },
        "signed": acts,
        "left_out": plan.left_out,
        "reminders": reminders,
        "steps": plan.step_count(),
    })
}
