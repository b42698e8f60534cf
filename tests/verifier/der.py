"""DER (X.690), as far as time-stamp tokens need it: docs/protocol.md, "Time stamps"."""

from typing import NamedTuple

from .refusal import demand

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTC_TIME, GENERALIZED_TIME = 1, 2, 3, 4, 5, 6, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


class Item(NamedTuple):
    """One value: its tag, its contents, and all its bytes."""

    tag: int
    contents: bytes
    raw: bytes


def items(data: bytes) -> list[Item]:
    """Values one behind the other, to the last byte."""
    found: list[Item] = []
    at = 0
    while at < len(data):
        item = _item(data, at)
        found.append(item)
        at += len(item.raw)
    return found


def _item(data: bytes, at: int) -> Item:
    demand(at + 2 <= len(data), "cut short")
    tag, first = data[at], data[at + 1]
    demand(tag & 31 != 31, "a tag that has no place here")
    start, length = at + 2, first
    if first >= 0x80:
        count = first - 0x80
        demand(1 <= count <= 4 and start + count <= len(data), "a length that cannot be")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
        demand(length >= 0x80 and length >> 8 * (count - 1) > 0, "a length not in its shortest form")
    end = start + length
    demand(end <= len(data), "cut short")
    contents = data[start:end]
    if tag == INTEGER:
        demand(length > 0, "an integer without bytes")
        demand(
            length == 1 or contents[0] not in (0, 255) or contents[0] >> 7 != contents[1] >> 7, "an integer too long"
        )
    elif tag == BOOLEAN:
        demand(contents in (b"\x00", b"\xff"), "neither true nor false")
    elif tag == NULL:
        demand(length == 0, "a null of something")
    elif tag == OID:
        demand(length > 0 and contents[-1] < 0x80, "an identifier cut short")
    return Item(tag, contents, data[at:end])


class Reader:
    """The values in a sequence, one after another."""

    def __init__(self, data: bytes) -> None:
        self._items = items(data)

    def take(self, tag: int) -> Item:
        """The next value, of this tag."""
        item = self.maybe(tag)
        demand(item is not None, "another value than expected")
        assert item is not None, "demand has raised"
        return item

    def maybe(self, tag: int) -> Item | None:
        """The next value, if it has this tag."""
        return self._items.pop(0) if self._items and self._items[0].tag == tag else None

    def any(self) -> Item:
        demand(len(self._items) > 0, "a value is missing")
        return self._items.pop(0)

    def rest(self) -> list[Item]:
        rest, self._items = self._items, []
        return rest

    def end(self) -> None:
        demand(not self._items, "more than expected")


def whole(data: bytes, tag: int) -> Reader:
    """What is in the one value that these bytes are."""
    only = Reader(data)
    item = only.take(tag)
    only.end()
    return Reader(item.contents)


def within(item: Item) -> Reader:
    return Reader(item.contents)


def oid(dotted: str) -> bytes:
    """The contents of an object identifier."""
    first, second, *others = (int(part) for part in dotted.split("."))
    out = bytearray()
    for number in (40 * first + second, *others):
        septets = [number & 127]
        while number := number >> 7:
            septets.append(number & 127 | 128)
        out += bytes(reversed(septets))
    return bytes(out)
