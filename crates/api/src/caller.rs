//! Who asks: the token that came with a request, and what it is for.

use axum::http::{HeaderMap, header};
use counterpart_node::{Desk, Scope, TokenInfo, now};

use crate::problem::{Kind, Problem};

/// Who makes a token for this scope, as hints say it; for any where it is for anybody with one.
fn maker(scope: Option<Scope>) -> String {
    let wanted = scope.map(|scope| format!(" NAME --scope {}", scope.as_str())).unwrap_or_default();
    format!("whoever runs this home makes one with `counterpart token new{wanted}`")
}

/// No token is longer.
const LONGEST: usize = 200;

/// A program that was let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The token's name here.
    pub(crate) name: String,
    /// The agent's seat at which it signs.
    pub(crate) seat: Option<String>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) expires: Option<i64>,
    /// What tells its token from others.
    pub(crate) hash: [u8; 32],
    /// The same of the first in the line of tokens that made it: how often they ask, and how many streams they have open, is
    /// counted for all of them together, and their seat is one.
    pub(crate) root: [u8; 32],
    /// All that is known of the token.
    pub(crate) info: TokenInfo,
}

impl Caller {
    /// Looks a token up, for something that needs this scope; touches the store.
    pub(crate) fn find(desk: &Desk, token: &str, scope: Option<Scope>) -> Result<Self, Problem> {
        let unknown = || {
            Problem::new(
                Kind::BadToken,
                "there is no such token here, or it or its seat was ended, or its time is over",
            )
            .hint(maker(scope))
        };
        let found = desk.token(token, now())?.ok_or_else(unknown)?;
        Ok(Self {
            name: found.name.clone(),
            seat: found.seat.clone(),
            scopes: found.scopes.clone(),
            expires: found.expires,
            hash: found.id,
            root: found.root,
            info: found,
        })
    }

    /// Refuses what the token is not for.
    pub(crate) fn must(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let has: Vec<&str> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        let word = scope.as_str();
        let problem =
            Problem::new(Kind::Scope, format!("this needs the scope '{word}'; the token has: {}", has.join(", ")));
        Err(problem.with("scope", word.into()).hint(maker(Some(scope))))
    }

    /// Who asks, for our own notes.
    pub(crate) fn as_agent(&self) -> &str {
        self.seat.as_deref().unwrap_or(&self.name)
    }
}

/// The token that came with a request for something that needs this scope.
pub(crate) fn token(headers: &HeaderMap, scope: Option<Scope>) -> Result<&str, Problem> {
    let lacks = || {
        Problem::new(Kind::NoToken, "no token came with the request")
            .hint(format!("send the header Authorization: Bearer cpt_...; {}", maker(scope)))
    };
    let mut named = headers.get_all(header::AUTHORIZATION).iter();
    let value = named.next().ok_or_else(lacks)?;
    if named.next().is_some() {
        return Err(Problem::new(Kind::BadToken, "more than one Authorization header came with the request"));
    }
    let text = value.to_str().map_err(|_not_text| lacks())?;
    let (scheme, token) = text.trim().split_once(' ').ok_or_else(lacks)?;
    let token = token.trim();
    let plain = !token.is_empty() && token.len() <= LONGEST && token.bytes().all(|byte| byte.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("bearer") && plain { Ok(token) } else { Err(lacks()) }
}
