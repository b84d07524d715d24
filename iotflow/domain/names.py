"""Names: one form for texts that look alike, and what a name that people read may hold.

Unicode writes `é` as one character or as `e` and an accent. Names and passwords are compared and hashed in normal form
C (Unicode Standard Annex 15), so that both are one.
"""

import unicodedata
from collections.abc import Mapping
from typing import TypeVar

from iotflow.domain.errors import InvalidInput

V = TypeVar("V")

MAX_NAME_LENGTH = 128
"""Characters of the name of a device, group or token."""

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They reorder the text around a name: in a list, one name could look like another (CVE-2021-42574)."""
_FORBIDDEN_CATEGORIES = frozenset(("Cc", "Zl", "Zp", "Cs"))
_INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp", "Zs"))
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""The Hangul fillers and the empty Braille pattern: letters and symbols without ink."""


def normalize(text: str) -> str:
    """Return a text in Unicode normal form C."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def normalize_names(values: Mapping[str, V]) -> Mapping[str, V]:
    """Return values with their names in normal form C. Of two names that become one, the later value stays."""
    if all(map(str.isascii, values)):
        return values
    return {normalize(name): value for name, value in values.items()}


def name_error(name: str) -> str | None:
    """Return why the name of a device, group or token is invalid, or None. The name is in normal form C."""
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        return f"a name has 1 to {MAX_NAME_LENGTH} characters, this one has {len(name)}"
    categories = [unicodedata.category(character) for character in name]
    if not _FORBIDDEN_CATEGORIES.isdisjoint(categories):
        return "a name holds no control character, such as a tab or a line break"
    if not _BIDI_CONTROLS.isdisjoint(name):
        return "a name holds no character that changes the direction of writing"
    if all(
        category in _INVISIBLE_CATEGORIES or character in _BLANK_LETTERS
        for character, category in zip(name, categories, strict=True)
    ):
        return "a name has at least one visible character"
    if name != name.strip():
        return "a name has no space at either end"
    return None


def require_name(name: str) -> str:
    """Return a name of the body in normal form C. Raises InvalidInput."""
    normal = normalize(name)
    if error := name_error(normal):
        raise InvalidInput.at("body", "name", message=error)
    return normal
