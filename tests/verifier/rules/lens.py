"""A case as somebody sees it who holds a certain set of its entries."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..model import Entry
from .graph import Graph, Keys, bits
from .terms import PARTAKING, PROPOSALS, Key, Subject

if TYPE_CHECKING:
    from . import Court


F = TypeVar("F", bound=Callable[..., Any])


class Lens:
    """One set of entries, closed under what they rest on. Findings are kept, so each is made once."""

    def __init__(self, court: "Court", mask: int) -> None:
        self.court = court
        self.graph: Graph = court.graph
        self.keys: Keys = court.keys
        self.mask = mask
        self.found: dict[Any, Any] = {}

    def at(self, mask: int) -> "Lens":
        """As seen by who holds other entries."""
        return self.court.lens(mask)

    def before(self, i: int) -> "Lens":
        """What the author of an entry knew."""
        return self.court.lens(self.graph.past[i])

    def acts(self, *kinds: str) -> Iterator[int]:
        """Acts of some kinds that count, in the agreed order."""
        # Facts, and who was let in, cannot be contested; R9 itself rests on them.
        some = self.effective if PARTAKING.intersection(kinds) else self.good
        return bits(some & self.graph.kind(*kinds))

    @property
    def good(self) -> int:
        """The acts with effect, but for those that proven bad faith undoes (R11)."""
        from .faith import without_bad_faith

        return without_bad_faith(self)

    @property
    def effective(self) -> int:
        """The acts that count for who sees this: of the good ones those that R9 leaves."""
        from .agents import standing

        return standing(self)[0]

    @property
    def contested(self) -> int:
        """The acts that are neither in force nor void (R9)."""
        from .agents import standing

        return standing(self)[1]

    def entry(self, i: int) -> Entry:
        return self.graph.entries[i]

    def known(self, entry: bytes) -> int | None:
        """Any entry that a body names, with or without effect."""
        i = self.graph.index.get(entry)
        return i if i is not None and self.mask >> i & 1 else None

    def ref(self, entry: bytes) -> int | None:
        """An act with effect that a body names; it may be contested."""
        i = self.graph.index.get(entry)
        return i if i is not None and (self.effective | self.contested) >> i & 1 else None

    def proposal(self, entry: bytes) -> int | None:
        i = self.ref(entry)
        return i if i is not None and self.entry(i).kind in PROPOSALS else None

    def subjects(self, r: int) -> list[Subject]:
        return self.court.subjects(r)

    def subject(self, r: int, key: Key) -> Subject | None:
        return next((s for s in self.subjects(r) if s.key == key), None)

    def touches(self, r: int) -> frozenset[Key]:
        return frozenset(s.key for s in self.subjects(r))


def once(finding: F) -> F:
    """A finding about a lens that is made once: a function of the lens and what can be looked up."""

    @wraps(finding)
    def kept(lens: Lens, *rest: Any) -> Any:
        name = (finding, rest)
        if name not in lens.found:
            lens.found[name] = finding(lens, *rest)
        return lens.found[name]

    return cast(F, kept)
