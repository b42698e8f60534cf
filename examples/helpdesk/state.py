"""What the bridge keeps in a file: only from where on it looks for news. Without it, it looks at everything once."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from web import Misused

SCHEMA = "counterpart/helpdesk-bridge-state/1"


@dataclass
class State:
    """`after` is the number of the last change seen, `since` the last moment of the helpdesk's clock; -1: none yet."""

    after: int = -1
    since: str = ""
    failed: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> State:
        try:
            kept = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as why:
            raise Misused(f"{path} cannot be read ({why}); take it away, and every case is looked at once") from why
        if not isinstance(kept, dict) or kept.get("schema") != SCHEMA:
            raise Misused(f"{path} is not a file of this bridge; name another with --state")
        return cls(int(kept["after"]), str(kept["since"]), [str(one) for one in kept["failed"]])

    def write(self, path: Path) -> None:
        """Whole or not at all."""
        kept = {"schema": SCHEMA, "after": self.after, "since": self.since, "failed": self.failed}
        beside = path.with_name(path.name + ".new")
        with open(beside, "w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)


def alone(path: Path) -> IO[str]:
    """Two bridges at the same work would write things twice: the second one is refused while the first runs."""
    try:
        file = open(path.with_name(path.name + ".lock"), "w", encoding="utf-8")
    except OSError as why:
        raise Misused(f"{path}: {why.strerror}; name a place that can be written with --state") from why
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as why:
        file.close()
        raise Misused(f"another bridge runs with {path}") from why
    return file
