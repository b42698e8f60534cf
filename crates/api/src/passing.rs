//! Where files lie while they come with a request or go with an answer: in the home, so that nothing of a case lies outside of it.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use counterpart_node::DeskError;
use tempfile::{Builder, NamedTempFile};

/// In the home: files that are there no longer than the request that they are for.
const FOLDER: &str = "api-files";
/// In that folder: held by every process that has files there. The system lets go of it for one that was killed.
const LOCK: &str = "lock";

/// The folder of the home for such files.
#[derive(Debug)]
pub(crate) struct Passing {
    folder: PathBuf,
    /// Held as long as there may be files of ours.
    _held: File,
}

impl Passing {
    /// Makes the folder, and takes away what a killed process left in it.
    pub(crate) fn open(home: &Path) -> Result<Self, DeskError> {
        let folder = home.join(FOLDER);
        let held = hold(&folder).map_err(|why| DeskError::File { path: folder.clone(), why: why.to_string() })?;
        Ok(Self { folder, _held: held })
    }

    /// A file that nobody else can open.
    pub(crate) fn nameless(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.folder)
    }

    /// A file with a path, which goes when this is dropped.
    pub(crate) fn named(&self) -> io::Result<NamedTempFile> {
        Builder::new().prefix("came-").tempfile_in(&self.folder)
    }
}

fn hold(folder: &Path) -> io::Result<File> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
    match lock.try_lock() {
        // Nobody else has files here: what lies here was left.
        Ok(()) => {
            clear(folder)?;
            lock.unlock()?;
        }
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(why)) => return Err(why),
    }
    lock.lock_shared()?;
    Ok(lock)
}

fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() != LOCK && !entry.file_type()?.is_dir() {
            // What cannot be taken away now may be at the next start.
            drop(fs::remove_file(entry.path()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tempfile::TempDir;

    use super::*;

    fn names(home: &Path) -> Vec<String> {
        let all = fs::read_dir(home.join(FOLDER)).expect("the folder");
        let mut names: Vec<String> =
            all.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_left_is_taken_away_when_nobody_uses_it() {
        let home = TempDir::new().expect("a folder");
        let first = Passing::open(home.path()).expect("opened");
        // As one that was killed leaves them.
        let mut left = first.named().expect("a file");
        left.write_all(b"of a case").expect("written");
        let left = left.keep().expect("it stays").1;
        fs::write(home.path().join(FOLDER).join(".tmpAbCdEf"), b"of a case").expect("written");
        let second = Passing::open(home.path()).expect("opened beside");
        assert_eq!(names(home.path()).len(), 3, "the first may still need them");
        drop((first, second));
        let third = Passing::open(home.path()).expect("opened");
        assert!(!left.exists());
        assert_eq!(names(home.path()), ["lock"]);
        let used = third.named().expect("a file");
        assert!(used.path().starts_with(home.path()));
        drop(Passing::open(home.path()).expect("opened beside"));
        assert!(used.path().exists(), "it is in use");
        drop(third.nameless().expect("a file"));
        drop(used);
        assert_eq!(names(home.path()), ["lock"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_looks_into_the_folder() {
        use std::os::unix::fs::PermissionsExt as _;

        let home = TempDir::new().expect("a folder");
        let folder = home.path().join(FOLDER);
        fs::create_dir(&folder).expect("made");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("opened to all");
        let passing = Passing::open(home.path()).expect("opened");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(passing.named().expect("a file").path()), 0o600);
    }
}
