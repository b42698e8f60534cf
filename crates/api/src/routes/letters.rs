//! Reminders and thanks: what is due and to come, and the yes that each letter needs, given to the exact text.

use counterpart_node::{Channel, Desk, Letter, LetterKind, LetterState, Posted, Scope, now};
use counterpart_words::{
    case::OpenCase,
    letters::{self, Shown, Went},
    render::hex,
};
use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    asked::{Answer, Asked},
    once::once,
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{AsCommand, Digest, Previewed},
    table::{Gives, Operation, of},
};

/// What places in these lists are places in.
const ALL_LETTERS: &str = "letters";
const LETTERS: &str = "letters-of-a-case";

/// Addresses that a letter goes to.
const MOST: usize = 16;

pub(super) const ALL: &[Operation] = &[
    Operation::get("/letters", "list_all_letters", "Reminders and thanks of all cases that something is still to become of")
        .about(
            "First `letters`, by when they were to go; then those that `failed`, latest first; then when the `next` of each case is \
             to go. A page has so many of all of them; `next_page` is sent as `after` to go on.",
        )
        .scope(Scope::Notes)
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does_whole(all),
    Operation::get("/cases/{case}/letters", "list_letters", "Reminders and thanks of a case: due, to come, sent, allowed")
        .about("Its `letters` come a page at a time, by when they were to go; what else there is comes with each page.")
        .scope(Scope::Notes)
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does_in_case(list),
    Operation::get("/cases/{case}/letters/{letter}/mail", "read_letter_mail", "A letter as a file for a mail program")
        .about("Without `To` where no address of theirs is known: its owner fills it in.")
        .scope(Scope::Notes)
        .gives(Gives::File("message/rfc822"))
        .does_in_case(mail),
    Operation::post("/cases/{case}/letters/{letter}/preview", "preview_letter", "What would go out, and to whom")
        .about("By `hand` it is what would go on record of a draft that its owner sent. Needs a token without a seat, as sending does.")
        .scope(Scope::Draft)
        .json(of::<Sending>)
        .answers(of::<Previewed>)
        .does_in_case(preview),
    Operation::post("/cases/{case}/letters/{letter}/send", "send_letter", "Sends a letter, as it was shown")
        .about(
            "Needs the digest of the preview, and a token without a seat: what cannot go at once is sent, and signed, by the home's \
             node later. By `draft` nothing goes out: the letter lies ready for its owner's mail program, `mailto` in the answer is a \
             link that opens it there, and `/mail` gives it as a file. Once they sent it, by `hand` puts it on record.",
        )
        .scope(Scope::Sign)
        .json(of::<Sending>)
        .keyed()
        .answers(of::<AsCommand>)
        .does_in_case(send),
    Operation::post("/cases/{case}/letters/{letter}/skip", "skip_letter", "A letter is not to be sent")
        .scope(Scope::Sign)
        .keyed()
        .answers(of::<AsCommand>)
        .does_in_case(skip),
    Operation::post("/cases/{case}/letters-allowed/preview", "preview_letters_allowed", "What a standing consent would say")
        .about("Needs a token without a seat, as giving the consent does.")
        .scope(Scope::Draft)
        .json(of::<Allowing>)
        .answers(of::<Previewed>)
        .does_in_case(preview_allowed),
    Operation::post("/cases/{case}/letters-allowed", "allow_letters", "Lets letters of a case go out without asking about each")
        .about("Needs the digest of the preview, and a token without a seat: they are signed by the home's node.")
        .scope(Scope::Sign)
        .json(of::<Allowing>)
        .keyed()
        .answers(of::<AsCommand>)
        .does_in_case(allow),
    Operation::delete("/cases/{case}/letters-allowed/{by}", "end_letters_allowed", "Each letter waits for a yes again")
        .scope(Scope::Sign)
        .keyed()
        .does_in_case(end),
];

/// How a letter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LetterWay")]
enum Way {
    /// By the mail server that is set up here.
    Email,
    /// To their node, as a signed act.
    Node,
    /// As a draft for the owner's own mail program.
    Draft,
    /// The owner sent the draft: it goes on record.
    Hand,
}

/// A letter to be sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LetterToSend")]
struct Sending {
    by: Way,
    /// Addresses in place of those known, such as `Lucy Hart <lucy@acme.example>`.
    #[serde(default)]
    #[schemars(length(max = 16))]
    to: Vec<String>,
    /// The digest of what was shown.
    digest: Option<Digest>,
}

/// How letters may go by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LettersAllowedBy")]
enum AllowedBy {
    Email,
    Node,
    /// A notice on the home's own screen; it goes to nobody else.
    Notice,
}

impl AllowedBy {
    fn channel(self) -> Channel {
        match self {
            Self::Email => Channel::Email,
            Self::Node => Channel::Node,
            Self::Notice => Channel::Notice,
        }
    }
}

/// A standing consent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LettersToAllow")]
struct Allowing {
    by: AllowedBy,
    /// The digest of what was shown.
    digest: Option<Digest>,
}

/// Something in the list over all cases.
enum Row {
    Letter(Letter),
    Failed(Letter),
    Next(Json),
}

fn all(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    page.limit()?;
    let desk = asked.desk()?;
    let mut rows: Vec<((u8, i64, String), Row)> = Vec::new();
    rows.extend(desk.due_letters(now())?.into_iter().map(|one| ((0, one.due, hex(&one.id)), Row::Letter(one))));
    let latest_first = |one: &Letter| one.due.checked_neg().unwrap_or(i64::MAX);
    rows.extend(
        desk.failed_letters()?.into_iter().map(|one| ((1, latest_first(&one), hex(&one.id)), Row::Failed(one))),
    );
    rows.extend(desk.next_reminders()?.into_iter().map(|(case, at)| {
        let case = case.to_hex();
        ((2, at, case.clone()), Row::Next(json!({"case": case, "at": at})))
    }));
    let (rows, next_page) = paging::page(ALL_LETTERS, &page, rows)?;
    let (mut open, mut failed, mut next) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Letter(one) => open.push(letters::letter(&one)),
            Row::Failed(one) => failed.push(letters::letter(&one)),
            Row::Next(one) => next.push(one),
        }
    }
    Ok(Answer::Json(json!({
        "schema": "counterpart/reminders-of-all/1",
        "letters": open,
        "failed": failed,
        "next": next,
        "next_page": next_page,
    })))
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    page.limit()?;
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    let outlook = desk.reminders(&case, now())?;
    let kinds = [LetterKind::Reminder, LetterKind::Thanks];
    let all = outlook.letters.iter().filter(|one| kinds.contains(&one.kind()));
    let all = all.map(|one| ((one.due, hex(&one.id)), letters::letter(one))).collect();
    let (page, next) = paging::page(LETTERS, &page, all)?;
    let mut told = letters::json(&outlook, &kinds);
    told["letters"] = Json::Array(page);
    told["next"] = json!(next);
    Ok(Answer::Json(told))
}

fn named(asked: &Asked, desk: &Desk, case: &OpenCase) -> Result<Letter, Problem> {
    let absent = || {
        Problem::new(Kind::NotFound, "there is no such letter in this case")
            .hint("GET /api/v1/cases/{case}/letters lists them, each with its `id`")
    };
    let id = HEXLOWER.decode(asked.part("letter").as_bytes()).ok().and_then(|id| <[u8; 16]>::try_from(id).ok());
    desk.letter(&id.ok_or_else(absent)?)?.filter(|letter| letter.case == case.id).ok_or_else(absent)
}

fn mail(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let letter = named(asked, &desk, &case)?;
    let to = desk.addresses_for(&letter)?;
    let bytes = desk.letter_as_mail(&letter, &to)?.to_draft_bytes();
    let bytes = bytes.map_err(|why| Problem::new(Kind::Refused, format!("no mail can be made of it: {why}")))?;
    asked.made(&bytes, "message/rfc822", format!("{}.eml", case.short()))
}

fn went(desk: &Desk, case: &OpenCase, letter: &Letter, wish: &Sending, agreed: Option<&str>) -> Result<Went, Problem> {
    if wish.to.len() > MOST {
        return Err(Problem::of_field("/to", format!("at most {MOST} addresses")));
    }
    let by = match wish.by {
        Way::Email => Channel::Email,
        Way::Node => Channel::Node,
        Way::Draft => Channel::Draft,
        Way::Hand => return letters::sent_by_hand(desk, case, letter, agreed).map_err(Problem::refused),
    };
    letters::send(desk, case, letter, by, &wish.to, agreed).map_err(Problem::refused)
}

fn shown(went: Went) -> Result<Answer, Problem> {
    let (Went::Shown(shown) | Went::Changed(shown)) = went else {
        return Err(Problem::new(Kind::Failed, "what would go out could not be shown"));
    };
    let Shown { text, digest } = shown;
    let schema = "counterpart/preview/1".to_owned();
    Answer::of(&Previewed { schema, text, digest, acts: 1, expires: None })
}

fn changed(shown: Shown) -> Problem {
    Problem::new(Kind::Changed, "what would go out reads otherwise than the text whose digest came with the request")
        .hint("show this text, and repeat its digest")
        .with("text", json!(shown.text))
        .with("digest", json!(shown.digest))
}

/// What a person was shown.
fn digest(said: Option<&str>) -> Result<&str, Problem> {
    said.ok_or_else(|| {
        Problem::new(Kind::Refused, "the digest of the text that a person was shown is needed")
            .hint("ask for the preview, show its text, repeat its digest")
    })
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Sending = asked.json()?;
    let desk = asked.home_desk()?;
    let case = asked.case(&desk)?;
    let letter = named(asked, &desk, &case)?;
    shown(went(&desk, &case, &letter, &wish, None)?)
}

fn told(letter: &Letter, what: &str) -> Json {
    json!({"schema": "counterpart/letter-sent/1", "outcome": what, "letter": letters::letter(letter)})
}

fn again(desk: &Desk, kept: &Json, id: &[u8; 16]) -> Result<Json, Problem> {
    let gone = || Problem::new(Kind::NotFound, "the letter is not there any more");
    let letter = desk.letter(id)?.ok_or_else(gone)?;
    Ok(told(&letter, kept.as_str().unwrap_or_default()))
}

/// With a draft comes the link that opens it.
fn with_link(desk: &Desk, letter: &Letter, wish: &Sending, mut told: Json) -> Result<Answer, Problem> {
    if told["outcome"] == "draft" {
        told["mailto"] = json!(letters::draft_link(desk, letter, &wish.to).map_err(Problem::refused)?);
    }
    Ok(Answer::Json(told))
}

fn send(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Sending = asked.json()?;
    let desk = asked.home_desk()?;
    let agreed = digest(wish.digest.as_deref())?;
    let case = asked.case(&desk)?;
    let letter = named(asked, &desk, &case)?;
    let work = || {
        let failed = |why: String| Problem::new(Kind::Refused, format!("it was not sent: {why}"));
        let (letter, what) = match went(&desk, &case, &letter, &wish, Some(agreed))? {
            Went::Changed(shown) => return Err(changed(shown)),
            Went::Drafted(letter) => (letter, "draft"),
            Went::Posted(Posted::Sent(letter)) => (letter, "sent"),
            Went::Posted(Posted::Later { letter, .. }) => (letter, "later"),
            Went::Posted(Posted::Waits(letter)) => (letter, "waits"),
            Went::Posted(Posted::Failed { why, .. } | Posted::Problem { why, .. }) => return Err(failed(why)),
            Went::Posted(Posted::Notice { .. }) | Went::Shown(_) | Went::Gone => {
                return Err(failed("somebody else saw to it meanwhile, here or in the background".to_owned()));
            }
        };
        Ok((json!(what), with_link(&desk, &letter, &wish, told(&letter, what))?))
    };
    once(asked, &desk, work, |kept| with_link(&desk, &letter, &wish, again(&desk, kept, &letter.id)?))
}

fn skip(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.home_desk()?;
    let case = asked.case(&desk)?;
    let letter = named(asked, &desk, &case)?;
    let work = || {
        let may = letter.state.is_open() || letter.state == LetterState::Failed;
        if !may || letter.state == LetterState::Sending || !desk.skip_letter(&letter)? {
            let why = format!("this letter is {}: there is nothing left to skip", letter.state.as_str());
            return Err(Problem::new(Kind::Refused, why));
        }
        let gone = || Problem::new(Kind::NotFound, "the letter is not there any more");
        let letter = desk.letter(&letter.id)?.ok_or_else(gone)?;
        Ok((json!("skipped"), Answer::Json(told(&letter, "skipped"))))
    };
    once(asked, &desk, work, |kept| again(&desk, kept, &letter.id).map(Answer::Json))
}

fn preview_allowed(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Allowing = asked.json()?;
    let desk = asked.home_desk()?;
    let outlook = desk.reminders(&asked.case_id(&desk)?, now())?;
    shown(letters::allow(&desk, &outlook, wish.by.channel(), None).map_err(Problem::refused)?)
}

fn allow(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Allowing = asked.json()?;
    let desk = asked.home_desk()?;
    let agreed = digest(wish.digest.as_deref())?;
    let (case, by) = (asked.case_id(&desk)?, wish.by.channel());
    let answer = || {
        let body = json!({"schema": "counterpart/letters-allowed/1", "case": case.to_hex(), "by": by.as_str(), "allowed": true});
        Answer::Json(body)
    };
    let work = || {
        let outlook = desk.reminders(&case, now())?;
        match letters::allow(&desk, &outlook, by, Some(agreed)).map_err(Problem::refused)? {
            Went::Changed(shown) => Err(changed(shown)),
            _ => Ok((json!("allowed"), answer())),
        }
    };
    once(asked, &desk, work, |_| Ok(answer()))
}

fn end(asked: &Asked) -> Result<Answer, Problem> {
    let by = match asked.part("by") {
        "email" => Channel::Email,
        "node" => Channel::Node,
        "notice" => Channel::Notice,
        _ => return Err(Problem::malformed("the way", "email, node or notice")),
    };
    let desk = asked.home_desk()?;
    let case = asked.case_id(&desk)?;
    let work = || {
        if desk.revoke_letters(&case, by)? {
            return Ok((json!("ended"), Answer::Nothing));
        }
        let why = "there is no such consent; each letter waits for a yes";
        Err(Problem::new(Kind::NotFound, why).hint("GET /api/v1/cases/{case}/letters lists the consents"))
    };
    once(asked, &desk, work, |_| Ok(Answer::Nothing))
}
