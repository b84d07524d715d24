"""Replies of Redis that are not of the type that their command has."""

from collections.abc import Callable

import pytest

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.redis.client import Reply, UnexpectedReply, require_bytes, require_int, require_list


@pytest.mark.parametrize(("require", "reply"), [(require_bytes, b"1"), (require_int, 1), (require_list, [b"1"])])
def test_a_reply_of_the_right_type_is_returned(require: Callable[[Reply], object], reply: Reply) -> None:
    assert require(reply) is reply


@pytest.mark.parametrize(
    ("require", "reply"), [(require_bytes, 1), (require_bytes, None), (require_int, b"1"), (require_list, b"1")]
)
def test_another_type_is_an_outage_of_the_cache_and_the_message_holds_no_data(
    require: Callable[[Reply], object], reply: Reply
) -> None:
    with pytest.raises(UnexpectedReply, match=r"unexpected reply of type \w+; check the server's version") as error:
        require(reply)
    assert isinstance(error.value, StoreUnavailable)
    assert error.value.store == "cache"
