"""What proposals say: subjects and their keys, seats, amounts, due times."""

from dataclasses import dataclass
from typing import Any

Seat = int | tuple[bytes, int]
Key = tuple[str, Any]  # what a subject is about: an action, an item's key, ...

PROPOSALS = ("propose", "counter")
# The acts that take part in an agreement; all others state facts.
PARTAKING = frozenset(
    (
        *PROPOSALS,
        *("accept", "decline", "withdraw", "confirm", "declare", "undeclare", "approve", "reject", "stop"),
        *("release", "allow", "refuse", "cancel", "choose"),
    )
)

# Those by which a party binds itself.
BINDING = frozenset(("propose", "counter", "accept", "confirm", "approve", "release", "allow", "cancel", "choose"))


def seat(value: Any) -> Seat:
    """A seat as it stands in a body, in a form that can be compared and looked up."""
    return value if isinstance(value, int) else (value[0], value[1])


def seat_order(one: Seat) -> tuple[int, bytes, int]:
    """Numbered seats first, then added ones by entry id and index."""
    return (0, b"", one) if isinstance(one, int) else (1, one[0], one[1])


@dataclass(frozen=True)
class Subject:
    key: Key
    index: int
    body: dict[str, Any]
    begins: bool  # whether the matter begins here

    @property
    def base(self) -> bytes | None:
        return self.body.get("base")

    @property
    def performers(self) -> list[Seat]:
        return [seat(person["seat"]) for person in self.body.get("performers", [])]

    @property
    def beneficiaries(self) -> list[Seat]:
        return [seat(person["seat"]) for person in self.body.get("beneficiaries", [])]

    @property
    def cancelling(self) -> list[Seat]:
        return [seat(clause["by"]) for clause in self.body.get("cancel", [])]

    @property
    def of_all(self) -> bool:
        """Whether everybody bound signs it."""
        return self.body["is"] in ("item", "admit", "close", "level")


def subjects(entry: bytes, body: dict[str, Any]) -> list[Subject]:
    """The subjects of a proposal."""
    return [_subject(entry, index, subject) for index, subject in enumerate(body["subjects"])]


def _subject(entry: bytes, index: int, body: dict[str, Any]) -> Subject:
    what = body["is"]
    own = (entry, index)
    if what in ("action", "terms", "close"):
        named = body.get(what)
        return Subject((what, tuple(named) if named else own), index, body, named is None)
    if what == "item":
        return Subject((what, body["key"]), index, body, False)
    if what == "admit":
        numbered = "seat" in body
        return Subject((what, body["seat"] if numbered else own), index, body, not numbered)
    return Subject((what, None), index, body, False)


def millionths(amount: str) -> int:
    """A decimal exactly."""
    sign = -1 if amount.startswith("-") else 1
    whole, _, places = amount.lstrip("-").partition(".")
    return sign * (int(whole) * 1_000_000 + int(places.ljust(6, "0")))
