"""Time stamps, as far as nobody's trust is needed: docs/protocol.md, "Time stamps".

No roots are given to this verifier, so it finds out whether a token holds, and never whether to believe its service.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from . import cbor, der, envelope, signers
from .der import Item, oid
from .refusal import Malformed, demand
from .shapes import array, octets

LARGEST = 65_536
LIMITS = cbor.Limits(LARGEST, 64, 2, 0)
MOST_CERTIFICATES = 32

_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_TST_INFO = oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.16.2.12")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_TIME = re.compile(rb"([0-9]{14})(?:[.]([0-9]{1,9}))?Z")

_heads = array(octets(32), 1, 32)


@dataclass(frozen=True)
class Stamp:
    """A token, and the heads up to which it stands for the case."""

    id: bytes
    heads: tuple[bytes, ...]
    token: bytes


def read(data: bytes) -> Stamp:
    """A stamp; its token is not looked at yet."""
    fields = cbor.decode(data, LIMITS)
    demand(type(fields) is list and len(fields) == 2 and type(fields[1]) is bytes, "no stamp")
    heads, token = fields
    _heads(heads)
    demand(all(one < other for one, other in zip(heads, heads[1:])), "heads not ascending")
    return Stamp(hashlib.sha256(data).digest(), tuple(heads), token)


def check(stamp: Stamp, case: bytes) -> int:
    """The token's time in Unix milliseconds; raises Malformed where it does not hold (1 to 8)."""
    imprint = envelope.digest("counterpart/stamp/1", cbor.encode([case, list(stamp.heads)]))
    outer = der.whole(stamp.token, der.SEQUENCE)
    demand(outer.take(der.OID).contents == _SIGNED_DATA, "no signed data")
    explicit = der.within(outer.take(0xA0))
    outer.end()
    signed = der.within(explicit.take(der.SEQUENCE))
    explicit.end()
    signed.take(der.INTEGER)
    signed.take(der.SET)
    content = _content(signed.take(der.SEQUENCE))
    given = signed.maybe(0xA0)
    certificates = [item for item in der.items(given.contents) if item.tag == der.SEQUENCE] if given else []
    demand(len(certificates) <= MOST_CERTIFICATES, "too many certificates")
    signed.maybe(0xA1)
    infos = der.within(signed.take(der.SET))
    signed.end()
    info = infos.take(der.SEQUENCE)
    infos.end()
    at = _time_of(content, imprint)
    _check_signer(info, content, certificates)
    return at


def _content(item: Item) -> bytes:
    reader = der.within(item)
    demand(reader.take(der.OID).contents == _TST_INFO, "no time-stamp")
    explicit = der.within(reader.take(0xA0))
    reader.end()
    contents = explicit.take(der.OCTET_STRING).contents
    explicit.end()
    return contents


def _time_of(content: bytes, imprint: bytes) -> int:
    """TSTInfo (4)."""
    info = der.whole(content, der.SEQUENCE)
    demand(info.take(der.INTEGER).contents == b"\x01", "another version")
    info.take(der.OID)
    hashed = der.within(info.take(der.SEQUENCE))
    demand(signers.hash_named(hashed.take(der.SEQUENCE)).name == "sha256", "another hash")
    demand(hashed.take(der.OCTET_STRING).contents == imprint, "it stands for something else")
    hashed.end()
    info.take(der.INTEGER)
    at = _moment(info.take(der.GENERALIZED_TIME).contents)
    if (accuracy := info.maybe(der.SEQUENCE)) is not None:
        parts = der.within(accuracy)
        for tag, most in ((der.INTEGER, 2**32), (0x80, 999), (0x81, 999)):
            part = parts.maybe(tag)
            if part is not None:
                value = int.from_bytes(part.contents, "big", signed=True)
                demand(len(part.contents) > 0 and 0 <= value <= most, "an accuracy that cannot be")
        parts.end()
    info.maybe(der.BOOLEAN)
    info.maybe(der.INTEGER)
    info.maybe(0xA0)
    if (extensions := info.maybe(0xA1)) is not None:
        for item in der.within(extensions).rest():
            _check_extension(item)
    info.end()
    return at


def _check_extension(item: Item) -> None:
    demand(item.tag == der.SEQUENCE, "no extension")
    reader = der.within(item)
    reader.take(der.OID)
    critical = reader.maybe(der.BOOLEAN)
    reader.take(der.OCTET_STRING)
    reader.end()
    demand(critical is None or critical.contents == b"\x00", "a critical extension")


def _moment(text: bytes) -> int:
    form = _TIME.fullmatch(text)
    demand(form is not None, "a time of another form")
    assert form is not None, "demand has raised"
    try:
        then = datetime.strptime(form[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed("a date that there is not") from error
    demand(then.year >= 1970, "a time before 1970")
    thousandths = int((form[2] or b"0").ljust(3, b"0")[:3])
    return int((then - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1000 + thousandths


def _check_signer(info: Item, content: bytes, certificates: list[Item]) -> None:
    """The one SignerInfo (2, 3, 5 to 8)."""
    reader = der.within(info)
    reader.take(der.INTEGER)
    by_key = reader.maybe(0x80)
    name = by_key or reader.take(der.SEQUENCE)
    digest = signers.hash_named(reader.take(der.SEQUENCE))
    attributes = reader.take(0xA0)
    algorithm = reader.take(der.SEQUENCE)
    signature = reader.take(der.OCTET_STRING).contents
    reader.maybe(0xA1)
    reader.end()
    values = _attributes(attributes)
    signer = _signers_certificate(certificates, name)
    demand(der.Reader(values[_CONTENT_TYPE]).take(der.OID).contents == _TST_INFO, "of another type")
    _check_named(values, signer)
    message = der.Reader(values[_MESSAGE_DIGEST]).take(der.OCTET_STRING).contents
    demand(message == hashlib.new(digest.name, content).digest(), "the digest does not fit")
    signers.verify(signer, algorithm, digest, signature, bytes([der.SET]) + attributes.raw[1:])


def _attributes(item: Item) -> dict[bytes, bytes]:
    """The signed attributes that count, each with its one value (3)."""
    looked_at = (_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2)
    values: dict[bytes, bytes] = {}
    for attribute in der.within(item).rest():
        demand(attribute.tag == der.SEQUENCE, "no attribute")
        reader = der.within(attribute)
        kind = reader.take(der.OID).contents
        given = der.within(reader.take(der.SET)).rest()
        reader.end()
        demand(len(given) > 0, "an attribute without a value")
        if kind in looked_at:
            demand(kind not in values and len(given) == 1, "an attribute twice, or with several values")
            values[kind] = given[0].raw
    demand(_CONTENT_TYPE in values and _MESSAGE_DIGEST in values, "an attribute is missing")
    demand(_SIGNING_CERTIFICATE in values or _SIGNING_CERTIFICATE_V2 in values, "no signing certificate named")
    return values


def _signers_certificate(certificates: list[Item], name: Item) -> signers.Certificate:
    """The first that can be read and that the signer's name fits (5)."""
    for item in certificates:
        try:
            certificate = signers.read_certificate(item.raw)
        except Malformed:
            continue
        if name.tag == 0x80:
            if certificate.subject_key == name.contents:
                return certificate
        elif certificate.issuer + certificate.serial == name.contents:
            return certificate
    raise Malformed("the signer's certificate is not here")


def _check_named(values: dict[bytes, bytes], signer: signers.Certificate) -> None:
    """Both attributes name the signer's certificate first (6)."""
    for kind, with_hash in ((_SIGNING_CERTIFICATE, False), (_SIGNING_CERTIFICATE_V2, True)):
        if kind not in values:
            continue
        first = der.within(der.whole(values[kind], der.SEQUENCE).take(der.SEQUENCE)).take(der.SEQUENCE)
        reader = der.within(first)
        hash_ = "sha1"
        if with_hash:
            named = reader.maybe(der.SEQUENCE)
            hash_ = signers.hash_named(named).name if named else "sha256"
        demand(reader.take(der.OCTET_STRING).contents == hashlib.new(hash_, signer.raw).digest(), "another certificate")
        reader.maybe(der.SEQUENCE)
        reader.end()
