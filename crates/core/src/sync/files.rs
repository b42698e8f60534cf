//! Attached files: what is asked of whom, and what is given. Bytes pass through here; none stay.
//!
//! Whoever lacks a file asks for it part by part, a few parts at a time, so nobody is sent more than it takes in.
//! Every ask has one answer, in turn. Answers wait in the shell until nothing else is to be sent on that stream.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{CloseReason, LinkId, Machine, Notice, Output, Persist, frame::Frame};
use crate::{
    act::Act,
    attachment::{FileRef, MAX_FILE, MAX_PARTY},
    graph::Ix,
    id::{DeviceKey, EntryId, PartyId},
    seal::{PathStep, path_to_value},
};

/// Bytes asked for at once; on a narrow link so few that they and what is around them stay below its bound.
const CHUNK: u32 = 64 * 1024;
const NARROW_CHUNK: u32 = 32 * 1024 - 64;
/// Parts asked for on a link and not answered: with [`CHUNK`], what an entry may find under way before it.
const WINDOW: usize = 4;
/// Most parts a peer may have asked for and not been answered.
const MAX_SERVING: usize = 16;
/// Most files that are wanted at once.
const MAX_WANTS: usize = 65_536;

/// A part of a file, asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ask {
    file: FileRef,
    offset: u64,
    length: u32,
}

/// What is known of files on one link.
#[derive(Debug, Default)]
pub(super) struct LinkFiles {
    /// Files to ask for next; some may have come meanwhile. A set: the other side can have any of them put here again and
    /// again.
    todo: BTreeSet<FileRef>,
    /// The file whose parts are being asked for.
    current: Option<FileRef>,
    /// Asked for and not answered, in turn.
    asks: VecDeque<Ask>,
    /// Files that came over this link whole, and are being looked at.
    checking: usize,
    /// Files the other side does not have.
    absent: BTreeSet<FileRef>,
    /// Files it asked for that are not here: it is told once they are.
    asked_in_vain: BTreeSet<FileRef>,
    /// Parts it asked for that it was not sent yet.
    serving: usize,
    /// Whether it was told that we want something of it.
    told_fetching: bool,
    /// Whether it said that it wants something of us.
    they_fetch: bool,
}

impl LinkFiles {
    /// Whether something is wanted of the other side.
    pub(super) fn fetching(&self) -> bool {
        !self.asks.is_empty() || self.checking > 0
    }

    /// Whether the other side wants something.
    pub(super) fn giving(&self) -> bool {
        self.they_fetch || self.serving > 0
    }
}

/// Where fetching a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    /// Asked of a link up to an offset; `fresh` where every byte here came over that link.
    Asked {
        link: LinkId,
        next: u64,
        fresh: bool,
    },
    /// All of it was written and is being looked at.
    Checking {
        link: LinkId,
        device: DeviceKey,
        fresh: bool,
    },
    /// This copy cannot keep it, as when its disk is full.
    Stopped,
}

#[derive(Debug)]
struct Want {
    /// Bytes here, from the beginning.
    here: u64,
    stage: Stage,
}

/// What is known of the files that entries here name.
#[derive(Debug, Default)]
pub(super) struct Files {
    named: BTreeSet<FileRef>,
    /// Bytes of what each party named, as far as it is here or fetched.
    taken: BTreeMap<PartyId, u64>,
    wants: BTreeMap<FileRef, Want>,
    /// Who sent other bytes under a file's name is not asked for it again.
    distrusted: BTreeSet<(DeviceKey, FileRef)>,
}

impl Machine {
    /// Notes the files that an entry names; those that are not here are wanted.
    pub(super) fn files_named(&mut self, ix: Ix) {
        let party = self.record.graph().statement(ix).party;
        for named in self.record.files_of(ix) {
            let file = named.file;
            let known = !self.files.named.insert(file);
            if known && (self.files.wants.contains_key(&file) || self.record.holds_file(&file)) {
                continue;
            }
            // What was erased here is not fetched, and takes no room.
            if self.record.file_erased_by(&self.author.party, &file).is_some() {
                continue;
            }
            let taken = self.files.taken.entry(party).or_default();
            let sum = taken.saturating_add(file.size);
            if file.size > MAX_FILE || sum > MAX_PARTY {
                continue;
            }
            *taken = sum;
            self.want(file);
        }
    }

    fn want(&mut self, file: FileRef) {
        let own = self.author.party;
        let wanted = !self.record.holds_file(&file)
            && self.files.wants.len() < MAX_WANTS
            && self.record.file_erased_by(&own, &file).is_none();
        if wanted {
            self.files.wants.insert(file, Want { here: 0, stage: Stage::Idle });
            self.todo_again(file);
        }
    }

    fn todo_again(&mut self, file: FileRef) {
        for link in self.links.values_mut() {
            link.files.todo.insert(file);
        }
    }

    /// What a new link may be asked for.
    pub(super) fn files_for_link(&self) -> LinkFiles {
        LinkFiles { todo: self.files.wants.keys().copied().collect(), ..LinkFiles::default() }
    }

    /// Says of which files a part is here, from the beginning.
    pub fn parts_found(&mut self, parts: &[(FileRef, u64)]) {
        for (file, here) in parts {
            if let Some(want) = self.files.wants.get_mut(file).filter(|want| want.stage == Stage::Idle) {
                want.here = (*here).min(file.size);
            }
        }
    }

    /// Says which files are here whole, where another process may have changed that since [`Machine::new`] was told by
    /// its record. Those that this party erased count as gone until an entry names them anew. Gives whether that was news.
    pub fn files_found(&mut self, held: &[FileRef], now: i64) -> bool {
        let before: BTreeSet<FileRef> = self.record.files().copied().collect();
        let own = self.author.party;
        let erased = |file: &&FileRef| self.record.file_erased_by(&own, file).is_some();
        let held: BTreeSet<FileRef> = held.iter().filter(|file| !erased(file)).copied().collect();
        if before == held {
            return false;
        }
        self.record.set_files(held.iter().copied());
        for file in before.difference(&held) {
            if self.files.named.contains(file) {
                self.want(*file);
            }
        }
        for file in held.difference(&before) {
            self.file_came(*file);
        }
        self.settle(now);
        self.consider_receipt(now);
        true
    }

    /// Who sent other bytes under a file's name, as an earlier machine of this case was told.
    pub fn distrust(&mut self, device: DeviceKey, file: FileRef) {
        self.files.distrusted.insert((device, file));
    }

    /// What came of an [`Output::CheckFile`]: the bytes are those named, and durable; or they are forgotten.
    pub fn file_checked(&mut self, file: FileRef, sound: bool, now: i64) {
        let Some(Stage::Checking { link, device, fresh }) = self.files.wants.get(&file).map(|w| w.stage) else {
            return;
        };
        if sound {
            self.file_came(file);
        } else {
            self.forget_want(&file);
            self.want(file);
            if fresh {
                self.files.distrusted.insert((device, file));
                self.fresh.notices.push(Notice::WrongFile { file, device });
                self.refuse(link, None, "bytes that are not those of the file an entry names".to_owned());
            }
        }
        self.settle(now);
        self.consider_receipt(now);
    }

    /// A file cannot be kept here for now: nobody is asked for it any more.
    pub fn file_stopped(&mut self, file: FileRef, now: i64) {
        if self.forget_want(&file) {
            self.files.wants.insert(file, Want { here: 0, stage: Stage::Stopped });
        }
        self.settle(now);
    }

    /// An [`Output::Answer`] is on its way.
    pub fn answered(&mut self, link: LinkId) {
        if let Some(link) = self.links.get_mut(&link) {
            link.files.serving = link.files.serving.saturating_sub(1);
        }
    }

    /// A file is no longer waited for; gives whether it was.
    fn forget_want(&mut self, file: &FileRef) -> bool {
        let Some(want) = self.files.wants.remove(file) else { return false };
        if let Stage::Checking { link, .. } = want.stage
            && let Some(link) = self.links.get_mut(&link)
        {
            link.files.checking = link.files.checking.saturating_sub(1);
        }
        true
    }

    fn file_came(&mut self, file: FileRef) {
        self.forget_want(&file);
        self.record.file_came(file);
        self.fresh.notices.push(Notice::File(file));
        for (id, link) in &mut self.links {
            if link.files.asked_in_vain.remove(&file) {
                self.fresh.frames.push((*id, Frame::Held { file }));
            }
        }
    }

    /// Nothing of a file is to be left here.
    fn drop_file(&mut self, file: FileRef) {
        self.forget_want(&file);
        self.record.file_went(&file);
        self.fresh.persist.push(Persist::EraseFile(file));
    }

    /// Our own party said that it erased something: nothing of it is to be left on any of its devices.
    pub(super) fn own_erasure(&mut self, ix: Ix) {
        let Act::Erased { entry, path, .. } = self.record.fold().act(ix) else { return };
        if self.record.graph().statement(ix).party != self.author.party || !self.record.lens().has(ix) {
            return;
        }
        let (entry, path) = (*entry, path.clone());
        let Some(named) = self.record.graph().find(&entry) else { return };
        let files = self.record.files_of(named);
        self.forget_value(&entry, &path);
        let own = self.author.party;
        for file in files.into_iter().map(|named| named.file) {
            if self.record.file_erased_by(&own, &file).is_some() || !self.record.names_file(&file) {
                self.drop_file(file);
            }
        }
    }

    fn forget_value(&mut self, entry: &EntryId, path: &[PathStep]) {
        self.record.forget_value(entry, path);
        // Whatever the store may have, put there by another process.
        self.fresh.persist.push(Persist::EraseValue { entry: *entry, path: path_to_value(path).encode() });
        for link in self.links.values_mut() {
            // The values after it have moved up.
            if let Some(first) = link.values.get_mut(entry) {
                *first = 0;
            }
        }
    }

    pub(super) fn take_want_chunk(&mut self, id: LinkId, file: FileRef, offset: u64, length: u32) {
        let Some(peer) = self.links.get(&id).map(|link| link.peer) else { return };
        let known = self.files.named.contains(&file) && self.gets_content(&peer.party);
        let held = known && self.record.holds_file(&file);
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.files.serving >= MAX_SERVING {
            return self.close(id, CloseReason::OutOfPlace("more parts of files asked for than may be under way"));
        }
        link.files.serving += 1;
        if known && !held {
            link.files.asked_in_vain.insert(file);
        }
        let part = held.then_some((offset, length));
        self.fresh.files.push(Output::Answer { link: id, file, part });
    }

    pub(super) fn take_chunk(&mut self, id: LinkId, sha256: [u8; 32], offset: u64, bytes: Vec<u8>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let asked = |ask: &Ask| {
            ask.file.sha256 == sha256 && ask.offset == offset && u64::from(ask.length) == bytes.len() as u64
        };
        let Some(ask) = link.files.asks.front().copied().filter(asked) else {
            return self.close(id, CloseReason::OutOfPlace("a part of a file that was not asked for"));
        };
        link.files.asks.pop_front();
        let device = link.peer.device;
        // It may have come another way, or been erased, since it was asked for.
        let Some(want) = self.files.wants.get_mut(&ask.file) else { return };
        let Stage::Asked { link: of, fresh, .. } = want.stage else { return };
        if of != id || want.here != offset {
            return;
        }
        want.here += u64::from(ask.length);
        let whole = want.here == ask.file.size;
        if whole {
            want.stage = Stage::Checking { link: id, device, fresh };
            link.files.checking += 1;
        }
        self.fresh.files.push(Output::WriteChunk { file: ask.file, offset, bytes });
        if whole {
            self.fresh.files.push(Output::CheckFile { file: ask.file });
        }
    }

    pub(super) fn take_not_held(&mut self, id: LinkId, file: FileRef) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.files.asks.front().is_none_or(|ask| ask.file != file) {
            return self.close(id, CloseReason::OutOfPlace("an answer to no question"));
        }
        link.files.asks.pop_front();
        link.files.absent.insert(file);
        self.give_up(id, file);
    }

    pub(super) fn take_held(&mut self, id: LinkId, file: FileRef) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.files.absent.remove(&file) {
            link.files.todo.insert(file);
        }
    }

    pub(super) fn take_fetching(&mut self, id: LinkId, more: bool) {
        if let Some(link) = self.links.get_mut(&id) {
            link.files.they_fetch = more;
        }
    }

    /// A link does not give a file after all: another may.
    fn give_up(&mut self, id: LinkId, file: FileRef) {
        let asked = |want: &&mut Want| matches!(want.stage, Stage::Asked { link, .. } if link == id);
        if let Some(want) = self.files.wants.get_mut(&file).filter(asked) {
            want.stage = Stage::Idle;
            self.todo_again(file);
        }
    }

    /// What a link that is gone was asked for, others may be.
    pub(super) fn give_up_all(&mut self, id: LinkId, files: &LinkFiles) {
        let asked: BTreeSet<FileRef> = files.asks.iter().map(|ask| ask.file).chain(files.current).collect();
        for file in asked {
            self.give_up(id, file);
        }
    }

    /// Whatever is to be asked for on a link now.
    pub(super) fn ask_for_files(&mut self, id: LinkId) {
        let mut asks = Vec::new();
        while let Some(ask) = self.next_ask(id) {
            asks.push(Frame::WantChunk { file: ask.file, offset: ask.offset, length: ask.length });
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        let more = link.files.fetching();
        let changed = std::mem::replace(&mut link.files.told_fetching, more) != more;
        let fetching = changed.then_some(Frame::Fetching { more });
        for frame in fetching.into_iter().chain(asks) {
            self.out.push_back(Output::Send { link: id, frame: frame.encode() });
        }
    }

    fn next_ask(&mut self, id: LinkId) -> Option<Ask> {
        loop {
            let link = self.links.get(&id)?;
            let ready = link.met() && link.files.asks.len() < WINDOW && self.gets_content(&link.peer.party);
            if !ready {
                return None;
            }
            let link = self.links.get_mut(&id)?;
            let device = link.peer.device;
            let most = if link.narrow { NARROW_CHUNK } else { CHUNK };
            let files = &mut link.files;
            let file = files.current.or_else(|| files.todo.pop_first())?;
            let begun = files.current.take().is_some();
            let shunned = files.absent.contains(&file) || self.files.distrusted.contains(&(device, file));
            let Some(want) = self.files.wants.get_mut(&file).filter(|_| !shunned) else { continue };
            let (next, fresh) = match want.stage {
                Stage::Asked { link, next, fresh } if begun && link == id => (next, fresh),
                Stage::Idle if !begun => (want.here, want.here == 0),
                _ => continue,
            };
            if want.here == file.size {
                // Empty, or all of it was here before.
                want.stage = Stage::Checking { link: id, device, fresh: false };
                files.checking += 1;
                self.out.push_back(Output::CheckFile { file });
                continue;
            }
            if next == file.size {
                continue;
            }
            let length = u32::try_from(file.size - next).map_or(most, |left| left.min(most));
            want.stage = Stage::Asked { link: id, next: next + u64::from(length), fresh };
            files.current = Some(file);
            let ask = Ask { file, offset: next, length };
            files.asks.push_back(ask);
            return Some(ask);
        }
    }
}
