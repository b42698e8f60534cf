//! The cases in memory: a machine each, from the first link to the last.

use std::time::Duration;

use counterpart_core::{
    act::Act,
    id::{CaseId, DeviceKey, EntryId},
    record::DraftError,
    seal::path_to_value,
    sync::{LinkId, Machine, Notice, Output, PeerDevice, Persist, Stored, hello::Greeted},
};
use counterpart_store::{Chore, EntryRow, Inserted, KeyEventRow, ReceiptRow, StoreError, Txn};
use tokio::time::Instant;

use super::{
    Engine,
    links::Ended,
    routes::Route,
    worksheet::{is_of_worksheet, keep_edit},
};
use crate::{
    beside::Erasing,
    clock::now,
    desk::put_summary,
    error::DeskError,
    home, limits,
    metrics::{self, Refused},
    node::NodeEvent,
    search,
};

/// A case with a link, or one just acted on.
pub(super) struct OpenCase {
    pub(super) machine: Machine,
    /// The store's last entry that the machine has.
    pub(super) ordinal: u64,
    /// The store's last edit of the worksheet that the machine has.
    pub(super) edits: u64,
    /// How many receipts the store had when it was last asked.
    pub(super) receipts: u64,
    /// An own entry stored with its values when it was signed: the machine is about to ask for just that.
    pub(super) kept: Option<EntryId>,
    /// When the machine wants to be woken, Unix milliseconds.
    pub(super) wake: Option<i64>,
    /// Until when nothing is signed, because a peer named entries of this device that are not here.
    looking: Option<Instant>,
}

/// How long entries of this device that a peer named are waited for before signing goes on without them.
const LOOKING: Duration = Duration::from_secs(20);

impl Engine {
    /// The case in memory, loaded if need be.
    pub(super) fn open_case(&mut self, case: CaseId) -> Result<&mut OpenCase, DeskError> {
        if !self.cases.contains_key(&case) {
            let loaded = self.desk.load(&case)?;
            self.desk.sweep(&case, &loaded.record)?;
            let trusted = self.opener_of(&case).into_iter().collect();
            let mut machine = Machine::new(case, loaded.record, self.desk.author(), trusted);
            machine.parts_found(&loaded.parts);
            let stored = self.desk.with_store(|store| store.edits_after(case, 0))?;
            let edits = stored.last().map_or(0, |edit| edit.arrival);
            // Drafts that cannot be read harm nothing but themselves.
            let drafts = machine.edits_found(stored.into_iter().map(|edit| edit.envelope).collect());
            if let Err(why) = drafts {
                self.trouble(&why);
            }
            for (_, device, file) in self.wrong_files.iter().filter(|(of, ..)| *of == case) {
                machine.distrust(*device, *file);
            }
            self.cases.insert(
                case,
                OpenCase {
                    machine,
                    ordinal: loaded.ordinal,
                    edits,
                    receipts: 0,
                    kept: None,
                    wake: None,
                    looking: None,
                },
            );
            self.records_for(case)?;
        }
        Ok(self.cases.get_mut(&case).expect("just put in"))
    }

    /// Whether a dialer may have a case: "unknown" and "not yours" are told alike.
    pub(super) fn asked(&mut self, case: CaseId, greeted: &Greeted) -> Option<PeerDevice> {
        let known = self.desk.with_store(|s| s.entry_count(case)).is_ok_and(|n| n > 0);
        // A device of our own party that asks for what is not here has it, and brings it.
        let own = greeted.party == self.desk.party();
        if self.offline || (!known && !own && self.opener_of(&case).is_none()) {
            metrics::here().refused(Refused::Call);
            return None;
        }
        let time = self.ticks.now();
        let opened = self.open_case(case).map(|open| {
            if !known && own {
                open.machine.trust(greeted.party);
            }
            open.machine.admit(greeted, time)
        });
        let admitted = match opened {
            Ok(admitted) => {
                if admitted.is_err() {
                    metrics::here().refused(Refused::Call);
                }
                admitted.ok()
            }
            Err(why) => {
                self.trouble(&why);
                None
            }
        };
        self.drain(case);
        admitted
    }

    /// Takes in what other processes wrote to the store about a case.
    pub(super) fn absorb_stored(&mut self, case: CaseId) {
        // A command keeps the bytes of a file before it signs what names it.
        self.look_at_files(case);
        self.absorb_key_logs(case);
        let Some(open) = self.cases.get_mut(&case) else { return };
        let after = open.ordinal;
        let read = self.desk.with_store(|store| {
            store.read(|reads| {
                let mut stored = Vec::new();
                let entries = reads.entries_after(case, after)?;
                let last = entries.last().map(|e| e.ordinal);
                let new: Vec<EntryId> = entries.iter().map(|e| e.id).collect();
                stored.extend(entries.into_iter().map(|e| Stored::Entry(e.envelope)));
                for id in new {
                    stored.extend(reads.values_of(case, id)?.into_iter().map(|v| Stored::Value(v.disclosure)));
                }
                Ok::<_, DeskError>((stored, last))
            })
        });
        match read {
            Ok((stored, Some(last))) => {
                open.ordinal = last;
                let absorbed = open.machine.absorb(stored, self.ticks.now());
                if let Err(why) = absorbed {
                    self.trouble(&why);
                }
                self.drain(case);
                // What was erased before may be named anew.
                self.look_at_files(case);
            }
            Ok((_, None)) => {}
            Err(why) => self.trouble(&why),
        }
        self.absorb_receipts(case);
        self.absorb_edits(case);
    }

    /// Signs an act of ours in memory: reading the heads, signing and storing are one transaction.
    pub(super) fn act(&mut self, case: CaseId, act: &Act, at: i64) -> Result<EntryId, DeskError> {
        self.open_case(case)?;
        self.absorb_stored(case);
        // Taking in what others wrote closes a case that has no link.
        self.open_case(case)?;
        let author = self.desk.author();
        let key = self.desk.identity().device.clone();
        let open = self.cases.get_mut(&case).expect("opened above");
        if open.looking.is_some_and(|until| Instant::now() < until) {
            return Err(DeskError::Looking);
        }
        let machine = &mut open.machine;
        let ordinal = open.ordinal;
        let held = machine.record().graph().len();
        let desk = &self.desk;
        let signed = desk.with_store(|store| {
            store.write(|txn| {
                if txn.last_ordinal(case)? != ordinal {
                    return Ok(None);
                }
                let before = txn.newest_ordinal()?;
                desk.may_sign(txn, case, machine.record())?;
                limits::check(machine.record(), &author, act, at)?;
                let draft = machine.record().draft(&author, act, at, &mut || desk.draw())?;
                let erasing = Erasing::by(machine.record(), act);
                let signed = machine.sign(draft, &key, at).map_err(DraftError::Gate)?;
                if let Some(erasing) = &erasing {
                    erasing.carry_out(txn, case, machine.record(), &author.party)?;
                }
                let seq = machine.record().graph().statement(signed.ix).seq;
                let device = author.device;
                let envelope = &signed.bytes;
                let row = EntryRow { case, id: signed.id, device, seq: u64::from(seq), own: true, envelope };
                txn.insert_entry(&row)?;
                desk.want_stamps(txn, machine.record(), std::iter::once(signed.ix), at)?;
                for value in &signed.values {
                    txn.put_value(case, signed.id, &path_to_value(&value.path).encode(), &value.encode())?;
                }
                if let Some(brief) = machine.brief() {
                    put_summary(txn, case, &brief, machine.record(), &author.party, at)?;
                }
                Ok::<_, DeskError>(Some((signed.id, txn.last_ordinal(case)?, before)))
            })
        });
        match signed {
            Ok(Some((id, last, before))) => {
                open.ordinal = last;
                open.kept = Some(id);
                self.wrote_entries(before, last);
                metrics::here().signed.inc();
                self.routes.news(case, Instant::now());
                self.drain(case);
                Ok(id)
            }
            // Another process wrote in between: take that in and try again.
            Ok(None) => self.act(case, act, at),
            // So did another machine, at the same moment: what was signed on is not what is there.
            Err(DeskError::Store(StoreError::Conflict)) => {
                self.forget(case);
                self.act(case, act, at)
            }
            Err(why) => {
                // A refused act changed nothing. Where the machine holds what the store did not take, it starts
                // again from the store.
                if open.machine.record().graph().len() != held {
                    self.forget(case);
                }
                Err(why)
            }
        }
    }

    /// Carries out what a machine wants done, in its order: that order is the durability rule.
    pub(super) fn drain(&mut self, case: CaseId) {
        while let Some(output) = self.cases.get_mut(&case).and_then(|open| open.machine.poll_output()) {
            match output {
                Output::Persist(things) => {
                    if let Err(why) = self.persist(case, &things) {
                        // What is not durable is not sent: drop the machine and its links with all that waits.
                        self.trouble(&why);
                        self.forget(case);
                        return;
                    }
                }
                Output::Send { link, frame } => {
                    if let Some(handle) = self.links.get_mut(&link) {
                        handle.send(frame);
                    }
                }
                Output::Close { link, reason } => {
                    if !matches!(reason, counterpart_core::sync::CloseReason::Bye(_)) {
                        self.trouble(&reason);
                    }
                    self.closed(link, Ended::from(&reason));
                }
                Output::WriteChunk { file, offset, bytes } => self.write_chunk(case, file, offset, &bytes),
                Output::CheckFile { file } => self.check_file(case, file),
                Output::Answer { link, file, part } => {
                    if let Some(handle) = self.links.get_mut(&link) {
                        handle.answer(file, part);
                    }
                }
                Output::SignReceipt(receipt) => self.sign_receipt(case, receipt),
                Output::Notify(notice) => self.notice(case, notice),
                Output::WakeAt(at) => {
                    if let Some(open) = self.cases.get_mut(&case) {
                        open.wake = Some(at);
                    }
                }
            }
        }
        if let Some(open) = self.cases.get_mut(&case) {
            let hears = open.machine.hears_of_own();
            open.looking = hears.then(|| open.looking.unwrap_or_else(|| Instant::now() + LOOKING));
        }
        self.report_in_step(case);
        self.close_if_idle(case);
    }

    fn persist(&mut self, case: CaseId, things: &[Persist]) -> Result<(), DeskError> {
        if things.iter().all(is_of_worksheet) {
            return self.persist_edits(case, things);
        }
        let own = self.desk.author();
        let Some(open) = self.cases.get_mut(&case) else { return Ok(()) };
        let kept = |thing: &Persist| match thing {
            Persist::Entry { id, .. } => open.kept == Some(*id),
            Persist::Value { entry, .. } => open.kept == Some(*entry),
            _ => false,
        };
        if things.iter().all(kept) {
            // One wait for the disk less.
            open.kept = None;
            return Ok(());
        }
        let machine = &mut open.machine;
        let ordinal = open.ordinal;
        let desk = &self.desk;
        let mut elsewhere = false;
        let (reached, written) = self.desk.with_store(|store| {
            store.write_again(|txn| {
                elsewhere = false;
                let in_step = txn.last_ordinal(case)? == ordinal;
                let before = txn.newest_ordinal()?;
                for thing in things {
                    // What was signed here was stored before anybody had it.
                    elsewhere |= keep(txn, case, thing)? == Some(own.device);
                }
                let graph = machine.record().graph();
                let arrived = things.iter().filter_map(|thing| match thing {
                    Persist::Entry { id, .. } => graph.find(id),
                    _ => None,
                });
                desk.want_stamps(txn, machine.record(), arrived, now())?;
                if let Some(brief) = machine.brief() {
                    search::came(txn, case, machine.record(), things, &own.party)?;
                    put_summary(txn, case, &brief, machine.record(), &own.party, now())?;
                }
                // Where another process wrote meanwhile, the next look reads from before both.
                let reached = if in_step { txn.last_ordinal(case)? } else { ordinal };
                Ok::<_, DeskError>((reached, (before, txn.newest_ordinal()?)))
            })
        })?;
        open.ordinal = reached;
        if ordinal == 0 && reached > 0 {
            // Our other devices are to have it as well.
            self.finding.read_again();
        }
        self.wrote_entries(written.0, written.1);
        if elsewhere {
            self.used_elsewhere(case);
        }
        if things.iter().any(|thing| matches!(thing, Persist::EraseValue { .. } | Persist::EraseFile(_))) {
            self.chores();
        }
        self.note_key_events(things);
        if !things.iter().all(is_of_whereabouts) {
            self.routes.news(case, Instant::now());
        }
        for thing in things {
            if let Persist::ForgetAddresses { party, device } = thing {
                self.record_came(*party, *device);
            }
        }
        Ok(())
    }

    /// An entry or receipt came that this device signed and not here: this home is a copy or an old backup, and signs no
    /// more.
    fn used_elsewhere(&mut self, case: CaseId) {
        if !home::is_elsewhere(self.desk.home()) {
            home::mark_elsewhere(self.desk.home());
            self.tell(NodeEvent::UsedElsewhere { case });
        }
    }

    fn sign_receipt(&mut self, case: CaseId, receipt: counterpart_core::receipt::Receipt) {
        // The other copy may have given receipts under the same numbers.
        if home::is_elsewhere(self.desk.home()) {
            return;
        }
        let signed = receipt.sign(&self.desk.identity().device);
        let row = |envelope| ReceiptRow {
            id: signed.id,
            case,
            device: signed.receipt.device,
            number: u64::from(signed.receipt.number),
            own: true,
            envelope,
        };
        let kept = self.desk.with_store(|store| {
            store.write(|txn| txn.insert_receipt(&row(signed.bytes())).map(drop).map_err(DeskError::from))
        });
        match kept {
            Ok(()) => {
                if let Some(open) = self.cases.get_mut(&case) {
                    open.machine.receipt_signed(signed, self.ticks.now());
                }
            }
            Err(why) => {
                self.trouble(&why);
                self.forget(case);
            }
        }
    }

    fn notice(&mut self, case: CaseId, notice: Notice) {
        match notice {
            Notice::Entries(entries) => {
                self.join_if_admitted(case);
                self.tell(NodeEvent::NewEntries { case, entries });
            }
            Notice::Refused { refusal, .. } => {
                metrics::here().refused(Refused::Entry);
                self.tell(NodeEvent::Trouble(format!("the other side sent what cannot be taken: {refusal}")));
            }
            Notice::Fork { device, seq } => self.tell(NodeEvent::Fork { case, device, seq }),
            Notice::Receipt { party, .. } => self.tell(NodeEvent::Receipt { case, party }),
            Notice::File(file) => self.tell(NodeEvent::File { case, file }),
            Notice::WrongFile { file, device } => self.wrong_file(case, device, file),
            Notice::Addresses { party, device } => self.record_came(party, device),
            Notice::Worksheet => self.tell(NodeEvent::Worksheet { case }),
            Notice::WorksheetFull { .. } => {
                let why = "the other side wrote more in the worksheet than there is room for here: start it afresh";
                self.tell(NodeEvent::Trouble(why.to_owned()));
            }
            Notice::Held { .. } => {
                self.tell(NodeEvent::Trouble("more arrived than may wait; it is asked for again".to_owned()));
            }
        }
    }

    fn report_in_step(&mut self, case: CaseId) {
        let Some(open) = self.cases.get(&case) else { return };
        for status in open.machine.peer_status() {
            let complete = status.in_step();
            if let Some(handle) = self.links.get_mut(&status.link) {
                let before = std::mem::replace(&mut handle.in_step, complete);
                if before != complete {
                    let route = Route { case, peer: handle.remote.as_bytes().to_vec() };
                    self.routes.in_step(&route, complete);
                }
                if complete && !before {
                    drop(self.events.try_send(NodeEvent::InStep { case, party: status.peer.party }));
                }
            }
        }
    }

    /// A case without a link, and without anything left to do, costs no memory.
    pub(super) fn close_if_idle(&mut self, case: CaseId) {
        let linked = self.links.values().any(|l| l.case == case);
        let busy = self.cases.get(&case).is_some_and(|open| open.wake.is_some());
        if !linked && !busy {
            self.cases.remove(&case);
        }
    }

    /// Drops a case's machine and links; the store is the truth, and links are taken up again from it.
    pub(super) fn forget(&mut self, case: CaseId) {
        self.cases.remove(&case);
        let links: Vec<LinkId> = self.links.iter().filter(|(_, link)| link.case == case).map(|(id, _)| *id).collect();
        for link in links {
            self.closed(link, Ended::Broke);
        }
    }
}

/// Whether it is about where devices can be reached, and not about the case.
fn is_of_whereabouts(thing: &Persist) -> bool {
    matches!(thing, Persist::Addresses { .. } | Persist::ForgetAddresses { .. })
}

/// Keeps a thing; gives the device that signed an entry or receipt that was not here.
pub(crate) fn keep(txn: &Txn<'_>, case: CaseId, thing: &Persist) -> Result<Option<DeviceKey>, DeskError> {
    let new = |inserted: Inserted, device: &DeviceKey| matches!(inserted, Inserted::New(_)).then_some(*device);
    match thing {
        Persist::Entry { id, device, seq, bytes } => {
            let row = EntryRow { case, id: *id, device: *device, seq: u64::from(*seq), own: false, envelope: bytes };
            let inserted = txn.insert_entry(&row)?;
            if matches!(inserted, Inserted::New(_)) {
                metrics::here().received.inc();
            }
            return Ok(new(inserted, device));
        }
        Persist::KeyEvent { id, party, position, bytes } => {
            let row = KeyEventRow { id: *id, party: *party, position: u64::from(*position), envelope: bytes };
            txn.insert_key_event(&row)?;
        }
        Persist::Value { entry, path, disclosure } => txn.put_value(case, *entry, path, disclosure)?,
        Persist::Receipt { id, device, number, bytes } => {
            let row =
                ReceiptRow { id: *id, case, device: *device, number: u64::from(*number), own: false, envelope: bytes };
            return Ok(new(txn.insert_receipt(&row)?, device));
        }
        Persist::EraseValue { entry, path } => {
            if txn.delete_value(case, *entry, path)? {
                txn.put_chore(&Chore::Scrub)?;
            }
        }
        Persist::Edit { .. } | Persist::ForgetEdits { .. } => keep_edit(txn, case, thing)?,
        Persist::Addresses { party, device, number, bytes } => {
            txn.put_whereabouts(*party, *device, *number, bytes)?;
        }
        Persist::ForgetAddresses { party, device } => txn.forget_whereabouts(*party, *device)?,
        Persist::EraseFile(file) => txn.put_chore(&Chore::EraseFile { case, file: *file })?,
    }
    Ok(None)
}
