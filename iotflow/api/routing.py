"""The route class: it runs the access rule, then reads, decodes and checks the body, then calls FastAPI's handler.

FastAPI itself reads the body before it resolves credentials, and accepts NaN. A route class that passes it a `Request`
with a decoded body is FastAPI's documented way to change that.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor

from iotflow.api import bodies, json_bodies, media, openapi
from iotflow.api.auth import BEARER, AccessRule
from iotflow.api.dependencies import AppState, app_state
from iotflow.api.fastapi_compat import DecodedRequest, find_dependency, has_body, has_form_body, query_parameters
from iotflow.api.parameters import REPEATABLE
from iotflow.api.plain_records import Batch, try_parse_submission
from iotflow.api.problems import ErrorRenderer, render_problem
from iotflow.concurrency import time_slices
from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.domain.telemetry import MAX_RECORDS_PER_BATCH, NULL_CHARACTER_ERROR
from iotflow.metrics.definitions import RECORDS_REJECTED
from iotflow.settings import Settings

Handler = Callable[[Request], Coroutine[Any, Any, Response]]  # Any: asyncio's types of a coroutine
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

    content_types: ClassVar[tuple[str, ...]] = media.JSON_TYPES
    render_error: ClassVar[ErrorRenderer] = staticmethod(render_problem)
    content_encodings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: FastAPI's own two dozen parameters, passed on
        super().__init__(*args, **kwargs)
        self._access: AccessRule[Any] = find_dependency(self, AccessRule)  # Any: whatever context the rule returns
        self._has_body, self._has_form_body = has_body(self), has_form_body(self)
        self._query_parameters = query_parameters(self)
        self._document()

    def get_route_handler(self) -> Handler:
        return self.wrap_handler(super().get_route_handler())

    def wrap_handler(self, handle: Callable[[DecodedRequest], Awaitable[Response]]) -> Handler:
        """Return a handler that runs the access rule, then reads, decodes and checks the body, then calls `handle`.

        `handle` is FastAPI's own handler or, as a rule, the compiled one of `iotflow/api/compiled/routes.py`.
        """

        async def authorize_and_handle(request: Request) -> Response:
            prepared = (
                request if isinstance(request, DecodedRequest) else DecodedRequest(request.scope, request.receive)
            )
            await self._access(prepared)
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
            if self._access.is_optional:
                security.insert(0, {})
            self.openapi_extra = {**(self.openapi_extra or {}), "security": security}
        if BEARER in self._access.schemes and self._access.scope is not None:
            self.description = f"{self.description} Scope of personal access tokens: `{self._access.scope}`.".strip()

    async def _read_body(self, request: DecodedRequest, reservation: bodies.Reservation) -> None:
        """Read the body, decompress and decode it, and set it in the request."""
        state = app_state(request)
        content_type, encoding = media.content_type(request), media.content_encoding(request)
        if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
            media.require_content_type(content_type, media.FORM_TYPES if self._has_form_body else self.content_types)
            media.require_content_encoding(encoding, self.content_encodings)
        limit, gzip = self.body_limit(state.settings), encoding in media.GZIP_ENCODINGS
        body = await bodies.read_body(request, limit, reservation, gzip=gzip)
        if gzip:
            body = await bodies.gunzip(body, limit, reservation)
        if not self._has_form_body:
            json_bodies.remove_byte_order_mark(body)
        elif body.count(b"&") >= json_bodies.MAX_FIELDS:
            raise InvalidInput.at("body", message=f"a form has at most {json_bodies.MAX_FIELDS} fields")
        if self._has_form_body or not body:
            request.set_body(bytes(body))
        else:
            request.set_json(await self.decode(body, content_type, state))

    def _check_query(self, request: Request) -> None:
        """Raise InvalidInput for too many, unknown or repeated query parameters, and null characters in values."""
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
        times = Counter(name for name, _ in request.query_params.multi_items() if name in self._query_parameters)
        errors += [
            FieldError(("query", name), f"given {count} times; give it once", "repeated")
            for name, count in times.items()
            if count > 1 and name not in REPEATABLE
        ]
        errors += [
            FieldError(("query", name), NULL_CHARACTER_ERROR, "null_character")
            for name, value in request.query_params.multi_items()
            if "\0" in value
        ]
        if errors:
            raise InvalidInput(errors)


class FreeObjectRoute(ApiRoute):
    """A route whose body is any JSON object: its fields are the client's, so that none is invalid."""

    async def decode(self, body: bytearray, content_type: str, state: AppState) -> object:
        return json_bodies.decode_json(body, max_fields=len(body))


class SubmissionRoute(ApiRoute):
    """A route for a record, optionally compressed by gzip."""

    content_encodings = media.GZIP_ENCODINGS

    def wrap_handler(self, handle: Callable[[DecodedRequest], Awaitable[Response]]) -> Handler:
        async def handle_and_count_invalid(request: DecodedRequest) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                RECORDS_REJECTED.add(1, "invalid")
                raise

        return super().wrap_handler(handle_and_count_invalid)

    async def decode(self, body: bytearray, content_type: str, state: AppState) -> object:
        """Return a valid record as a `Submission`; the decoded JSON of another one, which the schema refuses."""
        if len(body) > json_bodies.LARGE_BODY_BYTES:
            await time_slices.wait_for_turn()
        return try_parse_submission(body) or await super().decode(body, content_type, state)


class BatchRoute(ApiRoute):
    """A route for batches of records: a JSON array or NDJSON, optionally compressed by gzip."""

    content_encodings = media.GZIP_ENCODINGS
    content_types = (*media.JSON_TYPES, *media.NDJSON_TYPES)

    def body_limit(self, settings: Settings) -> int:
        return settings.max_batch_bytes

    async def decode(self, body: bytearray, content_type: str, state: AppState) -> Batch:
        """Return the records. A JSON array must be valid as a whole; an NDJSON line may be invalid."""
        if len(body) > json_bodies.LARGE_BODY_BYTES:
            await time_slices.wait_for_turn()
        if content_type in media.NDJSON_TYPES:
            return await json_bodies.decode_lines(body, MAX_RECORDS_PER_BATCH)
        return await json_bodies.decode_array(body, MAX_RECORDS_PER_BATCH, state.settings.max_body_bytes)


def api_router(tag: str, route_class: type[ApiRoute] = ApiRoute, prefix: str = "/api/v1") -> APIRouter:
    """Return a router for one section of the API."""
    return APIRouter(tags=[tag], route_class=route_class, prefix=prefix)
