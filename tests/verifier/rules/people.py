"""Whether what brings people in, speaks of them, or states facts takes effect."""

from collections.abc import Iterator

from .. import acts
from . import members, receipts
from .lens import Lens
from .terms import seat


def _by_opener(lens: Lens, i: int) -> bool:
    return lens.entry(i).party == members.opener(lens)


def invite(lens: Lens, i: int) -> bool:
    place = seat(lens.entry(i).body["seat"])
    return _by_opener(lens, i) and members.role(lens, place) is not None and not members.holders(lens, place)


def _invite_of(lens: Lens, i: int) -> int | None:
    found = lens.ref(lens.entry(i).body["invite"])
    return found if found is not None and lens.entry(found).kind == "invite" else None


def uninvite(lens: Lens, i: int) -> bool:
    return _by_opener(lens, i) and _invite_of(lens, i) is not None


def admit(lens: Lens, i: int) -> bool:
    body = lens.entry(i).body
    found = _invite_of(lens, i)
    if not _by_opener(lens, i) or found is None or seat(lens.entry(found).body["seat"]) != seat(body["seat"]):
        return False
    if any(lens.entry(x).body["invite"] == body["invite"] for x in lens.acts("uninvite", "admit")):
        return False
    if members.holders(lens, seat(body["seat"])) or not members.request_fits(lens, i, found):
        return False
    return not any(True for _ in lens.acts("admit")) or _agreed(lens, i)


def _agreed(lens: Lens, i: int) -> bool:
    """Whether the admit names an agreement in force on letting this party in."""
    from . import force

    body = lens.entry(i).body
    r = lens.proposal(body["revision"]) if "revision" in body else None
    if r is None:
        return False
    for s in lens.subjects(r):
        if s.key == ("admit", seat(body["seat"])) and s.body.get("party", body["party"]) == body["party"]:
            here = force.in_force(lens, s.key).revision
            if here is not None and force.one(lens, here, r):
                return True
    return False


def join(lens: Lens, i: int) -> bool:
    entry = lens.entry(i)
    admitted = lens.ref(entry.body["admit"])
    if entry.party in members.joined(lens):
        return False
    if admitted is None or lens.entry(admitted).kind != "admit":
        return False
    return bool(lens.entry(admitted).body["party"] == entry.party)


def seat_act(lens: Lens, i: int) -> bool:
    body = lens.entry(i).body
    named = lens.ref(body["admit"])
    return (
        _by_opener(lens, i)
        and named is not None
        and lens.entry(named).kind == "admit"
        and seat(lens.entry(named).body["seat"]) == seat(body["seat"])
    )


def on_entry(lens: Lens, i: int) -> bool:
    return lens.known(lens.entry(i).body["entry"]) is not None


def about(lens: Lens, i: int) -> bool:
    named = lens.entry(i).body.get("about")
    return named is None or lens.known(named) is not None


def erase(lens: Lens, i: int) -> bool:
    """A sealed place of an entry in the past, or the hash of a file that stands open there."""
    body = lens.entry(i).body
    named = lens.known(body["entry"])
    if named is None:
        return False
    entry, path = lens.entry(named), tuple(body["path"])
    if entry.kind == "attach" and path == ("sha256",):
        return True
    return any(path == where for where, _ in acts.sealed_places(entry.body)) or path in set(_hashes(entry.body, ()))


def _hashes(value: object, at: tuple[object, ...]) -> Iterator[tuple[object, ...]]:
    """Where hashes of files stand, as values of type file have them."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _hashes(item, (*at, name))
    elif isinstance(value, (list, tuple)):
        if len(value) >= 2 and value[0] == "file" and isinstance(value[1], bytes):
            yield (*at, 1)
        for place, item in enumerate(value):
            yield from _hashes(item, (*at, place))


def _own_devices(lens: Lens, i: int) -> set[bytes]:
    """Devices in the author's key log, as far as its past and the statement cite it."""
    entry = lens.entry(i)
    cited = lens.keys.cited(lens.mask | 1 << i, entry.party)
    return {e.body["device"] for e in lens.keys.line(cited.id) if e.kind == "grant"} if cited else set()


def card(lens: Lens, i: int) -> bool:
    device = lens.entry(i).body.get("device")
    return device is None or device in _own_devices(lens, i)


def handover(lens: Lens, i: int) -> bool:
    body = lens.entry(i).body
    return all(body[k] in _own_devices(lens, i) for k in ("from", "to") if k in body)


def mandate(lens: Lens, i: int) -> bool:
    """A device does not set its own limits."""
    entry = lens.entry(i)
    cited = lens.keys.cited(lens.mask | 1 << i, entry.party)
    grants = {e.id for e in lens.keys.line(cited.id) if e.kind == "grant"} if cited else set()
    return entry.body["grant"] in grants and entry.body["grant"] != entry.grant


def cut(lens: Lens, i: int) -> bool:
    """Names a revocation in the party's own log that it cites, and entries of the revoked device."""
    entry = lens.entry(i)
    cited = lens.keys.cited(lens.mask | 1 << i, entry.party)
    log = lens.keys.line(cited.id) if cited is not None else ()
    revoke = next((e for e in log if e.id == entry.body["revoke"] and e.kind == "revoke"), None)
    if revoke is None:
        return False
    grant = lens.keys.grant(revoke.body["grant"])
    for device, seq, tip in entry.body["tips"]:
        if grant is None or device != grant.body["device"] or lens.known(tip) is None:
            return False
        named = lens.entry(lens.graph.index[tip])
        if named.device != device or named.seq != seq:
            return False
    return True


def ratify(lens: Lens, i: int) -> bool:
    entry = lens.entry(i)
    named = (lens.known(name) for name in entry.body["entries"])
    return all(x is not None and lens.entry(x).party == entry.party for x in named)


def prove(lens: Lens, i: int) -> bool:
    body = lens.entry(i).body
    if "about" in body and lens.known(body["about"]) is None:
        return False
    if body["what"] == "envelope":
        return receipts.is_envelope(body["data"])
    if body["what"] == "time-stamp":
        return True
    receipt = lens.court.receipts.get(i)
    if receipt is None or any(lens.known(head) is None for head in receipt.heads):
        return False
    cited = lens.keys.cited(lens.mask | 1 << i, receipt.party)
    log = lens.keys.line(cited.id) if cited is not None else ()
    return any(e.kind == "grant" and e.body["device"] == receipt.device and e.body["receive"] for e in log)

