"""Routes that store batches of telemetry records."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import msgspec
from fastapi import Body, Request, Response
from pydantic import ValidationError

from iotflow.api.auth import DeviceSubmitContext, UserSubmitContext, charge_points
from iotflow.api.dependencies import AppState, AppStateDep, ServicesDep
from iotflow.api.json_bodies import MAX_DECODED_BYTES, decode_record
from iotflow.api.parameters import DeviceId
from iotflow.api.plain_records import Batch, PlainRecord, to_submission, try_parse_plain
from iotflow.api.problems import field_error, record_detail
from iotflow.api.responses import json_response
from iotflow.api.routing import BatchRoute, api_router, problem_responses
from iotflow.api.schemas.decoded import BatchBody
from iotflow.api.schemas.telemetry import BatchRecord, BatchResult
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.errors import InvalidInput
from iotflow.domain.personal_tokens import TokenScope
from iotflow.metrics.definitions import RECORDS_REJECTED
from iotflow.services.ingest import BatchOutcome, Rejection, Submission

MAX_VALUES_PER_CHUNK = 5_000
"""Maximum number of values of one write to the store: the size of one flush."""

router = api_router("Telemetry", BatchRoute)

Records = Annotated[BatchBody, Body()]


@router.post("/telemetry/batch", operation_id="submit_telemetry_batch", response_model=BatchResult)
async def submit_telemetry_batch(
    context: DeviceSubmitContext, records: Records, request: Request, services: ServicesDep, state: AppStateDep
) -> Response:
    """Submit up to 10,000 records at once. Valid records are stored even if others are rejected.

    The body may also be NDJSON, one record per line, with the content type `application/x-ndjson`. Either may be
    compressed with `Content-Encoding: gzip`. A null in `data` is no reading and is not stored.
    """
    await charge_points(request, context.principal.device, records.values)
    rejections: list[Rejection] = []
    outcome = await services.ingest.submit_batch(context, _chunks(records, rejections, state))
    return await _batch_response(outcome, rejections, records, state)


@router.post(
    "/telemetry/{device_id:digits}/batch",
    operation_id="import_telemetry_batch",
    response_model=BatchResult,
    responses=problem_responses(403, 404),
)
async def import_telemetry_batch(
    context: UserSubmitContext,
    device_id: DeviceId,
    records: Records,
    request: Request,
    services: ServicesDep,
    state: AppStateDep,
) -> Response:
    """Submit up to 10,000 records on behalf of a device. For back-fills and gateways.

    The device's presence and status do not change. The body has the format of a device's batch.
    """
    device = await services.device_lookup.get_visible(context.principal, device_id, TokenScope.TELEMETRY)
    await charge_points(request, device, records.values)
    rejections: list[Rejection] = []
    outcome = await services.ingest.backfill(context, device_id, _chunks(records, rejections, state))
    return await _batch_response(outcome, rejections, records, state)


async def _chunks(batch: Batch, rejections: list[Rejection], state: AppState) -> AsyncIterator[dict[int, Submission]]:
    """Decode and validate records. Yield valid ones by index, in chunks; append invalid ones to `rejections`.

    Decoding a whole batch of 16 MiB would take hundreds of MiB of memory, so it is decoded chunk by chunk.
    """
    time_slice = TimeSlice()
    chunk: dict[int, Submission] = {}
    values = size = 0
    for index, record in enumerate(batch.records):
        if time_slice.is_over:
            await time_slice.pause()
        try:
            submission = parse_record(record, state.settings.max_body_bytes)
        except InvalidInput as error:
            RECORDS_REJECTED.add(1, "invalid")
            rejections.append(Rejection(index, record_detail(error)))
            continue
        record_size = record.nbytes if isinstance(record, memoryview) else 0
        values += len(submission.readings)
        size += record_size
        if chunk and (values > MAX_VALUES_PER_CHUNK or size > MAX_DECODED_BYTES):
            yield chunk
            chunk, values, size = {}, len(submission.readings), record_size
        chunk[index] = submission
    if chunk:
        yield chunk


def parse_record(record: PlainRecord | memoryview, max_bytes: int) -> Submission:
    """Return a record: in its usual form, which the service checks, or else a valid one. Raises InvalidInput."""
    if isinstance(record, PlainRecord):
        plain = to_submission(record)
    else:
        plain = try_parse_plain(record) if record.nbytes <= max_bytes else None
    return plain or _validate_record(record, max_bytes)


def _validate_record(record: PlainRecord | memoryview, max_bytes: int) -> Submission:
    text = record if isinstance(record, memoryview) else memoryview(msgspec.json.encode(record))
    value = decode_record(text, max_bytes)
    try:
        return BatchRecord.model_validate(value).to_submission()
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InvalidInput([field_error(details, "body") for details in found]) from None


async def _batch_response(
    outcome: BatchOutcome, rejections: Sequence[Rejection], batch: Batch, state: AppState
) -> Response:
    time_slice = TimeSlice()
    errors = [*rejections]
    for rejection in outcome.rejections:
        await time_slice.pause()
        errors.append(_describe(rejection, batch.records[rejection.index], state.settings.max_body_bytes))
    errors.sort(key=lambda rejection: rejection.index)
    counts = {"accepted": outcome.accepted, "rejected": len(errors), "merged": outcome.merged}
    return json_response({**counts, "errors": errors})


def _describe(rejection: Rejection, record: PlainRecord | memoryview, max_bytes: int) -> Rejection:
    """Return the rejection of a service with the schema's description of the record's errors, if it finds any."""
    try:
        _validate_record(record, max_bytes)
    except InvalidInput as error:
        return Rejection(rejection.index, record_detail(error))
    return rejection
