//! What lets programs in: a token each, made here and shown once. Only its hash is kept.

use std::collections::BTreeMap;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use counterpart_core::text;
use counterpart_store::{TokenKept, TokenRow};

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
    /// Tokens, webhooks, standing rules, agents, and the own name.
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
    /// The token at the beginning of the line of those that made each other, by its `id`: what one may use, all of them
    /// may together.
    pub root: [u8; 32],
}

/// Which seats stood when it was last looked, while our key log had so many events: it only ever grows.
#[derive(Debug, Default)]
pub(crate) struct SeatsThatStand {
    events: u64,
    known: BTreeMap<String, bool>,
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
            root: row.root,
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
        let name = text::normalise(&wish.name);
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
    /// As [`Desk::check_token`], when too many stand, or when the store cannot be written.
    pub fn new_token(&self, wish: &TokenWish, now: i64) -> Result<(Token, TokenInfo), DeskError> {
        self.keep_token(wish, None, now)
    }

    /// The same, asked for by whoever has the token `maker`: it ends with that one.
    ///
    /// # Errors
    /// As [`Desk::new_token`], or when the maker was ended meanwhile.
    pub fn new_token_by(&self, maker: &TokenInfo, wish: &TokenWish, now: i64) -> Result<(Token, TokenInfo), DeskError> {
        self.keep_token(wish, Some(maker), now)
    }

    fn keep_token(
        &self,
        wish: &TokenWish,
        maker: Option<&TokenInfo>,
        now: i64,
    ) -> Result<(Token, TokenInfo), DeskError> {
        let wish = self.check_token(wish, now)?;
        let token = Token::of(&Zeroizing::new(self.draw()));
        let words: Vec<&str> = wish.scopes.iter().map(|scope| scope.as_str()).collect();
        let hash = hash(token.text()).expect("a token looks like one");
        let row = TokenRow {
            hash,
            name: wish.name,
            seat: wish.seat,
            scopes: words.join(" "),
            made: now,
            expires: wish.expires,
            ended: None,
            used: None,
            made_by: maker.map(|maker| maker.id),
            root: maker.map_or(hash, |maker| maker.root),
        };
        match self.with_store(|store| store.write(|txn| txn.insert_token(&row)))? {
            TokenKept::New => Ok((token, row.into())),
            TokenKept::NameTaken => Err(DeskError::TokenTaken(row.name)),
            TokenKept::MakerEnded => {
                Err(DeskError::TokenWish("the token that is to make it was ended meanwhile".to_owned()))
            }
            TokenKept::Full { most } => Err(DeskError::TokenWish(format!(
                "{most} tokens stand, and there can be no more: end one that is not used"
            ))),
        }
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
        let name = text::normalise(name);
        let found = self.with_store(|store| store.token_called(&name))?.map(TokenInfo::from);
        let found = found.ok_or(DeskError::UnknownToken(name))?;
        if self.seat().is_some_and(|own| found.seat.as_deref() != Some(own)) {
            return Err(DeskError::OnlyHome);
        }
        Ok(found)
    }

    /// Ends a token, and all that were made with it: they let nobody in any more, and their names are free. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// As [`Desk::token_called`], or when the store cannot be written.
    pub fn end_token(&self, name: &str, now: i64) -> Result<TokenInfo, DeskError> {
        let token = self.token_called(name)?;
        self.with_store(|store| store.write(|txn| txn.end_token(&token.name, now)))?;
        Ok(TokenInfo { ended: Some(now), ..token })
    }

    /// Who comes with this text, if it is that of a token that stands at `now`, Unix milliseconds, and so does its seat,
    /// wherever that was ended. It is looked up by its hash, so how long that takes says nothing of the text.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn token(&self, text: &str, now: i64) -> Result<Option<TokenInfo>, DeskError> {
        let Some(hash) = hash(text) else { return Ok(None) };
        let found = self.with_store(|store| store.token(&hash))?.map(TokenInfo::from);
        let Some(token) = found.filter(|token| token.stands(now)) else { return Ok(None) };
        if let Some(seat) = &token.seat
            && !self.seat_may(seat)?
        {
            return Ok(None);
        }
        if token.used.is_none_or(|used| now.saturating_sub(used) >= NOTED) {
            // Nobody is kept out because this could not be noted.
            drop(self.with_store(|store| store.write(|txn| txn.token_used(&hash, now))));
        }
        Ok(Some(token))
    }

    /// Whether a seat's rights stand: they can be ended on another machine as well, which this one hears of by the key log.
    fn seat_may(&self, name: &str) -> Result<bool, DeskError> {
        // Counted first: what comes while it is looked is looked at the next time.
        let events = self.with_store(|store| store.key_event_count())?;
        {
            let last = self.seats_that_stand();
            if last.events == events
                && let Some(stands) = last.known.get(name)
            {
                return Ok(*stands);
            }
        }
        let seats = self.seats()?;
        let stands = seats.iter().any(|seat| seat.name == name && seat.stands());
        let mut last = self.seats_that_stand();
        if last.events != events {
            *last = SeatsThatStand { events, known: BTreeMap::new() };
        }
        // Of seats that there are, so it is no longer than their list; of others nothing is kept.
        if seats.iter().any(|seat| seat.name == name) {
            last.known.insert(name.to_owned(), stands);
        }
        Ok(stands)
    }
}
