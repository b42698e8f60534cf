//! Printing by a browser that is installed: headless, with a profile of its own that is thrown away, and never through
//! a shell.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::error::{CommandError, Done};

/// Names the browser, by a path or a name on the path.
const CHOSEN: &str = "COUNTERPART_BROWSER";
const KNOWN: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless_shell"];
/// How long a page of a few entries may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look whether it is done.
const GLANCE: Duration = Duration::from_millis(25);
/// Said wherever there is no way to print.
const BY_HAND: &str = "leave --pdf out, open the HTML in any browser and print it, or save it as PDF there";

/// Prints a page; `entries` says how long that may take.
pub(in crate::commands) fn print(html: &str, file: &Path, entries: usize) -> Done {
    let browser = find()?;
    let folder = Folder::beside(file)?;
    let page = folder.path.join("report.html");
    let printed = folder.path.join("report.pdf");
    fs::write(&page, html).map_err(|e| failed(file, &e))?;
    let patience = PATIENCE + Duration::from_millis(100) * u32::try_from(entries).unwrap_or(u32::MAX);
    let status = run(&browser, &folder, &page, &printed, patience)?;
    let is_pdf = fs::read(&printed).is_ok_and(|bytes| bytes.starts_with(b"%PDF-"));
    if !status.success() || !is_pdf {
        let said = folder.last_words();
        let said = if said.is_empty() { String::new() } else { format!("; it said: {said}") };
        let error = CommandError::failed(format!("{} did not print the report ({status}){said}", browser.display()));
        return Err(error.hint(BY_HAND));
    }
    fs::rename(&printed, file).map_err(|e| failed(file, &e))
}

fn failed(file: &Path, error: &std::io::Error) -> CommandError {
    CommandError::failed(format!("{}: {error}", file.display()))
}

/// The browser that was chosen, or the first one known that is here.
fn find() -> Done<PathBuf> {
    if let Some(chosen) = env::var_os(CHOSEN).filter(|chosen| !chosen.is_empty()) {
        let missing = || {
            let error = CommandError::usage(format!("{CHOSEN} names {}, which is not here", chosen.display()));
            error.hint("give it the path of a Chromium or Chrome")
        };
        return on_path(Path::new(&chosen)).ok_or_else(missing);
    }
    let found = KNOWN.iter().find_map(|name| on_path(Path::new(name)));
    found.ok_or_else(|| {
        let error = CommandError::failed("no browser was found here that prints to PDF: none of Chromium or Chrome");
        error.hint(format!("{BY_HAND}; or set {CHOSEN} to the path of one"))
    })
}

/// A program by its path, or by its name in the folders where programs are.
fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_path_buf());
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

fn run(browser: &Path, folder: &Folder, page: &Path, printed: &Path, patience: Duration) -> Done<ExitStatus> {
    let with = |flag: &str, path: &Path| {
        let mut argument = OsString::from(flag);
        argument.push(path);
        argument
    };
    let talk = fs::File::create(folder.talk()).map_err(|e| failed(page, &e))?;
    let mut command = Command::new(browser);
    command
        .arg("--headless")
        .args(["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage"])
        // The page asks for nothing; this way nothing else is looked up either.
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .args(["--no-pdf-header-footer", "--generate-pdf-document-outline"])
        .arg(with("--user-data-dir=", &folder.path.join("profile")))
        .arg(with("--print-to-pdf=", printed));
    if folder.is_roots() {
        // Chromium refuses to run as root in its sandbox.
        command.arg("--no-sandbox");
    }
    command.arg(address(page)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(talk);
    let child = command
        .spawn()
        .map_err(|e| CommandError::failed(format!("{} could not be started: {e}", browser.display())).hint(BY_HAND))?;
    wait(child, patience)?.ok_or_else(|| {
        let seconds = patience.as_secs();
        let error = CommandError::failed(format!("{} did not finish in {seconds} seconds", browser.display()));
        error.hint(BY_HAND)
    })
}

/// How it ended; nothing where it had to be stopped.
fn wait(mut child: Child, patience: Duration) -> Done<Option<ExitStatus>> {
    let until = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(Some(status)),
            Ok(None) if Instant::now() < until => thread::sleep(GLANCE),
            Ok(None) => {
                drop(child.kill());
                drop(child.wait());
                return Ok(None);
            }
            Err(e) => return Err(CommandError::failed(format!("the browser was lost sight of: {e}"))),
        }
    }
}

/// A file's address, whatever is in its path.
fn address(path: &Path) -> String {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    format!("file://{}", percent_encode(path.as_os_str().as_encoded_bytes(), PLAIN))
}

/// Where the page and the browser's profile lie while it works; gone afterwards.
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Beside the file to be written, so that nothing of the case lies where others could look.
    fn beside(file: &Path) -> Done<Self> {
        let absolute = std::path::absolute(file).map_err(|e| failed(file, &e))?;
        let mut name = absolute.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.writing", std::process::id()));
        let path = absolute.with_file_name(name);
        private(&path).map_err(|e| failed(file, &e))?;
        Ok(Self { path })
    }

    fn talk(&self) -> PathBuf {
        self.path.join("talk.txt")
    }

    /// The last line of what the browser said.
    fn last_words(&self) -> String {
        let said = fs::read(self.talk()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
    }

    /// Whether we are root: what we make is ours.
    fn is_roots(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(&self.path).is_ok_and(|made| made.uid() == 0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind is in a folder that only its owner can open.
        drop(fs::remove_dir_all(&self.path));
    }
}

fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_nothing_but_plain_letters() {
        assert_eq!(address(Path::new("/a b/c#?%/é.html")), "file:///a%20b/c%23%3F%25/%C3%A9.html");
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        let sleeper = Command::new("sleep").arg("600").spawn().expect("sleep is there");
        let id = sleeper.id();
        assert!(wait(sleeper, Duration::from_millis(50)).expect("no trouble").is_none());
        assert!(!Path::new(&format!("/proc/{id}")).exists(), "it is gone");
    }

    #[test]
    fn the_folder_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::beside(&place.path().join("x.pdf")).expect("made");
        let mode = fs::metadata(&folder.path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 0);
    }
}
