//! The few things about a certificate that the library for chains does not tell.

use der::{Tag, oid::ObjectIdentifier};

use crate::pieces::{Malformed, Pieces, around, flag};

const WHAT: &str = "a certificate";
const ID_COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ID_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const ID_EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
pub(crate) const ID_TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// Names are for showing.
const MAX_NAME: usize = 200;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension<'a> {
    id: &'a [u8],
    pub(crate) critical: bool,
    value: &'a [u8],
}

/// The next `Extension` of a list.
pub(crate) fn extension<'a>(list: &mut Pieces<'a>) -> Result<Extension<'a>, Malformed> {
    let mut fields = list.enter(Tag::Sequence, "an extension")?;
    let id = fields.take(Tag::ObjectIdentifier)?;
    let critical = flag(fields.optional(Tag::Boolean)?).ok_or(Malformed("an extension"))?;
    let value = fields.take(Tag::OctetString)?;
    fields.end()?;
    Ok(Extension { id, critical, value })
}

fn extensions(certificate: &[u8]) -> Result<Vec<Extension<'_>>, Malformed> {
    let mut outer = Pieces::inside(certificate, Tag::Sequence, WHAT)?;
    let mut fields = outer.enter(Tag::Sequence, WHAT)?;
    let mut found = Vec::new();
    while !fields.is_empty() {
        let field = fields.next()?;
        if field.tag == around(3) {
            let mut list = Pieces::inside(field.contents, Tag::Sequence, WHAT)?;
            while !list.is_empty() {
                found.push(extension(&mut list)?);
            }
        }
    }
    Ok(found)
}

/// Whether a certificate is for time stamps and nothing else, and says so in a way that nobody may overlook: RFC 3161
/// section 2.3.
pub(crate) fn is_for_time_stamps_alone(certificate: &[u8]) -> Result<bool, Malformed> {
    for extension in extensions(certificate)? {
        if extension.id == ID_EXTENDED_KEY_USAGE.as_bytes() {
            let mut uses = Pieces::inside(extension.value, Tag::Sequence, "what a certificate is for")?;
            let first = uses.take(Tag::ObjectIdentifier)?;
            return Ok(extension.critical && first == ID_TIME_STAMPING.as_bytes() && uses.is_empty());
        }
    }
    Ok(false)
}

/// The identifier that a certificate gives its key.
pub(crate) fn key_id(certificate: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    for extension in extensions(certificate)? {
        if extension.id == ID_KEY_ID.as_bytes() {
            let mut inner = Pieces::new(extension.value, "the identifier of a key")?;
            return inner.take(Tag::OctetString).map(Some);
        }
    }
    Ok(None)
}

/// The first common name in the contents of a subject, as far as it is plain text: what a stranger calls itself.
pub(crate) fn common_name(subject: &[u8]) -> Option<String> {
    let mut sets = Pieces::new(subject, WHAT).ok()?;
    while !sets.is_empty() {
        let mut set = sets.enter(Tag::Set, WHAT).ok()?;
        while !set.is_empty() {
            let mut attribute = set.enter(Tag::Sequence, WHAT).ok()?;
            let id = attribute.take(Tag::ObjectIdentifier).ok()?;
            let value = attribute.next().ok()?;
            if id == ID_COMMON_NAME.as_bytes() {
                let plain = matches!(value.tag, Tag::Utf8String | Tag::PrintableString | Tag::Ia5String);
                let text = std::str::from_utf8(value.contents).ok().filter(|_| plain)?;
                return Some(text.chars().take(MAX_NAME).collect());
            }
        }
    }
    None
}
