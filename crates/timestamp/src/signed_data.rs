//! The shell of a token: a CMS `SignedData` (RFC 5652) with exactly one signer, taken apart and not judged yet.

use der::{Tag, oid::ObjectIdentifier};

use crate::pieces::{Malformed, Piece, Pieces, around, instead};

const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(crate) const ID_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const ID_CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const ID_MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const ID_SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const ID_SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// More certificates than any service sends.
pub(crate) const MAX_CERTIFICATES: usize = 32;

/// What a token is made of; every field as it came.
#[derive(Debug, Clone)]
pub(crate) struct SignedData<'a> {
    /// The DER of the `TSTInfo`.
    pub(crate) content: &'a [u8],
    /// The DER of the certificates that came with it.
    pub(crate) certificates: Vec<&'a [u8]>,
    pub(crate) signer: Signer<'a>,
    /// The object identifier of the hash that the message digest was made with.
    pub(crate) digest: &'a [u8],
    pub(crate) attributes: Attributes<'a>,
    /// The contents of the signature's `AlgorithmIdentifier`.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// How the signer's certificate is named.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signer<'a> {
    /// The contents of the issuer's name, and of the serial number.
    IssuerAndSerial(&'a [u8], &'a [u8]),
    KeyId(&'a [u8]),
}

/// The attributes that the signature covers.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'a> {
    /// As they came, with the tag that they are signed under.
    pub(crate) signed: Vec<u8>,
    pub(crate) message_digest: &'a [u8],
    /// `SigningCertificate` (RFC 2634): names the certificate by SHA-1.
    pub(crate) certificate: Option<&'a [u8]>,
    /// `SigningCertificateV2` (RFC 5035): by a hash of its choice.
    pub(crate) certificate_v2: Option<&'a [u8]>,
}

/// Why a token's shell is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShellError {
    Malformed(Malformed),
    /// Signed by nobody, or by several.
    Signers,
    /// What it signs is not a time stamp's information.
    OtherContent,
}

impl From<Malformed> for ShellError {
    fn from(why: Malformed) -> Self {
        Self::Malformed(why)
    }
}

impl<'a> SignedData<'a> {
    pub(crate) fn read(token: &'a [u8]) -> Result<Self, ShellError> {
        const WHAT: &str = "its signed data";
        let mut info = Pieces::inside(token, Tag::Sequence, "its outer form")?;
        if info.take(Tag::ObjectIdentifier)? != ID_SIGNED_DATA.as_bytes() {
            return Err(Malformed("its outer form").into());
        }
        let mut data = info.enter(around(0), WHAT)?;
        info.end()?;
        let mut fields = data.enter(Tag::Sequence, WHAT)?;
        data.end()?;

        fields.take(Tag::Integer)?;
        fields.take(Tag::Set)?;
        let mut content = fields.enter(Tag::Sequence, "what it signs")?;
        if content.take(Tag::ObjectIdentifier)? != ID_TST_INFO.as_bytes() {
            return Err(ShellError::OtherContent);
        }
        let mut octets = content.enter(around(0), "what it signs")?;
        content.end()?;
        let signed = octets.take(Tag::OctetString)?;
        octets.end()?;

        let certificates = match fields.optional(around(0))? {
            Some(set) => certificates(set.contents)?,
            None => Vec::new(),
        };
        // Revocation lists are not looked at.
        fields.optional(around(1))?;
        let mut signers = fields.enter(Tag::Set, "its signer")?;
        fields.end()?;
        if signers.is_empty() {
            return Err(ShellError::Signers);
        }
        let signer = signers.enter(Tag::Sequence, "its signer")?;
        if !signers.is_empty() {
            return Err(ShellError::Signers);
        }
        Self::signer(signer, signed, certificates)
    }

    fn signer(mut fields: Pieces<'a>, content: &'a [u8], certificates: Vec<&'a [u8]>) -> Result<Self, ShellError> {
        fields.take(Tag::Integer)?;
        let named = fields.next()?;
        let signer = match named.tag {
            Tag::Sequence => {
                let mut inner = Pieces::new(named.contents, "its signer's name")?;
                let signer = Signer::IssuerAndSerial(inner.take(Tag::Sequence)?, inner.take(Tag::Integer)?);
                inner.end()?;
                signer
            }
            tag if tag == instead(0) => Signer::KeyId(named.contents),
            _ => return Err(Malformed("its signer's name").into()),
        };
        let digest = algorithm(fields.take(Tag::Sequence)?)?;
        let attributes = Attributes::read(fields.piece(around(0))?)?;
        let algorithm = fields.take(Tag::Sequence)?;
        let signature = fields.take(Tag::OctetString)?;
        // What is not signed proves nothing and is not looked at.
        fields.optional(around(1))?;
        fields.end()?;
        Ok(Self { content, certificates, signer, digest, attributes, algorithm, signature })
    }
}

/// The object identifier of an `AlgorithmIdentifier` without parameters, or with NULL for them.
pub(crate) fn algorithm(contents: &[u8]) -> Result<&[u8], Malformed> {
    let mut fields = Pieces::new(contents, "the name of an algorithm")?;
    let id = fields.take(Tag::ObjectIdentifier)?;
    if let Some(null) = fields.optional(Tag::Null)?
        && !null.contents.is_empty()
    {
        return Err(Malformed("the name of an algorithm"));
    }
    fields.end()?;
    Ok(id)
}

fn certificates(set: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    const WHAT: &str = "its certificates";
    let mut all = Pieces::new(set, WHAT)?;
    let mut found = Vec::new();
    while !all.is_empty() {
        let certificate = all.next()?;
        // Other forms of certificate than X.509's have other tags.
        if certificate.tag == Tag::Sequence {
            found.push(certificate.whole);
        }
        if found.len() > MAX_CERTIFICATES {
            return Err(Malformed(WHAT));
        }
    }
    Ok(found)
}

impl<'a> Attributes<'a> {
    fn read(set: Piece<'a>) -> Result<Self, ShellError> {
        const WHAT: &str = "its signed attributes";
        let mut all = Pieces::new(set.contents, WHAT)?;
        let (mut kind, mut digest, mut v1, mut v2) = (None, None, None, None);

        while !all.is_empty() {
            let mut attribute = all.enter(Tag::Sequence, WHAT)?;
            let id = attribute.take(Tag::ObjectIdentifier)?;
            let mut values = attribute.enter(Tag::Set, WHAT)?;
            attribute.end()?;
            let value = values.next()?;
            let one = values.is_empty();
            let place = match id {
                id if id == ID_CONTENT_TYPE.as_bytes() => &mut kind,
                id if id == ID_MESSAGE_DIGEST.as_bytes() => &mut digest,
                id if id == ID_SIGNING_CERTIFICATE.as_bytes() => &mut v1,
                id if id == ID_SIGNING_CERTIFICATE_V2.as_bytes() => &mut v2,
                _ => continue,
            };

            // Two of a kind would leave open which one was meant.
            if !one || place.replace(value).is_some() {
                return Err(Malformed(WHAT).into());
            }
        }
        let tagged = |value: Option<Piece<'a>>, tag: Tag| {
            value.map(|v| if v.tag == tag { Ok(v.contents) } else { Err(Malformed(WHAT)) }).transpose()
        };
        let kind = tagged(kind, Tag::ObjectIdentifier)?.ok_or(Malformed(WHAT))?;
        if kind != ID_TST_INFO.as_bytes() {
            return Err(ShellError::OtherContent);
        }
        let message_digest = tagged(digest, Tag::OctetString)?.ok_or(Malformed(WHAT))?;
        let (certificate, certificate_v2) = (tagged(v1, Tag::Sequence)?, tagged(v2, Tag::Sequence)?);
        // RFC 5652 section 5.4: the signature is over a SET OF, not over the [0] that stands there.
        let mut signed = set.whole.to_vec();
        if let Some(tag) = signed.first_mut() {
            *tag = 0x31;
        }
        Ok(Self { signed, message_digest, certificate, certificate_v2 })
    }
}
