"""Key logs: every rule of an event, forked logs, what statements cite of them."""

from collections.abc import Callable, Iterator
from typing import Any

from ..forge import Case, Device, Party
from .stage import Files, Play, played

Deed = Callable[[Party, Device], Any]


def cases(files: Files) -> Iterator[tuple[str, bytes]]:
    yield from played(files, ((f"log: {name}", _cited(deed)) for name, deed in _deeds()))
    yield from played(files, ((f"log: {name}", _uncited(deed)) for name, deed in _forms()))
    yield from played(files, _branches())


def _cited(deed: Deed) -> Play:
    """Events in b's log, and a statement of b that cites the last one."""

    def play(case: Case, a: Device, b: Device) -> None:
        deed(b.party, b)
        case.sign(b, "seen", {}, keys=[b.party.cite()])

    return play


def _uncited(deed: Deed) -> Play:
    return lambda case, a, b: deed(b.party, b)


def _revoke(grant: bytes, reason: str = "ended") -> dict[str, Any]:
    return {"grant": grant, "reason": reason}


def _deeds() -> Iterator[tuple[str, Deed]]:
    def by(party: Party, device: Device, name: str = "b2", **over: Any) -> Device:
        return party.device(name, device.key, headers={"5": device.grant}, **over)

    def rotate(party: Party, **over: Any) -> bytes:
        body = {"root": party.next_root.public, "next": bytes(32)} | over.pop("body", {})
        return party.event("rotate", body, over.pop("signer", party.next_root), **over)

    def by_revoked(party: Party, device: Device) -> None:
        other = party.device("b2")
        party.event("revoke", _revoke(other.grant))
        by(party, other, "b3")

    def revoked_twice(party: Party, device: Device) -> None:
        other = party.device("b2")
        party.event("revoke", _revoke(other.grant))
        party.event("revoke", _revoke(other.grant, "compromised"))

    def granted_again(party: Party, device: Device) -> None:
        party.event("revoke", _revoke(party.device("b2").grant))
        party.device("b2")

    yield "grant", lambda party, device: party.device("b2")
    yield "grant by an admin", lambda party, device: by(party, device)
    yield "grant by the root in an admin's name", lambda party, device: party.device("b2", headers={"5": device.grant})
    yield "grant by no admin", lambda party, device: by(party, party.device("b2", body={"admin": False}), "b3")
    yield "grant by a revoked admin", by_revoked
    yield "revoke", lambda party, device: party.event("revoke", _revoke(device.grant))
    yield "revoked twice", revoked_twice
    yield "granted twice", lambda party, device: [party.device("b2"), party.device("b2")]
    yield "granted again", granted_again
    yield (
        "revokes itself",
        lambda party, device: party.event("revoke", _revoke(device.grant), device.key, headers={"5": device.grant}),
    )
    yield "revokes nothing", lambda party, device: party.event("revoke", _revoke(bytes(32)))
    yield "revokes an inception", lambda party, device: party.event("revoke", _revoke(next(iter(party.events))))
    yield "another reason", lambda party, device: party.event("revoke", _revoke(device.grant, "tired"))
    yield "rotate", lambda party, device: rotate(party)
    yield "rotate by the old root", lambda party, device: rotate(party, signer=party.root)
    yield (
        "rotate to another root",
        lambda party, device: rotate(party, body={"root": party.root.public}, signer=party.root),
    )
    yield "rotate by an admin", lambda party, device: rotate(party, headers={"5": device.grant})
    yield "grant by the old root", lambda party, device: [rotate(party), party.device("b2")]
    yield "grant by the new root", lambda party, device: [rotate(party), party.device("b2", party.next_root)]
    yield "rotate twice", lambda party, device: [rotate(party), rotate(party)]
    bodies: tuple[dict[str, Any], ...] = (
        {"kinds": ["note", "accept"]},
        {"kinds": []},
        {"kinds": ["note\n\x01"]},
        {"kinds": ["x" * 128]},
        {"kinds": ["x" * 129]},
        {"kinds": ["note", "note"]},
        {"kinds": "some"},
        {"kinds": [f"k{number}" for number in range(300)]},
        {"kinds": [f"k{number}" for number in range(480)]},
        {"peer": b""},
        {"peer": b"x" * 65},
        {"receive": 1},
        {"ceilings": []},
        {"ceilings": [["1.00", "GBP"], ["x", "y"]]},
        {"ceilings": [["1.00"]]},
        {"from": 5, "until": 2**53 - 1},
        {"until": -1},
        {"from": "x"},
        {"more": 1},
        {"device": bytes(32)},
        {"possession": b""},
        {"possession": b"x" * 3000},
    )
    for body in bodies:
        yield f"grant with {str(body)[:40]}", lambda party, device, body=body: party.device("b2", body=body)  # type: ignore[misc]
    yield "grant of a long peer", lambda party, device: party.device("b2" * 31)


def _forms() -> Iterator[tuple[str, Deed]]:
    headers: tuple[tuple[str, Any], ...] = (
        ("1", 2),
        ("2", bytes(32)),
        ("2", None),
        ("3", 9),
        ("3", 0),
        ("3", 4097),
        ("4", bytes(32)),
        ("4", None),
        ("5", bytes(32)),
        ("6", -1),
        ("6", 2**53 - 1),
        ("8", 1),
    )
    for key, value in headers:
        yield (
            f"header {key} of {str(value)[:9]}",
            lambda party, device, key=key, value=value: party.event(  # type: ignore[misc]
                "revoke", _revoke(device.grant), headers={key: value}
            ),
        )
    inception = {"suite": "ed25519-sha256", "next": bytes(32), "nonce": bytes(16)}
    yield "another kind", lambda party, device: party.event("frob", {})
    yield "a second inception", lambda party, device: party.event("inception", inception | {"root": party.root.public})


def _branches() -> Iterator[tuple[str, Play]]:
    def branches(count: int) -> Play:
        def play(case: Case, a: Device, b: Device) -> None:
            _fork(b.party, count)
            case.sign(b, "seen", {}, keys=[b.party.cite()])

        return play

    yield "log of two branches", branches(2)
    yield "log of three branches", branches(3)
    for first, second in ((0, 1), (1, 0)):
        for after in ((), (0,), (1,), (0, 1), (1, 0)):
            yield f"own log cited at one position: {first}, {second}, then {after}", _meeting(first, second, after)
    yield "cites the other branch later", _other_branch(False)
    yield "granted on the other branch", _other_branch(True)
    yield "revoked in its past", _revoked(True)
    yield "revoked, not known", _revoked(False)
    yield "first statement cites less than its past", _first(0)
    yield "first statement cites nothing", _first(None)
    yield "cites a point twice", lambda case, a, b: [case.sign(a, "seen", {}, keys=[b.party.cite()]) for _ in range(2)]


def _fork(party: Party, count: int) -> list[Device]:
    """Devices granted at one position, the smallest event first."""
    tip, position, found = party.tip, party.position, []
    for number in range(count):
        party.tip, party.position = tip, position
        found.append(party.device(f"f{number}"))
    return sorted(found, key=lambda device: device.grant)


def _meeting(first: int, second: int, after: tuple[int, ...]) -> Play:
    def play(case: Case, a: Device, b: Device) -> None:
        devices = _fork(b.party, 2)
        for number in (first, second):
            case.sign(devices[number], "seen", {}, keys=[b.party.cite(devices[number].grant)])
        for number in after:
            case.sign(devices[number], "note", {"text": "on"})

    return play


def _other_branch(by_granted: bool) -> Play:
    def play(case: Case, a: Device, b: Device) -> None:
        one, other = _fork(b.party, 2)
        b.party.tip, b.party.position = other.grant, 3
        further = b.party.device("g1")
        case.sign(b, "seen", {}, keys=[b.party.cite(one.grant)])
        if by_granted:
            case.sign(further, "seen", {}, keys=[b.party.cite(further.grant)])
            case.sign(one, "seen", {}, keys=[b.party.cite(further.grant)])
        else:
            case.sign(b, "seen", {}, keys=[b.party.cite(further.grant)])

    return play


def _revoked(known: bool) -> Play:
    def play(case: Case, a: Device, b: Device) -> None:
        b.party.event("revoke", _revoke(b.grant))
        heads = case.heads
        case.sign(a, "seen", {}, keys=[b.party.cite()])
        case.sign(b, "seen", {}, deps=case.heads if known else heads)

    return play


def _first(cited: int | None) -> Play:
    def play(case: Case, a: Device, b: Device) -> None:
        device = b.party.device("b2")
        b.party.device("b3")
        case.sign(b, "seen", {}, keys=[b.party.cite()])
        case.sign(device, "seen", {}, keys=[] if cited is None else [b.party.cite(device.grant)])

    return play
