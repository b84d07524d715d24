"""The options of `iotflow import`, and the function by which Typer reads them."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, get_type_hints

from typer import Argument, Option

LOCAL_SERVICE = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of the command. Each field declares the option of the command line too."""

    file: Annotated[
        Path, Argument(help="CSV, NDJSON or a JSON array, plain or compressed (gz, bz2, xz, zst, zip); - reads a pipe.")
    ]
    time_columns: Annotated[
        list[str], Option("--time-column", help="The column of times; repeatable, joined by a space.")
    ]
    device: Annotated[str | None, Option(help="The device of all rows.")] = None
    device_column: Annotated[str | None, Option(help="The column of device names.")] = None
    time_format: Annotated[
        str | None,
        Option(help="Format of the times for strptime, or excel; by default RFC 3339, ISO 8601 or epoch numbers."),
    ] = None
    timezone: Annotated[
        str | None, Option(help="Time zone of times without an offset, like Europe/Berlin or +01:00.")
    ] = None
    dst_order: Annotated[
        bool,
        Option(
            "--dst-order", help="The file is in order of time: distinguish the two passes of a repeated hour by it."
        ),
    ] = False
    fields: Annotated[
        list[str], Option("--field", help="A column to import; repeatable. By default all other columns.")
    ] = field(default_factory=list)
    skip_fields: Annotated[list[str], Option("--skip-field", help="A column to leave out; repeatable.")] = field(
        default_factory=list
    )
    text_fields: Annotated[
        list[str], Option("--text-field", help="A column whose cells stay text as written; repeatable.")
    ] = field(default_factory=list)
    renames: Annotated[list[str], Option("--rename", help="OLD=NEW: store a column by another name; repeatable.")] = (
        field(default_factory=list)
    )
    name_column: Annotated[
        str | None, Option(help="Long format: the column of measurement names; needs --value-column.")
    ] = None
    value_column: Annotated[str | None, Option(help="Long format: the column of values; needs --name-column.")] = None
    missing: Annotated[
        list[str], Option("--missing", help="A text that stands for no value, like -999; repeatable.")
    ] = field(default_factory=list)
    delimiter: Annotated[
        str | None, Option(help="The delimiter of cells, one character or tab; by default detected.")
    ] = None
    decimal: Annotated[str | None, Option(help="The decimal mark, . or ,; by default detected.")] = None
    encoding: Annotated[
        str | None, Option(help="The encoding, like cp1252; by default UTF-8, or what a byte order mark names.")
    ] = None
    skip_lines: Annotated[int, Option(min=0, help="Number of lines before the header to skip.")] = 0
    comment: Annotated[
        str | None, Option(help="Skip lines that begin with this text; by default # before the header.")
    ] = None
    no_header: Annotated[bool, Option("--no-header", help="The first line is data; name the --columns.")] = False
    columns: Annotated[str | None, Option(help="Names of the columns, separated by commas.")] = None
    flatten: Annotated[
        bool, Option("--flatten", help="Store nested JSON objects by names with dots, like update.state.")
    ] = False
    allow_replace: Annotated[
        bool, Option("--allow-replace", help="Rows that replace an earlier row of the file are no error.")
    ] = False
    max_errors: Annotated[int, Option(min=0, help="Skip this number of bad rows; stop at the next.")] = 0
    dry_run: Annotated[
        bool, Option("--dry-run", help="Read the file and print how it is understood; send nothing.")
    ] = False
    url: Annotated[str, Option(help="The service's address.")] = LOCAL_SERVICE
    username: Annotated[
        str | None, Option(help="Sign in as this user with IOTFLOW_PASSWORD; by default with IOTFLOW_TOKEN.")
    ] = None


def import_command(run: Callable[[ImportOptions], None]) -> Callable[..., None]:
    """Return a function for Typer that calls `run` with the options of the command line."""

    def import_(**values: object) -> None:
        given = {name: value for name, value in values.items() if value is not None}
        run(ImportOptions(**given))  # type: ignore[arg-type]  # Typer converts by the same annotations

    hints = get_type_hints(ImportOptions, include_extras=True)
    parameters = []
    for option in fields(ImportOptions):
        default: object = option.default
        if default is MISSING:
            default = inspect.Parameter.empty if option.default_factory is MISSING else None
        parameters.append(
            inspect.Parameter(
                option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[option.name]
            )
        )
    import_.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by Typer
    import_.__annotations__ = hints
    import_.__doc__ = run.__doc__
    return import_
