//! Key files: standard PKCS#8 (RFC 5958), as they are or encrypted under a passphrase by PBES2 with scrypt and
//! AES-256-CBC (RFC 8018, RFC 7914), so that other programs read them too.

use std::{fs, path::Path};

use counterpart_core::text;
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use pkcs8::{
    EncryptedPrivateKeyInfo, SecretDocument,
    der::{asn1::OctetString, pem::PemLabel},
    pkcs5::pbes2,
};
use zeroize::Zeroizing;

use crate::{error::DeskError, home::write_private, random::Source};

/// Names a file whose first line is the passphrase of the home's keys: for services, where nobody can be asked.
pub const PASSPHRASE_FILE: &str = "COUNTERPART_PASSPHRASE_FILE";
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
/// scrypt's cost: 16 MiB and a twentieth of a second, the most that OpenSSL reads unasked.
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 1;

/// What keys rest encrypted under. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

impl Passphrase {
    /// A passphrase as it was typed; the same letters typed on another keyboard are the same one.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(typed: &str) -> Result<Self, DeskError> {
        let typed = Zeroizing::new(text::normalise(typed));
        let first = typed.lines().next().unwrap_or_default();
        if first.trim().is_empty() { Err(DeskError::NoPassphrase) } else { Ok(Self(Zeroizing::new(first.to_owned()))) }
    }

    /// The first line of a file.
    ///
    /// # Errors
    /// When it cannot be read, or that line is empty.
    pub fn from_file(path: &Path) -> Result<Self, DeskError> {
        let unread = |e: std::io::Error| DeskError::File { path: path.to_owned(), why: e.to_string() };
        Self::new(&Zeroizing::new(fs::read_to_string(path).map_err(unread)?))
    }

    /// The one in the file that `COUNTERPART_PASSPHRASE_FILE` names, if it names one.
    ///
    /// # Errors
    /// As [`Passphrase::from_file`].
    pub fn from_environment() -> Result<Option<Self>, DeskError> {
        let file = std::env::var_os(PASSPHRASE_FILE).filter(|file| !file.is_empty());
        file.map(|file| Self::from_file(Path::new(&file))).transpose()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// How keys are to rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest<'a> {
    pub(crate) under: Option<&'a Passphrase>,
    pub(crate) random: &'a Source,
}

/// Writes a key, so that only its owner may read the file.
pub(crate) fn write(path: &Path, key: &SigningKey, rest: Rest<'_>) -> Result<(), DeskError> {
    let failed = |why: String| DeskError::Key { path: path.to_owned(), why };
    let pem = match rest.under {
        None => key.to_pkcs8_pem(LineEnding::LF).map_err(|e| failed(e.to_string()))?,
        Some(passphrase) => encrypted(key, passphrase, rest.random).map_err(|e| failed(e.to_string()))?,
    };
    write_private(path, pem.as_bytes()).map_err(|e| failed(e.to_string()))
}

fn encrypted(key: &SigningKey, under: &Passphrase, random: &Source) -> pkcs8::Result<Zeroizing<String>> {
    let parameters =
        pbes2::Parameters::generate_scrypt_aes256cbc(cost(LOG_N)?, &random.draw::<16>(), random.draw::<16>())?;
    let plain = key.to_pkcs8_der()?;
    let encrypted_data = OctetString::new(parameters.encrypt(under.bytes(), plain.as_bytes())?)?;
    let info = EncryptedPrivateKeyInfo { encryption_algorithm: parameters.into(), encrypted_data };
    let label = EncryptedPrivateKeyInfo::<OctetString>::PEM_LABEL;
    Ok(SecretDocument::try_from(&info)?.to_pem(label, LineEnding::LF)?)
}

/// scrypt's parameters for a cost.
pub(crate) fn cost(log_n: u8) -> Result<pkcs8::pkcs5::scrypt::Params, pkcs8::pkcs5::Error> {
    let invalid = pkcs8::pkcs5::Error::AlgorithmParametersInvalid { oid: pbes2::SCRYPT_OID };
    pkcs8::pkcs5::scrypt::Params::new(log_n, R, P).map_err(|_invalid| invalid)
}

/// Whether a key rests encrypted.
pub(crate) fn is_encrypted(path: &Path) -> Result<bool, DeskError> {
    Ok(text_of(path)?.trim_start().starts_with(ENCRYPTED))
}

/// Reads a key, with the passphrase if it rests under one.
pub(crate) fn read(path: &Path, under: Option<&Passphrase>) -> Result<SigningKey, DeskError> {
    let failed = |why: String| DeskError::Key { path: path.to_owned(), why };
    let pem = text_of(path)?;
    if !pem.trim_start().starts_with(ENCRYPTED) {
        return SigningKey::from_pkcs8_pem(&pem).map_err(|e| failed(e.to_string()));
    }
    let passphrase = under.ok_or(DeskError::Locked)?;
    // A wrong passphrase gives garbage, which no key is.
    let wrong = |_garbage: pkcs8::Error| DeskError::WrongPassphrase;
    let (_, document) = SecretDocument::from_pem(&pem).map_err(|e| failed(e.to_string()))?;
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|e| failed(e.to_string()))?;
    let plain = info.decrypt(passphrase.bytes()).map_err(wrong)?;
    SigningKey::from_pkcs8_der(plain.as_bytes()).map_err(|_garbage| DeskError::WrongPassphrase)
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, DeskError> {
    let unread = |e: std::io::Error| DeskError::Key { path: path.to_owned(), why: e.to_string() };
    Ok(Zeroizing::new(fs::read_to_string(path).map_err(unread)?))
}
