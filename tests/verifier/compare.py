"""Compares this verifier with a program, byte for byte, on bundles and on mutants of each:

`python3 -m verifier.compare [--mutants N] [--seed S] [--cases] [--batch N] PROGRAM [FILE...]`

PROGRAM is a command, such as "counterpart verify --json". It gets files behind it, as many at a time as --batch says,
and prints a verdict on each, a line. With --cases forged bundles are compared too.
Exit codes: 0 the same everywhere, 1 not.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from verifier import bundle, cases, mutate, rules, verdict
from verifier.cases.stage import Files


def theirs(program: list[str], paths: list[Path]) -> list[bytes]:
    """The program's verdicts; what it says of mutants besides is of no interest here."""
    run = subprocess.run([*program, *map(str, paths)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    lines = run.stdout.splitlines(keepends=True)
    return lines if len(lines) == len(paths) else [run.stdout[-1000:]] * len(paths)


def ours(data: bytes) -> bytes:
    return verdict.line(bundle.verify(data, rules.judge)).encode()


def difference(mine: bytes, other: bytes) -> str:
    """Where two verdicts part."""
    place = next((at for at, (a, b) in enumerate(zip(mine, other)) if a != b), min(len(mine), len(other)))
    around = slice(max(0, place - 80), place + 160)
    return f"  here:    {mine[around]!r}\n  program: {other[around]!r}"


def compare(
    program: list[str], some: Iterable[tuple[str, bytes]], batch: int, folder: Path
) -> Iterator[tuple[str, bytes, bytes]]:
    """Names with the verdicts of both."""
    waiting = iter(some)
    while taken := list(islice(waiting, batch)):
        paths = [folder / f"{number}.zip" for number in range(len(taken))]
        for path, (_, data) in zip(paths, taken):
            path.write_bytes(data)
        for (name, data), other in zip(taken, theirs(program, paths)):
            yield name, ours(data), other


def bundles(options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    """All that is compared, with names."""
    if options.cases:
        readme = Path(__file__).resolve().parents[2] / "crates/evidence/src/readme.txt"
        yield from cases.all_cases(Files(readme.read_bytes(), rules.judge))
    for file in options.files:
        data = Path(file).read_bytes()
        yield file, data
        for what, mutant in mutate.mutants(data, options.seed, options.mutants):
            yield f"{file}: {what}", mutant


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=0, metavar="N", help="compare N mutants of each file as well")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the seed that mutants derive from")
    parser.add_argument("--cases", action="store_true", help="compare forged bundles")
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="files that the program gets at a time")
    parser.add_argument("program")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args(arguments)
    same = different = 0
    with tempfile.TemporaryDirectory() as folder:
        program = options.program.split()
        for name, mine, other in compare(program, bundles(options), options.batch, Path(folder)):
            if mine == other:
                same += 1
            else:
                print(f"{name}\n{difference(mine, other)}")
                different += 1
    print(f"{same} the same, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
