"""`iotflow import` against a real service: accepted files and stored records."""

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.http.account import Account
from tests.cli.importer.importing import Importer, Run


def test_cells_keep_the_type_that_they_are_written_with(importer: Importer) -> None:
    result = importer(
        "time,i,d,e,big,yes,no,text,zeros\n"
        "2026-01-31T09:30:00Z,39,39.0,1e2,-9223372036854775808,true,FALSE,half 5,007\n"
        "2026-01-31T10:30:00+01:00,,,,,,,,\n"
        '2026-01-31T09:31:00.5Z,+4,-.5,3.,NA, NaN,nan,"a, ""b""\nc",0\n'
    )
    assert (result.exit_code, result.stderr) == (0, "")
    counts, lost_zeros, _ = result.stdout.rsplit("\n", 2)
    assert counts == "rows stored: 2\nvalues stored: 13\ndevices registered: 1\nrows without a value: 1"
    assert lost_zeros.startswith("zeros: numbers that lost digits, like '007'")
    assert repr(importer.points()) == repr(
        {
            "2026-01-31T09:30:00.000Z": {
                "big": -(2**63),
                "d": 39.0,
                "e": 100.0,
                "i": 39,
                "no": False,
                "text": "half 5",
                "yes": True,
                "zeros": 7,
            },
            "2026-01-31T09:31:00.500Z": {"d": -0.5, "e": 3.0, "i": 4, "text": 'a, "b"\nc', "zeros": 0},
        }
    )


@pytest.mark.parametrize("zipped", [False, True])
def test_ndjson_plain_and_gzip(importer: Importer, zipped: bool) -> None:
    rows = [
        {"time": "2026-01-31T09:30:00Z", "sensor": "north", "a": 1, "b": 1.0, "c": None, "d": "1", "e": True},
        {"time": 1769851860, "sensor": "south", "a": 2},
        {"time": 1769851860.5, "sensor": 7, "a": 3},
        {"time": 1769851920000, "sensor": "north", "b": "NA", "c": ""},
    ]
    content = "\ufeff" + "\n\n".join(json.dumps(row) for row in rows)
    path = importer.file(gzip.compress(content.encode()) if zipped else content, "rows")
    result = importer(path, "--device-column", "sensor", device=None)
    assert result.stdout == "rows stored: 3\nvalues stored: 6\ndevices registered: 3\nrows without a value: 1\n"
    north = importer.points("north")
    assert repr(north) == repr({"2026-01-31T09:30:00.000Z": {"a": 1, "b": 1.0, "d": "1", "e": True}})
    assert importer.points("south") == {"2026-01-31T09:31:00.000Z": {"a": 2}}
    assert importer.points("7") == {"2026-01-31T09:31:00.500Z": {"a": 3}}


def test_a_gzip_csv_with_a_byte_order_mark_and_windows_lines(importer: Importer) -> None:
    path = importer.file(gzip.compress("\ufefftime, temp\r\n2026-01-31T09:30:00Z, 21\r\n".encode()), "anything")
    assert importer(path).exit_code == 0
    assert importer.points() == {"2026-01-31T09:30:00.000Z": {"temp": 21}}


def test_fields_choose_columns_and_a_known_device_is_used_with_its_key_untouched(
    importer: Importer, account: Account
) -> None:
    body = {"name": "probe", "device_type": "sensor"}
    device = account.http.post("/devices/register", json=body).raise_for_status().json()["device"]
    result = importer("time,a,b,c\n2026-01-31T09:30:00Z,1,2,3\n", "--field", "c", "--field", "a")
    assert result.stdout == "rows stored: 1\nvalues stored: 2\n"
    assert importer.points() == {"2026-01-31T09:30:00.000Z": {"a": 1, "c": 3}}
    own = account.http.get("/devices/status", headers={"X-API-Key": device["api_key"], "Authorization": ""})
    assert own.json()["status"] == "inactive"
    assert account.devices() == {"probe": device["id"]}


def test_thousands_of_rows_of_many_devices_arrive_whole(importer: Importer, account: Account) -> None:
    lines = ["time,sensor,n"]
    lines += [f"{1_700_000_000 + number},s{number % 7 if number % 2 else 0},{number}" for number in range(12_000)]
    result = importer("\n".join(lines), "--device-column", "sensor", device=None)
    assert result.stdout == "rows stored: 12,000\nvalues stored: 12,000\ndevices registered: 7\n"
    found = [values["n"] for name in account.devices() for values in importer.points(name).values()]
    assert sorted(found) == list(range(12_000))


@pytest.mark.parametrize(
    ("cell", "options", "stored"),
    [
        ("2026-01-31 09:30", ["--timezone", "Europe/Berlin"], "2026-01-31T08:30:00.000Z"),
        ("2026-07-31T09:30:05.25", ["--timezone", "Europe/Berlin"], "2026-07-31T07:30:05.250Z"),
        ("2026-01-31", ["--timezone", "Asia/Tokyo"], "2026-01-30T15:00:00.000Z"),
        ("2026-01-31T09:30:00+05:30", ["--timezone", "Europe/Berlin"], "2026-01-31T04:00:00.000Z"),
        ("1769851800", [], "2026-01-31T09:30:00.000Z"),
        ("1769851800.25", [], "2026-01-31T09:30:00.250Z"),
        ("1769851800001", [], "2026-01-31T09:30:00.001Z"),
        ("31.01.26 9h30", ["--time-format", "%d.%m.%y %Hh%M", "--timezone", "UTC"], "2026-01-31T09:30:00.000Z"),
        ("20260131 0930 +0100", ["--time-format", "%Y%m%d %H%M %z"], "2026-01-31T08:30:00.000Z"),
        ("20260131", ["--time-format", "%Y%m%d", "--timezone", "UTC"], "2026-01-31T00:00:00.000Z"),
        ("1769851800000001", [], "2026-01-31T09:30:00.000Z"),
        ("1769851800001000001", [], "2026-01-31T09:30:00.001Z"),
        ("46053.3958333333", ["--time-format", "excel", "--timezone", "+00:00"], "2026-01-31T09:30:00.000Z"),
        ("2026-01-31 24:00", ["--timezone", "+01:00"], "2026-01-31T23:00:00.000Z"),
        ("2026-01-31T24:00:00Z", [], "2026-02-01T00:00:00.000Z"),
        ("31.01.2026 24:00", ["--time-format", "%d.%m.%Y %H:%M", "--timezone", "UTC"], "2026-02-01T00:00:00.000Z"),
        ("2026-01-31 10:30:00.25+01", [], "2026-01-31T09:30:00.250Z"),
        ("2026-01-31 09:30+0000", [], "2026-01-31T09:30:00.000Z"),
        ("2026-01-31 09:30:00 UTC", [], "2026-01-31T09:30:00.000Z"),
    ],
)
def test_times(importer: Importer, cell: str, options: list[str], stored: str) -> None:
    result = importer(f"time,a\n{cell},1\n", *options)
    assert result.exit_code == 0, result.stderr
    assert list(importer.points()) == [stored]


def test_a_repeated_local_time_is_the_earlier_and_a_skipped_one_a_bad_row(importer: Importer) -> None:
    content = (
        "time,a\n"
        "2025-11-02 00:59,0\n"
        "2025-11-02 01:00,1\n"
        "2025-11-02 01:59,2\n"
        "2025-11-02 02:00,3\n"
        "2026-03-08 01:59,4\n"
        "2026-03-08 02:00,5\n"
        "2026-03-08 02:59,6\n"
        "2026-03-08 03:00,7\n"
    )
    result = importer(content, "--timezone", "America/New_York", "--max-errors", 2)
    assert result.exit_code == 0
    skipped = "time: the clocks of America/New_York skipped 2026-03-08"
    advice = "; if the logger's clock is not changed, name its offset, like --timezone -05:00"
    assert result.stderr.splitlines() == [
        f"line 7: {skipped} 02:00:00: this local time does not exist{advice}",
        f"line 8: {skipped} 02:59:00: this local time does not exist{advice}",
    ]
    assert "local times that a clock change repeats, read as the earlier: 2\nbad rows: 2" in result.stdout
    assert importer.points() == {
        "2025-11-02T04:59:00.000Z": {"a": 0},
        "2025-11-02T05:00:00.000Z": {"a": 1},
        "2025-11-02T05:59:00.000Z": {"a": 2},
        "2025-11-02T07:00:00.000Z": {"a": 3},
        "2026-03-08T06:59:00.000Z": {"a": 4},
        "2026-03-08T07:00:00.000Z": {"a": 7},
    }


def test_batches_that_are_too_large_for_the_service_go_in_parts(
    iotflow: Run, tmp_path: Path, small_service: str
) -> None:
    with Account.fresh(small_service) as account:
        importer = Importer(iotflow, account, tmp_path)
        rows = [f"{1_700_000_000 + number},{number},{'x' * 200}" for number in range(100)]
        rows.insert(50, f"1700000100,100,{'x' * 3_000}")
        result = importer("\n".join(["time,n,text", *rows]), "--max-errors", 1)
        assert result.exit_code == 0
        assert result.stderr.startswith("line 52: ")
        assert "rows stored: 100\nvalues stored: 200\ndevices registered: 1\nbad rows: 1" in result.stdout
        assert [values["n"] for values in importer.points().values()] == list(range(100))
