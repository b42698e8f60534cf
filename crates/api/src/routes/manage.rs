//! Tokens and webhooks: who is let in, and who is told.

use counterpart_node::{
    BadHookUrl, Desk, DeskError, HOOK_PATIENCE, Hook, HookError, HookWish, Scope, Taking, TokenInfo, TokenWish, now,
};
use counterpart_store::ChangeKind;
use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    asked::{Answer, Asked},
    once::once,
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{HookSaid, HookTested, Hooks, TokenSaid, Tokens},
    table::{Operation, of},
};

/// What places in these lists are places in.
const TOKENS: &str = "tokens";
const HOOKS: &str = "webhooks";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/tokens", "list_tokens", "All tokens, those that were ended among them")
        .about("By when they were made.")
        .scope(Scope::Manage)
        .query(of::<Page>)
        .answers(of::<Tokens>)
        .does(tokens),
    Operation::post("/tokens", "new_token", "Makes a token, and shows it once")
        .about(
            "It is for no more than the token that makes it is for, signs at the same seat, holds no longer, and ends with it. What \
             that token may ask a second, and its streams, are for both.",
        )
        .scope(Scope::Manage)
        .json(of::<NewToken>)
        .keyed()
        .created()
        .answers(of::<TokenSaid>)
        .does(new_token),
    Operation::delete("/tokens/{name}", "end_token", "Ends a token, and those made with it: they let nobody in any more")
        .scope(Scope::Manage)
        .does(end_token),
    Operation::get("/webhooks", "list_webhooks", "Who is told of changes, and whether they take it")
        .about("By name.")
        .scope(Scope::Manage)
        .query(of::<Page>)
        .answers(of::<Hooks>)
        .does(hooks),
    Operation::post("/webhooks", "new_webhook", "Adds a receiver, and shows its secret once")
        .about(
            "Messages are as Standard Webhooks has them. An address in this machine or its network is refused. Needs a token \
             without a seat, as ending, testing and switching on do.",
        )
        .scope(Scope::Manage)
        .json(of::<NewHook>)
        .keyed()
        .created()
        .answers(of::<HookSaid>)
        .does(new_hook),
    Operation::delete("/webhooks/{name}", "end_webhook", "Forgets a receiver: it is told nothing more")
        .scope(Scope::Manage)
        .does(end_hook),
    Operation::post("/webhooks/{name}/test", "test_webhook", "Sends a receiver a message that is about nothing")
        .scope(Scope::Manage)
        .keyed()
        .answers(of::<HookTested>)
        .does(test_hook),
    Operation::post("/webhooks/{name}/on", "switch_webhook_on", "Tells a receiver again, from where it stopped")
        .scope(Scope::Manage)
        .keyed()
        .answers(of::<HookSaid>)
        .does(hook_on),
];

/// What helps where an address is refused: that another may be taken is for whoever sits at the machine to say.
const HTTPS: &str = "take an https address of a host outside of this machine and its network";

/// A token to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    /// What it is for.
    scopes: Vec<ScopeWish>,
    /// Until when it holds, Unix milliseconds; as long as the token that makes it where nothing is said.
    expires: Option<i64>,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeWish {
    Read,
    Draft,
    Sign,
    Notes,
    Manage,
}

impl ScopeWish {
    fn scope(self) -> Scope {
        match self {
            Self::Read => Scope::Read,
            Self::Draft => Scope::Draft,
            Self::Sign => Scope::Sign,
            Self::Notes => Scope::Notes,
            Self::Manage => Scope::Manage,
        }
    }
}

/// A receiver to be told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewHook {
    /// 1 to 40 small letters, digits, - and _.
    name: String,
    url: String,
    /// What it is told of, as in the list of changes; all but our own receipts where nothing is said.
    #[serde(default)]
    kinds: Vec<String>,
    /// It is told of changes above this number; of those to come where nothing is said.
    #[schemars(range(min = 0, max = paging::GREATEST))]
    after: Option<u64>,
}

fn token(info: TokenInfo, text: Option<&str>) -> TokenSaid {
    TokenSaid {
        schema: None,
        name: info.name,
        seat: info.seat,
        scopes: info.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        made: info.made,
        expires: info.expires,
        ended: info.ended,
        used: info.used,
        token: text.map(str::to_owned),
    }
}

fn tokens(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let all = asked.desk()?.tokens()?.into_iter().map(|info| ((info.made, HEXLOWER.encode(&info.id)), info));
    let (tokens, next) = paging::page(TOKENS, &page, all.collect())?;
    let schema = "counterpart/tokens/1".to_owned();
    Answer::of(&Tokens { schema, tokens: tokens.into_iter().map(|info| token(info, None)).collect(), next })
}

fn new_token(asked: &Asked) -> Result<Answer, Problem> {
    let NewToken { name, scopes, expires } = asked.json()?;
    let caller = asked.caller()?;
    let scopes: Vec<Scope> = scopes.into_iter().map(ScopeWish::scope).collect();
    // Nobody gives what they do not have.
    scopes.iter().try_for_each(|scope| caller.must(*scope))?;
    let expires = match (expires, caller.expires) {
        (Some(wished), Some(own)) if wished > own => {
            let why =
                format!("it would hold longer than the token that makes it: that one ends at {own}, Unix milliseconds");
            return Err(Problem::new(Kind::Refused, why).hint("name that end or an earlier one, or none"));
        }
        (wished, own) => wished.or(own),
    };
    let wish = TokenWish { name, seat: caller.seat.clone(), scopes, expires };
    let desk = asked.desk()?;
    let said = |info: TokenInfo, text: Option<&str>| {
        Answer::of(&TokenSaid { schema: Some("counterpart/token-new/1".to_owned()), ..token(info, text) })
    };
    let work = || {
        let (made, info) = desk.new_token_by(&caller.info, &wish, now())?;
        // Its text is kept nowhere: whoever did not read it ends the token, and makes another.
        Ok((json!(HEXLOWER.encode(&info.id)), said(info, Some(made.text()))?))
    };
    once(asked, &desk, work, |kept| {
        let found = desk.tokens()?.into_iter().find(|info| json!(HEXLOWER.encode(&info.id)) == *kept);
        let gone = || Problem::new(Kind::NotFound, "the token was made, and is not listed any more");
        said(found.ok_or_else(gone)?, None)
    })
}

fn end_token(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let ended = match desk.end_token(asked.part("name"), now()) {
        Err(DeskError::UnknownToken(name)) => {
            // One that was ended before is ended still. At a seat nothing is said of others' tokens.
            let ours = |token: &TokenInfo| desk.seat().is_none_or(|own| token.seat.as_deref() == Some(own));
            let before = desk.tokens()?.into_iter().find(|token| token.name == name && ours(token));
            before.ok_or(DeskError::UnknownToken(name))
        }
        ended => ended,
    };
    drop(ended?);
    Ok(Answer::Nothing)
}

fn hook(hook: Hook, secret: Option<&str>) -> HookSaid {
    let standing = hook.standing.as_str().to_owned();
    let again = hook.again();
    let (since, off) = match hook.standing {
        Taking::On => (None, None),
        Taking::Failing { since, .. } => (Some(since), None),
        Taking::Off { since, why } => (Some(since), Some(why)),
    };
    HookSaid {
        schema: None,
        name: hook.name,
        url: hook.url,
        kinds: hook.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        allow_private: hook.allow_private,
        made: hook.made,
        standing,
        since,
        again,
        why: off.or(hook.trouble),
        cases_waiting: hook.cases_waiting,
        told: hook.told,
        secret: secret.map(str::to_owned),
    }
}

impl From<HookError> for Problem {
    fn from(why: HookError) -> Self {
        let kind = match why {
            HookError::Desk(why) => return why.into(),
            HookError::NameTaken(_) => Kind::Taken,
            HookError::Unknown(_) => Kind::NotFound,
            HookError::Altered(_) => Kind::Failed,
            _ => Kind::Refused,
        };
        // What the command says to do leads nowhere here, so it is said otherwise.
        let (text, hint) = match &why {
            HookError::NameTaken(name) => (
                format!("there is a webhook called '{name}' already"),
                Some("take another name, or end that one first: DELETE /api/v1/webhooks/{name}"),
            ),
            HookError::Unknown(name) => {
                (format!("there is no webhook '{name}' here"), Some("GET /api/v1/webhooks lists those there are"))
            }
            HookError::Url(BadHookUrl::Plain) => {
                ("the address begins with http://, so everybody on the way could read along".to_owned(), Some(HTTPS))
            }
            HookError::Url(BadHookUrl::Private(ip)) => {
                (format!("the address: {ip} is one that only this machine or its network reaches"), Some(HTTPS))
            }
            HookError::Url(BadHookUrl::Itself(name)) => {
                (format!("the address: {name} is a name of this machine itself"), Some(HTTPS))
            }
            HookError::Url(_) => (why.to_string(), Some(HTTPS)),
            HookError::Altered(_) => (why.to_string(), Some("DELETE /api/v1/webhooks/{name} ends it")),
            _ => (why.to_string(), None),
        };
        let problem = Self::new(kind, text);
        match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

fn hooks(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let all = asked.desk()?.hooks()?.into_iter().map(|one| (one.name.clone(), one)).collect();
    let (all, next) = paging::page(HOOKS, &page, all)?;
    let schema = "counterpart/webhooks/1".to_owned();
    Answer::of(&Hooks { schema, webhooks: all.into_iter().map(|one| hook(one, None)).collect(), next })
}

fn new_hook(asked: &Asked) -> Result<Answer, Problem> {
    let NewHook { name, url, kinds, after } = asked.json()?;
    let kind = |word: &String| {
        let all: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.as_str()).collect();
        ChangeKind::from_word(word).ok_or_else(|| Problem::malformed("kinds", format!("one of {}", all.join(", "))))
    };
    let after = after.map(paging::number).transpose()?;
    let kinds = kinds.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    // That it may be in this machine or its network is for whoever sits at the machine to say.
    let wish = HookWish { name, url, kinds, allow_private: false, after };
    let desk = asked.home_desk()?;
    let said = |made: Hook, secret: Option<&str>| {
        Answer::of(&HookSaid { schema: Some("counterpart/webhook-added/1".to_owned()), ..hook(made, secret) })
    };
    let work = || {
        let (made, secret) = desk.add_hook(&wish, now())?;
        Ok((json!(made.name), said(made, Some(&secret.reveal()))?))
    };
    once(asked, &desk, work, |name| said(called(&desk, name)?, None))
}

/// The receiver of a name that was kept.
fn called(desk: &Desk, name: &Json) -> Result<Hook, Problem> {
    let found = desk.hooks()?.into_iter().find(|hook| name.as_str() == Some(hook.name.as_str()));
    found.ok_or_else(|| Problem::new(Kind::NotFound, "there was such a receiver, and it was ended since"))
}

fn end_hook(asked: &Asked) -> Result<Answer, Problem> {
    asked.home_desk()?.end_hook(asked.part("name"))?;
    Ok(Answer::Nothing)
}

fn test_hook(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.home_desk()?;
    let said = |status: &Json| Answer::Json(json!({"schema": "counterpart/webhook-test/1", "status": status}));
    let work = || {
        let status = json!(desk.test_hook(asked.part("name"), now(), HOOK_PATIENCE)?);
        Ok((status.clone(), said(&status)))
    };
    once(asked, &desk, work, |status| Ok(said(status)))
}

fn hook_on(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.home_desk()?;
    let said =
        |one: Hook| Answer::of(&HookSaid { schema: Some("counterpart/webhook-on/1".to_owned()), ..hook(one, None) });
    let work = || {
        let on = desk.hook_on(asked.part("name"), now())?;
        Ok((json!(on.name), said(on)?))
    };
    once(asked, &desk, work, |name| said(called(&desk, name)?))
}
