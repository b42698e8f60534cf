"""What cases begin with: a case of two parties, and a way to pack what became of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import bag, pack
from ..forge import Case, Device, Party
from ..pack import Judge, Members
from ..refusal import Parked, Refused

Play = Callable[[Case, Device, Device], Any]


@dataclass(frozen=True)
class Files:
    """What every bundle holds besides the case, and who judges timelines."""

    readme: bytes
    judge: Judge

    def members(self, case: Case, *attached: bytes) -> Members:
        """All but what is closed over; without a timeline where the case has none."""
        members = pack.signed_members(case, self.readme, attached)
        try:
            return members | pack.made_members(members, self.judge)
        except (Refused, Parked):
            return members | {bag.RECORD: b"none", bag.TIMELINE: b"none\n"}

    def packed(self, case: Case, exporter: Device, *attached: bytes) -> bytes:
        return pack.file(pack.close(self.members(case, *attached), case.id, exporter))


def two(**over: Any) -> tuple[Case, Device, Device]:
    """A case with its opener and one who joined, a device each."""
    a, b = Party("a"), Party("b")
    of_a, of_b = a.device("a1"), b.device("b1")
    case = Case()
    case.open(of_a, "supplier", **over)
    case.bring_in(of_a, of_b)
    return case, of_a, of_b


def played(files: Files, plays: Iterator[tuple[str, Play]]) -> Iterator[tuple[str, bytes]]:
    """Each play on a case of its own, exported by the opener."""
    for name, play in plays:
        case, a, b = two()
        play(case, a, b)
        yield name, files.packed(case, a)
