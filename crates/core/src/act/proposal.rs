//! Proposals: subjects and terms.

use super::{
    Role,
    body::{Body, Fields, entry_id},
};
use crate::{
    cbor::{self, Value},
    id::{EntryId, PartyId},
    value::{ActionId, Due, ItemValue, Money, Sealable, Seat, Unit},
};

/// A seat with, for people, the person meant; the person has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyRef {
    pub seat: Seat,
    pub person: Option<Sealable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelClause {
    pub by: Seat,
    pub text: Sealable,
    pub until: Option<Due>,
}

/// Terms of an action: who does what for whom, by when, and how it is known to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionTerms {
    pub what: Sealable,
    pub performers: Vec<PartyRef>,
    pub beneficiaries: Vec<PartyRef>,
    pub due: Option<Due>,
    /// The value at stake; what mandates cap.
    pub value: Option<Money>,
    pub conditions: Vec<Sealable>,
    pub evidence: Vec<Sealable>,
    pub consequences: Vec<Sealable>,
    pub cancel: Vec<CancelClause>,
    /// Deemed-acceptance window after delivery; off unless written.
    pub deemed: Option<(u32, Unit)>,
    pub items: Vec<EntryId>,
}

/// What one subject of a revision is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "most subjects are actions; a box would cost an allocation for each")]
pub enum Topic {
    Action { action: Option<ActionId>, terms: ActionTerms },
    Item { key: String, value: ItemValue },
    Terms { terms: Option<ActionId>, title: String, text: Sealable, seats: Vec<Seat> },
    AdmitSeat { seat: Seat },
    AdmitNew { role: Role, label: Sealable, party: Option<PartyId> },
    Close { close: Option<ActionId>, summary: Option<Sealable> },
    Level { level: i64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The revision in force it would replace.
    pub base: Option<EntryId>,
    pub topic: Topic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Firm,
    /// Binding only after the author's confirm.
    Confirm,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub subjects: Vec<Subject>,
    pub signers: Vec<Seat>,
    pub mode: Mode,
    pub open_until: Option<Due>,
    /// The contact in which the other side said it, where this records their promise.
    pub alleged: Option<EntryId>,
    pub note: Option<Sealable>,
}

impl Proposal {
    /// The money at stake in its actions, by currency, in millionths: what is less than nothing takes nothing off what stands
    /// beside it (R9).
    #[must_use]
    pub fn at_stake(&self) -> Vec<(&str, i128)> {
        let mut sums: Vec<(&str, i128)> = Vec::new();
        for subject in &self.subjects {
            let Topic::Action { terms, .. } = &subject.topic else { continue };
            let Some(value) = &terms.value else { continue };
            let amount = value.amount().millionths().abs();
            match sums.iter_mut().find(|(currency, _)| *currency == value.currency()) {
                Some((_, sum)) => *sum = sum.saturating_add(amount),
                None => sums.push((value.currency(), amount)),
            }
        }
        sums
    }

    /// The first sum at stake that goes beyond ceilings; nothing where they hold, or there are none. A currency without one is
    /// beyond them.
    #[must_use]
    pub fn beyond(&self, ceilings: &[Money]) -> Option<(&str, i128)> {
        let covered = |currency: &str, sum: i128| {
            ceilings.iter().any(|most| most.currency() == currency && most.amount().millionths() >= sum)
        };
        let mut sums = self.at_stake().into_iter();
        if ceilings.is_empty() { None } else { sums.find(|(currency, sum)| !covered(currency, *sum)) }
    }

    pub(super) fn read(f: &Fields<'_>) -> Option<Self> {
        Some(Self {
            subjects: f.list("subjects", Subject::read)?,
            signers: f.list("signers", Seat::from_value)?,
            mode: match f.text("mode")?.as_str() {
                "firm" => Mode::Firm,
                "confirm" => Mode::Confirm,
                _ => return None,
            },
            open_until: f.optional("open_until", Due::from_value)?,
            alleged: f.optional("alleged", entry_id)?,
            note: f.remark("note")?,
        })
    }

    pub(super) fn write(&self, b: &mut Body) {
        b.list("subjects", &self.subjects, Subject::to_value);
        b.list("signers", &self.signers, Seat::to_value);
        b.put("mode", if self.mode == Mode::Firm { "firm" } else { "confirm" });
        if let Some(until) = &self.open_until {
            b.put("open_until", until.to_value());
        }
        if let Some(alleged) = &self.alleged {
            b.put("alleged", &alleged.0);
        }
        b.remark("note", self.note.as_ref());
    }
}

impl Subject {
    fn read(value: &Value) -> Option<Self> {
        let f = Fields(value);
        let topic = match f.text("is")?.as_str() {
            "action" => {
                Topic::Action { action: f.optional("action", ActionId::from_value)?, terms: ActionTerms::read(&f)? }
            }
            "item" => Topic::Item { key: f.text("key")?, value: f.read("value", ItemValue::from_value)? },
            "terms" => Topic::Terms {
                terms: f.optional("terms", ActionId::from_value)?,
                title: f.text("title")?,
                text: f.sealable("text")?,
                seats: f.list("seats", Seat::from_value)?,
            },
            "admit" if value.field("seat").is_some() => Topic::AdmitSeat { seat: f.read("seat", Seat::from_value)? },
            "admit" => Topic::AdmitNew {
                role: Role::from_word(&f.text("role")?)?,
                label: f.sealable("label")?,
                party: f.optional("party", |v| PartyId::from_slice(v.as_bytes()?))?,
            },
            "close" => {
                Topic::Close { close: f.optional("close", ActionId::from_value)?, summary: f.remark("summary")? }
            }
            "level" => Topic::Level { level: f.int("level")? },
            _ => return None,
        };
        Some(Self { base: f.optional("base", entry_id)?, topic })
    }

    /// The subject as it stands in a body.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut b = Body::default();
        match &self.topic {
            Topic::Action { action, terms } => {
                b.put("is", "action");
                if let Some(action) = action {
                    b.put("action", action.to_value());
                }
                terms.write(&mut b);
            }
            Topic::Item { key, value } => {
                b.put("is", "item");
                b.put("key", key.as_str());
                b.put("value", value.to_value());
            }
            Topic::Terms { terms, title, text, seats } => {
                b.put("is", "terms");
                if let Some(terms) = terms {
                    b.put("terms", terms.to_value());
                }
                b.put("title", title.as_str());
                b.put("text", text.to_value());
                b.list("seats", seats, Seat::to_value);
            }
            Topic::AdmitSeat { seat } => {
                b.put("is", "admit");
                b.put("seat", seat.to_value());
            }
            Topic::AdmitNew { role, label, party } => {
                b.put("is", "admit");
                b.put("role", role.as_str());
                b.put("label", label.to_value());
                if let Some(party) = party {
                    b.put("party", &party.0);
                }
            }
            Topic::Close { close, summary } => {
                b.put("is", "close");
                if let Some(close) = close {
                    b.put("close", close.to_value());
                }
                b.remark("summary", summary.as_ref());
            }
            Topic::Level { level } => {
                b.put("is", "level");
                b.put("level", *level);
            }
        }
        if let Some(base) = &self.base {
            b.put("base", &base.0);
        }
        b.finish()
    }
}

impl PartyRef {
    fn read(value: &Value) -> Option<Self> {
        let f = Fields(value);
        Some(Self { seat: f.read("seat", Seat::from_value)?, person: f.remark("person")? })
    }

    fn to_value(&self) -> Value {
        let mut b = Body::default();
        b.put("seat", self.seat.to_value());
        b.remark("person", self.person.as_ref());
        b.finish()
    }
}

impl CancelClause {
    fn read(value: &Value) -> Option<Self> {
        let f = Fields(value);
        Some(Self {
            by: f.read("by", Seat::from_value)?,
            text: f.sealable("text")?,
            until: f.optional("until", Due::from_value)?,
        })
    }

    fn to_value(&self) -> Value {
        let mut b = Body::default();
        b.put("by", self.by.to_value());
        b.put("text", self.text.to_value());
        if let Some(until) = &self.until {
            b.put("until", until.to_value());
        }
        b.finish()
    }
}

impl ActionTerms {
    fn read(f: &Fields<'_>) -> Option<Self> {
        Some(Self {
            what: f.sealable("what")?,
            performers: f.list("performers", PartyRef::read)?,
            beneficiaries: f.list("beneficiaries", PartyRef::read)?,
            due: f.optional("due", Due::from_value)?,
            value: f.optional("value", Money::from_value)?,
            conditions: f.list("conditions", Sealable::from_value)?,
            evidence: f.list("evidence", Sealable::from_value)?,
            consequences: f.list("consequences", Sealable::from_value)?,
            cancel: f.list("cancel", CancelClause::read)?,
            deemed: f.optional("deemed", |v| {
                let f = Fields(v);
                Some((f.index("count")?, Unit::from_word(&f.text("unit")?)?))
            })?,
            items: f.list("items", entry_id)?,
        })
    }

    fn write(&self, b: &mut Body) {
        b.put("what", self.what.to_value());
        b.list("performers", &self.performers, PartyRef::to_value);
        b.list("beneficiaries", &self.beneficiaries, PartyRef::to_value);
        if let Some(due) = &self.due {
            b.put("due", due.to_value());
        }
        if let Some(value) = &self.value {
            b.put("value", value.to_value());
        }
        b.list("conditions", &self.conditions, Sealable::to_value);
        b.list("evidence", &self.evidence, Sealable::to_value);
        b.list("consequences", &self.consequences, Sealable::to_value);
        b.list("cancel", &self.cancel, CancelClause::to_value);
        if let Some((count, unit)) = self.deemed {
            b.put("deemed", cbor::map([("count", count.into()), ("unit", unit.as_str().into())]));
        }
        b.list("items", &self.items, |e| Value::from(&e.0));
    }

    /// The seats that must sign terms like these.
    pub fn seats(&self) -> impl Iterator<Item = Seat> {
        self.performers.iter().chain(&self.beneficiaries).map(|p| p.seat)
    }
}
