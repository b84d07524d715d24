from typing import Any
from urllib.parse import quote
from uuid import UUID

from ...connection import AsyncConnection, Connection
from ...models.report_response import ReportResponse


def _get_kwargs(
    report_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/analytics/reports/{report_id}".format(
            report_id=quote(str(report_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    report_id: UUID,
) -> ReportResponse:
    """Get a report with its result

    Scope of personal access tokens: `read`.

    Args:
        report_id (UUID):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        ReportResponse,
        **_get_kwargs(
            report_id=report_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    report_id: UUID,
) -> ReportResponse:
    """Get a report with its result

    Scope of personal access tokens: `read`.

    Args:
        report_id (UUID):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        ReportResponse,
        **_get_kwargs(
            report_id=report_id,
        ),
    )
