//! Tokens and webhooks: who is let in, and who is told.

use counterpart_node::{HOOK_PATIENCE, Hook, HookError, HookWish, Scope, Taking, TokenInfo, TokenWish, now};
use counterpart_store::ChangeKind;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    asked::{Answer, Asked},
    paging,
    problem::{Kind, Problem},
    shapes::{HookSaid, HookTested, Hooks, TokenSaid, Tokens},
    table::{Operation, of},
};

pub(super) const ALL: &[Operation] = &[
    Operation::get("/tokens", "list_tokens", "All tokens, those that were ended among them")
        .scope(Scope::Manage)
        .answers(of::<Tokens>)
        .does(tokens),
    Operation::post("/tokens", "new_token", "Makes a token, and shows it once")
        .about(
            "It is for no more than the token that makes it is for, signs at the same seat, holds no longer, and ends with it. What \
             that token may ask a second, and its streams, are for both.",
        )
        .scope(Scope::Manage)
        .json(of::<NewToken>)
        .created()
        .answers(of::<TokenSaid>)
        .does(new_token),
    Operation::delete("/tokens/{name}", "end_token", "Ends a token, and those made with it: they let nobody in any more")
        .scope(Scope::Manage)
        .does(end_token),
    Operation::get("/webhooks", "list_webhooks", "Who is told of changes, and whether they take it")
        .scope(Scope::Manage)
        .answers(of::<Hooks>)
        .does(hooks),
    Operation::post("/webhooks", "new_webhook", "Adds a receiver, and shows its secret once")
        .about("Messages are as Standard Webhooks has them. An address in this machine or its network is refused.")
        .scope(Scope::Manage)
        .json(of::<NewHook>)
        .created()
        .answers(of::<HookSaid>)
        .does(new_hook),
    Operation::delete("/webhooks/{name}", "end_webhook", "Forgets a receiver: it is told nothing more")
        .scope(Scope::Manage)
        .does(end_hook),
    Operation::post("/webhooks/{name}/test", "test_webhook", "Sends a receiver a message that is about nothing")
        .scope(Scope::Manage)
        .answers(of::<HookTested>)
        .does(test_hook),
    Operation::post("/webhooks/{name}/on", "switch_webhook_on", "Tells a receiver again, from where it stopped")
        .scope(Scope::Manage)
        .answers(of::<HookSaid>)
        .does(hook_on),
];

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
    let all = asked.desk()?.tokens()?;
    Answer::of(&Tokens { tokens: all.into_iter().map(|info| token(info, None)).collect() })
}

fn new_token(asked: &Asked) -> Result<Answer, Problem> {
    let NewToken { name, scopes, expires } = asked.json()?;
    let caller = asked.caller()?;
    let scopes: Vec<Scope> = scopes.into_iter().map(ScopeWish::scope).collect();
    // Nobody gives what they do not have.
    scopes.iter().try_for_each(|scope| caller.must(*scope))?;
    let expires = match (expires, caller.expires) {
        (Some(wished), Some(own)) if wished > own => {
            return Err(Problem::new(Kind::Refused, "it would hold longer than the token that makes it"));
        }
        (wished, own) => wished.or(own),
    };
    let wish = TokenWish { name, seat: caller.seat.clone(), scopes, expires };
    let (made, info) = asked.desk()?.new_token_by(&caller.info, &wish, now())?;
    Answer::of(&token(info, Some(made.text())))
}

fn end_token(asked: &Asked) -> Result<Answer, Problem> {
    asked.desk()?.end_token(asked.part("name"), now())?;
    Ok(Answer::Nothing)
}

fn hook(hook: Hook, secret: Option<&str>) -> HookSaid {
    let standing = hook.standing.as_str().to_owned();
    let (since, again, off) = match hook.standing {
        Taking::On => (None, None, None),
        Taking::Failing { since, again } => (Some(since), Some(again), None),
        Taking::Off { since, why } => (Some(since), None, Some(why)),
    };
    HookSaid {
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
        Self::new(kind, why.to_string())
    }
}

fn hooks(asked: &Asked) -> Result<Answer, Problem> {
    let all = asked.desk()?.hooks()?;
    Answer::of(&Hooks { webhooks: all.into_iter().map(|one| hook(one, None)).collect() })
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
    let (made, secret) = asked.desk()?.add_hook(&wish, now())?;
    Answer::of(&hook(made, Some(&secret.reveal())))
}

fn end_hook(asked: &Asked) -> Result<Answer, Problem> {
    asked.desk()?.end_hook(asked.part("name"))?;
    Ok(Answer::Nothing)
}

fn test_hook(asked: &Asked) -> Result<Answer, Problem> {
    let status = asked.desk()?.test_hook(asked.part("name"), now(), HOOK_PATIENCE)?;
    Answer::of(&HookTested { status })
}

fn hook_on(asked: &Asked) -> Result<Answer, Problem> {
    Answer::of(&hook(asked.desk()?.hook_on(asked.part("name"), now())?, None))
}
