//! The worksheet on a link: what each side has of it, and the edits the other lacks. Entries always go first.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CloseReason, Damaged, LinkId, Machine, Notice, Persist,
    admission::is_revoked,
    frame::{DraftTips, Frame},
    link::Size,
};
use crate::{
    envelope::Verified,
    id::{DeviceKey, EditId},
    keylog::Kinds,
    worksheet::{Edit, EpochId, MAX_DEVICES, SignedEdit, Taken, Worksheet},
};

/// Frames of edits sent that were not yet said to be stored, before sending waits.
const WINDOW: u32 = 2;
/// Most edits in a frame, and bytes from which on it is closed.
pub(super) const BATCH_EDITS: usize = 64;
const BATCH_BYTES: usize = 64 * 1024;
/// Most edits from one link that wait for what is not here, and most bytes of them.
const MAX_WAITING: usize = 256;
const MAX_WAITING_BYTES: usize = 1024 * 1024;

/// How the worksheet stands between this copy and the one at the other end of a link.
#[derive(Debug)]
pub(super) struct LinkDrafts {
    /// Our tips were sent; its tips came.
    said: bool,
    heard: bool,
    /// The epoch that the following is of.
    epoch: EpochId,
    /// How many edits of each device it has, or are on their way to it.
    has: BTreeMap<DeviceKey, u32>,
    /// Edits before this one, in order of arrival here, need no further look.
    cursor: usize,
    proofs: BTreeSet<EditId>,
    /// Numbers of frames: sent, said to be stored, received.
    sent: u32,
    stored: u32,
    received: u32,
    waiting: BTreeMap<EditId, SignedEdit<Verified>>,
    waiting_bytes: usize,
    /// Devices whose edits were asked for anew.
    asked: BTreeSet<DeviceKey>,
    /// Edits it named that were not here then.
    ahead: Vec<(DeviceKey, EditId)>,
    /// It sent what had to be refused: nothing more of the worksheet is taken from it.
    muted: bool,
}

impl LinkDrafts {
    pub(super) fn new() -> Self {
        Self {
            said: false,
            heard: false,
            epoch: EpochId::FIRST,
            has: BTreeMap::new(),
            cursor: 0,
            proofs: BTreeSet::new(),
            sent: 0,
            stored: 0,
            received: 0,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            asked: BTreeSet::new(),
            ahead: Vec::new(),
            muted: false,
        }
    }

    /// Begins anew in an epoch of which the other side has nothing.
    fn enter(&mut self, epoch: EpochId) {
        self.epoch = epoch;
        self.has.clear();
        self.cursor = 0;
        self.proofs.clear();
        self.asked.clear();
        self.ahead.clear();
    }

    /// It has a device's edits up to this one. What names more devices than an epoch has takes no room: who is not
    /// remembered is sent once more what it has.
    fn has_up_to(&mut self, device: DeviceKey, seq: u32) {
        if let Some(has) = self.has.get_mut(&device) {
            *has = (*has).max(seq);
        } else if self.has.len() < MAX_DEVICES {
            self.has.insert(device, seq);
        }
    }

    fn park(&mut self, edit: SignedEdit<Verified>) {
        let bytes = self.waiting_bytes + edit.bytes().len();
        if self.waiting.len() < MAX_WAITING && bytes <= MAX_WAITING_BYTES && !self.waiting.contains_key(&edit.id) {
            self.waiting_bytes = bytes;
            self.waiting.insert(edit.id, edit);
        }
    }

    fn unpark(&mut self) -> Vec<SignedEdit<Verified>> {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Whether somebody may write in the worksheet.
enum Standing {
    May,
    /// Nothing here says so yet.
    Unknown,
    /// Its grant ended; what others took before that still stands.
    Ended,
    Never,
}

impl Machine {
    /// The worksheet of this case.
    #[must_use]
    pub fn worksheet(&self) -> &Worksheet {
        &self.sheet
    }

    /// Takes in the edits that the store holds, in the order in which they were stored; before the first link.
    ///
    /// # Errors
    /// When one cannot be taken in: the store is damaged. The rest is taken all the same.
    pub fn edits_found(&mut self, stored: Vec<Vec<u8>>) -> Result<(), Damaged> {
        let outcomes: Vec<_> = stored.iter().map(|bytes| self.edit_found(bytes)).collect();
        outcomes.into_iter().try_for_each(|outcome| outcome.map(drop))
    }

    /// One edit from our own store; tells whether it was new.
    pub(super) fn edit_found(&mut self, bytes: &[u8]) -> Result<bool, Damaged> {
        let edit = SignedEdit::decode(bytes).map_err(|e| Damaged(e.to_string()))?.from_own_store();
        let taken = self.sheet.take(edit).map_err(|e| Damaged(e.to_string()))?;
        Ok(matches!(taken, Taken::New | Taken::Restarted | Taken::Fork))
    }

    /// Whether anything of the worksheet is under way between this copy and a link's.
    pub(super) fn drafts_under_way(&self, id: LinkId) -> bool {
        let Some(link) = self.links.get(&id) else { return false };
        let drafts = &link.drafts;
        if !link.speaks_second() || !self.gets_content(&link.peer.party) {
            return false;
        }
        let wanted = |(device, id): &(DeviceKey, EditId)| !self.sheet.holds(id) && !self.sheet.is_spoilt(device);
        let expects = !drafts.heard && self.record.delivers_to(&self.author.party);
        let behind = !drafts.muted && drafts.epoch == self.sheet.epoch() && drafts.ahead.iter().any(wanted);
        let behind = behind || (!drafts.muted && drafts.heard && drafts.epoch > self.sheet.epoch());
        expects || behind || drafts.sent > drafts.stored || (drafts.heard && self.lacks_drafts(drafts))
    }

    fn lacks_drafts(&self, drafts: &LinkDrafts) -> bool {
        if drafts.epoch != self.sheet.epoch() {
            return drafts.epoch < self.sheet.epoch() && !self.sheet.is_empty();
        }
        let lacks = |n: usize| {
            let edit = self.sheet.nth(n).map(|signed| &signed.edit);
            edit.is_some_and(|edit| drafts.has.get(&edit.device).copied().unwrap_or(0) < edit.seq)
        };
        (drafts.cursor..self.sheet.len()).any(lacks)
    }

    /// The next frame of the worksheet for a link, once it has all entries and while its window is open.
    pub(super) fn next_draft(&mut self, id: LinkId) -> Option<Frame> {
        let link = self.links.get(&id)?;
        let first = link.met() && link.window_open() && link.speaks_second() && self.gets_content(&link.peer.party);
        if !first {
            return None;
        }
        let epoch = self.sheet.epoch();
        let size = Size::new(link.narrow, BATCH_EDITS, BATCH_BYTES);
        let drafts = &mut self.links.get_mut(&id)?.drafts;
        if !drafts.said {
            drafts.said = true;
            let tips = self.sheet.tips().take(MAX_DEVICES).collect();
            return Some(Frame::DraftTips(DraftTips { epoch, tips }));
        }
        if !drafts.heard || drafts.sent - drafts.stored >= WINDOW || drafts.epoch > epoch {
            return None;
        }
        if drafts.epoch < epoch {
            drafts.enter(epoch);
        }
        let mut edits: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        while let Some(signed) = self.sheet.nth(drafts.cursor) {
            let has = drafts.has.entry(signed.edit.device).or_default();
            if *has < signed.edit.seq {
                if !size.takes(edits.len(), bytes, signed.bytes().len()) {
                    break;
                }
                *has = signed.edit.seq;
                bytes += signed.bytes().len();
                edits.push(signed.bytes().to_vec());
            }
            drafts.cursor += 1;
        }
        for proof in self.sheet.proofs() {
            if size.takes(edits.len(), bytes, proof.bytes().len()) && drafts.proofs.insert(proof.id) {
                bytes += proof.bytes().len();
                edits.push(proof.bytes().to_vec());
            }
        }
        if edits.is_empty() {
            return None;
        }
        drafts.sent += 1;
        Some(Frame::DraftEdits { number: drafts.sent, edits })
    }

    pub(super) fn take_draft(&mut self, id: LinkId, frame: Frame) {
        let taken = match frame {
            Frame::DraftTips(tips) => self.take_draft_tips(id, &tips),
            Frame::DraftEdits { number, edits } => self.take_draft_edits(id, number, edits),
            Frame::DraftStored { number } => self.take_draft_stored(id, number),
            Frame::DraftWant { device, from } => {
                self.take_draft_want(id, device, from);
                Ok(())
            }
            _ => Err("not a frame of the worksheet"),
        };
        if let Err(why) = taken {
            self.close(id, CloseReason::OutOfPlace(why));
        }
    }

    fn take_draft_tips(&mut self, id: LinkId, tips: &DraftTips) -> Result<(), &'static str> {
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        let drafts = &mut link.drafts;
        if drafts.heard {
            return Err("the worksheet's tips come once");
        }
        drafts.heard = true;
        drafts.enter(tips.epoch);
        if tips.epoch != self.sheet.epoch() {
            return Ok(());
        }
        for (device, seq, tip) in &tips.tips {
            let ours = self.sheet.tips().find(|(of, ..)| of == device).map_or(0, |(_, seq, _)| seq);
            match self.sheet.at_position(device, *seq) {
                Some(known) if known == *tip => drafts.has.insert(*device, *seq),
                // Another history of that device: all of ours shows where they part.
                Some(_) => drafts.has.insert(*device, 0),
                None => {
                    drafts.ahead.push((*device, *tip));
                    drafts.has.insert(*device, ours)
                }
            };
        }
        Ok(())
    }

    fn take_draft_stored(&mut self, id: LinkId, number: u32) -> Result<(), &'static str> {
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        let drafts = &mut link.drafts;
        if drafts.stored >= drafts.sent || number != drafts.stored + 1 {
            return Err("a word for a frame of edits that was not sent");
        }
        drafts.stored = number;
        Ok(())
    }

    /// Asked for anew: the edits of a device from one position on.
    fn take_draft_want(&mut self, id: LinkId, device: DeviceKey, from: u32) {
        // Of a device that wrote nothing here there is nothing to send.
        if self.sheet.at_position(&device, 1).is_none() {
            return;
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        link.drafts.has.insert(device, from.saturating_sub(1));
        link.drafts.cursor = 0;
    }

    fn take_draft_edits(&mut self, id: LinkId, number: u32, edits: Vec<Vec<u8>>) -> Result<(), &'static str> {
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        if Some(number) != link.drafts.received.checked_add(1) {
            return Err("a number of a frame of edits was left out");
        }
        link.drafts.received = number;
        for bytes in edits {
            if self.links.get(&id).is_none_or(|link| link.drafts.muted) {
                break;
            }
            self.take_edit(id, &bytes);
        }
        self.retry_edits();
        self.fresh.frames.push((id, Frame::DraftStored { number }));
        Ok(())
    }

    fn take_edit(&mut self, id: LinkId, bytes: &[u8]) {
        let read = SignedEdit::decode(bytes).map_err(|e| e.to_string());
        let edit = match read {
            Ok(edit) if edit.edit.case == self.case => edit,
            Ok(_) => return self.mute(id, "an edit of another case's worksheet".to_owned()),
            Err(why) => return self.mute(id, why),
        };
        // What is here already, or of an epoch that is over, is not worth a look at its signature.
        let known = self.sheet.holds(&edit.id) || edit.epoch() < self.sheet.epoch();
        if let Some(link) = self.links.get_mut(&id)
            && edit.epoch() >= link.drafts.epoch
            && (known || edit.epoch() >= self.sheet.epoch())
        {
            if edit.epoch() > link.drafts.epoch {
                link.drafts.enter(edit.epoch());
            }
            link.drafts.has_up_to(edit.edit.device, edit.edit.seq);
        }
        if known {
            return;
        }
        match edit.verify() {
            Ok(edit) => self.place_edit(id, edit),
            Err(why) => self.mute(id, why.to_string()),
        }
    }

    fn place_edit(&mut self, id: LinkId, edit: SignedEdit<Verified>) {
        let Some(link) = self.links.get(&id) else { return };
        match self.standing(&edit.edit) {
            Standing::May => {}
            Standing::Ended if link.peer.device != edit.edit.device => {}
            Standing::Unknown => return self.park_edit(id, edit, false),
            Standing::Ended | Standing::Never => {
                return self.mute(id, "an edit of the worksheet by a device that may not write here".to_owned());
            }
        }
        match self.sheet.take(edit.clone()) {
            Ok(taken @ (Taken::New | Taken::Restarted | Taken::Fork)) => {
                if taken == Taken::Restarted {
                    self.fresh.persist.push(Persist::ForgetEdits { but: self.sheet.epoch() });
                }
                self.fresh.persist.push(Persist::Edit {
                    id: edit.id,
                    epoch: edit.epoch(),
                    device: edit.edit.device,
                    seq: edit.edit.seq,
                    bytes: edit.bytes().to_vec(),
                });
                self.fresh.drafts = true;
            }
            Ok(Taken::Waits) => self.park_edit(id, edit, true),
            Ok(Taken::Known | Taken::Ignored) => {}
            Ok(Taken::NoRoom) => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.drafts.muted = true;
                    let from = link.peer;
                    self.fresh.notices.push(Notice::WorksheetFull { from });
                }
            }
            Err(refusal) => self.mute(id, refusal.to_string()),
        }
    }

    /// Lets an edit wait; and asks for what its device did before, if that is what is missing.
    fn park_edit(&mut self, id: LinkId, edit: SignedEdit<Verified>, ask: bool) {
        let (device, seq, prev) = (edit.edit.device, edit.edit.seq, edit.edit.prev);
        let Some(link) = self.links.get_mut(&id) else { return };
        let before = self.sheet.at_position(&device, seq.saturating_sub(1));
        if ask && prev.is_some() && before != prev && link.drafts.asked.insert(device) {
            self.fresh.frames.push((id, Frame::DraftWant { device, from: 1 }));
        }
        link.drafts.park(edit);
    }

    /// Tries what waits again, until nothing more finds its place.
    pub(super) fn retry_edits(&mut self) {
        loop {
            let before = self.sheet.len();
            let links: Vec<LinkId> = self.links.keys().copied().collect();
            for id in links {
                let Some(link) = self.links.get_mut(&id) else { continue };
                for edit in link.drafts.unpark() {
                    self.place_edit(id, edit);
                }
            }
            if self.sheet.len() == before {
                return;
            }
        }
    }

    fn standing(&self, edit: &Edit) -> Standing {
        if !self.record.is_member(&edit.party) {
            return Standing::Unknown;
        }
        match self.record.logs().grant_of_device(&edit.party, &edit.device) {
            None => Standing::Unknown,
            // A mailbox may keep what others write, and write nothing itself.
            Some((_, grant)) if grant.kinds == Kinds::Listed(Vec::new()) => Standing::Never,
            Some((id, _)) if is_revoked(self.record.logs(), &edit.party, &id) => Standing::Ended,
            Some(_) => Standing::May,
        }
    }

    /// Nothing more of the worksheet is taken from a link that sent what must be refused. Its entries go on.
    fn mute(&mut self, id: LinkId, refusal: String) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.drafts.muted = true;
        drop(link.drafts.unpark());
        let from = link.peer;
        self.fresh.notices.push(Notice::Refused { id: None, from, refusal });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_names_takes_room_for_as_many_devices_as_an_epoch_has() {
        let mut drafts = LinkDrafts::new();
        let device = |n: u16| DeviceKey([n.to_be_bytes()[0], n.to_be_bytes()[1]].repeat(16).try_into().expect("32"));
        for n in 0..1000 {
            drafts.has_up_to(device(n), 7);
        }
        drafts.has_up_to(device(0), 9);
        drafts.has_up_to(device(0), 8);
        assert_eq!((drafts.has.len(), drafts.has.get(&device(0))), (MAX_DEVICES, Some(&9)));
    }
}
