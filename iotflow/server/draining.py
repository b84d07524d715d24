"""Draining: after SIGTERM a process answers for some more seconds, so that load balancers stop to send it requests.

While a process drains, `/health/ready` is 503 and each response is the last one on its connection. A process that ends
without draining, or after it, stops listening, and still answers requests whose head and body arrive without a gap of
`LAST_REQUEST_GRACE_S`.
"""

import ctypes
import logging
import signal
import threading
from multiprocessing import sharedctypes
from types import FrameType

LAST_REQUEST_GRACE_S = 0.5
"""Time for the next byte of a request that its client sent before it could notice that the process stops."""

logger = logging.getLogger(__name__)


class WorkerGroup:
    """What the parent process reports to its workers. It can be passed to a process that starts."""

    def __init__(self) -> None:
        self._is_stopping = sharedctypes.RawValue(ctypes.c_bool, False)

    @property
    def is_stopping(self) -> bool:
        """Whether all workers end. Otherwise a worker that ends is replaced, and the others accept its connections."""
        return bool(self._is_stopping.value)

    def stop(self) -> None:
        """Report that all workers end."""
        self._is_stopping.value = True


class Draining:
    """The delay between SIGTERM and its handling by uvicorn. A second signal ends it."""

    def __init__(self, seconds: float, group: WorkerGroup | None) -> None:
        """Take over SIGTERM in the main thread. `group` None: the process is the only one of its service."""
        self.is_active = False
        self._seconds = seconds
        self._group = group
        self._stop = signal.getsignal(signal.SIGTERM)
        if seconds and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._begin)

    def _begin(self, number: int, frame: FrameType | None) -> None:
        assert callable(self._stop)
        is_replaced = self._group is not None and not self._group.is_stopping
        if self.is_active or is_replaced:
            self._stop(number, frame)
            return
        self.is_active = True
        timer = threading.Timer(self._seconds, self._stop, (number, None))
        timer.daemon = True
        timer.start()
