//! How a home's node is on the network: kept in the home, read when a node starts, part of nothing that is signed.

use std::{collections::BTreeSet, fs, io, path::Path};

use counterpart_net::{Address, Limits};

use crate::{desk::Desk, error::DeskError, home};

const FILE: &str = "network";
const WRITTEN: &str = "network.new";

/// At most so many addresses of each kind: an address record holds no more.
const MOST: usize = 16;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 32 * 1024;

/// How a node is on the network, as its owner said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Where to listen; empty for the home's own port, over TCP and QUIC.
    pub listen: Vec<String>,
    /// Where others can reach this node, beside what it finds out by itself: a name or public address, a forwarded port.
    pub announced: Vec<String>,
    /// Whether it looks for others in the local network, and lets them find it (mDNS).
    pub local: bool,
    /// Whether it carries connections between those it knows who cannot reach each other.
    pub relay: bool,
    /// How many connections it takes at one time; nothing for the usual number.
    pub connections: Option<u32>,
}

impl NetworkSettings {
    /// How many connections a node takes at one time where nothing else was chosen, and the least and the most that may
    /// be chosen.
    pub const USUAL_CONNECTIONS: u32 = Limits::USUAL_CONNECTIONS;
    pub const LEAST_CONNECTIONS: u32 = Limits::LEAST_CONNECTIONS;
    pub const MOST_CONNECTIONS: u32 = Limits::MOST_CONNECTIONS;

    /// How many connections the node takes at one time.
    #[must_use]
    pub fn most_connections(&self) -> u32 {
        self.connections.unwrap_or(Self::USUAL_CONNECTIONS)
    }

    /// The same with every address in its usual form and named once.
    ///
    /// # Errors
    /// When one of the addresses, or the number of connections, cannot be used, and why.
    pub fn checked(&self) -> Result<Self, DeskError> {
        let listen = each(&self.listen, |address| {
            if address.peer().is_some() {
                return Err("leave out /p2p/ and what follows: a node listens as itself");
            }
            Ok(address)
        })?;
        let announced = each(&self.announced, |address| {
            let text = address.as_str();
            if text.contains("/ip4/0.0.0.0/") || text.contains("/ip6/::/") {
                return Err(
                    "nobody can call this one: write the address or the name by which others reach this machine",
                );
            }
            if text.contains("/tcp/0") || text.contains("/udp/0/") {
                return Err("write the port that others reach, such as 4001");
            }
            Ok(address)
        })?;
        let range = Self::LEAST_CONNECTIONS..=Self::MOST_CONNECTIONS;
        if let Some(wrong) = self.connections.filter(|number| !range.contains(number)) {
            return Err(DeskError::Connections { wrong, least: *range.start(), most: *range.end() });
        }
        Ok(Self { listen, announced, ..self.clone() })
    }

    fn read(text: &str) -> Option<Self> {
        let mut settings = Self::default();
        let yes = |word: &str| match word {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(' ')? {
                ("listen", address) => settings.listen.push(address.to_owned()),
                ("announce", address) => settings.announced.push(address.to_owned()),
                ("local", word) => settings.local = yes(word)?,
                ("relay", word) => settings.relay = yes(word)?,
                ("connections", number) => settings.connections = Some(number.parse().ok()?),
                _ => return None,
            }
        }
        settings.checked().ok()
    }

    fn write(&self) -> String {
        let word = |on: bool| if on { "yes" } else { "no" };
        let listen = self.listen.iter().map(|a| format!("listen {a}\n"));
        let announced = self.announced.iter().map(|a| format!("announce {a}\n"));
        let switches = format!("local {}\nrelay {}\n", word(self.local), word(self.relay));
        let connections = self.connections.map(|number| format!("connections {number}\n"));
        listen.chain(announced).chain([switches]).chain(connections).collect()
    }
}

fn each(typed: &[String], fit: impl Fn(Address) -> Result<Address, &'static str>) -> Result<Vec<String>, DeskError> {
    let failed = |text: &String, why: &dyn std::fmt::Display| DeskError::Address(format!("{text}: {why}"));
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for text in typed {
        let address = Address::parse(text.trim()).map_err(|why| failed(text, &why))?;
        let address = fit(address).map_err(|why| failed(text, &why))?.to_string();
        if seen.insert(address.clone()) {
            kept.push(address);
        }
    }
    if kept.len() > MOST {
        return Err(DeskError::Address(format!("more than {MOST} are too many")));
    }
    Ok(kept)
}

impl Desk {
    /// How this home's node is on the network; the usual way until it was told otherwise.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn network(&self) -> Result<NetworkSettings, DeskError> {
        let path = self.home().join(FILE);
        let file = match home::read_bounded(&path, LONGEST) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(NetworkSettings::default()),
            Err(e) => return Err(DeskError::File { path, why: e.to_string() }),
        };
        let settings = std::str::from_utf8(&file).ok().and_then(NetworkSettings::read);
        let why = "it cannot be understood; `counterpart network set --reset` writes it anew";
        settings.ok_or_else(|| DeskError::File { path, why: why.to_owned() })
    }

    /// Chooses how this home's node is on the network, from its next start on; gives it as it was kept.
    ///
    /// # Errors
    /// When an address cannot be used, or the choice not be written; nothing was changed then.
    pub fn keep_network(&self, settings: &NetworkSettings) -> Result<NetworkSettings, DeskError> {
        keep(self.home(), settings)
    }
}

/// The same for a home that is nobody's yet.
pub(crate) fn keep(home: &Path, settings: &NetworkSettings) -> Result<NetworkSettings, DeskError> {
    let settings = settings.checked()?;
    let (path, written) = (home.join(FILE), home.join(WRITTEN));
    let kept = home::write_private(&written, settings.write().as_bytes()).and_then(|()| fs::rename(&written, &path));
    kept.map_err(|e| DeskError::File { path, why: e.to_string() })?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(listen: &[&str], announced: &[&str]) -> NetworkSettings {
        let all = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let connections = Some(2_000);
        NetworkSettings { listen: all(listen), announced: all(announced), local: true, relay: false, connections }
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        let some = settings(&["/ip4/0.0.0.0/tcp/4001", "/ip6/::/udp/4001/quic-v1"], &["/dns/me.example/tcp/4001"]);
        for settings in [NetworkSettings::default(), some] {
            assert_eq!(NetworkSettings::read(&settings.write()), Some(settings));
        }
        for text in [
            "local perhaps\n",
            "listen\n",
            "listen here\n",
            "else 1\n",
            "relay yes \n",
            "connections\n",
            "connections -1\n",
        ] {
            assert_eq!(NetworkSettings::read(text), None, "{text}");
        }
        assert_eq!(NetworkSettings::read(""), Some(NetworkSettings::default()));
        assert_eq!(NetworkSettings::read("connections 31\n"), None, "fewer than make sense");
    }

    #[test]
    fn addresses_are_checked_before_they_are_kept() {
        let twice =
            settings(&[], &["/dns/me.example/tcp/4001", " /dns/me.example/tcp/4001"]).checked().expect("they fit");
        assert_eq!(twice.announced, ["/dns/me.example/tcp/4001"]);
        for (listen, announced, part) in [
            ("me.example:4001", "", "me.example:4001"),
            ("/ip4/1.2.3.4/tcp/1/p2p/12D3KooWGQmdpzHXCqLno4mMxWXKNFQHASBeF99gTm2JR8Vu5Bdc", "", "listens as itself"),
            ("", "/ip4/0.0.0.0/tcp/4001", "nobody can call"),
            ("", "/ip6/::/udp/4001/quic-v1", "nobody can call"),
            ("", "/dns/me.example/tcp/0", "the port"),
            ("", "https://me.example", "https://me.example"),
        ] {
            let one = |text: &'static str| if text.is_empty() { vec![] } else { vec![text] };
            let refused = settings(&one(listen), &one(announced)).checked().expect_err("it does not fit").to_string();
            assert!(refused.contains(part), "{refused}");
        }
        let many: Vec<String> = (1..=17).map(|port| format!("/ip4/192.0.2.1/tcp/{port}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(settings(&[], &many).checked().is_err());
    }
}
