"""Receipts, sealed values, attached files."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import cbor2

from ..forge import Case, Device, Party, Sealed
from .stage import Files, Play, played, two


def cases(files: Files) -> Iterator[tuple[str, bytes]]:
    yield from played(files, _receipts())
    yield from played(files, _values())
    yield from _attached(files)
    about = {
        "about": Sealed("secret"),
        "seats": [{"role": role, "label": Sealed(role)} for role in ("customer", "supplier")],
    }
    case, a, _ = two(body=about)
    yield "an opening with sealed labels", files.packed(case, a)
    case.values = case.values[1:]
    yield "an opening with sealed labels, one withheld", files.packed(case, a)


def _receipts() -> Iterator[tuple[str, Play]]:
    unknown = [[bytes(32), 1, bytes(32)]]
    overs: tuple[dict[str, Any], ...] = (
        {},
        {"number": 2, "before": bytes(32)},
        {"number": 2},
        {"before": bytes(32)},
        {"number": 0},
        {"number": 1_000_000},
        {"number": 2**32 - 1},
        {"number": 2**32},
        {"h5": 0},
        {"h5": 99},
        {"h5": 2**32},
        {"h1": 2},
        {"h2": bytes(32)},
        {"h3": bytes(32)},
        {"h8": []},
        {"h8": [bytes(32)]},
        {"h8": [number.to_bytes(32, "big") for number in range(33)]},
        {"h9": unknown},
        {"h9": unknown * 2},
        {"h9": [[bytes(32), 2**32, bytes(32)]]},
        {"h9": [[number.to_bytes(32, "big"), 1, bytes(32)] for number in range(32)], "h10": [bytes(32)] * 32},
        {"h9": None},
        {"h10": [bytes(32)] * 2},
        {"h10": [bytes(32)] * 33},
        {"h11": -1},
        {"h11": 0},
        {"h11": 2**53 - 1},
        {"h12": 1},
    )
    for over in overs:
        yield f"receipt with {str(over)[:40]}", lambda case, a, b, over=over: case.receipt(b, **over)  # type: ignore[misc]
    yield "receipt, heads on each other", lambda case, a, b: case.receipt(b, h8=sorted([case.first, case.heads[0]]))
    yield "receipt, heads descending", lambda case, a, b: case.receipt(b, h8=sorted([case.first, case.heads[0]])[::-1])
    yield "receipt, heads twice", lambda case, a, b: case.receipt(b, h8=[case.first] * 2)
    yield "receipt by somebody else", lambda case, a, b: case.receipt(b, signer=a.key)
    yield "receipt in another's name", lambda case, a, b: case.receipt(b, h3=a.party.id)
    yield "receipt of a stranger", _stranger
    yield "two receipts of one number", lambda case, a, b: [case.receipt(b), case.receipt(b)]
    yield "receipts that go back", _going_back
    yield "receipt that a statement leaves out", _left_out
    for first in (True, False):
        for second in (True, False):
            yield f"granted twice, receiving {first}, then {second}", _receiving(first, second)
    yield "receipt of a revoked device", _revoked
    yield "receipts, answers and grades", _graded


def _stranger(case: Case, a: Device, b: Device) -> None:
    x = Party("x")
    case.parties[x.id] = x
    case.receipt(x.device("x1"))


def _going_back(case: Case, a: Device, b: Device) -> None:
    case.sign(a, "note", {"text": "x"})
    case.receipt(b)
    case.receipt(b, 3, h8=[case.first])
    case.receipt(b, 7)
    case.receipt(b, 7)


def _left_out(case: Case, a: Device, b: Device) -> None:
    known = case.heads
    case.sign(a, "note", {"text": "x"})
    case.receipt(b)
    case.sign(b, "note", {"text": "y"}, deps=known)


def _receiving(first: bool, second: bool) -> Play:
    """One device granted on two branches of its log."""

    def play(case: Case, a: Device, b: Device) -> None:
        tip, position = b.party.tip, b.party.position
        b.party.device("b2", body={"receive": first})
        b.party.tip, b.party.position = tip, position
        b.party.device("b3")
        case.receipt(b.party.device("b2", body={"receive": second}))

    return play


def _revoked(case: Case, a: Device, b: Device) -> None:
    device = b.party.device("b2")
    b.party.event("revoke", {"grant": device.grant, "reason": "compromised"})
    case.receipt(device)


def _graded(case: Case, a: Device, b: Device) -> None:
    first = case.sign(a, "note", {"text": "one"})
    second = case.sign(a, "note", {"text": "two"})
    case.sign(b, "acknowledge", {"entry": first})
    case.sign(b, "contest", {"entry": second, "reason": "no"})
    case.sign(b, "acknowledge", {"entry": second})
    case.receipt(b.party.device("b2"))
    case.sign(a, "note", {"text": "three"}, at=0)
    case.sign(a, "note", {"text": "four"}, at=2**53 - 1)


def _sealing(kind: str, body: dict[str, Any], change: Callable[..., Any] | None = None) -> Play:
    def play(case: Case, a: Device, b: Device) -> None:
        case.sign(a, kind, body)
        if change:
            case.values = [change(*value) for value in case.values]

    return play


def _within(change: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """Changes the disclosure, which is then encoded again."""
    return lambda entry, place, data: (entry, place, cbor2.dumps(change(cbor2.loads(data)), canonical=True))


def _nested(depth: int, inner: Any) -> Any:
    for _ in range(depth):
        inner = ["list", inner]
    return inner


def _values() -> Iterator[tuple[str, Play]]:
    for value in ("x", 5, ["text", "x"], "a\x01", "x" * 16_384, "x" * 16_385, None, True, {"x": 1}, [], ""):
        yield f"note sealing {str(value)[:12]!a}", _sealing("note", {"text": Sealed(value)})
        yield f"item sealing {str(value)[:12]!a}", _sealing("item", {"key": "k", "value": Sealed(value)})
        yield f"text sealing {str(value)[:12]!a}", _sealing("item", {"key": "k", "value": ["text", Sealed(value)]})
    sealed = ["sealed", bytes(32)]
    for name, inner in {
        "sealed in a value": ["text", sealed],
        "sealed itself": sealed,
        "of no type": ["frob", 1],
    }.items():
        yield f"item {name}", _sealing("item", {"key": "k", "value": Sealed(inner)})
    yield (
        "two in a list",
        _sealing("item", {"key": "k", "value": ["list", Sealed(["text", "x"]), Sealed(["list", ["text", "y"]])]}),
    )
    yield (
        "two in a record",
        _sealing(
            "item",
            {
                "key": "k",
                "value": ["record", "a", Sealed(["record", "due", ["integer", 5]]), "b", ["text", Sealed("q")]],
            },
        ),
    )
    for depth in range(3, 9):
        yield f"sealed list {depth} deep", _sealing("item", {"key": "k", "value": Sealed(_nested(depth, ["list"]))})
        yield (
            f"sealed list {depth} deep in lists",
            _sealing("item", {"key": "k", "value": _nested(3, Sealed(_nested(depth, ["list"])))}),
        )
    for count in range(33, 57, 3):
        wide = ["list"] + [["list"] + [["list"]] * 60] * 3 + [["list"]] * count
        yield f"sealed list of {count} more", _sealing("item", {"key": "k", "value": Sealed(wide)})
    note = {"text": Sealed("x")}
    changes: dict[str, Callable[..., Any]] = {
        "another salt": _within(lambda parts: [*parts[:2], bytes(32), parts[3]]),
        "a short salt": _within(lambda parts: [*parts[:2], bytes(31), parts[3]]),
        "three fields": _within(lambda parts: parts[:3]),
        "another value": _within(lambda parts: [*parts[:3], "y"]),
        "another entry": _within(lambda parts: [bytes(32), *parts[1:]]),
        "bytes behind": lambda entry, place, data: (entry, place, data + b"\0"),
        "nothing": lambda entry, place, data: (entry, place, b""),
        "place 2": lambda entry, place, data: (entry, 2, data),
        "place 0": lambda entry, place, data: (entry, 0, data),
        "another name": lambda entry, place, data: (bytes(32), place, data),
    }
    for path in (
        [],
        ["note"],
        [-1],
        [True],
        ["a"] * 16,
        ["a"] * 17,
        [1024],
        [2**32 - 1],
        [2**32],
        ["a\x01"],
        ["a" * 16_385],
    ):
        changes[f"path {str(path)[:20]}"] = _within(lambda parts, path=path: [parts[0], path, *parts[2:]])  # type: ignore[misc]
    for name, change in changes.items():
        yield f"disclosure with {name}", _sealing("note", note, change)
    yield "disclosed twice", _twice
    yield "withheld", _withheld


def _twice(case: Case, a: Device, b: Device) -> None:
    entry = case.sign(a, "note", {"text": Sealed("x")})
    case.values.append((entry, 2, case.values[0][2]))


def _withheld(case: Case, a: Device, b: Device) -> None:
    menu = [Sealed("one"), "two", Sealed("three\nlines")]
    case.sign(a, "contact", {"channel": "chat", "direction": "in", "started": 1, "summary": Sealed("s"), "menu": menu})
    del case.values[1]


def _attached(files: Files) -> Iterator[tuple[str, bytes]]:
    contents = b"bill"
    sha256 = hashlib.sha256(contents).digest()
    file = ["file", sha256, 4, "bill.pdf"]
    for name, kind, body in (
        ("attach", "attach", {"sha256": sha256, "size": 4, "name": "bill.pdf"}),
        ("item", "item", {"key": "k", "value": file}),
        ("item in a list", "item", {"key": "k", "value": ["list", ["record", "x", file]]}),
        ("item in a seal", "item", {"key": "k", "value": Sealed(["list", file])}),
        ("path", "erase", {"entry": sha256, "path": ["file", "x"]}),
        ("hash elsewhere", "note", {"text": "x", "about": sha256}),
    ):
        for withheld in (False, True):
            case, a, _ = two()
            case.sign(a, kind, body)
            if withheld:
                case.values = []
            yield f"a file named by {name}, withheld {withheld}", files.packed(case, a, contents)
            yield f"a file named by {name}, lacking, withheld {withheld}", files.packed(case, a)
    case, a, _ = two()
    yield "a file that nothing names", files.packed(case, a, contents)
