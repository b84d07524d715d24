"""Reading of the service's metrics as Prometheus reads them."""

from collections.abc import Awaitable, Callable

import httpx
from prometheus_client.parser import text_string_to_metric_families

METRICS_TOKEN = "token-for-prometheus"
AUTHORIZATION = {"Authorization": f"Bearer {METRICS_TOKEN}"}


class Reading:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with this name and these labels, among others."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= dict(sample.labels).items()
        )

    def labels(self, label: str) -> set[str]:
        """Return the values of a label, over all samples."""
        return {sample.labels[label] for sample in self.samples if label in sample.labels}


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
