//! Stating a fact: first what kind of fact, then a form with the fields that fit.

use axum::response::Response;
use counterpart_core::{act::Act, value::ItemValue};
use counterpart_words::{
    error::CommandError,
    item_value::{self, Here},
    money, render,
    render::open_value,
    when,
};

use super::{
    ActForm, At, Ready, Wrong,
    asked::{self, Asked, Choice, Sheet, Way},
    attach::{self, Came},
    plain::Reading,
};
use crate::{address::escaped, guard::Problem, text::Markup, typed::Typed};

#[derive(Debug)]
pub(super) struct Item;

/// The kinds of facts, the frequent ones first.
const KINDS: &[&str] = &[
    "text",
    "money",
    "date",
    "time",
    "integer",
    "decimal",
    "yes-no",
    "choice",
    "duration",
    "address",
    "phone",
    "e-mail",
    "link",
    "file",
    "list",
    "check-list",
    "record",
];

/// Kinds of what a list holds.
const LISTED: &[&str] = &[
    "text", "money", "date", "integer", "decimal", "duration", "yes-no", "address", "phone", "e-mail", "link", "record",
];

/// A fact that somebody stated before under the same name.
struct Known {
    label: String,
    kind: &'static str,
    told: Vec<String>,
}

impl ActForm for Item {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let language = at.visit.language;
        let key = typed.some("key").unwrap_or_default();
        let known = known(at, key);
        let kind = typed.some("type").or(known.as_ref().map(|known| known.kind));
        let title = language.say("do.item.title");
        let Some(kind) = kind.and_then(|kind| KINDS.iter().find(|known| **known == kind)) else {
            let way = |kind: &&str| {
                let words = Markup::default()
                    .say(language.say(&format!("do.type.{kind}")))
                    .say(": ")
                    .say(language.say(&format!("do.type.{kind}.such")));
                let with = if key.is_empty() { String::new() } else { format!("&key={}", escaped(key)) };
                Way { path: format!("{}?type={kind}{with}", at.path), words }
            };
            return asked::which(at, title, language.say("do.item.kinds"), KINDS.iter().map(way).collect(), wrong);
        };
        let mut fields = vec![Asked::line(at, "key", "do.item.key", true).starting(key)];
        fields.extend(values(at, kind, typed));
        let label = known.as_ref().map(|known| known.label.clone()).unwrap_or_default();
        fields.push(Asked::line(at, "label", "do.item.label", false).starting(label));
        fields.push(Asked::text(at, "note", "do.note", false));
        let other = format!(
            "{}?{}type=",
            at.path,
            if key.is_empty() { String::new() } else { format!("key={}&", escaped(key)) }
        );
        let sheet = Sheet {
            title: language.fill("do.item.of", &[("kind", language.say(&format!("do.type.{kind}")))]),
            lead: language.say("do.item.lead").to_owned(),
            told: known.map(|known| known.told).unwrap_or_default(),
            hidden: vec![("type".to_owned(), (*kind).to_owned())],
            fields,
            ways: vec![Way { path: other, words: Markup::default().say(language.say("do.item.other")) }],
            ..Sheet::default()
        };
        asked::show(at, sheet, typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let r = Reading { at, typed };
        let made = || {
            let key = match r.must("key", "the fact's name")? {
                counterpart_core::value::Sealable::Open(key) => key,
                counterpart_core::value::Sealable::Sealed(_) => String::new(),
            };
            if key.contains('\n') {
                return Err(Wrong::of("key", at.visit.language.say("acts.one_line")));
            }
            let (label, note) = (r.may("label", "the label")?, r.may("note", "the remark")?);
            let (value, files) = value(at, typed)?;
            let mut ready = Ready::act(Act::Item { key: key.trim().to_owned(), value, label, note });
            ready.files = files;
            Ok(ready)
        };
        made().map_err(|wrong| vec![wrong])
    }
}

/// What is known of a fact: what everybody says of it now.
fn known(at: &At<'_>, key: &str) -> Option<Known> {
    let item = at.case.view().items.iter().find(|item| item.key == key)?;
    let value = item.agreed.as_ref().map(|(_, value)| value).or(item.stated.first().map(|s| &s.value))?;
    let kind = match value {
        ItemValue::List(values) if values.iter().all(|v| matches!(v, ItemValue::Record(_))) => "list",
        value => value.word(),
    };
    let kind = KINDS.iter().find(|known| **known == kind).copied()?;
    let language = at.visit.language;
    let agreed =
        item.agreed.iter().map(|(_, value)| language.fill("do.item.agreed", &[("value", &item_value::show(value))]));
    let stated = item.stated.iter().map(|stated| {
        let value = item_value::show(&open_value(at.case, &stated.entry, &stated.value));
        language.fill("do.item.says", &[("who", &at.case.party_label(&stated.party)), ("value", &value)])
    });
    let label = item.label.as_ref().map(render::sealable).unwrap_or_default();
    Some(Known { label, kind, told: agreed.chain(stated).take(6).collect() })
}

/// The fields for a value of some kind.
fn values(at: &At<'_>, kind: &str, typed: &Typed) -> Vec<Asked> {
    let language = at.visit.language;
    let key = format!("do.value.{kind}");
    let line = |kind, complete, keys| Asked::line(at, "value", &key, true).kind(kind, complete, keys);
    let detail = |key| Asked::line(at, "detail", key, false);
    match kind {
        "money" => vec![line("text", "off", "decimal"), Asked::line(at, "detail", "do.currency", true)],
        "decimal" => vec![line("text", "off", "decimal"), detail("do.unit")],
        "integer" => vec![line("text", "off", "numeric")],
        "date" => vec![line("date", "off", "text")],
        "time" => vec![
            line("datetime-local", "off", "text"),
            Asked::line(at, "detail", "do.zone", true).starting(at.case.zone()),
        ],
        "duration" => vec![line("text", "off", "text")],
        "yes-no" => {
            let choices =
                vec![Choice::of("yes", language.say("do.value.yes")), Choice::of("no", language.say("do.value.no"))];
            vec![Asked::one(at, "value", &key, choices)]
        }
        "choice" => vec![Asked::text(at, "detail", "do.choices", false), line("text", "off", "text")],
        "phone" => vec![line("tel", "off", "tel")],
        "e-mail" => vec![line("text", "off", "email")],
        "link" => vec![line("text", "off", "url")],
        "file" => attach::fields(at, typed),
        "list" => {
            let own = LISTED.iter().map(|kind| Choice::of(*kind, language.say(&format!("do.type.{kind}"))));
            vec![
                Asked::pick(at, "of", "do.of", own.collect()),
                detail("do.list_detail"),
                Asked::text(at, "value", &key, true),
            ]
        }
        // Text, an address, a check list, a record: on lines.
        _ => vec![Asked::text(at, "value", &key, true)],
    }
}

type Valued = (ItemValue, Vec<(counterpart_core::attachment::FileRef, std::path::PathBuf)>);

fn value(at: &At<'_>, typed: &Typed) -> Result<Valued, Wrong> {
    let kind = typed.text("type");
    if !KINDS.contains(&kind) {
        return Err(Wrong::of("", at.visit.language.say("do.item.no_kind")));
    }
    if kind == "file" {
        let came = Came::read(at, typed, None)?;
        let files = came.along();
        return Ok((came.into_item(), files));
    }
    let r = Reading { at, typed };
    r.must("value", "the value")?;
    let written = typed.text("value").trim_end();
    let detail = typed.some("detail");
    let here = Here { zone: at.case.zone(), now: at.case.now, file: item_value::no_files };
    let said = |field: &'static str| move |why: CommandError| Wrong::said(field, &why);
    let with = |kind: &str, detail: Option<&str>| detail.map_or_else(|| kind.to_owned(), |d| format!("{kind}:{d}"));
    let (kind, written) = match kind {
        "money" => {
            let code = detail.unwrap_or_default().to_ascii_uppercase();
            if let Err(why) = money::parse_in("1", &code) {
                // Perhaps the sign or the code stands with the number.
                if money::parse(written.trim()).is_err() {
                    return Err(Wrong::of("detail", why.to_string()));
                }
                return item_value::stated(Some("money"), &[written.to_owned()], here)
                    .map(|value| (value, Vec::new()))
                    .map_err(said("value"));
            }
            (format!("money:{code}"), written.to_owned())
        }
        "time" => {
            let zone = detail.unwrap_or_else(|| at.case.zone());
            when::zone(zone).map_err(|why| Wrong::of("detail", why.to_string()))?;
            // As browsers write it, or as somebody typed it where the browser does not know such fields.
            let local = written.trim().replacen('T', " ", 1);
            let whole = if when::names_zone(&local) { local } else { format!("{local} {zone}") };
            ("time".to_owned(), whole)
        }
        "choice" => {
            let choices =
                detail.map(|d| d.lines().map(str::trim).filter(|c| !c.is_empty()).collect::<Vec<_>>().join("|"));
            (with("choice", choices.as_deref().filter(|c| !c.is_empty())), written.to_owned())
        }
        "decimal" => (with("decimal", detail), written.to_owned()),
        "list" => {
            let of = typed.some("of").filter(|of| LISTED.contains(of)).unwrap_or("text");
            let of = if matches!(of, "money" | "decimal") { with(of, detail) } else { of.to_owned() };
            (format!("list:{of}"), written.to_owned())
        }
        kind => (kind.to_owned(), written.to_owned()),
    };
    let value = item_value::stated(Some(&kind), &[written], here).map_err(said("value"))?;
    Ok((value, Vec::new()))
}
