"""Why something is refused.

`Malformed` is a doubt about some bytes, wherever they came from; whoever knows which member of the bundle they are
turns it into `Refused`, which names what is wrong and where, as the verdict does. Any other exception is a fault of
this program and is never caught.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class Malformed(Exception):
    """These bytes or values are not what the format allows; the text is for people only."""


class Parked(Exception):
    """A statement rests on what is not here: on entries, or on the key event that it cites, the first of these."""

    def __init__(self, cited: tuple[bytes, int, bytes] | None = None) -> None:
        super().__init__("it rests on what is not here")
        self.cited = cited


class Refused(Exception):
    """The bundle is refused: `what` is the word of the verdict, `member` the first part that does not hold."""

    def __init__(self, what: str, member: str | None, why: str = "") -> None:
        super().__init__(f"{what} {member}: {why}")
        self.what = what
        self.member = member
        self.why = why


@contextmanager
def naming(what: str, member: str) -> Iterator[None]:
    """Names the member whose bytes turn out malformed."""
    try:
        yield
    except Malformed as doubt:
        raise Refused(what, member, str(doubt)) from doubt


def demand(holds: bool, why: str) -> None:
    if not holds:
        raise Malformed(why)
