//! Forms by which terms are proposed: new ones, an answer to what is proposed, a change of what is agreed.
//!
//! All are one form of parts, each an action, other terms or a fact. What is answered or changed fills it in; what is not
//! changed then stays exactly as it was signed. Buttons that add a part, or take one out, post the form and sign nothing.

mod admit;
mod close;
mod fields;
mod item;
mod part;
pub(crate) mod people;
mod promise;
mod read;

pub(crate) use self::{admit::Admit, close::Close};

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::{
    act::{Act, Mode, Proposal, Topic},
    fold::{InForce, Position, SubjectKey},
    graph::Ix,
    id::EntryId,
    value::Due,
    view::ActionView,
};
use counterpart_words::{
    case::OpenCase,
    error::{CommandError, Done, Kind as ErrorKind},
    render::{line, revision_in_force},
    terms::{continued, in_force},
};

use self::{
    fields::{Laid, MOST, filled, laid, name, parted, rearranges},
    part::{Choice, Field, Kind, Part as Shown, Shower, When},
    people::Pair,
    read::{Before, Reader},
};
use super::{
    ActForm, At, Ready, Wrong,
    about::{movable, reference},
    asked, form_page,
};
use crate::{
    address::escaped,
    case::failed,
    drafts,
    guard::Problem,
    language::Language,
    pages::{CaseHead, Frame, Part},
    text::Markup,
    typed::Typed,
};

/// What a form of terms is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terms {
    /// New terms, an action first.
    Propose,
    /// Other terms in place of what is proposed.
    Counter,
    /// A change of an action that is agreed.
    Amend,
    /// Terms that are no action: new ones, or a change of those agreed.
    Free,
    /// The value of a fact.
    Item,
}

/// What a form rests on.
#[derive(Debug, Default)]
struct Start {
    /// What is answered, or in force.
    before: Vec<Before>,
    answers: Option<EntryId>,
    /// The contact in which what is answered was said.
    alleged: Option<EntryId>,
    /// What is answered is our own.
    own: bool,
    /// What is answered is not open any more.
    over: bool,
}

#[derive(Template)]
#[template(path = "acts/terms.html")]
struct TermsPage {
    frame: Frame,
    case: CaseHead,
    path: String,
    wrong: Vec<Wrong>,
    title: &'static str,
    lead: String,
    /// What is said before the form: tone, sign, title, text.
    notices: Vec<(&'static str, &'static str, &'static str, String)>,
    hidden: Vec<(&'static str, String)>,
    /// Under which name a draft is kept; empty where none is.
    keep: String,
    shown: Vec<Shown>,
    before_title: &'static str,
    more: bool,
    zone: String,
    /// Whether it can be said how long it holds, and whose last word it is.
    offer: bool,
    offer_open: bool,
    open_until: When,
    confirm: Choice,
    promised: Option<(Choice, Field, Vec<promise::Contact>)>,
    note: Field,
}

impl ActForm for Terms {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let start = match self.start(at.case, typed) {
            Ok(start) => start,
            Err(why) => return self.elsewhere(at, typed, &why),
        };
        // A draft is found by what a form is about, and a fact is no entry.
        let keyed = *self == Self::Item && at.visit.query.has("key");
        let typed = if keyed && at.fresh { &at.visit.query } else { typed };
        let keep = if keyed { String::new() } else { drafts::key_of(at.path, typed) };
        let most = MOST.max(start.before.len());
        let sent = typed.has("parts");
        let Laid { typed, parts, fresh } =
            if sent { laid(typed, most, usual(at.case)) } else { self.first(at.case, &start, typed) };
        let language = at.visit.language;
        let reader = Reader { language, case: at.case, typed: &typed, before: &start.before };
        let shower = Shower { reader, wrong, fresh };
        let shown: Vec<Shown> = (1..=parts).map(|n| shower.part(n, parts)).collect();
        let offer = shown.iter().all(|part| matches!(part.kind, Kind::Action(_) | Kind::Terms { .. } | Kind::Item(_)));
        let open_until = shower.when("open-until");
        let confirm = shower.tick("confirm", Markup::default().say(language.say("terms.confirm")));
        let contact = shower.field("contact");
        let promised = (*self == Self::Propose).then(|| promise::contacts(at.case, &contact.value));
        let promised = promised.filter(|contacts| !contacts.is_empty()).map(|contacts| {
            let tick = shower.tick("promised", Markup::default().say(language.say("terms.promised")));
            (tick, contact, contacts)
        });
        let says = |field: &Field| !field.value.is_empty() || field.wrong.is_some();
        let said_promised = promised.as_ref().is_some_and(|(tick, contact, _)| tick.chosen || contact.wrong.is_some());
        let whole_wrong = wrong.iter().any(|w| matches!(w.field.as_str(), "confirm" | "promised"));
        // What is answered is answered as a whole, whichever part of it the address names; what is changed is called as
        // it is everywhere else.
        let named = match (start.answers, start.before.as_slice()) {
            (Some(id), _) => Some(at.case.entry_typed(&id)),
            (None, [(key, _)]) => Some(at.case.subject_name(key).trim_start_matches('#').to_owned()),
            _ => None,
        };
        let about = named.as_deref().unwrap_or(typed.text("about"));
        let (title, lead) = self.head(language, &start, about);
        let page = TermsPage {
            frame: Frame::of(at.visit, "/cases"),
            case: CaseHead::of(at.visit, at.case, Part::None),
            path: at.path.to_owned(),
            wrong: wrong.iter().map(|one| of_part(language, one, parts)).collect(),
            title,
            lead,
            notices: self.notices(language, &start, about),
            hidden: ["about", "key-of"]
                .map(|f| (f, typed.text(f).to_owned()))
                .into_iter()
                .filter(|f| !f.1.is_empty())
                .collect(),
            keep,
            before_title: language.say(match (self, start.own) {
                (Self::Counter, false) => "terms.before.theirs",
                (Self::Counter, true) => "terms.before.own",
                _ => "terms.before.agreed",
            }),
            more: parts < most,
            zone: line(at.case.zone()),
            offer,
            offer_open: says(&open_until.words)
                || says(&open_until.day)
                || says(&open_until.time)
                || confirm.chosen
                || said_promised
                || whole_wrong,
            open_until,
            confirm,
            promised,
            note: shower.field("note"),
            shown,
        };
        form_page(&page, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        if rearranges(typed) {
            return Err(Vec::new());
        }
        let case = at.case;
        let start = self.start(case, typed).map_err(|why| vec![Wrong::said("", &why)])?;
        let proposal = read(at.visit.language, case, typed, &start)?;
        let keys: Vec<&SubjectKey> = start.before.iter().map(|(key, _)| key).collect();
        let act = match start.answers {
            Some(of) => Act::Counter { of, proposal },
            None => Act::Propose(proposal),
        };
        let mut ready = Ready::act(act);
        if let [key @ SubjectKey::Action(_)] = keys.as_slice() {
            let name = case.subject_name(key).trim_start_matches('#').replace('/', "-");
            ready.then = Some(format!("/case/{}/action/{name}", case.id.to_hex()));
        }
        Ok(ready)
    }
}

/// The kinds of values a fact may have: word and name.
pub(crate) fn types(language: &'static Language) -> Vec<(&'static str, &'static str)> {
    item::types(language, "").into_iter().map(|(word, name, _)| (word, name)).collect()
}

fn read(language: &'static Language, case: &OpenCase, typed: &Typed, start: &Start) -> Result<Proposal, Vec<Wrong>> {
    let Laid { typed, parts, .. } = laid(typed, MOST.max(start.before.len()), usual(case));
    let reader = Reader { language, case, typed: &typed, before: &start.before };
    let topics = reader.topics(parts).map_err(|mut wrong| {
        wrong.extend(reader.whole(Vec::new(), None).err().unwrap_or_default());
        wrong
    })?;
    let before = start.before.iter().map(|(key, topic)| continued(key, topic));
    let same = !start.before.is_empty() && before.eq(topics.iter().cloned());
    let proposal = reader.whole(topics, start.alleged)?;
    let offers = proposal.open_until.is_some() || proposal.mode == Mode::Confirm;
    if same && proposal.note.is_none() && !offers {
        return Err(vec![Wrong::of("", language.say("terms.unchanged"))]);
    }
    Ok(proposal)
}

impl Terms {
    fn start(self, case: &OpenCase, typed: &Typed) -> Done<Start> {
        let about = reference(case, typed.text("about"));
        match self {
            Self::Propose => Ok(Start::default()),
            Self::Item => Ok(Start::default()),
            Self::Free if about.is_empty() => Ok(Start::default()),
            Self::Counter => answered(case, &about),
            Self::Amend => {
                let (id, terms) = in_force(case, &about)?;
                let before = (SubjectKey::Action(id), Topic::Action { action: Some(id), terms });
                Ok(Start { before: vec![before], ..Start::default() })
            }
            Self::Free => {
                let (key, status) = case.subject(&about)?;
                let crossed = matches!(status.in_force, InForce::Crossed { .. }).then_some(status.revision);
                let revision = revision_in_force(&status).or(crossed);
                let subject = revision.and_then(|ix| case.lens().subject(ix, &key));
                match subject.map(|s| s.topic.clone()).filter(|topic| matches!(topic, Topic::Terms { .. })) {
                    Some(topic) => Ok(Start { before: vec![(key, topic)], ..Start::default() }),
                    None => Err(CommandError::failed("no such terms are agreed, so there is nothing to change")),
                }
            }
        }
    }

    /// Where else a form is that can be filled in, in place of one that cannot.
    fn elsewhere(self, at: &At<'_>, typed: &Typed, why: &CommandError) -> Result<Response, Problem> {
        let case = at.case;
        // About none yet: which it can be.
        let which = match self {
            Self::Counter => Some(("terms.counter.title", "counter")),
            Self::Amend => Some(("terms.amend.title", "propose")),
            _ => None,
        };
        if let Some((title, step)) = which.filter(|_| typed.text("about").is_empty()) {
            return asked::which(at, at.visit.language.say(title), "", movable(at, &[step]), &[]);
        }
        let to = |kind: &str, query: String| {
            Ok(Redirect::to(&format!("/case/{}/do/{kind}?{query}", case.id.to_hex())).into_response())
        };
        let subject = case.subject(&reference(case, typed.text("about"))).ok().filter(|_| self == Self::Amend);
        match subject {
            Some((SubjectKey::Terms(_), status))
                if matches!(status.in_force, InForce::One { position: Position::Revision(_), .. }) =>
            {
                return to("terms", format!("about={}", escaped(typed.text("about"))));
            }
            Some((SubjectKey::Item(key), _)) => return to("agree-item", format!("key={}", escaped(&key))),
            Some((SubjectKey::Action(_) | SubjectKey::Terms(_), status))
                if why.kind == ErrorKind::Failed || !status.open.is_empty() =>
            {
                if let Some(open) = status.open.first() {
                    return to(
                        "counter",
                        format!("about={}", escaped(&case.entry_typed(&case.record.graph().id(*open)))),
                    );
                }
            }
            _ => {}
        }
        match why.kind {
            ErrorKind::Usage => Err(Problem::new(StatusCode::NOT_FOUND, "matter").with("why", why.message.clone())),
            ErrorKind::Failed => Err(Problem::new(StatusCode::CONFLICT, "matter").with("why", why.message.clone())),
            _ => Err(failed(why)),
        }
    }

    /// The form before anybody has typed: filled with what it rests on, then with what the address says.
    fn first(self, case: &OpenCase, start: &Start, asked: &Typed) -> Laid {
        let parts = start.before.len().max(1);
        let mut fields: Vec<(String, String)> = Vec::new();
        for (of, (_, topic)) in start.before.iter().enumerate() {
            fields.push((name("of", of + 1), of.to_string()));
            fields.extend(filled(case, of + 1, topic));
        }
        let mut put = |field: &str, value: &str| fields.push((field.to_owned(), value.to_owned()));
        if start.before.is_empty() {
            match self {
                Self::Free => put("kind", "terms"),
                Self::Item => {
                    put("kind", "item");
                    let key = asked.text("key").trim();
                    let item = case.view().items.iter().find(|item| item.key == key);
                    if let Some(item) = item {
                        put("key-of", key);
                        // The other side's word first: agreeing to it is the short way.
                        let other = item.stated.iter().find(|s| s.party != case.own);
                        if let Some(stated) = other.or(item.stated.first()) {
                            put("item-pick", &case.entry_typed(&stated.entry));
                        }
                    }
                }
                Self::Propose | Self::Counter | Self::Amend => {
                    if Pair::of(case).is_some() && !asked.has("by") {
                        // What they promised they do, whoever they are.
                        put("way", if asked.has("promised") { "theirs" } else { usual(case) });
                    }
                    put("currency", &usual_currency(case));
                }
            }
        }
        let filled = fields.into_iter().filter(|(field, _)| !asked.has(field));
        let typed = Typed::new(filled.chain(asked.fields().map(|(n, v)| (n.to_owned(), v.to_owned()))).collect());
        Laid { typed: typed.and("parts", parts.to_string()), parts, fresh: None }
    }

    fn head(self, language: &'static Language, start: &Start, about: &str) -> (&'static str, String) {
        let with = [("n", about)];
        match self {
            Self::Propose => (language.say("terms.propose.title"), language.fill("terms.propose.lead", &[])),
            Self::Counter if start.own => {
                (language.say("terms.replace.title"), language.fill("terms.replace.lead", &with))
            }
            Self::Counter => (language.say("terms.counter.title"), language.fill("terms.counter.lead", &with)),
            Self::Amend => (language.say("terms.amend.title"), language.fill("terms.amend.lead", &with)),
            Self::Free if start.before.is_empty() => {
                (language.say("terms.free.title"), language.fill("terms.free.lead", &[]))
            }
            Self::Free => (language.say("terms.amend.title"), language.fill("terms.amend.lead", &with)),
            Self::Item => (language.say("terms.item.title"), language.fill("terms.item.lead", &[])),
        }
    }

    fn notices(
        self,
        language: &'static Language,
        start: &Start,
        about: &str,
    ) -> Vec<(&'static str, &'static str, &'static str, String)> {
        let with = [("n", about)];
        if start.over {
            let title = language.say("terms.over.title");
            return vec![("warn", "late", title, language.fill("terms.over.what", &with))];
        }
        let counted = |topic: &Topic| matches!(topic, Topic::Action { terms, .. } if matches!(terms.due, Some(Due::After { .. })));
        if self == Self::Amend && start.before.iter().any(|(_, topic)| counted(topic)) {
            let (title, what) = (language.say("terms.anew.title"), language.say("terms.anew.what"));
            return vec![("info", "info", title, what.to_owned())];
        }
        Vec::new()
    }
}

/// Who does it where nobody has said so yet, as the field says it.
fn usual(case: &OpenCase) -> &'static str {
    Pair::of(case).map_or("theirs", |pair| pair.usual(case))
}

/// What is wrong, with the part that it stands in where there are several.
fn of_part(language: &'static Language, wrong: &Wrong, parts: usize) -> Wrong {
    let part = parted(&wrong.field).filter(|_| parts > 1 && !wrong.field.is_empty());
    let with = |part: usize| language.fill("terms.part.wrong", &[("n", &part.to_string()), ("what", &wrong.what)]);
    Wrong { what: part.map_or_else(|| wrong.what.clone(), |(_, part)| with(part)), ..wrong.clone() }
}

/// A proposal that is to be answered with other terms.
fn answered(case: &OpenCase, about: &str) -> Done<Start> {
    let target = case.open_revision(about)?;
    let fold = case.record.fold();
    let Some(proposal) = fold.proposal(target.ix) else {
        return Err(CommandError::usage(format!("{} is not a proposal", case.entry_name(&target.id))));
    };
    let keys = fold.subject_keys(target.ix);
    let party = |ix: Ix| case.record.graph().statement(ix).party;
    Ok(Start {
        before: keys.iter().cloned().zip(proposal.subjects.iter().map(|s| s.topic.clone())).collect(),
        answers: Some(target.id),
        alleged: proposal.alleged,
        own: party(target.ix) == case.own,
        over: !case.lens().is_open(target.ix),
    })
}

/// The currency that the case's terms were in last; nothing where none had a value.
fn usual_currency(case: &OpenCase) -> String {
    let terms =
        |action: &ActionView| case.lens().terms(action.status.revision, &action.key).and_then(|terms| terms.value);
    let found = case.view().actions.iter().rev().find_map(terms);
    found.map(|money| money.currency().to_owned()).unwrap_or_default()
}
