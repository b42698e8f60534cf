"""Forked key logs that grew at random: eras, rotates beside other events, floods, and statements that cite them."""

import random
from collections.abc import Iterator

from .. import keylog, pack
from ..bundle import key_events
from ..forge import Case, Device, Key, Party
from ..gate import Record
from ..refusal import Malformed, Parked, Refused
from ..statement import read
from .stage import Files, two


def cases(files: Files) -> Iterator[tuple[str, bytes]]:
    for seed in range(60):
        case, exporter = _grown(seed)
        yield f"log grown at random {seed}", files.packed(case, exporter)


def _grown(seed: int) -> tuple[Case, Device]:
    """b's log with events behind any of its events; then statements of b's devices that cite any of them."""
    random_ = random.Random(seed)
    case, a, b = two()
    party = b.party
    roots: dict[bytes, tuple[Key, Key]] = {}  # event to its root key and the next one
    for id_ in party.events:
        roots[id_] = (party.root, party.next_root)
    grants: dict[bytes, list[Device]] = {id_: [] for id_ in roots}
    grants[b.grant] = [b]
    devices = [b]
    for number in range(random_.choice((3, 6, 12, 40))):
        before = random_.choice(list(roots)[-random_.choice((2, 4, 40)) :])
        party.tip, party.position = before, party.events[before][0]
        root, next_root = roots[before]
        kind = random_.choice(("grant", "grant", "rotate", "revoke"))
        if kind == "rotate":
            further = Key(f"root {number}")
            body = {"root": next_root.public, "next": keylog.next_root_hash(further.public)}
            id_ = party.event("rotate", body, next_root)
            roots[id_], grants[id_] = (next_root, further), grants[before]
        elif kind == "revoke" and grants[before]:
            device = random_.choice(grants[before])
            id_ = party.event("revoke", {"grant": device.grant, "reason": "ended"}, root)
            roots[id_] = (root, next_root)
            grants[id_] = [other for other in grants[before] if other is not device]
        else:
            device = party.device(f"of {random_.randrange(number + 1)}", root)
            roots[device.grant], grants[device.grant] = (root, next_root), [*grants[before], device]
            devices.append(device)
    if random_.random() < 0.7:
        _drop_refused_events(case, party)
    party.tip = max(party.events, key=lambda id_: party.events[id_][0])
    for number in range(random_.randrange(9)):
        device = random_.choice([device for device in (a, *devices) if device.grant in device.party.events])
        cited = [party.cite(random_.choice(list(party.events)))] if random_.random() < 0.7 else []
        if not cited and device.party is party and device.key.public not in case.last:
            cited = [party.cite(device.grant)]
        if device.party is not party and device.key.public not in case.last:
            continue
        deps = case.heads if random_.random() < 0.6 else [random_.choice(case.heads)]
        prev = case.last.get(device.key.public)
        if prev is not None and prev not in deps and not _knows(case, deps, prev):
            continue
        case.sign(device, "note", {"text": str(number)}, deps=deps, keys=cited)
    if random_.random() < 0.7:
        _drop_refused_entries(case)
    return case, a


def _knows(case: Case, heads: list[bytes], entry: bytes) -> bool:
    waiting = list(heads)
    while waiting:
        deps = case.entries[waiting.pop()].deps
        if entry in deps:
            return True
        waiting += deps
    return False


def _drop_refused_events(case: Case, party: Party) -> None:
    logs = keylog.KeyLogs()
    for id_, (_, envelope) in sorted(party.events.items(), key=lambda item: (item[1][0], item[0])):
        try:
            logs.add(keylog.read(envelope))
        except Malformed:
            del party.events[id_]


def _drop_refused_entries(case: Case) -> None:
    try:
        record = Record(key_events(pack.signed_members(case, b"")))
    except Refused:  # the log itself is refused: then so is the bundle, whatever its entries
        return
    for id_ in case.order():
        try:
            record.add(read(case.envelopes[id_]))
        except (Malformed, Parked):
            del case.entries[id_]
