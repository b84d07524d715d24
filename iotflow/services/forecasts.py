"""Forecasts of devices' measurements."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.analytics import range_error
from iotflow.domain.context import Context
from iotflow.domain.errors import InvalidInput, NotInstalled
from iotflow.domain.forecasts import (
    HOUR_MS,
    MAX_HISTORY_DAYS,
    Accuracy,
    Forecast,
    History,
    Prediction,
    backtest,
    build_history,
    history_error,
)
from iotflow.domain.names import normalize
from iotflow.domain.permissions import require_managed_device, require_user
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.transactions import Transactions
from iotflow.services import forecast_model
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.telemetry_queries import TelemetryQueries

UTC = ZoneInfo("UTC")
HOURS = Window(HOUR_MS)


class Forecasts:
    """Forecasts of devices' measurements, one at a time in a thread. For devices' owners and administrators."""

    def __init__(
        self, transactions: Transactions, telemetry: TelemetryQueries, bulk_reads: BulkReads, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._bulk_reads = bulk_reads
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="forecast")

    def close(self) -> None:
        """Start no further forecast."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def forecast(self, context: Context, device_id: int, name: str, start: Millis, hours: int) -> Forecast:
        """Forecast the hourly means of a measurement from the current hour on, from its means since `start`.

        Raises:
        - Unauthenticated, Forbidden, NotFound: by `require_managed_device`; NotFound also for a name that the device's
          catalogue lacks.
        - InvalidInput: a history of more than `MAX_HISTORY_DAYS`, or one that is not enough.
        - NotInstalled: the extra `iotflow[forecast]` is missing. Checked last: other errors do not depend on it.
        - Overloaded: too many bulk reads of the caller's account, or more than one may take.
        - StoreUnavailable.

        """
        caller = require_user(context.principal, TokenScope.READ)
        async with self._transactions.read() as transaction:
            found = await transaction.devices.get(device_id)
        device = require_managed_device(caller, device_id, found, TokenScope.READ)
        history = await self._history(context, device_id, name, start)
        if not forecast_model.is_installed():
            raise NotInstalled("forecasts need more packages: the operator can install iotflow[forecast]")
        async with self._bulk_reads.slot(caller.user_id):
            loop = asyncio.get_running_loop()
            predictions, accuracy = await loop.run_in_executor(self._thread, _compute, history, hours)
        return Forecast(device.summary(), normalize(name), history, predictions, accuracy)

    async def _history(self, context: Context, device_id: int, name: str, start: Millis) -> History:
        now = self._clock.now()
        end = Millis(now // HOUR_MS * HOUR_MS)
        first = Millis(-(-start // HOUR_MS) * HOUR_MS)
        whole_hours = TimeRange(first, max(first, end))
        # The default begins 14 days before a time that is a little earlier than `now`: only whole hours count.
        if error := range_error(whole_hours, now, MAX_HISTORY_DAYS):
            raise InvalidInput.at("query", "start_time", message=error)
        windows = await self._telemetry.aggregate(context, device_id, name, Aggregation.MEAN, whole_hours, HOURS, UTC)
        means = {window.start: float(window.value) for window in windows if isinstance(window.value, int | float)}
        history = build_history(means, end)
        if error := history_error(history):
            raise InvalidInput.at("query", "field", message=error)
        return history


def _compute(history: History, hours: int) -> tuple[list[Prediction], Accuracy | None]:
    predictions = forecast_model.predict(history.means, hours, history.method)
    return predictions, backtest(history, forecast_model.predict)
