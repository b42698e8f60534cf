//! From the bytes of a file to a [`Template`], or to everything that is wrong with it.

use counterpart_core::{act::Role, text, value::Unit};
use toml_edit::Document;

use super::{
    Action, Asked, Cancel, Clause, FORMAT, MAX_FILE, Problem, Reminder, Spanned, Template,
    answers::length,
    check::{self, CHECKED_IN},
    clocks::clocks,
    library::is_name,
    problem::nearest,
    steps::steps,
    toml::{KeyLine, Reader, Section},
    wording,
};
use crate::item_value;

/// What the file as a whole is called in problems.
pub(super) const TOP: &str = "the template";

const TOP_KEYS: &[KeyLine] = &[
    ("template", "template = 1"),
    ("name", "name = \"late-parcel\""),
    ("version", "version = 1"),
    ("title", "title = \"A parcel that is late\""),
    ("about", "about = \"For a parcel that did not come when it was promised.\""),
    ("country", "country = \"GB\""),
    ("item", "[[item]]"),
    ("action", "[[action]]"),
    ("clause", "[[clause]]"),
    ("reminder", "[[reminder]]"),
    ("step", "[[step]]"),
    ("clocks", "[clocks]"),
];

const ITEM_KEYS: &[KeyLine] = &[
    ("key", "key = \"price\""),
    ("ask", "ask = \"What did it cost?\""),
    ("type", "type = \"money\""),
    ("unit", "unit = \"GBP\""),
    ("choices", "choices = [\"repair\", \"refund\"]"),
    ("required", "required = true"),
    ("default", "default = \"24.99 GBP\""),
    ("example", "example = \"24.99 GBP\""),
];

const ACTION_KEYS: &[KeyLine] = &[
    ("id", "id = \"refund\""),
    ("what", "what = \"Pay {price} back\""),
    ("by", "by = \"supplier\""),
    ("for", "for = \"customer\""),
    ("due", "due = \"in 10 working days\""),
    ("value", "value = \"24.99 GBP\""),
    ("conditions", "conditions = [\"the money has arrived\"]"),
    ("evidence", "evidence = [\"the reference of the payment\"]"),
    ("consequences", "consequences = [\"the next month is free of charge\"]"),
    ("cancel", "cancel = [{ by = \"customer\", text = \"if it is late again\" }]"),
    ("deemed", "deemed = \"14 days\""),
];

const CANCEL_KEYS: &[KeyLine] =
    &[("by", "by = \"customer\""), ("text", "text = \"if it is late again\""), ("until", "until = \"2027-12-31\"")];

const CLAUSE_KEYS: &[KeyLine] =
    &[("title", "title = \"In writing\""), ("text", "text = \"What is said by telephone is confirmed by e-mail.\"")];

const REMINDER_KEYS: &[KeyLine] = &[
    ("about", "about = \"refund\""),
    ("after", "after = \"3 days\""),
    ("then", "then = \"weekly\""),
    ("to", "to = \"me\""),
    ("text", "text = \"The refund has not arrived yet.\""),
];

/// Types of several values that can be typed in one line. Files and records cannot be asked for beforehand.
const LISTS: [&str; 2] = ["list", "check-list"];

/// Stands for the type of an item whose type is a problem.
pub(super) const UNKNOWN: &str = "?";

/// How many of each a template may have.
pub(super) const MOST: usize = 32;

/// The most texts in a list of terms.
pub(super) const MOST_TEXTS: usize = 16;

/// Reads a template.
///
/// # Errors
/// Everything that is wrong, in the order of the file; of faults in the TOML itself, the first.
pub fn read(bytes: &[u8]) -> Result<Template, Vec<Problem>> {
    let text = characters(bytes)?;
    let document = Document::parse(text).map_err(|error| vec![not_toml(text, &error)])?;
    let mut reader = Reader::new(text);
    let top = Section::new(document.as_table(), 0, TOP, TOP_KEYS);
    let template = whole(&mut reader, &top);
    let mut problems = reader.problems;
    problems.sort_by_key(|p| (p.line, p.column));
    match template {
        Some(template) if problems.is_empty() => Ok(template),
        _ => Err(problems),
    }
}

/// The file as text, without anything that deceives.
fn characters(bytes: &[u8]) -> Result<&str, Vec<Problem>> {
    let only = |offset: usize, message: String| {
        let before = String::from_utf8_lossy(bytes.get(..offset).unwrap_or(bytes));
        vec![Problem::at(&before, before.len(), message, None)]
    };
    if bytes.len() > MAX_FILE {
        return Err(only(0, format!("the file has more than {} KiB; a template is shorter", MAX_FILE / 1024)));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| only(e.valid_up_to(), "here the file is not UTF-8; save it as UTF-8 text".to_owned()))?;
    // Some editors begin a file with a mark of its encoding.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let deceives = |c: char| !matches!(c, '\t' | '\r') && text::check(c.encode_utf8(&mut [0; 4])).is_err();
    let problems: Vec<Problem> = text
        .char_indices()
        .filter(|(_, c)| deceives(*c))
        .map(|(at, c)| {
            let code = u32::from(c);
            let message = format!("the character U+{code:04X} can hide or reorder what people read; take it out");
            Problem::at(text, at, message, None)
        })
        .collect();
    if problems.is_empty() { Ok(text) } else { Err(problems) }
}

/// A fault in the TOML itself, with what helps most often.
fn not_toml(text: &str, error: &toml_edit::TomlError) -> Problem {
    let at = error.span().map_or(text.len(), |span| span.start);
    let begin = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |n| n + 1);
    let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let unquoted = line.split_once('=').filter(|(_, value)| {
        let value = value.trim();
        value.starts_with(char::is_alphabetic) && !value.contains('"')
    });
    let mut instead = None;
    let why = match (error.message(), unquoted) {
        (message, _) if message.contains("duplicate key") => "this key stands here a second time; keep one".to_owned(),
        (_, Some((key, value))) => {
            instead = Some(format!("{} = \"{}\"", key.trim(), value.trim()));
            "a text stands in quotes".to_owned()
        }
        (message, None) => {
            if line.matches('"').count() % 2 == 1 {
                instead = Some("title = \"A text in quotes\"".to_owned());
            }
            message.to_owned()
        }
    };
    Problem::at(
        text,
        at,
        format!("this is not TOML: {why} (what stands behind it was not looked at)"),
        instead.as_deref().map(str::to_owned),
    )
}

fn whole(reader: &mut Reader<'_>, top: &Section<'_>) -> Option<Template> {
    let format = reader.number(top, "template");
    if let Some((found, at)) = format.filter(|(number, _)| *number != FORMAT) {
        // Of another format nothing else can be judged.
        let message =
            format!("the template is of format {found}, this program reads format {FORMAT}: update the program");
        reader.problem(at, message, None);
        return None;
    }
    reader.unknown_keys(top);
    let name = reader.needed(top, "name");
    let version = reader.number(top, "version");
    let title = reader.needed(top, "title");
    let about = reader.needed(top, "about");
    let country = reader.text(top, "country");
    if let Some(name) = name.as_ref().filter(|n| !is_name(&n.text)) {
        let message =
            format!("'{}' is not a name: lower-case words of a to z and digits, with dashes between", name.text);
        reader.wrong(top, "name", name.at.start, message);
    }
    if let Some(title) = title.as_ref().filter(|t| t.text.contains('\n') || t.text.len() > 120) {
        reader.wrong(top, "title", title.at.start, "the title is one line of at most 120 bytes");
    }
    if let Some(country) = &country
        && (country.text.len() != 2 || !country.text.chars().all(|c| c.is_ascii_uppercase()))
    {
        let message = format!("'{}' is not a country: write its two capital letters of ISO 3166", country.text);
        reader.wrong(top, "country", country.at.start, message);
    }
    let items = items(reader, top);
    let actions = actions(reader, top);
    let clauses = clauses(reader, top);
    let reminders = reminders(reader, top, &actions);
    let steps = steps(reader, top, &items, &actions);
    let clocks = clocks(reader, top, &actions);
    if !["item", "action", "clause", "clocks"].iter().any(|key| top.has(key)) {
        reader.problem(
            0,
            "the template asks nothing and proposes nothing; add at least one action",
            Some("[[action]]"),
        );
    }
    check::wordings(reader, &items, &actions, &clauses, &reminders);
    check::steps(reader, &items, &steps);
    Some(Template {
        name: name?.text,
        version: version?.0,
        title: title?.text.trim().to_owned(),
        about: about?.text.trim().to_owned(),
        country: country.map(|c| c.text),
        items,
        actions,
        clauses,
        reminders,
        steps,
        clocks,
    })
}

fn items(reader: &mut Reader<'_>, top: &Section<'_>) -> Vec<Asked> {
    let mut items: Vec<Asked> = Vec::new();
    for section in reader.sections(top, "item", "an item", ITEM_KEYS, MOST) {
        let key = reader.needed(&section, "key");
        let ask = reader.needed(&section, "ask");
        let word = reader.text(&section, "type");
        let unit = reader.text(&section, "unit");
        let choices = reader.texts(&section, "choices");
        let required = reader.flag(&section, "required");
        let default = reader.scalar(&section, "default");
        let example = reader.scalar(&section, "example");
        let (Some(key), Some(ask)) = (key, ask) else { continue };
        let mut wrong = |at: &Spanned, message: String| reader.wrong(&section, "key", at.at.start, message);
        if !is_name(&key.text) {
            wrong(
                &key,
                format!("'{}' is not a key: lower-case words of a to z and digits, with dashes between", key.text),
            );
        } else if wording::role(&key.text).is_some() {
            wrong(&key, format!("'{}' is taken: in texts it stands for what that party is called", key.text));
        } else if items.iter().any(|i| i.key == key.text) {
            wrong(&key, format!("another item has the key '{}' already", key.text));
        }
        if ask.text.contains('\n') {
            reader.wrong(&section, "ask", ask.at.start, "a question is one line");
        }
        // Of a type that is not known nothing more is judged, but the item is there to be named.
        let kind = kind(reader, &section, word.as_ref(), unit.as_ref()).unwrap_or_else(|| UNKNOWN.to_owned());
        let item = Asked {
            key: key.text,
            ask: ask.text,
            kind,
            choices: choices.iter().map(|c| c.text.clone()).collect(),
            required,
            default: default.as_ref().map(|d| d.text.clone()),
            example: example.as_ref().map(|e| e.text.clone()),
        };
        if item.kind == UNKNOWN {
            items.push(item);
            continue;
        }
        let is_choice = item.word() == "choice";
        if is_choice && choices.len() < 2 {
            reader.wrong(&section, "choices", section.place("choices"), "a choice needs 'choices', at least two");
        } else if !is_choice && !choices.is_empty() {
            let message = format!("'choices' go with the type choice only, not with {}", item.word());
            reader.problem(section.place("choices"), message, Some("type = \"choice\""));
        } else if choices.len() > MOST {
            reader.problem(section.place("choices"), format!("an item has at most {MOST} choices"), None);
        }
        for (key, value) in [("default", &default), ("example", &example)] {
            let Some(value) = value else { continue };
            if let Err(error) = item.read(&value.text, CHECKED_IN) {
                let sample = Asked { default: None, example: None, ..item.clone() }.sample();
                reader.problem(
                    value.at.start,
                    format!("'{key}' has to be an answer of its type: {}", error.message),
                    Some(&format!("{key} = \"{}\"", sample.escape_debug())),
                );
            }
        }
        items.push(item);
    }
    items
}

/// The type as `item --type` has it.
fn kind(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    word: Option<&Spanned>,
    unit: Option<&Spanned>,
) -> Option<String> {
    let Some(spanned) = word else {
        if let Some(unit) = unit {
            reader.wrong(section, "type", unit.at.start, "'unit' goes with the types money and decimal; say which");
        }
        return (!section.has("type")).then(|| "text".to_owned());
    };
    let word = if spanned.text == "email" { "e-mail" } else { spanned.text.trim() };
    if let Some((base, detail)) = word.split_once(':').filter(|(base, _)| matches!(*base, "money" | "decimal")) {
        let instead = format!("type = \"{base}\"\nunit = \"{}\"", detail.escape_debug());
        reader.problem(
            spanned.at.start,
            format!("here the type stands alone: {base}, and '{detail}' is its unit"),
            Some(&instead),
        );
        return None;
    }
    let words: Vec<&str> = item_value::words().iter().copied().chain(LISTS).collect();
    let listed = word.split_once(':').filter(|(base, of)| *base == "list" && words.contains(of));
    if !words.contains(&word) && listed.is_none() {
        let meant = nearest(word, words.iter().copied());
        let message = format!("'{word}' is not a type; types are {}", words.join(", "));
        reader.problem(spanned.at.start, message, Some(&format!("type = \"{}\"", meant.unwrap_or("text"))));
        return None;
    }
    let Some(unit) = unit else { return Some(word.to_owned()) };
    let kind = match word {
        "money" => format!("money:{}", unit.text.trim().to_uppercase()),
        "decimal" => format!("decimal:{}", unit.text.trim()),
        _ => {
            let message = format!("'unit' goes with the types money and decimal only, not with {word}");
            reader.wrong(section, "type", unit.at.start, message);
            return None;
        }
    };
    let sample = super::answers::stock_sample(word, Some(&unit.text));
    match item_value::parse(Some(&kind), sample, CHECKED_IN) {
        Ok(_) => Some(kind),
        Err(error) => {
            reader.wrong(section, "unit", unit.at.start, error.message);
            None
        }
    }
}

fn actions(reader: &mut Reader<'_>, top: &Section<'_>) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for section in reader.sections(top, "action", "an action", ACTION_KEYS, MOST) {
        let id = reader.needed(&section, "id");
        if let Some(id) = &id {
            let taken = actions.iter().any(|a| a.id == id.text);
            let message = match is_name(&id.text) {
                false => Some(format!(
                    "'{}' is not an id: lower-case words of a to z and digits, with dashes between",
                    id.text
                )),
                true => taken.then(|| format!("another action has the id '{}' already", id.text)),
            };
            if let Some(message) = message {
                reader.wrong(&section, "id", id.at.start, message);
            }
        }
        let what = reader.needed_wording(&section, "what");
        let by = roles(reader, &section, "by");
        if by.is_empty() && !section.has("by") {
            reader.wrong(&section, "by", section.at, "an action needs 'by': who is to do it");
        }
        let mut beneficiaries = roles(reader, &section, "for");
        if !section.has("for") {
            beneficiaries = other_side(&by);
            if beneficiaries.is_empty() && !by.is_empty() {
                reader.wrong(
                    &section,
                    "for",
                    section.at,
                    "an action by a third party needs 'for': whom it is done for",
                );
            }
        } else if !beneficiaries.is_empty() && by.iter().chain(&beneficiaries).all(|r| by.first() == Some(r)) {
            let place = section.place("for");
            reader.wrong(&section, "for", place, "an action is something one party does for another; name two");
        }
        let action = Action {
            id: id.map(|i| i.text).unwrap_or_default(),
            what: match what {
                Some(what) => what,
                None => continue,
            },
            by,
            beneficiaries,
            due: reader.scalar_wording(&section, "due"),
            value: reader.scalar_wording(&section, "value"),
            conditions: few(reader, &section, "conditions"),
            evidence: few(reader, &section, "evidence"),
            consequences: few(reader, &section, "consequences"),
            cancel: cancels(reader, &section),
            deemed: span_of_time(reader, &section, "deemed"),
        };
        actions.push(action);
    }
    actions
}

/// A list of texts of terms, not too long.
fn few(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Vec<super::Wording> {
    let texts = reader.wordings(section, key);
    if texts.len() > MOST_TEXTS {
        reader.problem(
            section.place(key),
            format!("'{key}' has at most {MOST_TEXTS} texts; write another action"),
            None,
        );
    }
    texts
}

/// Whom it is done for, where nobody is named.
fn other_side(by: &[Role]) -> Vec<Role> {
    match (by.contains(&Role::Customer), by.contains(&Role::Supplier)) {
        (true, false) => vec![Role::Supplier],
        (false, true) => vec![Role::Customer],
        _ => Vec::new(),
    }
}

fn roles(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Vec<Role> {
    let mut found = Vec::new();
    for word in reader.texts(section, key) {
        match wording::role(word.text.trim()) {
            Some(role) if found.contains(&role) => {}
            Some(role) => found.push(role),
            None => {
                let message =
                    format!("'{}' is no role that acts in agreements: customer, supplier or third", word.text);
                reader.wrong(section, key, word.at.start, message);
            }
        }
    }
    found
}

fn cancels(reader: &mut Reader<'_>, action: &Section<'_>) -> Vec<Cancel> {
    let mut clauses = Vec::new();
    for section in reader.sections(action, "cancel", "a cancel clause", CANCEL_KEYS, MOST_TEXTS) {
        if !section.has("by") {
            reader.wrong(&section, "by", section.at, "a cancel clause needs 'by': who may cancel");
        }
        let by = roles(reader, &section, "by");
        let text = reader.needed_wording(&section, "text");
        let until = reader.scalar_wording(&section, "until");
        match (by.as_slice(), text) {
            ([by], Some(text)) => clauses.push(Cancel { by: *by, text, until }),
            ([_, _, ..], _) => {
                let place = section.place("by");
                reader.wrong(&section, "by", place, "a cancel clause is one party's; write one for each");
            }
            _ => {}
        }
    }
    clauses
}

/// "5 working days".
fn span_of_time(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Option<(u32, Unit)> {
    let text = reader.text(section, key)?;
    let found = length(&text.text, CHECKED_IN);
    if found.is_none() {
        let message = format!(
            "'{}' is no length of time: write a number and minutes, hours, days, working days or weeks",
            text.text
        );
        reader.wrong(section, key, text.at.start, message);
    }
    found
}

fn clauses(reader: &mut Reader<'_>, top: &Section<'_>) -> Vec<Clause> {
    let mut clauses = Vec::new();
    for section in reader.sections(top, "clause", "a clause", CLAUSE_KEYS, MOST) {
        let title = reader.needed_wording(&section, "title");
        let text = reader.needed_wording(&section, "text");
        if let (Some(title), Some(text)) = (title, text) {
            clauses.push(Clause { title, text });
        }
    }
    clauses
}

fn reminders(reader: &mut Reader<'_>, top: &Section<'_>, actions: &[Action]) -> Vec<Reminder> {
    let mut reminders = Vec::new();
    for section in reader.sections(top, "reminder", "a reminder", REMINDER_KEYS, MOST) {
        let about = reader.needed(&section, "about");
        if let Some(about) = about.as_ref().filter(|about| !actions.iter().any(|a| a.id == about.text)) {
            let ids: Vec<&str> = actions.iter().map(|a| a.id.as_str()).filter(|id| !id.is_empty()).collect();
            let meant = nearest(&about.text, ids.iter().copied()).or(ids.first().copied());
            let message = format!("no action has the id '{}'; actions are {}", about.text, ids.join(", "));
            let instead = meant.map(|id| format!("about = \"{id}\""));
            reader.problem(about.at.start, message, instead.as_deref());
        }
        let after = span_of_time(reader, &section, "after");
        let then = again(reader, &section);
        let to = reader.text(&section, "to");
        let to_me = match to.as_ref().map(|to| to.text.trim()) {
            None | Some("them") => false,
            Some("me") => true,
            Some(other) => {
                let message = format!("'{other}' is neither them nor me: a reminder goes to them, or to me alone");
                reader.wrong(&section, "to", to.as_ref().map_or(0, |to| to.at.start), message);
                false
            }
        };
        let text = reader.needed_wording(&section, "text");
        if let (Some(about), Some(text)) = (about, text) {
            reminders.push(Reminder { about: about.text, after, then, to_me, text });
        }
    }
    reminders
}

/// "daily", "weekly", "every 3 days".
fn again(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<(u32, Unit)> {
    let text = reader.text(section, "then")?;
    let lower = text.text.trim().to_lowercase();
    let every = match lower.as_str() {
        "daily" | "every day" => "1 day",
        "weekly" | "every week" => "1 week",
        other => other.strip_prefix("every ").unwrap_or_default(),
    };
    let found = length(every, CHECKED_IN);
    if found.is_none() {
        let message = format!("'{}' does not say how often: write daily, weekly, or such as every 3 days", text.text);
        reader.wrong(section, "then", text.at.start, message);
    }
    found
}
