"""Modules and functions of the service stay within the sizes that docs/development/style.md states."""

import ast
from pathlib import Path

import pytest

from tests.docs.documents import ROOT

MAX_LINES_OF_MODULE = 300
MAX_LINES_OF_FUNCTION = 45

MODULES = sorted((ROOT / "iotflow").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_a_module_and_its_functions_are_short(module: Path) -> None:
    text = module.read_text()
    assert text.count("\n") <= MAX_LINES_OF_MODULE
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(found.name, (found.end_lineno or found.lineno) - found.lineno + 1) for found in functions]
    assert [(name, length) for name, length in lengths if length > MAX_LINES_OF_FUNCTION] == []
