//! What lets programs in: a token each, made here and shown once. Only its hash is kept.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use counterpart_core::text;
use counterpart_store::TokenRow;

use crate::{agent::names, desk::Desk, error::DeskError};

const PREFIX: &str = "cpt_";
/// 32 random bytes, five bits a letter.
const LETTERS: usize = 52;
/// That a token is in use is noted no more often than this, in milliseconds.
const NOTED: i64 = 60_000;

/// What a program may do. None of these includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See the cases and their files.
    Read,
    /// Prepare acts and see what would be signed.
    Draft,
    /// Sign, with the key of its seat or, without one, of the home.
    Sign,
    /// Read and write what is noted about cases for ourselves alone.
    Notes,
    /// Tokens, webhooks and figures.
    Manage,
}

impl Scope {
    pub const ALL: [Self; 5] = [Self::Read, Self::Draft, Self::Sign, Self::Notes, Self::Manage];

    /// The word for it, where tokens are made and kept.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Draft => "draft",
            Self::Sign => "sign",
            Self::Notes => "notes",
            Self::Manage => "manage",
        }
    }

    /// The scope of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWish {
    pub name: String,
    /// The agent's seat whose key signs for it, as [`Desk::at_seat`] has it; nothing for the home's own key.
    pub seat: Option<String>,
    pub scopes: Vec<Scope>,
    /// Until when it holds, Unix milliseconds; nothing for no end.
    pub expires: Option<i64>,
}

/// A token as its holder has it. Never printed but where it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    fn of(bytes: &[u8; 32]) -> Self {
        let letters = Zeroizing::new(BASE32_NOPAD.encode(bytes));
        Self(Zeroizing::new(format!("{PREFIX}{}", letters.to_ascii_lowercase())))
    }

    /// What the program sends.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// The hash under which a token is kept; nothing where it is none by its looks.
fn hash(text: &str) -> Option<[u8; 32]> {
    let letters = text.strip_prefix(PREFIX)?;
    let looks = letters.len() == LETTERS && letters.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    looks.then(|| Sha256::digest(text.as_bytes()).into())
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// SHA-256 of its text: what tells it from others of its name, before and after.
    pub id: [u8; 32],
    pub name: String,
    pub seat: Option<String>,
    pub scopes: Vec<Scope>,
    /// Unix milliseconds, as all times here.
    pub made: i64,
    pub expires: Option<i64>,
    pub ended: Option<i64>,
    /// When it was last used, to about a minute.
    pub used: Option<i64>,
}

impl TokenInfo {
    /// Whether it lets somebody in at a time.
    #[must_use]
    pub fn stands(&self, now: i64) -> bool {
        self.ended.is_none() && self.expires.is_none_or(|expires| now < expires)
    }

    /// Whether it is for this.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

impl From<TokenRow> for TokenInfo {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.hash,
            name: row.name,
            seat: row.seat,
            // A later version may know more of them; this one does nothing for those.
            scopes: row.scopes.split(' ').filter_map(Scope::from_word).collect(),
            made: row.made,
            expires: row.expires,
            ended: row.ended,
            used: row.used,
        }
    }
}

impl Desk {
    /// Whether a token can be made, before anybody is asked; gives it as it would be.
    ///
    /// # Errors
    /// When its name is none or taken, it is for nothing, holds no longer, or its seat is not here or ended. At a seat:
    /// when it is to sign by any other key.
    pub fn check_token(&self, wish: &TokenWish, now: i64) -> Result<TokenWish, DeskError> {
        let name = text::normalise(wish.name.trim());
        names::check_name(&name)?;
        let wrong = |why: &str| DeskError::TokenWish(why.to_owned());
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| wish.scopes.contains(scope)).collect();
        if scopes.is_empty() {
            return Err(wrong("it would be good for nothing: give it a scope"));
        }
        if wish.expires.is_some_and(|expires| expires <= now) {
            return Err(wrong("it would hold no longer when it is made: give it a later end"));
        }
        let seat = match &wish.seat {
            None => None,
            Some(typed) => Some(self.seat_called(typed)?),
        };
        if let Some(ended) = seat.as_ref().filter(|seat| !seat.stands()) {
            return Err(DeskError::SeatEnded(ended.name.clone()));
        }
        let seat = seat.map(|seat| seat.name);
        // Whoever sits at a seat lets nobody sign by a key that is not theirs.
        if self.seat().is_some_and(|own| seat.as_deref() != Some(own)) {
            return Err(DeskError::OnlyHome);
        }
        if self.with_store(|store| store.token_called(&name))?.is_some() {
            return Err(DeskError::TokenTaken(name));
        }
        Ok(TokenWish { name, seat, scopes, expires: wish.expires })
    }

    /// Makes a token: the text is given this once and kept nowhere. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::check_token`], or when the store cannot be written.
    pub fn new_token(&self, wish: &TokenWish, now: i64) -> Result<(Token, TokenInfo), DeskError> {
        let wish = self.check_token(wish, now)?;
        let token = Token::of(&Zeroizing::new(self.draw()));
        let words: Vec<&str> = wish.scopes.iter().map(|scope| scope.as_str()).collect();
        let row = TokenRow {
            hash: hash(token.text()).expect("a token looks like one"),
            name: wish.name,
            seat: wish.seat,
            scopes: words.join(" "),
            made: now,
            expires: wish.expires,
            ended: None,
            used: None,
        };
        let free = self.with_store(|store| store.write(|txn| txn.insert_token(&row)))?;
        if free { Ok((token, row.into())) } else { Err(DeskError::TokenTaken(row.name)) }
    }

    /// All tokens, those that were ended among them, oldest first.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn tokens(&self) -> Result<Vec<TokenInfo>, DeskError> {
        Ok(self.with_store(|store| store.tokens())?.into_iter().map(TokenInfo::from).collect())
    }

    /// The token that is called so and was not ended.
    ///
    /// # Errors
    /// When there is none. At a seat: when it is another's.
    pub fn token_called(&self, name: &str) -> Result<TokenInfo, DeskError> {
        let name = text::normalise(name.trim());
        let found = self.with_store(|store| store.token_called(&name))?.map(TokenInfo::from);
        let found = found.ok_or(DeskError::UnknownToken(name))?;
        if self.seat().is_some_and(|own| found.seat.as_deref() != Some(own)) {
            return Err(DeskError::OnlyHome);
        }
        Ok(found)
    }

    /// Ends a token: it lets nobody in any more, and its name is free. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::token_called`], or when the store cannot be written.
    pub fn end_token(&self, name: &str, now: i64) -> Result<TokenInfo, DeskError> {
        let token = self.token_called(name)?;
        self.with_store(|store| store.write(|txn| txn.end_token(&token.name, now)))?;
        Ok(TokenInfo { ended: Some(now), ..token })
    }

    /// Who comes with this text, if it is that of a token that stands at `now`, Unix milliseconds. It is looked up by its
    /// hash, so how long that takes says nothing of the text.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn token(&self, text: &str, now: i64) -> Result<Option<TokenInfo>, DeskError> {
        let Some(hash) = hash(text) else { return Ok(None) };
        let found = self.with_store(|store| store.token(&hash))?.map(TokenInfo::from);
        let Some(token) = found.filter(|token| token.stands(now)) else { return Ok(None) };
        if token.used.is_none_or(|used| now.saturating_sub(used) >= NOTED) {
            // Nobody is kept out because this could not be noted.
            drop(self.with_store(|store| store.write(|txn| txn.token_used(&hash, now))));
        }
        Ok(Some(token))
    }
}
