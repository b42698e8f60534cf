//! The recovery sheet: the next root key on paper. Whoever holds it can replace the root, and nobody else can.

use std::path::{Path, PathBuf};

use counterpart_core::{
    envelope::public_half,
    id::{DeviceKey, PartyId, short_form},
};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::error::DeskError;

const SHEET: &str = "recovery-sheet.txt";
/// One that was written for a rotation which may not have come to its end.
const NEW_SHEET: &str = "recovery-sheet.new.txt";
const KEY: &str = "Replacement key:";

/// The key on a recovery sheet. Never printed but on a sheet.
pub struct SheetKey(SigningKey);

impl std::fmt::Debug for SheetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SheetKey")
    }
}

impl SheetKey {
    /// Reads a sheet: its whole text, or the 64 characters of its key alone; spaces and line ends do not matter.
    ///
    /// # Errors
    /// When no key is found in it.
    pub fn parse(text: &str) -> Result<Self, DeskError> {
        let rest = text.split_once(KEY).map_or(text, |(_, rest)| rest);
        let digits: Zeroizing<String> = Zeroizing::new(
            rest.chars()
                .filter(|c| !c.is_whitespace())
                .take_while(char::is_ascii_hexdigit)
                .map(|c| c.to_ascii_uppercase())
                .collect(),
        );
        let bytes = data_encoding::HEXUPPER.decode(digits.as_bytes()).ok().map(Zeroizing::new);
        let seed = bytes.and_then(|b| <[u8; 32]>::try_from(b.as_slice()).ok()).map(Zeroizing::new);
        seed.map(|seed| Self(SigningKey::from_bytes(&seed))).ok_or(DeskError::SheetUnreadable)
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.0
    }

    /// The public half: tells two sheets apart without showing either.
    #[must_use]
    pub fn public(&self) -> DeviceKey {
        public_half(&self.0)
    }
}

pub(crate) fn path(home: &Path) -> PathBuf {
    home.join(SHEET)
}

pub(crate) fn new_path(home: &Path) -> PathBuf {
    home.join(NEW_SHEET)
}

/// What is to be printed. `made` is Unix milliseconds.
pub(crate) fn text(party: &PartyId, next_root: &SigningKey, made: i64) -> Zeroizing<String> {
    let secret = Zeroizing::new(data_encoding::HEXUPPER.encode(&next_root.to_bytes()));
    let groups: Vec<&str> = secret.as_bytes().chunks(8).filter_map(|c| std::str::from_utf8(c).ok()).collect();
    let made = Timestamp::from_millisecond(made).map(|t| t.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    Zeroizing::new(format!(
        "Counterpart recovery sheet\n\
         ==========================\n\n\
         Print this page, put it somewhere safe, and delete this file.\n\
         Whoever holds it can take over your identity; without it, a lost or\n\
         stolen main key cannot be replaced. It replaces every sheet made\n\
         before it, and is used up once it was used.\n\n\
         Identity:          {}\n\
         Made:              {made}\n\
         {KEY}   {}\n                   {}\n\n\
         To replace the main key:  counterpart identity rotate FILE\n\
         On a new machine:         counterpart identity restore --sheet FILE BACKUP\n\
         FILE holds this page, or the replacement key alone.\n",
        short_form(&party.0),
        groups[..4].join(" "),
        groups[4..].join(" "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_reads_back_whole_or_by_its_key_alone() {
        let key = SigningKey::from_bytes(&[0xa7; 32]);
        let sheet = text(&PartyId([1; 32]), &key, 1_767_225_600_000);
        assert!(sheet.contains("Made:              2026-01-01"), "{}", sheet.as_str());
        let alone = "a7".repeat(32);
        let grouped = "A7A7 a7a7\n".repeat(8);
        for typed in [sheet.as_str(), &alone, &grouped, &format!("  {KEY}{alone} \n\nsomething else")] {
            assert_eq!(SheetKey::parse(typed).map(|k| k.public()).ok(), Some(public_half(&key)), "{typed}");
        }
        for typed in ["", "A7A7", &"a7".repeat(31), &format!("{alone}00"), "Replacement key: not here"] {
            assert!(matches!(SheetKey::parse(typed), Err(DeskError::SheetUnreadable)), "{typed}");
        }
    }
}
