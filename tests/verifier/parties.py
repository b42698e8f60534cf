"""The parties of a bundle with their seats: docs/protocol.md, "Timeline", *Parties*."""

from dataclasses import dataclass
from typing import Any

from . import acts, model, short
from .gate import Record


@dataclass(frozen=True)
class Seat:
    """A seat that a party is bound to; the label is absent where it is sealed."""

    name: str  # the number, or `<entry id>/<index>`
    role: str
    label: str | None


@dataclass(frozen=True)
class Party:
    id: bytes
    seats: tuple[Seat, ...]
    entries: int
    receipts: int

    def written(self, show: Any) -> str:
        """`<label> [<short form>]`; `show` makes visible what a label hides."""
        label = next((seat.label for seat in self.seats if seat.label is not None), None)
        form = f"[{short.form(self.id)}]"
        return form if label is None else f"{show(label)} {form}"


def listed(record: Record, receipts: list[model.Receipt], judgement: model.Judgement) -> dict[bytes, Party]:
    """Members, and whoever signed an entry or receipt here, by id."""
    entries = [entry.party for entry in record.entries]
    issued = [receipt.party for receipt in receipts]
    return {
        party: Party(party, _seats(judgement.roles.get(party, [])), entries.count(party), issued.count(party))
        for party in sorted({*entries, *issued, *judgement.roles})
    }


def _seats(roles: list[tuple[Any, str, Any]]) -> tuple[Seat, ...]:
    """Numbered seats first, then added ones by entry id and index."""
    in_order = sorted(roles, key=lambda bound: (0, b"", bound[0]) if isinstance(bound[0], int) else (1, *bound[0]))
    return tuple(
        Seat(
            name=str(seat) if isinstance(seat, int) else f"{seat[0].hex()}/{seat[1]}",
            role=role,
            label=None if acts.is_sealed(label) else label,
        )
        for seat, role, label in in_order
    )
