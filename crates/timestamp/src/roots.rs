//! Whom a person trusts to tell the time: root certificates, from files that people are given by a service.

use ring::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use webpki::anchor_from_trusted_cert;

use crate::certificate;

/// Largest file of roots.
pub const MAX_ROOTS_FILE: usize = 1024 * 1024;
const MAX_ROOTS: usize = 256;

/// Root certificates that were chosen to be trusted. Never taken from what they are to vouch for.
#[derive(Debug, Clone)]
pub struct Roots {
    all: Vec<Root>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub(crate) certificate: CertificateDer<'static>,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// What it calls itself, where it does: text of a stranger.
    pub name: Option<String>,
}

impl Root {
    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.certificate
    }
}

/// Why a file gives no roots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    #[error("the file is larger than certificates are: {MAX_ROOTS_FILE} bytes at most")]
    TooLarge,
    #[error("there is no certificate in it: it should be a .pem, .crt or .der file of the service's root certificate")]
    None,
    #[error("certificate {0} in it cannot be read")]
    Unreadable(usize),
    #[error("there are more than {MAX_ROOTS} certificates in it: name only those of the service")]
    TooMany,
}

impl Roots {
    /// Reads the certificates in a file: PEM with one or several, or the DER of one.
    ///
    /// # Errors
    /// When there is none in it, or one that cannot be read.
    pub fn read(file: &[u8]) -> Result<Self, RootsError> {
        if file.len() > MAX_ROOTS_FILE {
            return Err(RootsError::TooLarge);
        }
        let certificates: Vec<CertificateDer<'static>> = if file.first() == Some(&0x30) {
            vec![CertificateDer::from(file.to_vec())]
        } else {
            let found = CertificateDer::pem_slice_iter(file).take(MAX_ROOTS + 1).enumerate();
            found.map(|(n, read)| read.map_err(|_e| RootsError::Unreadable(n + 1))).collect::<Result<_, _>>()?
        };
        if certificates.is_empty() {
            return Err(RootsError::None);
        }
        if certificates.len() > MAX_ROOTS {
            return Err(RootsError::TooMany);
        }
        let root = |(n, certificate): (usize, CertificateDer<'static>)| {
            let anchor = anchor_from_trusted_cert(&certificate).map_err(|_e| RootsError::Unreadable(n + 1))?;
            let name = certificate::common_name(&anchor.subject);
            let mut fingerprint = [0; 32];
            fingerprint.copy_from_slice(digest(&SHA256, &certificate).as_ref());
            Ok(Root { certificate, fingerprint, name })
        };
        let mut all: Vec<Root> = certificates.into_iter().enumerate().map(root).collect::<Result<_, _>>()?;
        // The same one twice is one.
        all.sort_by_key(|root| root.fingerprint);
        all.dedup();
        Ok(Self { all })
    }

    /// Those of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self.all.sort_by_key(|root| root.fingerprint);
        self.all.dedup();
        self
    }

    /// By fingerprint.
    #[must_use]
    pub fn all(&self) -> &[Root] {
        &self.all
    }
}
