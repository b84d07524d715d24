"""`iotflow import` of reduced files of real loggers and exports; tests/data/files/README.md gives what is right."""

import subprocess
import sys
from datetime import UTC as UTC_ZONE
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.http.account import PASSWORD, Account
from tests.cli.importer.importing import Run

FILES = Path(__file__).parents[2] / "data" / "files"
HALF_PAST = "2026-01-31T09:30:00.000Z"
MINUTE_LATER = "2026-01-31T09:31:00.000Z"
PIPE = {HALF_PAST: {"temp °C": 21.5, "note": "grün"}, MINUTE_LATER: {"temp °C": -3, "note": 'a, "b"'}}
FIRST_QUARTER = datetime(2025, 10, 25, 23, 30, tzinfo=UTC_ZONE)
HOBO_COLUMN = "Date Time, GMT-07:00"
HOBO_VALUE = "Temp °C (LGR S/N: 1 SEN S/N: 1)"
UTC = ["--timezone", "UTC"]
TIME = ["--time-column", "time"]
DATE = ["--time-column", "Date", "--timezone", "UTC"]
BERLIN = [*TIME, "--timezone", "Europe/Berlin"]
HOBO_TIME = ["--time-column", HOBO_COLUMN, "--timezone", "-07:00"]
HOBO = [*HOBO_TIME, "--skip-lines", "1", "--time-format", "%m/%d/%y %I:%M:%S %p"]
TEXTS = [option for name in ("fw", "code", "zip", "mac") for option in ("--text-field", name)]


class Case(NamedTuple):
    """An import: the stored points (None: not compared), and parts of the output in any order."""

    file: str
    options: list[str]
    points: dict[str, dict[str, Any]] | None
    messages: list[str] = []  # noqa: RUF012 - a tuple's default, never changed
    status: int = 0


CASES = [
    Case(
        "overwrite-two-column-date.csv",
        [*DATE, "--time-column", "Time", "--time-format", "%d/%m/%Y %H:%M"],
        {f"2026-01-31T0{hour}:00:00.000Z": {"v": hour + 1} for hour in range(3)},
    ),
    Case(
        "overwrite-two-column-date.csv",
        [*DATE, "--time-format", "%d/%m/%Y"],
        {"2026-01-31T00:00:00.000Z": {"Time": "02:00", "v": 3}},
        ["line 3: replaces line 2", "line 4: replaces line 2", "2 rows replaced", "--time-column", "--allow-replace"],
        1,
    ),
    Case(
        "overwrite-two-column-date.csv",
        [*DATE, "--time-format", "%d/%m/%Y", "--allow-replace"],
        {"2026-01-31T00:00:00.000Z": {"Time": "02:00", "v": 3}},
        ["time and name: 2"],
    ),
    Case(
        "overwrite-dst-repeated-hour.csv",
        [*BERLIN, "--dst-order"],
        {
            f"{FIRST_QUARTER + timedelta(minutes=15 * number):%Y-%m-%dT%H:%M:%S}.000Z": {"n": number}
            for number in range(16)
        },
    ),
    Case("overwrite-dst-repeated-hour.csv", BERLIN, None, ["4 rows replaced", "--dst-order"], 1),
    Case("dst-skipped-hour.csv", BERLIN, None, ["this local time does not exist", "--timezone +01:00"], 1),
    Case("dst-skipped-hour.csv", [*TIME, "--timezone", "+01:00"], {"2026-03-29T01:30:00.000Z": {"v": 1}}),
    Case(
        "unclosed-quote.csv",
        [*TIME, *UTC, "--max-errors", "1"],
        {f"2026-01-31T09:{minute}:00.000Z": {"note": "ok"} for minute in (30, 32, 33)},
        ["line 3: not CSV: a quote in this line does not close", "bad rows: 1"],
    ),
    Case("pipe.csv", [*TIME, *UTC], PIPE),
    Case(
        "semicolon-decimal-comma.csv",
        [*TIME, *UTC, "--time-format", "%d.%m.%Y %H:%M"],
        {HALF_PAST: {"temp": 1.5}},
        ["delimiter: ;", "decimal mark: ,"],
    ),
    Case("semicolon-decimal-comma.csv", [*TIME, *UTC], None, ["--time-format, like '%d.%m.%Y %H:%M'"], 1),
    Case(
        "decimal-comma.csv",
        [*TIME, *UTC],
        {HALF_PAST: {"temp": 1.5}, MINUTE_LATER: {"temp": 2.0}},
        ["decimal mark: , (as in '1,5'), detected; see --decimal"],
    ),
    Case("comment-line.csv", [*TIME, *UTC], {HALF_PAST: {"temp": 1}}, ["begin with #", "see --comment"]),
    Case("excel-sep-line.csv", [*TIME, *UTC], {HALF_PAST: {"temp": 1}}),
    Case("comma-in-column-name.csv", HOBO_TIME, None, ["line 2 has it: --skip-lines 1"], 2),
    Case(
        "comma-in-column-name.csv", HOBO_TIME[:2] + HOBO[4:6], None, ["--time-format, like '%m/%d/%y %I:%M:%S %p'"], 1
    ),
    Case(
        "comma-in-column-name.csv",
        [*HOBO, "--skip-field", "#"],
        {"2026-01-31T16:30:00.000Z": {HOBO_VALUE: 5.5}},
        ["without the comma; see --rename"],
    ),
    Case(
        "comma-in-column-name.csv",
        [*HOBO, "--skip-field", "#", "--rename", "Temp, °C (LGR S/N: 1, SEN S/N: 1)=temp"],
        {"2026-01-31T16:30:00.000Z": {"temp": 5.5}},
    ),
    Case("one-unnamed-column.csv", [*TIME, *UTC], {HALF_PAST: {"temp": 1}}, ["left out: 1"]),
    Case("two-unnamed-columns.csv", [*TIME, *UTC], {HALF_PAST: {"T": 1}}, ["left out: 2"]),
    Case("no-header.csv", [*TIME, *UTC], None, ["the first line looks like data", "--no-header --columns"], 2),
    Case(
        "no-header.csv",
        [*TIME, *UTC, "--no-header", "--columns", "time,t,h"],
        {HALF_PAST: {"t": 21.5, "h": 61}, MINUTE_LATER: {"t": 21.6, "h": 62}},
    ),
    Case("json-array.json", TIME, {HALF_PAST: {"t": 1}, MINUTE_LATER: {"t": 2}}),
    Case("nested.ndjson", ["--time-column", "ts"], None, ["--flatten"], 1),
    Case(
        "nested.ndjson",
        ["--time-column", "ts", "--field", "temperature"],
        {"2026-01-31T08:30:00.000Z": {"temperature": 21.5}},
    ),
    Case(
        "nested.ndjson",
        ["--time-column", "ts", "--flatten"],
        {"2026-01-31T08:30:00.000Z": {"temperature": 21.5, "update.state": "idle"}},
    ),
    Case("nan.ndjson", TIME, None, ["rows stored: 0", "t: 1 cells read as missing: 'nan'"]),
    Case(
        "field-typo.ndjson", [*TIME, "--field", "temp"], None, ["--field temp: no row has it; the rows have time, t"], 1
    ),
    Case("epoch-us.ndjson", TIME, {"2026-01-31T08:30:00.000Z": {"temp": 1}}),
    Case("hour-24.csv", [*TIME, *UTC], {"2026-02-01T00:00:00.000Z": {"temp": 1.5}}),
    Case(
        "missing-markers.csv",
        [*TIME, *UTC],
        {HALF_PAST: {"j": -999, "k": "#N/A"}, MINUTE_LATER: {"i": -9999.0, "j": "1_000", "k": "0x1F"}},
        [
            "h: 2 cells read as missing: 'n/a', '.'; no value is left",
            "i: 1 cells read as missing: 'NAN'",
            "a: 1 cells are no finite number, not stored: 'inf'; to store texts set --text-field 'a'",
            "j: 1 numbers, 1 texts: '1_000'; see --missing",
        ],
    ),
    Case(
        "missing-markers.csv",
        [*TIME, *UTC, "--field", "d", "--field", "j", "--text-field", "d", "--missing", "-999", "--missing", "1_000"],
        {HALF_PAST: {"d": "null"}, MINUTE_LATER: {"d": "1e400"}},
        ["j: 2 cells missing by --missing"],
    ),
    Case(
        "text-that-looks-like-a-number.csv",
        [*TIME, *UTC],
        None,
        [
            "fw: numbers that lost digits, like '1.10'; to keep texts set --text-field 'fw'",
            "code: numbers that lost digits, like '12e4'",
            "code: 1 numbers, 1 texts: 'ab34'",
            "zip: numbers that lost digits, like '00420'",
        ],
    ),
    Case(
        "text-that-looks-like-a-number.csv",
        [*TIME, *UTC, *TEXTS],
        {
            HALF_PAST: {"fw": "1.10", "code": "12e4", "zip": "00420", "mac": "001122334455"},
            MINUTE_LATER: {"fw": "1.9", "code": "ab34", "zip": "70173", "mac": "aabbccddeeff"},
        },
    ),
    Case("utf16.csv", [*TIME, *UTC], PIPE, ["encoding: utf-16"]),
    Case("zip.zip", [*TIME, *UTC], PIPE),
    Case(
        "wide-300.csv", [*TIME, *UTC], {HALF_PAST: {f"c{number}": 1 for number in range(300)}}, ["values stored: 300"]
    ),
]


def arguments(account: Account, file: object, options: list[str]) -> list[str]:
    login = ["--url", account.url, "--username", account.username]
    return ["import", str(file), "--device", "probe", *login, *options]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file} {' '.join(case.options[2:])}".strip() for case in CASES])
def test_a_file_is_stored_or_the_message_names_the_option(iotflow: Run, account: Account, case: Case) -> None:
    result = iotflow(*arguments(account, FILES / case.file, case.options))
    output = result.stdout + result.stderr
    assert result.exit_code == case.status, output
    for message in case.messages:
        assert message in output
    if case.points is not None:
        assert repr(sorted_points(account.points("probe"))) == repr(sorted_points(case.points))


def sorted_points(points: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return points with sorted names, so that types are compared by repr."""
    return {time: dict(sorted(values.items())) for time, values in sorted(points.items())}


def test_every_file_has_a_case() -> None:
    assert {case.file for case in CASES} == {path.name for path in FILES.iterdir()} - {"README.md"}


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_pipe_is_read_as_the_file(account: Account, name: str) -> None:
    command = [sys.executable, "-m", "iotflow", *arguments(account, name, [*TIME, *UTC])]
    content = (FILES / "pipe.csv").read_bytes()
    done = subprocess.run(
        command, input=content, env={"IOTFLOW_PASSWORD": PASSWORD}, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert account.points("probe") == PIPE
