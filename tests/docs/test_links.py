"""Links between the documents have targets."""

import re
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, ROOT


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_to_existing_files_and_headings(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        found = document.parent / file if file else document
        assert found.exists(), target
        assert not heading or heading in _anchors(found), target


def test_the_index_names_every_guide_and_every_decision() -> None:
    for directory, folder in (("docs", ""), ("docs", "development/"), ("docs/adr", "")):
        index = (ROOT / directory / "README.md").read_text()
        for document in (ROOT / directory / folder).glob("*.md"):
            assert document.name == "README.md" or f"({folder}{document.name})" in index, document


def _anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
