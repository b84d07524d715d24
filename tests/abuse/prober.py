"""A client that sends `GET /health/live` every 50 ms from a separate process, so that only the service slows it.

`python -m tests.abuse.prober PORT` prints an empty line after the first answer, probes until its standard input ends,
then prints a `Probes` as JSON.
"""

import http.client
import json
import select
import sys
import time
from dataclasses import asdict, dataclass

EVERY_S = 0.05
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Probes:
    """The response times of a service while it was watched."""

    answered: int
    refused: int
    median_s: float
    longest_s: float


def main() -> None:
    """Probe the service on this port of 127.0.0.1 until standard input ends."""
    print("begun", flush=True)
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=TIMEOUT_S)
    times: list[float] = []
    refused = 0
    while not times or not select.select([sys.stdin], [], [], EVERY_S)[0]:
        began = time.perf_counter()
        try:
            connection.request("GET", "/health/live")
            answer = connection.getresponse()
            answer.read()
            refused += answer.status != http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            refused += 1
            connection.close()
        times.append(time.perf_counter() - began)
        if len(times) == 1:
            print(flush=True)
    ordered = sorted(times)
    print(json.dumps(asdict(Probes(len(times) - refused, refused, ordered[len(times) // 2], ordered[-1]))))


if __name__ == "__main__":
    main()
