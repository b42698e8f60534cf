"""Receipts that entries embed."""

from .. import envelope, receipts
from ..model import Receipt
from ..refusal import Malformed
from .lens import Lens, once


def read(data: bytes, case: bytes) -> Receipt | None:
    """An embedded receipt of this case with a good signature; nothing where it is none."""
    try:
        signed = receipts.read(data)
        signed.verify()
    except Malformed:
        return None
    return signed.receipt if signed.case == case else None


def is_envelope(data: bytes) -> bool:
    """Whether something has the form of an envelope; whoever reads it checks what it says."""
    try:
        envelope.open_envelope(data, len(data))
    except Malformed:
        return False
    return True


@once
def embedded(lens: Lens) -> tuple[Receipt, ...]:
    """Receipts that a `prove` with effect holds."""
    found = {}
    for i in lens.acts("prove"):
        receipt = lens.court.receipts.get(i)
        if receipt is not None:
            found[receipt.id] = receipt
    return tuple(found.values())
