"""Bodies about webhooks and their deliveries."""

from typing import Annotated, cast
from uuid import UUID

from pydantic import MISSING, Field

from iotflow.api.schemas.base import PageInfo, PartialUpdate, RequestModel, ResponseModel, example
from iotflow.api.schemas.fields import TextRule, Timestamp
from iotflow.domain import webhooks as domain
from iotflow.domain.webhooks import (
    MAX_ATTEMPTS,
    MAX_URL_LENGTH,
    URL_PATTERN,
    AlertChange,
    DeliveryStatus,
    WebhookTemplate,
    url_error,
)

WebhookUrl = Annotated[
    str,
    TextRule(url_error, {"pattern": f"^{URL_PATTERN}$", "maxLength": MAX_URL_LENGTH}),
    Field(
        description="An `http` or `https` URL in ASCII, without credentials and fragment. Its host must resolve to "
        "public addresses.",
        examples=["https://192.0.2.10/iotflow"],
    ),
]
Template = Annotated[
    WebhookTemplate,
    Field(
        strict=False,
        description="The form of the requests: `cloudevents`, a CloudEvent 1.0 as JSON; `ntfy`, a text with ntfy's "
        "headers, to the URL of a topic; `slack`, the JSON of Slack's incoming webhooks.",
        examples=["cloudevents"],
    ),
]


class Webhook(ResponseModel):
    """A webhook, without its secret."""

    id: int = Field(examples=[1])
    url: str = Field(examples=["https://192.0.2.10/iotflow"])
    template: WebhookTemplate
    user_id: UUID = Field(description="The owner.")
    created_at: Timestamp
    updated_at: Timestamp


class WebhookResponse(ResponseModel):
    """One webhook."""

    webhook: Webhook


class WebhookWithSecret(ResponseModel):
    """A webhook and its new secret."""

    webhook: Webhook
    secret: str = Field(
        description="Verifies the requests: the key of HMAC-SHA256 is the base64 behind `whsec_`. Shown only once.",
        examples=["whsec_…"],
    )


class WebhookList(ResponseModel):
    """A page of webhooks."""

    webhooks: list[Webhook]
    meta: PageInfo


class WebhookCreate(RequestModel):
    """A webhook to create."""

    model_config = example(url="https://192.0.2.10/iotflow", template="cloudevents")

    url: WebhookUrl
    template: Template = WebhookTemplate.CLOUDEVENTS


class WebhookUpdate(PartialUpdate):
    """Changes of a webhook. Absent fields keep their values."""

    model_config = example(template="ntfy")

    url: WebhookUrl | MISSING = MISSING
    template: Template | MISSING = MISSING

    def change(self) -> domain.WebhookChange:
        """Return the fields that the client sent."""
        return cast("domain.WebhookChange", self.given())


class Delivery(ResponseModel):
    """A change of an alert that is sent to a webhook."""

    id: UUID = Field(description="The `webhook-id` of all its requests.")
    webhook_id: int = Field(examples=[1])
    rule_id: int = Field(examples=[1])
    alert_id: UUID
    change: AlertChange
    status: DeliveryStatus = Field(description=f"`dead`: {MAX_ATTEMPTS} attempts failed.")
    attempts: int = Field(examples=[1])
    created_at: Timestamp
    due_at: Timestamp | None = Field(description="Time of the next attempt; null once it is delivered or dead.")
    finished_at: Timestamp | None
    response_status: int | None = Field(description="HTTP status of the latest answer; null: none.", examples=[200])
    error: str | None = Field(description="Why the latest attempt failed.", examples=[None])


class DeliveryResponse(ResponseModel):
    """One delivery."""

    delivery: Delivery


class DeliveryList(ResponseModel):
    """A page of deliveries, newest first."""

    deliveries: list[Delivery]
    meta: PageInfo
