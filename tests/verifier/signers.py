"""Certificates and signatures of time-stamp tokens: docs/protocol.md, "Time stamps", 5 and 8."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from . import der
from .der import Item, oid
from .refusal import Malformed, demand

HASHES: dict[bytes, HashAlgorithm] = {
    oid("2.16.840.1.101.3.4.2.1"): SHA256(),
    oid("2.16.840.1.101.3.4.2.2"): SHA384(),
    oid("2.16.840.1.101.3.4.2.3"): SHA512(),
}
_RSA = oid("1.2.840.113549.1.1.1")
_PSS = oid("1.2.840.113549.1.1.10")
_MGF1 = oid("1.2.840.113549.1.1.8")
_RSA_WITH = {oid(f"1.2.840.113549.1.1.{end}"): hash_ for end, hash_ in ((11, SHA256()), (12, SHA384()), (13, SHA512()))}
_ECDSA_WITH = {oid("1.2.840.10045.4.3.2"): SHA256(), oid("1.2.840.10045.4.3.3"): SHA384()}
_ED25519 = oid("1.3.101.112")

_SUBJECT_KEY = oid("2.5.29.14")
_KNOWN = {oid(f"2.5.29.{end}") for end in (15, 17, 19, 30, 31, 37)}


@dataclass(frozen=True)
class Certificate:
    """What of an X.509 certificate a token's check needs."""

    raw: bytes
    issuer: bytes
    serial: bytes
    subject_key: bytes | None
    public_key: bytes


def hash_named(item: Item) -> HashAlgorithm:
    """The hash of an AlgorithmIdentifier, with parameters absent or NULL."""
    reader = der.within(item)
    name = reader.take(der.OID).contents
    reader.maybe(der.NULL)
    reader.end()
    demand(name in HASHES, "a hash that is not known")
    return HASHES[name]


def read_certificate(raw: bytes) -> Certificate:
    """An X.509 v3 certificate; raises Malformed where it cannot be read."""
    outer = der.whole(raw, der.SEQUENCE)
    signed, algorithm = outer.take(der.SEQUENCE), outer.take(der.SEQUENCE)
    outer.take(der.BIT_STRING)
    outer.end()
    fields = der.within(signed)
    version = der.within(fields.take(0xA0))
    demand(version.take(der.INTEGER).contents == b"\x02", "not version 3")
    version.end()
    serial = fields.take(der.INTEGER)
    demand(fields.take(der.SEQUENCE).raw == algorithm.raw, "its algorithm is named in two ways")
    issuer = fields.take(der.SEQUENCE)
    fields.take(der.SEQUENCE)  # dates
    fields.take(der.SEQUENCE)  # subject
    public_key = fields.take(der.SEQUENCE)
    extensions = der.within(fields.take(0xA3))
    fields.end()
    subject_key = _extensions(extensions.take(der.SEQUENCE))
    extensions.end()
    return Certificate(raw, issuer.raw, serial.raw, subject_key, public_key.raw)


def _extensions(all_of_them: Item) -> bytes | None:
    """The subject's key identifier; raises Malformed for extensions that keep a certificate from being read."""
    subject_key = None
    seen: set[bytes] = set()
    for item in der.within(all_of_them).rest():
        demand(item.tag == der.SEQUENCE, "no extension")
        reader = der.within(item)
        name = reader.take(der.OID).contents
        flag = reader.maybe(der.BOOLEAN)
        value = reader.take(der.OCTET_STRING).contents
        reader.end()
        demand(name not in seen, "an extension twice")
        if name in _KNOWN:
            seen.add(name)
        else:
            demand(flag is None or flag.contents == b"\x00", "a critical extension that is not known")
        if name == _SUBJECT_KEY and subject_key is None:
            key = der.Reader(value)
            subject_key = key.take(der.OCTET_STRING).contents
            key.end()
    return subject_key


def verify(certificate: Certificate, algorithm: Item, digest: HashAlgorithm, signature: bytes, signed: bytes) -> None:
    """Raises Malformed unless the signature is by the certificate's key, in one of the ways that are known."""
    reader = der.within(algorithm)
    name = reader.take(der.OID).contents
    try:
        key = load_der_public_key(certificate.public_key)
        if isinstance(key, rsa.RSAPublicKey):
            demand(2_048 <= key.key_size <= 8_192, "a key too short or too long")
            if name == _PSS:
                hash_ = _pss_hash(reader)
                key.verify(signature, signed, padding.PSS(padding.MGF1(hash_), hash_.digest_size), hash_)
            else:
                demand(name == _RSA or name in _RSA_WITH, "a signature of another kind")
                reader.maybe(der.NULL)
                key.verify(signature, signed, padding.PKCS1v15(), digest if name == _RSA else _RSA_WITH[name])
        elif isinstance(key, ec.EllipticCurvePublicKey):
            demand(isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1), "a curve that is not known")
            demand(name in _ECDSA_WITH, "a signature of another kind")
            key.verify(signature, signed, ec.ECDSA(_ECDSA_WITH[name]))
        else:
            demand(isinstance(key, ed25519.Ed25519PublicKey) and name == _ED25519, "a signature of another kind")
            assert isinstance(key, ed25519.Ed25519PublicKey), "demand has raised"
            key.verify(signature, signed)
        reader.end()
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise Malformed("the signature is not the signer's") from error


def _pss_hash(reader: der.Reader) -> HashAlgorithm:
    """RSASSA-PSS-params: one hash for the message and the mask, a salt as long as it."""
    fields = der.within(reader.take(der.SEQUENCE))
    named = der.within(fields.take(0xA0))
    hash_ = hash_named(named.take(der.SEQUENCE))
    named.end()
    mask = der.within(fields.take(0xA1))
    generator = der.within(mask.take(der.SEQUENCE))
    mask.end()
    demand(generator.take(der.OID).contents == _MGF1, "a mask of another kind")
    demand(hash_named(generator.take(der.SEQUENCE)).name == hash_.name, "a mask with another hash")
    generator.end()
    salt = der.within(fields.take(0xA2))
    demand(salt.take(der.INTEGER).contents == bytes([hash_.digest_size]), "a salt of another length")
    salt.end()
    fields.end()
    return hash_
