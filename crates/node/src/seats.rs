//! Agents' seats: several agents of one party sign in one home, each with a device key of its own, which the party's key log
//! grants its own rights. They share the store, the files and the node of the home; a seat receives nothing itself and
//! gives no receipts.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use counterpart_core::{
    envelope::public_half,
    id::DeviceKey,
    keylog::{self, Grant, Kinds, RevokeReason},
};
use ed25519_dalek::SigningKey;

use crate::{
    agent::{Agent, Rights, names},
    desk::Desk,
    error::DeskError,
    home,
    keyfile::{Passphrase, Rest},
    place,
};

/// In the home: a folder for each seat, which holds its keys as a home does.
const SEATS: &str = "seats";
/// In that folder: held by whoever adds or ends one.
const LOCK: &str = "lock";
/// Beside a seat's keys: the public half, so that seats are listed without a passphrase.
const PUBLIC: &str = "device";
const LONGEST_NAME: usize = 40;

/// An agent's seat in this home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatHere {
    pub name: String,
    /// The agent it is, as the key log has it.
    pub agent: Agent,
}

impl SeatHere {
    /// It may act: its rights neither ended nor were taken back.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.agent.stands()
    }
}

/// A name is that of a folder as well, on every system.
fn check_name(name: &str) -> Result<(), DeskError> {
    let no = |why: &str| Err(DeskError::SeatName(why.to_owned()));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    match name {
        "" => no("it is empty"),
        _ if name.len() > LONGEST_NAME => no("it is longer than 40 letters"),
        _ if !name.chars().all(plain) => no("it may hold letters from a to z, digits, and - _ . but no spaces"),
        _ if !edge(name.chars().next()) || !edge(name.chars().last()) => {
            no("it begins and ends with a letter or digit")
        }
        _ => Ok(()),
    }
}

fn seats_folder(home: &Path) -> PathBuf {
    home.join(SEATS)
}

/// The seats whose keys lie in a home, by name.
fn folders(home: &Path) -> Result<Vec<(String, PathBuf)>, DeskError> {
    let all = seats_folder(home);
    let failed = |e: std::io::Error| DeskError::File { path: all.clone(), why: e.to_string() };
    let listed = match fs::read_dir(&all) {
        Ok(listed) => listed,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(e)),
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(failed)?;
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        let name = entry.file_name().into_string().ok().filter(|name| check_name(name).is_ok());
        if let Some(name) = name.filter(|_| is_folder && home::is_initialised(&entry.path())) {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// The device of a seat, as it is written beside the keys.
fn public_of(folder: &Path) -> Option<DeviceKey> {
    let text = home::read_bounded(&home::keys_folder(folder).join(PUBLIC), 100).ok()?;
    DeviceKey::from_hex(String::from_utf8(text).ok()?.trim())
}

/// Makes a seat's keys, whole or not at all.
fn make_keys(desk: &Desk, folder: &Path, device: &SigningKey) -> Result<(), DeskError> {
    let making = home::making_folder(folder)?;
    write_keys(&making, desk, device, desk.identity().passphrase.as_ref())?;
    let keys = home::keys_folder(folder);
    if keys.exists() {
        fs::remove_dir_all(&keys).map_err(|e| DeskError::File { path: keys.clone(), why: e.to_string() })?;
    }
    fs::rename(&making, &keys).map_err(|e| DeskError::File { path: keys, why: e.to_string() })?;
    // A key that the log is about to name is on disk before the log names it.
    home::sync_folder(folder);
    home::sync_folder(&seats_folder(desk.home()));
    home::sync_folder(desk.home());
    Ok(())
}

fn write_keys(to: &Path, desk: &Desk, device: &SigningKey, under: Option<&Passphrase>) -> Result<(), DeskError> {
    home::write_seat_keys(to, device, &desk.party(), Rest { under, random: desk.random() })?;
    let public = to.join(PUBLIC);
    let written = home::write_private(&public, public_half(device).to_hex().as_bytes());
    written.map_err(|e| DeskError::File { path: public, why: e.to_string() })
}

impl Desk {
    /// The agents' seats in this home, by name; those whose rights ended elsewhere among them.
    ///
    /// # Errors
    /// A damaged or busy store, or a folder that cannot be read.
    pub fn seats(&self) -> Result<Vec<SeatHere>, DeskError> {
        let folders = folders(self.home())?;
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let agents = self.agents()?;
        let seat = |(name, folder): (String, PathBuf)| {
            // Keys that no grant names are left from an adding that was cut short: of use to nobody.
            let device = public_of(&folder)?;
            let agent = agents.iter().find(|agent| agent.device == device)?.clone();
            Some(SeatHere { name, agent })
        };
        Ok(folders.into_iter().filter_map(seat).collect())
    }

    /// The seat that is called so; capital letters do not matter.
    ///
    /// # Errors
    /// When there is none.
    pub fn seat_called(&self, typed: &str) -> Result<SeatHere, DeskError> {
        let typed = typed.trim();
        let found = self.seats()?.into_iter().find(|seat| seat.name.eq_ignore_ascii_case(typed));
        found.ok_or_else(|| DeskError::UnknownSeat(typed.to_owned()))
    }

    /// Whether a seat can be added here, before anybody is asked; gives its name as it is kept.
    ///
    /// # Errors
    /// When this home may not, the name is none or taken, or the rights are not those of a seat.
    pub fn check_seat(&self, name: &str, rights: &Rights) -> Result<String, DeskError> {
        self.must_be_home()?;
        self.must_be_alone()?;
        self.may_extend_log()?;
        let name = name.trim();
        check_name(name)?;
        let wrong = |why: &str| Err(DeskError::SeatRights(why.to_owned()));
        if rights.admin {
            return wrong(
                "it would lie on this machine beside what it can add and end; only a machine of its own may do that",
            );
        }
        if rights.kinds == Kinds::Listed(Vec::new()) {
            return wrong("a seat is there to sign: name at least one kind of act");
        }
        if self.seats()?.iter().any(|seat| seat.name.eq_ignore_ascii_case(name)) {
            return Err(DeskError::SeatTaken(name.to_owned()));
        }
        self.check_device_name(name)
    }

    /// Adds a seat: makes its key, and grants it these rights in our key log. It never receives for us. A running node is
    /// told. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::check_seat`], or when the keys or the log cannot be written.
    pub fn add_seat(&self, name: &str, rights: &Rights, now: i64) -> Result<SeatHere, DeskError> {
        let _held = self.hold_seats()?;
        let name = self.check_seat(name, rights)?;
        let folder = seats_folder(self.home()).join(&name);
        let device = SigningKey::from_bytes(&self.draw());
        make_keys(self, &folder, &device)?;
        let grant = Grant {
            device: public_half(&device),
            // It is reached where the home is: it has no connections of its own.
            peer: self.peer_id().as_bytes().to_vec(),
            kinds: rights.kinds.clone(),
            receive: false,
            admin: false,
            ceilings: rights.ceilings.clone(),
            from: None,
            until: None,
        };
        let granted = self
            .extend_log(|log, key| log.add(&keylog::grant(&log.after, &key.signer(), &grant, &device, now)).map(drop));
        if let Err(why) = granted {
            drop(fs::remove_dir_all(&folder));
            return Err(why);
        }
        names::keep(self.home(), grant.device, &name)?;
        self.seat_called(&name)
    }

    /// Whether a seat can be ended here, before anybody is asked.
    ///
    /// # Errors
    /// When there is none of that name, or this home may end no rights.
    pub fn check_seat_end(&self, name: &str) -> Result<SeatHere, DeskError> {
        self.must_be_home()?;
        let seat = self.seat_called(name)?;
        if seat.stands() {
            self.may_extend_log()?;
        }
        Ok(seat)
    }

    /// Ends a seat's rights for good, deletes its key, and ends the tokens that signed by it. A running node is told. `now`
    /// in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::check_seat_end`], or when the log cannot be written; then all stays as it was.
    pub fn end_seat(&self, name: &str, reason: RevokeReason, now: i64) -> Result<SeatHere, DeskError> {
        let _held = self.hold_seats()?;
        let seat = self.check_seat_end(name)?;
        if seat.stands() {
            self.revoke_agent(&seat.agent.grant, reason, now)?;
        }
        self.with_store(|store| store.write(|txn| txn.end_tokens_of(&seat.name, now)))?;
        let folder = seats_folder(self.home()).join(&seat.name);
        fs::remove_dir_all(&folder).map_err(|e| DeskError::File { path: folder, why: e.to_string() })?;
        Ok(seat)
    }

    /// The desk as an agent sits at it: the same store and files, and what is signed is signed with the seat's key, within
    /// its rights and mandates. What concerns the home itself (keys, devices, backups, joining) is refused there.
    ///
    /// # Errors
    /// When there is no such seat, its rights ended, its key cannot be read, or this desk is at another one.
    pub fn at_seat(&self, name: &str) -> Result<Self, DeskError> {
        let seat = self.seat_called(name)?;
        if self.seat().is_some_and(|own| own != seat.name) {
            return Err(DeskError::OnlyHome);
        }
        if !seat.stands() {
            return Err(DeskError::SeatEnded(seat.name));
        }
        let keys = home::keys_folder(&seats_folder(self.home()).join(&seat.name));
        let store = place::open(self.home())?;
        let identity = home::unlock_in(&keys, &store, self.identity().passphrase.as_ref());
        let identity = identity.map_err(|why| other_passphrase(&keys, why))?;
        if identity.author.device != seat.agent.device || identity.author.party != self.party() {
            let why = "it is not the key that the seat was added with".to_owned();
            return Err(DeskError::Key { path: keys, why });
        }
        Self::opened(self.home(), store, identity, Some(seat.name))
    }

    /// Writes the keys of all seats anew, under another passphrase or none, each beside those in use. Gives the folders in
    /// which they are to be swapped.
    pub(crate) fn seats_next(&self, passphrase: Option<&Passphrase>) -> Result<Vec<PathBuf>, DeskError> {
        let mut swaps = Vec::new();
        for (_, folder) in folders(self.home())? {
            let keys = home::keys_folder(&folder);
            // Where a change was cut short, some rest under the new one already.
            let device = home::read_device(&keys, self.identity().passphrase.as_ref())
                .or_else(|first| home::read_device(&keys, passphrase).map_err(|_second| first))
                .map_err(|why| other_passphrase(&keys, why))?;
            let next = home::next_folder(&folder)?;
            write_keys(&next, self, &device, passphrase)?;
            if home::is_elsewhere_in(&keys) {
                home::mark_elsewhere_in(&next);
            }
            swaps.push(folder);
        }
        Ok(swaps)
    }

    /// Nobody else adds or ends a seat meanwhile.
    fn hold_seats(&self) -> Result<File, DeskError> {
        let folder = seats_folder(self.home());
        let path = folder.join(LOCK);
        let failed = |e: std::io::Error| DeskError::File { path: path.clone(), why: e.to_string() };
        home::private_folder(&folder).map_err(failed)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }
}

/// A seat's key rests as the home's do, unless a change of the passphrase was cut short.
fn other_passphrase(keys: &Path, why: DeskError) -> DeskError {
    match why {
        DeskError::Locked | DeskError::WrongPassphrase => DeskError::Key {
            path: keys.to_owned(),
            why: "it rests under another passphrase than the keys of the home: set it again with \
                  `counterpart identity passphrase`"
                .to_owned(),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_called_what_a_folder_can_be_called() {
        for good in ["priya", "Priya-2", "first_line", "a", "b.c"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        let long = "a".repeat(41);
        for bad in ["", " ", "..", ".", "a/b", "a\\b", "a b", "-a", "a.", "nul\0", "Zoë", "\u{202e}a", long.as_str()] {
            assert!(matches!(check_name(bad), Err(DeskError::SeatName(_))), "{bad:?}");
        }
    }
}
