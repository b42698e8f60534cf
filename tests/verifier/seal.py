"""Sealed values that the bundle lays open: docs/protocol.md, "Sealed values", and step 12 of "Verifying"."""

from collections.abc import Iterator
from typing import Any

from . import acts, bag, cbor, envelope, model
from .refusal import Malformed, Refused, demand, naming
from .shapes import array, octets

Path = tuple[str | int, ...]
Values = dict[tuple[bytes, Path], Any]


def _step(item: Any) -> None:
    demand(type(item) is str or (type(item) is int and 0 <= item < 2**32), "no step of a path")


_path = array(_step, 1, 16)
_id, _salt = octets(32), octets(32)


def read(data: bytes) -> tuple[bytes, Path, bytes, Any]:
    """A disclosure: entry id, path, salt and value."""
    fields = cbor.decode(data, cbor.STATEMENT)
    demand(type(fields) is list and len(fields) == 4, "no disclosure")
    entry, path, salt, value = fields
    _id(entry)
    _path(path)
    _salt(salt)
    demand(next(acts.sealed_places(value), None) is None, "it holds something sealed")
    return entry, tuple(path), salt, value


def add(values: Values, name: str, data: bytes, case: bytes, entry_of: "dict[bytes, model.Entry]") -> None:
    """Takes a value in, or raises Refused."""
    with naming("unreadable_value", name):
        entry_id, path, salt, value = read(data)
    with naming("bad_value", name):
        demand(entry_id in entry_of, "its entry is not here")
        entry = entry_of[entry_id]
        place = _fits(entry, path, salt, value, b"" if entry.kind == "open" else case)
    if (entry_id, path) in values or name != bag.value_name(entry_id, place):
        raise Refused("unexpected_member", name)
    values[entry_id, path] = value


def _fits(entry: model.Entry, path: Path, salt: bytes, value: Any, case: bytes) -> int:
    """Which of the entry's sealed places, from 1, a value opens."""
    for place, (where, commitment) in enumerate(acts.sealed_places(entry.body), 1):
        if where != path:
            continue
        opening = [case, entry.party, entry.device, entry.seq, list(path), salt, value]
        demand(envelope.digest("counterpart/seal/1", cbor.encode(opening)) == commitment, "the commitment does not fit")
        acts.check_act(entry.kind, acts.with_value(entry.body, path, value))
        return place
    raise Malformed("nothing sealed stands there")


def opened(body: Any, entry: bytes, values: Values, at: Path = ()) -> Any:
    """A body with the values that are here in their places."""
    if acts.is_sealed(body):
        return values.get((entry, at), body)
    if type(body) is dict:
        return {name: opened(item, entry, values, (*at, name)) for name, item in body.items()}
    if type(body) is list:
        return [opened(item, entry, values, (*at, place)) for place, item in enumerate(body)]
    return body


def lacking(entry: model.Entry, values: Values) -> int:
    """How many sealed places of an entry have no value here."""
    return sum((entry.id, path) not in values for path, _ in acts.sealed_places(entry.body))


def files_named(entry: model.Entry, values: Values) -> Iterator[bytes]:
    """Hashes of files that an entry names: docs/protocol.md, "Files"."""
    body = opened(entry.body, entry.id, values)
    if entry.kind == "attach":
        yield body["sha256"]
    yield from _files_in(body)


def _files_in(item: Any) -> Iterator[bytes]:
    if type(item) is dict:
        for each in item.values():
            yield from _files_in(each)
    elif type(item) is list:
        if len(item) >= 2 and item[0] == "file" and type(item[1]) is bytes and len(item[1]) == 32:
            yield item[1]
        for each in item:
            yield from _files_in(each)


def files(entries: list[model.Entry], values: Values) -> set[bytes]:
    """Hashes of all files that entries name."""
    return {named for entry in entries for named in files_named(entry, values)}
