"""A parser of the project's documents: fenced blocks, commands and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sdk/*/README.md")])

_FENCE = re.compile(r"^```(\S*)[ ]?(.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: `info` follows the language on its fence, `line` is the number of its first line."""

    document: Path
    line: int
    language: str
    info: str
    text: str

    @property
    def place(self) -> str:
        """The file and line, for messages."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks(document: Path) -> Iterator[Block]:
    """Return a document's fenced blocks, in order."""
    lines = enumerate(document.read_text().splitlines(), 1)
    for number, line in lines:
        if fence := _FENCE.match(line):
            text = []
            for _, inner in lines:
                if inner == "```":
                    break
                text.append(inner)
            else:
                raise AssertionError(f"{document}:{number}: the block has no end")
            yield Block(document, number + 1, fence[1], fence[2], "\n".join(text) + "\n")


def commands(document: Path) -> Iterator[tuple[str, str]]:
    """Iterate over the lines of all shell blocks, with their places; continued lines are joined."""
    for block in blocks(document):
        if block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                yield block.place, line.strip()


def table_rows(document: Path, first_heading: str) -> list[list[str]]:
    """Return the cells of all tables whose first column has this heading, without heads and rules."""
    rows: list[list[str]] = []
    inside = False
    for line in document.read_text().splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            inside = False
        elif cells[0] == first_heading:
            inside = True
        elif inside and set(cells[0]) != {"-"}:
            rows.append(cells)
    return rows


def code(cell: str) -> str:
    """Return the text of a cell within backquotes."""
    match = re.fullmatch(r"`(.*)`", cell)
    assert match, f"expected `code`: {cell}"
    return match[1]
