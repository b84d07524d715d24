"""Search terms: digests of one size, whatever the length of the tags and attributes that they stand for.

Two different texts have one digest of 16 bytes with a probability of 2**-64 among four billion.
"""

import hashlib

from iotflow.domain.metadata import Scalar, canonical_pair

TERM_BYTES = 16


def tag_term(tag: str) -> bytes:
    """Return the term of a tag in normal form C."""
    return _digest(f"tag {tag}")


def attribute_term(name: str, value: Scalar) -> bytes:
    """Return the term of an attribute with its value. Equal values have one term: 3 and 3.0, but not the text "3"."""
    return _digest(f"attribute {canonical_pair(name, value)}")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:TERM_BYTES]
