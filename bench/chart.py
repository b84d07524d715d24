"""Draw the rates of the embedded stores beside InfluxDB and the baseline, as SVG, from the results of `lines`.

    python -m bench.chart bench/results/lines.json docs/benchmarks.svg

The scale is logarithmic: equal distances are equal ratios. Colours follow the reader's light or dark scheme.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from bench.comparison import Comparison, summary
from bench.deployments import BASELINE, INFLUXDB, SERVICE
from bench.lines import BY_NAME
from bench.results import read_result

WIDTH, LEFT, RIGHT, TOP, ROW = 760, 150, 130, 70, 44
SIDES = (BASELINE, INFLUXDB, SERVICE)
STYLE = """\
:root { --paper: #ffffff; --ink: #1f2328; --faint: #d1d9e0; --service: #0969da; --InfluxDB: #bc4c00;
  --baseline: #6e7781 }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #e6edf3; --faint: #3d444d; --service: #58a6ff;
  --InfluxDB: #f0883e; --baseline: #9198a1 } }
text { font: 13px system-ui, sans-serif; fill: var(--ink) } .title { font-weight: 600; font-size: 15px }
.right { text-anchor: end } .middle { text-anchor: middle } line { stroke: var(--faint) }"""


def draw(lines: Sequence[Comparison]) -> str:
    """Return the chart of lines on the embedded stores, each at the connections at which it is judged."""
    shown = [
        found for found in lines if found.stores == "embedded" and found.connections == BY_NAME[found.line].required_at
    ]
    rates = [summary(runs).requests_per_s for found in shown for runs in found.runs.values()]
    low, high = math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates)))
    height = TOP + ROW * len(shown) + 40

    def x(rate: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(rate) - low) / (high - low)

    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="Requests per second of the service, its baseline and InfluxDB">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="var(--paper)"/>',
        '<text class="title" x="16" y="26">Requests per second, embedded stores, one worker (log scale)</text>',
    ]
    body += _legend()
    for power in range(low, high + 1):
        at, bottom = x(10**power), height - 30
        body.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}"/>')
        body.append(f'<text class="middle" x="{at:.1f}" y="{bottom + 18}">{10**power:,}</text>')
    for number, found in enumerate(shown):
        y = TOP + ROW * number + ROW / 2
        points = {side: x(summary(found.runs[side]).requests_per_s) for side in SIDES if side in found.runs}
        body.append(f'<text class="right" x="{LEFT - 14}" y="{y + 4}">{escape(found.line)}</text>')
        first, last = min(points.values()), max(points.values())
        body.append(f'<line x1="{first:.1f}" x2="{last:.1f}" y1="{y}" y2="{y}" stroke-width="3"/>')
        body += [f'<circle cx="{at:.1f}" cy="{y}" r="6" fill="var(--{side})"/>' for side, at in points.items()]
        ratio = found.ratio(INFLUXDB)
        if ratio is not None:
            body.append(f'<text x="{WIDTH - RIGHT + 14}" y="{y + 4}">{ratio:.2g} of InfluxDB</text>')
    return "\n".join([*body, "</svg>", ""])


def _legend() -> Iterator[str]:
    for number, side in enumerate(reversed(SIDES)):
        at = LEFT + 110 * number
        yield f'<circle cx="{at}" cy="48" r="6" fill="var(--{side})"/><text x="{at + 12}" y="52">{side}</text>'


def main() -> None:
    """Read the results and write the chart."""
    parser = argparse.ArgumentParser(prog="python -m bench.chart", description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("chart", type=Path)
    arguments = parser.parse_args()
    arguments.chart.write_text(draw(read_result(arguments.results, list[Comparison]).figures))


if __name__ == "__main__":
    main()
