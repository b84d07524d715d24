"""A table of routes by method and path segments, in place of FastAPI's search through all routes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from starlette.routing import BaseRoute, Route

T = TypeVar("T")

_PARAMETER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)(?::[a-zA-Z_][a-zA-Z0-9_]*)?\}")


class NotInTable(Exception):
    """A route whose path is not a sequence of fixed segments and parameters, or that has no methods."""


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """An entry whose route matches a path, with the texts of its path parameters in order."""

    order: int
    entry: T
    parameters: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node(Generic[T]):
    """The routes that begin with the same segments. `variable` has the children for a parameter, by its pattern."""

    fixed: "dict[str, _Node[T]]" = field(default_factory=dict)
    variable: "dict[str, tuple[re.Pattern[str], _Node[T]]]" = field(default_factory=dict)
    end: Match[T] | None = None


class RouteTable(Generic[T]):
    """Entries by method and path. Of several whose routes match a path, the first one added is found, as in FastAPI.

    It finds nothing for a path that ends with a line break, which Starlette's patterns of paths accept.
    """

    def __init__(self) -> None:
        self._roots: dict[str, _Node[T]] = {}
        self._fixed: dict[tuple[str, str], Match[T] | None] = {}
        self._size = 0
        self._max_depth = 0

    def add(self, route: BaseRoute, entry: T) -> None:
        """Add an entry for the methods of a route. Raises NotInTable."""
        if not isinstance(route, Route) or not route.methods:
            raise NotInTable(f"{route}: not a route of methods")
        segments = [_segment(route, text) for text in route.path.split("/")]
        self._size += 1
        self._max_depth = max(self._max_depth, len(segments))
        for method in route.methods:
            node = self._roots.setdefault(method, _Node())
            for segment in segments:
                if isinstance(segment, str):
                    node = node.fixed.setdefault(segment, _Node())
                else:
                    node = node.variable.setdefault(segment.pattern, (segment, _Node()))[1]
            node.end = node.end or Match(self._size, entry)
            if all(isinstance(segment, str) for segment in segments):
                # What is added later is not found before.
                self._fixed[method, route.path] = self._search(method, route.path)

    def find(self, method: str, path: str) -> Match[T] | None:
        """Return the first entry added whose route has this method and matches this path; None if there is none."""
        match = self._fixed.get((method, path))
        return match if match is not None else self._search(method, path)

    def _search(self, method: str, path: str) -> Match[T] | None:
        root = self._roots.get(method)
        return None if root is None or path.endswith("\n") else _descend(root, path.split("/", self._max_depth), 0, ())


def _segment(route: Route, text: str) -> str | re.Pattern[str]:
    """Return the text of a fixed segment or the pattern of a parameter."""
    if "{" not in text:
        return text
    parameter = _PARAMETER.fullmatch(text)
    pattern = route.param_convertors[parameter[1]].regex if parameter else ""
    if not pattern or re.fullmatch(pattern, "/"):
        raise NotInTable(f"{route.path}: {text} is not one segment")
    return re.compile(pattern)


def _descend(node: _Node[T], segments: Sequence[str], index: int, parameters: tuple[str, ...]) -> Match[T] | None:
    if index == len(segments):
        end = node.end
        return Match(end.order, end.entry, parameters) if end is not None and parameters else end
    segment = segments[index]
    child = node.fixed.get(segment)
    best = None if child is None else _descend(child, segments, index + 1, parameters)
    for pattern, child in node.variable.values():
        if pattern.fullmatch(segment):
            match = _descend(child, segments, index + 1, (*parameters, segment))
            if match is not None and (best is None or match.order < best.order):
                best = match
    return best
