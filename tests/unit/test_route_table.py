"""The table finds the route that Starlette's linear search finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route

import iotflow.api.routing  # noqa: F401  # registers the convertor `digits`
from iotflow.api.compiled.table import NotInTable, RouteTable

SEGMENTS = st.sampled_from(["", "a", "b", "7", "{x}", "{x:digits}", "{x:int}"])
TEXTS = st.sampled_from(["", "a", "b", "7", "07", "é", "7\n", "{x}", "-"])
METHODS = st.sampled_from(["GET", "HEAD", "POST", "DELETE"])


async def endpoint(_request: Request) -> Response:
    return Response()


def path_of(segments: list[str]) -> str:
    """Join segments to a path. Each parameter gets its own name."""
    return "".join(f"/{segment.replace('{x', '{x' + str(index))}" for index, segment in enumerate(segments))


ROUTES = st.lists(st.tuples(METHODS, st.lists(SEGMENTS, min_size=1, max_size=4).map(path_of)), max_size=8)
PATHS = st.lists(TEXTS, min_size=1, max_size=4).map(lambda segments: "/" + "/".join(segments))


@given(ROUTES, METHODS, PATHS)
def test_the_first_route_that_matches_is_found(declared: list[tuple[str, str]], method: str, path: str) -> None:
    routes = [Route(declared_path, endpoint, methods=[declared_method]) for declared_method, declared_path in declared]
    table: RouteTable[Route] = RouteTable()
    for route in routes:
        table.add(route, route)
    scope = {"type": "http", "method": method, "path": path}
    matches = [(route, route.matches(scope)) for route in routes]
    expected = next(((route, child["path_params"]) for route, (match, child) in matches if match is Match.FULL), None)
    found = table.find(method, path)
    if found is None:
        assert expected is None or path.endswith("\n")
        return
    parameters = {
        name: convertor.convert(text)
        for (name, convertor), text in zip(found.entry.param_convertors.items(), found.parameters, strict=True)
    }
    assert expected is not None
    assert found.entry is expected[0]
    assert parameters == expected[1]


@pytest.mark.parametrize(
    "route",
    [*(Route(path, endpoint) for path in ("/f/{name:path}", "/{name}.json", "/{x}{y}")), Mount("/static", routes=[])],
)
def test_a_path_that_is_not_made_of_segments_is_refused(route: BaseRoute) -> None:
    with pytest.raises(NotInTable):
        RouteTable[None]().add(route, None)
