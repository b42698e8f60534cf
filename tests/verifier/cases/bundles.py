"""The bundle around what was signed: the exporter's word, lists, versions, members beside."""

from collections.abc import Iterator
from typing import Any

from .. import archive, bag, pack
from ..forge import Party
from .stage import Files, two


def cases(files: Files) -> Iterator[tuple[str, bytes]]:
    yield from _words(files)
    yield from _lists(files)
    yield from _openings(files)


def _words(files: Files) -> Iterator[tuple[str, bytes]]:
    case, a, b = two()
    deaf = b.party.device("deaf", body={"receive": False})
    ended = b.party.device("ended")
    b.party.event("revoke", {"grant": ended.grant, "reason": "ended"})
    x = Party("x")
    stranger = x.device("x1")
    members = files.members(case)
    unlisted = members | {bag.key_event_name(x.id, position, id_): data for id_, (position, data) in x.events.items()}
    for name, exporter in {
        "the opener": a,
        "who joined": b,
        "who may not receive": deaf,
        "who was ended": ended,
    }.items():
        yield f"exported by {name}", pack.file(pack.close(members, case.id, exporter))
    yield "exported by a stranger", pack.file(pack.close(unlisted, case.id, stranger))
    yield "a log that nobody needs", pack.file(pack.close(unlisted, case.id, a))
    words: tuple[dict[str, Any], ...] = (
        {"h1": 2},
        {"h2": bytes(32)},
        {"h3": b.party.id},
        {"h4": b.key.public},
        {"h5": b.grant},
        {"h5": bytes(32)},
        {"h6": b.party.cite()},
        {"h6": [a.party.id, 1, next(iter(a.party.events))]},
        {"h6": [a.party.id, 3, a.grant]},
        {"h6": [a.party.id, 2**32, a.grant]},
        {"h6": [a.party.id, 2]},
        {"h7": 5},
        {"h7": 0},
        {"h8": bytes(32)},
        {"h8": bytes(31)},
        {"h9": pack.EXPORTED_AT + 1},
        {"h9": -1},
        {"h9": None},
        {"h10": 1},
    )
    for word in words:
        yield f"exporter's word with {str(word)[:40]}", pack.file(pack.close(members, case.id, a, **word))
    for exported_at in (0, 999, 253_402_207_199_999, 253_402_207_200_000, 2**53 - 1):
        made = members | pack.made_members(members, files.judge, exported_at)
        yield f"exported at {exported_at}", pack.file(pack.close(made, case.id, a, exported_at))


def _lists(files: Files) -> Iterator[tuple[str, bytes]]:
    """Lists that are believed or not; versions."""
    case, a, _ = two()
    whole = pack.close(files.members(case), case.id, a)

    def with_manifest(manifest: bytes) -> bytes:
        members = whole | {bag.MANIFEST: manifest}
        return pack.file(members | {bag.TAG_MANIFEST: pack.tag_manifest(members)})

    right = whole[bag.MANIFEST]
    lines = right.splitlines(keepends=True)
    zeros = b"0" * 64
    for name, manifest in {
        "empty": b"",
        "without its last LF": right[:-1],
        "with a tag member": lines[0].replace(b"data/README.txt", b"bag-info.txt") + right,
        "with a name that is not here": right + zeros + b"  data/zzz\n",
        "with a name of nowhere": right + zeros + b"  ~\n",
        "with a strange name": right + zeros + b"  data/\xff\n",
        "with a space in a name": right + zeros + b"  data/~ ~\n",
        "with a long name": right + zeros + b"  data/~" + b"x" * 200 + b"\n",
        "with a line less": b"".join(lines[1:]),
        "with a line twice": lines[0] + right,
        "out of order": b"".join(reversed(lines)),
        "with a wrong checksum": zeros + right[64:],
        "with a checksum in capitals": right[:64].upper() + right[64:],
        "with one space": right.replace(b"  ", b" ", 1),
        "with CR": right.replace(b"\n", b"\r\n"),
        "with an empty line": right + b"\n",
    }.items():
        yield f"manifest {name}", with_manifest(manifest)
    tags = whole[bag.TAG_MANIFEST]
    for name, tag_manifest in {
        "without its last LF": tags[:-1],
        "with CR": tags.replace(b"\n", b"\r\n"),
        "with one line": tags.splitlines(keepends=True)[-1],
        "empty": b"",
        "twice": tags * 2,
    }.items():
        altered = whole | {bag.TAG_MANIFEST: tag_manifest}
        yield f"tag manifest {name}", pack.file(altered)
        yield f"tag manifest {name}, another member", pack.file(altered | {bag.SPECIFICATION: b"x"})
    info = whole[bag.BAG_INFO]
    for version in ("1", "3", "02", "0", "00", "-2", "2 ", " 2", "", "x", "999999999", "1000000000", "2\r", "2.0", "²"):
        changed = info.replace(b"Bundle: 2\n", b"Bundle: " + version.encode() + b"\n")
        yield f"version {version!a}", pack.file(whole | {bag.BAG_INFO: changed})
    yield "two versions", pack.file(whole | {bag.BAG_INFO: b"Counterpart-Bundle: 2\nCounterpart-Bundle: 1\n"})
    yield "versions the other way", pack.file(whole | {bag.BAG_INFO: b"Counterpart-Bundle: 1\nCounterpart-Bundle: 2\n"})
    yield (
        "version at the end",
        pack.file(whole | {bag.BAG_INFO: info[: info.index(b"Counterpart-Exported")].rstrip(b"\n")}),
    )
    yield "no version", pack.file(whole | {bag.BAG_INFO: b""})
    for name in bag.FIXED:
        yield f"without {name}", pack.file({other: data for other, data in whole.items() if other != name})
        yield f"{name} alone", archive.write([(name, whole[name])])
    big = {bag.SPECIFICATION: bytes(1_048_576), bag.README: bytes(65_536), bag.EXPORTER: bytes(65_537)}
    for name, contents in big.items():
        yield f"{name} of {len(contents)} bytes", pack.file(whole | {name: contents})
        yield f"{name} of a byte more", pack.file(whole | {name: contents + b"x"})
    yield "nothing", b""
    yield "an empty archive", archive.write([])


def _openings(files: Files) -> Iterator[tuple[str, bytes]]:
    """Something else where `open` should stand, and entries out of place."""
    case, a, b = two()
    case.sign(b, "note", {"text": "x"})
    members = files.members(case)
    order = case.order()
    names = {id_: bag.entry_name(place, id_) for place, id_ in enumerate(order, 1)}

    def closed(changed: dict[str, bytes]) -> bytes:
        return pack.file(pack.close(changed, case.id, a))

    for id_ in order[1:]:
        swapped = members | {bag.GENESIS: members[names[id_]]}
        yield f"genesis is {names[id_][13:19]}", closed(swapped)
        del swapped[names[id_]]
        yield f"genesis is {names[id_][13:19]}, once", closed(swapped)
    for place in (1, 2, 3, 6, 999_999):
        moved = dict(members)
        moved[bag.entry_name(2, order[2]).replace("000002", f"{place:06}")] = moved.pop(names[order[2]])
        yield f"third entry at {place}", closed(moved)
    one, two_ = bag.entry_name(3, order[2]), bag.entry_name(4, order[3])
    swapped = {name: data for name, data in members.items() if name not in (one, two_)}
    swapped |= {bag.entry_name(3, order[3]): members[two_], bag.entry_name(4, order[2]): members[one]}
    yield "two entries the other way round", closed(swapped)
    swapped = members | {one: members[two_], two_: members[one]}
    yield "two entries with each other's names", closed(swapped)
    yield "genesis among the entries", closed(members | {bag.entry_name(2, order[0]): members[bag.GENESIS]})
    other, of_other, _ = two(body={"title": "Another case"})
    yield "genesis of another case", closed(members | {bag.GENESIS: other.envelopes[other.first]})
    other.receipt(of_other)
    ((receipt, data),) = other.receipts.items()
    name = bag.receipt_name(receipt.device, receipt.number, receipt.id)
    yield "receipt of another case", closed(members | {name: data})
