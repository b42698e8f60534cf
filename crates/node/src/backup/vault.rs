//! The file of a backup: a header, then items, in the open or encrypted under a passphrase.
//!
//! Encrypted, a fresh key of 32 bytes is wrapped by PBES2 (RFC 8018: scrypt, AES-256-GCM) and encrypts what follows as a
//! STREAM of AES-256-GCM (Hoang, Reyhanitabar, Rogaway, Vizár 2015; the form with a 32-bit counter and a mark on the last
//! piece), 65,536 bytes a piece. So a piece cannot be altered, left out, moved or cut off unseen, and neither writing nor
//! reading needs more memory than a few pieces. In the open a checksum ends the file.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use aes_gcm::{Aes256Gcm, aead::array::Array};
use counterpart_core::{attachment::FileRef, id::CaseId};
use pkcs8::{
    der::{Decode as _, Encode as _},
    pkcs5::{EncryptionScheme, pbes2},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::item::{Item, MAX_ITEM};
use crate::{
    error::DeskError,
    home::create_private,
    keyfile::{Passphrase, cost},
    random::Source,
};

const MAGIC: &[u8] = b"counterpart-backup 1\n";
const OPEN: u8 = 0;
const ENCRYPTED: u8 = 1;
/// Bytes of contents in one piece, and of the mark that proves it.
const PIECE: usize = 65_536;
const TAG: usize = 16;
/// Bytes of the checksum at the end of one in the open.
const CHECKSUM: usize = 32;
/// scrypt's cost: 64 MiB. A backup lies where others reach it, for years.
const LOG_N: u8 = 16;
/// What another file may ask for at most, so that none takes the machine's memory.
const MAX_LOG_N: u32 = 18;
/// Longest description of how the key is wrapped.
const MAX_SCHEME: usize = 512;

/// Writes a backup beside its final place, and puts it there when it is whole.
pub(super) struct Writer {
    to: PathBuf,
    making: PathBuf,
    out: BufWriter<File>,
    seal: Seal,
    piece: Zeroizing<Vec<u8>>,
    items: u64,
}

enum Seal {
    /// All bytes so far.
    Open(Sha256),
    Encrypted {
        stream: Box<EncryptorBE32<Aes256Gcm>>,
        header: [u8; 32],
    },
}

impl Writer {
    pub(super) fn create(to: &Path, under: Option<&Passphrase>, random: &Source) -> Result<Self, DeskError> {
        let failed = |e: io::Error| refused(to, e.to_string());
        if to.exists() && !is_backup(to) {
            return Err(refused(to, "a file that is no backup is there already; name another".to_owned()));
        }
        let mut name = to.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
        name.push(format!(".{}.new", std::process::id()));
        let making = to.with_file_name(name);
        // One left by a process of this number is of no use to anybody.
        drop(fs::remove_file(&making));
        let mut header = MAGIC.to_vec();
        let mut key = None;
        match under {
            None => header.push(OPEN),
            Some(passphrase) => {
                header.push(ENCRYPTED);
                let fresh = Zeroizing::new(random.draw::<32>());
                let (scheme, wrapped) = wrap(&fresh, passphrase, random).map_err(|e| refused(to, e.to_string()))?;
                let length = u16::try_from(scheme.len()).expect("a description is short");
                header.extend_from_slice(&length.to_be_bytes());
                header.extend_from_slice(&scheme);
                header.extend_from_slice(&wrapped);
                let nonce = random.draw::<7>();
                header.extend_from_slice(&nonce);
                key = Some((fresh, nonce));
            }
        }
        let digest: [u8; 32] = Sha256::digest(&header).into();
        header.extend_from_slice(&digest);
        let made = create_private(&making, &header).and_then(|()| fs::OpenOptions::new().append(true).open(&making));
        let file = made.map_err(|why| {
            // On a full disk the name is there, and nothing in it.
            drop(fs::remove_file(&making));
            failed(why)
        })?;
        let seal = match key {
            None => Seal::Open(Sha256::new_with_prefix(&header)),
            Some((key, nonce)) => Seal::Encrypted {
                stream: Box::new(EncryptorBE32::new(&Array::from(*key), &Array::from(nonce))),
                header: digest,
            },
        };
        let out = BufWriter::new(file);
        Ok(Self { to: to.to_owned(), making, out, seal, piece: Zeroizing::new(Vec::with_capacity(PIECE)), items: 0 })
    }

    pub(super) fn item(&mut self, item: &Item) -> Result<(), DeskError> {
        let bytes = item.encode();
        if bytes.len() > MAX_ITEM {
            return Err(self.failed("something in the store is larger than anything the formats allow"));
        }
        let length = u32::try_from(bytes.len()).expect("an item is small");
        self.items += 1;
        self.put(&length.to_be_bytes())?;
        self.put(&bytes)
    }

    /// An attached file, with its bytes.
    pub(super) fn file(&mut self, case: CaseId, file: FileRef, source: File) -> Result<(), DeskError> {
        self.item(&Item::File { case, file })?;
        let mut source = source.take(file.size);
        let mut buffer = vec![0; PIECE];
        let mut left = file.size;
        loop {
            let got = source.read(&mut buffer).map_err(|e| self.failed(e))?;
            if got == 0 {
                break;
            }
            left -= got as u64;
            self.put(&buffer[..got])?;
        }
        if left == 0 {
            Ok(())
        } else {
            Err(self.failed("an attached file is shorter than it should be: run `counterpart doctor`"))
        }
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<(), DeskError> {
        while !bytes.is_empty() {
            // The last piece is marked, so a full one is written only once there is more.
            if self.piece.len() == PIECE {
                self.write_piece()?;
            }
            let room = (PIECE - self.piece.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.piece.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn write_piece(&mut self) -> Result<(), DeskError> {
        let written = match &mut self.seal {
            Seal::Open(all) => {
                all.update(self.piece.as_slice());
                self.out.write_all(&self.piece)
            }
            Seal::Encrypted { stream, header } => {
                let mut sealed = self.piece.to_vec();
                let done = stream.encrypt_next_in_place(header, &mut sealed).map_err(|_full| too_large());
                done.and_then(|()| self.out.write_all(&sealed))
            }
        };
        self.piece.clear();
        written.map_err(|e| self.failed(e))
    }

    /// Ends the backup and puts it in its place.
    pub(super) fn finish(mut self) -> Result<(), DeskError> {
        let count = self.items;
        self.item(&Item::End(count))?;
        let mut last = Zeroizing::new(std::mem::take(&mut *self.piece));
        let seal = std::mem::replace(&mut self.seal, Seal::Open(Sha256::new()));
        let written = match seal {
            Seal::Open(all) => {
                let digest = all.chain_update(last.as_slice()).finalize();
                self.out.write_all(&last).and_then(|()| self.out.write_all(&digest))
            }
            Seal::Encrypted { stream, header } => {
                let done = stream.encrypt_last_in_place(&header, &mut *last).map_err(|_full| too_large());
                done.and_then(|()| self.out.write_all(&last))
            }
        };
        let synced = written.and_then(|()| self.out.flush()).and_then(|()| self.out.get_ref().sync_all());
        let settled = synced.and_then(|()| fs::rename(&self.making, &self.to)).and_then(|()| sync_folder(&self.to));
        settled.map_err(|e| self.failed(e))
    }

    fn failed(&self, why: impl std::fmt::Display) -> DeskError {
        refused(&self.to, why.to_string())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A whole backup was renamed; what is left under this name is none.
        drop(fs::remove_file(&self.making));
    }
}

/// Reads a backup from its beginning to its end.
pub(crate) struct Reader {
    path: PathBuf,
    source: BufReader<File>,
    open: Unseal,
    /// Contents read and not given out yet, from `at` on.
    piece: Zeroizing<Vec<u8>>,
    at: usize,
    /// The file's last piece is among what was read.
    last: bool,
    items: u64,
}

enum Unseal {
    /// All bytes so far, and those held back because they may be the checksum.
    Open {
        all: Sha256,
        held: Vec<u8>,
    },
    Encrypted {
        stream: Option<Box<DecryptorBE32<Aes256Gcm>>>,
        header: [u8; 32],
    },
}

impl Reader {
    /// Opens a backup. `passphrase` is looked at only where it is encrypted.
    pub(crate) fn open(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, DeskError> {
        let file = File::open(path).map_err(|e| refused(path, e.to_string()))?;
        let mut source = BufReader::new(file);
        let mut header = Header::default();
        let kind = header.kind(path, &mut source)?;
        let mut wrapping = None;
        if kind == ENCRYPTED {
            let length = header.take(path, &mut source, 2)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            if length > MAX_SCHEME {
                return Err(damaged(path));
            }
            let scheme = header.take(path, &mut source, length)?;
            let wrapped = header.take(path, &mut source, 32 + TAG)?;
            let nonce = header.take(path, &mut source, 7)?;
            wrapping = Some((scheme, wrapped, <[u8; 7]>::try_from(nonce).expect("seven bytes")));
        }
        let digest: [u8; 32] = Sha256::digest(&header.0).into();
        let said = header.take(path, &mut source, 32)?;
        if said != digest {
            return Err(damaged(path));
        }
        let open = match wrapping {
            None => Unseal::Open { all: Sha256::new_with_prefix(&header.0), held: Vec::new() },
            Some((scheme, wrapped, nonce)) => {
                let key = unwrap(path, &scheme, &wrapped, passphrase.ok_or(DeskError::Locked)?)?;
                let stream = DecryptorBE32::new(&Array::from(*key), &Array::from(nonce));
                Unseal::Encrypted { stream: Some(Box::new(stream)), header: digest }
            }
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            open,
            piece: Zeroizing::new(Vec::new()),
            at: 0,
            last: false,
            items: 0,
        })
    }

    /// The next item; nothing after the end, which was then found where it belongs.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, DeskError> {
        let length = self.take(4)?;
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        if length > MAX_ITEM {
            return Err(damaged(&self.path));
        }
        let bytes = self.take(length)?;
        let item = Item::decode(&bytes).ok_or_else(|| {
            refused(&self.path, "it holds something that this version does not know: update".to_owned())
        })?;
        if let Item::End(count) = item {
            self.end()?;
            return if count == self.items { Ok(None) } else { Err(damaged(&self.path)) };
        }
        self.items += 1;
        Ok(Some(item))
    }

    /// The bytes that follow a [`Item::File`], in pieces.
    pub(crate) fn file(
        &mut self,
        size: u64,
        mut keep: impl FnMut(u64, &[u8]) -> Result<(), DeskError>,
    ) -> Result<(), DeskError> {
        let mut offset = 0;
        while offset < size {
            let now = usize::try_from((size - offset).min(PIECE as u64)).unwrap_or(PIECE);
            let bytes = self.take(now)?;
            keep(offset, &bytes)?;
            offset += bytes.len() as u64;
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<Zeroizing<Vec<u8>>, DeskError> {
        let mut taken = Zeroizing::new(Vec::with_capacity(count));
        while taken.len() < count {
            if self.at == self.piece.len() {
                if self.last {
                    return Err(damaged(&self.path));
                }
                self.read_piece()?;
            }
            let now = (count - taken.len()).min(self.piece.len() - self.at);
            taken.extend_from_slice(&self.piece[self.at..self.at + now]);
            self.at += now;
        }
        Ok(taken)
    }

    fn read_piece(&mut self) -> Result<(), DeskError> {
        let path = self.path.clone();
        let failed = |e: io::Error| refused(&path, e.to_string());
        let overhead = match self.open {
            Unseal::Open { .. } => 0,
            Unseal::Encrypted { .. } => TAG,
        };
        let mut piece = Vec::with_capacity(PIECE + overhead);
        let whole = (PIECE + overhead) as u64;
        (&mut self.source).take(whole).read_to_end(&mut piece).map_err(failed)?;
        let ends = fill_is_empty(&mut self.source).map_err(failed)?;
        match &mut self.open {
            Unseal::Open { all, held } => {
                let mut contents = std::mem::take(held);
                contents.append(&mut piece);
                let at = contents.len().checked_sub(CHECKSUM).ok_or_else(|| damaged(&path))?;
                *held = contents.split_off(at);
                all.update(&contents);
                if ends && all.clone().finalize().as_slice() != held.as_slice() {
                    return Err(damaged(&path));
                }
                (self.piece, self.at, self.last) = (Zeroizing::new(contents), 0, ends);
                Ok(())
            }
            Unseal::Encrypted { stream, header } => {
                let unread = |_altered| damaged(&path);
                if ends {
                    let stream = stream.take().ok_or_else(|| damaged(&path))?;
                    stream.decrypt_last_in_place(header, &mut piece).map_err(unread)?;
                } else {
                    let stream = stream.as_mut().ok_or_else(|| damaged(&path))?;
                    stream.decrypt_next_in_place(header, &mut piece).map_err(unread)?;
                }
                (self.piece, self.at, self.last) = (Zeroizing::new(piece), 0, ends);
                Ok(())
            }
        }
    }

    /// Nothing may stand behind the end.
    fn end(&mut self) -> Result<(), DeskError> {
        if !self.last && self.at == self.piece.len() {
            self.read_piece()?;
        }
        if self.last && self.at == self.piece.len() { Ok(()) } else { Err(damaged(&self.path)) }
    }
}

/// The bytes of a header as they are read.
#[derive(Default)]
struct Header(Vec<u8>);

impl Header {
    fn take(&mut self, path: &Path, source: &mut impl Read, count: usize) -> Result<Vec<u8>, DeskError> {
        let mut bytes = vec![0; count];
        source.read_exact(&mut bytes).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => damaged(path),
            _ => refused(path, e.to_string()),
        })?;
        self.0.extend_from_slice(&bytes);
        Ok(bytes)
    }

    fn kind(&mut self, path: &Path, source: &mut impl Read) -> Result<u8, DeskError> {
        let none = || refused(path, "it is no backup of this program".to_owned());
        let magic = self.take(path, source, MAGIC.len()).map_err(|_short| none())?;
        if magic != MAGIC {
            return Err(none());
        }
        match self.take(path, source, 1)?[0] {
            kind @ (OPEN | ENCRYPTED) => Ok(kind),
            _ => Err(refused(path, "it was made by a newer version of this program: update".to_owned())),
        }
    }
}

pub(super) fn is_encrypted(path: &Path) -> Result<bool, DeskError> {
    let mut file = File::open(path).map_err(|e| refused(path, e.to_string()))?;
    Ok(Header::default().kind(path, &mut file)? == ENCRYPTED)
}

fn is_backup(path: &Path) -> bool {
    is_encrypted(path).is_ok()
}

fn wrap(key: &[u8; 32], under: &Passphrase, random: &Source) -> Result<(Vec<u8>, Vec<u8>), pkcs8::pkcs5::Error> {
    let parameters = pbes2::Parameters::scrypt_aes256gcm(cost(LOG_N)?, &random.draw::<16>(), random.draw())?;
    let wrapped = parameters.encrypt(under.bytes(), key)?;
    let scheme = EncryptionScheme::from(parameters).to_der().map_err(|_e| pkcs8::pkcs5::Error::EncryptFailed)?;
    Ok((scheme, wrapped))
}

fn unwrap(path: &Path, scheme: &[u8], wrapped: &[u8], under: &Passphrase) -> Result<Zeroizing<[u8; 32]>, DeskError> {
    let scheme = EncryptionScheme::from_der(scheme).map_err(|_unread| damaged(path))?;
    let affordable = scheme.pbes2().and_then(|p| p.kdf.scrypt()).is_some_and(|scrypt| {
        scrypt.cost_parameter <= 1 << MAX_LOG_N && scrypt.block_size <= 8 && scrypt.parallelization <= 4
    });
    if !affordable {
        return Err(damaged(path));
    }
    let key = scheme.decrypt(under.bytes(), wrapped).map_err(|_altered| DeskError::WrongPassphrase)?;
    let key = Zeroizing::new(key);
    <[u8; 32]>::try_from(key.as_slice()).map(Zeroizing::new).map_err(|_short| damaged(path))
}

fn fill_is_empty(source: &mut impl io::BufRead) -> io::Result<bool> {
    source.fill_buf().map(<[u8]>::is_empty)
}

/// That a name is in a folder is on disk only once the folder is.
fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    drop(file);
    Ok(())
}

fn too_large() -> io::Error {
    io::Error::other("it would be larger than a backup can be")
}

fn refused(path: &Path, why: String) -> DeskError {
    DeskError::Backup { path: path.to_owned(), why }
}

fn damaged(path: &Path) -> DeskError {
    refused(path, "it is damaged: altered, or not whole. Take another copy of it".to_owned())
}
