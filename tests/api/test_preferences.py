"""Preferences of users."""

import pytest

from tests.api.clients import UserClient


async def test_preferences_are_replaced_as_a_whole(ada: UserClient, bob: UserClient) -> None:
    path = f"/users/{ada.user_id}/preferences"
    assert await ada.get(path) == {}
    for stored in ({"theme": "dark", "a.b": {"$c": [1.0, None]}, "$set": 1}, {str(i): i for i in range(2_000)}, {}):
        assert await ada.put("/users/me/preferences", stored) == stored
        assert await ada.get(path) == stored
    await ada.put(path, {"of": "ada"})
    assert await bob.get("/users/me/preferences") == {}


@pytest.mark.parametrize(
    "body",
    [[], "dark", None, {"x": "y" * 65_536}, {"x": "a\0b"}],
    ids=["list", "text", "null", "large", "null character"],
)
async def test_bad_preferences_are_refused_and_nothing_is_stored(ada: UserClient, body: object) -> None:
    await ada.put("/users/me/preferences", {"theme": "dark"})
    answer = await ada.send("PUT", "/users/me/preferences", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][0] == "body"
    assert await ada.get("/users/me/preferences") == {"theme": "dark"}


async def test_deeply_nested_preferences_are_refused(ada: UserClient) -> None:
    deep: dict[str, object] = {}
    for _ in range(33):
        deep = {"in": deep}
    assert await ada.wrong_fields("PUT", "/users/me/preferences", deep) == ["body"]
