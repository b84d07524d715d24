from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.personal_token import PersonalToken


T = TypeVar("T", bound="PersonalTokenWithSecret")


@_attrs_define
class PersonalTokenWithSecret:
    """A new personal access token and its secret.

    Attributes:
        token (PersonalToken): A personal access token, without its secret.
        secret (str): Send it as `Authorization: Bearer <secret>`. Shown only once: the service stores its hash.
    """

    token: PersonalToken
    secret: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        token = self.token.to_dict()

        secret = self.secret

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "token": token,
                "secret": secret,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.personal_token import PersonalToken  # noqa: PLC0415

        d = dict(src_dict)
        token = PersonalToken.from_dict(d.pop("token"))

        secret = d.pop("secret")

        personal_token_with_secret = cls(
            token=token,
            secret=secret,
        )

        personal_token_with_secret.additional_properties = d
        return personal_token_with_secret

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
