//! The desk: everything a person does locally. No running node is needed; a running one is told.

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use counterpart_core::{
    act::{Act, Open, SeatOffer},
    exporter::ExporterWord,
    id::{CaseId, PartyId, parse_short_form, short_form_range},
    invitation::{JoinRequest, Link, invite_key},
    keylog::{EventBody, KeyLogs, Kinds},
    record::{Author, DraftError, Record},
    text,
    value::Sealable,
    view::{Brief, Waiting},
};
use counterpart_net::{Address, PeerId};
use counterpart_store::{CaseSummary, Files, Health, Join, PeerAddress, Store, StoreError, Txn};

use crate::{
    adopt, clock,
    error::DeskError,
    home::{self, Identity, InitReport},
    keyfile::Passphrase,
    load::{self, Loaded},
    metrics, place,
    poke::poke,
    queue,
    random::Source,
    today,
    tokens::SeatsThatStand,
    worksheet::Sheets,
};

mod signing;

/// Of cases that a name fits not more are looked for: so many are too many to name.
const MOST_FITTING: usize = 16;

/// A home, opened: its store and its identity; or the same as an agent sits at it, see [`Desk::at_seat`].
#[derive(Debug)]
pub struct Desk {
    home: PathBuf,
    identity: Identity,
    /// The agent's seat whose identity it is; nothing for the home's own.
    seat: Option<String>,
    random: Source,
    store: Mutex<Store>,
    sheets: Mutex<Sheets>,
    files: Files,
    health: Health,
    /// What is left to be done about erased things is another's work: that of the node whose desk this is.
    leaves_chores: bool,
    seats_that_stand: Mutex<SeatsThatStand>,
}

impl Desk {
    /// Makes a new identity in a home that has none.
    ///
    /// # Errors
    /// When there is one already, or the folder cannot be written.
    pub fn init(home: &Path) -> Result<InitReport, DeskError> {
        home::init(home, None)
    }

    /// The same, with keys that rest under a passphrase.
    ///
    /// # Errors
    /// As [`Desk::init`].
    pub fn init_under(home: &Path, passphrase: &Passphrase) -> Result<InitReport, DeskError> {
        home::init(home, Some(passphrase))
    }

    /// Opens a home. Keys that rest under a passphrase are read with the one in the file that
    /// `COUNTERPART_PASSPHRASE_FILE` names.
    ///
    /// # Errors
    /// When it has no identity, its keys cannot be read, or its store is damaged. [`DeskError::Locked`] when the keys
    /// need a passphrase: ask for it, then [`Desk::open_with`].
    pub fn open(home: &Path) -> Result<Self, DeskError> {
        home::may_read(home)?;
        let locked = home::is_initialised(home) && home::is_locked(home)?;
        let passphrase = if locked { Passphrase::from_environment()? } else { None };
        Self::open_with(home, passphrase.as_ref())
    }

    /// Opens a home with the passphrase of its keys; one that none needs is not looked at.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub fn open_with(home: &Path, passphrase: Option<&Passphrase>) -> Result<Self, DeskError> {
        home::may_read(home)?;
        if !home::is_initialised(home) {
            if home::asked_folder(home).exists() {
                return Err(DeskError::Asked { home: home.to_owned() });
            }
            if adopt::is_waiting(home) {
                return Err(DeskError::Waits { home: home.to_owned() });
            }
            return Err(DeskError::NoIdentity { home: home.to_owned() });
        }
        let passphrase = passphrase.filter(|_| home::is_locked(home) == Ok(true));
        let store = place::open(home)?;
        let identity = home::unlock(home, &store, passphrase)?;
        Self::opened(home, store, identity, None)
    }

    /// A desk over an open store, for whoever signs at it.
    pub(crate) fn opened(
        home: &Path,
        store: Store,
        identity: Identity,
        seat: Option<String>,
    ) -> Result<Self, DeskError> {
        store.use_clock(clock::now);
        let entries = || Ok::<_, StoreError>(store.summaries()?.iter().map(|case| case.entries).sum());
        let random = Source::new(entries)?;
        let files = place::files(home)?;
        let health = store.health().clone();
        let (store, sheets, seats_that_stand) = (Mutex::new(store), Mutex::default(), Mutex::default());
        let home = home.to_owned();
        Ok(Self { home, identity, seat, random, store, sheets, files, health, leaves_chores: false, seats_that_stand })
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Who signs here.
    #[must_use]
    pub fn author(&self) -> Author {
        self.identity.author
    }

    #[must_use]
    pub fn party(&self) -> PartyId {
        self.identity.author.party
    }

    /// The agent's seat this desk is at; nothing where the home itself signs.
    #[must_use]
    pub fn seat(&self) -> Option<&str> {
        self.seat.as_deref()
    }

    /// Refuses at an agent's seat: whoever sits there has no say in what concerns the home.
    pub(crate) fn must_be_home(&self) -> Result<(), DeskError> {
        if self.seat.is_some() { Err(DeskError::OnlyHome) } else { Ok(()) }
    }

    /// This device's peer id on the transport.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.identity.peer.clone()
    }

    /// Whether a node of this home is running in some process; it is told to look into the store.
    pub fn node_is_running(&self) -> bool {
        poke(&self.home)
    }

    /// Where the node of this home listens unless told otherwise: its own port, fixed when the home was made.
    ///
    /// # Errors
    /// When the home's port cannot be read.
    pub fn usual_listen(&self) -> Result<Vec<String>, DeskError> {
        home::usual_listen(&self.home)
    }

    /// Where others can reach this home's node: what the running one says, else its usual port on this machine's
    /// addresses.
    ///
    /// # Errors
    /// When the home's port cannot be read.
    pub fn reachable_at(&self) -> Result<Vec<String>, DeskError> {
        let running = if self.node_is_running() { home::addresses(&self.home) } else { Vec::new() };
        if !running.is_empty() {
            return Ok(running);
        }
        let port = home::port(&self.home)?;
        let hosts = home::own_hosts();
        let both = |host: &String| [format!("/ip4/{host}/tcp/{port}"), format!("/ip4/{host}/udp/{port}/quic-v1")];
        Ok(hosts.iter().flat_map(both).collect())
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn random(&self) -> &Source {
        &self.random
    }

    /// Fresh random bytes: nonces, salts, secrets.
    pub(crate) fn draw<const N: usize>(&self) -> [u8; N] {
        self.random.draw()
    }

    /// The attached files.
    pub(crate) fn files(&self) -> Files {
        self.files.clone()
    }

    /// How the store does, as far as this process knows; nobody waits for it to be told that.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// Work with the store itself.
    pub fn with_store<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        work(&mut self.locked())
    }

    pub(crate) fn seats_that_stand(&self) -> MutexGuard<'_, SeatsThatStand> {
        self.seats_that_stand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this desk leaves to another what is left to be done about erased things, and waits for none of it.
    pub(crate) fn leave_chores(&mut self) {
        self.leaves_chores = true;
    }

    pub(crate) fn leaves_chores(&self) -> bool {
        self.leaves_chores
    }

    /// The worksheets in memory. Whoever needs the store as well takes these first.
    pub(crate) fn sheets(&self) -> MutexGuard<'_, Sheets> {
        self.sheets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locked(&self) -> InUse<'_> {
        let since = Instant::now();
        // A panic elsewhere left no half-done work behind: transactions roll back.
        InUse { store: self.store.lock().unwrap_or_else(PoisonError::into_inner), since }
    }

    /// The cases here, latest first; reads one row each.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn summaries(&self) -> Result<Vec<CaseSummary>, DeskError> {
        Ok(self.locked().summaries()?)
    }

    /// The case a person means: its short form, at least four characters of it, all hex digits, or `.` for the
    /// only one.
    ///
    /// # Errors
    /// When none or several fit, or the short form is mistyped.
    pub fn resolve(&self, typed: &str) -> Result<CaseId, DeskError> {
        let typed = typed.trim();
        let store = self.locked();
        let plain: String = typed.chars().filter(|c| *c != '-').collect::<String>().to_ascii_uppercase();
        let found: Vec<CaseId> = if typed == "." {
            store.cases_between(&[0x00; 5], &[0xff; 5], MOST_FITTING)?
        } else if let Some(id) = CaseId::from_hex(typed) {
            store.summary(id)?.into_iter().map(|s| s.case).collect()
        } else if plain.len() == 9 {
            let prefix =
                parse_short_form(typed).map_err(|why| DeskError::CaseName(typed.to_owned(), why.to_string()))?;
            store.cases_with_prefix(&prefix)?
        } else if (4..9).contains(&plain.len()) {
            match short_form_range(&plain) {
                Some((first, last)) => store.cases_between(&first, &last, MOST_FITTING)?,
                None => Vec::new(),
            }
        } else {
            let why = "write its short form, such as K7F2-Q9XA-3, or the first four characters of it";
            return Err(DeskError::CaseName(typed.to_owned(), why.to_owned()));
        };
        match found.as_slice() {
            [] => Err(DeskError::UnknownCase(typed.to_owned())),
            [one] => Ok(*one),
            several => Err(DeskError::AmbiguousCase { typed: typed.to_owned(), cases: several.to_vec() }),
        }
    }

    /// A case as this copy holds it now.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn record(&self, case: &CaseId) -> Result<Record, DeskError> {
        Ok(self.load(case)?.record)
    }

    pub(crate) fn load(&self, case: &CaseId) -> Result<Loaded, DeskError> {
        let mut loaded = self.locked().read(|reads| load::load(reads, *case, self.party()))?;
        loaded.parts = self.lay_beside(case, &mut loaded.record)?;
        Ok(loaded)
    }

    /// The act that opens a case; show it before [`Desk::new_case`] signs it.
    #[must_use]
    pub fn open_act(
        &self,
        title: &str,
        own: SeatOffer,
        others: Vec<SeatOffer>,
        zone: &str,
        about: Option<String>,
    ) -> Act {
        Act::Open(Open {
            title: text::normalise(title),
            seats: std::iter::once(own).chain(others).collect(),
            level: 1,
            zone: zone.to_owned(),
            nonce: self.draw(),
            about: about.map(|a| Sealable::Open(text::normalise(&a))),
        })
    }

    /// Opens a case with an act from [`Desk::open_act`]; `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the act is not acceptable or the store cannot be written.
    pub fn new_case(&self, open: &Act, now: i64) -> Result<CaseId, DeskError> {
        self.new_case_with(open, &[], |_, _| Ok(()), now)
    }

    /// As [`Desk::new_case`], with what is signed in it at once, and what `also` keeps: all of it is one transaction.
    ///
    /// # Errors
    /// When an act is not acceptable, the store cannot be written, or what `also` answers; nothing was stored then.
    pub fn new_case_with(
        &self,
        open: &Act,
        acts: &[Act],
        also: impl FnOnce(&Txn<'_>, CaseId) -> Result<(), DeskError>,
        now: i64,
    ) -> Result<CaseId, DeskError> {
        self.must_be_alone()?;
        let mut record = self.own_record()?;
        let draft = record.draft(&self.identity.author, open, now, &mut || self.draw())?;
        let mut store = self.locked();
        let case = store.write(|txn| {
            let signed = record.seal_and_sign(draft, &self.identity.device).map_err(DraftError::Gate)?;
            let case = record.case().expect("a record with an entry has a case");
            self.keep(txn, case, &mut record, &signed, now)?;
            for act in acts {
                self.sign_in(txn, &case, &mut record, act, now)?;
            }
            also(txn, case)?;
            Ok::<_, DeskError>(case)
        })?;
        drop(store);
        self.node_is_running();
        Ok(case)
    }

    /// Whether [`Desk::new_case_with`] would sign all of this, tried in memory: nothing of it is kept, or leaves. `now` in
    /// Unix milliseconds.
    ///
    /// # Errors
    /// Which of them would not be signed, the opening being 0 and `acts` counted from 1, and why.
    pub fn check_new_case(&self, open: &Act, acts: &[Act], now: i64) -> Result<(), (usize, DeskError)> {
        let begun = || {
            self.must_be_alone()?;
            let mut record = self.own_record()?;
            let draft = record.draft(&self.identity.author, open, now, &mut || self.draw())?;
            record.seal_and_sign(draft, &self.identity.device).map_err(DraftError::Gate)?;
            Ok(record)
        };
        let mut record = begun().map_err(|why| (0, why))?;
        for (at, act) in (1..).zip(acts) {
            let draft = self.preview(&record, act, now).map_err(|why| (at, why))?;
            let signed = record.seal_and_sign(draft, &self.identity.device);
            signed.map_err(|why| (at, DraftError::Gate(why).into()))?;
        }
        Ok(())
    }

    /// An empty record that knows our own key log.
    fn own_record(&self) -> Result<Record, DeskError> {
        let mut record = Record::new();
        for event in self.locked().key_events(self.party())? {
            let unreadable = |e: counterpart_core::keylog::KeyLogRefusal| DeskError::Key {
                path: self.home.clone(),
                why: e.to_string(),
            };
            record.apply_key_event(&event.envelope).map_err(unreadable)?;
        }
        Ok(record)
    }

    /// Whether one can ask to join by a link, before anybody is asked. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::begin_join`].
    pub fn check_join(&self, link: &Link, now: i64) -> Result<(), DeskError> {
        // The node that asks is the home's, and asks with the home's key.
        self.must_be_home()?;
        if link.expires <= now {
            return Err(DeskError::Expired);
        }
        if link.opener == self.party() {
            return Err(DeskError::OwnInvitation);
        }
        self.must_be_alone()?;
        self.must_cover("join")?;
        if self.locked().entry_count(link.case)? > 0 { Err(DeskError::AlreadyMember) } else { Ok(()) }
    }

    /// Remembers a join that the running node, or `join` itself, will carry out.
    ///
    /// # Errors
    /// At an agent's seat; when the invitation expired, is our own, or we are in that case already; when this machine may
    /// not join for us.
    pub fn begin_join(&self, link: &Link, now: i64) -> Result<(), DeskError> {
        self.check_join(link, now)?;
        let logs = self.own_log()?;
        let log = logs.head_with(&self.party(), &self.author().grant).expect("an opened home has a key log");
        let request = JoinRequest {
            case: link.case,
            opener: link.opener,
            invite: link.invite,
            peer: self.peer_id().as_bytes().to_vec(),
            expires: link.expires,
            device: self.identity.author.device,
            grant: self.identity.author.grant,
            log,
        };
        let request = request.sign(&self.identity.device, &invite_key(&link.secret.0));
        let join = Join { case: link.case, link: link.to_text(), request, expires: link.expires };
        self.with_store(|store| store.write(|txn| txn.put_join(&join)))?;
        self.node_is_running();
        Ok(())
    }

    /// Remembers where the other side's node in a case can be called: an address that ends in its peer id. `now` in
    /// Unix milliseconds.
    ///
    /// # Errors
    /// When it is no address, or leaves out the peer id.
    pub fn remember_address(&self, case: &CaseId, address: &str, now: i64) -> Result<(), DeskError> {
        let parsed = Address::parse(address).map_err(|e| DeskError::Address(e.to_string()))?;
        if parsed.peer().is_none() {
            let why = "it must end in /p2p/ and the peer id of the other side's node, as their `up` shows it";
            return Err(DeskError::Address(why.to_owned()));
        }
        let lens_of = self.record(case)?;
        let other = lens_of.lens().members().into_iter().find(|p| *p != self.party()).unwrap_or_else(|| self.party());
        let row = PeerAddress { case: *case, party: other, device: None, address: parsed.to_string(), last_seen: now };
        self.locked().write(|txn| txn.put_peer_address(&row).map_err(DeskError::from))?;
        self.node_is_running();
        Ok(())
    }

    /// Signs for a file of evidence with this device's key. Like a receipt it binds nobody to anything: it says what this
    /// copy holds.
    #[must_use]
    pub fn sign_export(&self, word: &ExporterWord) -> Vec<u8> {
        word.sign(&self.identity.device)
    }

    /// The kinds of act that this device's grant covers; all where its grant cannot be found.
    pub(crate) fn own_kinds(&self) -> Result<Kinds, DeskError> {
        let logs = self.own_log()?;
        Ok(match logs.event(&self.author().grant).map(|event| &event.body) {
            Some(EventBody::Grant(grant)) => grant.kinds.clone(),
            _ => Kinds::All,
        })
    }

    /// Refuses what would end in an act that this device may not sign.
    fn must_cover(&self, kind: &'static str) -> Result<(), DeskError> {
        if self.own_kinds()?.covers(kind) { Ok(()) } else { Err(DeskError::MayNotSign(kind)) }
    }

    /// Our own key log, to send along.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn own_log(&self) -> Result<KeyLogs, DeskError> {
        Ok(self.own_record()?.logs().clone())
    }
}

/// The store, for one piece of work; how long that took is counted.
struct InUse<'d> {
    store: MutexGuard<'d, Store>,
    since: Instant,
}

impl Deref for InUse<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl DerefMut for InUse<'_> {
    fn deref_mut(&mut self) -> &mut Store {
        &mut self.store
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        metrics::here().used_store(self.since.elapsed());
    }
}

/// Keeps the row that `list` shows, in the transaction that changed the case.
pub(crate) fn put_summary(
    txn: &Txn<'_>,
    case: CaseId,
    brief: &Brief,
    record: &Record,
    own: &PartyId,
    now: i64,
) -> Result<(), StoreError> {
    let (mine, theirs) = brief.moves(own);
    let word = |who: &str, w: &Waiting| {
        let about = today::about(brief, record, own, w).map(|name| format!(" #{name}")).unwrap_or_default();
        format!("{who}: {}{about}", w.expected.as_str())
    };
    crate::letters::look_again(txn, case)?;
    let whose_move = mine.map(|w| word("yours", w)).or_else(|| theirs.map(|w| word("theirs", w)));
    let dues = today::Dues::of(brief, record, now);
    today::put_agenda(txn, case, brief, &dues, record, own)?;
    txn.put_summary(&CaseSummary {
        case,
        title: brief.title.clone(),
        state: brief.state.to_owned(),
        whose_move: whose_move.unwrap_or_default(),
        next_due: dues.next(),
        entries: brief.entries as u64,
        updated_at: now,
    })?;
    queue::put_in_queue(txn, case, (brief, &dues), record, own, now)
}
