"""docs/configuration.md documents exactly the existing settings, commands and options, with defaults."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

import annotated_types
import pytest
import typer

from iotflow.cli.main import app
from iotflow.settings import Settings, load_settings
from tests.docs.documents import DOCUMENTS, ROOT, code, commands, table_rows

PAGE = ROOT / "docs" / "configuration.md"
SETTINGS = {f"IOTFLOW_{name.upper()}": field for name, field in Settings.model_fields.items()}
SECRETS = {"IOTFLOW_PASSWORD", "IOTFLOW_TOKEN"}
OF_THE_TESTS = {
    "IOTFLOW_REQUIRE_BROWSER",
    "IOTFLOW_REQUIRE_STORES",
    *(f"IOTFLOW_TEST_{server}_URL" for server in ("POSTGRES", "CASSANDRA", "REDIS", "MONGODB")),
}
OF_THE_BENCH = {"IOTFLOW_ACCOUNT"}
OF_COMPOSE = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
COMMANDS = typer.main.get_group(app).commands


def test_every_setting_is_documented_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    defaults = {f"IOTFLOW_{name.upper()}": value for name, value in load_settings()}

    rows = table_rows(PAGE, "Setting")
    documented = {code(row[0]): row[1] for row in rows}

    assert len(documented) == len(rows), "a setting is listed twice"
    assert documented == {name: f"`{value}`" if value not in ([], "") else "none" for name, value in defaults.items()}


def test_the_values_of_every_setting_are_documented() -> None:
    documented = {code(row[0]): row[2] for row in table_rows(PAGE, "Setting")}
    for name, field in SETTINGS.items():
        if get_origin(field.annotation) is Literal:
            assert documented[name] == ", ".join(f"`{choice}`" for choice in get_args(field.annotation)), name
        elif field.annotation is int:
            (least,) = (limit.ge for limit in field.metadata if isinstance(limit, annotated_types.Ge))
            (most,) = (limit.le for limit in field.metadata if isinstance(limit, annotated_types.Le))
            assert documented[name] == f"{least:,} to {most:,}", name


def test_every_secret_is_documented() -> None:
    assert {code(row[0]) for row in table_rows(PAGE, "Variable")} == SECRETS


def test_every_variable_in_pages_and_modules_is_documented() -> None:
    for file in (*DOCUMENTS, *ROOT.glob("iotflow/**/*.py")):
        named = set(re.findall(r"IOTFLOW_[A-Z_]*[A-Z]", file.read_text()))
        assert named <= {*SETTINGS, *SECRETS, *OF_THE_TESTS, *OF_THE_BENCH, *OF_COMPOSE}, file


def test_every_variable_of_compose_is_documented() -> None:
    documented = (ROOT / "docs" / "deployment.md").read_text()
    assert [name for name in sorted(OF_COMPOSE) if f"`{name}`" not in documented] == []


def test_every_command_is_documented() -> None:
    assert re.findall(r"^### `iotflow (\S+)`$", PAGE.read_text(), re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented_with_its_default(command: str, tmp_path: Path) -> None:
    section = PAGE.read_text().partition(f"### `iotflow {command}`\n")[2].partition("\n##")[0]
    page = tmp_path / "section.md"
    page.write_text(section)

    documented = {code(row[0]): row[1] for row in table_rows(page, "Option")}

    assert documented == dict(_parameters(command))
    assert ("It has no options." in section) == (not documented)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_commands_in_the_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for place, line in commands(document):
        for command, arguments in re.findall(r"\biotflow ([a-z-]+)(.*?)(?:[|;<>]|$)", line):
            assert command in COMMANDS, place
            options = {parameter for parameter, _ in _parameters(command)}
            assert set(re.findall(r"(?<!\S)--[a-z-]+", arguments)) <= options, place
        for target in re.findall(r"^make ([a-z-]+)", line):
            assert target in targets, place


def _parameters(command: str) -> Iterator[tuple[str, str]]:
    """Iterate over the arguments and options of a command, with their defaults as in the page."""
    for parameter in COMMANDS[command].params:
        name = parameter.opts[0] if parameter.param_type_name == "option" else str(parameter.name).upper()
        if parameter.required:
            yield name, "required"
        elif parameter.default is False:
            yield name, "off"
        else:
            yield name, "none" if parameter.default is None else f"`{parameter.default}`"
