"""Makes records and bundles from fixed seeds, right ones and wrong ones, to try verifiers on.

Every signing function takes overrides, so that any field can be something that the format does not allow.
"""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import automerge_change, cbor, envelope, model

START = 1_767_225_600_000


class Key:
    """A signing key that derives from a text."""

    def __init__(self, seed: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        self.public: bytes = self._key.public_key().public_bytes_raw()

    def envelope(self, domain: str, payload: bytes) -> bytes:
        protected = bytes.fromhex("a10132")
        signed = cbor.encode(["Signature1", protected, domain.encode(), payload])
        return cbor.encode([protected, {}, payload, self._key.sign(signed)])


@dataclass
class Device:
    """A key that a grant names; `cites` is the point of its log that its first statement cites."""

    party: "Party"
    key: Key
    grant: bytes
    peer: bytes
    cites: tuple[int, bytes]


class Party:
    """A party with its key log."""

    def __init__(self, name: str, **over: Any) -> None:
        self.name = name
        self.root, self.next_root = Key(f"{name} root"), Key(f"{name} next root")
        body = {
            "suite": "ed25519-sha256",
            "root": self.root.public,
            "next": envelope.digest("counterpart/next-root/1", self.next_root.public),
            "nonce": hashlib.sha256(name.encode()).digest()[:16],
        }
        headers = {1: 1, 3: 1, 6: START, 7: {"kind": "inception", "body": body | over.pop("body", {})}} | over
        payload = cbor.encode(headers)
        self.id = envelope.digest("counterpart/party/1", payload)
        self.events: dict[bytes, tuple[int, bytes]] = {}  # event id to position and envelope
        self.tip = self._add(payload, self.root, 1)
        self.position = 1

    def _add(self, payload: bytes, signer: Key, position: int) -> bytes:
        event = envelope.digest("counterpart/key-event/1", payload)
        self.events[event] = (position, signer.envelope("counterpart/key-event/1", payload))
        return event

    def event(self, kind: str, body: dict[str, Any], signer: Key | None = None, **over: Any) -> bytes:
        """Adds an event behind the tip; `headers` overrides some of its headers, `aside` leaves the tip where it is."""
        aside = over.pop("aside", False)
        headers: dict[int, Any] = {1: 1, 2: self.id, 3: self.position + 1, 4: self.tip, 6: START}
        headers |= {7: {"kind": kind, "body": body}} | {
            int(key): value for key, value in over.pop("headers", {}).items()
        }
        headers = {key: value for key, value in headers.items() if value is not None}
        event = self._add(cbor.encode(headers), signer or self.root, headers[3])
        if not aside:
            self.tip, self.position = event, headers[3]
        return event

    def device(self, name: str, signer: Key | None = None, body: "dict[str, Any] | None" = None, **over: Any) -> Device:
        """Grants a new device, all kinds, receiving and administering."""
        key, peer = Key(f"{self.name} {name}"), b"peer of " + name.encode()
        possession = key.envelope("counterpart/possession/1", cbor.encode([self.id, key.public, peer]))
        grant = {
            "device": key.public,
            "peer": peer,
            "kinds": "all",
            "receive": True,
            "admin": True,
            "possession": possession,
        }
        event = self.event("grant", grant | (body or {}), signer, **over)
        return Device(self, key, event, peer, (self.events[event][0], event))

    def cite(self, event: bytes | None = None) -> list[Any]:
        event = event or self.tip
        return [self.id, self.events[event][0], event]


NO_CHANGE = automerge_change.Change(bytes(32), b"", 1, 1)  # for statements of which none can be built


@dataclass
class Sealed:
    """A value to stand sealed in a body."""

    value: Any
    salt: bytes = b"s" * 32


@dataclass
class Case:
    """A case in the making: envelopes and what is needed to go on with it."""

    id: bytes = b""
    opener: bytes = b""
    envelopes: dict[bytes, bytes] = field(default_factory=dict)
    entries: dict[bytes, model.Entry] = field(default_factory=dict)
    changes: dict[bytes, automerge_change.Change] = field(default_factory=dict)
    heads: list[bytes] = field(default_factory=list)
    last: dict[bytes, bytes] = field(default_factory=dict)  # device to its last entry
    parties: dict[bytes, Party] = field(default_factory=dict)
    receipts: dict[model.Receipt, bytes] = field(default_factory=dict)
    values: list[tuple[bytes, int, bytes]] = field(default_factory=list)  # entry, place from 1, disclosure
    clock: int = START
    first: bytes = b""

    def sign(self, device: Device, kind: str, body: dict[str, Any], **over: Any) -> bytes:
        """Signs the next statement of a device, knowing all heads.

        Overrides: deps, prev, seq, keys, at, core (headers of it), raw (its bytes), change, signer, envelope.
        """
        self.parties.setdefault(device.party.id, device.party)
        self.clock += 60_000
        is_open = kind == "open"
        prev = over.pop("prev", self.last.get(device.key.public))
        seq = over.pop("seq", self.entries[prev].seq + 1 if prev else 1)
        deps = sorted(over.pop("deps", self.heads))
        keys = over.pop("keys", None)
        if keys is None:
            keys = [[device.party.id, *device.cites]] if seq == 1 else []
        sealed: list[tuple[list[Any], Sealed]] = []
        body = self._seal(device, seq, is_open, body, [], sealed)
        core: dict[int, Any] = {
            1: 1,
            2: None if is_open else self.id,
            3: device.party.id,
            4: device.key.public,
            5: seq,
            6: prev,
        }
        core |= {
            7: deps,
            8: sorted(keys),
            9: device.grant,
            10: over.pop("at", self.clock),
            11: {"kind": kind, "body": body},
        }
        core |= over.pop("core", {})
        raw = over.pop("raw", None) or cbor.encode({key: value for key, value in core.items() if value is not None})
        entry = model.Entry(
            id=envelope.digest("counterpart/entry/1", raw),
            party=core[3],
            device=core[4],
            seq=core[5],
            prev=core[6],
            deps=tuple(core[7]),
            keys=tuple((party, position, event) for party, position, event in core[8]),
            grant=core[9],
            at=core[10],
            kind=core[11]["kind"],
            body=cbor.decode(cbor.encode(core[11]["body"]), cbor.Limits(2**20, 2**16, 99, 2**20)),
            change=b"",
        )
        if is_open and not self.id:
            self.id = envelope.digest("counterpart/case/1", raw)
            self.opener = automerge_change.actor(self.id, entry.device)
            self.first = entry.id
        before = None if is_open else self.changes.get(prev if prev else self.first)
        change = over.pop("change", None)
        if not isinstance(change, automerge_change.Change):
            built = automerge_change.build(entry, self.id, self.opener, before)
            change = replace(built, hash=change) if change else built
        payload = cbor.encode([raw, change.hash])
        signer = over.pop("signer", device.key)
        self.envelopes[entry.id] = over.pop("envelope", None) or signer.envelope("counterpart/entry/1", payload)
        self.entries[entry.id], self.changes[entry.id] = entry, change
        self.heads = sorted(set(self.heads) - set(deps) | {entry.id})
        self.last[device.key.public] = entry.id
        for number, (path, hidden) in enumerate(sealed, 1):
            disclosure = cbor.encode([entry.id, path, hidden.salt, hidden.value])
            self.values.append((entry.id, number, disclosure))
        assert not over, over
        return entry.id

    def _seal(self, device: Device, seq: int, is_open: bool, item: Any, path: list[Any], found: list[Any]) -> Any:
        if isinstance(item, Sealed):
            found.append((path, item))
            case = b"" if is_open else self.id
            opening = [case, device.party.id, device.key.public, seq, path, item.salt, item.value]
            return ["sealed", envelope.digest("counterpart/seal/1", cbor.encode(opening))]
        if isinstance(item, dict):
            names = sorted(item, key=lambda name: (len(name.encode()), name.encode()))
            return {name: self._seal(device, seq, is_open, item[name], [*path, name], found) for name in names}
        if isinstance(item, list):
            return [self._seal(device, seq, is_open, each, [*path, place], found) for place, each in enumerate(item)]
        return item

    def open(self, device: Device, *others: str, **over: Any) -> bytes:
        """Opens the case as the customer, with a seat for each other role."""
        seats = [{"role": role, "label": f"Seat of {role}"} for role in ("customer", *others)]
        body = {"title": "A case", "seats": seats, "suite": "ed25519-sha256", "level": 1, "zone": "Europe/London"}
        return self.sign(device, "open", body | {"nonce": b"n" * 16} | over.pop("body", {}), **over)

    def bring_in(self, by: Device, joiner: Device, seat: int = 1, revision: bytes | None = None) -> bytes:
        """Invites, admits and joins; the joiner's request is as the protocol has it."""
        one_time = Key(f"invitation {len(self.entries)}")
        expires = self.clock + 86_400_000
        invite = self.sign(by, "invite", {"key": one_time.public, "seat": seat, "expires": expires})
        position, event = joiner.cites
        opener = self.entries[self.first].party
        request = {1: 1, 2: self.id, 3: opener, 4: invite, 5: joiner.peer, 6: expires, 7: joiner.party.id}
        request |= {8: joiner.key.public, 9: joiner.grant, 10: position, 11: event}
        inner = joiner.key.envelope("counterpart/join-request/1", cbor.encode(request))
        outer = one_time.envelope("counterpart/join-request/1", inner)
        self.parties.setdefault(joiner.party.id, joiner.party)
        body = {"party": joiner.party.id, "seat": seat, "invite": invite, "request": outer}
        admit = self.sign(
            by, "admit", body | ({"revision": revision} if revision else {}), keys=[joiner.party.cite(event)]
        )
        return self.sign(joiner, "join", {"admit": admit})

    def receipt(self, device: Device, number: int = 1, before: bytes | None = None, **over: Any) -> bytes:
        """A receipt for the heads as they are; header numbers in `over` as `h5=...`."""
        self.clock += 60_000
        last = self.entries[self.last[device.key.public]].seq if device.key.public in self.last else 0
        headers: dict[int, Any] = {
            1: 1,
            2: self.id,
            3: device.party.id,
            4: device.key.public,
            5: last,
            6: number,
            7: before,
        }
        headers |= {8: self.heads, 9: [], 10: [], 11: self.clock}
        headers |= {int(key[1:]): value for key, value in over.items() if key.startswith("h")}
        payload = cbor.encode({key: value for key, value in headers.items() if value is not None})
        signer = over.get("signer", device.key)
        heads, lacking = tuple(headers[8]), tuple(headers[10] or ())
        id_ = envelope.digest("counterpart/receipt/1", payload)
        receipt = model.Receipt(id_, headers[3], headers[4], headers[5], headers[6], heads, lacking, headers[11])
        self.receipts[receipt] = signer.envelope("counterpart/receipt/1", payload)
        return id_

    def order(self) -> list[bytes]:
        """The ids of all entries in the agreed order."""
        past: dict[bytes, frozenset[bytes]] = {}
        for id_, entry in self.entries.items():
            known = (past[dep] | {dep} for dep in entry.deps if dep in past)
            past[id_] = frozenset().union(*known)
        return sorted(self.entries, key=lambda id_: (len(past[id_]), id_))
