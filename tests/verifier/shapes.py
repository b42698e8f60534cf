"""Building blocks for the fields of acts: each is a check that raises Malformed where a value is not of its type.

They stand for the named types of docs/protocol.md, "Acts, level 1", and for what "Values" says of texts.
"""

import re
from collections.abc import Callable
from typing import Any

from .refusal import Malformed, demand

Check = Callable[[Any], None]

# The frozen list of docs/protocol.md, "Values": characters that no text holds.
FROZEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)


def number(low: int, high: int) -> Check:
    def check(value: Any) -> None:
        demand(type(value) is int and low <= value <= high, f"no number from {low} to {high}")

    return check


def octets(low: int, high: int | None = None) -> Check:
    def check(value: Any) -> None:
        demand(type(value) is bytes and low <= len(value) <= (low if high is None else high), "not the bytes asked for")

    return check


def text(low: int, high: int, pattern: str | None = None) -> Check:
    """A text of so many bytes of UTF-8, wholly of a pattern."""
    form = re.compile(pattern) if pattern else None

    def check(value: Any) -> None:
        demand(type(value) is str and low <= len(value.encode()) <= high, f"no text of {low} to {high} bytes")
        demand(not FROZEN.search(value), "a text holds a character that none may hold")
        demand(form is None or form.fullmatch(value) is not None, "a text not of its form")

    return check


def any_text(high: int) -> Check:
    """A text of at most so many bytes, of any characters."""

    def check(value: Any) -> None:
        demand(type(value) is str and len(value.encode()) <= high, f"no text of at most {high} bytes")

    return check


def word(*words: str) -> Check:
    def check(value: Any) -> None:
        demand(type(value) is str and value in words, f"none of {words}")

    return check


def yes_no(value: Any) -> None:
    demand(type(value) is bool, "neither true nor false")


def array(item: Check, low: int, high: int) -> Check:
    def check(value: Any) -> None:
        demand(type(value) is list and low <= len(value) <= high, f"no list of {low} to {high}")
        for each in value:
            item(each)

    return check


def row(*items: Check, optional: int = 0) -> Check:
    """A list of exactly these; the last `optional` ones may be missing."""

    def check(value: Any) -> None:
        demand(type(value) is list and len(items) - optional <= len(value) <= len(items), "a list of another length")
        for item, each in zip(items, value):
            item(each)

    return check


def fields(**checks: Check) -> Check:
    """A map of exactly these fields; with `opt_` before its name one may be missing, `_` behind a name is dropped."""
    known: dict[str, Check] = {}
    needed: set[str] = set()
    for name, check in checks.items():
        plain = name.removeprefix("opt_").removesuffix("_")
        known[plain] = check
        if not name.startswith("opt_"):
            needed.add(plain)

    def check_map(value: Any) -> None:
        demand(type(value) is dict, "no map")
        demand(needed <= value.keys() <= known.keys(), "a field missing or unknown")
        for key, each in value.items():
            known[key](each)

    return check_map


def either(*choices: Check) -> Check:
    def check(value: Any) -> None:
        for choice in choices:
            try:
                return choice(value)
            except Malformed:
                continue
        raise Malformed("none of the forms allowed")

    return check
