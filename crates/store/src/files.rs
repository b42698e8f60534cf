//! The bytes of attached files: in a folder beside the database, or in a shared database as pieces.
//!
//! Each case has its own, so that nobody in one case can learn or fetch by a hash what only another holds. A file that is
//! whole has the bytes of its name, and is durable. What has come of others so far is a part, named by hash and size, from
//! the beginning.

mod folder;
mod pieces;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use counterpart_core::{attachment::FileRef, id::CaseId};

use crate::{StoreError, StorePlace};

use self::{folder::Folder, pieces::Pieces};

/// Bytes read and written at once.
const BUFFER: usize = 1 << 16;

/// The attached files of a home.
#[derive(Debug, Clone)]
pub struct Files {
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Folder(Folder),
    Pieces(Pieces),
}

/// Where the bytes of a new file come from, and what that is called.
struct Source<'a> {
    path: &'a Path,
    bytes: &'a mut dyn Read,
}

/// What is here of a case's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Whole, ascending.
    pub held: Vec<FileRef>,
    /// Begun, with how many bytes are here, ascending.
    pub parts: Vec<(FileRef, u64)>,
}

/// Why a file was not kept, read or erased.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    #[error("the disk is full: the file was not kept; free some space, then try again")]
    DiskFull,
    #[error("{}: {detail}", .path.display())]
    Io { path: PathBuf, detail: String },
    #[error("{} was changed while it was read: wait until nobody writes to it, then try again", .path.display())]
    Changed { path: PathBuf },
    #[error("{} has another length than it should: the file is fetched once its case is opened anew", .path.display())]
    OutOfStep { path: PathBuf },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FilesError {
    fn of_path(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { path: path.to_owned(), detail: error.to_string() },
        }
    }
}

impl Files {
    /// The files below `folder`, which is made when the first one comes.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { kept: Kept::Folder(Folder::new(folder)) }
    }

    /// The files that belong to a store: those of a shared one are in it, those of a file below `folder`. A shared one is
    /// reached when the first of them is asked for.
    #[must_use]
    pub fn of(place: &StorePlace, folder: PathBuf) -> Self {
        match place {
            StorePlace::File(_) => Self::new(folder),
            StorePlace::Postgres(_) => Self { kept: Kept::Pieces(Pieces::new(place.clone())) },
        }
    }

    /// The cases that have files here, ascending.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn cases(&self) -> Result<Vec<CaseId>, FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.cases(),
            Kept::Pieces(pieces) => pieces.cases(),
        }
    }

    /// What is here of a case's files.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self, case: &CaseId) -> Result<Listing, FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.list(case),
            Kept::Pieces(pieces) => pieces.list(case),
        }
    }

    /// Copies a file in, under the name it must have. It is whole and on disk when this returns.
    ///
    /// # Errors
    /// [`FilesError::Changed`] when its bytes are not those named; a full or failing disk. Nothing is kept then.
    pub fn keep(&self, case: &CaseId, file: &FileRef, source: &Path) -> Result<(), FilesError> {
        let mut bytes = File::open(source).map_err(FilesError::of_path(source))?;
        self.keep_source(case, file, Source { path: source, bytes: &mut bytes })
    }

    /// As [`Files::keep`], from a file that is open.
    ///
    /// # Errors
    /// As [`Files::keep`].
    pub fn keep_from(&self, case: &CaseId, file: &FileRef, source: &mut File) -> Result<(), FilesError> {
        self.keep_source(case, file, Source { path: Path::new("an attached file"), bytes: source })
    }

    fn keep_source(&self, case: &CaseId, file: &FileRef, source: Source<'_>) -> Result<(), FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.keep(case, file, source),
            Kept::Pieces(pieces) => pieces.keep(case, file, source),
        }
    }

    /// Adds to what is here of a file. `offset` 0 begins anew.
    ///
    /// # Errors
    /// [`FilesError::OutOfStep`] when the part does not end at `offset`; a full or failing disk.
    pub fn append(&self, case: &CaseId, file: &FileRef, offset: u64, bytes: &[u8]) -> Result<(), FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.append(case, file, offset, bytes),
            Kept::Pieces(pieces) => pieces.append(case, file, offset, bytes),
        }
    }

    /// Looks at a file all of which has come: if its bytes are those it is named by, it is whole and on disk from now
    /// on; else nothing is left of it. Reads it through once.
    ///
    /// # Errors
    /// A failing disk; what has come is forgotten then.
    pub fn finish(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.finish(case, file),
            Kept::Pieces(pieces) => pieces.finish(case, file),
        }
    }

    /// A part of a whole file.
    ///
    /// # Errors
    /// When it is not here, or the disk fails.
    pub fn read(&self, case: &CaseId, file: &FileRef, offset: u64, length: u32) -> Result<Vec<u8>, FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.read(case, file, offset, length),
            Kept::Pieces(pieces) => pieces.read(case, file, offset, length),
        }
    }

    /// A whole file, to read from its beginning. One that is kept in pieces is put together first, in a file without a name.
    ///
    /// # Errors
    /// When it is not here, or the disk fails.
    pub fn open(&self, case: &CaseId, file: &FileRef) -> Result<File, FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.open(case, file),
            Kept::Pieces(pieces) => pieces.open(case, file),
        }
    }

    /// Whether a file is still what its name says. Reads it through.
    ///
    /// # Errors
    /// When it is not here, or the disk fails.
    pub fn is_sound(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.is_sound(case, file),
            Kept::Pieces(pieces) => pieces.is_sound(case, file),
        }
    }

    /// Leaves nothing of a file: its bytes are overwritten, then it is removed. Gives whether anything was here.
    /// Copies that the file system or the disk itself made are beyond it; a shared database overwrites what was removed in
    /// its own time.
    ///
    /// # Errors
    /// A failing disk.
    pub fn erase(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        match &self.kept {
            Kept::Folder(folder) => folder.erase(case, file),
            Kept::Pieces(pieces) => pieces.erase(case, file),
        }
    }
}
