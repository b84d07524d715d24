"""How uvicorn is set up, in one process or in several."""

import ssl
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from iotflow.server import descriptors
from iotflow.server.admission import Admission
from iotflow.settings import Settings

GRACE_S = 10
BACKLOG = 2_048
KEEP_ALIVE_S = 75
WORKER_ANSWERS_WITHIN_S = 30
"""A worker that is silent for so long is replaced. To start takes a busy machine many seconds."""


class ServerConfig(uvicorn.Config):
    """Uvicorn's configuration and the limits of a worker. Each worker gets a copy, and loads it."""

    admission: Admission
    tls: ssl.SSLContext | None

    def __init__(
        self, app: ASGIApp | str, settings: Settings, *, workers: int, tls_cert: Path | None, tls_key: Path | None
    ) -> None:
        """`app` is the app itself, or for several workers the name of what makes it."""
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
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            timeout_worker_healthcheck=WORKER_ANSWERS_WITHIN_S,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
        )
        self._settings = settings

    def load(self) -> None:
        """Prepare to serve, in the process that does. Raises ValueError if there are too few descriptors."""
        settings = self._settings
        self.admission = Admission(
            connections=descriptors.connections(descriptors.raise_limit(), settings.max_connections),
            requests=settings.max_requests_in_flight,
            largest_body=max(settings.max_body_bytes, settings.max_batch_bytes),
            trusted_proxies=settings.trusted_proxies,
        )
        super().load()
        # Else the loop would shake hands, before the protocol counts the connection.
        self.tls, self.ssl = self.ssl, None
