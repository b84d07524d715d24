from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.cache_counts import CacheCounts
    from ..models.device_counts import DeviceCounts
    from ..models.group_counts import GroupCounts
    from ..models.system_stats_stores import SystemStatsStores
    from ..models.telemetry_counts import TelemetryCounts
    from ..models.user_counts import UserCounts


T = TypeVar("T", bound="SystemStats")


@_attrs_define
class SystemStats:
    """Totals of the whole service.

    Attributes:
        users (UserCounts): Numbers of accounts.
        devices (DeviceCounts): Numbers of devices, by status and presence.
        groups (GroupCounts): Number of groups.
        telemetry (TelemetryCounts): Estimated numbers of values received.
        cache (CacheCounts): Estimated cache hits and misses since the caches started.
        stores (SystemStatsStores): Availability of each store, by its name.
    """

    users: UserCounts
    devices: DeviceCounts
    groups: GroupCounts
    telemetry: TelemetryCounts
    cache: CacheCounts
    stores: SystemStatsStores
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        users = self.users.to_dict()

        devices = self.devices.to_dict()

        groups = self.groups.to_dict()

        telemetry = self.telemetry.to_dict()

        cache = self.cache.to_dict()

        stores = self.stores.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "users": users,
                "devices": devices,
                "groups": groups,
                "telemetry": telemetry,
                "cache": cache,
                "stores": stores,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.cache_counts import CacheCounts  # noqa: PLC0415
        from ..models.device_counts import DeviceCounts  # noqa: PLC0415
        from ..models.group_counts import GroupCounts  # noqa: PLC0415
        from ..models.system_stats_stores import SystemStatsStores  # noqa: PLC0415
        from ..models.telemetry_counts import TelemetryCounts  # noqa: PLC0415
        from ..models.user_counts import UserCounts  # noqa: PLC0415

        d = dict(src_dict)
        users = UserCounts.from_dict(d.pop("users"))

        devices = DeviceCounts.from_dict(d.pop("devices"))

        groups = GroupCounts.from_dict(d.pop("groups"))

        telemetry = TelemetryCounts.from_dict(d.pop("telemetry"))

        cache = CacheCounts.from_dict(d.pop("cache"))

        stores = SystemStatsStores.from_dict(d.pop("stores"))

        system_stats = cls(
            users=users,
            devices=devices,
            groups=groups,
            telemetry=telemetry,
            cache=cache,
            stores=stores,
        )

        system_stats.additional_properties = d
        return system_stats

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
