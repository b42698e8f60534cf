//! From what was typed to what is proposed.

use counterpart_core::{
    act::{ActionTerms, Proposal, Topic},
    fold::SubjectKey,
    id::EntryId,
    text,
    value::Sealable,
};
use counterpart_words::{
    case::OpenCase,
    error::CommandError,
    money, render,
    terms::{self, ActionTyped, Clause, Fact, Misread, Offer, Term, continued},
    typed::typed as made_ready,
};

use super::{
    fields::{MOST_CLAUSES, name},
    item, people,
    people::seat_of,
};
use crate::{acts::Wrong, language::Language, typed::Typed};

/// What a part continues, in what is answered or in force.
pub(super) type Before = (SubjectKey, Topic);

/// Reads the parts of a form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) language: &'static Language,
    pub(super) case: &'a OpenCase,
    pub(super) typed: &'a Typed,
    /// The parts of what is answered, or of what is in force.
    pub(super) before: &'a [Before],
}

impl Reader<'_> {
    /// What all parts propose together.
    pub(super) fn topics(&self, parts: usize) -> Result<Vec<Topic>, Vec<Wrong>> {
        let (mut topics, mut wrong) = (Vec::new(), Vec::new());
        for part in 1..=parts {
            match self.topic(part) {
                Ok(topic) => topics.push(topic),
                Err(why) => wrong.extend(why),
            }
        }
        if wrong.is_empty() { Ok(topics) } else { Err(wrong) }
    }

    /// What a part continues.
    pub(super) fn before(&self, part: usize) -> Option<&Before> {
        let of: usize = self.typed.text(&name("of", part)).parse().ok()?;
        self.before.get(of)
    }

    fn topic(&self, part: usize) -> Result<Topic, Vec<Wrong>> {
        let Some((key, before)) = self.before(part) else { return self.new_topic(part) };
        Ok(match continued(key, before) {
            Topic::Action { action, terms } => Topic::Action { action, terms: self.action(part, Some(&terms))? },
            Topic::Terms { terms, title, text, seats } => {
                Topic::Terms { terms, title, text: self.text(part, "text", "the terms", &text)?, seats }
            }
            Topic::Close { close, summary } => Topic::Close { close, summary: self.summary(part, summary)? },
            Topic::Item { key, value } => {
                let value = item::read(self, part, Some(&value)).map_err(|wrong| vec![wrong])?;
                Topic::Item { key, value }
            }
            other => other,
        })
    }

    fn new_topic(&self, part: usize) -> Result<Topic, Vec<Wrong>> {
        let text = |field: &str| self.typed.text(&name(field, part)).trim();
        match text("kind") {
            "terms" => {
                let mut wrong = Vec::new();
                for (field, say) in [("title", "terms.free.title.none"), ("text", "terms.free.text.none")] {
                    if text(field).is_empty() {
                        wrong.push(Wrong::of(&name(field, part), self.language.say(say)));
                    }
                }
                if !wrong.is_empty() {
                    return Err(wrong);
                }
                let read = terms::free_terms(self.case, text("title"), text("text"));
                read.map_err(|why| vec![Wrong::said(&name("title", part), &why)])
            }
            "item" => {
                let key = text("key");
                if key.is_empty() {
                    return Err(vec![Wrong::of(&name("key", part), self.language.say("terms.item.key.none"))]);
                }
                let key = made_ready("the fact's name", key);
                let key = key.map_err(|why| vec![Wrong::said(&name("key", part), &why)])?;
                let value = item::read(self, part, None).map_err(|wrong| vec![wrong])?;
                Ok(Topic::Item { key, value })
            }
            _ => Ok(Topic::Action { action: None, terms: self.action(part, None)? }),
        }
    }

    /// A text that stays as it was where it reads as it was shown.
    fn text(&self, part: usize, field: &str, what: &str, before: &Sealable) -> Result<Sealable, Vec<Wrong>> {
        let shown = before.open().map_or_else(|| render::SEALED.to_owned(), render::visible);
        let said = text::normalise(self.typed.text(&name(field, part)));
        if said.trim() == shown.trim() {
            return Ok(before.clone());
        }
        let read = made_ready(what, said.trim()).map(Sealable::Open);
        read.map_err(|why| vec![Wrong::said(&name(field, part), &why)])
    }

    fn summary(&self, part: usize, before: Option<Sealable>) -> Result<Option<Sealable>, Vec<Wrong>> {
        let field = name("summary", part);
        match (self.typed.some(&field), before) {
            (None, _) => Ok(None),
            (Some(said), Some(before)) if said == render::sealable(&before) => Ok(Some(before)),
            (Some(said), _) => {
                let read = made_ready("the summary", said).map(|s| Some(Sealable::Open(s)));
                read.map_err(|why| vec![Wrong::said(&field, &why)])
            }
        }
    }

    /// The terms of an action; what is not changed of what it continues stays.
    fn action(&self, part: usize, known: Option<&ActionTerms>) -> Result<ActionTerms, Vec<Wrong>> {
        let case = self.case;
        let at = |field: &str| name(field, part);
        let some = |field: &str| self.typed.some(&at(field));
        let mut wrong = Vec::new();
        let shown = known.map(|known| ActionTyped::of(case, known)).unwrap_or_default();
        let due = some_or(&mut wrong, self.when(&at("due"), shown.due.as_deref()));
        let value = some_or(&mut wrong, self.value(part));
        let (cancel, rows) = self.clauses(part);
        let uses = self.uses(part, &mut wrong);
        let lines = |field: &str| {
            let text = text::normalise(self.typed.text(&at(field)));
            text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let (by, beneficiaries) = people::read(case, self.typed, part);
        let said = ActionTyped {
            what: some("what").map(|what| text::normalise(what).trim().to_owned()),
            by,
            beneficiaries,
            due: due.clone(),
            value,
            conditions: lines("conditions"),
            evidence: lines("evidence"),
            consequences: lines("consequences"),
            cancel,
            deemed: some("deemed").map(str::to_owned),
            uses,
            promised: self.typed.has("promised"),
        };
        let picked = some("due-day").is_some();
        let field = |misread: &Misread| {
            at(&match misread.term {
                Term::What => "what".to_owned(),
                Term::By | Term::For if matches!(self.typed.text(&at("way")), "theirs" | "mine") => "way".to_owned(),
                Term::By => "by".to_owned(),
                Term::For => "for".to_owned(),
                Term::Due if picked => "due-day".to_owned(),
                Term::Due => "due".to_owned(),
                Term::Value => "value".to_owned(),
                Term::Conditions => "conditions".to_owned(),
                Term::Evidence => "evidence".to_owned(),
                Term::Consequences => "consequences".to_owned(),
                Term::CancelClauses => {
                    let row = rows.get(misread.at).copied().unwrap_or_default();
                    let by = self.typed.some(&at(&format!("cancel-by.{row}")));
                    let text = self.typed.some(&at(&format!("cancel-text.{row}")));
                    match (by, text) {
                        (None, _) => format!("cancel-by.{row}"),
                        (_, None) => format!("cancel-text.{row}"),
                        _ => format!("cancel-until.{row}"),
                    }
                }
                Term::Deemed => "deemed".to_owned(),
                Term::Uses => "uses".to_owned(),
            })
        };
        let read = said.instead(case, known);
        // Ticks were to say it, and nobody is ticked: nobody is guessed at.
        if self.typed.text(&at("way")) == "other" && said.by.is_empty() {
            wrong.push(Wrong::of(&at("by"), self.language.say("terms.by.none")));
        }
        match read {
            Ok(terms) if wrong.is_empty() => Ok(terms),
            Ok(_) => Err(wrong),
            Err(misread) => {
                let guessed = |one: &&Misread| one.term != Term::By || !wrong.iter().any(|w| w.field == at("by"));
                let told: Vec<Wrong> = misread
                    .iter()
                    .filter(guessed)
                    .map(|one| match (one.term, &said.what) {
                        (Term::What, None) => Wrong::of(&at("what"), self.language.say("terms.what.none")),
                        (Term::By, _) if said.by.is_empty() => {
                            Wrong::of(&field(one), self.language.say("terms.by.none"))
                        }
                        (Term::For, _) if said.beneficiaries.is_empty() => {
                            Wrong::of(&field(one), self.language.say("terms.for.none"))
                        }
                        (Term::CancelClauses, _) => {
                            let field = field(one);
                            let key = match field.split('.').next() {
                                Some("cancel-by") => Some("terms.cancel.by.none"),
                                Some("cancel-text") => Some("terms.cancel.text.none"),
                                _ => None,
                            };
                            key.map_or_else(
                                || Wrong::said(&field, &one.why),
                                |key| Wrong::of(&field, self.language.say(key)),
                            )
                        }
                        _ => Wrong::said(&field(one), &one.why),
                    })
                    .collect();
                Err(told.into_iter().chain(wrong).collect())
            }
        }
    }

    /// A time in words, or picked as a day and a time of day; `shown` is what stood there in words before.
    pub(super) fn when(&self, field: &str, shown: Option<&str>) -> Result<Option<String>, Wrong> {
        let (day_field, time_field) = (day_of(field), time_of(field));
        let (words, day, time) = (self.typed.some(field), self.typed.some(&day_field), self.typed.some(&time_field));
        match (words, day, time) {
            (words, None, None) => Ok(words.map(str::to_owned)),
            (_, None, Some(_)) => Err(Wrong::of(&day_field, self.language.say("terms.when.day"))),
            (Some(words), Some(_), _) if shown != Some(words) => {
                Err(Wrong::of(field, self.language.say("terms.when.twice")))
            }
            (_, Some(day), time) => Ok(Some(format!("{day} {}", time.unwrap_or_default()).trim().to_owned())),
        }
    }

    /// The amount with its currency, which may stand with it or apart.
    fn value(&self, part: usize) -> Result<Option<String>, Wrong> {
        let field = name("value", part);
        let (amount, currency) = (self.typed.some(&field), self.typed.some(&name("currency", part)));
        let Some(amount) = amount else { return Ok(None) };
        let bare = amount.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | ' '));
        match currency {
            Some(currency) if bare => Ok(Some(format!("{amount} {currency}"))),
            // The amount names its own currency: the two must not differ.
            Some(currency) => match money::parse(amount) {
                Ok(money) if !money.currency().eq_ignore_ascii_case(currency) => {
                    Err(Wrong::of(&field, self.language.say("terms.value.twice")))
                }
                _ => Ok(Some(amount.to_owned())),
            },
            None if bare => Err(Wrong::of(&name("currency", part), self.language.say("terms.currency.none"))),
            None => Ok(Some(amount.to_owned())),
        }
    }

    /// The clauses by which it may be called off, and the row of each.
    fn clauses(&self, part: usize) -> (Vec<Clause>, Vec<usize>) {
        let row = |row: usize| {
            let some = |field: &str| self.typed.some(&name(&format!("{field}.{row}"), part));
            let (text, until) = (some("cancel-text"), some("cancel-until"));
            let by = some("cancel-by").and_then(|key| seat_of(self.case, key));
            (text.is_some() || until.is_some()).then(|| Clause::Parted {
                by,
                text: text::normalise(text.unwrap_or_default()),
                until: until.map(str::to_owned),
            })
        };
        (0..MOST_CLAUSES).filter_map(|n| Some((row(n)?, n))).unzip()
    }

    /// The facts that are ticked.
    fn uses(&self, part: usize, wrong: &mut Vec<Wrong>) -> Vec<Fact> {
        let field = name("uses", part);
        let ticked = self.typed.all(&field).into_iter().filter_map(|entry| match self.case.entry(entry) {
            Ok(target) => Some(Fact::Version(target.id)),
            Err(why) => {
                wrong.push(Wrong::said(&field, &why));
                None
            }
        });
        ticked.collect()
    }

    /// How long the offer holds, in which mode, what goes with it, and the contact in which it was promised.
    pub(super) fn whole(&self, topics: Vec<Topic>, alleged: Option<EntryId>) -> Result<Proposal, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let note = self.typed.some("note").map(|note| made_ready("the remark", note)).transpose();
        let note = some_or(&mut wrong, note.map_err(|why| Wrong::said("note", &why)));
        let open_until = some_or(&mut wrong, self.when("open-until", None));
        let offer = Offer { open_until, confirm: self.typed.has("confirm") };
        let outright = |topic: &Topic| {
            matches!(
                topic,
                Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } | Topic::Close { .. } | Topic::Level { .. }
            )
        };
        if offer.says_anything() && topics.iter().any(outright) {
            let field = if offer.confirm { "confirm" } else { "open-until" };
            wrong.push(Wrong::of(field, self.language.say("terms.outright")));
            return Err(wrong);
        }
        let alleged = match self.typed.has("promised") {
            false => alleged,
            true if offer.says_anything() => {
                wrong.push(Wrong::of("promised", self.language.say("terms.promised.offer")));
                None
            }
            true => match self.typed.some("contact").map(|contact| self.case.entry(contact)) {
                Some(Ok(target)) => Some(target.id),
                Some(Err(why)) => {
                    wrong.push(Wrong::said("contact", &why));
                    None
                }
                None => {
                    wrong.push(Wrong::of("contact", self.language.say("terms.contact.none")));
                    None
                }
            },
        };
        let proposal = terms::proposal(self.case, topics, alleged, note.map(Sealable::Open));
        let said = |why: CommandError| {
            let field = if self.typed.some("open-until-day").is_some() { "open-until-day" } else { "open-until" };
            Wrong::said(field, &why)
        };
        let proposal = some_or(&mut wrong, offer.put(self.case, proposal).map(Some).map_err(said));
        match proposal {
            Some(proposal) if wrong.is_empty() => Ok(proposal),
            _ => Err(wrong),
        }
    }
}

/// The fields beside a time in words in which it is picked: `due-day`, for the second part `due-day-2`.
pub(super) fn day_of(field: &str) -> String {
    beside(field, "day")
}

pub(super) fn time_of(field: &str) -> String {
    beside(field, "time")
}

fn beside(field: &str, what: &str) -> String {
    match field.rsplit_once('-').filter(|(_, part)| part.parse::<usize>().is_ok()) {
        Some((field, part)) => format!("{field}-{what}-{part}"),
        None => format!("{field}-{what}"),
    }
}

fn some_or<T>(wrong: &mut Vec<Wrong>, read: Result<Option<T>, Wrong>) -> Option<T> {
    read.unwrap_or_else(|why| {
        wrong.push(why);
        None
    })
}
