//! `[[step]]`: what can be done next where the other side stays silent, and until when.

use counterpart_process::steps::{Length, Place};

use super::{
    Action, Asked, Wording,
    library::is_name,
    problem::nearest,
    read::{MOST, MOST_TEXTS, UNKNOWN},
    toml::{KeyLine, Reader, Section},
};

/// A step of the path that a template proposes; nothing of it is signed.
#[derive(Debug, Clone)]
pub struct StepAsked {
    pub id: String,
    pub what: Wording,
    pub from: StepFrom,
    pub after: Option<Length>,
    pub within: Option<Length>,
    pub to: Option<Wording>,
    pub wants: Vec<Wanted>,
}

/// What a step counts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepFrom {
    Opening,
    FirstContact,
    LastContact,
    /// The due time of an action; when it was asked for, where it has none.
    Action(String),
    /// When an action was asked for.
    Asked(String),
    Item(String),
    Step(String),
}

impl StepFrom {
    /// As it stands in a file.
    pub fn typed(&self) -> String {
        match self {
            Self::Opening => "case".to_owned(),
            Self::FirstContact => "first contact".to_owned(),
            Self::LastContact => "last contact".to_owned(),
            Self::Action(id) => format!("action {id}"),
            Self::Asked(id) => format!("asked {id}"),
            Self::Item(key) => format!("item {key}"),
            Self::Step(id) => format!("step {id}"),
        }
    }

    pub fn in_words(&self) -> String {
        match self {
            Self::Opening => "the opening of the case".to_owned(),
            Self::FirstContact => "the first contact".to_owned(),
            Self::LastContact => "the last contact".to_owned(),
            Self::Action(id) => format!("the due time of {id}"),
            Self::Asked(id) => format!("{id} was asked for"),
            Self::Item(key) => format!("the answer to '{key}'"),
            Self::Step(id) => format!("the step {id} was taken"),
        }
    }
}

/// What deciders want to see.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub what: Wording,
    pub place: Option<WantedIn>,
}

/// Where it is in the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedIn {
    Place(Place),
    Action(String),
}

const STEP_KEYS: &[KeyLine] = &[
    ("id", "id = \"ombudsman\""),
    ("what", "what = \"Bring the complaint before the ombudsman\""),
    ("from", "from = \"first contact\""),
    ("after", "after = \"8 weeks\""),
    ("within", "within = \"6 months\""),
    ("to", "to = \"the ombudsman for this trade\""),
    ("wants", "wants = [{ what = \"Who said what, and when\", in = \"contacts\" }]"),
];

const WANT_KEYS: &[KeyLine] = &[("what", "what = \"Who said what, and when\""), ("in", "in = \"contacts\"")];

/// The words that `from` begins with.
const FROM: &str = "case, first contact, last contact, action ID, asked ID, item KEY or step ID";

/// The steps, in the order of the file.
pub(super) fn steps(reader: &mut Reader<'_>, top: &Section<'_>, items: &[Asked], actions: &[Action]) -> Vec<StepAsked> {
    let sections = reader.sections(top, "step", "a step", STEP_KEYS, MOST);
    let mut steps: Vec<StepAsked> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for section in sections {
        let id = id(reader, &section, &ids);
        // One that counts from itself counts from no step before it.
        let from = from(reader, &section, items, actions, &ids);
        ids.extend(id.clone());
        let what = reader.needed_wording(&section, "what");
        let after = length(reader, &section, "after");
        let within = length(reader, &section, "within");
        let to = reader.text_wording(&section, "to");
        let wants = wants(reader, &section, items, actions);
        let (Some(id), Some(what), Some(from)) = (id, what, from) else { continue };
        steps.push(StepAsked { id, what, from, after, within, to, wants });
    }
    steps
}

fn id(reader: &mut Reader<'_>, section: &Section<'_>, ids: &[String]) -> Option<String> {
    let id = reader.needed(section, "id")?;
    let message = match is_name(&id.text) {
        false => {
            Some(format!("'{}' is not an id: lower-case words of a to z and digits, with dashes between", id.text))
        }
        true => ids.contains(&id.text).then(|| format!("another step has the id '{}' already", id.text)),
    };
    if let Some(message) = message {
        reader.wrong(section, "id", id.at.start, message);
    }
    Some(id.text)
}

fn length(reader: &mut Reader<'_>, section: &Section<'_>, key: &str) -> Option<Length> {
    let text = reader.text(section, key)?;
    match text.text.parse::<Length>() {
        Ok(length) => Some(length),
        Err(error) => {
            reader.wrong(section, key, text.at.start, error.to_string());
            None
        }
    }
}

fn from(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    items: &[Asked],
    actions: &[Action],
    steps: &[String],
) -> Option<StepFrom> {
    let text = reader.needed(section, "from")?;
    let words: Vec<&str> = text.text.split_whitespace().collect();
    let ids: Vec<&str> = actions.iter().map(|a| a.id.as_str()).filter(|id| !id.is_empty()).collect();
    let keys: Vec<&str> = items.iter().map(|i| i.key.as_str()).collect();
    let before: Vec<&str> = steps.iter().map(String::as_str).collect();
    let (from, word, named, among, what) = match words.as_slice() {
        ["case"] => return Some(StepFrom::Opening),
        ["first", "contact"] => return Some(StepFrom::FirstContact),
        ["last", "contact"] => return Some(StepFrom::LastContact),
        ["action", id] => (StepFrom::Action((*id).to_owned()), "action", *id, ids, "action has the id"),
        ["asked", id] => (StepFrom::Asked((*id).to_owned()), "asked", *id, ids, "action has the id"),
        ["item", key] => (StepFrom::Item((*key).to_owned()), "item", *key, keys, "item has the key"),
        ["step", id] => (StepFrom::Step((*id).to_owned()), "step", *id, before, "step before this one has the id"),
        _ => {
            let message = format!("'{}' is nothing to count from: write {FROM}", text.text);
            reader.wrong(section, "from", text.at.start, message);
            return None;
        }
    };
    if !among.contains(&named) {
        let meant = nearest(named, among.iter().copied()).or(among.first().copied());
        let listed =
            if among.is_empty() { "there is none".to_owned() } else { format!("there are {}", among.join(", ")) };
        let instead = meant.map(|id| format!("from = \"{word} {id}\""));
        reader.problem(text.at.start, format!("no {what} '{named}'; {listed}"), instead.as_deref());
        return None;
    }
    let item = items.iter().find(|i| word == "item" && i.key == named);
    if let Some(item) = item.filter(|i| !["date", "time", UNKNOWN].contains(&i.word())) {
        let message =
            format!("nothing counts from '{named}', which is of type {}: it is no day and no time", item.word());
        reader.problem(text.at.start, message, Some("type = \"date\""));
        return None;
    }
    Some(from)
}

/// A list of texts, or of tables that say where to look.
fn wants(reader: &mut Reader<'_>, step: &Section<'_>, items: &[Asked], actions: &[Action]) -> Vec<Wanted> {
    if !step.holds_tables("wants") {
        let texts = reader.wordings(step, "wants");
        if texts.len() > MOST_TEXTS {
            reader.problem(step.place("wants"), format!("'wants' has at most {MOST_TEXTS} texts"), None);
        }
        return texts.into_iter().map(|what| Wanted { what, place: None }).collect();
    }
    let mut wants = Vec::new();
    for section in reader.sections(step, "wants", "a want of a step", WANT_KEYS, MOST_TEXTS) {
        let what = reader.needed_wording(&section, "what");
        let place = place(reader, &section, items, actions);
        wants.extend(what.map(|what| Wanted { what, place }));
    }
    wants
}

fn place(reader: &mut Reader<'_>, section: &Section<'_>, items: &[Asked], actions: &[Action]) -> Option<WantedIn> {
    let text = reader.text(section, "in")?;
    let unknown = |reader: &mut Reader<'_>, what: &str, named: &str, among: Vec<&str>| {
        let meant = nearest(named, among.iter().copied()).or(among.first().copied());
        let word = if what == "item" { "item" } else { "action" };
        let instead = meant.map(|id| format!("in = \"{word} {id}\""));
        reader.problem(text.at.start, format!("the template has no {what} '{named}'"), instead.as_deref());
        None
    };
    if let Some(id) = text.text.trim().strip_prefix("action ").map(str::trim) {
        if actions.iter().any(|a| a.id == id) {
            return Some(WantedIn::Action(id.to_owned()));
        }
        return unknown(reader, "action", id, actions.iter().map(|a| a.id.as_str()).collect());
    }
    match text.text.parse::<Place>() {
        Ok(Place::Item(key)) if !items.iter().any(|i| i.key == key) => {
            unknown(reader, "item", &key, items.iter().map(|i| i.key.as_str()).collect())
        }
        Ok(place) => Some(WantedIn::Place(place)),
        Err(_) => {
            let message = format!(
                "'{}' is no place in a case: write contacts, promises, files, reminders, missed, item KEY or action ID",
                text.text
            );
            reader.wrong(section, "in", text.at.start, message);
            None
        }
    }
}
