"""Configuration of uvicorn, for one process or several workers."""

import ssl
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from iotflow.metrics.cells import SharedSlots
from iotflow.metrics.counting import CELLS
from iotflow.server import descriptors
from iotflow.server.draining import Draining, WorkerGroup
from iotflow.server.limits import WorkerLimits
from iotflow.settings import Settings

SHUTDOWN_GRACE_S = 10
BACKLOG = 2_048
KEEP_ALIVE_TIMEOUT_S = 75
WORKER_HEALTH_TIMEOUT_S = 30
"""A worker that does not answer uvicorn's health check in this time is replaced. A start on a busy machine takes many
seconds."""


class ServerConfig(uvicorn.Config):
    """Uvicorn's configuration and the limits of a worker. Each worker gets a copy and loads it."""

    limits: WorkerLimits
    draining: Draining
    tls: ssl.SSLContext | None

    def __init__(
        self, app: ASGIApp | str, settings: Settings, *, workers: int, tls_cert: Path | None, tls_key: Path | None
    ) -> None:
        """`app` is the app, or for several workers the import string of its factory."""
        super().__init__(
            app,
            factory=isinstance(app, str),
            workers=workers,
            http=f"iotflow.server.{'tls:TlsProtocol' if tls_cert else 'protocol:HttpProtocol'}",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_TIMEOUT_S,
            timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
            timeout_worker_healthcheck=WORKER_HEALTH_TIMEOUT_S,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
        )
        self._settings = settings
        self.slots = SharedSlots(workers) if workers > 1 else None
        self.group = WorkerGroup() if workers > 1 else None

    def load(self) -> None:
        """Load the configuration in the serving process. Raises ValueError if there are too few descriptors."""
        settings = self._settings
        if self.slots is not None:
            CELLS.share(self.slots)
        self.draining = Draining(settings.drain_seconds, self.group)
        self.limits = WorkerLimits(
            connections=descriptors.connection_limit(descriptors.raise_soft_limit(), settings.max_connections),
            requests=settings.max_requests_in_flight,
            largest_body=max(settings.max_body_bytes, settings.max_batch_bytes),
            trusted_proxies=settings.trusted_proxies,
        )
        super().load()
        # With `ssl` set, asyncio would do the TLS handshake before the protocol counts the connection.
        self.tls, self.ssl = self.ssl, None
