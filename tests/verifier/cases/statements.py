"""Statements by themselves: encodings, limits, fields, bodies."""

from collections.abc import Callable, Iterator
from typing import Any

import cbor2

from .. import cbor, envelope
from ..forge import NO_CHANGE, Case, Device
from .stage import Files, Play, played


def cases(files: Files) -> Iterator[tuple[str, bytes]]:
    yield from played(files, _bodies())
    yield from played(files, _cores())
    yield from played(files, _encodings())
    yield from played(files, _envelopes())


def act(kind: str, body: dict[str, Any], **over: Any) -> Play:
    return lambda case, a, b: case.sign(a, kind, body, **over)


def item(value: Any) -> Play:
    return act("item", {"key": "k", "value": value})


def _nested(depth: int, inner: list[Any]) -> list[Any]:
    for _ in range(depth):
        inner = ["list", inner]
    return inner


def _bodies() -> Iterator[tuple[str, Play]]:
    for name, key in {
        "small order": bytes([1]) + bytes(31),
        "no point": bytes([2]) + bytes(31),
        "large": b"\xff" * 32,
    }.items():
        yield f"invite with a key of {name}", act("invite", {"key": key, "seat": 1, "expires": 5})
    odd = (
        "",
        "a\u200db\u200f",
        "a\ufeff",
        "a\tb",
        "a\nb",
        "a\x7f",
        "a\U0001fffe",
        "a\U0010ffff",
        "a\ufdd0",
        "\U000e0001",
        "\u2029",
    )
    more = (
        "\u00ad soft",
        "\u180e",
        "\u2060",
        "\U000e0100",
        "\u0300",
        "\ufff9",
        "\u206a",
        "\u3000",
        "\u200b",
        "\u2010",
        "é<U+200D>\u200d",
    )
    for text in (*odd, *more, "x" * 16_384, "x" * 16_385):
        yield f"note of {text[:9]!a}", act("note", {"text": text})
    yield "record with a key twice", item(["record", "x", ["integer", 1], "x", ["integer", 2]])
    yield "record with a key hidden", item(["record", "x\x01", ["integer", 1]])
    yield "record without a value", item(["record", "x"])
    yield (
        "path with something hidden",
        lambda case, a, b: case.sign(a, "erase", {"entry": case.first, "path": ["x\x01"]}),
    )
    yield "path", lambda case, a, b: case.sign(a, "erase", {"entry": case.first, "path": ["body", 5, "x"]})
    for number in ("-0", "-0.0", "0", "-0.1", "1.1234567", "1.123456", "01", "1.", "9" * 15, "9" * 16, "1e5", "", "+1"):
        yield f"decimal {number}", item(["decimal", number])
        yield f"money {number}", item(["money", number, "GBP"])
    for parts in (
        ["decimal", "1", "kg"],
        ["decimal", "1", "k" * 33],
        ["decimal", "1", ""],
        ["money", "1", "gbp"],
        ["yes-no", 1],
    ):
        yield f"value {parts}", item(parts)
    more_parts: tuple[Any, ...] = (
        ["yes-no", True],
        ["yes-no", False],
        ["duration", -1],
        ["duration", 0],
        ["integer", -(2**53) + 1],
        ["frob", 1],
        [],
        "x",
        {},
    )
    for parts in more_parts:
        yield f"value {parts}", item(parts)
    for date in ("2026-02-31", "2026-13-01", "2026-00-01", "0000-01-01", "2026-1-01", "2026-01-32"):
        yield f"date {date}", item(["date", date])
    for local in ("2026-01-31T10:00", "2026-01-31T24:00", "2026-01-31 10:00", "2026-01-31T10:60"):
        yield f"local {local}", item(["time", -5, local, "x"])
    for depth in range(2, 7):
        yield f"lists {depth} deep", item(_nested(depth, ["list"]))
        yield f"number {depth} deep", item(_nested(depth, ["integer", 1]))
    for count in range(52, 62):
        yield f"{count} values more", item(["list"] + [["list"] + [["list"]] * 60] * 3 + [["list"]] * count)
    for size in (0, 1, 30_000, 30_001):
        yield f"proof of {size} bytes", act("prove", {"what": "envelope", "data": b"x" * size})
    for size in (16_060, 16_070, 16_071, 16_072, 16_075, 16_080, 16_100, 16_384):
        subject = {"is": "close", "summary": "x" * 16_384}
        body = {"subjects": [subject], "signers": [0, 1], "mode": "firm", "note": "y" * size}
        yield f"core with a note of {size} bytes", act("propose", body)
    offer = {"subjects": [{"is": "close"}], "signers": [0, 1], "mode": "firm"}
    after: dict[str, Any] = {"after": "agreed", "count": 1, "unit": "days", "zone": "x"}
    overs: dict[str, dict[str, Any]] = {
        "due after": {"open_until": after},
        "due both": {"open_until": after | {"instant": 5}},
        "admit with seat and role": {"subjects": [{"is": "admit", "seat": 1, "role": "third", "label": "x"}]},
        "no subjects": {"subjects": []},
        "33 subjects": {"subjects": [{"is": "close"}] * 33},
        "signer 1024": {"signers": [1024]},
        "no signers": {"signers": []},
        "other mode": {"mode": "soft"},
    }
    for name, over in overs.items():
        yield f"proposal: {name}", act("propose", offer | over)
    yield "unknown kind", act("frob", {})
    yield "a kind of 200 letters", act("k" * 200, {})
    yield "unknown field", act("seen", {"x": 1})
    yield "missing field", act("note", {})
    for started in (253_402_207_199_999, 253_402_207_200_000, -62_135_596_800_000, -62_135_596_800_001, -1, 2**53 - 1):
        body = {"channel": "mail", "direction": "in", "started": started, "summary": "s", "seconds": 0, "menu": []}
        yield f"contact at {started}", act("contact", body)
    yield "names of parties", lambda case, a, b: case.sign(a, "link", {"case": b.party.id, "relation": "due"})
    yield "bytes of a party elsewhere", lambda case, a, b: case.sign(a, "note", {"text": "x", "about": b.party.id})
    for size in (64, 65):
        yield f"{size} bytes shown", act("prove", {"what": "envelope", "data": b"x" * size})


def _cores() -> Iterator[tuple[str, Play]]:
    def changed(**fields: Any) -> Play:
        return act("seen", {}, core={int(key[1:]): value for key, value in fields.items()}, change=NO_CHANGE)

    for at in (0, 2**53 - 1, -1):
        yield f"at {at}", act("seen", {}, at=at)
    yield "version 2", changed(k1=2)
    yield "another case", changed(k2=bytes(32))
    yield "no case", changed(k2=None)
    yield "no grant", changed(k9=None)
    yield "a field more", changed(k12=1)
    yield "33 citations", changed(k8=[[number.to_bytes(32, "big"), 1, bytes(32)] for number in range(33)])
    yield "a body with numbers for names", changed(k11={"kind": "seen", "body": {1: 1}})
    yield "a body that is a list", changed(k11={"kind": "seen", "body": []})
    yield "an act with more", changed(k11={"kind": "seen", "body": {}, "more": 1})
    yield "wrong change", act("seen", {}, change=bytes(31) + b"x")
    yield "signed by somebody else", lambda case, a, b: case.sign(a, "seen", {}, signer=b.key)
    opening = {
        "title": "A",
        "seats": [{"role": "customer", "label": "x"}],
        "suite": "ed25519-sha256",
        "level": 1,
        "zone": "E",
    }
    opening["nonce"] = b"x" * 16
    yield "a second open", lambda case, a, b: case.sign(a, "open", opening, core={2: case.id}, change=NO_CHANGE)
    yield (
        "a second open, seq 1",
        lambda case, a, b: case.sign(
            a, "open", opening, seq=1, prev=None, deps=[], keys=[a.party.cite()], change=NO_CHANGE
        ),
    )


def _recoded(change: Callable[[bytes], bytes]) -> Play:
    """A note whose core is written in another way."""

    def play(case: Case, a: Device, b: Device) -> None:
        right = case.sign(a, "note", {"text": "hello"})
        core = cbor2.loads(cbor2.loads(cbor2.loads(case.envelopes[right])[2])[0])
        raw = change(cbor.encode(core))
        id_ = envelope.digest("counterpart/entry/1", raw)
        del case.envelopes[right]
        case.envelopes[id_] = a.key.envelope("counterpart/entry/1", cbor.encode([raw, bytes(32)]))
        case.entries[id_], case.changes[id_] = case.entries.pop(right), case.changes.pop(right)

    return play


def _encodings() -> Iterator[tuple[str, Play]]:
    def with_at(at: Any) -> Callable[[bytes], bytes]:
        return lambda raw: cbor2.dumps(cbor2.loads(raw) | {10: at}, canonical=True)

    forms: dict[str, Callable[[bytes], bytes]] = {
        "as it was": lambda raw: raw,
        "bytes behind": lambda raw: raw + b"\0",
        "not the shortest": lambda raw: raw.replace(b"\x01\x01", b"\x01\x18\x01", 1),
        "of indefinite length": lambda raw: b"\xbf" + raw[1:] + b"\xff",
        "with a float": with_at(1.5),
        "with a tag": with_at(cbor2.CBORTag(1, 5)),
        "with null": with_at(None),
        "with undefined": with_at(cbor2.undefined),
        "with true": with_at(True),
        "with a bignum": with_at(2**70),
        "with 2^53": with_at(2**53),
        "out of order": lambda raw: cbor2.dumps(dict(reversed(cbor2.loads(raw).items()))),
        "with a key twice": lambda raw: bytes([raw[0] + 1]) + raw[1:3] + raw[1:],
        "with a text for a key": lambda raw: cbor2.dumps({**cbor2.loads(raw), "x": 1}),
        "with a negative key": lambda raw: cbor2.dumps({**cbor2.loads(raw), -1: 1}),
        "with false for a key": lambda raw: cbor2.dumps({**cbor2.loads(raw), False: 1}),
        "with no UTF-8": lambda raw: raw.replace(b"hello", b"he\xfflo"),
        "with a surrogate": lambda raw: raw.replace(b"hello", b"h\xed\xa0\x80o"),
        "empty": lambda raw: b"",
        "a list": lambda raw: cbor.encode([1]),
        "very deep": lambda raw: b"\x81" * 30_000 + b"\0",
        "very wide": lambda raw: b"\x9b" + b"\x7f" * 8,
    }
    for name, form in forms.items():
        yield f"core {name}", _recoded(form)


def _envelopes() -> Iterator[tuple[str, Play]]:
    def enveloped(change: Callable[[bytes], bytes]) -> Play:
        def play(case: Case, a: Device, b: Device) -> None:
            id_ = case.sign(a, "note", {"text": "hello"})
            case.envelopes[id_] = change(case.envelopes[id_])

        return play

    def paid(change: Callable[[bytes, bytes], bytes]) -> Play:
        def play(case: Case, a: Device, b: Device) -> None:
            id_ = case.sign(a, "note", {"text": "hello"})
            core, hash_ = cbor2.loads(cbor2.loads(case.envelopes[id_])[2])
            case.envelopes[id_] = a.key.envelope("counterpart/entry/1", change(core, hash_))

        return play

    above = envelope.L
    for name, form in {
        "cut": lambda data: data[:-1],
        "longer": lambda data: data + b"\0",
        "empty": lambda data: b"",
        "of 7 bytes": lambda data: data[:7],
        "tagged": lambda data: b"\xd2" + data,
        "with a longer head": lambda data: data[:6] + b"\x5a\0\0" + data[7:],
        "of another algorithm": lambda data: data.replace(bytes.fromhex("a10132"), bytes.fromhex("a10127"), 1),
        "with S above the order": lambda data: (
            data[:-32] + (int.from_bytes(data[-32:], "little") + above).to_bytes(32, "little")
        ),
        "with R of small order": lambda data: data[:-64] + bytes([1]) + bytes(31) + data[-32:],
        "too large": lambda data: data + bytes(40_000),
    }.items():
        yield f"envelope {name}", enveloped(form)
    for name, payload in {
        "of three": lambda core, hash_: cbor.encode([core, hash_, hash_]),
        "of one": lambda core, hash_: cbor.encode([core]),
        "a map": lambda core, hash_: cbor.encode({1: core, 2: hash_}),
        "with 31 bytes of hash": lambda core, hash_: cbor.encode([core, hash_[:31]]),
        "with a longer head": lambda core, hash_: (
            b"\x82\x5a" + len(core).to_bytes(4, "big") + core + b"\x58\x20" + hash_
        ),
        "with bytes behind": lambda core, hash_: cbor.encode([core, hash_]) + b"\0",
        "with a text": lambda core, hash_: cbor.encode(["x", hash_]),
        "without a core": lambda core, hash_: cbor.encode([b"", hash_]),
        "empty": lambda core, hash_: b"",
        "with a huge head": lambda core, hash_: b"\x82\x5b" + b"\xff" * 8 + core + b"\x58\x20" + hash_,
    }.items():
        yield f"payload {name}", paid(payload)
