"""Rows wait for full batches within bounds, and keep their order."""

import pytest

from iotflow.cli.importer.pending import MAX_BATCH_ROWS, MAX_PENDING_BYTES, MAX_PENDING_ROWS, PendingRows
from iotflow.cli.importer.rows import Row
from iotflow.domain.times import Millis


def row(line: int, device: str, size: int = 20) -> Row:
    return Row(line, device, Millis(line), {"n": line}, repeated=False, size=size)


def lines(rows: list[Row]) -> list[int]:
    return [row.line for row in rows]


def test_full_batches_are_due_and_the_rest_waits() -> None:
    pending = PendingRows()
    pending.add(row(line, "a") for line in range(2 * MAX_BATCH_ROWS + 5))
    pending.add(row(line, "b") for line in range(7))
    due = pending.take_due()
    assert {device: lines(rows) for device, rows in due.items()} == {"a": list(range(2 * MAX_BATCH_ROWS))}
    assert len(pending) == 12
    pending.add([row(9_999, "a")])
    rest = pending.take_all()
    assert lines(rest["a"]) == [*range(2 * MAX_BATCH_ROWS, 2 * MAX_BATCH_ROWS + 5), 9_999]
    assert lines(rest["b"]) == list(range(7))
    assert len(pending) == 0


def test_over_the_limit_of_rows_the_longest_devices_go_first() -> None:
    pending = PendingRows()
    devices = MAX_PENDING_ROWS // 500
    pending.add(row(line, f"d{line % devices}") for line in range(MAX_PENDING_ROWS))
    assert pending.take_due() == {}
    pending.add(row(MAX_PENDING_ROWS + line, "d3") for line in range(10))
    due = pending.take_due()
    assert list(due) == ["d3"]
    assert lines(due["d3"]) == [*range(3, MAX_PENDING_ROWS, devices), *range(MAX_PENDING_ROWS, MAX_PENDING_ROWS + 10)]
    assert len(pending) == MAX_PENDING_ROWS - 500


@pytest.mark.parametrize("size", [MAX_PENDING_BYTES // 100, MAX_PENDING_BYTES * 2])
def test_the_bytes_that_wait_are_bounded(size: int) -> None:
    pending = PendingRows()
    for line in range(300):
        pending.add([row(line, f"d{line % 150}", size)])
        pending.take_due()
        assert len(pending) * size <= MAX_PENDING_BYTES


def test_a_device_with_full_batches_is_due_once_when_all_is_full() -> None:
    pending = PendingRows()
    pending.add(row(line, "a") for line in range(MAX_PENDING_ROWS + 500))
    pending.add([row(1, "b", MAX_PENDING_BYTES + 1)])
    due = pending.take_due()
    assert lines(due["a"]) == list(range(MAX_PENDING_ROWS + 500))
    assert len(pending) == 0
