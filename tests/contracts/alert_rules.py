"""Contract of the interface of alert rules."""

from dataclasses import replace

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.alert_rules import (
    AlertRule,
    Anomaly,
    Comparison,
    Condition,
    DeviceRules,
    NewAlertRule,
    NoData,
    Offline,
    Rate,
    Severity,
    Threshold,
)
from iotflow.domain.devices import Device
from iotflow.domain.errors import NotFound
from iotflow.domain.groups import Group
from iotflow.repositories.transactions import Transactions
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device, add_user, new_user

CONDITIONS: list[Condition] = [
    Threshold("t", Comparison.GT, 45),
    Threshold("t", Comparison.LE, 45.0, hysteresis=0.5),
    Threshold("door", Comparison.EQ, True),
    Threshold("Zustand", Comparison.NE, "zü"),
    Rate("t", Comparison.LT, -2.0, per_second=3_600.0),
    Anomaly("t", 4.0),
    Offline(60),
    NoData("t", 60),
]


async def add_rule(
    transactions: Transactions, owner: User, condition: Condition = CONDITIONS[0], /, **fields: object
) -> AlertRule:
    """Store a rule and return it."""
    new = replace(NewAlertRule("hot", Severity.ERROR, condition, for_seconds=5), **fields)  # type: ignore[arg-type]  # the keys are names of fields
    async with transactions.write() as transaction:
        return await transaction.alert_rules.add(owner.user_id, new, NOW)


async def of_device(transactions: Transactions, device: Device, limit: int = 100) -> DeviceRules | None:
    """Return the rules that cover a device."""
    async with transactions.read() as transaction:
        return await transaction.alert_rules.of_device(device.id, limit)


class AlertRulesContract(TransactionalContract):
    @pytest.mark.parametrize("condition", CONDITIONS, ids=str)
    async def test_a_stored_rule_is_returned_unchanged(
        self, transactions: Transactions, owner: User, device: Device, condition: Condition
    ) -> None:
        rule = await add_rule(transactions, owner, condition, device_id=device.id, enabled=True)
        assert (rule.user_id, rule.version, rule.condition) == (owner.user_id, 1, condition)
        assert (rule.created_at, rule.updated_at, rule.for_seconds, rule.cooldown_seconds) == (NOW, NOW, 5, 0)
        if isinstance(condition, Threshold) and isinstance(rule.condition, Threshold):
            assert type(rule.condition.value) is type(condition.value)
        async with transactions.read() as transaction:
            assert await transaction.alert_rules.get(rule.id) == rule
            assert await transaction.alert_rules.get(rule.id + 1) is None

    async def test_a_rule_needs_its_device_or_group(self, transactions: Transactions, owner: User) -> None:
        for target in ({"device_id": 10**6}, {"group_id": 10**6}):
            with pytest.raises(NotFound):
                await add_rule(transactions, owner, **target)
        with pytest.raises(NotFound):
            await add_rule(transactions, new_user(), device_id=1)

    async def test_a_change_increments_the_version(
        self, transactions: Transactions, owner: User, device: Device
    ) -> None:
        rule = await add_rule(transactions, owner, device_id=device.id)
        async with transactions.write() as transaction:
            assert await transaction.alert_rules.lock(rule.id) == rule
            changed = await transaction.alert_rules.update(
                rule.id, {"condition": CONDITIONS[4], "severity": Severity.INFO, "enabled": False}, LATER
            )
        expected = replace(
            rule, condition=CONDITIONS[4], severity=Severity.INFO, enabled=False, version=2, updated_at=LATER
        )
        assert changed == expected
        async with transactions.write() as transaction:
            with pytest.raises(NotFound):
                await transaction.alert_rules.update(rule.id + 1, {"enabled": True}, LATER)

    async def test_a_device_has_its_rules_and_those_of_its_groups(
        self, transactions: Transactions, owner: User, device: Device, group: Group
    ) -> None:
        other = await add_device(transactions, owner.user_id)
        of_group = await add_rule(transactions, owner, group_id=group.id)
        own = await add_rule(transactions, owner, device_id=device.id)
        await add_rule(transactions, owner, device_id=device.id, enabled=False)
        await add_rule(transactions, owner, device_id=other.id)
        assert await of_device(transactions, device) == DeviceRules(owner.user_id, (own,))
        async with transactions.write() as transaction:
            await transaction.groups.add_members(group.id, [device.id], NOW)
        assert await of_device(transactions, device) == DeviceRules(owner.user_id, (of_group, own))
        assert await of_device(transactions, device, 1) == DeviceRules(owner.user_id, (of_group,))
        async with transactions.write() as transaction:
            await transaction.groups.remove_member(group.id, device.id)
        assert await of_device(transactions, device) == DeviceRules(owner.user_id, (own,))
        async with transactions.write() as transaction:
            await transaction.devices.delete(device.id)
        assert await of_device(transactions, device) is None

    @pytest.mark.parametrize("target", ["device", "group"])
    async def test_a_rule_goes_with_its_device_or_group(
        self, transactions: Transactions, owner: User, device: Device, group: Group, target: str
    ) -> None:
        chosen = {"device_id": device.id} if target == "device" else {"group_id": group.id}
        rule = await add_rule(transactions, owner, **chosen)
        async with transactions.write() as transaction:
            if target == "device":
                await transaction.devices.delete(device.id)
            else:
                await transaction.groups.delete(group.id)
        async with transactions.read() as transaction:
            assert await transaction.alert_rules.get(rule.id) is None

    async def test_rules_are_paged_by_owner_and_target(
        self, transactions: Transactions, owner: User, device: Device, group: Group
    ) -> None:
        other = await add_user(transactions)
        foreign = await add_device(transactions, other.user_id)
        rules = [await add_rule(transactions, owner, device_id=device.id) for _ in range(3)]
        of_group = await add_rule(transactions, owner, group_id=group.id)
        of_other = await add_rule(transactions, other, device_id=foreign.id)
        async with transactions.read() as transaction:
            page = transaction.alert_rules.page
            assert await page(owner.user_id, None, None, 2, 1) == (rules[1:], 4)
            assert await page(None, None, None, 9, 0) == ([*rules, of_group, of_other], 5)
            assert await page(owner.user_id, device.id, None, 9, 0) == (rules, 3)
            assert await page(owner.user_id, None, group.id, 9, 0) == ([of_group], 1)
            assert await page(owner.user_id, foreign.id, None, 9, 0) == ([], 0)
            assert await transaction.alert_rules.count_of_target(rules[0]) == 3
            assert await transaction.alert_rules.count_of_target(of_group) == 1
            assert await transaction.alert_rules.has_more_than(3, owner.user_id)
            assert not await transaction.alert_rules.has_more_than(4, owner.user_id)

    async def test_a_deleted_rule_is_gone_and_its_id_is_not_reused(
        self, transactions: Transactions, owner: User, device: Device
    ) -> None:
        rule = await add_rule(transactions, owner, device_id=device.id)
        async with transactions.write() as transaction:
            await transaction.alert_rules.delete(rule.id)
            assert await transaction.alert_rules.lock(rule.id) is None
            with pytest.raises(NotFound):
                await transaction.alert_rules.delete(rule.id)
        assert (await add_rule(transactions, owner, device_id=device.id)).id > rule.id
