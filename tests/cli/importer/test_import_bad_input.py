"""`iotflow import` against a real service: bad rows, damaged files, wrong options, and the messages."""

import gzip
import json

import pytest

from tests.cli.importer.importing import Importer

BAD_ROWS = {
    "2026-02-30T00:00:00Z,1": "time: not a time of the calendar",
    "noon,1": "time: expected an RFC 3339 time",
    "20260131,1": "time: expected an RFC 3339 time",
    "1969-12-31T23:59:59Z,1": "time: times before 1970-01-01T00:00:00Z are not taken",
    ",1": "time: no time",
    "2026-01-31T09:31:00Z,1,2": "3 cells; the header has 2",
    "2026-01-31T09:31:00Z": "1 cells; the header has 2",
    "2026-01-31T09:31:00Z,9223372036854775808": "a: an integer has 64 bits",
    f"2026-01-31T09:31:00Z,{'9' * 5_000}": "a: an integer has 64 bits",
    f"2026-01-31T09:31:00Z,{'x' * 4_097}": "a: a string has at most 4096 bytes",
    '2026-01-31T09:31:00Z,"1"2': "not CSV",
    "9999-01-01T00:00:00Z,1": "timestamp: ",
}


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_a_bad_row_stops_the_import_after_the_rows_before_it(importer: Importer, bad: str) -> None:
    content = f"time,a\n2026-01-31T09:30:00Z,1\n{bad}\n"
    result = importer(content)
    assert result.exit_code == 1
    assert result.stdout == "rows stored: 1\nvalues stored: 1\ndevices registered: 1\nbad rows: 1\n"
    bad_row, stopped = result.stderr.splitlines()
    assert bad_row.startswith(f"line 3: {BAD_ROWS[bad]}")
    assert stopped == "stopped: more than 0 bad rows (see --max-errors)"
    assert importer.points() == {"2026-01-31T09:30:00.000Z": {"a": 1}}


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_a_bad_row_is_skipped_if_errors_are_allowed(importer: Importer, bad: str) -> None:
    content = f"time,a\n2026-01-31T09:30:00Z,1\n{bad}\n\n2026-01-31T09:32:00Z,3\n"
    result = importer(content, "--max-errors", 1)
    assert result.exit_code == 0
    assert result.stdout == "rows stored: 2\nvalues stored: 2\ndevices registered: 1\nbad rows: 1\n"
    assert result.stderr.startswith(f"line 3: {BAD_ROWS[bad]}")
    assert importer.points() == {"2026-01-31T09:30:00.000Z": {"a": 1}, "2026-01-31T09:32:00.000Z": {"a": 3}}


def test_no_row_after_the_limit_of_bad_rows_is_sent(importer: Importer) -> None:
    rows = [
        f"2026-01-31T09:{minute}:00Z,{'' if minute == 30 else 'x' * 5_000 if minute in (20, 40) else minute}"
        for minute in range(10, 60)
    ]
    result = importer("\n".join(["time,a", *rows]), "--max-errors", 1)
    assert result.exit_code == 1
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["line 12", "line 32", "stopped"]
    expected = [minute for minute in range(10, 40) if minute not in (20, 30)]
    assert [values["a"] for values in importer.points().values()] == expected


def test_rows_that_the_service_refuses_are_reported_by_line_and_stop_the_import(importer: Importer) -> None:
    ahead = "2999-01-01T00:00:00Z"
    rows = [f"{ahead if number in (5, 8) else 1_700_000_000 + number},first,{number}" for number in range(10)]
    content = "\n".join(["time,sensor,n", *rows, "1700000010,second,10", ""])
    result = importer(content, "--device-column", "sensor", device=None)
    assert result.exit_code == 1
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["line 7", "line 10", "stopped"]
    assert result.stdout == "rows stored: 8\nvalues stored: 8\ndevices registered: 1\nbad rows: 2\n"
    assert list(importer.account.devices()) == ["first"]


def test_a_device_that_cannot_be_registered_makes_its_rows_bad(importer: Importer) -> None:
    content = f"time,sensor,a\n1700000000,{'x' * 129},1\n1700000000,good,2\n1700000001,{'x' * 129},3\n1700000001,NA,4\n"
    result = importer(content, "--device-column", "sensor", "--max-errors", 3, device=None)
    assert result.exit_code == 0
    assert sorted(line.partition(":")[0] for line in result.stderr.splitlines()) == ["line 2", "line 4", "line 5"]
    assert "name" in result.stderr
    assert list(importer.account.devices()) == ["good"]


@pytest.mark.parametrize(
    "row", ["[1]", '{"time": 1', '{"time":1700000000,"a":[1]}', '{"time":1700000000,"a":{"b":NaN}}', "1"]
)
def test_bad_ndjson(importer: Importer, row: str) -> None:
    path = importer.file(f'{{"time":1700000000,"a":1}}\n{row}\n{{"time":1700000002,"a":2}}\n')
    result = importer(path, "--max-errors", 1)
    assert result.stderr.startswith("line 2: expected a flat JSON object: ")
    assert [values["a"] for values in importer.points().values()] == [1, 2]


@pytest.mark.parametrize("name", ["a,b", " a", "", "x" * 129])
def test_an_invalid_measurement_name(importer: Importer, name: str) -> None:
    path = importer.file(json.dumps({"time": 1700000000, name: 1}))
    result = importer(path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"line 1: {name}: a measurement's name ")


WRONG_USE = [
    ("missing.csv", None, [], "missing.csv: No such file or directory"),
    (".", None, [], "Is a directory"),
    ("rows", "", [], "rows: the file is empty"),
    ("rows", "\n\n", [], "rows: the file is empty"),
    ("rows", b"time,a\n1700000000,\xff\n", [], "rows, line 2: not UTF-8"),
    ("rows", "time,a".encode("utf-16-be"), [], "rows: null characters; name the --encoding"),
    ("rows", "time,a".encode("utf-16") + b"\0", [], "rows, after line 0: not utf-16"),
    ("rows", "time,a\n1,1\n", ["--encoding", "klingon"], "--encoding klingon: unknown"),
    ("rows", "time,a\n1,1\n", ["--delimiter", "::"], "--delimiter ::: expected one character, or tab"),
    ("rows", "time,a\n1,1\n", ["--decimal", "x"], "--decimal x: expected . or ,"),
    ("rows", "time,a\n1,1\n", ["--name-column", "a"], "expected --name-column and --value-column together"),
    ("rows", "time,a\n1,1\n", ["--rename", "a"], "--rename a: expected OLD=NEW"),
    ("rows", "time,a\n1,1\n", ["--rename", "b=c"], "--rename b: no such column"),
    ("rows", "time,a,b\n1,1,1\n", ["--rename", "a=b"], "--rename: two columns would be stored as 'b'"),
    ("rows", "time,a\n1,1\n", ["--columns", "time,a,b"], "rows, line 1: 2 cells; --columns names 3"),
    ("rows.json", '[{"time":1700000000,"a":1} {}]', [], "rows.json, line 1: expected , or ] in a JSON array"),
    ("rows.json", '[{"time":1700000000,"a":1}', [], "rows.json, line 1: expected , or ] in a JSON array"),
    ("rows.json", '[{"time":1700000000,"a":1}]\n1', [], "rows.json, line 2: text after the end of the JSON array"),
    ("rows", gzip.compress(b"time,a\n" + b"1700000000,1\n" * 9)[:-9], [], "damaged gzip"),
    ("rows", b"\x1f\x8bno gzip at all", [], "damaged gzip"),
    ("rows", "time," + "a" * 2**20, [], "rows, line 1: longer than"),
    ("rows", "when,a\n1700000000,1\n", [], "--time-column time: no such column; the file has when, a"),
    ("rows", "time,a\n1700000000,1\n", ["--field", "b"], "--field b: no such column; the file has time, a"),
    ("rows", "time,a,a\n1700000000,1,1\n", [], "rows, line 1: the header names 'a' more than once"),
    ("rows", "time,\n1700000000,1\n", [], "column '': a measurement's name has 1 to 128 characters"),
    ("rows", "time,a\n2026-01-31 09:30,1\n", [], "line 2: a time without an offset: set --timezone"),
    ("rows", "time,a\n31.1.2026,1\n", ["--time-format", "%d.%m.%Y"], "line 2: a time without an offset:"),
    ("rows", "time,a\n1700000000,1\n", ["--timezone", "Mars/Olympus"], "--timezone Mars/Olympus: expected an IANA"),
    ("rows", "time,a\n1700000000,1\n", ["--time-format", "%Y %Z"], "--time-format: %Z loses the zone"),
    ("rows", "time,a\n1700000000,1\n", ["--device-column", "a"], "expected either --device"),
    ("rows", "time,a\n1700000000,1\n", ["--url", "localhost:8000"], "--url localhost:8000: expected an address"),
]


@pytest.mark.parametrize(("name", "content", "options", "message"), WRONG_USE, ids=[case[-1] for case in WRONG_USE])
def test_a_usage_error_is_one_line_and_status_2(
    importer: Importer, name: str, content: str | bytes | None, options: list[str], message: str
) -> None:
    path = importer.directory / name if content is None else importer.file(content, name)
    result = importer(path, *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_number_that_is_not_finite_is_not_stored_and_reported(importer: Importer) -> None:
    result = importer("time,a,b\n1700000000,1e999,1\n1700000001,2,-Infinity\n")
    assert result.exit_code == 0
    assert "a: 1 cells are no finite number, not stored: '1e999'; to store texts set --text-field 'a'" in result.stdout
    assert list(importer.points().values()) == [{"b": 1}, {"a": 2}]


def test_neither_device_nor_column(importer: Importer) -> None:
    result = importer("time,a\n1700000000,1\n", device=None)
    assert (result.exit_code, "expected either --device" in result.stderr) == (2, True)


def test_rows_stored_before_the_damage_of_a_file_are_reported(importer: Importer) -> None:
    path = importer.file(b"time,a\n1700000000,1\n1700000001,\xff\n1700000002,3\n")
    result = importer(path)
    assert result.exit_code == 2
    assert "line 3: not UTF-8" in result.stderr
    assert result.stdout == "rows stored: 1\nvalues stored: 1\ndevices registered: 1\n"
    assert list(importer.points()) == ["2023-11-14T22:13:20.000Z"]
