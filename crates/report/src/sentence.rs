//! What an entry says, so that it reads behind its author's name: "signed an acceptance of #9".
//!
//! What is told is that something was signed, never that it is so.

use counterpart_core::{
    act::{Act, Card, Contact, Mandate, Mode, Outcome, Proof, Proposal, Subject},
    graph::Ix,
    id::{DeviceKey, EntryId, short_form},
    keylog::EventBody,
    receipt::SignedReceipt,
    stamp::KeptStamp,
    value::{Sealable, Seat},
};

use crate::{
    clock::{due_in_words, lasted},
    difference::{between, earlier, left_out},
    sealed::place,
    teller::Teller,
    terms::in_a_line,
    value::{hex, money},
    words::{Words, count, say},
};

/// What an entry says.
pub(crate) fn sentence(teller: &Teller<'_>, ix: Ix) -> Words {
    let act = teller.laid_open(ix);
    Sentences { teller, ix }.of(&act)
}

struct Sentences<'t, 'r> {
    teller: &'t Teller<'r>,
    ix: Ix,
}

impl Sentences<'_, '_> {
    fn of(&self, act: &Act) -> Words {
        match act {
            Act::Open(_)
            | Act::Invite { .. }
            | Act::Uninvite { .. }
            | Act::Admit { .. }
            | Act::Join { .. }
            | Act::Seat { .. }
            | Act::Leave { .. }
            | Act::Link { .. }
            | Act::Seen => self.of_the_case(act),
            Act::Propose(_)
            | Act::Counter { .. }
            | Act::Accept { .. }
            | Act::Decline { .. }
            | Act::Withdraw { .. }
            | Act::Confirm { .. }
            | Act::Choose { .. } => self.of_terms(act),
            Act::Progress { .. }
            | Act::Declare { .. }
            | Act::Undeclare { .. }
            | Act::Approve { .. }
            | Act::Reject { .. }
            | Act::Stop { .. }
            | Act::Missed { .. }
            | Act::Release { .. }
            | Act::Allow { .. }
            | Act::Refuse { .. }
            | Act::Cancel { .. } => self.of_work(act),
            Act::Item { .. }
            | Act::Acknowledge { .. }
            | Act::Contest { .. }
            | Act::Contact(_)
            | Act::Note { .. }
            | Act::Attach { .. }
            | Act::Remind { .. }
            | Act::Thank { .. }
            | Act::Erase { .. }
            | Act::Erased { .. } => self.of_facts(act),
            Act::Card(_) | Act::Handover { .. } | Act::Mandate(_) | Act::Cut { .. } | Act::Ratify { .. } => {
                self.of_people(act)
            }
            Act::Dispute { .. } | Act::Concede { .. } | Act::Settle { .. } | Act::Decide { .. } | Act::Prove { .. } => {
                self.of_disputes(act)
            }
        }
    }

    fn of_the_case(&self, act: &Act) -> Words {
        let remark = |words: Words, text: &Sealable| self.teller.remark(words, text);
        match act {
            Act::Open(open) => {
                let seat = |s: &counterpart_core::act::SeatOffer| {
                    self.teller.said(&s.label).say(format!(" as {}", s.role.as_str()))
                };
                let words = say("signed the opening of this case, ").quote(&open.title);
                let words = words.say(", with seats for ").listed(open.seats.iter().map(seat));
                words.say(", in the time zone ").who(&open.zone).maybe(open.about.as_ref(), remark)
            }
            Act::Invite { seat, expires, label, .. } => {
                let words = say("signed an invitation to the seat of ").who(&self.teller.seat(seat));
                let words = words.say(", open until ").at(self.teller.time(*expires));
                words.maybe(label.as_ref(), remark)
            }
            Act::Uninvite { invite, reason } => say("signed that the invitation ")
                .then(self.entry(invite))
                .say(" no longer holds")
                .maybe(reason.as_ref(), remark),
            Act::Admit { party, seat, invite, revision, .. } => {
                let words =
                    say("signed that the identity ").code(&short_form(party.as_bytes())).say(" takes the seat of ");
                let words = words.who(&self.teller.seat(seat)).say(", on the invitation ").then(self.entry(invite));
                words.maybe(revision.as_ref(), |words, id| words.say(", as agreed in ").then(self.entry(id)))
            }
            Act::Join { admit } => say("signed to have joined the case, let in by ").then(self.entry(admit)),
            Act::Seat { seat, admit } => {
                let words = say("signed that the seat of ").who(&self.teller.seat(seat));
                words.say(" belongs to whom ").then(self.entry(admit)).say(" let in")
            }
            Act::Leave { reason } => {
                say("signed to leave: nothing more is delivered to them, and what they agreed to stays")
                    .maybe(reason.as_ref(), remark)
            }
            Act::Link { case, relation, note } => {
                let words =
                    say("signed a pointer to another case, ").code(&short_form(&case.0)).say(" (").who(relation);
                words.say(")").maybe(note.as_ref(), remark)
            }
            _ => say("signed for having everything before this"),
        }
    }

    fn of_terms(&self, act: &Act) -> Words {
        let remark = |words: Words, text: &Sealable| self.teller.remark(words, text);
        match act {
            Act::Propose(proposal) => match &proposal.alleged {
                Some(contact) => {
                    let words = say("signed that this was promised in ").then(self.entry(contact));
                    self.offer(words.say(", recorded for them: "), proposal, None)
                }
                None => self.offer(say("signed a proposal: "), proposal, None),
            },
            Act::Counter { of, proposal } => {
                let words = say("signed other terms in answer to ").then(self.entry(of)).say(": ");
                self.offer(words, proposal, Some(of))
            }
            Act::Accept { revision, note } => {
                say("signed an acceptance of ").then(self.entry(revision)).maybe(note.as_ref(), remark)
            }
            Act::Decline { revision, reason } => {
                say("signed that ").then(self.entry(revision)).say(" is declined").maybe(reason.as_ref(), remark)
            }
            Act::Withdraw { of, reason } => {
                say("signed that ").then(self.entry(of)).say(" is withdrawn").maybe(reason.as_ref(), remark)
            }
            Act::Confirm { revision } => {
                say("signed the confirmation of ").then(self.entry(revision)).say(": it binds from then on")
            }
            Act::Choose { pick, reason } => {
                let words = say("signed the choice of ").then(self.entry(pick)).say(" among agreements that crossed");
                words.maybe(reason.as_ref(), remark)
            }
            _ => Words::new(),
        }
    }

    fn of_work(&self, act: &Act) -> Words {
        let remark = |words: Words, text: &Sealable| self.teller.remark(words, text);
        match act {
            Act::Progress { revision, subject, text } => {
                remark(say("signed how far ").then(self.part(revision, *subject)).say(" is"), text)
            }
            Act::Declare { revision, subject, note, evidence } => {
                let words = say("signed that ").then(self.part(revision, *subject)).say(" is done");
                let shown = Some(evidence).filter(|e| !e.is_empty());
                let words = words
                    .maybe(shown, |words, shown| words.say(", showing ").listed(shown.iter().map(|id| self.entry(id))));
                words.maybe(note.as_ref(), remark)
            }
            Act::Undeclare { declare, reason } => {
                let words = say("signed that ").then(self.entry(declare)).say(" is taken back: not done");
                words.maybe(reason.as_ref(), remark)
            }
            Act::Approve { declare, note } => {
                let words = say("signed that the result of ").then(self.entry(declare));
                let words = match self.deemed(declare) {
                    true => words.say(" counts as accepted, because it was not rejected in the agreed time"),
                    false => words.say(" is accepted"),
                };
                words.maybe(note.as_ref(), remark)
            }
            Act::Reject { declare, unmet, reason } => {
                let words = say("signed that the result of ").then(self.entry(declare)).say(" is not accepted");
                let unmet = Some(unmet).filter(|u| !u.is_empty());
                let words = words.maybe(unmet, |words, unmet| {
                    words.say(" (not met: ").listed(unmet.iter().map(|n| self.condition(declare, *n))).say(")")
                });
                remark(words, reason)
            }
            Act::Stop { revision, subject, reason } => {
                remark(say("signed that ").then(self.part(revision, *subject)).say(" is given up"), reason)
            }
            Act::Missed { revision, subject, due, note } => {
                let words = say("signed that the due time of ").then(self.part(revision, *subject));
                words.say(", ").at(self.teller.time(*due)).say(", has passed").maybe(note.as_ref(), remark)
            }
            Act::Release { of, reason } => {
                let graph = self.teller.record.graph();
                let reopen =
                    graph.find(of).is_some_and(|ix| matches!(self.teller.record.fold().act(ix), Act::Declare { .. }));
                let words = match reopen {
                    true => say("signed a request to reopen the result of "),
                    false => say("signed a request to be released from "),
                };
                words.then(self.entry(of)).maybe(reason.as_ref(), remark)
            }
            Act::Allow { request, note } => {
                say("signed that what ").then(self.entry(request)).say(" asks is allowed").maybe(note.as_ref(), remark)
            }
            Act::Refuse { request, reason } => say("signed that what ")
                .then(self.entry(request))
                .say(" asks is refused")
                .maybe(reason.as_ref(), remark),
            Act::Cancel { revision, subject, clause, reason } => {
                let words = say("signed that ").then(self.part(revision, *subject)).say(" is cancelled under ");
                words.then(self.clause(revision, *subject, *clause)).maybe(reason.as_ref(), remark)
            }
            _ => Words::new(),
        }
    }

    fn of_facts(&self, act: &Act) -> Words {
        let remark = |words: Words, text: &Sealable| self.teller.remark(words, text);
        match act {
            Act::Item { key, value: stated, label, note } => {
                let words = say("signed that ").quote(key);
                let words =
                    words.maybe(label.as_ref(), |words, label| words.say(" (").then(self.teller.said(label)).say(")"));
                words.say(" is ").then(self.teller.value(stated)).maybe(note.as_ref(), remark)
            }
            Act::Acknowledge { entry, note } => {
                say("signed that ").then(self.entry(entry)).say(" is right").maybe(note.as_ref(), remark)
            }
            Act::Contest { entry, reason } => {
                remark(say("signed that ").then(self.entry(entry)).say(" is contested"), reason)
            }
            Act::Contact(contact) => self.contact(contact),
            Act::Note { text, about } => remark(self.on(say("signed a note"), about.as_ref()), text),
            Act::Attach { sha256, size, name, media, about } => {
                let words = self
                    .on(say("signed that a file is on record"), about.as_ref())
                    .say(": ")
                    .then(self.teller.said(name));
                let words =
                    words.say(format!(", {size} bytes")).maybe(media.as_ref(), |w, media| w.say(", ").who(media));
                words.say(", SHA-256 ").code(&hex(sha256))
            }
            Act::Remind { text, about, seat } => {
                let words = self.to(say("signed a reminder"), seat.as_ref());
                let words = words.maybe(about.as_ref(), |words, id| words.say(" of ").then(self.entry(id)));
                remark(words, text)
            }
            Act::Thank { text, seat, person, about } => {
                let words = say("signed thanks")
                    .maybe(person.as_ref(), |words, person| words.say(" to ").then(self.teller.said(person)));
                let words = match (person, seat) {
                    (Some(_), Some(seat)) => words.say(" (").who(&self.teller.seat(seat)).say(")"),
                    (None, seat) => self.to(words, seat.as_ref()),
                    (Some(_), None) => words,
                };
                let words = words.maybe(about.as_ref(), |words, id| words.say(" for ").then(self.entry(id)));
                remark(words, text)
            }
            Act::Erase { entry, path, reason } => {
                let words =
                    say("signed a request to everybody to erase ").say(place(self.teller, entry, path)).say(" of ");
                words.then(self.entry(entry)).maybe(reason.as_ref(), remark)
            }
            Act::Erased { entry, path, reason } => {
                let words = say("signed to have erased ").say(place(self.teller, entry, path)).say(" of ");
                words.then(self.entry(entry)).maybe(reason.as_ref(), remark)
            }
            _ => Words::new(),
        }
    }

    fn of_people(&self, act: &Act) -> Words {
        match act {
            Act::Card(card) => self.card(card),
            Act::Handover { to, person, summary, .. } => {
                let words = say("signed a hand-over to ");
                let words =
                    words.maybe(person.as_ref(), |words, person| words.then(self.teller.said(person)).say(", "));
                self.teller.remark(words.then(device(to)), summary)
            }
            Act::Mandate(mandate) => self.mandate(mandate),
            Act::Cut { tips, .. } if tips.is_empty() => {
                say("signed that nothing counts of what an agent signed here after its rights had ended")
            }
            Act::Cut { tips, .. } => {
                let one = |(of, _, last): &(DeviceKey, u32, EntryId)| {
                    say("of ").then(device(of)).say(" everything up to ").then(self.entry(last))
                };
                say("signed what still counts now that rights have ended: ").listed(tips.iter().map(one))
            }
            Act::Ratify { entries } => {
                let words = say("signed to stand by ").listed(entries.iter().map(|id| self.entry(id)));
                words.say(", signed by an agent whose rights had ended")
            }
            _ => Words::new(),
        }
    }

    fn of_disputes(&self, act: &Act) -> Words {
        let remark = |words: Words, text: &Sealable| self.teller.remark(words, text);
        match act {
            Act::Dispute { about, subject, reason } => {
                let about = subject.map_or_else(|| self.entry(about), |subject| self.part(about, subject));
                remark(say("signed that ").then(about).say(" is in dispute"), reason)
            }
            Act::Concede { dispute, note } => {
                say("signed to give in to the dispute ").then(self.entry(dispute)).maybe(note.as_ref(), remark)
            }
            Act::Settle { dispute, revision, note } => {
                let words = say("signed that the dispute ").then(self.entry(dispute)).say(" is settled");
                let words = words
                    .maybe(revision.as_ref(), |words, id| words.say(" by what was agreed in ").then(self.entry(id)));
                words.maybe(note.as_ref(), remark)
            }
            Act::Decide { dispute, decision, outcome } => {
                let words = say("signed a decision of the dispute ").then(self.entry(dispute));
                let words =
                    words.maybe(*outcome, |words, outcome| words.say(format!(" ({})", outcome_in_words(outcome))));
                remark(words, decision)
            }
            Act::Prove { what, data, about } => self.proof(*what, data, about.as_ref()),
            _ => Words::new(),
        }
    }

    fn entry(&self, id: &EntryId) -> Words {
        Words::new().entry(self.teller.entry(id))
    }

    fn part(&self, revision: &EntryId, subject: u32) -> Words {
        Words::new().entry(self.teller.part(revision, subject))
    }

    fn on(&self, words: Words, about: Option<&EntryId>) -> Words {
        words.maybe(about, |words, id| words.say(" on ").then(self.entry(id)))
    }

    fn to(&self, words: Words, seat: Option<&Seat>) -> Words {
        words.maybe(seat, |words, seat| words.say(" to ").who(&self.teller.seat(seat)))
    }

    /// The subjects of a proposal, how long it holds, and whose last word it leaves.
    fn offer(&self, words: Words, proposal: &Proposal, answers: Option<&EntryId>) -> Words {
        let subjects = proposal.subjects.iter().enumerate();
        let words = words.joined(subjects.map(|(n, subject)| self.offered(n, subject, proposal, answers)), "; ");
        let left_out = Some(left_out(self.teller, self.ix)).filter(|parts| !parts.is_empty());
        let words = words.maybe(left_out, |words, parts| words.say("; left out: ").listed(parts));
        let words = words.maybe(proposal.open_until.as_ref(), |words, until| {
            words.say(" [open until ").say(due_in_words(until)).say("]")
        });
        let words = match proposal.mode {
            Mode::Confirm => words.say(" [binds its author only once they confirm it]"),
            Mode::Firm => words,
        };
        words.maybe(proposal.note.as_ref(), |words, note| words.say(" \u{2013} ").then(self.teller.said(note)))
    }

    /// A subject of an answer by what it changes of the last version of the other side or, failing that, of what it
    /// answers; else by what it changes of what is agreed; else whole.
    fn offered(&self, n: usize, subject: &Subject, proposal: &Proposal, answers: Option<&EntryId>) -> Words {
        let (graph, several) = (self.teller.record.graph(), proposal.subjects.len() > 1);
        let key = self.teller.record.fold().subject_keys(self.ix).get(n);
        let answered = answers.and_then(|id| graph.find(id));
        let compared = key.and_then(|key| {
            let version = answered.and_then(|of| earlier(self.teller, key, self.ix).or(Some(of)));
            let version = version.or_else(|| graph.find(subject.base.as_ref()?))?;
            Some((version, between(self.teller, &self.teller.subject_in(version, key)?, subject)?.0))
        });
        let whole = !several && left_out(self.teller, self.ix).is_empty();
        let lead = match (several, answered) {
            (true, Some(_)) => say(format!("part {}: ", n + 1)),
            _ => Words::new(),
        };
        match compared {
            Some((version, changes)) => {
                let lead = match answered {
                    None => lead.say("to change ").entry(self.teller.name(version)).say(", "),
                    Some(of) if of == version => lead,
                    Some(_) => lead.say("compared with ").entry(self.teller.name(version)).say(", "),
                };
                match changes.as_slice() {
                    [] if whole => lead.say("the same terms again"),
                    [] => lead.say("the same"),
                    changes => lead.joined(changes.iter().map(crate::Change::in_a_line), "; "),
                }
            }
            None => lead.then(in_a_line(self.teller, subject)),
        }
    }

    fn condition(&self, declare: &EntryId, n: u32) -> Words {
        let condition = self.teller.record.graph().find(declare).and_then(|ix| {
            let (revision, key) = self.teller.lens().declared(ix)?;
            self.teller.terms_in(revision, &key)?.conditions.into_iter().nth(n as usize)
        });
        condition.map_or_else(|| say(format!("condition {}", u64::from(n) + 1)), |text| self.teller.said(&text))
    }

    fn clause(&self, revision: &EntryId, subject: u32, clause: u32) -> Words {
        let signed = self.teller.record.graph().find(revision).and_then(|ix| {
            let key = self.teller.record.fold().subject_keys(ix).get(subject as usize)?;
            self.teller.terms_in(ix, key)?.cancel.into_iter().nth(clause as usize)
        });
        match signed {
            Some(clause) => say("the clause ").then(self.teller.said(&clause.text)),
            None => say(format!("clause {}", u64::from(clause) + 1)),
        }
    }

    /// Whether an approval is not by those it was done for, but under the terms' time for rejecting.
    fn deemed(&self, declare: &EntryId) -> bool {
        let lens = self.teller.lens();
        let beneficiaries = self.teller.record.graph().find(declare).and_then(|ix| {
            let (revision, key) = lens.declared(ix)?;
            Some(&lens.terms(revision, &key)?.beneficiaries)
        });
        let own = self.teller.record.fold().author_seats(self.ix);
        beneficiaries.is_some_and(|those| !those.iter().any(|party| own.contains(&party.seat)))
    }

    fn contact(&self, contact: &Contact) -> Words {
        let way = if contact.direction == "in" { "from" } else { "to" };
        let words = say(format!("signed a note of {} {way} ", channel(&contact.channel)));
        let seat = contact.seat.as_ref().map(|seat| Words::new().who(&self.teller.seat(seat)));
        let words = match (&contact.person, seat) {
            (Some(person), Some(seat)) => words.then(self.teller.said(person)).say(" (").then(seat).say(")"),
            (Some(person), None) => words.then(self.teller.said(person)),
            (None, Some(seat)) => words.then(seat),
            (None, None) => words.say("somebody"),
        };
        let words =
            words.maybe(contact.number.as_ref(), |words, number| words.say(", number ").then(self.teller.said(number)));
        let words = words.say(", begun ").at(self.teller.time(contact.started));
        let long = |seconds: i64| lasted(u64::try_from(seconds).unwrap_or(0));
        let words = words.maybe(contact.seconds, |words, seconds| words.say(format!(", {} long", long(seconds))));
        let words = words.maybe(contact.waited, |words, waited| words.say(format!(", after waiting {}", long(waited))));
        let words = words
            .maybe(contact.reference.as_ref(), |words, given| words.say(", reference ").then(self.teller.said(given)));
        let menu = Some(&contact.menu).filter(|menu| !menu.is_empty());
        let words = words.maybe(menu, |words, menu| {
            words.say(", through the menu ").joined(menu.iter().map(|text| self.teller.said(text)), " > ")
        });
        self.teller.remark(words, &contact.summary)
    }

    fn card(&self, card: &Card) -> Words {
        let words = say("signed a card: ").then(self.teller.said(&card.name));
        let lines: [(&str, &Option<Sealable>); 4] =
            [("", &card.function), ("telephone ", &card.phone), ("e-mail ", &card.email), ("hours ", &card.hours)];
        let words = lines.into_iter().fold(words, |words, (label, text)| {
            words.maybe(text.as_ref(), |words, text| words.say(", ").say(label).then(self.teller.said(text)))
        });
        words.maybe(card.device.as_ref(), |words, key| words.say(", who signs with ").then(device(key)))
    }

    fn mandate(&self, mandate: &Mandate) -> Words {
        let mut limits = Vec::new();
        if !mandate.kinds.is_empty() {
            limits.push(say("only ").listed(mandate.kinds.iter().map(|kind| Words::new().who(kind))));
        }
        if !mandate.ceilings.is_empty() {
            limits.push(say("at most ").listed(mandate.ceilings.iter().map(|m| say(money(m)))).say(" at stake"));
        }
        limits.extend(mandate.from.map(|from| say("from ").at(self.teller.time(from))));
        limits.extend(mandate.until.map(|until| say("until ").at(self.teller.time(until))));
        if limits.is_empty() {
            limits.push(say("whatever its rights cover"));
        }
        let granted = match self.teller.record.logs().event(&mandate.grant).map(|event| &event.body) {
            Some(EventBody::Grant(grant)) => device(&grant.device),
            _ => say("an agent"),
        };
        let words = say("signed what ").then(granted).say(" may do here: ").joined(limits, ", ");
        words.say(if mandate.open { "" } else { " (a limit for their own machines only)" })
    }

    fn proof(&self, what: Proof, data: &[u8], about: Option<&EntryId>) -> Words {
        let words =
            say("signed a proof into the record").maybe(about, |words, id| words.say(" for ").then(self.entry(id)));
        let receipt = (what == Proof::Receipt).then(|| SignedReceipt::verify(data).ok()).flatten();
        let stamp = (what == Proof::TimeStamp).then(|| KeptStamp::decode(data).ok()).flatten().map(|kept| kept.heads);
        match receipt {
            Some(signed) => {
                let receipt = &signed.receipt;
                let words = words.say(format!(": receipt {} by which ", receipt.number));
                let words = words.who(&self.teller.party(&receipt.party)).say(" signed for having everything up to ");
                let words = words.listed(receipt.heads.iter().map(|head| self.entry(head)));
                words.say(", on ").at(self.teller.time(receipt.at)).say(" by their own clock")
            }
            None if stamp.is_some() => words
                .say(": a time stamp asked for over everything up to ")
                .listed(stamp.iter().flatten().map(|head| self.entry(head)))
                .say("; under Time stamps stands what it is worth"),
            None => words.say(format!(": a {} of {}", what.as_str(), count(data.len(), "byte", "bytes"))),
        }
    }
}

fn device(key: &DeviceKey) -> Words {
    say("the device ").code(&short_form(&key.0))
}

/// A kind of contact with its article.
pub(crate) fn channel(word: &str) -> &'static str {
    match word {
        "telephone" => "a telephone call",
        "mail" => "a letter",
        "e-mail" => "an e-mail",
        "visit" => "a visit",
        "chat" => "a chat",
        _ => "a contact",
    }
}

/// What an arbiter's decision makes of the matter.
pub(crate) fn outcome_in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "it counts as done",
        Outcome::Cancelled => "it is off",
        Outcome::Agreed => "it stands as agreed",
    }
}
