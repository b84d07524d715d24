"""The clients: a connection with the calls on telemetry and lists that the generated operations leave to the caller.

Every other operation is a module of `iotflow_sdk.api`, which takes the client:
`register_device.sync(client, body=DeviceCreate(...))`, or `await register_device.asyncio(client, body=...)`.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime

from .api.devices import list_devices_of_user
from .api.events import list_events
from .api.telemetry import get_latest_telemetry, get_telemetry, list_telemetry_of_user
from .connection import AsyncConnection, Connection
from .models.batch_result import BatchResult
from .models.device import Device
from .models.event import Event
from .models.event_type import EventType
from .models.get_telemetry_order import GetTelemetryOrder
from .models.latest_value import LatestValue
from .models.submit_result import SubmitResult
from .models.telemetry_record import TelemetryRecord
from .models.user_record import UserRecord
from .pages import async_pages, pages
from .records import MeasuredValue, Record, Time, batch_body, idempotency_key, optional_time, record_body
from .types import UNSET

SUBMIT_PATH = "/api/v1/telemetry"
DEVICES_PER_PAGE = 1_000
ME = "me"
"""The id of the caller's account."""


class Client(Connection):
    """A client of one caller. The iterators read a page when its first item is due."""

    def submit(
        self,
        values: Mapping[str, MeasuredValue | None],
        *,
        time: datetime | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> SubmitResult:
        """Submit a record of this device. None is no reading. Sent again after an error, it is stored once."""
        body, headers = record_body(values, time, metadata), idempotency_key(time)
        return self.call(SubmitResult, "POST", SUBMIT_PATH, json=body, headers=headers, idempotent=True)

    def submit_batch(self, records: Iterable[Record], *, device_id: int | None = None) -> BatchResult:
        """Submit records with times, of this device or as a user of one of the user's devices, by its id."""
        return self.call(BatchResult, "POST", batch_path(device_id), json=batch_body(records))

    def latest(self, device_id: int) -> dict[str, LatestValue]:
        """Return the newest value of each name. Raises NotFound for a device that never sent any."""
        return get_latest_telemetry.sync(self, device_id).latest_data.additional_properties

    def history(
        self,
        device_id: int,
        *,
        start_time: Time | None = None,
        end_time: Time | None = None,
        fields: Iterable[str] = (),
        ascending: bool = False,
        page_size: int = 1_000,
    ) -> Iterator[TelemetryRecord]:
        """Yield a device's records, by default those of the last hour, the newest first."""
        start, end = optional_time(start_time), optional_time(end_time)
        order = GetTelemetryOrder.ASC if ascending else GetTelemetryOrder.DESC
        names = ",".join(fields) or UNSET
        found = pages(
            lambda cursor: get_telemetry.sync(
                self,
                device_id,
                start_time=start,
                end_time=end,
                fields=names,
                order=order,
                limit=page_size,
                cursor=cursor,
            )
        )
        return (record for page in found for record in page.data)

    def feed(
        self,
        user_id: str = ME,
        *,
        start_time: Time | None = None,
        end_time: Time | None = None,
        page_size: int = 100,
    ) -> Iterator[UserRecord]:
        """Yield the records of all devices of a user, by default those of the last day, the newest first."""
        start, end = optional_time(start_time), optional_time(end_time)
        found = pages(
            lambda cursor: list_telemetry_of_user.sync(
                self, user_id, start_time=start, end_time=end, limit=page_size, cursor=cursor
            )
        )
        return (record for page in found for record in page.telemetry)

    def events(
        self,
        *,
        user_id: str | None = None,
        device_id: int | None = None,
        event_type: EventType | None = None,
        start_time: Time | None = None,
        end_time: Time | None = None,
        page_size: int = 100,
    ) -> Iterator[Event]:
        """Yield the events of an account, by default the caller's, the newest first."""
        start, end = optional_time(start_time), optional_time(end_time)
        found = pages(
            lambda cursor: list_events.sync(
                self,
                user_id=user_id or UNSET,
                device_id=device_id or UNSET,
                event_type=event_type or UNSET,
                start_time=start,
                end_time=end,
                limit=page_size,
                cursor=cursor,
            )
        )
        return (event for page in found for event in page.events)

    def devices(self, user_id: str = ME) -> Iterator[Device]:
        """Yield the devices of a user."""
        offset, total = 0, 1
        while offset < total:
            page = list_devices_of_user.sync(self, user_id, limit=DEVICES_PER_PAGE, offset=offset)
            yield from page.devices
            offset += len(page.devices)
            total = page.meta.total if page.devices else 0


class AsyncClient(AsyncConnection):
    """A client of one caller, for asyncio. The iterators read a page when its first item is due."""

    async def submit(
        self,
        values: Mapping[str, MeasuredValue | None],
        *,
        time: datetime | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> SubmitResult:
        """Submit a record of this device. None is no reading. Sent again after an error, it is stored once."""
        body, headers = record_body(values, time, metadata), idempotency_key(time)
        return await self.call(SubmitResult, "POST", SUBMIT_PATH, json=body, headers=headers, idempotent=True)

    async def submit_batch(self, records: Iterable[Record], *, device_id: int | None = None) -> BatchResult:
        """Submit records with times, of this device or as a user of one of the user's devices, by its id."""
        return await self.call(BatchResult, "POST", batch_path(device_id), json=batch_body(records))

    async def latest(self, device_id: int) -> dict[str, LatestValue]:
        """Return the newest value of each name. Raises NotFound for a device that never sent any."""
        return (await get_latest_telemetry.asyncio(self, device_id)).latest_data.additional_properties

    async def history(
        self,
        device_id: int,
        *,
        start_time: Time | None = None,
        end_time: Time | None = None,
        fields: Iterable[str] = (),
        ascending: bool = False,
        page_size: int = 1_000,
    ) -> AsyncIterator[TelemetryRecord]:
        """Yield a device's records, by default those of the last hour, the newest first."""
        start, end = optional_time(start_time), optional_time(end_time)
        order = GetTelemetryOrder.ASC if ascending else GetTelemetryOrder.DESC
        names = ",".join(fields) or UNSET
        found = async_pages(
            lambda cursor: get_telemetry.asyncio(
                self,
                device_id,
                start_time=start,
                end_time=end,
                fields=names,
                order=order,
                limit=page_size,
                cursor=cursor,
            )
        )
        async for page in found:
            for record in page.data:
                yield record

    async def feed(
        self,
        user_id: str = ME,
        *,
        start_time: Time | None = None,
        end_time: Time | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[UserRecord]:
        """Yield the records of all devices of a user, by default those of the last day, the newest first."""
        start, end = optional_time(start_time), optional_time(end_time)
        found = async_pages(
            lambda cursor: list_telemetry_of_user.asyncio(
                self, user_id, start_time=start, end_time=end, limit=page_size, cursor=cursor
            )
        )
        async for page in found:
            for record in page.telemetry:
                yield record

    async def events(
        self,
        *,
        user_id: str | None = None,
        device_id: int | None = None,
        event_type: EventType | None = None,
        start_time: Time | None = None,
        end_time: Time | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Event]:
        """Yield the events of an account, by default the caller's, the newest first."""
        start, end = optional_time(start_time), optional_time(end_time)
        found = async_pages(
            lambda cursor: list_events.asyncio(
                self,
                user_id=user_id or UNSET,
                device_id=device_id or UNSET,
                event_type=event_type or UNSET,
                start_time=start,
                end_time=end,
                limit=page_size,
                cursor=cursor,
            )
        )
        async for page in found:
            for event in page.events:
                yield event

    async def devices(self, user_id: str = ME) -> AsyncIterator[Device]:
        """Yield the devices of a user."""
        offset, total = 0, 1
        while offset < total:
            page = await list_devices_of_user.asyncio(self, user_id, limit=DEVICES_PER_PAGE, offset=offset)
            for device in page.devices:
                yield device
            offset += len(page.devices)
            total = page.meta.total if page.devices else 0


def batch_path(device_id: int | None) -> str:
    """Return the path of a batch, of this device or of one of the user's."""
    return f"{SUBMIT_PATH}/batch" if device_id is None else f"{SUBMIT_PATH}/{device_id}/batch"
