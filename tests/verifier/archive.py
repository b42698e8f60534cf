"""The ZIP file in its one form: docs/protocol.md, "Evidence bundle", "ZIP form", and steps 1 and 2 of "Verifying"."""

import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from .refusal import Refused

LARGEST = 536_870_912
LOCAL = bytes.fromhex("504b0304")
_LOCAL_HEAD = bytes.fromhex("504b03040a00000000000000 2100")
_DIRECTORY_HEAD = bytes.fromhex("504b01020a030a00000000000000 2100")
_AFTER_NAME_LENGTH = bytes(8) + bytes.fromhex("0000a481")
_END_64 = bytes.fromhex("504b0606 2c00000000000000 0a000a00") + bytes(8)
_LOCATOR = bytes.fromhex("504b0607 00000000")
_END = bytes.fromhex("504b0506 00000000")

_SIZES = struct.Struct("<IIIHH")  # CRC-32, size, size, length of name, 0
_NAME = re.compile(rb"[\x21-\x7e]{1,200}")
_UNBOUNDED = ("data/record.automerge", "data/timeline.txt", "manifest-sha256.txt")


@dataclass(frozen=True)
class Member:
    """One file in the archive and the CRC-32 of its header, which may be any."""

    name: str
    contents: memoryview
    crc: int
    offset: int

    def intact(self) -> bool:
        return zlib.crc32(self.contents) == self.crc


def largest(name: str) -> int:
    """How many bytes a member may have."""
    if name in _UNBOUNDED or name.startswith("data/attachments/"):
        return LARGEST
    return 1_048_576 if name == "data/specification.md" else 65_536


def read(data: bytes) -> dict[str, Member]:
    """The members by name, in their order; Refused where the form is another."""
    if len(data) > LARGEST:
        raise Refused("too_large", None)
    if data[:4] != LOCAL:
        raise Refused("not_a_bundle", None, "no ZIP file")
    view = memoryview(data)
    members: dict[str, Member] = {}
    at, last = 0, ""
    while data[at : at + 4] == LOCAL:
        member = _member(view, at)
        if member.name <= last:
            raise Refused("not_canonical", member.name, "not above the name before")
        if len(member.contents) > largest(member.name):
            raise Refused("too_large", member.name)
        members[member.name] = member
        last = member.name
        at += 30 + len(member.name) + len(member.contents)
    _check_directory(view[at:], list(members.values()), at)
    return members


def _member(view: memoryview, at: int) -> Member:
    """The member whose header begins there."""
    if len(view) < at + 30:
        raise Refused("not_a_bundle", None, "cut short")
    crc, size, size_again, name_length, extra = _SIZES.unpack_from(view, at + 14)
    start = at + 30 + name_length
    if len(view) < start + size:
        raise Refused("not_a_bundle", None, "cut short")
    raw = bytes(view[at + 30 : start])
    if not _NAME.fullmatch(raw):
        raise Refused("not_canonical", None, "a name of another form")
    name = raw.decode("ascii")
    if view[at : at + 14] != _LOCAL_HEAD or size != size_again or extra:
        raise Refused("not_canonical", name, "a header of another form")
    return Member(name, view[start : start + size], crc, at)


def _check_directory(rest: memoryview, members: list[Member], start: int) -> None:
    """What stands behind the members is what they make."""
    headers = [(member.name, _directory_header(member)) for member in members]
    length = sum(len(header) for _, header in headers)
    closing = _closing(len(members), length, start)
    if len(rest) < length + len(closing):
        raise Refused("not_a_bundle", None, "cut short")
    at = 0
    for name, header in headers:
        if rest[at : at + len(header)] != header:
            raise Refused("not_canonical", name, "its header in the directory differs")
        at += len(header)
    if rest[at:] != closing:
        raise Refused("not_canonical", None, "the closing record differs")


def _directory_header(member: Member) -> bytes:
    sizes = struct.pack("<IIIH", member.crc, len(member.contents), len(member.contents), len(member.name))
    offset = struct.pack("<I", member.offset)
    return _DIRECTORY_HEAD + sizes + _AFTER_NAME_LENGTH + offset + member.name.encode()


def _closing(count: int, length: int, start: int) -> bytes:
    if count <= 0xFFFF:
        return _END + struct.pack("<HHIIH", count, count, length, start, 0)
    end_64 = _END_64 + struct.pack("<QQQQ", count, count, length, start)
    locator = _LOCATOR + struct.pack("<QI", start + length, 1)
    return end_64 + locator + _END + struct.pack("<HHIIH", 0xFFFF, 0xFFFF, 0xFFFFFFFF, start, 0)


def write(members: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive of these members in the order given, which may be a wrong one."""
    out = bytearray()
    listed = []
    for name, contents in members:
        listed.append(Member(name, memoryview(contents), zlib.crc32(contents), len(out)))
        out += (
            _LOCAL_HEAD
            + _SIZES.pack(listed[-1].crc, len(contents), len(contents), len(name), 0)
            + name.encode()
            + contents
        )
    headers = b"".join(_directory_header(member) for member in listed)
    return bytes(out) + headers + _closing(len(listed), len(headers), len(out))
