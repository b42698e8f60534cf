//! Attached files in a folder: in it a folder a case, in that a file an attachment, named by its hash.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use counterpart_core::{
    attachment::{FileHash, FileRef},
    id::CaseId,
};

use super::{BUFFER, FilesError, Listing, Source};

/// The ending of a part's name.
const PART: &str = "part";

#[derive(Debug, Clone)]
pub(super) struct Folder {
    folder: PathBuf,
}

impl Folder {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn of_case(&self, case: &CaseId) -> PathBuf {
        self.folder.join(case.to_hex())
    }

    fn whole(&self, case: &CaseId, file: &FileRef) -> PathBuf {
        self.of_case(case).join(hex(&file.sha256))
    }

    fn part(&self, case: &CaseId, file: &FileRef) -> PathBuf {
        self.of_case(case).join(format!("{}.{}.{PART}", hex(&file.sha256), file.size))
    }

    /// The cases that have files here, ascending.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn cases(&self) -> Result<Vec<CaseId>, FilesError> {
        let mut cases: Vec<CaseId> =
            names(&self.folder)?.iter().filter_map(|(name, _)| CaseId::from_hex(name)).collect();
        cases.sort_unstable();
        Ok(cases)
    }

    /// What is here of a case's files.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn list(&self, case: &CaseId) -> Result<Listing, FilesError> {
        let mut listing = Listing::default();
        for (name, length) in names(&self.of_case(case))? {
            let mut words = name.split('.');
            let Some(sha256) = words.next().and_then(from_hex) else { continue };
            match (words.next().map(str::parse), words.next(), words.next()) {
                (None, ..) => listing.held.push(FileRef { sha256, size: length }),
                (Some(Ok(size)), Some(PART), None) => listing.parts.push((FileRef { sha256, size }, length)),
                _ => {}
            }
        }
        listing.held.sort_unstable();
        listing.parts.sort_unstable();
        Ok(listing)
    }

    /// Copies a file in, under the name it must have. It is whole and on disk when this returns.
    ///
    /// # Errors
    /// [`FilesError::Changed`] when its bytes are not those named; a full or failing disk. Nothing is kept then.
    pub(super) fn keep(&self, case: &CaseId, file: &FileRef, source: Source<'_>) -> Result<(), FilesError> {
        let folder = self.of_case(case);
        private_folder(&self.folder)?;
        private_folder(&folder)?;
        // Several processes may do this at once.
        let making = folder.join(format!("{}.{}.new", hex(&file.sha256), std::process::id()));
        let path = source.path.to_owned();
        let copied = copy(source, &making).and_then(|found| match found == *file {
            true => Ok(()),
            false => Err(FilesError::Changed { path }),
        });
        let kept = copied.and_then(|()| settle(&making, &self.whole(case, file), &folder));
        if kept.is_err() {
            // What failed is said already.
            drop(fs::remove_file(&making));
        }
        kept
    }

    /// Adds to what is here of a file. `offset` 0 begins anew.
    ///
    /// # Errors
    /// [`FilesError::OutOfStep`] when the part does not end at `offset`; a full or failing disk.
    pub(super) fn append(&self, case: &CaseId, file: &FileRef, offset: u64, bytes: &[u8]) -> Result<(), FilesError> {
        private_folder(&self.folder)?;
        private_folder(&self.of_case(case))?;
        let path = self.part(case, file);
        let mut part = private_file(&path, offset == 0).map_err(FilesError::of_path(&path))?;
        let end = part.seek(SeekFrom::End(0)).map_err(FilesError::of_path(&path))?;
        if end != offset {
            return Err(FilesError::OutOfStep { path });
        }
        part.write_all(bytes).map_err(FilesError::of_path(&path))
    }

    /// Looks at a file all of which has come: if its bytes are those it is named by, it is whole and on disk from now
    /// on; else nothing is left of it. Reads it through once.
    ///
    /// # Errors
    /// A failing disk; what has come is forgotten then.
    pub(super) fn finish(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        let (path, folder) = (self.part(case, file), self.of_case(case));
        if file.size == 0 {
            self.append(case, file, 0, &[])?;
        }
        let found = File::open(&path).and_then(hash).map_err(FilesError::of_path(&path));
        let kept = found.and_then(|found| match found == *file {
            true => settle(&path, &self.whole(case, file), &folder).map(|()| true),
            false => Ok(false),
        });
        if kept != Ok(true) {
            drop(fs::remove_file(&path));
        }
        kept
    }

    /// A part of a whole file.
    ///
    /// # Errors
    /// When it is not here, or the disk fails.
    pub(super) fn read(&self, case: &CaseId, file: &FileRef, offset: u64, length: u32) -> Result<Vec<u8>, FilesError> {
        let path = self.whole(case, file);
        let read = || {
            let mut source = File::open(&path)?;
            source.seek(SeekFrom::Start(offset))?;
            let mut bytes = vec![0; length as usize];
            source.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(FilesError::of_path(&path))
    }

    /// A whole file, to read from its beginning.
    ///
    /// # Errors
    /// When it is not here, or the disk fails.
    pub(super) fn open(&self, case: &CaseId, file: &FileRef) -> Result<File, FilesError> {
        let path = self.whole(case, file);
        File::open(&path).map_err(FilesError::of_path(&path))
    }

    /// Whether a file is still what its name says. Reads it through.
    ///
    /// # Errors
    /// When it is not here, or the disk fails.
    pub(super) fn is_sound(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        let path = self.whole(case, file);
        Ok(hash(self.open(case, file)?).map_err(FilesError::of_path(&path))? == *file)
    }

    /// Leaves nothing of a file: its bytes are overwritten, then it is removed. Gives whether anything was here.
    /// Copies that the file system or the disk itself made are beyond it.
    ///
    /// # Errors
    /// A failing disk.
    pub(super) fn erase(&self, case: &CaseId, file: &FileRef) -> Result<bool, FilesError> {
        let (folder, name) = (self.of_case(case), hex(&file.sha256));
        // Copies that a crash cut short.
        let unfinished = |n: &str| n.strip_prefix(&name).is_some_and(|rest| rest.ends_with(".new"));
        let cut_short = names(&folder)?.into_iter().filter(|(n, _)| unfinished(n)).map(|(n, _)| folder.join(n));
        let mut found = false;
        for path in [self.whole(case, file), self.part(case, file)].into_iter().chain(cut_short) {
            found |= overwrite(&path).map_err(FilesError::of_path(&path))?;
        }
        if found {
            sync_folder(&folder)?;
        }
        Ok(found)
    }
}

/// The plain files and folders in a folder, with their lengths; nothing of one that is not there.
fn names(folder: &Path) -> Result<Vec<(String, u64)>, FilesError> {
    let failed = |e| FilesError::of_path(folder)(e);
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // One that another process removed meanwhile is not here.
        let (Ok(name), Ok(about)) = (entry.file_name().into_string(), entry.metadata()) else { continue };
        found.push((name, about.len()));
    }
    Ok(found)
}

fn copy(source: Source<'_>, target: &Path) -> Result<FileRef, FilesError> {
    let Source { path: source, bytes: from } = source;
    let mut to = private_file(target, true).map_err(FilesError::of_path(target))?;
    let mut hash = FileHash::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let got = from.read(&mut buffer).map_err(FilesError::of_path(source))?;
        if got == 0 {
            return Ok(hash.finish());
        }
        hash.update(&buffer[..got]);
        to.write_all(&buffer[..got]).map_err(FilesError::of_path(target))?;
    }
}

fn hash(mut file: File) -> io::Result<FileRef> {
    let mut hash = FileHash::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            return Ok(hash.finish());
        }
        hash.update(&buffer[..got]);
    }
}

/// Brings a written file to disk under its final name.
fn settle(made: &Path, whole: &Path, folder: &Path) -> Result<(), FilesError> {
    let synced = OpenOptions::new().write(true).open(made).and_then(|file| file.sync_all());
    synced.and_then(|()| fs::rename(made, whole)).map_err(FilesError::of_path(made))?;
    sync_folder(folder)
}

fn overwrite(path: &Path) -> io::Result<bool> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    let mut left = file.metadata()?.len();
    let zeros = vec![0; BUFFER];
    while left > 0 {
        let now = usize::try_from(left).map_or(BUFFER, |left| left.min(BUFFER));
        file.write_all(&zeros[..now])?;
        left -= now as u64;
    }
    file.sync_all()?;
    fs::remove_file(path)?;
    Ok(true)
}

fn private_file(path: &Path, anew: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(anew);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn private_folder(path: &Path) -> Result<(), FilesError> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(FilesError::of_path(path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// That a name is in a folder is on disk only once the folder is.
fn sync_folder(folder: &Path) -> Result<(), FilesError> {
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FilesError::of_path(folder))?;
    #[cfg(not(unix))]
    drop(folder);
    Ok(())
}

fn hex(bytes: &[u8; 32]) -> String {
    CaseId(*bytes).to_hex()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    CaseId::from_hex(text).map(|id| id.0)
}
