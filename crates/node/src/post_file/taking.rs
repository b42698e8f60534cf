//! Taking files in: what they bring is checked by the same machine as what a stream brings, and kept before it counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
};

use counterpart_core::{
    act::Act,
    attachment::{FileRef, MAX_FILE},
    id::{CaseId, EntryId, PartyId},
    invitation::Link,
    sync::{
        CloseReason, LinkId, Machine, Notice, Output, Persist,
        frame::Frame,
        post::{Content, Counts, END, Head, PostError, PostReader, Posted},
    },
};
use counterpart_net::{Address, PeerId};
use counterpart_store::PeerAddress;

use super::{JoinAsked, MOST_POSTS, ReceiptGiven, spool::Spool};
use crate::{
    desk::{Desk, put_summary},
    engine::keep,
    error::DeskError,
    home, search,
};

/// So many files at a time may have entries waiting for what another file brings.
const OPEN_AT_ONCE: usize = 8;
/// Most bytes of a key log that comes with a request to join.
const MAX_LOG: usize = 2 * 1024 * 1024;
/// Most refusals and missing entries that are told of one file.
const MOST_TOLD: usize = 16;

/// A file to be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostFile {
    Path(PathBuf),
    /// One that is in memory already, as out of a mail, and what it is called when it is spoken of.
    Bytes {
        name: String,
        bytes: Vec<u8>,
    },
}

impl PostFile {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    fn open(&self) -> Result<(Head, PostReader<Box<dyn Read + '_>>), PostError> {
        let source: Box<dyn Read> = match self {
            Self::Path(path) => Box::new(BufReader::new(plain_file(path).map_err(|e| PostError::Io(e.to_string()))?)),
            Self::Bytes { bytes, .. } => Box::new(Cursor::new(bytes)),
        };
        PostReader::open(source)
    }
}

fn plain_file(path: &Path) -> io::Result<File> {
    // A pipe or a device might never end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"));
    }
    File::open(path)
}

/// What came of some files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenPosts {
    /// One for each file, in their order.
    pub files: Vec<PostReport>,
    /// The cases that they are of, each once, in order of appearance.
    pub cases: Vec<TakenCase>,
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostReport {
    pub name: String,
    /// What it says of itself; nobody signed that.
    pub head: Option<Head>,
    pub outcome: PostOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// It was read, to its end or as far as it went.
    Read {
        /// What was in it, known or not.
        counts: Counts,
        /// Attached files that came with it and were not here.
        files: Vec<FileRef>,
        /// Attached files whose bytes are not those that the record names.
        wrong: Vec<FileRef>,
        /// What in it is refused, and why: nothing behind that was read.
        refused: Vec<String>,
        /// Entries in it that rest on what is not here, and were not taken.
        waiting: usize,
        /// Some of what they rest on.
        missing: Vec<EntryId>,
        /// More rests on what is not here than may wait: the rest was not read.
        held: bool,
        /// Why its end was not reached.
        broken: Option<PostError>,
    },
    /// Somebody asks to join.
    Request(JoinAsked),
    /// It is of a case that is not here, and to which no invitation was taken up here.
    UnknownCase,
    /// It is not what it should be; nothing was taken.
    Unread(PostError),
}

impl PostOutcome {
    /// Whether all of it is in the record now.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Read { wrong, refused, waiting, held, broken, .. } => {
                wrong.is_empty() && refused.is_empty() && *waiting == 0 && !held && broken.is_none()
            }
            Self::Request(_) => true,
            Self::UnknownCase | Self::Unread(_) => false,
        }
    }
}

/// What files brought to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenCase {
    pub case: CaseId,
    /// It was not here before.
    pub first: bool,
    /// Entries that were not here, in order of arrival.
    pub entries: Vec<EntryId>,
    /// Receipts that were not here.
    pub receipts: usize,
    /// This party was let in, and signed with this entry that it joins.
    pub joined: Option<EntryId>,
    /// A receipt of ours was signed for what came.
    pub receipted: bool,
    /// A device key signed two statements at one position.
    pub forks: usize,
    /// This device signed what was not here: this home is a copy of another.
    pub elsewhere: bool,
}

impl Desk {
    /// Takes files in, in any order and however often: what they bring is on disk when this returns, and a running node
    /// was told. Of a file that is cut off or has something wrong in it, what came before stays. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// A damaged, full or busy store, or a failing disk. What was taken until then stays.
    pub fn take_posts(&self, files: &[PostFile], now: i64) -> Result<TakenPosts, DeskError> {
        self.must_be_home()?;
        let mut taken = TakenPosts::default();
        let mut of_case: Vec<(CaseId, Vec<usize>)> = Vec::new();
        for (at, file) in files.iter().take(MOST_POSTS).enumerate() {
            let (head, outcome) = match file.open() {
                Err(why) => (None, PostOutcome::Unread(why)),
                Ok((head, mut reader)) => {
                    let outcome = match head.content {
                        Content::Request => read_request(head.case, &mut reader),
                        Content::Case => {
                            match of_case.iter_mut().find(|(case, _)| *case == head.case) {
                                Some((_, indexes)) => indexes.push(at),
                                None => of_case.push((head.case, vec![at])),
                            }
                            PostOutcome::UnknownCase
                        }
                    };
                    (Some(head), outcome)
                }
            };
            taken.files.push(PostReport { name: file.name(), head, outcome });
        }
        for (case, indexes) in of_case {
            let Some(trusted) = self.may_take(&case)? else { continue };
            let mut taking = Taking::begin(self, case, trusted, now)?;
            let went = taking.all(files, &indexes);
            let ended = taking.end();
            for (at, outcome) in went? {
                if let Some(report) = taken.files.get_mut(at) {
                    report.outcome = outcome;
                }
            }
            taken.cases.push(ended?);
        }
        Ok(taken)
    }

    /// Whether a case may be taken in, and who is heard before the record says who is a member: it is here, or an
    /// invitation to it was taken up here, or another machine of our own party said where to get it.
    fn may_take(&self, case: &CaseId) -> Result<Option<Vec<PartyId>>, DeskError> {
        let own = self.party();
        let (known, joins, followed) = self.with_store(|store| {
            let followed = store.peer_addresses(*case)?.iter().any(|row| row.party == own);
            Ok::<_, DeskError>((store.entry_count(*case)? > 0, store.joins()?, followed))
        })?;
        let link = joins.iter().find(|join| join.case == *case).and_then(|join| Link::parse(&join.link).ok());
        Ok(match link {
            Some(link) => Some(vec![link.opener]),
            None if known || followed => Some(Vec::new()),
            None => None,
        })
    }

    /// Signs that we join, where the record shows that we were let in and an invitation was taken up here; from then on
    /// the opener can also be called.
    fn join_by_post(&self, case: &CaseId, now: i64) -> Result<Option<EntryId>, DeskError> {
        let joins = self.with_store(|store| store.joins())?;
        let Some(join) = joins.into_iter().find(|join| join.case == *case) else { return Ok(None) };
        let record = self.record(case)?;
        let (own, lens) = (self.party(), record.lens());
        let Some(admit) = lens.admission(&own).map(|ix| record.graph().id(ix)) else { return Ok(None) };
        let joined = match lens.joined(&own) {
            true => None,
            false => Some(self.sign(case, &Act::Join { admit }, now)?.1.id),
        };
        let link = Link::parse(&join.link)?;
        let peer = PeerId::from_bytes(&link.peer).ok();
        let addresses = link.addresses.iter().filter_map(|address| Address::parse(address).ok().zip(peer.as_ref()));
        let addresses: Vec<String> = addresses.map(|(address, peer)| address.with_peer(peer).to_string()).collect();
        self.with_store(|store| {
            store.write_again(|txn| {
                for address in &addresses {
                    let address = address.clone();
                    let (party, last_seen) = (link.opener, now);
                    txn.put_peer_address(&PeerAddress { case: *case, party, device: None, address, last_seen })?;
                }
                txn.delete_join(*case)?;
                Ok::<_, DeskError>(())
            })
        })?;
        Ok(joined)
    }
}

/// Reads a request to join, whole.
fn read_request(case: CaseId, reader: &mut PostReader<Box<dyn Read + '_>>) -> PostOutcome {
    let (mut request, mut key_events, mut bytes) = (None, Vec::new(), 0);
    loop {
        let frame = match reader.next_frame() {
            Ok(frame) => frame,
            Err(why) => return PostOutcome::Unread(why),
        };
        bytes += frame.len();
        let frame = match Frame::decode(&frame) {
            Ok(frame) if bytes <= MAX_LOG => frame,
            Ok(_) => return PostOutcome::Unread(PostError::TooLong(u32::try_from(bytes).unwrap_or(u32::MAX))),
            Err(why) => return PostOutcome::Unread(PostError::Head(why)),
        };
        match (frame, request.is_some()) {
            (Frame::Join { request: asked }, false) => request = Some(asked),
            (Frame::KeyEvents { events, .. }, true) => key_events.extend(events),
            (Frame::Bye { reason }, true) if reason == END => break,
            _ => return PostOutcome::Unread(PostError::Head(counterpart_core::sync::frame::FrameError::Shape)),
        }
    }
    PostOutcome::Request(JoinAsked { case, request: request.unwrap_or_default(), key_events })
}

/// One case into which files are taken.
struct Taking<'d> {
    desk: &'d Desk,
    now: i64,
    machine: Machine,
    next_link: u64,
    held: BTreeSet<FileRef>,
    done: TakenCase,
    /// What the file that is being read came to.
    refused: Vec<String>,
    full: bool,
    closed: bool,
}

/// A file that was read once.
#[derive(Default)]
struct Pass {
    /// Its link, as long as what it left waiting is kept.
    link: Option<LinkId>,
    counts: Counts,
    files: Vec<FileRef>,
    wrong: Vec<FileRef>,
    refused: Vec<String>,
    waiting: usize,
    missing: Vec<EntryId>,
    held: bool,
    broken: Option<PostError>,
    /// How many entries were here when it was read.
    seen: usize,
}

impl<'d> Taking<'d> {
    fn begin(desk: &'d Desk, case: CaseId, trusted: Vec<PartyId>, now: i64) -> Result<Self, DeskError> {
        let loaded = desk.load(&case)?;
        let first = loaded.record.graph().is_empty();
        let held = loaded.record.files().copied().collect();
        let machine = Machine::new(case, loaded.record, desk.author(), trusted);
        let done = TakenCase {
            case,
            first,
            entries: Vec::new(),
            receipts: 0,
            joined: None,
            receipted: false,
            forks: 0,
            elsewhere: false,
        };
        Ok(Self { desk, now, machine, next_link: 0, held, done, refused: Vec::new(), full: false, closed: false })
    }

    /// Reads all files; those that rested on what was not here yet once more, as long as that brings anything.
    fn all(&mut self, files: &[PostFile], indexes: &[usize]) -> Result<Vec<(usize, PostOutcome)>, DeskError> {
        let mut passes: BTreeMap<usize, Pass> = BTreeMap::new();
        let mut to_read = indexes.to_vec();
        while !to_read.is_empty() {
            for at in &to_read {
                let Some(file) = files.get(*at) else { continue };
                let kept = passes.values().filter(|pass| pass.link.is_some()).count();
                let before = passes.remove(at);
                let pass = self.read(file, kept < OPEN_AT_ONCE, before)?;
                passes.insert(*at, pass);
            }
            let here = self.machine.record().graph().len();
            let again = |pass: &Pass| (pass.waiting > 0 || pass.held) && here > pass.seen;
            to_read.retain(|at| passes.get(at).is_some_and(again));
        }
        let mut outcomes = Vec::new();
        for (at, pass) in passes {
            // What waited for another file came with that.
            let left = pass.link.map(|link| self.machine.post_ends(link)).unwrap_or_default();
            let (waiting, missing) = match pass.link {
                Some(_) => (left.waiting, left.missing),
                None => (pass.waiting, pass.missing),
            };
            let Pass { counts, files, wrong, refused, held, broken, .. } = pass;
            let missing = missing.into_iter().take(MOST_TOLD).collect();
            outcomes.push((at, PostOutcome::Read { counts, files, wrong, refused, waiting, missing, held, broken }));
        }
        Ok(outcomes)
    }

    /// Reads one file. What waits in it for others is kept with `keep`, and what an earlier reading of it left until then.
    fn read(&mut self, file: &PostFile, keep: bool, before: Option<Pass>) -> Result<Pass, DeskError> {
        let before = before.unwrap_or_default();
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let mut pass = Pass { files: before.files, seen: self.machine.record().graph().len(), ..Pass::default() };
        match file.open() {
            Ok((head, mut reader)) if head.case == self.done.case => {
                self.machine.post_begins(link, &head);
                pass.broken = self.frames(link, &mut reader, &mut pass)?;
            }
            Ok(_) => pass.broken = Some(PostError::Io("it was changed while it was read".to_owned())),
            Err(why) => pass.broken = Some(why),
        }
        if let Some(earlier) = before.link {
            self.machine.post_ends(earlier);
        }
        pass.refused = std::mem::take(&mut self.refused);
        pass.held = std::mem::take(&mut self.full);
        let closed = std::mem::take(&mut self.closed);
        pass.waiting = self.machine.waiting_in_post(link);
        if pass.waiting > 0 && keep && !closed {
            pass.link = Some(link);
        } else {
            pass.missing = self.machine.post_ends(link).missing;
        }
        Ok(pass)
    }

    fn frames(
        &mut self,
        link: LinkId,
        reader: &mut PostReader<Box<dyn Read + '_>>,
        pass: &mut Pass,
    ) -> Result<Option<PostError>, DeskError> {
        let mut spool: Option<Spool> = None;
        loop {
            let frame = match reader.next_frame() {
                Ok(frame) => frame,
                Err(why) => return Ok(Some(why)),
            };
            let posted = self.machine.handle_posted(link, &frame, self.now);
            self.drain()?;
            if self.closed {
                return Ok(None);
            }
            match posted {
                Posted::Took(counts) => pass.counts.add(&counts),
                Posted::End => return Ok(None),
                Posted::File(file) => spool = self.spool(file)?,
                Posted::Part { sha256, offset, bytes } => {
                    if let Some(spool) = &mut spool {
                        spool.add(&sha256, offset, &bytes)?;
                    }
                }
            }
            if let Some(whole) = spool.take_if(|spool| spool.is_whole()) {
                self.keep_file(&whole, pass)?;
            }
        }
    }

    /// Begins to gather a file that an entry names and that is not here.
    fn spool(&self, file: FileRef) -> Result<Option<Spool>, DeskError> {
        let record = self.machine.record();
        let wanted = !self.held.contains(&file)
            && file.size <= MAX_FILE
            && record.names_file(&file)
            && record.file_erased_by(&self.desk.party(), &file).is_none();
        if wanted { Spool::begin(self.desk.home(), file, self.desk.draw()).map(Some) } else { Ok(None) }
    }

    fn keep_file(&mut self, whole: &Spool, pass: &mut Pass) -> Result<(), DeskError> {
        if !whole.is_sound() {
            pass.wrong.push(whole.file);
            return Ok(());
        }
        self.desk.keep_file(&self.done.case, &whole.file, whole.path())?;
        self.held.insert(whole.file);
        pass.files.push(whole.file);
        Ok(())
    }

    /// Keeps what the machine wants kept, and notes what it tells. What it would send goes nowhere.
    fn drain(&mut self) -> Result<(), DeskError> {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Persist(things) => self.persist(&things)?,
                Output::Notify(Notice::Entries(entries)) => self.done.entries.extend(entries),
                Output::Notify(Notice::Receipt { .. }) => self.done.receipts += 1,
                Output::Notify(Notice::Fork { .. }) => self.done.forks += 1,
                Output::Notify(Notice::Refused { refusal, .. }) => self.refuse(refusal),
                Output::Notify(Notice::Held { .. }) => self.full = true,
                Output::Close { reason, .. } => {
                    self.closed = true;
                    match reason {
                        // Told before.
                        CloseReason::Refused(_) | CloseReason::Held | CloseReason::Bye(_) => {}
                        other => self.refuse(other.to_string()),
                    }
                }
                Output::Notify(_)
                | Output::Send { .. }
                | Output::SignReceipt(_)
                | Output::WriteChunk { .. }
                | Output::CheckFile { .. }
                | Output::Answer { .. }
                | Output::WakeAt(_) => {}
            }
        }
        Ok(())
    }

    fn refuse(&mut self, why: String) {
        if self.refused.len() < MOST_TOLD {
            self.refused.push(why);
        }
    }

    fn persist(&mut self, things: &[Persist]) -> Result<(), DeskError> {
        let (desk, case, now) = (self.desk, self.done.case, self.now);
        let own = desk.author();
        let machine = &mut self.machine;
        let mut elsewhere = false;
        desk.with_store(|store| {
            store.write_again(|txn| {
                for thing in things {
                    // What was signed here was stored before anybody had it.
                    elsewhere |= keep(txn, case, thing)? == Some(own.device);
                }
                let graph = machine.record().graph();
                let arrived = things.iter().filter_map(|thing| match thing {
                    Persist::Entry { id, .. } => graph.find(id),
                    _ => None,
                });
                desk.want_stamps(txn, machine.record(), arrived, now)?;
                if let Some(brief) = machine.brief() {
                    search::came(txn, case, machine.record(), things, &own.party)?;
                    put_summary(txn, case, &brief, machine.record(), &own.party, now)?;
                }
                Ok::<_, DeskError>(())
            })
        })?;
        if elsewhere {
            self.done.elsewhere = true;
            home::mark_elsewhere(desk.home());
        }
        Ok(())
    }

    /// What follows once all was read: what was erased goes, we join where we were let in, and say what we have.
    fn end(mut self) -> Result<TakenCase, DeskError> {
        let (desk, case) = (self.desk, self.done.case);
        // What cannot be done just now is done later, see there.
        drop(desk.do_chores());
        if self.machine.record().graph().is_empty() {
            return Ok(self.done);
        }
        self.sum_up_anew()?;
        if !self.done.elsewhere {
            self.done.joined = desk.join_by_post(&case, self.now)?;
            self.done.receipted = desk.give_receipt(&case, self.now)? == ReceiptGiven::Signed;
        }
        desk.node_is_running();
        Ok(self.done)
    }

    /// Another process may have signed meanwhile, so that the list would show less than there is.
    fn sum_up_anew(&self) -> Result<(), DeskError> {
        let (desk, case) = (self.desk, self.done.case);
        let here = self.machine.record().graph().len() as u64;
        if desk.with_store(|store| store.entry_count(case))? == here {
            return Ok(());
        }
        let mut record = desk.record(&case)?;
        desk.with_store(|store| {
            store.write_again(|txn| match record.brief() {
                Some(brief) => Ok(put_summary(txn, case, &brief, &record, &desk.party(), self.now)?),
                None => Ok::<_, DeskError>(()),
            })
        })
    }
}
