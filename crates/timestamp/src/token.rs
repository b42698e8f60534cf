//! Whether a token holds: first by itself, then by whom it is vouched for.

use std::time::Duration;

use der::{Tag, oid::ObjectIdentifier};
use ring::digest::{self, digest};
use rustls_pki_types::{
    CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime, alg_id::AlgorithmIdentifier,
};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring as algorithms};

use crate::{
    MAX_TOKEN, Nonce, Roots, certificate,
    info::{ID_SHA_256, Info},
    pieces::{Malformed, Pieces},
    signed_data::{Attributes, ShellError, SignedData, Signer, algorithm},
};

const ID_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const ID_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const ID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Every signature that is understood, of tokens and of certificates.
static SIGNATURES: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    algorithms::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    algorithms::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
];

/// Why a token is not the time stamp it should be: it does not hold by itself, whomever one trusts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the time stamp is larger than {MAX_TOKEN} bytes")]
    TooLarge,
    #[error("the time stamp cannot be read: {0} is not as RFC 3161 has it")]
    Malformed(&'static str),
    #[error("what came is signed, and is not a time stamp")]
    OtherContent,
    #[error("the time stamp is not signed by exactly one signer")]
    Signers,
    #[error("the time stamp is for something else: the hash in it is another")]
    OtherImprint,
    #[error("the time stamp is the answer to another request")]
    OtherNonce,
    #[error("the certificate of whoever signed the time stamp does not come with it")]
    NoCertificate,
    #[error("the certificate of whoever signed the time stamp cannot be read")]
    BadCertificate,
    #[error("the time stamp names another certificate than the one that signed it")]
    OtherCertificate,
    #[error("the time stamp is signed in a way that this program does not know")]
    UnknownAlgorithm,
    #[error("the time stamp was altered: its signature does not fit what it says")]
    BadSignature,
}

impl From<Malformed> for TokenError {
    fn from(Malformed(what): Malformed) -> Self {
        Self::Malformed(what)
    }
}

impl From<ShellError> for TokenError {
    fn from(why: ShellError) -> Self {
        match why {
            ShellError::Malformed(why) => why.into(),
            ShellError::Signers => Self::Signers,
            ShellError::OtherContent => Self::OtherContent,
        }
    }
}

/// Why a token that holds by itself is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error("none of the root certificates you named vouches for whoever signed it")]
    UnknownRoot,
    #[error("the certificate of whoever signed it is not for time stamps, or not for them alone")]
    WrongUse,
    #[error("a certificate behind it had run out at the time it states")]
    Expired,
    #[error("a certificate behind it was not valid yet at the time it states")]
    NotYetValid,
    #[error("the certificates behind it do not hold ({0})")]
    Chain(String),
}

/// A token that holds by itself: its form, what it is for, and the signature. Whether whoever signed it is to be
/// believed is not said yet.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    info: Info<'a>,
    signer: CertificateDer<'a>,
    others: Vec<CertificateDer<'a>>,
    name: Option<String>,
}

/// A time stamp that is believed: somebody whom the roots vouch for had the imprint at that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Unix milliseconds, rounded down.
    pub at: i64,
    /// By how many microseconds that may be wrong, where the service says so.
    pub accuracy: Option<u64>,
    /// The number the service gave the token, in hexadecimal.
    pub serial: String,
    /// What the service's certificate calls it: text of a stranger.
    pub service: Option<String>,
    /// SHA-256 of the root certificate that vouches for it.
    pub root: [u8; 32],
}

impl<'a> Token<'a> {
    /// Reads a token, and checks all that needs nobody's trust: form, imprint, nonce where one was sent, signature.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(token: &'a [u8], imprint: &[u8; 32], nonce: Option<&Nonce>) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLarge);
        }
        let data = SignedData::read(token)?;
        let info = Info::read(data.content)?;
        if info.hash != ID_SHA_256.as_bytes() || info.imprint != imprint {
            return Err(TokenError::OtherImprint);
        }
        if nonce.is_some_and(|sent| info.nonce != Some(sent.as_integer())) {
            return Err(TokenError::OtherNonce);
        }
        let found = signer(&data)?;
        names_certificate(&data.attributes, data.certificates[found])?;
        let (hash, _) = hash_of(data.digest)?;
        if digest(hash, data.content).as_ref() != data.attributes.message_digest {
            return Err(TokenError::BadSignature);
        }
        let signer = CertificateDer::from(data.certificates[found]);
        let name = {
            let parsed = EndEntityCert::try_from(&signer).map_err(|_e| TokenError::BadCertificate)?;
            check_signature(&data, &parsed)?;
            certificate::common_name(parsed.subject())
        };
        let others = data.certificates.iter().enumerate().filter(|(n, _)| *n != found);
        let others = others.map(|(_, der)| CertificateDer::from(*der)).collect();
        Ok(Self { info, signer, others, name })
    }

    /// When it says it was made, Unix milliseconds: as yet the word of whoever signed it.
    #[must_use]
    pub fn claimed_at(&self) -> i64 {
        self.info.at
    }

    /// What the certificate that came with it calls its signer: text of a stranger.
    #[must_use]
    pub fn claimed_service(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether one of the roots vouches for whoever signed it, at the time it states, for making time stamps.
    ///
    /// # Errors
    /// Why not.
    pub fn trust(&self, roots: &Roots) -> Result<Stamp, TrustError> {
        let unreadable = |e: webpki::Error| TrustError::Chain(e.to_string());
        match certificate::is_for_time_stamps_alone(&self.signer) {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(TrustError::WrongUse),
        }
        let seconds = u64::try_from(self.info.at / 1000).map_err(|_before_1970| TrustError::NotYetValid)?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let anchors: Vec<TrustAnchor<'_>> = roots
            .all()
            .iter()
            .map(|root| anchor_from_trusted_cert(&root.certificate))
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        let signer = EndEntityCert::try_from(&self.signer).map_err(unreadable)?;
        // What the signer's certificate is for was looked at above; those between it and the root may leave it open.
        let usage = KeyUsage::required_if_present(certificate::ID_TIME_STAMPING.as_bytes());
        let path =
            signer.verify_for_usage(SIGNATURES, &anchors, &self.others, time, usage, None, None).map_err(|why| {
                match why {
                    // The second of a root that only bears the right name.
                    webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
                        TrustError::UnknownRoot
                    }
                    webpki::Error::CertExpired { .. } => TrustError::Expired,
                    webpki::Error::CertNotValidYet { .. } => TrustError::NotYetValid,
                    webpki::Error::RequiredEkuNotFoundContext(_) => TrustError::WrongUse,
                    other => unreadable(other),
                }
            })?;
        let same = |anchor: &TrustAnchor<'_>| {
            anchor.subject == path.anchor().subject
                && anchor.subject_public_key_info == path.anchor().subject_public_key_info
        };
        let vouching = anchors.iter().position(same).and_then(|n| roots.all().get(n));
        let root = vouching.ok_or(TrustError::UnknownRoot)?.fingerprint;
        Ok(Stamp {
            at: self.info.at,
            accuracy: self.info.accuracy,
            serial: self.info.serial.iter().map(|byte| format!("{byte:02x}")).collect(),
            service: self.name.clone(),
            root,
        })
    }
}

/// The place of the signer's certificate among those that came.
fn signer(data: &SignedData<'_>) -> Result<usize, TokenError> {
    for (n, der) in data.certificates.iter().enumerate() {
        let certificate = CertificateDer::from(*der);
        // Others that cannot be read do no harm.
        let Ok(parsed) = EndEntityCert::try_from(&certificate) else { continue };
        let named = match data.signer {
            Signer::IssuerAndSerial(issuer, serial) => parsed.issuer() == issuer && parsed.serial() == serial,
            Signer::KeyId(id) => certificate::key_id(der).is_ok_and(|found| found == Some(id)),
        };
        if named {
            return Ok(n);
        }
    }
    Err(TokenError::NoCertificate)
}

/// RFC 5816: the signature itself says which certificate it is to be checked with, so that no other can be put in its
/// place. The first one named is the signer's.
fn names_certificate(attributes: &Attributes<'_>, certificate: &[u8]) -> Result<(), TokenError> {
    const WHAT: &str = "the certificate it names";
    let mut named = false;
    if let Some(v1) = attributes.certificate {
        let mut first = Pieces::new(v1, WHAT)?.enter(Tag::Sequence, WHAT)?.enter(Tag::Sequence, WHAT)?;
        let hash = first.take(Tag::OctetString)?;
        // SHA-1 is what RFC 2634 has; the signature and the chain do not rest on it.
        if digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref() != hash {
            return Err(TokenError::OtherCertificate);
        }
        named = true;
    }
    if let Some(v2) = attributes.certificate_v2 {
        let mut first = Pieces::new(v2, WHAT)?.enter(Tag::Sequence, WHAT)?.enter(Tag::Sequence, WHAT)?;
        let hash = match first.optional(Tag::Sequence)? {
            Some(named) => hash_of(algorithm(named.contents)?)?.0,
            None => &digest::SHA256,
        };
        if digest(hash, certificate).as_ref() != first.take(Tag::OctetString)? {
            return Err(TokenError::OtherCertificate);
        }
        named = true;
    }
    if named { Ok(()) } else { Err(TokenError::OtherCertificate) }
}

/// A hash, and RSA's signature with it.
type Hash = (&'static digest::Algorithm, &'static dyn SignatureVerificationAlgorithm);

fn hash_of(id: &[u8]) -> Result<Hash, TokenError> {
    let known: [(ObjectIdentifier, Hash); 3] = [
        (ID_SHA_256, (&digest::SHA256, algorithms::RSA_PKCS1_2048_8192_SHA256)),
        (ID_SHA_384, (&digest::SHA384, algorithms::RSA_PKCS1_2048_8192_SHA384)),
        (ID_SHA_512, (&digest::SHA512, algorithms::RSA_PKCS1_2048_8192_SHA512)),
    ];
    known
        .into_iter()
        .find(|(known, _)| known.as_bytes() == id)
        .map(|(_, hash)| hash)
        .ok_or(TokenError::UnknownAlgorithm)
}

fn check_signature(data: &SignedData<'_>, signer: &EndEntityCert<'_>) -> Result<(), TokenError> {
    // Most services name RSA alone, and leave the hash to the digest's name.
    let rsa = algorithm(data.algorithm).is_ok_and(|id| id == ID_RSA.as_bytes());
    let plain = if rsa { Some(hash_of(data.digest)?.1) } else { None };
    let named = |known: &&dyn SignatureVerificationAlgorithm| {
        let id: AlgorithmIdentifier = known.signature_alg_id();
        id.as_ref() == data.algorithm
    };
    let candidates = SIGNATURES.iter().copied().filter(|known| named(known)).chain(plain);
    for candidate in candidates {
        match signer.verify_signature(candidate, &data.attributes.signed, data.signature) {
            Ok(()) => return Ok(()),
            // The same signature with another curve.
            Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
            Err(_) => return Err(TokenError::BadSignature),
        }
    }
    Err(TokenError::UnknownAlgorithm)
}
