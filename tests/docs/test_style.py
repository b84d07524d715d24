"""Documents and code avoid the words that docs/development/style.md bans."""

import re
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, table_rows

PAGE = ROOT / "docs" / "development" / "style.md"
BANNED = [word for row in table_rows(PAGE, "Banned") for word in re.findall(r"`([^`]+)`", row[0])]
PATTERN = re.compile(r"\b(" + "|".join(BANNED).replace(" ", r"\s+") + r")\b", re.IGNORECASE)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)

MAX_BANNED = {
    "docs": 119,
    "docs/development": 0,
    "iotflow": 254,
    "iotflow/api": 27,
    "iotflow/client": 31,
    "iotflow/domain": 17,
    "iotflow/repositories": 11,
    "iotflow/services": 28,
    "iotflow/stores": 126,
}
"""Upper bounds of the number of banned words in each folder and its subfolders. A bound may only fall."""


@pytest.mark.parametrize("folder", MAX_BANNED)
def test_banned_words_become_fewer(folder: str) -> None:
    found = [place for file in _files(ROOT / folder) for place in _banned(file)]

    assert len(found) <= MAX_BANNED[folder], "\n".join(found)


def test_words_in_code_and_parts_of_words_do_not_count(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("A tale of `so many`.\n\n```sh\ntell\n```\n\nAn essay.\nThey believe it, so\nmany times.\n")

    assert _banned(page) == [f"{page}:8: believe", f"{page}:8: so many"]


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.rglob("*.md"), *folder.rglob("*.py")])


def _banned(file: Path) -> list[str]:
    """Each banned word with its place."""
    text = file.read_text()
    if file.suffix == ".md":
        text = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    return [
        f"{file}:{text[: found.start()].count(chr(10)) + 1}: {' '.join(found[0].split())}"
        for found in PATTERN.finditer(text)
    ]
