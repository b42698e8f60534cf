"""Forged bundles, each trying one thing: what the gate, the key log, receipts, values and the exporter's word let pass.

None says what must become of it: whoever compares two verifiers learns that from both.
"""

from collections.abc import Iterator
from itertools import chain

from . import bundles, feeds, keys, logs, stamps, statements, values
from .stage import Files


def all_cases(files: Files) -> Iterator[tuple[str, bytes]]:
    """Every case with its name."""
    kinds = (statements, feeds, keys, logs, values, stamps, bundles)
    return chain.from_iterable(kind.cases(files) for kind in kinds)
