"""Time-stamp tokens of a made-up service: right ones of every kind known, and wrong ones."""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .. import cbor, der, envelope, pack
from ..der import oid
from ..forge import Case, Device
from .stage import Files, two

NULL = b"\x05\x00"
HASH = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
TST = "1.2.840.113549.1.9.16.1.4"
PRIMITIVES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def tlv(tag: int, *contents: bytes) -> bytes:
    whole = b"".join(contents)
    if len(whole) < 128:
        return bytes([tag, len(whole)]) + whole
    size = (len(whole).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(whole).to_bytes(size, "big") + whole


def seq(*contents: bytes) -> bytes:
    return tlv(der.SEQUENCE, *contents)


def named(dotted: str, *parameters: bytes) -> bytes:
    return seq(tlv(der.OID, oid(dotted)), *parameters)


def number(value: int) -> bytes:
    return tlv(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def attribute(dotted: str, *values: bytes) -> bytes:
    return seq(tlv(der.OID, oid(dotted)), tlv(der.SET, *values))


@dataclass
class Service:
    """A key with a certificate, and the algorithm it signs by."""

    key: Any
    algorithm: bytes
    sign: Callable[[bytes], bytes]
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.certificate = certified(self.key)

    @property
    def raw(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def certified(key: Any, *more: tuple[x509.ExtensionType, bool], serial: int = 7) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Made-up Time")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial)
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2120, 1, 1, tzinfo=UTC)
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    builder = builder.add_extension(usage, True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def services() -> Iterator[tuple[str, Service]]:
    def elliptic(curve: ec.EllipticCurve, hash_: str) -> Service:
        key = ec.generate_private_key(curve)
        end = {"sha256": 2, "sha384": 3, "sha512": 4}[hash_]
        return Service(key, named(f"1.2.840.10045.4.3.{end}"), lambda data: key.sign(data, ec.ECDSA(PRIMITIVES[hash_])))

    for hash_ in ("sha256", "sha384", "sha512"):
        yield f"P-256 with {hash_}", elliptic(ec.SECP256R1(), hash_)
        yield f"P-384 with {hash_}", elliptic(ec.SECP384R1(), hash_)
    yield "P-521", elliptic(ec.SECP521R1(), "sha256")
    edwards = ed25519.Ed25519PrivateKey.generate()
    yield "Ed25519", Service(edwards, named("1.3.101.112"), edwards.sign)
    for size in (1024, 2048):
        key = rsa.generate_private_key(65537, size)
        ends = {"sha1": 5, "sha256": 11, "sha384": 12, "sha512": 13}
        for hash_, end in ends.items() if size == 2048 else [("sha256", 11)]:

            def sign(data: bytes, hash_: str = hash_, key: rsa.RSAPrivateKey = key) -> bytes:
                return key.sign(data, padding.PKCS1v15(), PRIMITIVES[hash_])

            yield f"RSA of {size} with {hash_}", Service(key, named(f"1.2.840.113549.1.1.{end}", NULL), sign)
            if hash_ in ("sha256", "sha512"):
                yield (
                    f"RSA of {size} without parameters, {hash_}",
                    Service(key, named(f"1.2.840.113549.1.1.{end}"), sign),
                )
                yield f"rsaEncryption of {size} with {hash_}", Service(key, named("1.2.840.113549.1.1.1", NULL), sign)
    for hash_ in HASH:
        for salt in (20, PRIMITIVES[hash_].digest_size):

            def sign_pss(data: bytes, hash_: str = hash_, salt: int = salt, key: rsa.RSAPrivateKey = key) -> bytes:
                return key.sign(data, padding.PSS(padding.MGF1(PRIMITIVES[hash_]), salt), PRIMITIVES[hash_])

            hashed = named(HASH[hash_], NULL)
            mask = named("1.2.840.113549.1.1.8", hashed)
            parameters = seq(tlv(0xA0, hashed), tlv(0xA1, mask), tlv(0xA2, number(salt)))
            yield f"PSS with {hash_}, salt {salt}", Service(key, named("1.2.840.113549.1.1.10", parameters), sign_pss)


@dataclass
class Token:
    """The parts of a token; each may be another one than it should be."""

    service: Service
    imprint: bytes
    digest: str = "sha256"
    time: bytes = b"20260401120000.250Z"
    tst: list[bytes] = field(default_factory=list)
    behind_time: bytes = b""
    certificates: list[bytes] | None = None
    by_key: bool = False
    attributes: Callable[[list[bytes]], list[bytes]] = staticmethod(lambda each: each)
    infos: int = 1
    around: Callable[[bytes], bytes] = staticmethod(lambda token: token)
    signing: str = "v2"
    unsigned: bytes = b""
    first: bytes = b""

    def packed(self) -> bytes:
        service = self.service
        hashed = named(HASH["sha256"], NULL)
        info = [number(1), tlv(der.OID, oid("1.2.3.4")), seq(hashed, tlv(4, self.imprint)), number(99)]
        content = seq(*(self.tst or info), tlv(der.GENERALIZED_TIME, self.time), self.behind_time)
        message = hashlib.new(self.digest, content).digest()
        each = [
            attribute("1.2.840.113549.1.9.3", tlv(der.OID, oid(TST))),
            attribute("1.2.840.113549.1.9.4", tlv(4, message)),
        ]
        if self.signing in ("v1", "both"):
            named_by = seq(seq(seq(tlv(4, hashlib.sha1(service.raw).digest()))))
            each.append(attribute("1.2.840.113549.1.9.16.2.12", named_by))
        if self.signing in ("v2", "both"):
            each.append(
                attribute("1.2.840.113549.1.9.16.2.47", seq(seq(seq(tlv(4, hashlib.sha256(service.raw).digest())))))
            )
        if self.signing == "v2 sha512":
            ess = seq(named(HASH["sha512"]), tlv(4, hashlib.sha512(service.raw).digest()))
            each.append(attribute("1.2.840.113549.1.9.16.2.47", seq(seq(ess))))
        signed = b"".join(sorted(self.attributes(each)))
        signature = service.sign(tlv(der.SET, signed))
        issuer = service.certificate.issuer.public_bytes()
        signer = seq(issuer, number(service.certificate.serial_number))
        if self.by_key:
            key = service.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            signer = tlv(0x80, key)
        algorithm = named(HASH[self.digest], NULL)
        one = seq(number(1), signer, algorithm, tlv(0xA0, signed), service.algorithm, tlv(4, signature), self.unsigned)
        certificates = [service.raw] if self.certificates is None else self.certificates
        given = tlv(0xA0, *certificates) if certificates else b""
        body = seq(
            number(3),
            tlv(der.SET, algorithm),
            seq(tlv(der.OID, oid(TST)), tlv(0xA0, tlv(4, content))),
            given,
            tlv(der.SET, one * self.infos),
        )
        return self.around(seq(tlv(der.OID, oid("1.2.840.113549.1.7.2")), tlv(0xA0, body)))


def cases(files: Files) -> Iterator[tuple[str, bytes]]:
    case, a, _ = two()
    last = case.sign(a, "note", {"text": "stamped"})
    members = files.members(case)

    def stamped(heads: list[bytes], token: bytes, *more: Any) -> bytes:
        stamp = cbor.encode([heads, token, *more])
        name = f"data/stamps/{hashlib.sha256(stamp).hexdigest()}.cbor"
        return pack.file(pack.close(members | {name: stamp}, case.id, a))

    def imprint(heads: list[bytes]) -> bytes:
        return envelope.digest("counterpart/stamp/1", cbor.encode([case.id, heads]))

    known = [last]
    kinds = dict(services())
    for name, service in kinds.items():
        for digest in ("sha256", "sha512") if "rsaEncryption" in name or "Ed" in name else ("sha256",):
            yield f"stamp by {name}, digest {digest}", stamped(known, Token(service, imprint(known), digest).packed())
    service = kinds["P-256 with sha256"]
    for name, token in _variants(service, imprint(known), list(kinds.values())):
        yield f"stamp {name}", stamped(known, token.packed())
    for heads in (
        [case.first],
        sorted([case.first, last]),
        sorted([case.first, last])[::-1],
        [],
        [bytes(32)],
        [last] * 2,
    ):
        yield f"stamp over {len(heads)} heads", stamped(heads, Token(service, imprint(heads)).packed())
    right = Token(service, imprint(known)).packed()
    yield "stamp of three", stamped(known, right, 1)
    yield "stamp for other heads", stamped([case.first], right)
    yield "stamp too large", stamped(known, right + bytes(65_536))
    yield from _flipped(stamped, known, right)
    yield from _beside(files, case, a, right)


def _variants(service: Service, imprint: bytes, others: list[Service]) -> Iterator[tuple[str, Token]]:
    def token(**over: Any) -> Token:
        return Token(service, imprint, **over)

    for signing in ("v1", "v2", "both", "v2 sha512", "none"):
        yield f"naming its certificate by {signing}", token(signing=signing)
    yield "by key identifier", token(by_key=True)
    for digest in HASH:
        yield f"with a digest of {digest}", token(digest=digest)
    times = (
        b"20260401120000Z",
        b"20260401120000.1Z",
        b"20260401120000.123456789Z",
        b"20260401120000.1234567890Z",
        b"20260401120000.Z",
    )
    more = (
        b"20260401120060Z",
        b"20260230120000Z",
        b"19691231235959Z",
        b"19700101000000Z",
        b"202604011200Z",
        b"20260401120000+0000",
        b"20260401120000.100Z",
        b"99991231235959Z",
    )
    for time in (*times, *more):
        yield f"at {time.decode()}", token(time=time)
    accuracy = {
        "1 s": seq(number(1)),
        "nothing": seq(),
        "2^32 s": seq(number(2**32)),
        "2^32+1 s": seq(number(2**32 + 1)),
        "minus 1 s": seq(number(-1)),
        "999 ms": seq(tlv(0x80, b"\x03\xe7")),
        "1000 ms": seq(tlv(0x80, b"\x03\xe8")),
        "0 ms": seq(tlv(0x80, b"\x00")),
        "999 us": seq(tlv(0x81, b"\x03\xe7")),
        "all": seq(number(1), tlv(0x80, b"\x01"), tlv(0x81, b"\x01")),
        "out of order": seq(tlv(0x81, b"\x01"), tlv(0x80, b"\x01")),
    }
    for name, given in accuracy.items():
        yield f"with an accuracy of {name}", token(behind_time=given)
    extension = tlv(der.OID, oid("1.2.3"))
    yield "ordered", token(behind_time=tlv(1, b"\xff"))
    yield "not ordered", token(behind_time=tlv(1, b"\x00"))
    yield "ordered by 1", token(behind_time=tlv(1, b"\x01"))
    yield "with a nonce", token(behind_time=number(2**70))
    yield "with a name", token(behind_time=tlv(0xA0, tlv(0x86, b"http://x")))
    yield "with an extension", token(behind_time=tlv(0xA1, seq(extension, tlv(4, b"x"))))
    yield "with a critical extension", token(behind_time=tlv(0xA1, seq(extension, tlv(1, b"\xff"), tlv(4, b"x"))))
    yield "with something else", token(behind_time=tlv(0xA2, b"x"))
    hashed = named(HASH["sha256"], NULL)
    policy, serial = tlv(der.OID, oid("1.2.3.4")), number(99)
    yield "of version 2", token(tst=[number(2), policy, seq(hashed, tlv(4, imprint)), serial])
    yield "of another hash", token(tst=[number(1), policy, seq(named(HASH["sha512"]), tlv(4, imprint)), serial])
    yield (
        "of a hash without parameters",
        token(tst=[number(1), policy, seq(named(HASH["sha256"]), tlv(4, imprint)), serial]),
    )
    yield (
        "of a hash with parameters",
        token(tst=[number(1), policy, seq(named(HASH["sha256"], seq()), tlv(4, imprint)), serial]),
    )
    yield "of another imprint", token(tst=[number(1), policy, seq(hashed, tlv(4, bytes(32))), serial])
    yield "of no serial number", token(tst=[number(1), policy, seq(hashed, tlv(4, imprint))])
    yield "of a negative serial number", token(tst=[number(1), policy, seq(hashed, tlv(4, imprint)), number(-5)])
    yield "without certificates", token(certificates=[])
    raws = [other.raw for other in others]
    yield "with others' certificates before", token(certificates=[*raws[1:5], service.raw])
    yield "with 32 certificates", token(certificates=[service.raw] * 32)
    yield "with 33 certificates", token(certificates=[service.raw] * 33)
    yield "with others' certificates only", token(certificates=raws[1:5])
    yield "with attribute certificates", token(certificates=[service.raw, tlv(0xA1, b"x"), tlv(0xA2, b"")])
    yield "with a certificate that cannot be read", token(certificates=[seq(b""), service.raw])
    yield "with revocation lists", token(around=lambda raw: raw)
    extra = attribute("1.2.840.113549.1.9.5", tlv(der.UTC_TIME, b"260401120000Z"))
    yield "with its time among the attributes", token(attributes=lambda each: [*each, extra])
    yield "with an empty attribute", token(attributes=lambda each: [*each, attribute("1.2.3")])
    yield "with two values", token(attributes=lambda each: [*each, attribute("1.2.3", NULL, number(1))])
    for place, name in enumerate(("content type", "digest", "certificate")):
        yield f"with its {name} twice", token(attributes=lambda each, place=place: [*each, each[place]])
        yield f"without its {name}", token(attributes=lambda each, place=place: each[:place] + each[place + 1 :])
    yield "of two signers", token(infos=2)
    yield "of no signer", token(infos=0)
    yield "with unsigned attributes", token(unsigned=tlv(0xA1, extra))
    yield "with bytes behind", token(around=lambda raw: raw + b"\0")
    yield "cut", token(around=lambda raw: raw[:-1])
    yield "of nothing", token(around=lambda raw: b"")
    yield (
        "of another type",
        token(around=lambda raw: raw.replace(oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.7.3"), 1)),
    )
    yield "with a long length", token(around=lambda raw: raw[:1] + b"\x83\0" + raw[2:] if raw[1] == 0x82 else raw)
    constraint = x509.PolicyConstraints(0, None)
    extensions: dict[str, list[tuple[x509.ExtensionType, bool]]] = {
        "a critical extension that is not known": [(constraint, True)],
        "an extension that is not known": [(constraint, False)],
        "key usage": [(x509.KeyUsage(True, False, False, False, False, False, False, False, False), True)],
        "basic constraints": [(x509.BasicConstraints(True, 0), True)],
        "other names": [(x509.SubjectAlternativeName([x509.DNSName("x.example")]), True)],
    }
    for name, more_extensions in extensions.items():
        odd = Service(service.key, service.algorithm, service.sign)
        odd.certificate = certified(service.key, *more_extensions)
        yield f"by a certificate with {name}", Token(odd, imprint)
    for serial_ in (1, 2**64, 2**159 - 1):
        odd = Service(service.key, service.algorithm, service.sign)
        odd.certificate = certified(service.key, serial=serial_)
        yield f"by certificate {serial_}", Token(odd, imprint)


def _flipped(stamped: Callable[..., bytes], known: list[bytes], right: bytes) -> Iterator[tuple[str, bytes]]:
    random_ = random.Random(1)
    for _ in range(300):
        at, bit = random_.randrange(len(right)), random_.randrange(8)
        yield (
            f"stamp with bit {bit} of byte {at} flipped",
            stamped(known, right[:at] + bytes([right[at] ^ 1 << bit]) + right[at + 1 :]),
        )


def _beside(files: Files, case: Case, a: Device, right: bytes) -> Iterator[tuple[str, bytes]]:
    members = files.members(case)
    stamp = cbor.encode([[case.heads[0]], right])
    name = hashlib.sha256(stamp).hexdigest()
    for other in (name, "0" * 64):
        yield (
            f"stamp named {other[:4]}",
            pack.file(pack.close(members | {f"data/stamps/{other}.cbor": stamp}, case.id, a)),
        )
    many = {f"data/stamps/{count:064x}.cbor": b"x" for count in range(1_025)}
    yield "1,025 stamps", pack.file(pack.close(members | many, case.id, a))
    del many[f"data/stamps/{0:064x}.cbor"]
    yield "1,024 stamps", pack.file(pack.close(members | many, case.id, a))
