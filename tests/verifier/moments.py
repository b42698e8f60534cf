"""Times as the timeline writes them: docs/protocol.md, "Timeline"."""

from datetime import UTC, datetime, timedelta

FIRST, LAST = -62_135_596_800_000, 253_402_207_199_999


def moment(milliseconds: int) -> str:
    """`YYYY-MM-DD hh:mm:ss UTC`, rounded down to seconds, or a number where no calendar reaches."""
    if not FIRST <= milliseconds <= LAST:
        return f"{milliseconds} ms after 1970-01-01"
    then = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=milliseconds // 1000)
    return f"{then.year:04}-{then:%m-%d %H:%M:%S} UTC"
