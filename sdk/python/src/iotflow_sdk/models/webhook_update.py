from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.webhook_template import WebhookTemplate
from ..types import UNSET, Unset

T = TypeVar("T", bound="WebhookUpdate")


@_attrs_define
class WebhookUpdate:
    """Changes of a webhook. Absent fields keep their values.

    Attributes:
        url (str | Unset): An `http` or `https` URL in ASCII, without credentials and fragment. Its host must resolve to
            public addresses.
        template (WebhookTemplate | Unset): The form of the requests to a webhook.
    """

    url: str | Unset = UNSET
    template: WebhookTemplate | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        url = self.url

        template: str | Unset = UNSET
        if not isinstance(self.template, Unset):
            template = self.template.value

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if url is not UNSET:
            field_dict["url"] = url
        if template is not UNSET:
            field_dict["template"] = template

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        url = d.pop("url", UNSET)

        _template = d.pop("template", UNSET)
        template: WebhookTemplate | Unset
        if isinstance(_template, Unset):
            template = UNSET
        else:
            template = WebhookTemplate(_template)

        webhook_update = cls(
            url=url,
            template=template,
        )

        return webhook_update
