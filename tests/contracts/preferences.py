"""Contract of the preferences interface."""

from uuid import uuid4

import pytest

from iotflow.repositories.preferences import PreferencesRepository
from tests.contracts.metadata import AT, ATTRIBUTES, RawMetadata


class PreferencesContract:
    """The implementation under test, on a store without other preferences."""

    @pytest.fixture
    def preferences(self) -> PreferencesRepository:
        raise NotImplementedError

    @pytest.fixture
    def raw(self) -> RawMetadata:
        raise NotImplementedError

    async def test_preferences_are_replaced_as_a_whole(self, preferences: PreferencesRepository) -> None:
        ada, bob = uuid4(), uuid4()
        assert await preferences.get(ada) == {}
        for stored in ({"old": 1}, ATTRIBUTES, {}, {"text": "x" * 65_000}):
            await preferences.replace(ada, stored, AT)
            assert await preferences.get(ada) == stored
        assert await preferences.get(bob) == {}

    async def test_deleted_preferences_are_gone(self, preferences: PreferencesRepository, raw: RawMetadata) -> None:
        ada, bob = uuid4(), uuid4()
        for user_id in (ada, bob):
            await preferences.replace(user_id, {"of": str(user_id)}, AT)
        for _ in range(2):
            await preferences.delete(ada)
        assert await preferences.get(ada) == {}
        assert await preferences.get(bob) == {"of": str(bob)}
        assert await raw.rows() == 1
