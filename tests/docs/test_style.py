"""Documents and code avoid the words that docs/development/style.md bans."""

import re
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, table_rows

PAGE = ROOT / "docs" / "development" / "style.md"
BANNED = [word for row in table_rows(PAGE, "Banned") for word in re.findall(r"`([^`]+)`", row[0])]
PATTERN = re.compile(r"(?<![.\w])(" + "|".join(BANNED).replace(" ", r"\s+") + r")\b", re.IGNORECASE)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)

FOLDERS = ("bench", "docs", "iotflow", "migrations", "sdk/python", "tests")


@pytest.mark.parametrize("folder", FOLDERS)
def test_code_and_documents_hold_no_banned_word(folder: str) -> None:
    found = [place for file in _files(ROOT / folder) for place in _banned(file)]

    assert found == [], "\n".join(found)


def test_documents_of_the_root_hold_no_banned_word() -> None:
    assert [place for file in sorted(ROOT.glob("*.md")) for place in _banned(file)] == []


def test_words_in_code_and_parts_of_words_do_not_count(tmp_path: Path) -> None:
    word, phrase = BANNED[0], next(found for found in BANNED if " " in found)
    broken = phrase.replace(" ", "\n")
    page = tmp_path / "page.md"
    page.write_text(f"A tale of `{phrase}`.\n\n```sh\n{word}\n```\n\nAn essay.\nThey {word} it, {broken} times.\n")

    assert _banned(page) == [f"{page}:8: {word}", f"{page}:8: {phrase}"]


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.rglob("*.md"), *folder.rglob("*.py")])


def _banned(file: Path) -> list[str]:
    """Return each banned word with its place."""
    text = file.read_text()
    if file.suffix == ".md":
        text = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    return [
        f"{file}:{text[: found.start()].count(chr(10)) + 1}: {' '.join(found[0].split())}"
        for found in PATTERN.finditer(text)
    ]
