"""The command `iotflow import`, whose parameters are the fields of ImportOptions."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import get_type_hints

from iotflow.cli.importer.options import ImportOptions


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
