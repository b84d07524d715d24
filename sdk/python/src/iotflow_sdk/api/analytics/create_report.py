from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.report_create import ReportCreate
from ...models.report_response import ReportResponse


def _get_kwargs(
    *,
    body: ReportCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/analytics/reports",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: ReportCreate,
) -> ReportResponse:
    """Request a report

    It is computed in the background: poll it until its `status` is not `pending`.

    Relative times of the period are resolved now. The newest 100 reports of an account are kept. Scope
    of personal access tokens: `write`.

    Args:
        body (ReportCreate): A report to compute. A device summary takes `device_id`, a group
            summary `group_id`, an account summary none.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        ReportResponse,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: ReportCreate,
) -> ReportResponse:
    """Request a report

    It is computed in the background: poll it until its `status` is not `pending`.

    Relative times of the period are resolved now. The newest 100 reports of an account are kept. Scope
    of personal access tokens: `write`.

    Args:
        body (ReportCreate): A report to compute. A device summary takes `device_id`, a group
            summary `group_id`, an account summary none.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        ReportResponse,
        **_get_kwargs(
            body=body,
        ),
    )
