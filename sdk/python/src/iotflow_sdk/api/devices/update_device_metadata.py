from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_metadata import DeviceMetadata
from ...models.device_metadata_update import DeviceMetadataUpdate


def _get_kwargs(
    device_id: int,
    *,
    body: DeviceMetadataUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PATCH",
        "path": "/api/v1/devices/{device_id}/metadata".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: DeviceMetadataUpdate,
) -> DeviceMetadata:
    """Update some of a device's metadata

    Given fields are replaced as a whole. Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        body (DeviceMetadataUpdate): Changes of metadata. Absent fields keep their values, given
            ones are replaced as a whole; null clears a field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceMetadata,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    body: DeviceMetadataUpdate,
) -> DeviceMetadata:
    """Update some of a device's metadata

    Given fields are replaced as a whole. Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        body (DeviceMetadataUpdate): Changes of metadata. Absent fields keep their values, given
            ones are replaced as a whole; null clears a field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceMetadata,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )
