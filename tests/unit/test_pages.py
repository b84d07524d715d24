"""The limits of a page, and the encoding of a list."""

import json

import pytest

from iotflow.api import responses
from iotflow.api.responses import list_response, page_response
from iotflow.domain.aggregates import TextSize
from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import MAX_PAGE_BYTES, PageLimit, PageRoom, size_of


def test_a_page_accepts_records_up_to_one_of_its_limits() -> None:
    for limit, fits in (
        (PageLimit(3), 3),
        (PageLimit(9, values=5), 2),
        (PageLimit(9, bytes=250), 2),
        (PageLimit(9, values=1), 1),
        (PageLimit(9, bytes=1), 1),
        (PageLimit(0), 0),
    ):
        room = PageRoom(limit)
        assert [room.take(2, 100) for _ in range(5)] == [place < fits for place in range(5)]


def test_a_page_accepts_nothing_after_a_record_that_did_not_fit() -> None:
    room = PageRoom(PageLimit(9, bytes=100))
    assert room.take(1, 60)
    assert not room.take(1, 60)
    assert not room.take(1, 1)


def test_texts_count_in_utf_8() -> None:
    assert size_of({"n": 1, "b": True, "f": 0.5}) == 3 + 3 * 8
    assert size_of({"text": "ä€"}) == 4 + 5


def test_texts_of_windows_are_limited() -> None:
    texts = TextSize()
    for _ in range(MAX_PAGE_BYTES // 4_096):
        texts.add("x" * 4_096)
        texts.add(1.5)
    with pytest.raises(InvalidInput, match=str(MAX_PAGE_BYTES)):
        texts.add("x")


@pytest.mark.parametrize("head", [{}, {"id": 1}])
@pytest.mark.parametrize("tail", [{}, {"next": None}])
@pytest.mark.parametrize("items", [[], [1], [1, "2", None]])
async def test_a_list_is_encoded_between_head_and_tail(
    head: dict[str, object], tail: dict[str, object], items: list[object]
) -> None:
    response = await list_response(head, "items", items, lambda item: [item], tail)
    assert json.loads(bytes(response.body)) == {**head, "items": [[item] for item in items], **tail}
    assert response.media_type == "application/json"


async def test_a_page_ends_at_its_limit_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "MAX_PAGE_BYTES", 100)
    items = ["x" * 30] * 9
    response = await page_response({}, "items", items, str, lambda count: {"count": count})
    assert json.loads(bytes(response.body)) == {"items": items[:2], "count": 2}
    whole = await list_response({}, "items", items, str, {})
    assert json.loads(bytes(whole.body)) == {"items": items}


async def test_the_first_item_is_always_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "MAX_PAGE_BYTES", 10)
    response = await page_response({}, "items", ["x" * 30, "y"], str, lambda count: {"count": count})
    assert json.loads(bytes(response.body)) == {"items": ["x" * 30], "count": 1}
