"""Wrong bundles out of a right one, from a seed: at the level of bytes, of the archive, and of members."""

import random
import re
import struct
from collections.abc import Callable, Iterator

from . import archive, bag, pack
from .pack import Members

Repair = Callable[[Members], Members]


def mutants(data: bytes, seed: int, count: int, close: Repair | None = None) -> Iterator[tuple[str, bytes]]:
    """`count` files, each with what was done; `close` packs members anew with the exporter's key, if that is here."""
    random_ = random.Random(seed)
    members = {name: bytes(member.contents) for name, member in archive.read(data).items()}
    repairs: list[tuple[str, Repair]] = [("as it was", dict), ("listed anew", pack.relist)]
    if close is not None:
        repairs += [("signed anew", close)] * 2
    for _ in range(count):
        level = random_.randrange(6)
        if level == 0:
            yield _bytes(random_, data)
        elif level == 1:
            yield _headers(random_, data)
        else:
            yield _members(random_, members, *random_.choice(repairs))


def _bytes(random_: random.Random, data: bytes) -> tuple[str, bytes]:
    """One place in the file."""
    at = random_.randrange(len(data))
    if random_.random() < 0.15:
        at = len(data) - random_.randrange(1, 64)
    what = random_.choice(("flip", "flip", "flip", "cut", "insert", "remove", "append", "prepend"))
    some = bytes([random_.randrange(256)])
    changed = {
        "flip": data[:at] + bytes([data[at] ^ 1 << random_.randrange(8)]) + data[at + 1 :],
        "cut": data[:at],
        "insert": data[:at] + some + data[at:],
        "remove": data[:at] + data[at + 1 :],
        "append": data + some,
        "prepend": some + data,
    }[what]
    return f"{what} at {at}", changed


def _headers(random_: random.Random, data: bytes) -> tuple[str, bytes]:
    """One byte in a header of the archive."""
    starts = [found.start() for found in re.finditer(rb"PK(\x03\x04|\x01\x02|\x05\x06)", data)]
    at = random_.choice(starts) + random_.randrange(46)
    if at >= len(data):
        at = starts[-1]
    byte = random_.choice((0, 1, 255, data[at] ^ 1, random_.randrange(256)))
    return f"header byte {at} to {byte}", data[:at] + bytes([byte]) + data[at + 1 :]


def _members(random_: random.Random, members: Members, how: str, repair: Repair) -> tuple[str, bytes]:
    """One change to one member or two, and then the archive and perhaps the lists anew."""
    changed = dict(members)
    name = random_.choice(list(changed))
    if random_.random() < 0.5:
        # Rare kinds of members as often as entries.
        kinds: dict[str, list[str]] = {}
        for each in changed:
            kinds.setdefault(re.sub("[0-9a-f]{16,}|[0-9]{3,}", "*", each), []).append(each)
        name = random_.choice(random_.choice(list(kinds.values())))
    what = random_.choice(
        ("drop", "flip", "flip", "flip", "cut", "extend", "empty", "rename", "swap", "copy", "add", "edit")
    )
    contents = changed[name]
    at = random_.randrange(len(contents)) if contents else 0
    detail = f"{what} {name} at {at}, {how}"
    if what == "drop":
        del changed[name]
    elif what == "flip" and contents:
        changed[name] = contents[:at] + bytes([contents[at] ^ 1 << random_.randrange(8)]) + contents[at + 1 :]
    elif what == "cut":
        changed[name] = contents[:at]
    elif what == "extend":
        changed[name] = contents + bytes(random_.randrange(1, 4))
    elif what == "empty":
        changed[name] = b""
    elif what == "rename":
        new = _other_name(random_, name)
        changed[new] = changed.pop(name)
        detail += f" to {new}"
    elif what == "swap":
        other = random_.choice(list(changed))
        changed[name], changed[other] = changed[other], changed[name]
        detail += f" with {other}"
    elif what == "copy":
        changed[_other_name(random_, name)] = contents
    elif what == "add":
        changed[random_.choice(_STRANGE)] = b"x" * random_.randrange(3)
    elif what == "edit":
        changed[name] = _edited(random_, contents)
    whole = repair(changed) if bag.MANIFEST in changed and bag.BAG_INFO in changed else changed
    order = sorted(whole.items())
    if random_.random() < 0.03:
        random_.shuffle(order)
        detail += ", shuffled"
    if random_.random() < 0.03:
        place = random_.randrange(len(order))
        order.insert(place, order[place])
        detail += ", one twice"
    packed = archive.write(order)
    if random_.random() < 0.1:
        packed = _without_crc(random_, packed)
        detail += ", a checksum wrong"
    return detail, packed


def _without_crc(random_: random.Random, packed: bytes) -> bytes:
    """One member's CRC-32 changed in both its headers, so that the archive is of its form."""
    members = list(archive_members(packed))
    if not members:
        return packed
    at, directory = random_.choice(members)
    wrong = struct.pack("<I", random_.randrange(2**32))
    packed = packed[: at + 14] + wrong + packed[at + 18 :]
    return packed[: directory + 16] + wrong + packed[directory + 20 :]


def archive_members(packed: bytes) -> Iterator[tuple[int, int]]:
    """Where each member's header and its header in the directory begin, in an archive that `archive.write` made."""
    locals_: list[int] = []
    at = 0
    while packed[at : at + 4] == archive.LOCAL:
        locals_.append(at)
        size, name_length = struct.unpack_from("<I4xH", packed, at + 18)
        at += 30 + name_length + size
    for start in locals_:
        yield start, at
        at += 46 + struct.unpack_from("<H", packed, at + 28)[0]


def _other_name(random_: random.Random, name: str) -> str:
    """A name that differs in one character, or in a digit of its place."""
    digits = [place for place, char in enumerate(name) if char.isdigit()]
    if digits and random_.random() < 0.6:
        place = random_.choice(digits)
        return name[:place] + str(random_.randrange(10)) + name[place + 1 :]
    place = random_.randrange(len(name))
    return name[:place] + random_.choice("0aAz/.-_!~") + name[place + 1 :]


def _edited(random_: random.Random, contents: bytes) -> bytes:
    """A text with one of its digits or lines changed."""
    lines = contents.split(b"\n")
    place = random_.randrange(len(lines))
    what = random_.randrange(4)
    if what == 0:
        del lines[place]
    elif what == 1:
        lines.insert(place, lines[place])
    elif what == 2:
        lines[place] = re.sub(rb"[0-9]", lambda _: b"%d" % random_.randrange(10), lines[place], count=1)
    else:
        lines[place] += b"\r"
    return b"\n".join(lines)


_STRANGE = (
    "data/stamps/" + "0" * 64 + ".cbor",
    "data/attachments/" + "0" * 64,
    "data/entries/000001-" + "0" * 64 + ".cose",
    "data/entries/0000002-" + "0" * 64 + ".cose",
    "data/../etc/passwd",
    "/etc/passwd",
    "data/",
    "a",
    "~",
    "data/keys/" + "f" * 64 + "/000001-" + "f" * 64 + ".cose",
    "data/values/" + "0" * 64 + "-001.cbor",
    "data/values/" + "0" * 64 + "-1000.cbor",
    "data/receipts/" + "0" * 16 + "-1000000-" + "0" * 64 + ".cose",
    "data/receipts/" + "0" * 16 + "-0100000-" + "0" * 64 + ".cose",
    "x" * 201,
    "a b",
    "data/entries",
)
