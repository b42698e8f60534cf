//! A part of a proposal as its form shows it.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Subject, Topic},
    value::{ItemValue, Seat},
    view::SeatView,
};
use counterpart_words::{
    item_value,
    render::{self, Speech, action_terms},
};

use super::{
    fields::{MOST_CLAUSES, name},
    item,
    people::{Pair, seat_key},
    read::{Reader, day_of, time_of},
};
use crate::{acts::Wrong, text::Markup};

/// Facts that can be ticked; more are not looked through.
const MOST_FACTS: usize = 100;

/// A field: its name, which is its id too, what is in it and what is wrong with it.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) value: String,
    pub(super) wrong: Option<String>,
}

/// A tick, or one of several to choose from.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) chosen: bool,
    pub(super) label: Markup,
}

/// A seat that can be ticked, with somebody there.
#[derive(Debug)]
pub(super) struct SeatRow {
    pub(super) tick: Choice,
    pub(super) person: Field,
}

/// A time in words, or picked.
#[derive(Debug)]
pub(super) struct When {
    pub(super) words: Field,
    pub(super) day: Field,
    pub(super) time: Field,
}

/// Who may call it off, and when.
#[derive(Debug)]
pub(super) struct ClauseRow {
    pub(super) by: Field,
    pub(super) seats: Vec<(String, String, bool)>,
    pub(super) text: Field,
    pub(super) until: Field,
}

#[derive(Debug)]
pub(super) struct ActionFields {
    pub(super) what: Field,
    /// The one choice between the two; empty where there are more.
    pub(super) ways: Vec<Choice>,
    pub(super) way: Field,
    pub(super) person: Field,
    /// Whether the ticks below the one choice are to be seen.
    pub(super) otherwise: bool,
    pub(super) by: Vec<SeatRow>,
    pub(super) whom: Vec<SeatRow>,
    pub(super) by_wrong: Option<String>,
    pub(super) for_wrong: Option<String>,
    pub(super) due: When,
    pub(super) value: Field,
    pub(super) currency: Field,
    pub(super) conditions: Field,
    pub(super) evidence: Field,
    pub(super) consequences: Field,
    pub(super) clauses: Vec<ClauseRow>,
    pub(super) deemed: Field,
    pub(super) facts: Vec<Choice>,
    pub(super) facts_wrong: Option<String>,
    /// Whether what is rarely used is to be seen.
    pub(super) rare: bool,
}

#[derive(Debug)]
pub(super) struct ItemFields {
    pub(super) key: Field,
    /// The name cannot be changed.
    pub(super) fixed: bool,
    pub(super) picks: Vec<Choice>,
    pub(super) pick_wrong: Option<String>,
    pub(super) kind: Field,
    pub(super) types: Vec<(&'static str, &'static str, bool)>,
    pub(super) unit: Field,
    pub(super) value: Field,
}

/// What a part is about.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a page has few, and most are actions")]
pub(super) enum Kind {
    Action(ActionFields),
    Terms {
        title: Field,
        fixed: bool,
        text: Field,
    },
    Item(ItemFields),
    Close {
        summary: Field,
    },
    /// Stays as it is.
    Fixed,
}

#[derive(Debug)]
pub(super) struct Part {
    pub(super) n: usize,
    pub(super) heading: String,
    /// Fields that go along unseen.
    pub(super) hidden: Vec<(String, String)>,
    pub(super) kind: Kind,
    /// What it would take the place of: label and text.
    pub(super) before: Vec<(&'static str, String)>,
    pub(super) fresh: bool,
}

/// Shows parts: what was typed, and what is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shower<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) wrong: &'a [Wrong],
    pub(super) fresh: Option<usize>,
}

impl Shower<'_> {
    pub(super) fn field(&self, id: &str) -> Field {
        let value = self.reader.typed.text(id).to_owned();
        Field { id: id.to_owned(), value, wrong: self.wrong_with(id) }
    }

    fn wrong_with(&self, id: &str) -> Option<String> {
        self.wrong.iter().find(|wrong| wrong.field == id).map(|wrong| wrong.what.clone())
    }

    pub(super) fn when(&self, field: &str) -> When {
        When { words: self.field(field), day: self.field(&day_of(field)), time: self.field(&time_of(field)) }
    }

    /// A tick by itself.
    pub(super) fn tick(&self, id: &str, label: Markup) -> Choice {
        let chosen = self.reader.typed.has(id);
        Choice { id: id.to_owned(), name: id.to_owned(), value: "1".to_owned(), chosen, label }
    }

    pub(super) fn part(&self, n: usize, of: usize) -> Part {
        let reader = &self.reader;
        let at = |field: &str| name(field, n);
        let before = reader.before(n);
        let mut hidden = Vec::new();
        let kept = if before.is_some() { at("of") } else { at("kind") };
        let value = reader.typed.text(&kept);
        if !value.is_empty() {
            hidden.push((kept, value.to_owned()));
        }
        let kind = match (before.map(|(_, topic)| topic), reader.typed.text(&at("kind"))) {
            (Some(Topic::Action { .. }), _) => Kind::Action(self.action(n)),
            (Some(Topic::Terms { .. }), _) => self.terms(n, true),
            (Some(Topic::Item { value, .. }), _) => Kind::Item(self.item(n, Some(value))),
            (Some(Topic::Close { .. }), _) => Kind::Close { summary: self.field(&at("summary")) },
            (Some(_), _) => Kind::Fixed,
            (None, "terms") => self.terms(n, false),
            (None, "item") => Kind::Item(self.item(n, None)),
            (None, _) => Kind::Action(self.action(n)),
        };
        let key = match &kind {
            Kind::Action(_) => "terms.part.action",
            Kind::Terms { .. } => "terms.part.terms",
            Kind::Item(_) => "terms.part.item",
            Kind::Close { .. } | Kind::Fixed => "terms.part.fixed",
        };
        let numbers = [("n", &*n.to_string()), ("of", &*of.to_string())];
        let heading = if of > 1 { reader.language.fill(key, &numbers) } else { String::new() };
        let before = before.map(|(_, topic)| self.as_it_was(topic)).unwrap_or_default();
        Part { n, heading, hidden, kind, before, fresh: self.fresh == Some(n) }
    }

    /// A topic in full, to stand beside what is typed.
    fn as_it_was(&self, topic: &Topic) -> Vec<(&'static str, String)> {
        let speech = Speech::of_case(self.reader.case);
        match topic {
            Topic::Action { terms, .. } => action_terms(&speech, terms, None, false),
            Topic::Item { key, value } => {
                vec![("item", render::line(key)), ("value", item_value::lines(value).join("\n"))]
            }
            Topic::Terms { title, text, .. } => {
                let text = text.open().map_or_else(|| render::SEALED.to_owned(), render::visible);
                vec![("terms", render::line(title)), ("text", text)]
            }
            Topic::Close { summary, .. } => {
                let mut lines = vec![("what", "to close the case".to_owned())];
                lines.extend(summary.as_ref().map(|s| ("summary", render::sealable(s))));
                lines
            }
            Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } | Topic::Level { .. } => {
                let subject = Subject { base: None, topic: topic.clone() };
                vec![("what", render::subject_in_a_line(&speech, &subject))]
            }
        }
    }

    fn terms(&self, n: usize, fixed: bool) -> Kind {
        Kind::Terms { title: self.field(&name("title", n)), fixed, text: self.field(&name("text", n)) }
    }

    fn item(&self, n: usize, before: Option<&ItemValue>) -> ItemFields {
        let at = |field: &str| name(field, n);
        let typed = self.reader.typed;
        // A fact that was named when the form was opened keeps its name.
        let fixed = before.is_some() || (n == 1 && typed.has("key-of"));
        ItemFields {
            key: self.field(&at("key")),
            fixed,
            picks: item::picks(&self.reader, n, before),
            pick_wrong: self.wrong_with(&at("item-pick")),
            kind: self.field(&at("item-type")),
            types: item::types(self.reader.language, typed.text(&at("item-type"))),
            unit: self.field(&at("item-unit")),
            value: self.field(&at("item-value")),
        }
    }

    fn action(&self, n: usize) -> ActionFields {
        let at = |field: &str| name(field, n);
        let ways = self.ways(n);
        let way = self.field(&at("way"));
        let wrong_with = |field: &str| self.wrong_with(&at(field));
        let fields = ActionFields {
            what: self.field(&at("what")),
            otherwise: way.value == "other" || ways.is_empty(),
            person: self.field(&at("person")),
            by: self.seats(n, "by"),
            whom: self.seats(n, "for"),
            by_wrong: wrong_with("by"),
            for_wrong: wrong_with("for"),
            due: self.when(&at("due")),
            value: self.field(&at("value")),
            currency: self.field(&at("currency")),
            conditions: self.field(&at("conditions")),
            evidence: self.field(&at("evidence")),
            consequences: self.field(&at("consequences")),
            clauses: self.clauses(n),
            deemed: self.field(&at("deemed")),
            facts: self.facts(n),
            facts_wrong: wrong_with("uses"),
            rare: false,
            ways,
            way,
        };
        let said = |field: &Field| !field.value.trim().is_empty() || field.wrong.is_some();
        let rare = [&fields.evidence, &fields.consequences, &fields.deemed].into_iter().any(said)
            || fields.clauses.iter().any(|row| said(&row.text) || row.by.wrong.is_some() || said(&row.until))
            || fields.facts.iter().any(|fact| fact.chosen)
            || self.reader.typed.has(&at("rare"));
        ActionFields { rare, ..fields }
    }

    /// Who does it for whom, where it is between the two.
    fn ways(&self, n: usize) -> Vec<Choice> {
        let (case, language) = (self.reader.case, self.reader.language);
        let Some(pair) = Pair::of(case) else { return Vec::new() };
        let field = name("way", n);
        let chosen = self.reader.typed.text(&field);
        let them = || Markup::default().peer(&case.seat_text(&pair.other));
        let labels = [
            ("theirs", language.markup("terms.way.theirs", &[("them", them())])),
            ("mine", language.markup("terms.way.mine", &[("them", them())])),
            ("other", Markup::default().say(language.say("terms.way.other"))),
        ];
        let choice = |(value, label): (&str, Markup)| Choice {
            id: if value == "theirs" { field.clone() } else { format!("{field}.{value}") },
            name: field.clone(),
            value: value.to_owned(),
            chosen: value == chosen,
            label,
        };
        labels.into_iter().map(choice).collect()
    }

    /// Those who agree, and whoever is named in what this continues.
    fn seats(&self, n: usize, list: &str) -> Vec<SeatRow> {
        let case = self.reader.case;
        let field = name(list, n);
        let ticked = self.reader.typed.all(&field);
        let named: BTreeSet<Seat> = match self.reader.before(n) {
            Some((_, Topic::Action { terms, .. })) => terms.seats().collect(),
            _ => BTreeSet::new(),
        };
        let seats = case.seats.iter().filter(|s| s.role.agrees() || named.contains(&s.seat));
        let row = |(place, seat): (usize, &SeatView)| {
            let key = seat_key(&seat.seat);
            let who = Markup::default().peer(&case.seat_text(&seat.seat));
            let own = if case.is_own_seat(&seat.seat) { "terms.seat.own" } else { "terms.seat" };
            let role = Markup::default().say(seat.role.as_str());
            SeatRow {
                person: self.field(&name(&format!("{list}-person.{key}"), n)),
                tick: Choice {
                    id: if place == 0 { field.clone() } else { format!("{field}.{place}") },
                    name: field.clone(),
                    chosen: ticked.contains(&key.as_str()),
                    label: self.reader.language.markup(own, &[("who", who), ("role", role)]),
                    value: key,
                },
            }
        };
        seats.enumerate().map(row).collect()
    }

    /// As many rows as are filled in, and one more.
    fn clauses(&self, n: usize) -> Vec<ClauseRow> {
        let case = self.reader.case;
        let at = |field: &str, row: usize| name(&format!("{field}.{row}"), n);
        let typed = self.reader.typed;
        let filled = |row: &usize| {
            ["cancel-text", "cancel-until", "cancel-by"].iter().any(|field| typed.some(&at(field, *row)).is_some())
        };
        let last = (0..MOST_CLAUSES).rev().find(filled);
        let rows = last.map_or(1, |last| (last + 2).min(MOST_CLAUSES));
        let row = |row: usize| {
            let by = self.field(&at("cancel-by", row));
            let seats = case.seats.iter().map(|s| {
                let key = seat_key(&s.seat);
                let chosen = key == by.value;
                (key, case.seat_label(&s.seat), chosen)
            });
            let seats = seats.collect();
            ClauseRow {
                by,
                seats,
                text: self.field(&at("cancel-text", row)),
                until: self.field(&at("cancel-until", row)),
            }
        };
        (0..rows).map(row).collect()
    }

    /// The facts that terms can rest on, in the version that stands, and those that are named already.
    fn facts(&self, n: usize) -> Vec<Choice> {
        let case = self.reader.case;
        let field = name("uses", n);
        let ticked = self.reader.typed.all(&field);
        let mut rows: Vec<(String, Markup)> = Vec::new();
        for item in &case.view().items {
            let label = |value: &str, key: &str| {
                let with = [("fact", Markup::default().peer(&item.key)), ("value", Markup::default().peer(value))];
                self.reader.language.markup(key, &with)
            };
            match &item.agreed {
                Some((entry, value)) => {
                    rows.push((case.entry_typed(entry), label(&item_value::show(value), "terms.fact.agreed")));
                }
                None => {
                    for stated in &item.stated {
                        let value = render::open_value(case, &stated.entry, &stated.value);
                        let said = format!("{} ({})", item_value::show(&value), case.party_label(&stated.party));
                        rows.push((case.entry_typed(&stated.entry), label(&said, "terms.fact")));
                    }
                }
            }
        }
        rows.truncate(MOST_FACTS);
        // A version that was superseded stays what the terms rest on.
        for entry in &ticked {
            if !rows.iter().any(|(known, _)| known == entry) {
                let label = Markup::default().say("#").peer(entry);
                rows.push(((*entry).to_owned(), label));
            }
        }
        let choice = |(place, (value, label)): (usize, (String, Markup))| Choice {
            id: if place == 0 { field.clone() } else { format!("{field}.{place}") },
            name: field.clone(),
            chosen: ticked.contains(&value.as_str()),
            value,
            label,
        };
        rows.into_iter().enumerate().map(choice).collect()
    }
}
