//! One conversation with the server of a mailbox.

use std::{collections::BTreeMap, num::NonZeroU32};

use imap_next::{
    Interrupt, Io, State as _,
    client::{Client, Error, Event, Options},
    imap_types::{
        auth::{AuthMechanism, AuthenticateData},
        command::{Command, CommandBody},
        core::{Tag, Vec1},
        datetime::NaiveDate,
        fetch::{MacroOrMessageDataItemNames, MessageDataItem, MessageDataItemName, Section},
        mailbox::Mailbox,
        response::{Bye, Capability, Code, Data, GreetingKind, Status, StatusBody, StatusKind},
        search::SearchKey,
        sequence::{SeqOrUid, Sequence, SequenceSet},
    },
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{FetchError, from_wire, number};
use crate::{
    incoming::LARGEST,
    server::{Login, Security, Server},
    wire::{Allowance, Line, connect, protect, said},
    words,
};

/// An answer larger than this is not kept.
const LARGEST_ANSWER: u32 = 27 * 1024 * 1024;
/// What a server may say for one thing asked of it, in bytes, where no message is asked for.
const SMALL_TALK: u64 = 512 * 1024;
/// For a list of numbers: some hundred thousand of them.
const LISTS: u64 = 2 * 1024 * 1024;
/// Answers of no known form are passed over so many times.
const MOST_STRANGE: u32 = 100;
const MOST_CHALLENGES: u32 = 5;
const LONGEST_WORDS: usize = 300;

pub(super) struct Session {
    client: Client,
    line: Line,
    allowance: Allowance,
    /// What was read last.
    heard: Vec<u8>,
    commands: u32,
    strange: u32,
    capabilities: Vec<Capability<'static>>,
}

/// A folder as it was opened.
pub(super) struct Folder {
    pub(super) validity: u32,
    /// The number that the next message will have.
    pub(super) next: Option<u32>,
}

/// A head.
pub(super) struct Found {
    pub(super) size: u32,
    pub(super) bytes: Vec<u8>,
}

/// What a server said in the end to a command.
struct Answer {
    kind: StatusKind,
    said: String,
}

impl Session {
    pub(super) async fn open(server: &Server) -> Result<Self, FetchError> {
        let allowance = Allowance::default();
        allowance.set(SMALL_TALK);
        let line = connect(server, allowance.clone()).await.map_err(|e| from_wire(server, e))?;
        let mut session = Self {
            client: client(false),
            line,
            allowance,
            heard: vec![0; 16 * 1024],
            commands: 0,
            strange: 0,
            capabilities: Vec::new(),
        };
        let logged_in = session.greeted().await?;
        let mut session = if server.security == Security::StartTls {
            if logged_in {
                // Whoever sits between would have us go on in the open.
                return Err(FetchError::Lacking("it does not protect the connection (STARTTLS)".to_owned()));
            }
            session.protected(server).await?
        } else {
            session
        };
        if let Some(login) = &server.login
            && (!logged_in || server.security == Security::StartTls)
        {
            session.log_in(login).await?;
        }
        Ok(session)
    }

    async fn greeted(&mut self) -> Result<bool, FetchError> {
        loop {
            if let Event::GreetingReceived { greeting } = self.event().await? {
                let said = words::line(greeting.text.as_ref(), LONGEST_WORDS);
                if let Some(Code::Capability(known)) = greeting.code {
                    self.capabilities = known.into_iter().collect();
                }
                return match greeting.kind {
                    GreetingKind::Ok => Ok(false),
                    GreetingKind::PreAuth => Ok(true),
                    GreetingKind::Bye => Err(FetchError::Refused { said }),
                };
            }
        }
    }

    async fn protected(mut self, server: &Server) -> Result<Self, FetchError> {
        let answer = self.run(CommandBody::StartTLS, &mut |_| ()).await?;
        if answer.kind != StatusKind::Ok {
            return Err(FetchError::Lacking("it does not protect the connection (STARTTLS)".to_owned()));
        }
        // Nothing of what was said in the open is kept.
        let peer = self.line.peer_addr().map_err(|e| broken(&said(&e)))?;
        let line = protect(server, self.line, peer).await.map_err(|e| from_wire(server, e))?;
        Ok(Self { client: client(true), line, capabilities: Vec::new(), ..self })
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), FetchError> {
        if self.capabilities.is_empty() {
            let mut known = Vec::new();
            let mut keep = |data| {
                if let Data::Capability(list) = data {
                    known = list.into_iter().collect();
                }
            };
            self.run(CommandBody::Capability, &mut keep).await?;
            self.capabilities = known;
        }
        let (body, reply) = match login {
            Login::Password { user, password } => {
                if self.offers(&Capability::Auth(AuthMechanism::Plain)) {
                    let reply = format!("\0{user}\0{}", password.reveal());
                    (CommandBody::authenticate(AuthMechanism::Plain), reply)
                } else if self.offers(&Capability::LoginDisabled) {
                    return Err(FetchError::Lacking("a login by password".to_owned()));
                } else {
                    let body = CommandBody::login(user.clone(), password.reveal().to_owned());
                    let bad = |_nul| FetchError::Login { said: "the name or password cannot be sent".to_owned() };
                    (body.map_err(bad)?, String::new())
                }
            }
            Login::Token { user, token } => {
                if !self.offers(&Capability::Auth(AuthMechanism::XOAuth2)) {
                    return Err(FetchError::Lacking("a login by token (AUTH=XOAUTH2)".to_owned()));
                }
                let reply = format!("user={user}\x01auth=Bearer {}\x01\x01", token.reveal());
                (CommandBody::authenticate(AuthMechanism::XOAuth2), reply)
            }
        };
        let answer = self.converse(body, Some(reply.into_bytes()), &mut |_| (), &mut |_| ()).await?;
        match answer.kind {
            StatusKind::Ok => Ok(()),
            StatusKind::No | StatusKind::Bad => Err(FetchError::Login { said: answer.said }),
        }
    }

    fn offers(&self, what: &Capability<'_>) -> bool {
        self.capabilities.iter().any(|known| known == what)
    }

    /// Opens a folder to read only: looking leaves no trace.
    pub(super) async fn examine(&mut self, folder: &str) -> Result<Folder, FetchError> {
        let refused = |said: String| FetchError::Folder { folder: words::line(folder, 80), said };
        if !folder.is_ascii() || folder.is_empty() || folder.len() > 200 {
            return Err(refused("its name must be of the letters a to z, digits and the like".to_owned()));
        }
        let mailbox = Mailbox::try_from(folder.to_owned()).map_err(|_odd| refused("its name is odd".to_owned()))?;
        let body = CommandBody::examine(mailbox).map_err(|_odd| refused("its name is odd".to_owned()))?;
        let (mut validity, mut next) = (None, None);
        let mut keep = |code: Code<'static>| match code {
            Code::UidValidity(number) => validity = Some(number.get()),
            Code::UidNext(number) => next = Some(number.get()),
            _ => {}
        };
        self.allowance.set(SMALL_TALK);
        let answer = self.converse(body, None, &mut |_| (), &mut keep).await?;
        if answer.kind != StatusKind::Ok {
            return Err(refused(answer.said));
        }
        let lacking = || FetchError::Lacking("numbers of messages that stay (UIDVALIDITY)".to_owned());
        Ok(Folder { validity: validity.ok_or_else(lacking)?, next })
    }

    /// The numbers of the messages after one, in order.
    pub(super) async fn after(&mut self, uid: u32) -> Result<Vec<u32>, FetchError> {
        let Some(first) = uid.checked_add(1).and_then(number) else { return Ok(Vec::new()) };
        let range = Sequence::Range(SeqOrUid::Value(first), SeqOrUid::Asterisk);
        let mut found = self.search(SearchKey::Uid(SequenceSet::from(range))).await?;
        // The last message of a folder is in every range that ends with `*`.
        found.retain(|found| *found > uid);
        Ok(found)
    }

    pub(super) async fn since(&mut self, year: i32, month: u32, day: u32) -> Result<Vec<u32>, FetchError> {
        let date = chrono::NaiveDate::from_ymd_opt(year, month, day).and_then(|date| NaiveDate::try_from(date).ok());
        let Some(date) = date else { return Ok(Vec::new()) };
        self.search(SearchKey::Since(date)).await
    }

    async fn search(&mut self, key: SearchKey<'static>) -> Result<Vec<u32>, FetchError> {
        let mut found: Vec<u32> = Vec::new();
        let mut keep = |data| {
            if let Data::Search(uids) = data {
                found.extend(uids.into_iter().map(NonZeroU32::get));
            }
        };
        self.allowance.set(LISTS);
        self.must(CommandBody::search(None, Vec1::from(key), true), &mut keep).await?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The heads of some messages, and how large these are.
    pub(super) async fn heads(&mut self, uids: &[u32], longest: u32) -> Result<BTreeMap<u32, Found>, FetchError> {
        let mut heads = BTreeMap::new();
        let numbers: Vec<NonZeroU32> = uids.iter().copied().filter_map(number).collect();
        let Ok(set) = SequenceSet::try_from(numbers) else { return Ok(heads) };
        let head = MessageDataItemName::BodyExt {
            section: Some(Section::Header(None)),
            partial: number(longest).map(|longest| (0, longest)),
            peek: true,
        };
        let items = vec![MessageDataItemName::Uid, MessageDataItemName::Rfc822Size, head];
        let mut keep = |data| {
            if let Data::Fetch { items, .. } = data {
                let (mut uid, mut size, mut bytes) = (None, 0, None);
                for item in items {
                    match item {
                        MessageDataItem::Uid(number) => uid = Some(number.get()),
                        MessageDataItem::Rfc822Size(number) => size = number,
                        MessageDataItem::BodyExt { data, .. } => bytes = data.into_option(),
                        _ => {}
                    }
                }
                if let (Some(uid), Some(bytes)) = (uid.filter(|uid| uids.contains(uid)), bytes) {
                    heads.insert(uid, Found { size, bytes: bytes.into_owned() });
                }
            }
        };
        self.allowance.set(SMALL_TALK + u64::from(longest) * uids.len() as u64);
        self.must(fetch(set, items)?, &mut keep).await?;
        Ok(heads)
    }

    /// A message, all of it.
    pub(super) async fn whole(&mut self, uid: u32) -> Result<Option<Vec<u8>>, FetchError> {
        let Some(set) = number(uid).map(|uid| SequenceSet::from(Sequence::from(uid))) else { return Ok(None) };
        let body = MessageDataItemName::BodyExt { section: None, partial: None, peek: true };
        let mut whole = None;
        let mut keep = |data| {
            if let Data::Fetch { items, .. } = data {
                let items: Vec<_> = items.into_iter().collect();
                let same = |item: &MessageDataItem<'_>| matches!(item, MessageDataItem::Uid(n) if n.get() == uid);
                if items.iter().any(same) {
                    for item in items {
                        if let MessageDataItem::BodyExt { section: None, data, .. } = item {
                            whole = data.into_option().map(std::borrow::Cow::into_owned);
                        }
                    }
                }
            }
        };
        self.allowance.set(SMALL_TALK + LARGEST as u64);
        self.must(fetch(set, vec![MessageDataItemName::Uid, body])?, &mut keep).await?;
        Ok(whole)
    }

    pub(super) async fn close(&mut self) {
        drop(self.run(CommandBody::Logout, &mut |_| ()).await);
    }

    async fn must(
        &mut self,
        body: CommandBody<'static>,
        data: &mut (dyn FnMut(Data<'static>) + Send),
    ) -> Result<(), FetchError> {
        let answer = self.converse(body, None, data, &mut |_| ()).await?;
        match answer.kind {
            StatusKind::Ok => Ok(()),
            StatusKind::No | StatusKind::Bad => Err(FetchError::Refused { said: answer.said }),
        }
    }

    async fn run(
        &mut self,
        body: CommandBody<'static>,
        data: &mut (dyn FnMut(Data<'static>) + Send),
    ) -> Result<Answer, FetchError> {
        self.allowance.set(SMALL_TALK);
        self.converse(body, None, data, &mut |_| ()).await
    }

    /// Says one thing and listens until it is answered.
    async fn converse(
        &mut self,
        body: CommandBody<'static>,
        mut reply: Option<Vec<u8>>,
        data: &mut (dyn FnMut(Data<'static>) + Send),
        codes: &mut (dyn FnMut(Code<'static>) + Send),
    ) -> Result<Answer, FetchError> {
        self.commands += 1;
        let tag = format!("c{}", self.commands);
        let known = Tag::try_from(tag.clone()).map_err(|_odd| broken("an odd tag"))?;
        let goodbye = matches!(body, CommandBody::Logout);
        self.client.enqueue_command(Command { tag: known, body });
        let mut challenges = 0;
        loop {
            let status = match self.event().await? {
                Event::DataReceived { data: one } => {
                    data(one);
                    continue;
                }
                Event::AuthenticateContinuationRequestReceived { .. } => {
                    challenges += 1;
                    let answer = match reply.take() {
                        Some(reply) => AuthenticateData::r#continue(reply),
                        // A server that says what is wrong with a token waits for an empty line.
                        None if challenges <= MOST_CHALLENGES => AuthenticateData::r#continue(Vec::new()),
                        None => AuthenticateData::Cancel,
                    };
                    if challenges > 2 * MOST_CHALLENGES || self.client.set_authenticate_data(answer).is_err() {
                        return Err(broken("it asks on and on"));
                    }
                    continue;
                }
                Event::AuthenticateStatusReceived { status, .. }
                | Event::StatusReceived { status }
                | Event::CommandRejected { status, .. } => status,
                _ => continue,
            };
            match status {
                Status::Tagged(tagged) if tagged.tag.as_ref() == tag => {
                    let StatusBody { kind, code, text } = tagged.body;
                    if let Some(code) = code {
                        codes(code);
                    }
                    return Ok(Answer { kind, said: words::line(text.as_ref(), LONGEST_WORDS) });
                }
                Status::Tagged(_) => return Err(broken("it answers what was not asked")),
                Status::Untagged(StatusBody { code: Some(code), .. }) => codes(code),
                Status::Untagged(_) => {}
                Status::Bye(Bye { text, .. }) if !goodbye => {
                    return Err(FetchError::Refused { said: words::line(text.as_ref(), LONGEST_WORDS) });
                }
                Status::Bye(_) => {}
            }
        }
    }

    /// The next thing that happens.
    async fn event(&mut self) -> Result<Event, FetchError> {
        loop {
            match self.client.next() {
                Ok(event) => return Ok(event),
                Err(Interrupt::Io(Io::Output(bytes))) => {
                    self.line.write_all(&bytes).await.map_err(|e| broken(&said(&e)))?;
                    self.line.flush().await.map_err(|e| broken(&said(&e)))?;
                }
                Err(Interrupt::Io(Io::NeedMoreInput)) => {
                    let count = self.line.read(&mut self.heard).await.map_err(|e| broken(&said(&e)))?;
                    if count == 0 {
                        return Err(broken("it closed the connection"));
                    }
                    self.client.enqueue_input(self.heard.get(..count).unwrap_or_default());
                }
                Err(Interrupt::Error(Error::MalformedMessage { discarded_bytes })) => {
                    // Servers tell of things that nobody asked for, in forms that nobody fixed. What answers a command
                    // begins so too: what is lacking then is told as skipped.
                    self.strange += 1;
                    let unasked = discarded_bytes.declassify().starts_with(b"* ");
                    if !unasked || self.strange > MOST_STRANGE {
                        return Err(broken("it says what is not IMAP"));
                    }
                }
                Err(Interrupt::Error(Error::ResponseTooLong { .. })) => return Err(broken("its answer is too long")),
                Err(Interrupt::Error(Error::ExpectedCrlfGotLf { .. })) => {
                    return Err(broken("it says what is not IMAP"));
                }
            }
        }
    }
}

fn client(greeted: bool) -> Client {
    let mut options = Options::default();
    options.max_response_size = LARGEST_ANSWER;
    options.discard_greeting = greeted;
    Client::new(options)
}

fn fetch(set: SequenceSet, items: Vec<MessageDataItemName<'static>>) -> Result<CommandBody<'static>, FetchError> {
    CommandBody::fetch(set, MacroOrMessageDataItemNames::MessageDataItemNames(items), true)
        .map_err(|_never| broken("a request could not be made"))
}

fn broken(why: &str) -> FetchError {
    FetchError::Broken { why: words::line(why, LONGEST_WORDS) }
}
