//! The home folder: the store, and the keys in files that only their owner may read.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use counterpart_core::{
    envelope::public_half,
    id::{DeviceKey, EventId, PartyId},
    keylog::{self, EventSigner, Grant, KeyLogs, Kinds},
    record::Author,
};
use counterpart_net::{PeerId, TransportSecret};
use counterpart_store::{KeyEventRow, Store};
use ed25519_dalek::SigningKey;
use etcetera::BaseStrategy;
use zeroize::Zeroizing;

use crate::{
    account, adopt,
    clock::now,
    error::DeskError,
    keyfile::{self, Passphrase, Rest},
    place,
    random::Source,
    sheet,
};

const STORE: &str = "counterpart.db";
const KEYS: &str = "keys";
/// Keys about to take the place of those in use: made whole first, then swapped.
const KEYS_NEXT: &str = "keys.next";
const KEYS_OLD: &str = "keys.old";
/// In the folder of the next keys: they are whole, and to be used.
const READY: &str = "ready";
pub(crate) const PORT: &str = "port";
const ROOT: &str = "root.pem";
/// The root key that a rotation under way reveals.
const NEW_ROOT: &str = "root.new.pem";
const DEVICE: &str = "device.pem";
const TRANSPORT: &str = "transport.pem";
/// Keys of a machine that asked to act for a party and waits for the grant.
const ASKED: &str = "keys.asked";
/// Beside the keys: whose they are.
const PARTY: &str = "party";
/// Beside the keys: this device signed somewhere else.
const ELSEWHERE: &str = "used-elsewhere";
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
    pub(crate) peer: PeerId,
    pub(crate) passphrase: Option<Passphrase>,
    folder: PathBuf,
    /// Read when a node starts: unlocking a key takes a while.
    transport: OnceLock<Zeroizing<[u8; 32]>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("author", &self.author).finish_non_exhaustive()
    }
}

impl Identity {
    /// Remembers that this device signed somewhere else: it signs nothing more here.
    pub(crate) fn mark_elsewhere(&self) {
        mark_elsewhere_in(&self.folder);
    }

    /// Whether this device is known to have signed somewhere else.
    pub(crate) fn is_elsewhere(&self) -> bool {
        is_elsewhere_in(&self.folder)
    }

    pub(crate) fn transport(&self) -> Result<TransportSecret, DeskError> {
        if let Some(known) = self.transport.get() {
            return Ok(TransportSecret::new(**known));
        }
        let key = read_transport(&self.folder, self.passphrase.as_ref())?;
        Ok(TransportSecret::new(**self.transport.get_or_init(|| Zeroizing::new(key.to_bytes()))))
    }
}

pub(crate) fn store_path(home: &Path) -> PathBuf {
    home.join(STORE)
}

/// Makes a new identity in an empty home; its keys rest under a passphrase if one is given.
pub(crate) fn init(home: &Path, passphrase: Option<&Passphrase>) -> Result<InitReport, DeskError> {
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
    if adopt::is_waiting(home) {
        return Err(DeskError::Waits { home: home.to_owned() });
    }
    let making = making_folder(home)?;

    let random = Source::new(|| Ok::<_, DeskError>(0))?;
    let root = SigningKey::from_bytes(&random.draw());
    let next_root = SigningKey::from_bytes(&random.draw());
    let device = SigningKey::from_bytes(&random.draw());
    let transport = SigningKey::from_bytes(&random.draw());
    let (party, events) = first_events(&root, &next_root, &device, &transport, random.draw());
    let rest = Rest { under: passphrase, random: &random };
    keyfile::write(&making.join(ROOT), &root, rest)?;
    write_device_keys(&making, &device, &transport, &party, rest)?;
    let sheet = sheet::path(home);
    write_private(&sheet, sheet::text(&party, &next_root, now()).as_bytes()).map_err(file(&sheet))?;

    write_port(home, &random)?;

    let mut store = place::open_for(home, party)?;
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
    let rights = every_right(device, transport);
    let grant = keylog::grant(&head, &EventSigner::Root(root), &rights, device, at);
    let (grant_id, _) = logs.apply(&grant).expect(OWN);
    (party, vec![(id, 1, inception), (grant_id, 2, grant)])
}

/// Leave for a party's own device to do everything.
pub(crate) fn every_right(device: &SigningKey, transport: &SigningKey) -> Grant {
    Grant {
        device: public_half(device),
        peer: TransportSecret::new(transport.to_bytes()).peer_id().as_bytes().to_vec(),
        kinds: Kinds::All,
        receive: true,
        admin: true,
        ceilings: Vec::new(),
        from: None,
        until: None,
    }
}

/// Where the node of a home listens unless told otherwise: the home's own port, by TCP and QUIC.
pub(crate) fn usual_listen(home: &Path) -> Result<Vec<String>, DeskError> {
    let port = port(home)?;
    Ok(vec![format!("/ip4/0.0.0.0/tcp/{port}"), format!("/ip4/0.0.0.0/udp/{port}/quic-v1")])
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

/// Writes down where the running node can be reached.
pub(crate) fn keep_addresses(home: &Path, addresses: &[String]) -> std::io::Result<()> {
    let path = home.join(ADDRESSES);
    // Whoever reads it meanwhile finds the old or the new, never an empty file: an invitation made just then would
    // lead nowhere.
    let written = path.with_extension("addresses.new");
    write_private(&written, addresses.join("\n").as_bytes()).and_then(|()| fs::rename(&written, &path))
}

/// The node has stopped: nobody reaches it there any more.
pub(crate) fn forget_addresses(home: &Path) {
    // Where there is none, none was written.
    drop(fs::remove_file(home.join(ADDRESSES)));
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
pub(crate) fn unlock(home: &Path, store: &Store, passphrase: Option<&Passphrase>) -> Result<Identity, DeskError> {
    unlock_in(&keys_folder(home), store, passphrase)
}

/// The same, of the keys in a folder.
pub(crate) fn unlock_in(keys: &Path, store: &Store, passphrase: Option<&Passphrase>) -> Result<Identity, DeskError> {
    let device = read_device(keys, passphrase)?;
    let public = public_half(&device);
    let party = read_party(keys)?;
    let mut logs = KeyLogs::new();
    for stored in store.key_events(party)? {
        // What does not stand in the log grants nothing.
        drop(logs.apply(&stored.envelope));
    }
    let unfit = |why: &str| DeskError::Key { path: keys.join(DEVICE), why: why.to_owned() };
    let (grant, given) = logs
        .grant_of_device(&party, &public)
        .ok_or_else(|| unfit("no key log in the store grants this device anything; was the store replaced?"))?;
    let peer = PeerId::from_bytes(&given.peer).map_err(|_unfit| unfit("its grant names no peer id"))?;
    Ok(Identity {
        author: Author { party, device: public, grant },
        device,
        peer,
        passphrase: passphrase.cloned(),
        folder: keys.to_owned(),
        transport: OnceLock::new(),
    })
}

/// Whether a home's keys rest under a passphrase.
pub(crate) fn is_locked(home: &Path) -> Result<bool, DeskError> {
    keyfile::is_encrypted(&keys_folder(home).join(DEVICE))
}

/// Whether a home has an identity.
pub(crate) fn is_initialised(home: &Path) -> bool {
    settle_keys(home);
    keys_folder(home).exists()
}

/// Refuses a home that this account may not look into: it would look like one without an identity.
pub(crate) fn may_read(home: &Path) -> Result<(), DeskError> {
    account::may_read(home, &keys_folder(home))
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
    empty_folder(home, "keys.making")
}

/// An empty folder for keys that are to take the place of those in use by [`swap_keys`].
pub(crate) fn next_folder(home: &Path) -> Result<PathBuf, DeskError> {
    empty_folder(home, KEYS_NEXT)
}

fn empty_folder(home: &Path, name: &str) -> Result<PathBuf, DeskError> {
    let failed = |path: &Path, e: std::io::Error| DeskError::File { path: path.to_owned(), why: e.to_string() };
    private_folder(home).map_err(|e| failed(home, e))?;
    let folder = home.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| failed(&folder, e))?;
    }
    private_folder(&folder).map_err(|e| failed(&folder, e))?;
    Ok(folder)
}

/// Puts the next keys in the place of those in use. From the first step on it comes to its end, whatever happens: who
/// opens the home next finishes it.
pub(crate) fn swap_keys(home: &Path) -> Result<(), DeskError> {
    let ready = home.join(KEYS_NEXT).join(READY);
    write_private(&ready, b"").map_err(|e| DeskError::File { path: ready, why: e.to_string() })?;
    settle_keys(home);
    let next = home.join(KEYS_NEXT);
    if next.exists() {
        return Err(DeskError::File { path: next, why: "it could not be made the folder of the keys".to_owned() });
    }
    Ok(())
}

/// Ends a swap of keys that was begun.
fn settle_keys(home: &Path) {
    let (keys, next, old) = (home.join(KEYS), home.join(KEYS_NEXT), home.join(KEYS_OLD));
    if next.join(READY).exists() {
        if keys.exists() && !old.exists() {
            drop(fs::rename(&keys, &old));
        }
        drop(fs::rename(&next, &keys));
    }
    if !old.exists() {
        return;
    }
    if keys.exists() {
        // The keys before are of no use to anybody.
        drop(fs::remove_file(keys.join(READY)));
        drop(fs::remove_dir_all(&old));
    } else {
        drop(fs::rename(&old, &keys));
    }
}

/// Writes the keys that every machine of a party has, and beside them whose they are.
pub(crate) fn write_device_keys(
    folder: &Path,
    device: &SigningKey,
    transport: &SigningKey,
    party: &PartyId,
    rest: Rest<'_>,
) -> Result<(), DeskError> {
    write_own_keys(folder, device, transport, rest)?;
    write_party(folder, party)
}

/// Writes the key of an agent's seat, and beside it whose it is. A seat has no connections, hence no key for them.
pub(crate) fn write_seat_keys(
    folder: &Path,
    device: &SigningKey,
    party: &PartyId,
    rest: Rest<'_>,
) -> Result<(), DeskError> {
    keyfile::write(&folder.join(DEVICE), device, rest)?;
    write_party(folder, party)
}

/// Writes the keys of a machine that acts for nobody yet.
pub(crate) fn write_own_keys(
    folder: &Path,
    device: &SigningKey,
    transport: &SigningKey,
    rest: Rest<'_>,
) -> Result<(), DeskError> {
    keyfile::write(&folder.join(DEVICE), device, rest)?;
    keyfile::write(&folder.join(TRANSPORT), transport, rest)
}

/// Writes beside the keys whose they are.
pub(crate) fn write_party(folder: &Path, party: &PartyId) -> Result<(), DeskError> {
    let owner = folder.join(PARTY);
    let written = write_private(&owner, party.to_hex().as_bytes());
    written.map_err(|e| DeskError::File { path: owner, why: e.to_string() })
}

/// Gives a home a port of its own, so that an invitation's addresses stay true from one start to the next. Below those
/// that systems lend to connections going out (from 32768 on, on Linux), which would now and then be taken.
pub(crate) fn write_port(home: &Path, random: &Source) -> Result<(), DeskError> {
    let port = 20_000 + u16::from_be_bytes(random.draw()) % 12_000;
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

pub(crate) fn read_device(folder: &Path, passphrase: Option<&Passphrase>) -> Result<SigningKey, DeskError> {
    keyfile::read(&folder.join(DEVICE), passphrase)
}

pub(crate) fn read_transport(folder: &Path, passphrase: Option<&Passphrase>) -> Result<SigningKey, DeskError> {
    keyfile::read(&folder.join(TRANSPORT), passphrase)
}

/// Whether a main key lies in a home, of use or not.
pub(crate) fn has_root(home: &Path) -> bool {
    let keys = keys_folder(home);
    keys.join(ROOT).exists() || keys.join(NEW_ROOT).exists()
}

/// The identity's main key, where this home holds it. After a rotation that was cut short the new one is still in its
/// own file.
pub(crate) fn read_root(
    home: &Path,
    root: &DeviceKey,
    passphrase: Option<&Passphrase>,
) -> Result<Option<SigningKey>, DeskError> {
    for name in [ROOT, NEW_ROOT] {
        let path = keys_folder(home).join(name);
        if path.exists() {
            let key = keyfile::read(&path, passphrase)?;
            if public_half(&key) == *root {
                return Ok(Some(key));
            }
        }
    }
    Ok(None)
}

pub(crate) fn write_root(folder: &Path, root: &SigningKey, rest: Rest<'_>) -> Result<(), DeskError> {
    keyfile::write(&folder.join(ROOT), root, rest)
}

/// Writes the main key that a rotation is about to reveal, beside the one in use.
pub(crate) fn write_new_root(home: &Path, root: &SigningKey, rest: Rest<'_>) -> Result<(), DeskError> {
    keyfile::write(&keys_folder(home).join(NEW_ROOT), root, rest)
}

/// The rotation is in the log: its key is the main key from now on.
pub(crate) fn keep_new_root(home: &Path) -> Result<(), DeskError> {
    let keys = keys_folder(home);
    let (from, to) = (keys.join(NEW_ROOT), keys.join(ROOT));
    fs::rename(&from, &to).map_err(|e| DeskError::File { path: from, why: e.to_string() })
}

/// Remembers that the device of a home signed somewhere else: it signs nothing more here.
pub(crate) fn mark_elsewhere(home: &Path) {
    mark_elsewhere_in(&keys_folder(home));
}

/// The same, of the device whose keys are in a folder.
pub(crate) fn mark_elsewhere_in(keys: &Path) {
    // The entry that proves it is in the store, and found again.
    drop(write_private(&keys.join(ELSEWHERE), b""));
}

/// Whether the device of a home is known to have signed somewhere else.
pub(crate) fn is_elsewhere(home: &Path) -> bool {
    is_elsewhere_in(&keys_folder(home))
}

/// The same, of the device whose keys are in a folder.
pub(crate) fn is_elsewhere_in(keys: &Path) -> bool {
    keys.join(ELSEWHERE).exists()
}

/// Copies the main key, where it is here, into the folder of the next keys.
pub(crate) fn copy_root(
    home: &Path,
    to: &Path,
    passphrase: Option<&Passphrase>,
    rest: Rest<'_>,
) -> Result<(), DeskError> {
    for name in [ROOT, NEW_ROOT] {
        let path = keys_folder(home).join(name);
        if path.exists() {
            keyfile::write(&to.join(name), &keyfile::read(&path, passphrase)?, rest)?;
        }
    }
    Ok(())
}

/// Copies the keys in use into the folder of the next ones, at rest as is asked now.
pub(crate) fn copy_keys(
    home: &Path,
    to: &Path,
    passphrase: Option<&Passphrase>,
    rest: Rest<'_>,
) -> Result<(), DeskError> {
    copy_root(home, to, passphrase, rest)?;
    let keys = keys_folder(home);
    let (device, transport) = (read_device(&keys, passphrase)?, read_transport(&keys, passphrase)?);
    write_device_keys(to, &device, &transport, &read_party(&keys)?, rest)?;
    if is_elsewhere(home) {
        let mark = to.join(ELSEWHERE);
        write_private(&mark, b"").map_err(|e| DeskError::File { path: mark, why: e.to_string() })?;
    }
    Ok(())
}

pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Reads a file that may have been put there by anybody: nothing but a plain file, and no more of it than is expected.
pub(crate) fn read_bounded(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let odd = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
    // Opening something else, such as a pipe, could wait for ever.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(odd("it should be a plain file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(odd("it is too large")) } else { Ok(bytes) }
}

/// Makes what was renamed in a folder durable, where the system can.
pub(crate) fn sync_folder(path: &Path) {
    // A system that cannot do this for folders does it by itself.
    drop(fs::File::open(path).and_then(|folder| folder.sync_all()));
}

pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_file(path, bytes, fs::OpenOptions::new().create(true).truncate(true))?.sync_all()
}

/// Writes a file that was not there before.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_file(path, bytes, fs::OpenOptions::new().create_new(true))?.sync_all()
}

/// Writes a file that may be lost: nothing waits for the disk.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_file(path, bytes, fs::OpenOptions::new().create(true).truncate(true)).map(drop)
}

fn write_file(path: &Path, bytes: &[u8], options: &mut fs::OpenOptions) -> std::io::Result<fs::File> {
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}
