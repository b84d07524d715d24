"""States of alert rules in Redis."""

import pytest

from iotflow.stores.redis.cache import RedisCache
from iotflow.stores.redis.rule_states import RedisRuleStates
from tests.contracts.alerts import RuleStatesContract
from tests.stores.redis import OnRedis


class TestRedisRuleStates(OnRedis, RuleStatesContract):
    @pytest.fixture
    def states(self, redis: RedisCache) -> RedisRuleStates:
        return redis.rule_states

    @pytest.fixture
    async def other(self, states: RedisRuleStates, other_redis: RedisCache) -> RedisRuleStates:
        return other_redis.rule_states
