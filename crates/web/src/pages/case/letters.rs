//! Reminders and thanks of a case: what is due, what is to come and when, what was sent; and the yes that each needs,
//! given to the exact text.

mod send;

use askama::Template;
use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use counterpart_node::{CaseOutlook, Channel, Desk, Letter, LetterKind, LetterState, now};
use counterpart_process::{
    reminder::Over,
    rule::{Rule, Whom},
    schedule::{Moved, Quiet},
};
use counterpart_words::case::OpenCase;
use data_encoding::HEXLOWER;

pub(crate) use self::send::take;
use super::{CaseHead, Part};
use crate::{
    case::{with_case, with_opened},
    guard::{Problem, Visit},
    language::Language,
    pages::{Frame, page},
    text::Markup,
    time::{self, Moment},
};

/// How many letters that are done with are shown.
const LATEST: usize = 20;
/// Those to be sent, of which more come once some of these are gone.
const DUE: usize = 30;
/// How many of what is to come, and of what is over.
const MOST: usize = 50;

/// The ways that a consent can be given for, and the keys of their names.
const STANDING: &[(Channel, &str)] =
    &[(Channel::Email, "letters.by.email"), (Channel::Node, "letters.by.node"), (Channel::Notice, "letters.by.notice")];

fn by_key(by: Channel) -> &'static str {
    match by {
        Channel::Email => "letters.by.email",
        Channel::Node => "letters.by.node",
        Channel::Notice => "letters.by.notice",
        Channel::Draft => "letters.by.draft",
    }
}

fn channel(word: &str) -> Option<Channel> {
    [Channel::Email, Channel::Node, Channel::Notice, Channel::Draft].into_iter().find(|by| by.as_str() == word)
}

/// One letter, as it is shown.
#[derive(Debug)]
struct Shown {
    id: String,
    title: Markup,
    tone: &'static str,
    sign: &'static str,
    state: &'static str,
    /// More about where it stands.
    more: Option<Markup>,
    due: String,
    subject: String,
    text: String,
    /// How it can go, the first being what is usual.
    ways: Vec<(&'static str, &'static str)>,
    to: String,
    may_be_sent: bool,
    may_be_left: bool,
    draft: bool,
    mailto: Option<String>,
    entry: Option<String>,
}

impl Shown {
    fn draft_only(&self) -> bool {
        self.ways.iter().all(|(word, _)| *word == Channel::Draft.as_str())
    }
}

#[derive(Debug)]
struct ToCome {
    at: String,
    name: String,
    what: String,
    /// For the reader alone.
    own: bool,
    moved: Option<Markup>,
}

#[derive(Debug)]
struct Given {
    by: &'static str,
    name: &'static str,
    since: Moment,
    text: String,
}

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage {
    frame: Frame,
    case: CaseHead,
    problems: Vec<String>,
    told: Option<(&'static str, &'static str, &'static str)>,
    due: Vec<Shown>,
    /// That there are more.
    more_due: Option<String>,
    coming: Vec<ToCome>,
    /// What nothing more is sent of: its number, what it is, and why.
    over: Vec<(String, String, Markup)>,
    done: Vec<Shown>,
    consents: Vec<Given>,
    /// Ways that nothing was allowed for.
    others: Vec<(&'static str, &'static str)>,
    rules: Vec<Markup>,
    hours: Vec<Markup>,
}

/// `GET /case/ID/letters`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_outlook(&visit, &id, move |desk, case, outlook| page(&read(desk, &at, case, outlook)?)).await
}

/// Opens a case together with all there is to know of its reminders.
async fn with_outlook(
    visit: &Visit,
    id: &str,
    work: impl FnOnce(&Desk, &OpenCase, &CaseOutlook) -> Result<Response, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let open = |desk: &Desk, id| {
        let (outlook, record) = desk.reminders_and_record(&id, now())?;
        let mut case = OpenCase::of_record(id, record, desk.party(), now())?;
        case.author = Some(desk.author());
        Ok((case, outlook))
    };
    with_opened(visit, id, open, move |desk, (case, outlook)| {
        let outlook = outlook.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "absent"))?;
        work(desk, &case, &outlook)
    })
    .await
}

fn read(desk: &Desk, visit: &Visit, case: &OpenCase, outlook: &CaseOutlook) -> Result<LettersPage, Problem> {
    let language = visit.language;
    let mail = desk.mail_settings()?.is_some_and(|settings| settings.send.is_some());
    // Addresses that were written for a draft, and are known nowhere else.
    let written = (visit.query.text("of"), visit.query.text("to"));
    let one = |letter: &Letter| shown(desk, language, case, (outlook, mail), letter, written);
    let open = |letter: &&Letter| letter.state.is_open() || letter.state == LetterState::Failed;
    let all_due: Vec<&Letter> = outlook.letters.iter().filter(open).collect();
    // The one that was just being written is there in any case.
    let meant = |letter: &Letter| HEXLOWER.encode(&letter.id) == written.0;
    let (first, rest) = all_due.split_at(all_due.len().min(DUE));
    let due = first.iter().chain(rest.iter().filter(|letter| meant(letter)));
    let due = due.map(|letter| one(letter)).collect::<Result<Vec<_>, _>>()?;
    let more_due = all_due.len() - due.len();
    let more_due = (more_due > 0).then(|| language.count("letters.now.more", more_due as u64));
    let mut done: Vec<&Letter> = outlook.letters.iter().filter(|letter| !open(letter)).collect();
    done.sort_by_key(|letter| std::cmp::Reverse(letter.sent_at().unwrap_or(letter.due)));
    let done = done.into_iter().take(LATEST).map(one).collect::<Result<Vec<_>, _>>()?;
    let mut watched: Vec<_> = outlook.watched.iter().filter(|watched| watched.next.is_some()).collect();
    watched.sort_by_key(|watched| watched.next.as_ref().map(|slot| slot.goes));
    let coming = watched.into_iter().take(MOST).filter_map(|watched| {
        let slot = watched.next.as_ref()?;
        let wanted = time::show(language, slot.wanted.as_millisecond(), case.zone());
        let why: Vec<String> = slot.moved.iter().map(Moved::in_words).collect();
        let moved = (slot.goes != slot.wanted).then(|| {
            let (at, why) = (Markup::default().say(&wanted), Markup::default().peer(&why.join(", ")));
            language.markup("letters.moved", &[("at", at), ("why", why)])
        });
        Some(ToCome {
            at: time::show(language, slot.goes.as_millisecond(), case.zone()),
            name: watched.promise.name.trim_start_matches('#').to_owned(),
            what: watched.promise.what.clone(),
            own: watched.rule.rule.to == Whom::Me,
            moved,
        })
    });
    let over = outlook.watched.iter().filter(|watched| watched.over.is_some()).take(MOST).map(|watched| {
        let why = match &watched.over {
            Some(Over::State(state)) => {
                language.markup("letters.over.state", &[("state", Markup::default().say(state))])
            }
            Some(Over::CaseClosed) => Markup::default().say(language.say("letters.over.closed")),
            Some(Over::Answered { entry, at }) => {
                let (at, entry) = (time::show(language, *at, case.zone()), case.entry_name(entry));
                let (at, entry) = (Markup::default().say(&at), Markup::default().say(&entry));
                language.markup("letters.over.answered", &[("at", at), ("entry", entry)])
            }
            Some(Over::NoTime) => Markup::default().say(language.say("letters.over.no_time")),
            Some(Over::Ended) | None => Markup::default().say(language.say("letters.over.ended")),
        };
        let name = watched.promise.name.trim_start_matches('#').to_owned();
        (name, watched.promise.what.clone(), why)
    });
    let given = |consent: &counterpart_node::Consent| Given {
        by: consent.by.as_str(),
        name: language.say(by_key(consent.by)),
        since: Moment(consent.given_at),
        text: consent.text.clone(),
    };
    let others = STANDING.iter().filter(|(by, _)| !outlook.consents.iter().any(|consent| consent.by == *by));
    let told = match visit.query.text("told") {
        "sent" => Some(("good", "good", "letters.told.sent")),
        "later" => Some(("warn", "late", "letters.told.later")),
        "failed" => Some(("bad", "bad", "letters.told.failed")),
        "gone" => Some(("warn", "late", "letters.told.gone")),
        "draft" => Some(("info", "info", "letters.told.draft")),
        "left" => Some(("info", "info", "letters.told.left")),
        "allowed" => Some(("good", "good", "letters.told.allowed")),
        "ended" => Some(("info", "info", "letters.told.ended")),
        _ => None,
    };
    let (coming, over) = (coming.collect(), over.collect());
    Ok(LettersPage {
        frame: Frame::of(visit, "/cases"),
        case: CaseHead::of(visit, case, Part::None),
        problems: outlook.problems.clone(),
        told,
        due,
        more_due,
        coming,
        over,
        done,
        consents: outlook.consents.iter().map(given).collect(),
        others: others.map(|(by, key)| (by.as_str(), language.say(key))).collect(),
        rules: rules(language, case, outlook),
        hours: hours(language, case, outlook),
    })
}

fn rules(language: &Language, case: &OpenCase, outlook: &CaseOutlook) -> Vec<Markup> {
    let of = |rule: &Rule| match rule.about {
        None => Markup::default().say(language.say("letters.rule.all")),
        Some(action) => Markup::default().say(&case.entry_name(&action.proposal)),
    };
    let mut rules: Vec<Markup> = outlook
        .rules
        .iter()
        .map(|kept| {
            let rule = &kept.rule;
            let key = if rule.to == Whom::Me { "letters.rule.you" } else { "letters.rule.them" };
            language.markup(key, &[("what", of(rule)), ("when", Markup::default().say(&rule.when()))])
        })
        .collect();
    rules.push(language.markup("letters.rule.usual", &[("when", Markup::default().say(&Rule::usual().when()))]));
    rules
}

fn hours(language: &Language, case: &OpenCase, outlook: &CaseOutlook) -> Vec<Markup> {
    let calendar = &outlook.calendar;
    let clock = |time: jiff::civil::Time| Markup::default().say(&format!("{:02}:{:02}", time.hour(), time.minute()));
    let zone = Markup::default().peer(case.zone());
    let quiet = if calendar.quiet == Quiet::NONE {
        language.markup("letters.hours.any", &[("zone", zone)])
    } else {
        let (from, until) = (clock(calendar.quiet.from), clock(calendar.quiet.until));
        language.markup("letters.hours.quiet", &[("from", from), ("until", until), ("zone", zone)])
    };
    let days = match calendar.holidays.region() {
        Some(region) => {
            language.markup("letters.days.holidays", &[("region", Markup::default().say(&region.to_string()))])
        }
        None => Markup::default().say(language.say("letters.days.sundays")),
    };
    vec![quiet, days]
}

/// What a letter is about: "Reminder of #3 (call back)".
fn title(language: &Language, letter: &Letter) -> Markup {
    let (name, what) = (Markup::default().say(letter.about_name()), Markup::default().peer(letter.what()));
    match letter.kind() {
        LetterKind::Thanks => {
            let who = match letter.person() {
                Some(person) => Markup::default().peer(person),
                None => Markup::default().say(language.say("letters.them")),
            };
            language.markup("letters.thanks", &[("who", who)])
        }
        LetterKind::Reminder => language.markup("letters.reminder", &[("name", name), ("what", what)]),
        LetterKind::Notice => language.markup("letters.notice", &[("name", name), ("what", what)]),
    }
}

fn shown(
    desk: &Desk,
    language: &Language,
    case: &OpenCase,
    (outlook, mail): (&CaseOutlook, bool),
    letter: &Letter,
    written: (&str, &str),
) -> Result<Shown, Problem> {
    let by = letter.by().map(|by| language.say(by_key(by))).unwrap_or_default();
    let by = || Markup::default().say(by);
    let why = || Markup::default().peer(letter.error().unwrap_or_default());
    let at = |at: Option<i64>| {
        Markup::default().say(&at.map(|at| time::show(language, at, case.zone())).unwrap_or_default())
    };
    let (tone, sign, state, more) = match letter.state {
        LetterState::Waiting => ("warn", "yours", "letters.state.waiting", None),
        LetterState::Allowed if letter.tries() > 0 => {
            let more = language.markup("letters.tried", &[("why", why()), ("at", at(letter.next_try))]);
            ("warn", "late", "letters.state.trying", Some(more))
        }
        LetterState::Allowed => {
            ("warn", "theirs", "letters.state.allowed", Some(language.markup("letters.goes", &[("by", by())])))
        }
        LetterState::Sending => ("warn", "theirs", "letters.state.sending", None),
        LetterState::Draft => ("warn", "yours", "letters.state.draft", None),
        LetterState::Sent => {
            let to = Markup::default().peer(&letter.to().join(", "));
            let with = [("by", by()), ("to", to), ("at", at(letter.sent_at()))];
            let key = if letter.to().is_empty() { "letters.went" } else { "letters.went.to" };
            ("good", "good", "letters.state.sent", Some(language.markup(key, &with)))
        }
        LetterState::Failed => ("bad", "bad", "letters.state.failed", Some(why())),
        LetterState::Skipped => ("quiet", "quiet", "letters.state.skipped", None),
        LetterState::Over => ("quiet", "quiet", "letters.state.over", Some(why())),
    };
    let to_others = letter.kind() != LetterKind::Notice;
    let open = letter.state.is_open() || letter.state == LetterState::Failed;
    let to = if open && to_others { outlook.addresses_for(letter) } else { Vec::new() };
    let mut ways = Vec::new();
    if mail {
        ways.push((Channel::Email.as_str(), language.say("letters.by.email")));
    }
    if outlook.joined {
        let node = (Channel::Node.as_str(), language.say("letters.by.node"));
        // Without an address of theirs mail is not what comes first.
        ways.insert(if to.is_empty() { 0 } else { ways.len() }, node);
    }
    ways.push((Channel::Draft.as_str(), language.say("letters.by.draft")));
    if mail && !outlook.joined && to.is_empty() {
        ways.reverse();
    }
    let draft = letter.state == LetterState::Draft;
    let id = HEXLOWER.encode(&letter.id);
    let of_it: Option<Vec<_>> =
        if written.0 == id { addresses(written.1).map(|part| part.parse().ok()).collect() } else { None };
    let mail_to = of_it.filter(|to| !to.is_empty()).unwrap_or_else(|| to.clone());
    let mailto = if draft { Some(desk.letter_as_mail(letter, &mail_to)?.mailto()) } else { None };
    Ok(Shown {
        id,
        title: title(language, letter),
        tone,
        sign,
        state: language.say(state),
        more,
        due: time::show(language, letter.due, case.zone()),
        subject: letter.subject().to_owned(),
        text: letter.text().to_owned(),
        ways,
        to: to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        may_be_sent: to_others && open && letter.state != LetterState::Sending,
        may_be_left: open && letter.state != LetterState::Sending,
        draft,
        mailto,
        entry: letter.entry().map(|id| case.entry_typed(&id)),
    })
}

fn letter(desk: &Desk, case: &OpenCase, id: &str) -> Result<Letter, Problem> {
    let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
    let id = HEXLOWER.decode(id.as_bytes()).ok().and_then(|id| <[u8; 16]>::try_from(id).ok()).ok_or_else(absent)?;
    desk.letter(&id)?.filter(|letter| letter.case == case.id).ok_or_else(absent)
}

/// The addresses in a field, as they are written.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty())
}

/// `GET /case/ID/letters/LETTER`: the letter as a file for a mail program.
pub(crate) async fn file(Path((id, of)): Path<(String, String)>, visit: Visit) -> Result<Response, Problem> {
    with_case(&visit, &id, move |desk, case| {
        let letter = letter(desk, &case, &of)?;
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let to = desk.addresses_for(&letter)?;
        let bytes = desk.letter_as_mail(&letter, &to)?.to_draft_bytes().map_err(|_wrong| absent())?;
        let name = format!("attachment; filename=\"{}.eml\"", case.short());
        Ok(([(header::CONTENT_TYPE, "message/rfc822".to_owned()), (header::CONTENT_DISPOSITION, name)], bytes)
            .into_response())
    })
    .await
}
