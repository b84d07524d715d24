"""Telemetry, submitted many records at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Body, Request
from pydantic import ValidationError

from iotflow.api.access import Submitter, User, charge_points
from iotflow.api.bodies import BrokenRecord
from iotflow.api.deps import DeviceId, HistoryDep, IngestDep, RequestId
from iotflow.api.routes import BatchRoute, problems, router
from iotflow.api.schemas.telemetry import BatchAnswer, BatchRecord, RejectedRecord, UncheckedRecord
from iotflow.domain.telemetry import MAX_RECORDS_PER_BATCH
from iotflow.services.ingest import BatchOutcome, Rejection, Submission

RECORDS_BETWEEN_YIELDS = 250

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


@routes.post("/telemetry/batch", operation_id="submit_telemetry_batch")
async def submit_telemetry_batch(
    caller: Submitter, records: Records, request: Request, ingest: IngestDep, request_id: RequestId
) -> BatchAnswer:
    """Submit up to 10,000 records at once. Good ones are stored though others are bad.

    The body may also be NDJSON, one record a line, with the content type `application/x-ndjson`, and either may be
    compressed with `Content-Encoding: gzip`.
    """
    good, rejections = await _judged(records)
    await charge_points(request, caller, _points(good))
    outcome = await ingest.submit_batch(caller, good, request_id)
    return _answer(outcome, rejections)


@routes.post("/telemetry/{device_id:digits}/batch", operation_id="import_telemetry_batch", responses=problems(403, 404))
async def import_telemetry_batch(
    caller: User, device_id: DeviceId, records: Records, request: Request, ingest: IngestDep, history: HistoryDep
) -> BatchAnswer:
    """Submit up to 10,000 records on a device's behalf. For back-fills and gateways: its presence and status stay.

    Bodies are as for a device's own batch.
    """
    good, rejections = await _judged(records)
    await charge_points(request, await history.device(caller, device_id), _points(good))
    return _answer(await ingest.backfill(caller, device_id, good), rejections)


async def _judged(records: Sequence[object]) -> tuple[dict[int, Submission], list[Rejection]]:
    """The good records by their place, and what is wrong with the others."""
    good: dict[int, Submission] = {}
    rejections: list[Rejection] = []
    for index, record in enumerate(records):
        if index % RECORDS_BETWEEN_YIELDS == 0:
            await asyncio.sleep(0)
        if isinstance(record, BrokenRecord):
            rejections.append(Rejection(index, record.detail))
            continue
        try:
            good[index] = BatchRecord.model_validate(record).submission()
        except ValidationError as error:
            rejections.append(Rejection(index, _detail(error)))
    return good, rejections


def _points(submissions: Mapping[int, Submission]) -> int:
    return sum(len(submission.values) for submission in submissions.values())


def _detail(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in found['loc']) or 'record'}: {found['msg'].removeprefix('Value error, ')}"
        for found in error.errors(include_url=False, include_input=False)
    )


def _answer(outcome: BatchOutcome, rejections: list[Rejection]) -> BatchAnswer:
    errors = sorted([*rejections, *outcome.rejections], key=lambda rejection: rejection.index)
    return BatchAnswer(
        accepted=outcome.accepted,
        rejected=len(errors),
        errors=[RejectedRecord.model_validate(rejection) for rejection in errors],
    )
