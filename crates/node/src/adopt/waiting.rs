//! The machine that waits to be added: its keys, its line, and the conversation with whoever calls.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use counterpart_core::{envelope::public_half, id::PartyId, invitation::Secret, keylog::possession};
use counterpart_net::{Address, Channel, Config, Event, Limits, Net, PeerId, Protocol, TransportSecret};
use ed25519_dalek::SigningKey;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};

use super::{
    line::DeviceLine,
    places::{to_be_called, with_ports},
    taken::{Brought, Taking, digest},
    wire::{Frame, MOST_LOG, No, Unread},
};
use crate::{
    agent::{Taken, names},
    clock::now,
    error::DeskError,
    home,
    keyfile::{Passphrase, Rest},
    network::NetworkSettings,
    node::NodeError,
    poke::{Listener, poke},
    random::Source,
};

/// Keys of a machine that waits for whoever holds its line.
const FOLDER: &str = "keys.waiting";
/// Beside the keys: what is in the line.
pub(super) const WORDS: &str = "line";
/// How long a line holds.
const HOLDS: i64 = 24 * 60 * 60 * 1000;
/// Conversations at one time with whoever holds the line; one more is hung up on.
const AT_ONCE: usize = 8;
/// Wrong callers that wait for their answer at one time.
const WRONG_AT_ONCE: usize = 32;
/// For the first frame, and for each that follows.
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(16);
/// How long the last word may take to be read.
const GOODBYE: Duration = Duration::from_secs(5);

pub(crate) fn waiting_folder(home: &Path) -> PathBuf {
    home.join(FOLDER)
}

/// Whether a home has keys that wait for whoever holds their line.
pub(crate) fn is_waiting(home: &Path) -> bool {
    waiting_folder(home).exists()
}

/// What is in a line beside the keys and the addresses.
#[derive(Debug, Clone)]
struct Words {
    name: String,
    secret: Secret,
    /// Unix milliseconds.
    expires: i64,
    /// The secret of the line before, which expired; hashed.
    before: Option<[u8; 32]>,
}

impl Words {
    fn new(name: &str, before: Option<&Self>, random: &Source, now: i64) -> Self {
        Self {
            name: name.to_owned(),
            secret: Secret(random.draw()),
            expires: now + HOLDS,
            before: before.map(|old| digest(&old.secret)),
        }
    }

    fn text(&self) -> String {
        let before = self.before.map(|b| format!("before {}\n", hex(&b))).unwrap_or_default();
        format!("name {}\nsecret {}\nexpires {}\n{before}", self.name, hex(&self.secret.0), self.expires)
    }

    fn read(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
        let name = field("name").filter(|n| names::check_name(n).is_ok())?.to_owned();
        Some(Self {
            name,
            secret: Secret(bytes(field("secret")?)?),
            expires: field("expires")?.parse().ok()?,
            before: field("before").and_then(bytes),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// The keys and words of a home that waits.
struct Waiting {
    home: PathBuf,
    passphrase: Option<Passphrase>,
    device: SigningKey,
    peer: PeerId,
    words: Mutex<Words>,
    random: Source,
}

impl Waiting {
    /// Makes keys and words in a home without an identity, or finds those that wait there.
    fn open(home: &Path, name: Option<&str>, now: i64) -> Result<(Self, TransportSecret), DeskError> {
        if home::is_initialised(home) {
            return Err(DeskError::AlreadyInitialised { home: home.to_owned() });
        }
        if home::asked_folder(home).exists() {
            return Err(DeskError::Asked { home: home.to_owned() });
        }
        if let Some(name) = name {
            names::check_name(name)?;
        }
        let random = Source::new(|| Ok::<_, DeskError>(0))?;
        let passphrase = Passphrase::from_environment()?;
        let folder = waiting_folder(home);
        let failed = |path: &Path, e: std::io::Error| DeskError::File { path: path.to_owned(), why: e.to_string() };
        if !folder.exists() {
            let device = SigningKey::from_bytes(&random.draw());
            let transport = SigningKey::from_bytes(&random.draw());
            let making = home::making_folder(home)?;
            let rest = Rest { under: passphrase.as_ref(), random: &random };
            home::write_own_keys(&making, &device, &transport, rest)?;
            home::write_port(home, &random)?;
            fs::rename(&making, &folder).map_err(|e| failed(&folder, e))?;
        }
        let device = home::read_device(&folder, passphrase.as_ref())?;
        let transport = TransportSecret::new(home::read_transport(&folder, passphrase.as_ref())?.to_bytes());
        let path = folder.join(WORDS);
        // What cannot be read is made anew: a line that nobody has used is worth nothing.
        let kept = fs::read_to_string(&path).ok().and_then(|text| Words::read(&text));
        let called = name.or(kept.as_ref().map(|k| k.name.as_str())).unwrap_or("mailbox").to_owned();
        let words = match kept {
            Some(kept) if kept.expires > now => Words { name: called, ..kept },
            old => Words::new(&called, old.as_ref(), &random, now),
        };
        let waiting = Self {
            home: home.to_owned(),
            passphrase,
            device,
            peer: transport.peer_id(),
            words: Mutex::new(words),
            random,
        };
        waiting.keep_words()?;
        Ok((waiting, transport))
    }

    fn words(&self) -> Words {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_words(&self) -> Result<(), DeskError> {
        let folder = waiting_folder(&self.home);
        let (path, written) = (folder.join(WORDS), folder.join("line.new"));
        let kept = home::write_private(&written, self.words().text().as_bytes());
        let kept = kept.and_then(|()| fs::rename(&written, &path));
        kept.map_err(|e| DeskError::File { path, why: e.to_string() })
    }

    /// A new line in place of one that expired.
    fn renew(&self, now: i64) -> Result<(), DeskError> {
        {
            let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
            *words = Words::new(&words.name, Some(&words), &self.random, now);
        }
        self.keep_words()
    }

    /// Whether a secret is the one of the line.
    fn judge(&self, secret: &Secret, now: i64) -> Result<(), No> {
        let (words, shown) = (self.words(), digest(secret));
        // Hashes are compared: how long that takes says nothing of the secret.
        if shown == digest(&words.secret) {
            return if words.expires > now { Ok(()) } else { Err(No::Expired) };
        }
        Err(if words.before == Some(shown) { No::Expired } else { No::Wrong })
    }
}

/// Something that happened while a machine waits.
#[derive(Debug)]
pub enum WaitEvent {
    /// The line to be copied: at first, and again when the one before expired or is not where the machine can be called.
    Line(Box<DeviceLine>),
    /// Somebody called who did not hold the line, or did not bring what it takes.
    TurnedAway(&'static str),
    /// The machine was added, and acts for a party from now on. Nothing follows.
    Taken(Box<Taken>),
}

/// A machine that waits to be added. Dropping it stops it; what it waits with stays in the home.
#[derive(Debug)]
pub struct Waiter {
    net: Arc<Net>,
    inbound: mpsc::Receiver<Event>,
    shared: Arc<Shared>,
    told: mpsc::Receiver<WaitEvent>,
    /// When the line that was shown last expires; nothing before the first.
    shown: Option<i64>,
    /// It listens at one more address since.
    moved: bool,
    /// Where it was asked to listen.
    asked: Vec<Address>,
    /// Tells other commands in this home that something runs.
    _listener: Listener,
}

struct Shared {
    waiting: Waiting,
    /// Where the machine says to be reached, as far as its owner said so.
    announced: Vec<Address>,
    listening: Mutex<Vec<Address>>,
    places: Semaphore,
    wrong_places: Semaphore,
    wrong: Mutex<u32>,
    /// Whose machine it became, and the record of where it is reached. One at a time takes a grant.
    taking: tokio::sync::Mutex<Option<(PartyId, Option<Vec<u8>>)>>,
    tell: mpsc::Sender<WaitEvent>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("home", &self.waiting.home).finish_non_exhaustive()
    }
}

impl Waiter {
    /// Makes keys in a home without identity, or finds those that wait there, and listens; must be called inside a tokio
    /// runtime. `listen` is where (empty: the home's own port), `announced` where others reach this machine beside that.
    /// `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the home has an identity or asked for one, something runs in it, or an address is no good or taken.
    pub fn start(
        home: &Path,
        name: Option<&str>,
        listen: &[String],
        announced: &[String],
        now: i64,
    ) -> Result<Self, NodeError> {
        let parse = |texts: &[String]| texts.iter().map(|a| Address::parse(a)).collect::<Result<Vec<_>, _>>();
        let announced =
            NetworkSettings { announced: announced.to_vec(), ..NetworkSettings::default() }.checked()?.announced;
        let announced = parse(&announced)?;
        if poke(home) {
            return Err(DeskError::RunsAlready.into());
        }
        let (waiting, transport) = Waiting::open(home, name, now)?;
        let mut config = Config::new(transport);
        let asked = if listen.is_empty() { parse(&home::usual_listen(home)?)? } else { parse(listen)? };
        config.listen.clone_from(&asked);
        // Nobody but strangers calls here, and one conversation at a time is all that anybody needs.
        config.limits = Limits { per_peer: 2, streams_per_peer: 4, ..config.limits };
        let (net, inbound) = Net::start(config)?;
        let (tell, told) = mpsc::channel(32);
        let shared = Shared {
            waiting,
            announced,
            listening: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            wrong_places: Semaphore::new(WRONG_AT_ONCE),
            wrong: Mutex::new(0),
            taking: tokio::sync::Mutex::new(None),
            tell,
        };
        let listener = Listener::bind(home);
        let (net, shared) = (Arc::new(net), Arc::new(shared));
        Ok(Self { net, inbound, shared, told, shown: None, moved: false, asked, _listener: listener })
    }

    /// The next thing that happens; nothing once the network is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<WaitEvent> {
        loop {
            let expires = self.shared.waiting.words().expires;
            if self.shown != Some(expires) || self.moved {
                let before = self.shared.listening.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let line = self.line().await;
                self.moved = false;
                if self.shown != Some(expires) || before != line.addresses {
                    self.shown = Some(expires);
                    return Some(WaitEvent::Line(Box::new(line)));
                }
            }
            let left = Duration::from_millis(u64::try_from(expires - now()).unwrap_or(0));
            tokio::select! {
                biased;
                event = self.told.recv() => return event,
                event = self.inbound.recv() => self.came(event?),
                // A machine that sleeps stops its timers, so the clock is looked at now and then.
                () = sleep(left.min(Duration::from_secs(60))) => {
                    if self.shared.waiting.words().expires <= now() && self.shared.waiting.renew(now()).is_err() {
                        return None;
                    }
                }
            }
        }
    }

    fn came(&mut self, event: Event) {
        match event {
            Event::Inbound { protocol: Protocol::Device, channel, .. } => {
                tokio::spawn(answer(Arc::clone(&self.shared), channel));
            }
            // A network may come up later than the machine.
            Event::Listening { .. } => self.moved = true,
            // Whoever calls for something else is dropped, and so hung up on.
            _ => {}
        }
    }

    /// The line as it is now; waits until the listeners stand.
    async fn line(&self) -> DeviceLine {
        let listening = self.net.listen_addresses().await;
        let addresses = to_be_called(&self.shared.announced, &listening);
        *self.shared.listening.lock().unwrap_or_else(PoisonError::into_inner) = addresses.clone();
        let (waiting, words) = (&self.shared.waiting, self.shared.waiting.words());
        DeviceLine {
            peer: waiting.peer.clone(),
            device: public_half(&waiting.device),
            name: words.name,
            secret: words.secret,
            expires: words.expires,
            addresses,
        }
    }

    /// Where it was asked to listen, with the ports that were chosen: for the node that is to go on in the same places.
    pub async fn listening(&self) -> Vec<String> {
        with_ports(&self.asked, &self.net.listen_addresses().await)
    }

    /// Stops listening; the ports are free when this returns.
    pub async fn stop(self) {
        self.net.stop().await;
    }
}

/// One conversation, from the first frame to the last.
async fn answer(shared: Arc<Shared>, mut channel: Channel) {
    // The network bounds how many are waited for here.
    let Ok(Ok(Some(first))) = timeout(PATIENCE, channel.recv()).await else { return };
    let claimed = match Frame::first(&first) {
        Ok((secret, party)) => shared.waiting.judge(&secret, now()).map(|()| party),
        Err(Unread::Version | Unread::Malformed) => Err(No::Unread),
    };
    let party = match claimed {
        Ok(party) => party,
        Err(no) => return turn_away(&shared, channel, no).await,
    };
    let Ok(_place) = shared.places.try_acquire() else { return };
    let said = listen_on(&shared, &mut channel, party).await;
    let last = match &said {
        Ok((_, record)) => Frame::Taken { record: record.clone() },
        Err(no) => Frame::No(*no),
    };
    // Whether it is read or not: what was taken is taken, and calling again brings the same answer.
    if channel.send(&last.encode()).await.is_ok() {
        drop(timeout(GOODBYE, channel.recv()).await);
    }
    let event = match said {
        Ok((Some(taken), _)) => WaitEvent::Taken(taken),
        Ok((None, _)) => return,
        Err(No::Used) => WaitEvent::TurnedAway("somebody called with a line that was used"),
        Err(_) => WaitEvent::TurnedAway("somebody held the line, but brought no grant that this machine could take"),
    };
    drop(shared.tell.send(event).await);
}

async fn turn_away(shared: &Shared, mut channel: Channel, no: No) {
    let Ok(_place) = shared.wrong_places.try_acquire() else { return };
    if no != No::Expired {
        // Whoever hangs up first, or goes on talking, hears nothing.
        tokio::select! {
            () = sleep(pause(&shared.wrong)) => {}
            _ = channel.recv() => return,
        }
    }
    let why =
        if no == No::Expired { "somebody called with a line that expired" } else { "somebody called without the line" };
    drop(shared.tell.try_send(WaitEvent::TurnedAway(why)));
    if channel.send(&Frame::No(no).encode()).await.is_ok() {
        drop(timeout(GOODBYE, channel.recv()).await);
    }
}

/// Longer with each wrong caller.
fn pause(wrong: &Mutex<u32>) -> Duration {
    let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
    let pause = FIRST_PAUSE.saturating_mul(1 << (*wrong).min(8)).min(LONGEST_PAUSE);
    *wrong = wrong.saturating_add(1);
    pause
}

/// With one who holds the line: shows what is to be granted, and takes it. Gives what was taken, unless that was before,
/// and the record of where this machine is reached.
async fn listen_on(
    shared: &Arc<Shared>,
    channel: &mut Channel,
    party: PartyId,
) -> Result<(Option<Box<Taken>>, Option<Vec<u8>>), No> {
    if let Some((taker, record)) = &*shared.taking.lock().await {
        return if *taker == party { Ok((None, record.clone())) } else { Err(No::Used) };
    }
    let waiting = &shared.waiting;
    let request = Frame::Request {
        device: public_half(&waiting.device),
        possession: possession(&party, &waiting.device, waiting.peer.as_bytes()),
        name: waiting.words().name,
    };
    channel.send(&request.encode()).await.map_err(|_gone| No::Unread)?;
    let (mut events, mut records) = (Vec::new(), Vec::new());
    let mut size = 0;
    loop {
        let Ok(Ok(Some(bytes))) = timeout(PATIENCE, channel.recv()).await else { return Err(No::Unread) };
        size += bytes.len();
        let more = match Frame::decode(&bytes) {
            Ok(Frame::Known { records: part }) => {
                records.extend(part);
                true
            }
            Ok(Frame::Log { events: part, more }) if !part.is_empty() => {
                events.extend(part);
                more
            }
            _ => return Err(No::Unread),
        };
        if size > MOST_LOG {
            return Err(No::Unread);
        }
        if !more {
            break;
        }
    }
    // From here on it comes to its end, whoever hangs up.
    let shared = Arc::clone(shared);
    let taking = async move {
        let mut taker = shared.taking.lock().await;
        if taker.is_some() {
            return Err(No::Used);
        }
        let addresses = shared.listening.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let job = Arc::clone(&shared);
        let taken = tokio::task::spawn_blocking(move || {
            let waiting = &job.waiting;
            let words = waiting.words();
            let (home, passphrase) = (waiting.home.as_path(), waiting.passphrase.as_ref());
            let (device, peer) = (&waiting.device, &waiting.peer);
            let taking = Taking { home, passphrase, device, peer, secret: &words.secret, name: &words.name };
            taking.take(party, &Brought { events, records }, &addresses, &job.announced, now())
        });
        let (taken, record) = taken.await.map_err(|_stopped| No::Unwritten)??;
        *taker = Some((party, record.clone()));
        Ok((Some(Box::new(taken)), record))
    };
    tokio::spawn(taking).await.map_err(|_stopped| No::Unwritten)?
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    #[test]
    fn the_same_line_waits_until_it_expires() {
        let home = tempfile::tempdir().expect("a folder");
        let (first, transport) = Waiting::open(home.path(), Some("box"), 1_000).expect("it waits");
        let line = first.words();
        assert_eq!((first.peer.clone(), line.name.as_str(), line.expires), (transport.peer_id(), "box", 1_000 + DAY));
        let (again, _) = Waiting::open(home.path(), None, 2_000).expect("it waits");
        assert_eq!((again.words().secret, again.words().name), (line.secret.clone(), line.name));
        assert_eq!(again.peer, first.peer);
        assert_eq!(again.judge(&line.secret, 2_000), Ok(()));
        assert_eq!(again.judge(&line.secret, 1_000 + DAY), Err(No::Expired));
        assert_eq!(again.judge(&Secret([0; 16]), 2_000), Err(No::Wrong));

        let (late, _) = Waiting::open(home.path(), None, 1_000 + DAY).expect("it waits");
        assert_ne!(late.words().secret, line.secret);
        assert_eq!(late.judge(&line.secret, 1_000 + DAY), Err(No::Expired), "the old line is told from a wrong one");
        assert_eq!(late.peer, first.peer, "the keys are the same");
        late.renew(5 * DAY).expect("written");
        assert_eq!(late.judge(&line.secret, 5 * DAY), Err(No::Wrong), "one line back and no further");
        assert_eq!(late.judge(&late.words().secret, 5 * DAY), Ok(()));
    }

    #[test]
    fn a_home_with_other_plans_does_not_wait() {
        let home = tempfile::tempdir().expect("a folder");
        crate::agent::ask(home.path(), PartyId([1; 32]), "Priya").expect("asked");
        assert!(matches!(Waiting::open(home.path(), None, 1), Err(DeskError::Asked { .. })));
        let home = tempfile::tempdir().expect("a folder");
        crate::Desk::init(home.path()).expect("an identity");
        assert!(matches!(Waiting::open(home.path(), None, 1), Err(DeskError::AlreadyInitialised { .. })));
        let home = tempfile::tempdir().expect("a folder");
        Waiting::open(home.path(), None, 1).expect("it waits");
        assert!(matches!(crate::Desk::init(home.path()), Err(DeskError::Waits { .. })));
        assert!(matches!(crate::Desk::open(home.path()), Err(DeskError::Waits { .. })));
        assert!(matches!(crate::agent::ask(home.path(), PartyId([1; 32]), "Priya"), Err(DeskError::Waits { .. })));
    }

    #[test]
    fn the_pause_grows_and_ends_growing() {
        let wrong = Mutex::new(0);
        let pauses: Vec<Duration> = (0..40).map(|_| pause(&wrong)).collect();
        assert!(pauses.is_sorted() && pauses[0] == FIRST_PAUSE && pauses[39] == LONGEST_PAUSE, "{pauses:?}");
    }
}
