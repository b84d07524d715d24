"""Routes about webhooks and their deliveries."""

from iotflow.api.auth import UserReadContext, UserWriteContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.pagination import Limit, Offset
from iotflow.api.parameters import DeliveryId, WebhookId
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.base import PageInfo
from iotflow.api.schemas.webhooks import (
    Delivery,
    DeliveryList,
    DeliveryResponse,
    Webhook,
    WebhookCreate,
    WebhookList,
    WebhookResponse,
    WebhookUpdate,
    WebhookWithSecret,
)
from iotflow.domain import webhooks as domain
from iotflow.domain.webhooks import DeliveryStatus

router = api_router("Alerts")


@router.post("/webhooks", status_code=201, operation_id="create_webhook", responses=problem_responses(409))
async def create_webhook(context: UserWriteContext, body: WebhookCreate, services: ServicesDep) -> WebhookWithSecret:
    """Create a webhook. The response contains its secret, which is not shown again.

    It receives the alerts of the rules whose `webhook_url` is its URL. Requests are signed as Standard Webhooks
    describes (`webhook-id`, `webhook-timestamp`, `webhook-signature`), and repeated until the receiver answers 2xx.
    """
    return _with_secret(await services.webhooks.create(context, body.url, body.template))


@router.get("/webhooks", operation_id="list_webhooks")
async def list_webhooks(
    context: UserReadContext, services: ServicesDep, limit: Limit = 100, offset: Offset = 0
) -> WebhookList:
    """List the caller's webhooks. Administrators see all."""
    found, total = await services.webhooks.page(context, limit, offset)
    views = [Webhook.model_validate(webhook) for webhook in found]
    return WebhookList(webhooks=views, meta=PageInfo(total=total, limit=limit, offset=offset))


@router.get("/webhooks/{webhook_id:digits}", operation_id="get_webhook", responses=problem_responses(404))
async def get_webhook(context: UserReadContext, webhook_id: WebhookId, services: ServicesDep) -> WebhookResponse:
    """Get a webhook."""
    return WebhookResponse(webhook=Webhook.model_validate(await services.webhooks.get(context, webhook_id)))


@router.put("/webhooks/{webhook_id:digits}", operation_id="update_webhook", responses=problem_responses(404, 409))
async def update_webhook(
    context: UserWriteContext, webhook_id: WebhookId, body: WebhookUpdate, services: ServicesDep
) -> WebhookResponse:
    """Update a webhook. Its rules stay with it, and deliveries that wait are sent by its new fields."""
    webhook = await services.webhooks.update(context, webhook_id, body.change())
    return WebhookResponse(webhook=Webhook.model_validate(webhook))


@router.delete(
    "/webhooks/{webhook_id:digits}", status_code=204, operation_id="delete_webhook", responses=problem_responses(404)
)
async def delete_webhook(context: UserWriteContext, webhook_id: WebhookId, services: ServicesDep) -> None:
    """Delete a webhook with its deliveries. Its rules remain, without a webhook."""
    await services.webhooks.delete(context, webhook_id)


@router.post(
    "/webhooks/{webhook_id:digits}/secret", operation_id="rotate_webhook_secret", responses=problem_responses(404)
)
async def rotate_webhook_secret(
    context: UserWriteContext, webhook_id: WebhookId, services: ServicesDep
) -> WebhookWithSecret:
    """Replace the secret of a webhook. The former one signs nothing from now on."""
    return _with_secret(await services.webhooks.rotate_secret(context, webhook_id))


@router.get(
    "/webhooks/{webhook_id:digits}/deliveries", operation_id="list_deliveries", responses=problem_responses(404)
)
async def list_deliveries(
    context: UserReadContext,
    webhook_id: WebhookId,
    services: ServicesDep,
    status: DeliveryStatus | None = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> DeliveryList:
    """List the deliveries of a webhook, the newest first.

    They are those that wait, and the latest ones that are delivered or dead.
    """
    found, total = await services.webhooks.deliveries(context, webhook_id, status, limit, offset)
    views = [Delivery.model_validate(delivery) for delivery in found]
    return DeliveryList(deliveries=views, meta=PageInfo(total=total, limit=limit, offset=offset))


@router.post(
    "/webhooks/{webhook_id:digits}/deliveries/{delivery_id}/replay",
    operation_id="replay_delivery",
    responses=problem_responses(404, 409),
)
async def replay_delivery(
    context: UserWriteContext, webhook_id: WebhookId, delivery_id: DeliveryId, services: ServicesDep
) -> DeliveryResponse:
    """Send a delivery again that is delivered or dead. It keeps its id, and has all its attempts."""
    delivery = await services.webhooks.replay(context, webhook_id, delivery_id)
    return DeliveryResponse(delivery=Delivery.model_validate(delivery))


def _with_secret(webhook: domain.Webhook) -> WebhookWithSecret:
    return WebhookWithSecret(webhook=Webhook.model_validate(webhook), secret=webhook.secret)
