"""Verifies evidence bundles: `python3 tests/verifier/main.py FILE...`, or `python3 -m verifier FILE...` in tests.

Prints the verdict on each file, a line of JSON.
Exit codes: 0 all verified, 1 one or more refused, 2 called wrongly or a file could not be read.
"""

import os
import sys
from pathlib import Path

if __package__ in (None, ""):
    # In place of this folder, whose modules are no top-level ones.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from verifier import archive, bundle, rules, verdict


def main(paths: list[str]) -> int:
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    refused = False
    for path in paths:
        try:
            too_large = os.stat(path).st_size > archive.LARGEST
            data = b"" if too_large else Path(path).read_bytes()
        except OSError as error:
            print(f"{path}: {error.strerror}", file=sys.stderr)
            return 2
        found = verdict.refused("too_large", None) if too_large else bundle.verify(data, rules.judge)
        sys.stdout.buffer.write(verdict.line(found).encode())
        sys.stdout.buffer.flush()
        refused = refused or not found["verified"]
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
