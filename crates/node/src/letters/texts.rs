//! The letters' texts: built in, or a person's own copies in the home's folder `letters`.

use std::{fs, io, path::PathBuf};

use counterpart_process::letter::{self, MOST_TEMPLATE};

use crate::{
    desk::Desk,
    error::DeskError,
    home::{create_private, private_folder},
};

const FOLDER: &str = "letters";

/// The text of a letter, before it is filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterText {
    pub name: String,
    /// The person's own copy; nothing for a letter that is built in.
    pub file: Option<PathBuf>,
    pub text: String,
}

impl Desk {
    /// A letter's text by name: the person's own copy if there is one, else as built in.
    ///
    /// # Errors
    /// When there is no such letter, or its file cannot be read.
    pub fn letter_text(&self, name: &str) -> Result<LetterText, DeskError> {
        let unknown = || DeskError::Text(format!("there is no letter '{name}': `counterpart letters list` shows them"));
        if !letter::is_name(name) {
            return Err(unknown());
        }
        let file = self.letter_file(name);
        let failed = |why: String| DeskError::File { path: file.clone(), why };
        match fs::metadata(&file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let text = letter::built_in(name).ok_or_else(unknown)?.to_owned();
                Ok(LetterText { name: name.to_owned(), file: None, text })
            }
            Err(e) => Err(failed(e.to_string())),
            Ok(about) if about.len() > MOST_TEMPLATE as u64 => {
                Err(failed(format!("a letter is at most {} KiB", MOST_TEMPLATE / 1024)))
            }
            Ok(_) => {
                let text = fs::read_to_string(&file).map_err(|e| failed(e.to_string()))?;
                Ok(LetterText { name: name.to_owned(), file: Some(file), text })
            }
        }
    }

    /// Where a person's own copy of a letter stands, whether it is there or not.
    #[must_use]
    pub fn letter_file(&self, name: &str) -> PathBuf {
        self.home().join(FOLDER).join(format!("{name}.txt"))
    }

    /// The names of all letters, those built in first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn letter_names(&self) -> Result<Vec<String>, DeskError> {
        let mut names: Vec<String> = letter::BUILT_IN.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let folder = self.home().join(FOLDER);
        let failed = |e: io::Error| DeskError::File { path: folder.clone(), why: e.to_string() };
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(names),
            Err(e) => return Err(failed(e)),
        };
        let mut own = Vec::new();
        for file in files {
            let name = file.map_err(failed)?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".txt")).unwrap_or_default().to_owned();
            if letter::is_name(&stem) && !names.contains(&stem) {
                own.push(stem);
            }
        }
        own.sort_unstable();
        names.extend(own);
        Ok(names)
    }

    /// Makes a copy of a letter to edit, under its own name or another.
    ///
    /// # Errors
    /// When there is one already, or it cannot be written.
    pub fn copy_letter(&self, name: &str, to: &str) -> Result<PathBuf, DeskError> {
        let text = self.letter_text(name)?.text;
        if !letter::is_name(to) {
            let why = format!("'{to}' cannot be a letter's name: write lower-case letters, digits and dashes");
            return Err(DeskError::Text(why));
        }
        let file = self.letter_file(to);
        let failed = |e: io::Error| DeskError::File { path: file.clone(), why: e.to_string() };
        private_folder(&self.home().join(FOLDER)).map_err(failed)?;
        create_private(&file, text.as_bytes()).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => {
                DeskError::File { path: file.clone(), why: "your copy is there already; edit that".to_owned() }
            }
            _ => failed(e),
        })?;
        Ok(file)
    }
}
