"""Telemetry, submitted many records at a time."""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated

import msgspec
from fastapi import Body, Request, Response
from pydantic import ValidationError

from iotflow.api.access import Submitter, User, charge_points
from iotflow.api.deps import DeviceId, HistoryDep, IngestDep, RequestId, StateDep
from iotflow.api.json_bodies import count_values, decode_record
from iotflow.api.problems import field_error, record_detail
from iotflow.api.routes import JSON, BatchRoute, problems, router
from iotflow.api.schemas.telemetry import BatchAnswer, BatchRecord, UncheckedRecord
from iotflow.api.state import AppState
from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import MAX_RECORDS_PER_BATCH
from iotflow.services.ingest import BatchOutcome, Rejection, Submission
from iotflow.time_slices import TimeSlice

VALUES_PER_CHUNK = 5_000
"""Values that are stored together: what the stores flush at once."""
BYTES_PER_CHUNK = 262_144
"""Bytes of JSON that are decoded at a time; as Python objects they may take 24 times as many."""

routes = router("Telemetry", BatchRoute)

Records = Annotated[
    list[UncheckedRecord],
    # No maxItems: too many records are answered as too large a body is, not as one that breaks the schema.
    Body(
        min_length=1,
        description=f"At most {MAX_RECORDS_PER_BATCH:,} records.",
        examples=[[{"timestamp": "2026-01-31T09:30:00Z", "data": {"temperature": 21.5}}]],
    ),
]


@routes.post("/telemetry/batch", operation_id="submit_telemetry_batch", response_model=BatchAnswer)
async def submit_telemetry_batch(
    caller: Submitter, records: Records, request: Request, ingest: IngestDep, request_id: RequestId, state: StateDep
) -> Response:
    """Submit up to 10,000 records at once. Good ones are stored though others are bad.

    The body may also be NDJSON, one record a line, with the content type `application/x-ndjson`, and either may be
    compressed with `Content-Encoding: gzip`.
    """
    await charge_points(request, caller, await count_values(records))
    rejections: list[Rejection] = []
    outcome = await ingest.submit_batch(caller, _chunks(records, rejections, state), request_id)
    return _answer(outcome, rejections)


@routes.post(
    "/telemetry/{device_id:digits}/batch",
    operation_id="import_telemetry_batch",
    response_model=BatchAnswer,
    responses=problems(403, 404),
)
async def import_telemetry_batch(
    caller: User,
    device_id: DeviceId,
    records: Records,
    request: Request,
    ingest: IngestDep,
    history: HistoryDep,
    state: StateDep,
) -> Response:
    """Submit up to 10,000 records on a device's behalf. For back-fills and gateways: its presence and status stay.

    Bodies are as for a device's own batch.
    """
    await charge_points(request, await history.device(caller, device_id), await count_values(records))
    rejections: list[Rejection] = []
    outcome = await ingest.backfill(caller, device_id, _chunks(records, rejections, state))
    return _answer(outcome, rejections)


async def _chunks(
    records: Iterable[memoryview], rejections: list[Rejection], state: AppState
) -> AsyncIterator[dict[int, Submission]]:
    """Decode and validate records; yield the good ones by their index, and append what is wrong with the others.

    A chunk at a time is decoded: all of a batch of 16 MiB would take hundreds.
    """
    work = TimeSlice()
    chunk: dict[int, Submission] = {}
    values = size = 0
    for index, record in enumerate(records):
        await work.pause()
        try:
            submission = _submission(record, state.settings.max_body_bytes)
        except InvalidInput as error:
            rejections.append(Rejection(index, record_detail(error)))
            continue
        values += len(submission.values)
        size += record.nbytes
        if chunk and (values > VALUES_PER_CHUNK or size > BYTES_PER_CHUNK):
            yield chunk
            chunk, values, size = {}, len(submission.values), record.nbytes
        chunk[index] = submission
    if chunk:
        yield chunk


def _submission(record: memoryview, max_bytes: int) -> Submission:
    value = decode_record(record, max_bytes)
    try:
        return BatchRecord.model_validate(value).submission()
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InvalidInput([field_error(details, "body") for details in found]) from None


def _answer(outcome: BatchOutcome, rejections: list[Rejection]) -> Response:
    errors = sorted([*rejections, *outcome.rejections], key=lambda rejection: rejection.index)
    answer = {"accepted": outcome.accepted, "rejected": len(errors), "errors": errors}
    return Response(msgspec.json.encode(answer), media_type=JSON)
