from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="UserUpdate")


@_attrs_define
class UserUpdate:
    """Changes of an account; absent fields keep their values.

    Attributes:
        username (str | Unset):
        email (str | Unset):
        password (str | Unset):
        current_password (str | Unset): Current password; required to change your own `password`.
        revoke_tokens (bool | Unset): True: also revoke the account's personal access tokens, with a new `password` or
            without.
        is_admin (bool | Unset): Whether the account is an administrator. Admins only.
    """

    username: str | Unset = UNSET
    email: str | Unset = UNSET
    password: str | Unset = UNSET
    current_password: str | Unset = UNSET
    revoke_tokens: bool | Unset = UNSET
    is_admin: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        username = self.username

        email = self.email

        password = self.password

        current_password = self.current_password

        revoke_tokens = self.revoke_tokens

        is_admin = self.is_admin

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if username is not UNSET:
            field_dict["username"] = username
        if email is not UNSET:
            field_dict["email"] = email
        if password is not UNSET:
            field_dict["password"] = password
        if current_password is not UNSET:
            field_dict["current_password"] = current_password
        if revoke_tokens is not UNSET:
            field_dict["revoke_tokens"] = revoke_tokens
        if is_admin is not UNSET:
            field_dict["is_admin"] = is_admin

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        username = d.pop("username", UNSET)

        email = d.pop("email", UNSET)

        password = d.pop("password", UNSET)

        current_password = d.pop("current_password", UNSET)

        revoke_tokens = d.pop("revoke_tokens", UNSET)

        is_admin = d.pop("is_admin", UNSET)

        user_update = cls(
            username=username,
            email=email,
            password=password,
            current_password=current_password,
            revoke_tokens=revoke_tokens,
            is_admin=is_admin,
        )

        return user_update
