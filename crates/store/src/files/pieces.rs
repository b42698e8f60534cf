//! Attached files in a shared database: what is here of each is a row, its bytes are pieces of bounded length.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use counterpart_core::{
    attachment::{FileHash, FileRef},
    id::CaseId,
};

use super::{FilesError, Listing, Source};
use crate::{
    Reads, Store, StoreError, StorePlace, Txn,
    db::{Value, params, unsigned},
    error::signed,
};

/// The longest piece.
const PIECE: usize = 1 << 18;
/// Bytes written by one transaction, at most, where a whole file is kept.
const AT_ONCE: usize = 1 << 22;

#[derive(Debug, Clone)]
pub(super) struct Pieces {
    place: StorePlace,
    /// A connection of its own: a file may be asked for while something else is being done.
    store: Arc<Mutex<Option<Store>>>,
}

const PART: &str = "case_id = ?1 AND sha256 = ?2 AND size = ?3";

impl Pieces {
    pub(super) fn new(place: StorePlace) -> Self {
        Self { place, store: Arc::default() }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Store) -> Result<T, FilesError>) -> Result<T, FilesError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match &mut *store {
            Some(open) => open,
            none => none.insert(Store::open_at(&self.place)?),
        };
        work(store)
    }

    fn name(file: &FileRef) -> PathBuf {
        PathBuf::from(CaseId(file.sha256).to_hex())
    }

    fn absent(file: &FileRef) -> FilesError {
        FilesError::Io { path: Self::name(file), detail: "it is not here".to_owned() }
    }

    pub(super) fn cases(&self) -> Result<Vec<CaseId>, FilesError> {
        let sql = "SELECT DISTINCT case_id FROM attached ORDER BY case_id";
        self.with(|store| Ok(store.rows(sql, [], |row| Ok(CaseId(row.get(0)?)))?))
    }

    pub(super) fn list(&self, case: &CaseId) -> Result<Listing, FilesError> {
        let sql = "SELECT sha256, size, came, whole FROM attached WHERE case_id = ?1";
        let rows = self.with(|store| {
            Ok(store.rows(sql, params![case.0], |row| {
                let file = FileRef { sha256: row.get(0)?, size: unsigned(row, 1)? };
                Ok((file, unsigned(row, 2)?, row.get::<_, bool>(3)?))
            })?)
        })?;
        let mut listing = Listing::default();
        for (file, came, whole) in rows {
            if whole {
                listing.held.push(file);
            } else {
                listing.parts.push((file, came));
            }
        }
        listing.held.sort_unstable();
        listing.parts.sort_unstable();
        Ok(listing)
    }

    /// As a part first; once all of it is there, it is whole in one transaction.
    pub(super) fn keep(&self, case: &CaseId, file: &FileRef, source: Source<'_>) -> Result<(), FilesError> {
        let Source { path, bytes } = source;
        let listed = self.list(case)?;
        if listed.held.contains(file) {
            // Its bytes are those of its name already; that those given are, too, is to be said all the same.
            return match hashed(bytes).map_err(FilesError::of_path(path))? == *file {
                true => Ok(()),
                false => Err(FilesError::Changed { path: path.to_owned() }),
            };
        }
        let changed = || FilesError::Changed { path: path.to_owned() };
        let mut hash = FileHash::default();
        let mut offset = 0;
        loop {
            let mut buffer = Vec::new();
            let got = (&mut *bytes).take(AT_ONCE as u64).read_to_end(&mut buffer);
            if got.map_err(FilesError::of_path(path))? == 0 && offset > 0 {
                break;
            }
            hash.update(&buffer);
            // More than it should have is not written down.
            if offset + buffer.len() as u64 > file.size {
                self.erase(case, file)?;
                return Err(changed());
            }
            self.append(case, file, offset, &buffer)?;
            offset += buffer.len() as u64;
            if buffer.is_empty() {
                break;
            }
        }
        if hash.finish() != *file {
            self.erase(case, file)?;
            return Err(changed());
        }
        self.settle(case, file)
    }

    fn settle(&self, case: &CaseId, file: &FileRef) -> Result<(), FilesError> {
        let size = signed(file.size)?;
        let sql = format!("UPDATE attached SET whole = 1 WHERE {PART} AND came = ?3");
        let settled: usize =
            self.with(|store| Ok(store.write_again(|txn| txn.change(&sql, params![case.0, file.sha256, size]))?))?;
        if settled == 1 { Ok(()) } else { Err(FilesError::OutOfStep { path: Self::name(file) }) }
    }

    pub(super) fn append(&self, case: &CaseId, file: &FileRef, offset: u64, bytes: &[u8]) -> Result<(), FilesError> {
        let size = signed(file.size)?;
        let part = params![case.0, file.sha256, size];
        let is_whole = format!("SELECT 1 FROM attached WHERE {PART} AND whole = 1");
        let in_step = self.with(|store| {
            Ok(store.write_again(|txn| {
                // Another node may have the whole of it already, and may have said so: no part of it takes its place.
                if txn.row(&is_whole, part, |_| Ok(()))?.is_some() {
                    return Ok(true);
                }
                if offset == 0 {
                    forget(txn, case, file)?;
                    let sql = "INSERT INTO attached (case_id, sha256, size, came, whole) VALUES (?1, ?2, ?3, 0, 0)";
                    txn.change(sql, part)?;
                }
                let came = txn.row(&format!("SELECT came FROM attached WHERE {PART}"), part, |row| unsigned(row, 0))?;
                if came != Some(offset) {
                    return Ok::<_, StoreError>(false);
                }
                let mut at = signed(offset)?;
                for piece in bytes.chunks(PIECE) {
                    let sql = "INSERT INTO pieces (case_id, sha256, size, place, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";
                    txn.change(sql, params![case.0, file.sha256, size, at, piece])?;
                    at += signed(piece.len() as u64)?;
                }
                let sql = format!("UPDATE attached SET came = ?4, whole = 0 WHERE {PART}");
                txn.change(&sql, params![case.0, file.sha256, size, at])?;
                Ok(true)
            })?)
        })?;
        if in_step { Ok(()) } else { Err(FilesError::OutOfStep { path: Self::name(file) }) }
    }

    pub(super) fn finish(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        if file.size == 0 {
            self.append(case, file, 0, &[])?;
        }
        let found = self.sum(case, file);
        let kept = found.and_then(|found| match found == Some(*file) {
            true => self.settle(case, file).map(|()| true),
            false => Ok(false),
        });
        if kept == Ok(false) {
            self.forget_unfit(case, file)?;
        }
        kept
    }

    /// Throws away what came in full and is not that file; not what another node has just begun anew.
    fn forget_unfit(&self, case: &CaseId, file: &FileRef) -> Result<(), FilesError> {
        let size = signed(file.size)?;
        let part = params![case.0, file.sha256, size];
        let sql = format!("SELECT 1 FROM attached WHERE {PART} AND came = size");
        self.with(|store| {
            Ok(store.write_again(|txn| {
                if txn.row(&sql, part, |_| Ok(()))?.is_some() {
                    forget(txn, case, file)?;
                }
                Ok::<_, StoreError>(())
            })?)
        })
    }

    fn sum(&self, case: &CaseId, file: &FileRef) -> Result<Option<FileRef>, FilesError> {
        let mut hash = FileHash::default();
        let there = self.each_piece(case, file, |piece| {
            hash.update(piece);
            Ok(())
        })?;
        Ok(there.then(|| hash.finish()))
    }

    /// One piece after the other; gives whether there is anything of the file at all.
    fn each_piece(
        &self,
        case: &CaseId,
        file: &FileRef,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<bool, FilesError> {
        let size = signed(file.size)?;
        let there = format!("SELECT 1 FROM attached WHERE {PART}");
        let next = format!("SELECT place, bytes FROM pieces WHERE {PART} AND place >= ?4 ORDER BY place LIMIT 1");
        let there =
            self.with(|store| Ok(store.row(&there, params![case.0, file.sha256, size], |_| Ok(()))?.is_some()))?;
        let mut at = 0;
        loop {
            let piece = self.with(|store| {
                Ok(store.row(&next, params![case.0, file.sha256, size, at], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
                })?)
            })?;
            let Some((place, bytes)) = piece else { return Ok(there) };
            if place != at {
                return Err(FilesError::OutOfStep { path: Self::name(file) });
            }
            take(&bytes).map_err(FilesError::of_path(&Self::name(file)))?;
            at = place + signed(bytes.len() as u64)?;
        }
    }

    fn is_whole(reads: &Reads, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        let sql = format!("SELECT 1 FROM attached WHERE {PART} AND whole = 1");
        Ok(reads.row(&sql, params![case.0, file.sha256, signed(file.size)?], |_| Ok(()))?.is_some())
    }

    pub(super) fn read(&self, case: &CaseId, file: &FileRef, offset: u64, length: u32) -> Result<Vec<u8>, FilesError> {
        let (size, from, length) = (signed(file.size)?, signed(offset)?, length as usize);
        let end = from.saturating_add(i64::try_from(length).unwrap_or(i64::MAX));
        let reach = i64::try_from(PIECE).unwrap_or(i64::MAX);
        let sql = format!("SELECT place, bytes FROM pieces WHERE {PART} AND place > ?4 AND place < ?5 ORDER BY place");
        let mut found = Vec::with_capacity(length);
        self.with(|store| {
            if !Self::is_whole(store, case, file)? {
                return Err(Self::absent(file));
            }
            let before = from - reach;
            Ok(store.each(&sql, params![case.0, file.sha256, size, before, end], |row| {
                let (place, Value::Bytes(bytes)) = (row.get::<_, i64>(0)?, row.value(1)?) else {
                    return Err(StoreError::Damaged { detail: "a piece of a file without bytes".to_owned() });
                };
                let skip = usize::try_from(from - place).unwrap_or(0).min(bytes.len());
                let room = length - found.len();
                found.extend(bytes[skip..].iter().take(room));
                Ok(())
            })?)
        })?;
        if found.len() == length {
            return Ok(found);
        }
        Err(FilesError::OutOfStep { path: Self::name(file) })
    }

    pub(super) fn open(&self, case: &CaseId, file: &FileRef) -> Result<File, FilesError> {
        if !self.with(|store| Self::is_whole(store, case, file))? {
            return Err(Self::absent(file));
        }
        let failed = |e: io::Error| FilesError::of_path(Path::new("a temporary file"))(e);
        let mut whole = tempfile::tempfile().map_err(failed)?;
        self.each_piece(case, file, |piece| whole.write_all(piece))?;
        whole.rewind().map_err(failed)?;
        Ok(whole)
    }

    pub(super) fn is_sound(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        if !self.with(|store| Self::is_whole(store, case, file))? {
            return Err(Self::absent(file));
        }
        Ok(self.sum(case, file)? == Some(*file))
    }

    pub(super) fn erase(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        self.with(|store| Ok(store.write_again(|txn| forget(txn, case, file))?))
    }
}

fn forget(txn: &Txn<'_>, case: &CaseId, file: &FileRef) -> Result<bool, StoreError> {
    let size = signed(file.size)?;
    let part = params![case.0, file.sha256, size];
    txn.change(&format!("DELETE FROM pieces WHERE {PART}"), part)?;
    Ok(txn.change(&format!("DELETE FROM attached WHERE {PART}"), part)? > 0)
}

fn hashed(source: &mut dyn io::Read) -> io::Result<FileRef> {
    let mut hash = FileHash::default();
    let mut buffer = vec![0; super::BUFFER];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(hash.finish()),
            got => hash.update(&buffer[..got]),
        }
    }
}
