"""The route class: it runs the access rule, then reads, decodes and checks the body, then calls FastAPI's handler.

FastAPI itself reads the body before it resolves credentials, and accepts NaN. A route class that passes it a `Request`
with a decoded body is FastAPI's documented way to change that.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException

from iotflow.api import bodies, json_bodies, openapi
from iotflow.api.auth import AccessRule
from iotflow.api.dependencies import AppState, app_state
from iotflow.api.fastapi_compat import DecodedRequest, find_dependency, has_body, has_form_body, query_parameters
from iotflow.api.problems import ErrorRenderer, render_problem
from iotflow.api.responses import JSON
from iotflow.concurrency import time_slices
from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.domain.telemetry import MAX_RECORDS_PER_BATCH, NULL_CHARACTER_ERROR
from iotflow.settings import Settings

NDJSON = "application/x-ndjson"
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 65_536
"""The fields of the largest form, each character percent-encoded, take 52 KB."""


class _Digits(Convertor[str]):
    """A path parameter of digits. Its length is not limited here: validation refuses too large a number with 422."""

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return str(value)


register_url_convertor("digits", _Digits())


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:  # Any: FastAPI's type for `responses`
    """Return the documentation of a route's errors, without those that `ApiRoute` documents for every route."""
    return {status: {"$ref": openapi.response_reference(status)} for status in statuses}


class ApiRoute(APIRoute):
    """A route of the API. It has one `AccessRule` among its dependencies."""

    content_types: ClassVar[tuple[str, ...]] = (JSON,)
    render_error: ClassVar[ErrorRenderer] = staticmethod(render_problem)
    accepts_gzip: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: FastAPI's own two dozen parameters, passed on
        super().__init__(*args, **kwargs)
        self._access: AccessRule[Any] = find_dependency(self, AccessRule)  # Any: whatever context the rule returns
        self._has_body, self._has_form_body = has_body(self), has_form_body(self)
        self._query_parameters = query_parameters(self)
        self._document()

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def authorize_and_handle(request: Request) -> Response:
            await self._access(request)
            prepared = DecodedRequest(request.scope, request.receive)
            if not self._has_body:
                self._check_query(prepared)
                return await handle(prepared)
            address = request.client.host if request.client else "unknown"
            with app_state(request).bodies_in_flight.reserve(address) as reservation:
                await self._read_body(prepared, reservation)
                self._check_query(prepared)
                return await handle(prepared)

        return authorize_and_handle

    def body_limit(self, settings: Settings) -> int:
        """Return the maximum size of a body in bytes, after decompression."""
        return min(settings.max_body_bytes, MAX_FORM_BYTES) if self._has_form_body else settings.max_body_bytes

    async def decode(self, body: bytearray, content_type: str, state: AppState) -> object:
        """Return the decoded body, which FastAPI then validates. Raises InvalidInput."""
        if len(body) > json_bodies.LARGE_BODY_BYTES:
            await time_slices.wait_for_turn()
        return json_bodies.decode_json(body)

    def _document(self) -> None:
        """Document the route's errors and security, and split its docstring into summary and description."""
        statuses = {422, 503, *self._access.refusals, *({408, 413, 415} if self._has_body else ())}
        documented = {**problem_responses(*statuses), **self.responses}
        self.responses = dict(sorted(documented.items(), key=lambda item: str(item[0])))
        if self.summary is None:
            # The first sentence is the summary.
            self.summary, _, self.description = re.sub(r"\.\s+|\.$", "\0", self.description, count=1).partition("\0")
        if self._access.schemes:
            security: list[dict[str, list[str]]] = [{scheme: []} for scheme in self._access.schemes]
            self.openapi_extra = {**(self.openapi_extra or {}), "security": security}

    async def _read_body(self, request: DecodedRequest, reservation: bodies.Reservation) -> None:
        """Read the body, decompress and decode it, and set it in the request."""
        state = app_state(request)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
            self._check_media(content_type, encoding)
        limit, gzip = self.body_limit(state.settings), encoding == "gzip"
        body = await bodies.read_body(request, limit, reservation, gzip=gzip)
        if gzip:
            body = await bodies.gunzip(body, limit, reservation)
        if self._has_form_body and body.count(b"&") >= json_bodies.MAX_FIELDS:
            raise InvalidInput.at("body", message=f"a form has at most {json_bodies.MAX_FIELDS} fields")
        if self._has_form_body or not body:
            request.set_body(bytes(body))
        else:
            request.set_json(await self.decode(body, content_type, state))

    def _check_media(self, content_type: str, encoding: str) -> None:
        """Raise HTTPException (415) for a content type or an encoding that the route does not accept."""
        accepted = (FORM,) if self._has_form_body else self.content_types
        if content_type not in accepted:
            expected = " or ".join(accepted)
            raise HTTPException(415, f"the content type is {content_type[:100] or 'missing'!r}, expected {expected}")
        if encoding != "identity" and not (encoding == "gzip" and self.accepts_gzip):
            raise HTTPException(415, f"the content encoding {encoding[:100]!r} is not accepted here")

    def _check_query(self, request: Request) -> None:
        """Raise InvalidInput for too many or unknown query parameters, and for null characters in their values."""
        if not request.scope["query_string"]:
            return
        if request.scope["query_string"].count(b"&") >= json_bodies.MAX_FIELDS:
            raise InvalidInput.at("query", message=f"a query has at most {json_bodies.MAX_FIELDS} parameters")
        expected = ", ".join(sorted(self._query_parameters)) or "none"
        errors = [
            FieldError(("query", name), f"unknown query parameter, expected {expected}", "extra_forbidden")
            for name in request.query_params
            if name not in self._query_parameters
        ]
        errors += [
            FieldError(("query", name), NULL_CHARACTER_ERROR, "null_character")
            for name, value in request.query_params.multi_items()
            if "\0" in value
        ]
        if errors:
            raise InvalidInput(errors)


class BatchRoute(ApiRoute):
    """A route for batches of records: a JSON array or NDJSON, optionally compressed by gzip."""

    content_types = (JSON, NDJSON)
    accepts_gzip = True

    def body_limit(self, settings: Settings) -> int:
        return settings.max_batch_bytes

    async def decode(self, body: bytearray, content_type: str, state: AppState) -> list[memoryview]:
        """Return the records, each undecoded. A JSON array must be valid as a whole; an NDJSON line may be invalid."""
        if len(body) > json_bodies.LARGE_BODY_BYTES:
            await time_slices.wait_for_turn()
        if content_type == NDJSON:
            return json_bodies.split_lines(body, MAX_RECORDS_PER_BATCH)
        records = json_bodies.split_array(body, MAX_RECORDS_PER_BATCH)
        await json_bodies.check_items(records, state.settings.max_body_bytes)
        return records


def api_router(tag: str, route_class: type[ApiRoute] = ApiRoute, prefix: str = "/api/v1") -> APIRouter:
    """Return a router for one section of the API."""
    return APIRouter(tags=[tag], route_class=route_class, prefix=prefix)
