//! The page of a contact: what is known before a call, what is in the fields, and how far it is.

use askama::Template;
use axum::response::Response;
use counterpart_node::now;
use counterpart_process::menu::{self, Step};
use counterpart_words::{
    contact::{Known, known},
    render,
};

use super::{CHANNELS, Fields, Form, PromiseField, Stage, StepField, TELEPHONE, clock, is_something, short};
use crate::{
    acts::{At, Wrong, form_page},
    address::escaped,
    guard::Problem,
    pages::{CaseHead, Frame, Part, PrivateNote, private_notes},
    time::{Dated, Moment},
};

/// The keys of a telephone.
const KEYS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/// Things known of the same kind.
#[derive(Debug)]
struct KnownOf {
    key: &'static str,
    lines: Vec<String>,
}

/// A number, and how a telephone is told to call it.
#[derive(Debug)]
struct Callable {
    number: String,
    tel: String,
}

/// Something that can be chosen.
#[derive(Debug)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    frame: Frame,
    case: CaseHead,
    form: Form,
    wrong: Vec<Wrong>,
    stage: Stage,
    fields: Fields,
    /// When it began, as it stands in its field.
    at: String,
    /// The other side's name.
    whom: Option<String>,
    known: Vec<KnownOf>,
    numbers: Vec<Callable>,
    private: Vec<PrivateNote>,
    people: Vec<String>,
    roles: Vec<String>,
    /// With whom, where that is not clear.
    seats: Vec<Choice>,
    channels: Vec<Choice>,
    /// The way that is known, a step each.
    way: Vec<String>,
    next: Option<String>,
    keys: &'static [&'static str],
    clock: String,
    now: i64,
    /// Something else is being noted: what to go on with first.
    other: Option<&'static str>,
    /// The word by which what was thrown away comes back.
    undo: Option<String>,
    kept: bool,
}

impl CallPage {
    /// What is wrong with a field.
    fn fault(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }

    fn is_call(&self) -> bool {
        self.form == Form::Call
    }

    fn is_before(&self) -> bool {
        self.stage == Stage::Before
    }

    fn is_waiting(&self) -> bool {
        self.stage == Stage::Waiting
    }

    fn is_talking(&self) -> bool {
        self.stage == Stage::Talking
    }

    fn began(&self) -> Dated {
        Moment(self.fields.begun).shown(self.frame.language)
    }

    fn is_running(&self) -> bool {
        self.is_waiting() || self.is_talking()
    }

    /// Whether there is a menu to go through: not where they called.
    fn has_menu(&self) -> bool {
        self.is_call() && !self.fields.incoming
    }

    /// When it began, as it stands in its field.
    fn at(&self) -> &str {
        &self.at
    }

    /// While a way is being gone, or where something is wrong with it.
    fn way_is_open(&self) -> bool {
        self.is_waiting() || self.wrong.iter().any(|wrong| wrong.field.starts_with("step-"))
    }

    fn gone_in_words(&self) -> String {
        let steps: Vec<Step> = self.fields.steps.iter().filter_map(|step| step.written().parse().ok()).collect();
        menu::in_words(&steps)
    }

    fn fault_of(&self, field: &str, n: impl std::borrow::Borrow<usize>) -> Option<&str> {
        self.fault(&format!("{field}-{}", n.borrow()))
    }

    fn first_number(&self) -> &str {
        self.numbers.first().map_or("", |one| one.number.as_str())
    }

    fn count(&self, n: usize) -> String {
        (n + 1).to_string()
    }

    fn notebook(&self) -> String {
        self.whom.as_deref().map_or_else(|| "/notebook".to_owned(), |whom| format!("/notebook?of={}", escaped(whom)))
    }

    /// Where the form is signed.
    fn signs(&self) -> String {
        self.case.path(if self.is_call() { "/do/call" } else { "/do/contact" })
    }

    fn way_lines(&self) -> String {
        self.way.join("\n")
    }

    /// The promises and a row more.
    fn promises(&self) -> Vec<(usize, PromiseField)> {
        self.fields.promises.iter().cloned().chain([PromiseField::default()]).enumerate().collect()
    }
}

/// What stands in a known way after the steps gone so far; nothing where another way was gone.
fn next_of(way: &[Step], gone: &[StepField]) -> Option<String> {
    let gone: Vec<Step> = gone.iter().filter_map(|step| step.written().parse().ok()).collect();
    let on_it = way.get(..gone.len()).is_some_and(|begin| menu::same_way(begin, &gone));
    way.get(gone.len()).filter(|_| on_it).map(written)
}

/// A step as it is written, not as it is read out: "2 billing".
fn written(step: &Step) -> String {
    match step {
        Step::Press { keys, label: Some(label) } => format!("{keys} {label}"),
        other => other.to_string(),
    }
}

fn known_of(known: &Known) -> Vec<KnownOf> {
    let mut groups: Vec<KnownOf> = Vec::new();
    for (label, text) in &known.told {
        let key = match *label {
            // Numbers are shown by themselves, to be called.
            "number" => continue,
            "last time" => "call.known.wait",
            "fastest way" => "call.known.way",
            "person" => "call.known.people",
            "promised" => "call.known.promised",
            _ => "call.known.note",
        };
        match groups.iter_mut().find(|group| group.key == key) {
            Some(group) => group.lines.push(text.clone()),
            None => groups.push(KnownOf { key, lines: vec![text.clone()] }),
        }
    }
    groups
}

/// The page, with what is in its fields.
pub(crate) fn show(form: Form, at: &At<'_>, fields: Option<Fields>, wrong: &[Wrong]) -> Result<Response, Problem> {
    let (case, language) = (at.case, at.visit.language);
    let known = known(at.desk, case)?;
    let draft = at.desk.draft_of(&case.id)?.filter(is_something);
    let other = draft.filter(|draft| (draft.channel == TELEPHONE) != (form == Form::Call));
    let other = other.map(|draft| if draft.channel == TELEPHONE { "/call" } else { "/do/contact" });
    let stage = match (&fields, form) {
        (Some(fields), Form::Call) => fields.stage(case),
        (None, Form::Call) => Stage::Before,
        (_, Form::Contact) => Stage::Over,
    };
    let kept = fields.is_some();
    let fields = fields.unwrap_or_else(|| {
        let asked = CHANNELS.iter().find(|(word, _)| *word == at.visit.query.text("channel"));
        let channel = if form == Form::Call { TELEPHONE } else { asked.map_or("mail", |(word, _)| word) };
        Fields { channel: channel.to_owned(), begun: now(), ..Fields::default() }
    });
    let channels = CHANNELS.iter().map(|(word, key)| Choice {
        value: (*word).to_owned(),
        name: language.say(key).to_owned(),
        chosen: *word == fields.channel,
    });
    let seats = case.seats.iter().filter(|seat| case.other_seat().is_none() && !case.is_own_seat(&seat.seat));
    let seats = seats.map(|seat| {
        let value = match seat.seat {
            counterpart_core::value::Seat::Number(number) => number.to_string(),
            added @ counterpart_core::value::Seat::Added(..) => case.seat_text(&added),
        };
        let chosen = value == fields.seat;
        Choice { value, name: render::sealable(&seat.label), chosen }
    });
    let seats = seats.collect();
    let way: &[Step] =
        known.as_ref().and_then(|known| known.before.fastest.as_ref()).map_or(&[], |way| &way.path.steps);
    let before = known.as_ref().map(|known| &known.before);
    let numbers = before.map(|before| before.numbers.as_slice()).unwrap_or_default().iter().take(5);
    let people = before.map(|before| before.people.as_slice()).unwrap_or_default();
    let mut roles: Vec<String> = people.iter().filter_map(|person| person.function.clone()).collect();
    roles.sort();
    roles.dedup();
    let callable =
        |number: &str| number.chars().filter(|c| c.is_ascii_digit() || "+*#".contains(*c)).collect::<String>();
    let page = CallPage {
        frame: Frame::of(at.visit, "/cases"),
        case: CaseHead::of(at.visit, case, Part::None),
        form,
        wrong: wrong.to_vec(),
        stage,
        whom: known.as_ref().map(|known| case.seat_text(&known.seat)),
        known: known.as_ref().map(known_of).unwrap_or_default(),
        numbers: numbers.map(|n| Callable { number: n.number.clone(), tel: callable(&n.number) }).collect(),
        private: private_notes(at.desk, case)?,
        people: people.iter().take(50).map(|person| person.name.clone()).collect(),
        roles,
        seats,
        channels: channels.collect(),
        at: short(case, &fields.at),
        next: next_of(way, &fields.steps),
        way: way.iter().map(written).collect(),
        keys: KEYS,
        clock: clock(fields.since_begun()),
        now: now(),
        other,
        undo: at.visit.query.some("undo").map(str::to_owned),
        kept,
        fields,
    };
    form_page(&page, wrong)
}
