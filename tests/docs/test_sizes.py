"""Modules and functions of the service stay within the sizes that docs/development/style.md states."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.docs.documents import ROOT

MAX_LINES_OF_MODULE = 300
MAX_LINES_OF_FUNCTION = 45

MODULES = sorted((ROOT / "iotflow").rglob("*.py"))


def test_modules_are_short() -> None:
    lengths = {str(module): module.read_text().count("\n") for module in MODULES}
    assert len(lengths) > 100
    assert {module: lines for module, lines in lengths.items() if lines > MAX_LINES_OF_MODULE} == {}


def test_functions_are_short() -> None:
    lengths = [found for module in MODULES for found in _lengths_of_functions(module)]
    assert len(lengths) > 1_000
    assert [found for found in lengths if found[-1] > MAX_LINES_OF_FUNCTION] == []


def _lengths_of_functions(module: Path) -> Iterator[tuple[Path, str, int]]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield module, node.name, (node.end_lineno or node.lineno) - node.lineno + 1
