//! Where templates stand: those that come with the program, and a person's own in the home folder.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{
    MAX_FILE, Problem, Template,
    problem::{nearest, several},
    read,
};
use crate::{
    error::{CommandError, Done, Kind},
    render,
};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name, ".toml")))),*]
    };
}

/// The templates that come with the program: name and file.
pub const BUILT_IN: &[(&str, &str)] = built_in![
    "price-renegotiation",
    "missed-callback",
    "faulty-goods",
    "refund",
    "delivery",
    "repair-visit",
    "insurance-claim",
    "service-incident",
    "support-request",
];

/// Where a template comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    BuiltIn,
    /// A person's own; perhaps taking the place of a built-in one of that name.
    Own {
        path: PathBuf,
        instead_of_built_in: bool,
    },
    /// A file named by its path.
    File(PathBuf),
}

impl Origin {
    /// "built in", "yours: PATH".
    pub fn in_words(&self) -> String {
        match self {
            Self::BuiltIn => "built in".to_owned(),
            Self::Own { path, instead_of_built_in: false } => format!("yours, {}", path.display()),
            Self::Own { path, instead_of_built_in: true } => {
                format!("yours instead of the built-in one, {}", path.display())
            }
            Self::File(path) => path.display().to_string(),
        }
    }

    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn => None,
            Self::Own { path, .. } | Self::File(path) => Some(path),
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Own { .. } => "own",
            Self::File(_) => "file",
        }
    }
}

/// A template's file, found and read; whether it is a good one is another question.
#[derive(Debug, Clone)]
pub struct Found {
    pub name: String,
    pub origin: Origin,
    pub bytes: Vec<u8>,
}

impl Found {
    /// The template, or everything wrong with its file.
    pub fn problems(&self) -> Result<Template, Vec<Problem>> {
        let template = read(&self.bytes)?;
        let named = matches!(self.origin, Origin::Own { .. });
        if named && template.name != self.name {
            let text = String::from_utf8_lossy(&self.bytes);
            let at = name_at(&text).map_or(0, |span| span.start);
            let message = format!("the file is called {}.toml, so the template's name is {}", self.name, self.name);
            return Err(vec![Problem::at(&text, at, message, Some(format!("name = \"{}\"", self.name)))]);
        }
        Ok(template)
    }

    /// The template, if it holds together.
    ///
    /// # Errors
    /// Every problem with line and column, for people; `columns` wide.
    pub fn template(&self, columns: usize) -> Done<Template> {
        self.problems().map_err(|problems| self.refused(&problems, columns))
    }

    /// Everything wrong with the file, as an error.
    pub fn refused(&self, problems: &[Problem], columns: usize) -> CommandError {
        let file =
            self.origin.path().map_or_else(|| format!("the built-in {}", self.name), |p| p.display().to_string());
        let count = match problems.len() {
            1 => "1 error".to_owned(),
            n => format!("{n} errors"),
        };
        let error = CommandError::usage(format!("{count} in {file}\n{}", several(problems, columns)));
        let again = self.origin.path().map_or_else(|| self.name.clone(), |p| quoted(&p.display().to_string()));
        error.hint(format!("correct the file, then: counterpart template check {again}"))
    }
}

/// A path as it is typed in a shell.
pub fn quoted(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_alphanumeric() || "/._-~+:@".contains(c));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// Whether a text can name a template, an item or an action: lower-case words with dashes between.
pub fn is_name(text: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(word)
}

/// The folder of a home's own templates.
pub(super) fn folder(home: &Path) -> PathBuf {
    home.join("templates")
}

/// Finds a template by name, the home's own first; or by the path of a file.
pub fn find(home: &Path, typed: &str) -> Done<Found> {
    if !is_name(typed) && (typed.ends_with(".toml") || typed.contains(['/', '\\'])) {
        let path = PathBuf::from(typed);
        let bytes = bounded(&path)?;
        return Ok(Found { name: typed.to_owned(), origin: Origin::File(path), bytes });
    }
    by_name(home, typed, "; a file is named by its path, such as ./mine.toml")
}

/// Finds a template by name alone, the home's own first: for programs elsewhere, which name no file of this machine.
pub fn find_named(home: &Path, name: &str) -> Done<Found> {
    by_name(home, name, "")
}

/// Finds a template by name; `beside` is said behind the hint of what there is.
fn by_name(home: &Path, typed: &str, beside: &str) -> Done<Found> {
    if is_name(typed) {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == typed);
        let path = folder(home).join(format!("{typed}.toml"));
        if path.exists() {
            let bytes = bounded(&path)?;
            let origin = Origin::Own { path, instead_of_built_in: built_in.is_some() };
            return Ok(Found { name: typed.to_owned(), origin, bytes });
        }
        if let Some((name, file)) = built_in {
            let bytes = file.as_bytes().to_vec();
            return Ok(Found { name: (*name).to_owned(), origin: Origin::BuiltIn, bytes });
        }
    }
    let names: Vec<String> = all(home)?.into_iter().map(|found| found.name).collect();
    let meant = nearest(typed, names.iter().map(String::as_str));
    let hint = match meant {
        Some(meant) => format!("'{meant}' was perhaps meant; `counterpart template list` shows them all"),
        None => format!("`counterpart template list` shows them all{beside}"),
    };
    Err(CommandError::usage(format!("there is no template '{}'", render::line(typed))).hint(hint))
}

/// Every template that can be named: built in, with a home's own in their place or behind them.
pub fn all(home: &Path) -> Done<Vec<Found>> {
    let mut own: Vec<(String, PathBuf)> = Vec::new();
    match fs::read_dir(folder(home)) {
        Ok(entries) => {
            for entry in entries {
                let path = entry.map_err(|e| unreadable(&folder(home), &e))?.path();
                let stem = path.file_stem().and_then(|s| s.to_str()).filter(|s| is_name(s));
                if let Some(name) = stem.filter(|_| path.extension().is_some_and(|e| e == "toml")) {
                    own.push((name.to_owned(), path));
                }
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(unreadable(&folder(home), &e)),
    }
    own.sort();
    let names = BUILT_IN.iter().map(|(name, _)| *name);
    let added = own.iter().map(|(name, _)| name.as_str()).filter(|name| BUILT_IN.iter().all(|(b, _)| b != name));
    names.chain(added).map(|name| find(home, name)).collect()
}

/// Reads a file, but no more of it than shows that it is too long.
fn bounded(path: &Path) -> Done<Vec<u8>> {
    let failed = |e: std::io::Error| unreadable(path, &e);
    // A pipe or device would be waited for, for ever.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(CommandError::usage(format!("{} is not a file", path.display())).hint("name a template's file"));
    }
    let most = u64::try_from(MAX_FILE + 1).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(failed)?.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    let kind = if missing { Kind::Usage } else { Kind::Failed };
    CommandError::of(kind, format!("{} could not be read: {error}", path.display()))
}

/// Writes a new template into a home; never over another.
pub fn write_new(home: &Path, name: &str, text: &str) -> Done<PathBuf> {
    let folder = folder(home);
    let path = folder.join(format!("{name}.toml"));
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CommandError::failed(format!("{} is there already, and nothing is written over it", path.display()))
                .hint("take another name, or change that file in an editor")
        }
        _ => CommandError::failed(format!("{} could not be written: {e}", path.display())),
    };
    private_folder(&folder).map_err(failed)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(path)
}

/// The home may not be made yet: what is made here is its owner's only.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Where the name stands in a template's file, its quotes included.
pub fn name_at(text: &str) -> Option<std::ops::Range<usize>> {
    toml_edit::Document::parse(text).ok()?.as_table().get("name")?.span()
}
