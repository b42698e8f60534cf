//! What a party's machines call its agents: kept in the home, part of nothing that is signed.

use std::{collections::BTreeMap, path::Path};

use counterpart_core::{id::DeviceKey, text};

use crate::{error::DeskError, home};

pub(crate) const FILE: &str = "agents";
const LONGEST: usize = 100;

/// Whether a text can be an agent's name: one line of plain text, not too long.
pub(crate) fn check_name(name: &str) -> Result<(), DeskError> {
    let no = |why: &str| Err(DeskError::AgentName(why.to_owned()));
    text::check(name).map_err(|why| DeskError::AgentName(why.to_string()))?;
    match name {
        _ if name.trim().is_empty() => no("it is empty; write at least one word"),
        _ if name.trim() != name => no("it begins or ends with a space"),
        _ if name.contains('\n') => no("it has more than one line"),
        _ if name.len() > LONGEST => no("it is longer than 100 bytes"),
        _ => Ok(()),
    }
}

/// The names known in a home.
pub(crate) fn read(home: &Path) -> Result<BTreeMap<DeviceKey, String>, DeskError> {
    let path = home.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(DeskError::File { path, why: e.to_string() }),
    };
    // A line altered by hand loses that name and no more.
    let entry = |line: &str| {
        let (device, name) = line.split_once(' ')?;
        check_name(name).ok()?;
        Some((DeviceKey::from_hex(device)?, name.to_owned()))
    };
    Ok(text.lines().filter_map(entry).collect())
}

/// Keeps a name.
pub(crate) fn keep(home: &Path, device: DeviceKey, name: &str) -> Result<(), DeskError> {
    let mut names = read(home)?;
    names.insert(device, name.to_owned());
    let text: String = names.iter().map(|(device, name)| format!("{} {name}\n", device.to_hex())).collect();
    let (path, written) = (home.join(FILE), home.join("agents.new"));
    let kept = home::write_private(&written, text.as_bytes()).and_then(|()| std::fs::rename(&written, &path));
    kept.map_err(|e| DeskError::File { path, why: e.to_string() })
}
