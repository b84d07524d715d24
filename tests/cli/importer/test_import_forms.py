"""`iotflow import` of files of other forms: compression, long format, quotes, missing values, dry run."""

import bz2
import io
import lzma
import shlex
import zipfile
from collections.abc import Callable

import pytest

from tests.cli.http.account import Account
from tests.cli.http.misbehaving_server import Answer, misbehaving_server
from tests.cli.importer.importing import Importer

LONG = ("--name-column", "what", "--value-column", "value")
CSV = b"time,a\n1700000000,1\n1700000001,2\n"


def zst(content: bytes) -> bytes:
    from backports import zstd

    return zstd.compress(content)


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress, zst])
def test_compressed_files(importer: Importer, compress: Callable[[bytes], bytes]) -> None:
    result = importer(importer.file(compress(CSV)))
    assert result.exit_code == 0, result.stderr
    assert [values["a"] for values in importer.points().values()] == [1, 2]


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress, zst])
def test_a_compressed_file_that_is_cut_off_is_damaged(importer: Importer, compress: Callable[[bytes], bytes]) -> None:
    result = importer(importer.file(compress(CSV * 50)[:-8]))
    assert result.exit_code == 2
    assert "damaged" in result.stderr


def test_an_archive_of_two_files(importer: Importer) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    result = importer(importer.file(content.getvalue(), "two.zip"))
    assert result.exit_code == 2
    assert "the archive has 2 files; import one with unzip -p ARCHIVE NAME | iotflow import -" in result.stderr


def test_comments_and_names_by_option(importer: Importer) -> None:
    content = "made by hand\ntime,a,b\n1700000000,1,x\n! 1700000001,2,x\n1700000002,3,y\n"
    options = ("--skip-lines", 1, "--comment", "!", "--columns", "time,temp,room", "--rename", "room=place")
    result = importer(content, *options)
    assert (result.exit_code, result.stderr) == (0, "")
    assert list(importer.points().values()) == [{"place": "x", "temp": 1}, {"place": "y", "temp": 3}]


def test_an_encoding_by_name(importer: Importer) -> None:
    path = importer.file("time,temp °C\n1700000000,grün\n".encode("cp1252"))
    assert "name the --encoding" in importer(path).stderr
    assert importer(path, "--encoding", "cp1252").exit_code == 0
    assert list(importer.points().values()) == [{"temp °C": "grün"}]


def test_long_format(importer: Importer) -> None:
    rows = "time,what,value\n1700000000,temp,1.5\n1700000000,state,on\n1700000001,temp,2\n1700000001,x,1\n"
    result = importer(rows, *LONG, "--skip-field", "x")
    assert result.exit_code == 0, result.stderr
    assert list(importer.points().values()) == [{"state": "on", "temp": 1.5}, {"temp": 2}]


def test_long_rows_of_one_time_are_one_record_and_replace_nothing(importer: Importer) -> None:
    records: list[int] = []

    def alter(answer: Answer) -> None:
        if answer.path.endswith("/batch"):
            records.append(answer.body["accepted"])

    names = [f"n{number}" for number in range(20)]
    by_name = [f"{1_700_000_000 + second},{name},{second}" for name in names for second in range(3)]
    with misbehaving_server(importer.account.url, alter) as url:
        result = importer("\n".join(["time,what,value", *by_name]), *LONG, "--url", url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "rows stored: 60\nvalues stored: 60\ndevices registered: 1\n"
    assert records == [3]
    assert list(importer.points().values()) == [dict.fromkeys(sorted(names), second) for second in range(3)]


def test_a_long_row_that_repeats_a_name_replaces_it(importer: Importer) -> None:
    rows = ["time,what,value", "1700000000,a,1", "1700000000,b,2", "1700000000,a,3", "1700000000,c,4"]
    result = importer("\n".join(rows), *LONG)
    assert result.exit_code == 1
    assert result.stderr.startswith("line 4: replaces line 2 ")
    assert "time and name: 1\n" in result.stdout
    assert list(importer.points().values()) == [{"a": 3, "b": 2, "c": 4}]


def test_a_bad_row_costs_no_other_of_its_time(importer: Importer) -> None:
    rows = ["time,what,value", "1700000000,a,1", f"1700000000,b,{'x' * 5_000}", "1700000000,c,3", "1700000000,a,4"]
    result = importer("\n".join(rows), *LONG, "--max-errors", 1, "--allow-replace")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith("line 3: ")
    assert "rows stored: 3\nvalues stored: 3\n" in result.stdout
    assert list(importer.points().values()) == [{"a": 4, "c": 3}]


def test_the_order_of_a_repeated_hour_is_that_of_each_device(importer: Importer) -> None:
    times = ("01:30", "02:30", "02:15", "03:30")
    rows = [f"2025-10-26 {time},{device},{number}" for number, time in enumerate(times) for device in ("x", "y")]
    content = "\n".join(["time,sensor,n", *rows])
    options = ("--device-column", "sensor", "--timezone", "Europe/Berlin", "--dst-order")
    result = importer(content, *options, device=None)
    assert result.exit_code == 0, result.stderr
    for device in ("x", "y"):
        assert [(time[11:16], values["n"]) for time, values in importer.points(device).items()] == [
            ("23:30", 0),
            ("00:30", 1),
            ("01:15", 2),
            ("02:30", 3),
        ]


@pytest.mark.parametrize("position", [0, 500, 998])
def test_an_open_quote_costs_one_row_wherever_it_is(importer: Importer, position: int) -> None:
    rows = [f'{1_700_000_000 + number},{number},"text"' for number in range(1_000)]
    rows[position] = f'{1_700_000_000 + position},{position},"text'
    result = importer("\n".join(["time,n,text", *rows]), "--max-errors", 1)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith(f"line {position + 2}: not CSV: ")
    assert [values["n"] for values in importer.points().values()] == [n for n in range(1_000) if n != position]


def test_marks_are_texts_in_a_column_of_texts(importer: Importer) -> None:
    rows = ["time,state,temp", "1700000000,on,1", "1700000001,unknown,unknown", "1700000002,off,3"]
    result = importer("\n".join(rows))
    assert "temp: 1 cells read as missing: 'unknown'\n" in result.stdout
    assert list(importer.points().values()) == [
        {"state": "on", "temp": 1},
        {"state": "unknown"},
        {"state": "off", "temp": 3},
    ]


def test_replaced_rows_are_found_across_names_and_out_of_order(importer: Importer) -> None:
    rows = ["time,a,b,c", "1700000005,1,,", "1700000001,1,2,", "1700000001,,,3", "1700000001,,9,", "1700000005,,1,"]
    result = importer("\n".join(rows))
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "line 5: replaces line 3 (device 'probe', 2023-11-14T22:13:21.000Z)\n1 rows replaced"
    )
    assert "time and name: 1\n" in result.stdout


def test_a_json_array_over_many_blocks(importer: Importer) -> None:
    rows = ",".join(f'{{"time":{1_700_000_000 + number},"n":{number},"text":"{"é" * 90}"}}' for number in range(1_500))
    result = importer(importer.file(f"[{rows}]\n", "rows.json"), "--field", "n")
    assert result.exit_code == 0, result.stderr
    assert [values["n"] for values in importer.points().values()] == list(range(1_500))


def test_a_dry_run_sends_nothing_and_prints_a_command_line_that_works(importer: Importer, account: Account) -> None:
    path = importer.file("time;temp;name\n31.01.2026 09:30;1,5;a\n31.01.2026 09:31;2,5;b\n")
    options = ("--time-format", "%d.%m.%Y %H:%M", "--timezone", "UTC")
    result = importer(path, *options, "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert "delimiter: ';', decimal mark: ','" in result.stdout
    assert "column temp: 2 numbers\ncolumn name: 2 texts\n" in result.stdout
    assert "line 2: probe 2026-01-31T09:30:00.000Z temp=1.5, name='a'" in result.stdout
    assert account.devices() == {}
    line = next(line for line in result.stdout.splitlines() if line.startswith("  iotflow import "))
    again = importer.run(*shlex.split(line)[1:])
    assert (again.exit_code, again.stderr) == (0, "")
    assert [values["temp"] for values in importer.points().values()] == [1.5, 2.5]


def test_more_names_than_a_record_holds_and_a_rejected_row(importer: Importer) -> None:
    names = [f"n{number}" for number in range(400)]
    rows = ["time," + ",".join(names), "1700000000," + "1," * 399 + "1", "32503680000," + "1," * 399 + "1"]
    result = importer("\n".join(rows), "--max-errors", 1)
    assert result.stdout == "rows stored: 1\nvalues stored: 400\ndevices registered: 1\nbad rows: 1\n"
    assert list(importer.points().values()) == [dict.fromkeys(names, 1)]
