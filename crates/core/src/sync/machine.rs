//! The machine of one case: many links, one record, one queue of outputs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ed25519_dalek::SigningKey;

use super::{
    CloseReason, Damaged, LinkId, NotAvailable, Notice, Output, PeerDevice, PeerStatus, Persist, Stored,
    addresses::Addresses,
    admission::{EventName, admit_peer, is_revoked},
    files::Files,
    frame::Frame,
    hello::Greeted,
    link::Link,
};
use crate::{
    envelope::Verified,
    gate::Refusal,
    graph::Ix,
    id::{CaseId, DeviceKey, EntryId, EventId, PartyId},
    receipt::{INTERVAL_MS, Receipt, SignedReceipt},
    record::{Applied, Author, Draft, Record, Signed},
    seal::{Disclosure, path_to_value},
    statement::Entry,
    view::Brief,
    worksheet::Worksheet,
};

/// Keeps one case in step with other devices' copies of it.
#[derive(Debug)]
pub struct Machine {
    pub(super) case: CaseId,
    pub(super) record: Record,
    pub(super) author: Author,
    pub(super) trusted: Vec<PartyId>,
    pub(super) links: BTreeMap<LinkId, Link>,
    /// Parties that an entry here names: their key logs belong to the case.
    pub(super) parties: BTreeSet<PartyId>,
    /// Grows whenever there may be key events that a link was not offered.
    pub(super) keys_version: u64,
    /// Bytes of key events taken in for parties that no entry names yet.
    pub(super) stranger_bytes: usize,
    pub(super) fresh: Fresh,
    pub(super) files: Files,
    pub(super) sheet: Worksheet,
    pub(super) addresses: Addresses,
    /// Links whose frames are to be kept small, open or about to be.
    narrow: BTreeSet<LinkId>,
    forks: BTreeSet<(DeviceKey, u32)>,
    /// When a receipt was last handed out to be signed and has not come back.
    signing: Option<i64>,
    /// Since when a receipt waits for what travels beside its entries.
    postponed: Option<i64>,
    wake: Option<i64>,
    pub(super) out: VecDeque<Output>,
}

/// So many milliseconds a receipt waits for sealed values and files of the entries it covers: most come right behind
/// them, and one receipt then says that all is here.
const GRACE_MS: i64 = 300;

/// What one mutation brought, until it is drained into the queue in the right order.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    pub(super) persist: Vec<Persist>,
    pub(super) entries: Vec<EntryId>,
    pub(super) notices: Vec<Notice>,
    pub(super) frames: Vec<(LinkId, Frame)>,
    pub(super) closed: Vec<(LinkId, CloseReason)>,
    /// What is to be done with files.
    pub(super) files: Vec<Output>,
    /// The last word to a link that is closed with this mutation.
    farewell: Vec<(LinkId, Frame)>,
    keys: bool,
    /// Something came that lies beside the record.
    beside: bool,
    /// The worksheet changed.
    pub(super) drafts: bool,
}

impl Machine {
    /// A machine for a case. `record` is empty for a joiner, or restored from the store; `trusted` are parties
    /// known from an invitation's link, whose devices are heard before the record says who is a member.
    #[must_use]
    pub fn new(case: CaseId, record: Record, author: Author, trusted: Vec<PartyId>) -> Self {
        debug_assert!(record.case().is_none_or(|c| c == case), "a record is of the case it is kept for");
        let forks = record.graph().forks().map(|(device, seq, _)| (device, seq)).collect();
        let mut parties = BTreeSet::new();
        for ix in record.graph().all() {
            let statement = record.graph().statement(ix);
            parties.insert(statement.party);
            parties.extend(statement.keys.iter().map(|k| k.party));
        }
        let mut machine = Self {
            case,
            record,
            author,
            trusted,
            links: BTreeMap::new(),
            parties,
            keys_version: 0,
            stranger_bytes: 0,
            fresh: Fresh::default(),
            files: Files::default(),
            sheet: Worksheet::new(case),
            addresses: Addresses::default(),
            narrow: BTreeSet::new(),
            forks,
            signing: None,
            postponed: None,
            wake: None,
            out: VecDeque::new(),
        };
        for ix in machine.record.graph().all() {
            machine.files_named(ix);
        }
        machine
    }

    #[must_use]
    pub fn case(&self) -> CaseId {
        self.case
    }

    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Hears a party's devices before the record says who is a member, as those of an invitation's link. Nothing is
    /// sent to them but what this copy holds in few words, until the record shows that they are members.
    pub fn trust(&mut self, party: PartyId) {
        if !self.trusted.contains(&party) {
            self.trusted.push(party);
        }
    }

    /// Whether a party's key log belongs to this case: an entry names it, it is our own, or it was trusted.
    #[must_use]
    pub fn concerns(&self, party: &PartyId) -> bool {
        self.parties.contains(party) || self.trusted.contains(party) || self.author.party == *party
    }

    /// What a list shows of this case, kept up with it.
    pub fn brief(&mut self) -> Option<Brief> {
        self.record.brief()
    }

    #[must_use]
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// Whether a receipt of ours is still to be signed for what is here, now or once the pause between two is over.
    #[must_use]
    pub fn owes_receipt(&self) -> bool {
        let grant = self.record.logs().grant_of_device(&self.author.party, &self.author.device);
        let may = grant.is_some_and(|(_, grant)| grant.receive)
            && !is_revoked(self.record.logs(), &self.author.party, &self.author.grant);
        may && self.record.receipt_due(&self.author, i64::MAX).is_some()
    }

    /// Whether a link named an entry of our own device that is not here: another copy of it may have signed. Nothing is
    /// proven until that entry comes.
    #[must_use]
    pub fn hears_of_own(&self) -> bool {
        let device = &self.author.device;
        let unknown = |id: &EntryId| self.record.graph().find(id).is_none();
        self.links.values().flat_map(|link| &link.theirs).any(|(of, id)| of == device && unknown(id))
    }

    /// How each link stands, for display; by link.
    #[must_use]
    pub fn peer_status(&self) -> Vec<PeerStatus> {
        let graph = self.record.graph();
        let forked: BTreeSet<DeviceKey> = graph.forks().map(|(device, ..)| device).collect();
        let status = |(id, link): (&LinkId, &Link)| PeerStatus {
            link: *id,
            peer: link.peer,
            met: link.met(),
            to_send: graph.all().filter(|ix| graph.counts(*ix) && !link.has.holds(*ix)).count(),
            to_receive: link.theirs.iter().filter(|(d, id)| graph.find(id).is_none() && !forked.contains(d)).count(),
            unstored: link.sent - link.stored,
            waiting: link.parking.len(),
            fetching: link.files.fetching(),
            giving: link.files.giving(),
            drafting: self.drafts_under_way(*id),
        };
        self.links.iter().map(status).collect()
    }

    /// The next thing to do. Everything behind a [`Output::Persist`] waits until that is durable.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Decides whether who greeted may have this case; what its key log adds is persisted. For the answering end
    /// call this before [`super::hello::Handshake::ready`], then [`Machine::connected`].
    ///
    /// # Errors
    /// When it has no part in the case as far as this copy knows.
    pub fn admit(&mut self, greeted: &Greeted, now: i64) -> Result<PeerDevice, NotAvailable> {
        let (peer, new) = admit_peer(&mut self.record, &self.trusted, greeted)?;
        for event in new {
            self.key_event_added(event, None, true);
        }
        self.settle(now);
        Ok(peer)
    }

    /// A stream to an admitted device is open.
    pub fn connected(&mut self, link: LinkId, peer: PeerDevice, now: i64) {
        let narrow = self.narrow.contains(&link);
        self.links.insert(link, Link::new(peer, self.files_for_link(), narrow));
        let tips = self.tips(narrow);
        self.fresh.frames.push((link, Frame::Tips(tips)));
        self.settle(now);
    }

    /// Says whether what carries a link takes only so much at a time, as a relay does: what is sent and asked for on it is
    /// then kept below 32 KiB a frame, where one thing alone is not larger. Say it before [`Machine::connected`], so that it
    /// goes for the first frame as well.
    pub fn narrow(&mut self, link: LinkId, narrow: bool) {
        if narrow {
            self.narrow.insert(link);
        } else {
            self.narrow.remove(&link);
        }
        if let Some(link) = self.links.get_mut(&link) {
            link.narrow = narrow;
        }
    }

    /// A stream is gone. What waited on it is forgotten and asked for again on the next one.
    pub fn disconnected(&mut self, link: LinkId, now: i64) {
        if self.unlink(link) {
            // What it was asked for, others are asked for at once.
            self.settle(now);
        }
    }

    pub(super) fn unlink(&mut self, id: LinkId) -> bool {
        self.narrow.remove(&id);
        let Some(link) = self.links.remove(&id) else { return false };
        self.give_up_all(id, &link.files);
        true
    }

    /// Whether content goes to a party: not to one who is only trusted so far, or has left; to our own always.
    pub(super) fn gets_content(&self, party: &PartyId) -> bool {
        self.author.party == *party || self.record.delivers_to(party)
    }

    /// The time asked for has come.
    pub fn handle_timeout(&mut self, now: i64) {
        self.wake = None;
        self.settle(now);
        self.consider_receipt(now);
    }

    /// Signs an own statement drafted from [`Machine::record`]; it is persisted, then sent.
    ///
    /// # Errors
    /// When the record has moved on since the draft was made.
    pub fn sign(&mut self, draft: Draft, key: &SigningKey, now: i64) -> Result<Signed, Refusal> {
        let signed = self.record.seal_and_sign(draft, key)?;
        self.entry_added(signed.ix, None, true);
        for value in &signed.values {
            self.fresh.persist.push(persist_value(value));
        }
        self.settle(now);
        Ok(signed)
    }

    /// A receipt handed out by [`Output::SignReceipt`] is signed and stored.
    pub fn receipt_signed(&mut self, receipt: SignedReceipt, now: i64) {
        self.signing = None;
        // Refused only when it is here already, or our own log took the right to receive back meanwhile.
        if self.record.apply_receipt(receipt) == Ok(true) {
            self.settle(now);
        }
    }

    /// Takes in what another process, or the local user, put into our store; it is sent to those who lack it.
    ///
    /// # Errors
    /// When it cannot be taken in: the store is damaged.
    pub fn absorb(&mut self, stored: Vec<Stored>, now: i64) -> Result<(), Damaged> {
        let outcome = stored.into_iter().try_for_each(|item| self.absorb_one(item));
        self.settle(now);
        outcome
    }

    fn absorb_one(&mut self, item: Stored) -> Result<(), Damaged> {
        let damaged = |e: &dyn std::fmt::Display| Damaged(e.to_string());
        match item {
            Stored::KeyEvent(bytes) => {
                let new = self.record.apply_key_event(&bytes).map_err(|e| damaged(&e))?;
                if let Some(name) = EventName::read(&bytes).filter(|_| new) {
                    self.key_event_added(name.id, None, false);
                }
            }
            Stored::Entry(bytes) => {
                let entry = Entry::decode(&bytes).map_err(|e| damaged(&e))?.from_own_store();
                if let Applied::New(ix) = self.record.restore(entry).map_err(|e| damaged(&e))? {
                    self.entry_added(ix, None, false);
                }
            }
            Stored::Value(bytes) => {
                let value = Disclosure::decode(&bytes).map_err(|e| damaged(&e))?;
                let entry = value.entry;
                if self.record.apply_value(value).map_err(|e| damaged(&e))? {
                    self.value_added(&entry, None);
                }
            }
            Stored::Receipt(bytes) => {
                let receipt = SignedReceipt::from_own_store(&bytes).map_err(|e| damaged(&e))?;
                self.record.apply_receipt(receipt).map_err(|e| damaged(&e))?;
            }
            Stored::Edit(bytes) => self.fresh.drafts |= self.edit_found(&bytes)?,
            Stored::Addresses(bytes) => self.addresses_found(&bytes)?,
        }
        Ok(())
    }

    /// An entry came into the record.
    pub(super) fn entry_added(&mut self, ix: Ix, from: Option<LinkId>, persist: bool) {
        let entry: &Entry<Verified> = &self.record.graph().node(ix).entry;
        let statement = &entry.statement;
        if persist {
            self.fresh.persist.push(persist_entry(entry));
        }
        self.fresh.entries.push(entry.id);
        let named = self.parties.len();
        self.parties.insert(statement.party);
        self.parties.extend(statement.keys.iter().map(|k| k.party));
        if self.parties.len() > named {
            self.keys_version += 1;
        }
        if let Some(link) = from.and_then(|id| self.links.get_mut(&id)) {
            link.has.set(ix);
        }
        self.files_named(ix);
        self.own_erasure(ix);
    }

    /// A key event came into the record.
    pub(super) fn key_event_added(&mut self, id: EventId, from: Option<LinkId>, persist: bool) {
        self.keys_version += 1;
        self.fresh.keys = true;
        if let Some(link) = from.and_then(|id| self.links.get_mut(&id)) {
            link.keys.insert(id);
        }
        if let Some(event) = self.record.logs().event(&id).filter(|_| persist) {
            let (party, position) = (event.party, event.position);
            self.fresh.persist.push(Persist::KeyEvent { id, party, position, bytes: event.bytes().to_vec() });
        }
    }

    /// A sealed value came into the record: those who have its entry may lack it.
    pub(super) fn value_added(&mut self, entry: &EntryId, from: Option<LinkId>) {
        let Some(ix) = self.record.graph().find(entry) else { return };
        let newest = self.record.values_of(entry).len().saturating_sub(1);
        for (id, link) in &mut self.links {
            if Some(*id) != from && (link.has.holds(ix) || !link.met()) {
                let first = link.values.entry(*entry).or_insert(newest);
                *first = newest.min(*first);
            }
        }
        self.fresh.beside = true;
        self.files_named(ix);
    }

    /// Ends a link at once; nothing more is taken from it.
    pub(super) fn close(&mut self, link: LinkId, reason: CloseReason) {
        if self.unlink(link) {
            self.fresh.closed.push((link, reason));
        }
    }

    /// Drains what a mutation brought into the queue: durable first, then told, then sent.
    pub(super) fn settle(&mut self, now: i64) {
        // The author of an edit may have become known.
        let authors = self.fresh.keys || !self.fresh.entries.is_empty();
        if self.fresh.keys {
            self.forget_revoked_addresses();
        }
        self.close_revoked();
        if authors && self.links.values().any(|link| link.drafts.waiting() > 0) {
            self.retry_edits();
        }
        let fresh = std::mem::take(&mut self.fresh);
        if !fresh.persist.is_empty() {
            self.out.push_back(Output::Persist(fresh.persist));
        }
        let changed = !fresh.entries.is_empty();
        if changed {
            self.out.push_back(Output::Notify(Notice::Entries(fresh.entries)));
            self.alarm_forks();
        }
        if fresh.drafts {
            self.out.push_back(Output::Notify(Notice::Worksheet));
        }
        self.out.extend(fresh.notices.into_iter().map(Output::Notify));
        self.out.extend(fresh.files);
        // Before what says that entries are stored: so the other side knows, once it hears that, whether more is wanted.
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in &links {
            self.ask_for_files(*link);
        }
        for (link, frame) in fresh.frames {
            if self.links.contains_key(&link) {
                self.out.push_back(Output::Send { link, frame: frame.encode() });
            }
        }
        for (link, frame) in fresh.farewell {
            self.out.push_back(Output::Send { link, frame: frame.encode() });
        }
        for (link, reason) in fresh.closed {
            if !matches!(reason, CloseReason::Bye(_)) {
                let bye = Frame::Bye { reason: reason.word().to_owned() };
                self.out.push_back(Output::Send { link, frame: bye.encode() });
            }
            self.out.push_back(Output::Close { link, reason });
        }
        for link in links {
            while let Some(frame) = self.next_frame(link) {
                self.out.push_back(Output::Send { link, frame: frame.encode() });
            }
        }
        if changed || fresh.beside {
            self.consider_receipt(now);
        }
    }

    /// The next frame for a link: first where others can be reached, as far as it can judge that already, so that a line
    /// that breaks soon brought it; then what the case consists of, then the rest beside it.
    fn next_frame(&mut self, link: LinkId) -> Option<Frame> {
        let early = self.next_addresses(link, false);
        let case = early.or_else(|| self.next_offer(link));
        case.or_else(|| self.next_addresses(link, true)).or_else(|| self.next_draft(link))
    }

    fn alarm_forks(&mut self) {
        for (device, seq, _) in self.record.graph().forks() {
            if self.forks.insert((device, seq)) {
                self.out.push_back(Output::Notify(Notice::Fork { device, seq }));
            }
        }
    }

    /// A device whose grant was revoked gets nothing more; but its own party's log, where that stands, so that its
    /// user is told instead of working on in vain.
    fn close_revoked(&mut self) {
        if !std::mem::take(&mut self.fresh.keys) {
            return;
        }
        let revoked: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, link)| is_revoked(self.record.logs(), &link.peer.party, &link.peer.grant))
            .map(|(id, _)| *id)
            .collect();
        for link in revoked {
            if let Some(frame) = self.own_log_for(link) {
                self.fresh.farewell.push((link, frame));
            }
            self.close(link, CloseReason::NotMember);
        }
    }

    /// Our word for what is durable by now: called after the persisting of it is in the queue.
    pub(super) fn consider_receipt(&mut self, now: i64) {
        let asked = self.signing.is_some_and(|at| now >= at && now < at + INTERVAL_MS);
        let grant = self.record.logs().grant_of_device(&self.author.party, &self.author.device);
        let revoked = is_revoked(self.record.logs(), &self.author.party, &self.author.grant);
        if asked || revoked || !grant.is_some_and(|(_, grant)| grant.receive) {
            return;
        }
        if let Some(receipt) = self.record.receipt_due(&self.author, now) {
            if self.is_postponed(&receipt, now) {
                return;
            }
            self.postponed = None;
            self.signing = Some(now);
            self.out.push_back(Output::SignReceipt(receipt));
            return;
        }
        let Some(last) = self.record.last_receipt(&self.author.device) else { return };
        let at = last.receipt.at + INTERVAL_MS;
        if now < at && self.wake != Some(at) && self.record.receipt_due(&self.author, at).is_some() {
            self.wake = Some(at);
            self.out.push_back(Output::WakeAt(at));
        }
    }
}

impl Machine {
    /// Whether a receipt waits a moment for what travels behind the entries it covers.
    fn is_postponed(&mut self, receipt: &Receipt, now: i64) -> bool {
        let last = self.record.last_receipt(&self.author.device).map_or(&[][..], |last| &last.receipt.lacking);
        let expected = receipt.lacking.iter().any(|id| !last.contains(id)) && !self.links.is_empty();
        let since = *self.postponed.get_or_insert(now);
        let postponed = expected && (since..since + GRACE_MS).contains(&now);
        let at = since + GRACE_MS;
        if postponed && self.wake != Some(at) {
            self.wake = Some(at);
            self.out.push_back(Output::WakeAt(at));
        }
        postponed
    }
}

fn persist_entry(entry: &Entry<Verified>) -> Persist {
    let (device, seq) = (entry.statement.device, entry.statement.seq);
    Persist::Entry { id: entry.id, device, seq, bytes: entry.bytes().to_vec() }
}

pub(super) fn persist_value(value: &Disclosure) -> Persist {
    Persist::Value { entry: value.entry, path: path_to_value(&value.path).encode(), disclosure: value.encode() }
}
