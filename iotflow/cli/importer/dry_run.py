"""Describes how a file is understood, for `iotflow import --dry-run`."""

import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import get_args, get_type_hints

from typer.models import OptionInfo

from iotflow.cli.importer.csv_rows import shorten
from iotflow.cli.importer.options import ImportOptions
from iotflow.cli.importer.rows import Row, RowReader
from iotflow.cli.importer.source import Source
from iotflow.domain.times import format_rfc3339


def describe(options: ImportOptions, source: Source, reader: RowReader, first: Sequence[Row]) -> str:
    """Return the form of the file, the columns with types, the first rows, and the command line with all guesses."""
    content = source.content
    lines = [f"file: {source.kind}, {content.encoding}, {content.compression or 'not compressed'}"]
    if source.form is not None:
        lines.append(f"delimiter: {shorten(source.form.delimiter)}, decimal mark: {shorten(source.form.decimal)}")
    lines.append(f"time: {', '.join(reader.layout.time_columns)}, zone: {reader.times.zone or 'as written'}")
    lines += [f"column {column.name}: {column.kind}" for column in reader.columns.values()]
    for row in first:
        values = ", ".join(f"{name}={value!r}" for name, value in row.values.items())
        lines.append(f"line {row.line}: {row.device} {format_rfc3339(row.time)} {values[:500]}")
    lines.append("the same with every guess written out:")
    lines.append("  " + command_line(options, source))
    lines.append("nothing was sent (--dry-run); the summary of a real run would be:")
    return "\n".join(lines)


def command_line(options: ImportOptions, source: Source) -> str:
    """Return the command line with the guesses as options, without --dry-run."""
    guesses: dict[str, object] = {"dry_run": False}
    if source.form is not None:
        delimiter = source.form.delimiter
        guesses["delimiter"] = "tab" if delimiter == "\t" else delimiter
        guesses["decimal"] = source.form.decimal
        guesses["encoding"] = source.content.encoding
    words = ["iotflow", "import", str(options.file)]
    hints = get_type_hints(ImportOptions, include_extras=True)
    for option in fields(options):
        value = guesses.get(option.name, getattr(options, option.name))
        declared = get_args(hints[option.name])[1]
        if not isinstance(declared, OptionInfo) or value in (None, False, 0, []):
            continue
        # Typer holds the first declaration of an annotation as its default.
        names = [name for name in (declared.default, *(declared.param_decls or ())) if str(name).startswith("--")]
        flag = str(names[0]) if names else f"--{option.name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        else:
            for item in value if isinstance(value, list) else [value]:
                words += [flag, str(item)]
    return shlex.join(words)
