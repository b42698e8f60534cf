"""Deterministic CBOR, restricted: docs/protocol.md, "Deterministic CBOR".

A walk over the heads checks what a general decoder would let pass or would choke on (limits, tags, floats, lengths).
Then cbor2 decodes, and encoding the value again finds every form that is not the shortest, every map out of order,
every key given twice and every byte behind the item.
"""

from dataclasses import dataclass
from typing import Any

import cbor2

from .refusal import Malformed, demand

LARGEST = 2**53 - 1
FALSE, TRUE = 20, 21


@dataclass(frozen=True)
class Limits:
    """What one item may hold: bytes in all, values (map keys count), nested containers, bytes of one text."""

    size: int
    values: int
    depth: int
    text: int


STATEMENT = Limits(32_768, 512, 8, 16_384)
KEY_EVENT = Limits(4_096, 512, 6, 128)
RECEIPT = Limits(4_096, 512, 4, 0)
JOIN_REQUEST = Limits(4_096, 64, 4, 256)


def decode(data: bytes, limits: Limits) -> Any:
    """The one value that `data` is; raises Malformed."""
    demand(len(data) <= limits.size, "larger than its format allows")
    _walk(data, limits)
    try:
        value = cbor2.loads(data)
    except (cbor2.CBORDecodeError, ValueError) as error:  # what is left: texts that are no UTF-8
        raise Malformed(f"cannot be decoded: {error}") from error
    demand(encode(value) == data, "not in the shortest form and canonical order, or bytes follow")
    return value


def encode(value: Any) -> bytes:
    """Deterministic CBOR of plain values; cbor2's canonical order is that of the encoded keys."""
    return cbor2.dumps(value, canonical=True)


def _walk(data: bytes, limits: Limits) -> None:
    """Heads, one after another: kinds that are allowed, the limits, and keys of one kind in each map."""
    at = 0
    room = limits.values
    # For every open container: items still to come, whether it is a map, the major type of its keys.
    open_containers: list[list[int]] = []
    waiting = 1  # items still to come where no container is open
    while waiting or open_containers:
        if open_containers and open_containers[-1][0] == 0:
            open_containers.pop()
            continue
        room -= 1
        demand(room >= 0, "too many values")
        major, argument, at = _head(data, at)
        if open_containers:
            container = open_containers[-1]
            if container[1] and container[0] % 2 == 0:
                demand(major in (0, 3) and container[2] in (-1, major), "map keys are all numbers or all texts")
                container[2] = major
            container[0] -= 1
        else:
            waiting -= 1
        if major <= 1:
            demand(argument + major <= LARGEST, "a number beyond 2^53-1")
        elif major <= 3:
            demand(argument <= len(data) - at, "cut short")
            demand(major == 2 or argument <= limits.text, "a text too long")
            at += argument
        elif major <= 5:
            demand(len(open_containers) < limits.depth, "nested too deep")
            items = argument * (major - 3)
            demand(items <= room, "more values declared than are allowed")
            open_containers.append([items, major - 4, -1])


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, and where its contents begin."""
    demand(at < len(data), "cut short")
    major, low = data[at] >> 5, data[at] & 31
    at += 1
    demand(major != 6, "tags are not allowed")
    if major == 7:
        demand(low in (FALSE, TRUE), "floats, null and other simple values are not allowed")
        return major, 0, at
    if low < 24:
        return major, low, at
    demand(low <= 27, "indefinite length")
    length = 1 << (low - 24)
    demand(at + length <= len(data), "cut short")
    return major, int.from_bytes(data[at : at + length], "big"), at + length
