//! The home folder: the store, and the keys as standard PKCS#8 files that only their owner may read.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use counterpart_core::{
    envelope::public_half,
    id::{EventId, PartyId},
    keylog::{self, EventBody, EventSigner, Grant, KeyLogs, Kinds},
    record::Author,
};
use counterpart_net::TransportSecret;
use counterpart_store::{KeyEventRow, Store};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding},
};
use etcetera::BaseStrategy;
use zeroize::Zeroizing;

use crate::{clock::now, error::DeskError, random::Source};

const STORE: &str = "counterpart.db";
const KEYS: &str = "keys";
const SHEET: &str = "recovery-sheet.txt";
const PORT: &str = "port";
const ROOT: &str = "root.pem";
const DEVICE: &str = "device.pem";
const TRANSPORT: &str = "transport.pem";
/// Keys of a machine that asked to act for a party and waits for the grant.
const ASKED: &str = "keys.asked";
/// Beside the keys: whose they are.
const PARTY: &str = "party";
const ADDRESSES: &str = "node.addresses";

/// Where a person's data stands: `COUNTERPART_HOME`, else `counterpart` in the XDG data folder.
///
/// # Errors
/// When neither can be found.
pub fn home_folder() -> Result<PathBuf, DeskError> {
    if let Some(home) = std::env::var_os("COUNTERPART_HOME").filter(|h| !h.is_empty()) {
        return Ok(home.into());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_no_home| DeskError::NoFolder)?;
    Ok(strategy.data_dir().join("counterpart"))
}

/// What a new identity's owner should know.
#[derive(Debug, Clone)]
pub struct InitReport {
    pub party: PartyId,
    /// The file to print and keep elsewhere: it alone can replace a lost or stolen root key.
    pub recovery_sheet: PathBuf,
}

/// An unlocked identity: the keys of this device. Never printed.
pub(crate) struct Identity {
    pub(crate) author: Author,
    pub(crate) device: SigningKey,
    transport: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("author", &self.author).finish_non_exhaustive()
    }
}

impl Identity {
    pub(crate) fn transport(&self) -> TransportSecret {
        TransportSecret::new(*self.transport)
    }
}

pub(crate) fn store_path(home: &Path) -> PathBuf {
    home.join(STORE)
}

/// Makes a new identity in an empty home.
pub(crate) fn init(home: &Path) -> Result<InitReport, DeskError> {
    let keys = home.join(KEYS);
    if keys.exists() {
        return Err(DeskError::AlreadyInitialised { home: home.to_owned() });
    }
    let file = |path: &Path| {
        let path = path.to_owned();
        move |e: std::io::Error| DeskError::File { path: path.clone(), why: e.to_string() }
    };
    if asked_folder(home).exists() {
        return Err(DeskError::Asked { home: home.to_owned() });
    }
    let making = making_folder(home)?;

    let random = Source::new(|| Ok::<_, DeskError>(0))?;
    let root = SigningKey::from_bytes(&random.draw());
    let next_root = SigningKey::from_bytes(&random.draw());
    let device = SigningKey::from_bytes(&random.draw());
    let transport = SigningKey::from_bytes(&random.draw());
    let (party, events) = first_events(&root, &next_root, &device, &transport, random.draw());
    write_key(&making.join(ROOT), &root)?;
    write_device_keys(&making, &device, &transport, &party)?;
    let sheet = home.join(SHEET);
    write_private(&sheet, sheet_text(&party, &next_root).as_bytes()).map_err(file(&sheet))?;

    write_port(home, &random)?;

    let mut store = Store::open(&store_path(home))?;
    store.write(|txn| {
        for (id, position, bytes) in &events {
            txn.insert_key_event(&KeyEventRow { id: *id, party, position: *position, envelope: bytes })?;
        }
        Ok::<_, DeskError>(())
    })?;
    // The keys' folder appears last and at once: a home either has a whole identity or none.
    fs::rename(&making, &keys).map_err(file(&keys))?;
    Ok(InitReport { party, recovery_sheet: sheet })
}

type Events = Vec<(EventId, u64, Vec<u8>)>;

/// A key log's first two events: the inception, and the grant of all rights to this device.
fn first_events(
    root: &SigningKey,
    next_root: &SigningKey,
    device: &SigningKey,
    transport: &SigningKey,
    nonce: [u8; 16],
) -> (PartyId, Events) {
    const OWN: &str = "an event made here is acceptable";
    let mut logs = KeyLogs::new();
    let at = now();
    let inception = keylog::inception(root, &public_half(next_root), nonce, at);
    let (id, _) = logs.apply(&inception).expect(OWN);
    let party = logs.event(&id).expect(OWN).party;
    let head = logs.head(&party).expect(OWN);
    let peer = TransportSecret::new(transport.to_bytes()).peer_id();
    let rights = Grant {
        device: public_half(device),
        peer: peer.as_bytes().to_vec(),
        kinds: Kinds::All,
        receive: true,
        admin: true,
        ceilings: Vec::new(),
        from: None,
        until: None,
    };
    let grant = keylog::grant(&head, &EventSigner::Root(root), &rights, device, at);
    let (grant_id, _) = logs.apply(&grant).expect(OWN);
    (party, vec![(id, 1, inception), (grant_id, 2, grant)])
}

/// The port this home's node listens at.
pub(crate) fn port(home: &Path) -> Result<u16, DeskError> {
    let path = home.join(PORT);
    let text = fs::read_to_string(&path).map_err(|e| DeskError::File { path: path.clone(), why: e.to_string() })?;
    let why = || "it should hold a port number from 1 to 65535".to_owned();
    text.trim().parse().map_err(|_not_a_port| DeskError::File { path, why: why() })
}

/// The addresses the running node wrote down.
pub(crate) fn addresses(home: &Path) -> Vec<String> {
    let text = fs::read_to_string(home.join(ADDRESSES)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Writes down where the running node can be reached; an empty list when it stops.
pub(crate) fn keep_addresses(home: &Path, addresses: &[String]) -> std::io::Result<()> {
    write_private(&home.join(ADDRESSES), addresses.join("\n").as_bytes())
}

/// This machine's own addresses: the one it would call others from, and loopback. Nothing is sent.
pub(crate) fn own_hosts() -> Vec<String> {
    let outward = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        // An address set aside for documentation: connecting a datagram socket only chooses a route.
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    let outward = outward.ok().map(|a| a.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    outward.iter().map(ToString::to_string).chain(["127.0.0.1".to_owned()]).collect()
}

/// Opens the keys of a home, and finds in its store by which grant they act.
pub(crate) fn unlock(home: &Path, store: &Store) -> Result<Identity, DeskError> {
    let keys = keys_folder(home);
    let (device, transport) = (read_device(&keys)?, read_transport(&keys)?);
    let public = public_half(&device);
    let party = read_party(&keys)?;
    let mut logs = KeyLogs::new();
    let mut ours = None;
    for stored in store.key_events(party)? {
        let Ok((id, _)) = logs.apply(&stored.envelope) else { continue };
        if let Some(EventBody::Grant(grant)) = logs.event(&id).map(|e| &e.body)
            && grant.device == public
        {
            ours = Some(Author { party, device: public, grant: id });
        }
    }
    let author = ours.ok_or_else(|| DeskError::Key {
        path: keys.join(DEVICE),
        why: "no key log in the store grants this device anything; was the store replaced?".to_owned(),
    })?;
    Ok(Identity { author, device, transport: Zeroizing::new(transport.to_bytes()) })
}

/// Whether a home has an identity.
pub(crate) fn is_initialised(home: &Path) -> bool {
    keys_folder(home).exists()
}

pub(crate) fn keys_folder(home: &Path) -> PathBuf {
    home.join(KEYS)
}

/// The keys of a machine that waits for its grant.
pub(crate) fn asked_folder(home: &Path) -> PathBuf {
    home.join(ASKED)
}

/// An empty folder to make keys in; the home is made with it.
pub(crate) fn making_folder(home: &Path) -> Result<PathBuf, DeskError> {
    let failed = |path: &Path, e: std::io::Error| DeskError::File { path: path.to_owned(), why: e.to_string() };
    private_folder(home).map_err(|e| failed(home, e))?;
    let making = home.join("keys.making");
    if making.exists() {
        fs::remove_dir_all(&making).map_err(|e| failed(&making, e))?;
    }
    private_folder(&making).map_err(|e| failed(&making, e))?;
    Ok(making)
}

/// Writes the keys that every machine of a party has, and beside them whose they are.
pub(crate) fn write_device_keys(
    folder: &Path,
    device: &SigningKey,
    transport: &SigningKey,
    party: &PartyId,
) -> Result<(), DeskError> {
    write_key(&folder.join(DEVICE), device)?;
    write_key(&folder.join(TRANSPORT), transport)?;
    let owner = folder.join(PARTY);
    let written = write_private(&owner, party.to_hex().as_bytes());
    written.map_err(|e| DeskError::File { path: owner, why: e.to_string() })
}

/// Gives a home a port of its own, so that an invitation's addresses stay true from one start to the next.
pub(crate) fn write_port(home: &Path, random: &Source) -> Result<(), DeskError> {
    let port = 20_000 + u16::from_be_bytes(random.draw()) % 20_000;
    let path = home.join(PORT);
    let written = write_private(&path, port.to_string().as_bytes());
    written.map_err(|e| DeskError::File { path, why: e.to_string() })
}

/// Whose keys a folder holds.
pub(crate) fn read_party(folder: &Path) -> Result<PartyId, DeskError> {
    let path = folder.join(PARTY);
    let text = fs::read_to_string(&path).map_err(|e| DeskError::Key { path: path.clone(), why: e.to_string() })?;
    let party = PartyId::from_hex(text.trim());
    party.ok_or_else(|| DeskError::Key { path, why: "it should hold 64 hex digits".to_owned() })
}

pub(crate) fn read_device(folder: &Path) -> Result<SigningKey, DeskError> {
    read_key(&folder.join(DEVICE))
}

pub(crate) fn read_transport(folder: &Path) -> Result<SigningKey, DeskError> {
    read_key(&folder.join(TRANSPORT))
}

/// The identity's main key, where this home holds it.
pub(crate) fn read_root(home: &Path) -> Result<Option<SigningKey>, DeskError> {
    let path = keys_folder(home).join(ROOT);
    if path.exists() { read_key(&path).map(Some) } else { Ok(None) }
}

fn write_key(path: &Path, key: &SigningKey) -> Result<(), DeskError> {
    let failed = |why: String| DeskError::Key { path: path.to_owned(), why };
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| failed(e.to_string()))?;
    write_private(path, pem.as_bytes()).map_err(|e| failed(e.to_string()))
}

fn read_key(path: &Path) -> Result<SigningKey, DeskError> {
    let failed = |why: String| DeskError::Key { path: path.to_owned(), why };
    let pem = Zeroizing::new(fs::read_to_string(path).map_err(|e| failed(e.to_string()))?);
    SigningKey::from_pkcs8_pem(&pem).map_err(|e| failed(e.to_string()))
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sheet_text(party: &PartyId, next_root: &SigningKey) -> Zeroizing<String> {
    let secret = Zeroizing::new(data_encoding::HEXUPPER.encode(&next_root.to_bytes()));
    let groups: Vec<&str> = secret.as_bytes().chunks(8).filter_map(|c| std::str::from_utf8(c).ok()).collect();
    Zeroizing::new(format!(
        "Counterpart recovery sheet\n\
         ==========================\n\n\
         Print this page, put it somewhere safe, and delete this file.\n\
         Whoever holds it can take over your identity; without it, a lost or\n\
         stolen main key cannot be replaced.\n\n\
         Identity:          {}\n\
         Replacement key:   {}\n                   {}\n",
        counterpart_core::id::short_form(&party.0),
        groups[..4].join(" "),
        groups[4..].join(" "),
    ))
}
