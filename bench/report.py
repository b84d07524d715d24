"""Markdown tables of the results, as docs/benchmarks.md has them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bench.comparison import SHARE_OF_PEAK, Comparison, checks, summary
from bench.deployments import BASELINE, INFLUXDB, SERVICE
from bench.growth import MOST_RATIO, Growth
from bench.in_process import CpuTime
from bench.lines import BY_NAME
from bench.results import Figures, Result, read_result
from bench.workers import Scaling
from bench.year import LATER, MOST_BYTES_A_POINT, MOST_MEANS_MS, Year

Row = Sequence[str]


def report(directory: Path, parts: Sequence[str]) -> str:
    """Return the tables of the parts that the directory has results of."""
    return "\n\n".join(
        text for part in parts if (path := directory / f"{part}.json").exists() for text in TABLES[part](path)
    )


def table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Return a table. The cells of a column whose name begins with `>` are aligned to the right."""
    names = [name.removeprefix(">") for name in columns]
    rules = ["--:" if name.startswith(">") else "---" for name in columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rules, *rows))


def _measured(result: Result[Figures]) -> str:
    machine = result.machine
    load = ", ".join(f"{value:.1f}" for value in machine.load_average)
    return f"{result.ended_at}, {machine.cpus} CPUs, Python {machine.python}, {machine.system}, load average {load}"


def _lines(path: Path) -> Iterable[str]:
    result = read_result(path, list[Comparison])
    columns = ["Stores", "Line", ">Connections", ">Requests/s", ">p50 ms", ">p99 ms", ">CPU s/1k"]
    columns += [">Baseline", ">Ratio", ">InfluxDB", ">Ratio", ">Errors", "Demands"]
    yield f"Lines: {_measured(result)}"
    yield table(columns, map(_line, result.figures))
    yield f"Open loop, at {SHARE_OF_PEAK:.0%} of the requests per second above, response times from when each was due:"
    columns = ["Stores", "Line", ">Arrivals/s", ">p50 ms", ">p90 ms", ">p99 ms", ">p99.9 ms", ">max ms", ">Errors"]
    yield table(columns, (row for found in result.figures for row in _open_loop(found)))


def _line(found: Comparison) -> Row:
    service = summary(found.runs[SERVICE])
    rates = {side: f"{summary(runs).requests_per_s:,.0f}" for side, runs in found.runs.items()}
    ratios = {side: _ratio(found.ratio(side)) for side in (BASELINE, INFLUXDB)}
    demands = "; ".join(f"{'pass' if passed else 'FAIL'}: {demand}" for demand, passed in checks(found))
    return [
        found.stores,
        found.line,
        str(found.connections),
        rates[SERVICE],
        f"{service.p50_ms:.1f}",
        f"{service.p99_ms:.1f}",
        f"{service.cpu_s_per_1000:.2f}",
        rates[BASELINE],
        ratios[BASELINE],
        rates.get(INFLUXDB, ""),
        ratios[INFLUXDB],
        str(found.errors),
        demands,
    ]


def _open_loop(found: Comparison) -> Iterable[Row]:
    if (loop := found.open_loop) is not None:
        times = (loop.p50_ms, loop.p90_ms, loop.p99_ms, loop.p999_ms, loop.max_ms)
        yield [found.stores, found.line, f"{loop.per_s:,.0f}", *(f"{time:.1f}" for time in times), str(loop.errors)]


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _year(path: Path) -> Iterable[str]:
    result = read_result(path, Year)
    figures = result.figures
    yield f"A year of weather, {figures.points:,} points: {_measured(result)}"
    yield table(
        ["Stores", ">Bytes a point", ">without free pages", ">at most"],
        (
            [name, f"{size:.1f}", f"{figures.in_use_a_point[name]:.1f}", str(MOST_BYTES_A_POINT) * (name == LATER)]
            for name, size in figures.bytes_a_point.items()
        ),
    )
    yield f"Daily means of {figures.values:,} values:"
    yield table(
        ["Stores", ">First request, ms", ">Later ones, ms", ">at most"],
        (
            [name, f"{means.first_ms:.1f}", f"{means.median_ms:.1f}", str(MOST_MEANS_MS) * (name == SERVICE)]
            for name, means in figures.means.items()
        ),
    )


def _workers(path: Path) -> Iterable[str]:
    result = read_result(path, list[Scaling])
    yield f"Workers, on the servers: {_measured(result)}"
    yield table(
        ["Line", ">Workers", ">Requests/s", ">p50 ms", ">p99 ms", ">CPU s/1k", ">Errors"],
        (
            [
                BY_NAME[found.line].title,
                str(found.workers),
                f"{run.requests_per_s:,.0f}",
                f"{run.p50_ms:.1f}",
                f"{run.p99_ms:.1f}",
                f"{run.cpu_s_per_1000:.2f}",
                str(run.errors),
            ]
            for found in result.figures
            for run in [summary(found.runs)]
        ),
    )


def _growth(path: Path) -> Iterable[str]:
    result = read_result(path, list[Growth])
    yield f"Growth, median response times in ms: {_measured(result)}"
    for stores, of in dict.fromkeys((found.stores, found.of) for found in result.figures):
        some = [found for found in result.figures if (found.stores, found.of) == (stores, of)]
        yield table(
            [f"{stores}, {of}", *(f">{size:,}" for size in some[0].sizes), ">Ratio", f"At most {MOST_RATIO}"],
            (
                [
                    found.operation,
                    *(f"{time:.2f}" for time in found.medians_ms),
                    f"{found.ratio:.2f}",
                    "pass" if found.ratio <= MOST_RATIO else "FAIL",
                ]
                for found in some
            ),
        )


def _in_process(path: Path) -> Iterable[str]:
    result = read_result(path, list[CpuTime])
    yield f"In process, CPU time: {_measured(result)}"
    yield table(
        ["Call", ">us", ">at most", ""],
        (
            [
                found.name,
                f"{found.cpu_us:,.0f}",
                f"{found.most_us:,}",
                "pass" if found.cpu_us <= found.most_us else "FAIL",
            ]
            for found in result.figures
        ),
    )


TABLES: Mapping[str, Callable[[Path], Iterable[str]]] = {
    "lines": _lines,
    "year": _year,
    "workers": _workers,
    "in-process": _in_process,
    "growth": _growth,
}
