"""Reading of the service's metrics as Prometheus reads them."""

from collections.abc import Awaitable, Callable, Iterable

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

METRICS_TOKEN = "token-for-prometheus"
AUTHORIZATION = {"Authorization": f"Bearer {METRICS_TOKEN}"}


class Reading:
    """The samples of one scrape. Only those that a test asks for are parsed: the text has thousands."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with this name and these labels, among others."""
        texts = [f'{label}="{text}"' for label, text in labels.items()]
        lines = (line for line in self._lines if line.startswith(name) and all(text in line for text in texts))
        return sum(
            sample.value
            for sample in _parse(lines)
            if sample.name == name and labels.items() <= dict(sample.labels).items()
        )

    def labels(self, label: str) -> set[str]:
        """Return the values of a label, over all samples."""
        return {sample.labels[label] for sample in _parse(self._lines) if label in sample.labels}


def _parse(lines: Iterable[str]) -> list[Sample]:
    return [sample for family in text_string_to_metric_families("\n".join(lines)) for sample in family.samples]


async def scrape(client: httpx.AsyncClient, url: str = "/metrics") -> Reading:
    """Read the metrics."""
    answer = await client.get(url, headers=AUTHORIZATION)
    assert answer.status_code == 200, answer.text
    return Reading(answer.text)


async def rise(
    read: Callable[[], Awaitable[Reading]], act: Callable[[], Awaitable[object]], name: str, **labels: str
) -> float:
    """Return by how much a metric rose while `act` ran."""
    before = (await read()).value(name, **labels)
    await act()
    return (await read()).value(name, **labels) - before
