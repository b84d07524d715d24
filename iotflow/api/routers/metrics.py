"""The route of the service's own metrics, for Prometheus. It is part of the app only with `IOTFLOW_METRICS_TOKEN`."""

import asyncio

from fastapi import Response

from iotflow.api.auth import MetricsContext
from iotflow.api.routing import api_router
from iotflow.metrics.exposition import MEDIA_TYPE, render_metrics

router = api_router("Health", prefix="")


@router.get("/metrics", operation_id="get_metrics", include_in_schema=False)
async def get_metrics(context: MetricsContext) -> Response:
    """Get the metrics of all processes of the service, as Prometheus text."""
    return Response(await asyncio.to_thread(render_metrics), media_type=MEDIA_TYPE)
