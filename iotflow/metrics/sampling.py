"""Sampling of what is not counted: gauges, the process's resources, the lag of the event loop."""

import asyncio
import os
import platform
import time
from pathlib import Path

import iotflow
from iotflow.metrics import definitions
from iotflow.metrics.counting import CELLS, Gauge

LAG_INTERVAL_S = 0.25
LAGS_PER_SAMPLE = 4
"""Gauges are sampled once a second."""
_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")


async def sample_forever() -> None:
    """Sample all gauges once a second, and measure the lag of the event loop."""
    gauges = [metric for metric in CELLS.metrics.values() if isinstance(metric, Gauge)]
    cpu_s = 0.0
    while True:
        now_cpu_s = time.process_time()
        definitions.PROCESS_CPU.add(now_cpu_s - cpu_s)
        cpu_s = now_cpu_s
        for gauge in gauges:
            gauge.sample()
        _sample_process()
        CELLS.give_sign_of_life()
        for _ in range(LAGS_PER_SAMPLE):
            due = time.perf_counter() + LAG_INTERVAL_S
            await asyncio.sleep(LAG_INTERVAL_S)
            definitions.LOOP_LAG.observe(max(0.0, time.perf_counter() - due))


def _sample_process() -> None:
    definitions.WORKERS.set(1)
    definitions.BUILD_INFO.set(1, iotflow.__version__, platform.python_version())
    if _STATM.exists():
        resident_pages = int(_STATM.read_text().split()[1])
        definitions.PROCESS_MEMORY.set(resident_pages * os.sysconf("SC_PAGE_SIZE"))
        definitions.PROCESS_DESCRIPTORS.set(sum(1 for _ in _DESCRIPTORS.iterdir()))
