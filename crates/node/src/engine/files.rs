//! Attached files on their way: parts written as they come, looked at in the end, read when it is their turn.

use counterpart_core::{
    attachment::FileRef,
    id::{CaseId, DeviceKey},
    sync::{LinkId, frame::Frame},
};
use counterpart_store::{Files, FilesError};

use super::{Command, Engine, cases::OpenCase};

/// Most devices and files remembered for having been wrong.
const MAX_WRONG: usize = 4096;

/// The answer to one who asked for a part of a file.
pub(super) struct Answer {
    pub(super) file: FileRef,
    /// From where, and how many bytes; nothing where it is not given.
    pub(super) part: Option<(u64, u32)>,
}

/// Where the bytes of a case's files are read.
pub(super) struct Source {
    pub(super) files: Files,
    pub(super) case: CaseId,
}

impl Source {
    /// The frame that answers. A file that went meanwhile, as one that was erased, is not here.
    pub(super) async fn frame(&self, answer: Answer) -> Vec<u8> {
        let (files, case, file) = (self.files.clone(), self.case, answer.file);
        let read = move |(offset, length)| Some((offset, files.read(&case, &file, offset, length).ok()?));
        let found = tokio::task::spawn_blocking(move || answer.part.and_then(read)).await;
        let frame = match found.ok().flatten() {
            Some((offset, bytes)) => Frame::Chunk { sha256: file.sha256, offset, bytes },
            None => Frame::NotHeld { file },
        };
        frame.encode()
    }
}

impl Engine {
    pub(super) fn answered(&mut self, link: LinkId) {
        let Some(case) = self.links.get(&link).map(|l| l.case) else { return };
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.answered(link);
        }
        self.drain(case);
    }

    pub(super) fn write_chunk(&mut self, case: CaseId, file: FileRef, offset: u64, bytes: &[u8]) {
        if let Err(why) = self.desk.files().append(&case, &file, offset, bytes) {
            self.stop_file(case, file, &why);
        }
    }

    /// Looks at a file in a thread of its own: it may be large.
    pub(super) fn check_file(&mut self, case: CaseId, file: FileRef) {
        let (files, commands) = (self.desk.files(), self.commands.clone());
        tokio::task::spawn_blocking(move || {
            let sound = files.finish(&case, &file);
            drop(commands.send(Command::FileChecked { case, file, sound }));
        });
    }

    pub(super) fn file_checked(&mut self, case: CaseId, file: FileRef, sound: Result<bool, FilesError>) {
        let now = self.ticks.now();
        match sound {
            Ok(sound) => {
                if let Some(open) = self.cases.get_mut(&case) {
                    open.machine.file_checked(file, sound, now);
                }
            }
            Err(why) => self.stop_file(case, file, &why),
        }
        // It may have been erased while it was looked at.
        let own = self.desk.party();
        let erased = |open: &OpenCase| open.machine.record().file_erased_by(&own, &file).is_some();
        if self.cases.get(&case).is_some_and(erased)
            && let Err(why) = self.desk.files().erase(&case, &file)
        {
            self.trouble(&why);
        }
        self.drain(case);
    }

    /// A file cannot be kept; everything else goes on.
    fn stop_file(&mut self, case: CaseId, file: FileRef, why: &FilesError) {
        self.trouble(why);
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.file_stopped(file, self.ticks.now());
        }
    }

    /// Which files are here, as another process may have changed it.
    pub(super) fn look_at_files(&mut self, case: CaseId) {
        let Some(open) = self.cases.get_mut(&case) else { return };
        match self.desk.files().list(&case) {
            // Draining closes a case that has no link.
            Ok(listing) => {
                if open.machine.files_found(&listing.held, self.ticks.now()) {
                    self.drain(case);
                }
            }
            Err(why) => self.trouble(&why),
        }
    }

    pub(super) fn wrong_file(&mut self, case: CaseId, device: DeviceKey, file: FileRef) {
        if self.wrong_files.len() < MAX_WRONG {
            self.wrong_files.insert((case, device, file));
        }
    }
}
