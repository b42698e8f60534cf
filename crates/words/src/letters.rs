//! Reminders and thanks, for programs: what is due and to come, the exact text of a letter before it goes, and the yes to it.

use counterpart_core::id::short_form;
use counterpart_node::{CaseOutlook, Channel, Desk, Letter, LetterKind, LetterState, Posted, now};
use counterpart_process::{reminder::Over, schedule::Quiet};
use serde_json::{Value as Json, json};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::{self, line},
    to_sign::digest_of,
};

/// `counterpart/reminders/1`: everything there is to know of the letters of a case, of these kinds.
pub fn json(outlook: &CaseOutlook, kinds: &[LetterKind]) -> Json {
    let letters = outlook.letters.iter().filter(|one| kinds.contains(&one.kind()));
    let planned = outlook.planned();
    let planned = planned.iter().map(|p| {
        json!({"about": p.name, "what": p.what, "to": p.whom.as_str(), "at": p.at, "wanted": p.wanted, "moved": p.moved})
    });
    let over = outlook.watched.iter().filter_map(|watched| {
        let why = ended(outlook, watched.over.as_ref()?);
        Some(json!({"about": watched.promise.name, "why": why}))
    });
    let consents = outlook
        .consents
        .iter()
        .map(|consent| json!({"by": consent.by.as_str(), "since": consent.given_at, "text": consent.text}));
    json!({
        "schema": "counterpart/reminders/1",
        "case": outlook.case.to_hex(),
        "short": short_form(&outlook.case.0),
        "letters": letters.map(letter).collect::<Vec<_>>(),
        "planned": planned.collect::<Vec<_>>(),
        "over": over.collect::<Vec<_>>(),
        "rules": outlook.rules.iter().map(|kept| json!(kept.rule)).collect::<Vec<_>>(),
        "consents": consents.collect::<Vec<_>>(),
        "holidays": outlook.calendar.holidays.region().map(ToString::to_string),
        "quiet": outlook.calendar.quiet.to_string(),
        "problems": outlook.problems,
    })
}

/// Why nothing more is sent about a promise.
fn ended(outlook: &CaseOutlook, over: &Over) -> String {
    match over {
        Over::State(state) => format!("it is {state}"),
        Over::CaseClosed => "the case is closed".to_owned(),
        Over::Answered { entry, .. } => format!("{} answers it", outlook.names.of(entry)),
        Over::NoTime => "it has no due time".to_owned(),
        Over::Ended => "the rule has come to its end".to_owned(),
    }
}

/// One letter.
pub fn letter(letter: &Letter) -> Json {
    json!({
        "id": render::hex(&letter.id),
        "case": letter.case.to_hex(),
        "state": letter.state.as_str(),
        "kind": letter.kind(),
        "about": letter.about_name(),
        "what": letter.what(),
        "person": letter.person(),
        "subject": letter.subject(),
        "text": letter.text(),
        "by": letter.by().map(Channel::as_str),
        "to": letter.to(),
        "due": letter.due,
        "next_try": letter.next_try,
        "tries": letter.tries(),
        "error": letter.error(),
        "sent": letter.sent_at(),
        "entry": letter.entry().map(|entry| entry.to_hex()),
        "message_id": letter.message_id(),
        "draft": letter.draft(),
    })
}

/// What is shown before a letter goes, or may go from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// All of it: whom it goes to, what is signed, what that means.
    pub text: String,
    pub digest: String,
}

impl Shown {
    fn of(text: String) -> Self {
        Self { digest: digest_of(&[&text]), text }
    }
}

/// What became of asking for a letter to go.
#[derive(Debug)]
pub enum Went {
    /// It would go so; nothing was done.
    Shown(Shown),
    /// What would go reads otherwise than what was agreed to; nothing was done.
    Changed(Shown),
    Posted(Posted),
    /// It lies as a draft for one's own mail program.
    Drafted(Letter),
    /// Somebody else saw to it meanwhile.
    Gone,
}

/// A letter on a way to go; it does where `agreed` is the digest of what is shown. Without it nothing is done.
///
/// # Errors
/// When it cannot go, or not so; and what would work.
pub fn send(
    desk: &Desk,
    case: &OpenCase,
    letter: &Letter,
    by: Channel,
    to: &[String],
    agreed: Option<&str>,
) -> Done<Went> {
    let may =
        matches!(letter.state, LetterState::Waiting | LetterState::Failed | LetterState::Allowed | LetterState::Draft);
    if !may || letter.kind() == LetterKind::Notice || by == Channel::Notice {
        return Err(CommandError::failed(goes_not(letter)).hint(
            "those that wait, are allowed or failed, or lie as a draft, can be sent by email, node or draft; a draft that you sent \
             yourself goes on record by hand",
        ));
    }
    let mail = desk.mail_settings()?.is_some_and(|settings| settings.send.is_some());
    let known = desk.addresses_for(letter)?;
    let read = || to.iter().map(|part| part.trim().parse().ok()).collect::<Option<Vec<_>>>();
    let to = if to.is_empty() { Some(known) } else { read() };
    let to = to.ok_or_else(|| {
        CommandError::usage("an address in `to` is no e-mail address").hint("such as Lucy Hart <lucy@acme.example>")
    })?;
    match by {
        Channel::Email if !mail => {
            return Err(CommandError::failed("no mail server to send by is set up here")
                .hint("whoever runs this home sets one up with the command; or send it by node, or as a draft"));
        }
        Channel::Email if to.is_empty() => {
            return Err(CommandError::failed("no e-mail address of theirs is known").hint("name one in `to`"));
        }
        _ => {}
    }
    let outgoing = desk.letter_as_mail(letter, &to)?;
    let mut text = format!("Goes {}.\n", by.in_words());
    if by != Channel::Node {
        let to: Vec<String> = to.iter().map(|to| line(&to.to_string())).collect();
        let to = if to.is_empty() { "(no address is known: fill it in)".to_owned() } else { to.join(", ") };
        if by == Channel::Email {
            text.push_str(&format!("From: {}\n", line(&outgoing.from.to_string())));
        }
        text.push_str(&format!("To: {to}\nSubject: {}\n", line(&outgoing.subject)));
    }
    text.push('\n');
    text.push_str(&in_full(case, letter));
    text.push_str(match by {
        Channel::Email => "\n\nThe text is the whole e-mail, and what you sign.",
        Channel::Node => "\n\nThe text goes to them inside Counterpart, as it is signed.",
        _ => "\n\nThe text is the draft. It is signed when you say that you sent it (by hand).",
    });
    let shown = Shown::of(text);
    match agreed {
        None => return Ok(Went::Shown(shown)),
        Some(agreed) if agreed != shown.digest => return Ok(Went::Changed(shown)),
        Some(_) => {}
    }
    if by == Channel::Draft {
        return Ok(desk.letter_drafted(letter, "")?.map_or(Went::Gone, Went::Drafted));
    }
    let Some(allowed) = desk.allow_letter(letter, by, &to, now())? else { return Ok(Went::Gone) };
    Ok(Went::Posted(desk.send_letter(allowed, now())?))
}

/// Why a letter is not sent.
fn goes_not(letter: &Letter) -> &'static str {
    if letter.kind() == LetterKind::Notice {
        return "this is a notice for yourself: it is sent to nobody else";
    }
    match letter.state {
        LetterState::Sent => "this letter was sent already: it is not sent a second time",
        LetterState::Sending => "this letter is being sent just now: it is not sent a second time",
        LetterState::Skipped => "this letter was skipped: it is not sent any more",
        LetterState::Over => "there is no more reason for this letter: it is not sent any more",
        _ => "a notice is shown on your own screen: no letter to others goes that way",
    }
}

/// The link that opens a draft in its owner's mail program (RFC 6068): to `to`, else to whoever is known, else to nobody, for
/// them to fill in.
///
/// # Errors
/// A damaged or busy store.
pub fn draft_link(desk: &Desk, letter: &Letter, to: &[String]) -> Done<String> {
    let named: Vec<_> = to.iter().filter_map(|part| part.trim().parse().ok()).collect();
    let to = if named.is_empty() { desk.addresses_for(letter)? } else { named };
    Ok(desk.letter_as_mail(letter, &to)?.mailto())
}

/// A draft that its owner sent goes on record, where `agreed` is the digest of what is shown.
///
/// # Errors
/// When it is no draft, or why it is not signed.
pub fn sent_by_hand(desk: &Desk, case: &OpenCase, letter: &Letter, agreed: Option<&str>) -> Done<Went> {
    if letter.state != LetterState::Draft {
        return Err(CommandError::failed(format!("this letter is no draft: it is {}", letter.state.as_str()))
            .hint("make it a draft first, by draft; by hand says then that you sent it"));
    }
    let shown = Shown::of(format!("It was sent by hand.\n\n{}", in_full(case, letter)));
    match agreed {
        None => Ok(Went::Shown(shown)),
        Some(agreed) if agreed != shown.digest => Ok(Went::Changed(shown)),
        Some(_) => Ok(Went::Posted(desk.letter_sent_by_hand(letter.clone(), now())?)),
    }
}

/// What is signed with a letter, word for word.
fn in_full(case: &OpenCase, letter: &Letter) -> String {
    letter.act().map(|act| render::to_be_signed(case, &[act])).unwrap_or_default()
}

/// A standing consent: from now on letters of a case go out one way without being asked about each. Given where `agreed` is
/// the digest of what is shown.
///
/// # Errors
/// When there is nothing to allow for that way.
pub fn allow(desk: &Desk, outlook: &CaseOutlook, by: Channel, agreed: Option<&str>) -> Done<Went> {
    if by == Channel::Draft {
        return Err(CommandError::usage("a draft is sent by a person, so there is nothing to allow")
            .hint("name email, node or notice"));
    }
    let shown = Shown::of(consent(outlook, by));
    match agreed {
        None => Ok(Went::Shown(shown)),
        Some(agreed) if agreed != shown.digest => Ok(Went::Changed(shown)),
        Some(_) => {
            desk.allow_letters(&outlook.case, by, &shown.text, now())?;
            Ok(Went::Shown(shown))
        }
    }
}

/// What is allowed, all of it.
fn consent(outlook: &CaseOutlook, by: Channel) -> String {
    let head = format!("In case {} ({})", short_form(&outlook.case.0), line(&outlook.title));
    let end = "It holds until it is ended.";
    let running = "while `counterpart up` runs";
    if by == Channel::Notice {
        return format!(
            "{head}, from now on, {running}: a notice on this machine's own screen when a letter is due or a rule is for its owner. \
             It goes to nobody else.\n\n{end}"
        );
    }
    let known: Vec<String> = outlook.addresses.iter().map(|to| line(&to.to_string())).collect();
    let to = match by {
        Channel::Node => "inside Counterpart, as signed acts in the case".to_owned(),
        _ if known.is_empty() => {
            "by e-mail to whoever of the other side has an address in the case or in the notebook by then; none is known yet"
                .to_owned()
        }
        _ => format!(
            "by e-mail to the person who made the promise, where their address is known, else to those known by then; now: {}",
            known.join(", ")
        ),
    };
    let quiet = outlook.calendar.quiet;
    let quiet = if quiet == Quiet::NONE {
        String::new()
    } else {
        format!(", not between {}", quiet.to_string().replace('-', " and "))
    };
    format!(
        "{head}, from now on and without asking about each, {running}:\n\n  - reminders of what the other side promised, by the \
         rules of the case\n  - thanks to people who helped, once for each thing done\n\nThey go {to}.\nThe words are those of \
         the letters kept here, filled with what was promised, when, by whom.\nNot on Sundays and public holidays{quiet}.\nEach \
         is signed in your name and stands in the case.\n\n{end}"
    )
}
