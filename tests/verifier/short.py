"""Short forms of ids: docs/protocol.md, "Short forms"."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def digits(id_: bytes) -> str:
    """Eight digits and the check character, without hyphens."""
    bits = int.from_bytes(id_[:5], "big")
    values = [bits >> (35 - 5 * place) & 31 for place in range(8)]
    check = sum(place * value for place, value in enumerate(values, 1)) % 31
    return "".join(ALPHABET[value] for value in values) + ALPHABET[check]


def form(id_: bytes) -> str:
    """`XXXX-XXXX-C`."""
    plain = digits(id_)
    return f"{plain[:4]}-{plain[4:8]}-{plain[8]}"
