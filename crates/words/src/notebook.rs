//! The notebook for programs: notes as they are written down, and as they stand. Nobody is ever sent any of it.

use counterpart_node::{NotebookEntry, is_mail_address};
use counterpart_process::{
    menu,
    notebook::{Note, Number, Path, Person, Remark},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    error::{CommandError, Done},
    render::hex,
    typed::typed,
};

/// The longest that it took until somebody answered, in seconds: a day.
const LONGEST_WAIT: u32 = 86_400;

/// Something to be written down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NoteTyped {
    /// A number to reach them by.
    Number {
        #[schemars(length(min = 1))]
        number: String,
        /// What it is for, such as complaints.
        label: Option<String>,
    },
    /// A way through their telephone menu.
    Path {
        /// The steps in order, such as `2, 1, wait 40 s, say complaint, 4`.
        #[schemars(length(min = 1))]
        steps: String,
        /// The number it begins at.
        number: Option<String>,
        /// How long it took until somebody answered, in seconds.
        #[schemars(range(max = 86_400))]
        took_seconds: Option<u32>,
    },
    /// Somebody there.
    Person {
        #[schemars(length(min = 1))]
        name: String,
        /// What they do there.
        role: Option<String>,
        /// Their direct line.
        phone: Option<String>,
        email: Option<String>,
        /// When they can be reached.
        hours: Option<String>,
        /// A remark.
        note: Option<String>,
    },
    /// Anything else.
    Note {
        #[schemars(length(min = 1))]
        text: String,
    },
}

impl NoteTyped {
    /// The note.
    ///
    /// # Errors
    /// What of it is not understood.
    pub fn note(&self) -> Done<Note> {
        let given =
            |what: &str, text: &Option<String>| text.as_deref().map(|text| typed(what, text.trim())).transpose();
        Ok(match self {
            Self::Number { number, label } => Note::Number(Number {
                number: typed("the number", number.trim())?,
                label: given("the label", label)?,
                worked: None,
            }),
            Self::Path { steps, number, took_seconds } => {
                let read = menu::read(&typed("the way", steps)?).map_err(|why| CommandError::usage(why.to_string()))?;
                if read.is_empty() {
                    return Err(
                        CommandError::usage("the way has no steps").hint("such as 2, 1, wait 40 s, say complaint, 4")
                    );
                }
                if took_seconds.is_some_and(|took| took > LONGEST_WAIT) {
                    return Err(CommandError::usage("nobody waits longer than a day until somebody answers"));
                }
                let number = given("the number", number)?;
                Note::Path(Path { number, steps: read, took: *took_seconds, worked: None, times: 0 })
            }
            Self::Person { name, role, phone, email, hours, note } => {
                if let Some(email) = email.as_ref().filter(|email| !is_mail_address(email)) {
                    return Err(CommandError::usage(format!("'{}' is no e-mail address", crate::render::line(email)))
                        .hint("write it alone, such as lucy@acme.example"));
                }
                Note::Person(Person {
                    name: typed("the name", name.trim())?,
                    function: given("the role", role)?,
                    phone: given("the direct line", phone)?,
                    email: given("the e-mail address", email)?,
                    hours: given("the hours", hours)?,
                    note: given("the remark", note)?,
                })
            }
            Self::Note { text } => Note::Remark(Remark { text: typed("the note", text.trim())?, shared: None }),
        })
    }
}

/// Whether a note is one of those that are shown: no drafts, no settings.
pub fn is_shown(entry: &NotebookEntry) -> bool {
    !matches!(entry.note, Note::Draft(_) | Note::Own(_))
}

/// One note of `counterpart/notebook/1`.
pub fn json(entry: &NotebookEntry) -> Json {
    let mut value = match &entry.note {
        Note::Number(number) => json!({"number": number.number, "label": number.label, "worked": number.worked}),
        Note::Path(path) => json!({
            "steps": path.steps,
            "in_words": menu::in_words(&path.steps),
            "number": path.number,
            "took_seconds": path.took,
            "worked": path.worked,
            "times": path.times,
        }),
        Note::Person(person) => json!(person),
        Note::Remark(remark) => json!({"text": remark.text, "shared": remark.shared}),
        Note::Draft(_) | Note::Own(_) => json!({}),
    };
    value["id"] = hex(&entry.id).into();
    value["kind"] = entry.note.kind().into();
    value["of"] = entry.of.clone().into();
    value["case"] = entry.case.map(|case| case.to_hex()).into();
    value["written_at"] = entry.written_at.into();
    value
}
