"""A year of real weather, submitted under alert rules: the alerts are those of an independent computation by pandas."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.clients import UserClient, new_device

if TYPE_CHECKING:
    import pandas as pd

WEATHER = Path(__file__).parents[1] / "data" / "weather.csv.gz"
AIRPORTS = ("EWR", "JFK", "LGA")
NAMES = ("temp", "wind_gust", "pressure")
RECORDS_PER_BATCH = 1_000
WARM_UP = 30
CONDITIONS: dict[str, dict[str, Any]] = {
    "storm": {"type": "threshold", "field": "wind_gust", "op": "gt", "value": 45},
    "odd temperature": {"type": "anomaly", "field": "temp", "z": 4},
    "falling pressure": {"type": "rate", "field": "pressure", "op": "lt", "value": -2, "per_second": 3_600},
}


def expected_firings(table: "pd.DataFrame") -> dict[str, list[tuple[str, int]]]:
    """Return for each rule the time of each firing, and the number of readings in it."""
    gust, temp, pressure = (table.dropna(subset=[name]) for name in ("wind_gust", "temp", "pressure"))
    weighted = temp["temp"].ewm(span=100, adjust=False)
    distance = (temp["temp"] - weighted.mean().shift()).abs() / weighted.var(bias=True).shift() ** 0.5
    distance.iloc[:WARM_UP] = 0
    hours = pressure["time"].diff().dt.total_seconds() / 3_600
    return {
        "storm": runs(gust["time"], gust["wind_gust"] > 45),
        "odd temperature": runs(temp["time"], distance > 4),
        "falling pressure": runs(pressure["time"], pressure["pressure"].diff() / hours < -2),
    }


def runs(times: "pd.Series[pd.Timestamp]", holds: "pd.Series[bool]") -> list[tuple[str, int]]:
    """Return the start and the length of each run of true values."""
    begins = holds & ~holds.shift(fill_value=False)
    lengths = holds[holds].groupby(begins.cumsum()[holds]).size()
    starts = times[begins].dt.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return list(zip(starts, lengths, strict=True))


@pytest.mark.timeout(300)
async def test_alerts_of_a_year_of_weather(ada: UserClient) -> None:
    import pandas as pd  # not by each worker that collects this test

    weather = pd.read_csv(WEATHER)
    weather["time"] = pd.to_datetime(weather["time_hour"], utc=True)
    fired = dict.fromkeys(CONDITIONS, 0)
    for airport in AIRPORTS:
        table = weather[weather["origin"] == airport].sort_values("time")
        expected = expected_firings(table)
        device = await new_device(ada, airport)
        rules = {}
        for name, condition in CONDITIONS.items():
            body = {"name": name, "severity": "warning", "device_id": device.id, "condition": condition}
            rules[(await ada.post("/alert-rules", body))["alert_rule"]["id"]] = name
        records = [
            {"timestamp": row["time_hour"], "data": {name: row[name] for name in NAMES if pd.notna(row[name])}}
            for row in table.to_dict("records")
        ]
        records = [record for record in records if record["data"]]
        for first in range(0, len(records), RECORDS_PER_BATCH):
            batch = records[first : first + RECORDS_PER_BATCH]
            assert (await device.post("/telemetry/batch", batch))["rejected"] == 0

        raised: dict[str, list[tuple[str, int]]] = {name: [] for name in CONDITIONS}
        for alert in (await ada.get("/alerts", device_id=device.id, limit=1_000))["alerts"]:
            raised[rules[alert["rule_id"]]].append((alert["fired_at"], alert["count"]))
        assert {name: sorted(found) for name, found in raised.items()} == expected

        for name, condition in CONDITIONS.items():
            fired[name] += len(expected[name])
            test = {"device_id": device.id, "condition": condition, "start_time": "2013-01-01T00:00:00Z"}
            replay = await ada.post("/alert-rules/test", test)
            assert [(one["fired_at"], one["count"]) for one in replay["firings"]] == expected[name]
            assert replay["next_time"] is None
    assert all(fired.values()), "a rule never fired"
