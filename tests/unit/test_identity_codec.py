"""The codec of cached identities: entries of the former release are read, and it cannot misread those of this one."""

import json
from uuid import UUID

from iotflow.domain.personal_tokens import TokenGrant, TokenScope
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis
from iotflow.stores.codecs import IdentityCodec

ADA = UserPrincipal(UUID(int=7), "ada", False, b"digest", Millis(5))
BEARER = UserPrincipal(UUID(int=7), "ada", False, b"digest", None, TokenGrant(3, frozenset((TokenScope.READ,))))
FORMER = (
    b'[{"user_id":"00000000-0000-0000-0000-000000000007","username":"ada","is_admin":false,"digest":"ZGlnZXN0",'
    b'"expires_at":5},null]'
)


def test_an_entry_of_the_former_release_is_read() -> None:
    assert IdentityCodec().decode(FORMER) == ADA


def test_the_bearer_of_a_personal_access_token_is_no_user_to_the_former_release() -> None:
    encoded = IdentityCodec().encode(BEARER)
    assert json.loads(encoded)[:2] == [None, None]
    assert IdentityCodec().decode(encoded) == BEARER


def test_scopes_count_for_the_size_of_an_entry() -> None:
    assert IdentityCodec().text_bytes(BEARER) > IdentityCodec().text_bytes(ADA)
