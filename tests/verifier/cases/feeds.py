"""Statements in their place: deps, prev, citations, forks, surplus branches, levels, numbers, random graphs."""

import random
from collections.abc import Iterator
from typing import Any

from .. import cbor, gate, order, pack
from ..bundle import key_events
from ..forge import Case, Device, Party
from ..refusal import Malformed, Parked
from ..statement import read
from .stage import Files, Play, played, two


def cases(files: Files) -> Iterator[tuple[str, bytes]]:
    yield from played(files, _places())
    yield from played(files, _forks())
    yield from played(files, _levels())
    for seed in range(100):
        case, exporter = _random(seed)
        yield f"random graph {seed}", files.packed(case, exporter)
    case, a, _ = two()
    known = case.heads
    for number in range(40):
        case.sign(a.party.device(f"d{number}"), "note", {"text": "x"}, deps=known, keys=[a.party.cite()])
    yield "40 that share a number", files.packed(case, a)
    case, a, b = two()
    for number in range(140):
        case.sign(a if number % 3 else b, "note", {"text": str(number)})
    yield "three buckets", files.packed(case, a)


def _seen(**over: Any) -> Play:
    return lambda case, a, b: case.sign(a, "seen", {}, **over)


def _places() -> Iterator[tuple[str, Play]]:
    yield "deps twice", lambda case, a, b: case.sign(a, "seen", {}, deps=case.heads * 2)
    yield "deps on each other", lambda case, a, b: case.sign(a, "seen", {}, deps=[*case.heads, case.first])
    yield "no deps", _seen(deps=[])
    yield "unknown dep", _seen(deps=[bytes(32)])
    yield "33 deps", _seen(deps=[number.to_bytes(32, "big") for number in range(33)])
    yield "seq left out", _seen(seq=9)
    yield "seq 0", _seen(seq=0, prev=None)
    yield "seq 1 again", lambda case, a, b: case.sign(a, "seen", {}, seq=1, prev=None, keys=[a.party.cite()])
    yield "prev of somebody else", lambda case, a, b: case.sign(a, "seen", {}, prev=case.last[b.key.public])
    yield "prev not known", lambda case, a, b: case.sign(b, "seen", {}, deps=[case.first])
    yield "grant of somebody else", lambda case, a, b: case.sign(a, "seen", {}, core={9: b.grant})
    yield "grant unknown", _seen(core={9: bytes(32)})
    yield (
        "grant that is an inception",
        lambda case, a, b: case.sign(a, "seen", {}, core={9: next(iter(a.party.events))}),
    )
    yield "party of somebody else", lambda case, a, b: case.sign(a, "seen", {}, core={3: b.party.id})
    yield "cites nothing new", lambda case, a, b: case.sign(a, "seen", {}, keys=[a.party.cite()])
    yield "cites twice", lambda case, a, b: case.sign(a, "seen", {}, keys=[a.party.cite()] * 2)
    yield "cites a wrong position", lambda case, a, b: case.sign(a, "seen", {}, keys=[[a.party.id, 3, a.grant]])
    yield "cites what is not here", lambda case, a, b: case.sign(a, "seen", {}, keys=[[a.party.id, 3, bytes(32)]])
    yield "cites position 0", lambda case, a, b: case.sign(a, "seen", {}, keys=[[a.party.id, 0, a.grant]])
    yield "cites position 2^32", lambda case, a, b: case.sign(a, "seen", {}, keys=[[a.party.id, 2**32, a.grant]])
    yield "device of two parties", _shared_device
    for concurrent, cited in ((False, False), (False, True), (True, True)):
        yield f"admitted, concurrently {concurrent}, cited {cited}", _admitted(concurrent, cited)
    yield "not admitted", lambda case, a, b: case.sign(Party("x").device("x1"), "seen", {})


def _admitted(concurrent: bool, cited: bool) -> Play:
    def play(case: Case, a: Device, b: Device) -> None:
        x = Party("x")
        device, known = x.device("x1"), case.heads
        body = {"party": x.id, "seat": 5, "invite": case.first, "request": b"x"}
        case.sign(b, "admit", body, keys=[x.cite()] if cited else [])
        case.parties[x.id] = x
        case.sign(device, "seen", {}, deps=known if concurrent else case.heads)

    return play


def _shared_device(case: Case, a: Device, b: Device) -> None:
    x = Party("x")
    proof = b.key.envelope("counterpart/possession/1", cbor.encode([x.id, b.key.public, b"p"]))
    body = {"device": b.key.public, "peer": b"p", "kinds": "all", "receive": True, "admin": True, "possession": proof}
    event = x.event("grant", body)
    shared = Device(x, b.key, event, b"p", (2, event))
    case.sign(
        a, "admit", {"party": x.id, "seat": 5, "invite": case.first, "request": b"x"}, deps=[case.last[a.key.public]]
    )
    case.sign(shared, "note", {"text": "q"}, deps=[case.last[a.key.public]], prev=None, seq=1, keys=[x.cite()])


def _forked(count: int, rest: tuple[int, ...] = (), after: tuple[int, ...] = ()) -> Play:
    """Branches of b's feed by id: which a rests on, and which are gone on with."""

    def play(case: Case, a: Device, b: Device) -> None:
        known, prev = case.heads, case.last[b.key.public]
        branches = sorted(case.sign(b, "note", {"text": f"{n}"}, deps=known, prev=prev) for n in range(count))
        for number in after:
            case.sign(b, "note", {"text": f"on {number}"}, deps=[branches[number]], prev=branches[number])
        for number in rest:
            case.sign(a, "note", {"text": f"rests {number}"}, deps=[branches[number]])

    return play


def _forks() -> Iterator[tuple[str, Play]]:
    for count in (2, 3, 4):
        yield f"{count} branches", _forked(count)
    for rest in ((0,), (2,), (1, 2)):
        yield f"3 branches, rests on {rest}", _forked(3, rest)
    for after in ((0,), (1,), (0, 1), (0, 0, 0), (1, 1, 0), (0, 0, 1, 1), (0, 0, 0, 1)):
        yield f"2 branches, on with {after}", _forked(2, after=after)
    for after in ((2,), (2, 2), (0, 1, 2)):
        yield f"3 branches, on with {after}", _forked(3, after=after)
        yield f"3 branches, on with {after}, rests on 2", _forked(3, (2,), after)
    for count in (2, 3):
        yield f"{count} first statements", _first(count)
    yield "a feed that knows both", _knows_both
    yield "surplus on surplus", _surplus_on_surplus


def _first(count: int) -> Play:
    def play(case: Case, a: Device, b: Device) -> None:
        device, known = b.party.device("b2"), case.heads
        for number in range(count):
            case.sign(device, "note", {"text": str(number)}, deps=known, prev=None, keys=[b.party.cite()])

    return play


def _knows_both(case: Case, a: Device, b: Device) -> None:
    known, prev = case.heads, case.last[b.key.public]
    branches = sorted(case.sign(b, "note", {"text": f"{n}"}, deps=known, prev=prev) for n in range(2))
    case.sign(a, "note", {"text": "both"}, deps=branches)
    case.sign(b, "note", {"text": "after both"}, deps=case.heads, prev=branches[0])


def _surplus_on_surplus(case: Case, a: Device, b: Device) -> None:
    known, of_a, of_b = case.heads, case.last[a.key.public], case.last[b.key.public]
    branches = sorted(case.sign(b, "note", {"text": f"b{n}"}, deps=known, prev=of_b) for n in range(3))
    for number in range(3):
        case.sign(a, "note", {"text": f"a{number}"}, deps=[branches[2]], prev=of_a)


def _levels() -> Iterator[tuple[str, Play]]:
    def raised(level: int, by_a: bool = True, signs: bool = True, early: str = "", **over: Any) -> Play:
        def play(case: Case, a: Device, b: Device) -> None:
            offerer, other = (a, b) if by_a else (b, a)
            body = {"subjects": [{"is": "level", "level": level}], "signers": [0, 1], "mode": "firm"} | over
            revision = case.sign(offerer, "propose", body)
            if early == "withdraw":
                case.sign(offerer, "withdraw", {"of": revision})
            if early == "decline":
                case.sign(other, "decline", {"revision": revision})
            if signs:
                case.sign(other, "accept", {"revision": revision})
            if over.get("mode") == "confirm":
                case.sign(offerer, "confirm", {"revision": revision})
            case.sign(a, "note", {"text": "after"})

        return play

    for level in (1, 2, 3, 1023):
        yield f"raised to {level}", raised(level)
    yield "raised by the other", raised(2, by_a=False)
    yield "proposed only", raised(2, signs=False)
    yield "withdrawn before", raised(2, early="withdraw")
    yield "declined before", raised(2, early="decline")
    overs: dict[str, dict[str, Any]] = {
        "one signer": {"signers": [0]},
        "signers out of order": {"signers": [1, 0]},
        "confirmed": {"mode": "confirm"},
        "with a closing": {"subjects": [{"is": "level", "level": 2}, {"is": "close"}]},
        "twice": {"subjects": [{"is": "level", "level": 2}] * 2},
        "on a base": {"subjects": [{"is": "level", "level": 2, "base": bytes(32)}]},
    }
    for name, over in overs.items():
        yield f"raised, {name}", raised(2, **over)


def _random(seed: int) -> tuple[Case, Device]:
    """Four devices that sign on whatever they picked up; what the gate refuses is left out, mostly surplus too."""
    random_ = random.Random(seed)
    case, a, b = two()
    devices = [a, b, b.party.device("b2"), a.party.device("a2")]
    past: dict[bytes, frozenset[bytes]] = {}
    for id_ in case.order():
        past[id_] = frozenset().union(*(past[dep] | {dep} for dep in case.entries[id_].deps))
    joined = case.heads[0]
    for number in range(random_.randint(5, 25)):
        device = random_.choice(devices)
        own = [id_ for id_, entry in case.entries.items() if entry.device == device.key.public]
        prev = random_.choice(own) if own and random_.random() < 0.3 else case.last.get(device.key.public)
        picked = {*random_.sample(list(case.entries), random_.randint(1, 3)), prev or joined}
        deps = [id_ for id_ in picked if not any(id_ in past[other] for other in picked)]
        keys = [] if prev else [device.party.cite()]
        id_ = case.sign(device, "note", {"text": str(number)}, deps=deps, prev=prev, keys=keys)
        past[id_] = frozenset().union(*(past[dep] | {dep} for dep in deps))
    record = gate.Record(key_events(pack.signed_members(case, b"")))
    for id_ in case.order():
        try:
            record.add(read(case.envelopes[id_]))
        except (Malformed, Parked):
            del case.entries[id_]
    if random_.random() < 0.8:
        for place in order.surplus(record):
            del case.entries[record.entries[place].id]
    return case, a
