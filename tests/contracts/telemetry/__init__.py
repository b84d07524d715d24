"""Contract of the telemetry interface."""

from tests.contracts.telemetry.aggregates import AggregateContract
from tests.contracts.telemetry.deleting import DeletingContract
from tests.contracts.telemetry.latest import LatestContract
from tests.contracts.telemetry.records import RecordsContract
from tests.contracts.telemetry.retention import RetentionContract
from tests.contracts.telemetry.writing import WritingContract


class TelemetryContract(
    WritingContract, LatestContract, RecordsContract, DeletingContract, RetentionContract, AggregateContract
):
    """The whole contract of `iotflow.repositories.telemetry`."""
