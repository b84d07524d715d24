"""What all services of a test process compile alike, compiled once for all of them.

A service compiles its routes and statements when it starts. In a process with hundreds of services, this is half of
their work.
"""

from typing import Any

from fastapi.dependencies.models import Dependant
from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from iotflow.api.compiled.arguments import ArgumentPlan

_plans: dict[int, tuple[Dependant, ArgumentPlan]] = {}
"""Plans by the id of their declaration, which is kept beside them: apps copy the routes, not the declarations."""


def shared_plan(dependant: Dependant, *, embedded: bool) -> ArgumentPlan:
    """Return the plan of a declaration. Raises Unsupported."""
    if id(dependant) not in _plans:
        _plans[id(dependant)] = dependant, ArgumentPlan(dependant, embedded=embedded)
    return _plans[id(dependant)][1]


class _Statements(dict[Any, Any]):  # Any: SQLAlchemy's keys and compiled statements
    """Compiled statements by SQLAlchemy's key without the dialect, of which each engine has its own object."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_without_dialect(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_without_dialect(key), compiled)


def _without_dialect(key: Any) -> Any:
    dialect, *others = key
    assert isinstance(dialect, Dialect)
    return type(dialect), *others


_statements = _Statements()


def sharing_engine(url: str, **options: Any) -> AsyncEngine:  # Any: the options of `create_async_engine`
    """Return an engine that shares its compiled statements with all others of this function."""
    return create_async_engine(url, execution_options={"compiled_cache": _statements}, **options)
