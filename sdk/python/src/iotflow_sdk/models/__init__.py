"""Contains all the data models used in inputs/outputs"""

from .account_analytics import AccountAnalytics
from .active_device import ActiveDevice
from .actor import Actor
from .actor_type import ActorType
from .add_device_request import AddDeviceRequest
from .add_devices_request import AddDevicesRequest
from .add_devices_result import AddDevicesResult
from .admin_device import AdminDevice
from .admin_device_list import AdminDeviceList
from .admin_device_response import AdminDeviceResponse
from .admin_device_update import AdminDeviceUpdate
from .aggregate_result import AggregateResult
from .aggregation import Aggregation
from .alert import Alert
from .alert_change import AlertChange
from .alert_condition import AlertCondition
from .alert_create import AlertCreate
from .alert_create_details import AlertCreateDetails
from .alert_details import AlertDetails
from .alert_list import AlertList
from .alert_response import AlertResponse
from .alert_rule import AlertRule
from .alert_rule_create import AlertRuleCreate
from .alert_rule_list import AlertRuleList
from .alert_rule_response import AlertRuleResponse
from .alert_rule_test import AlertRuleTest
from .alert_rule_test_result import AlertRuleTestResult
from .alert_rule_update import AlertRuleUpdate
from .alert_status import AlertStatus
from .alert_type import AlertType
from .batch_record import BatchRecord
from .batch_record_data import BatchRecordData
from .batch_record_metadata_type_0 import BatchRecordMetadataType0
from .batch_result import BatchResult
from .cache_counts import CacheCounts
from .comparison import Comparison
from .condition_type import ConditionType
from .config_version import ConfigVersion
from .config_version_list import ConfigVersionList
from .credentials import Credentials
from .day_count import DayCount
from .delivery import Delivery
from .delivery_list import DeliveryList
from .delivery_response import DeliveryResponse
from .delivery_status import DeliveryStatus
from .device import Device
from .device_analytics import DeviceAnalytics
from .device_analytics_fields import DeviceAnalyticsFields
from .device_config import DeviceConfig
from .device_config_settings import DeviceConfigSettings
from .device_config_update import DeviceConfigUpdate
from .device_config_update_settings import DeviceConfigUpdateSettings
from .device_counts import DeviceCounts
from .device_create import DeviceCreate
from .device_credentials import DeviceCredentials
from .device_forecast import DeviceForecast
from .device_group import DeviceGroup
from .device_group_list import DeviceGroupList
from .device_metadata import DeviceMetadata
from .device_metadata_attributes import DeviceMetadataAttributes
from .device_metadata_update import DeviceMetadataUpdate
from .device_metadata_update_attributes_type_0 import (
    DeviceMetadataUpdateAttributesType0,
)
from .device_position import DevicePosition
from .device_rate_limits import DeviceRateLimits
from .device_response import DeviceResponse
from .device_self_status import DeviceSelfStatus
from .device_self_update import DeviceSelfUpdate
from .device_self_update_settings import DeviceSelfUpdateSettings
from .device_status import DeviceStatus
from .device_status_list import DeviceStatusList
from .device_status_summary import DeviceStatusSummary
from .device_status_update import DeviceStatusUpdate
from .device_update import DeviceUpdate
from .device_with_key import DeviceWithKey
from .device_with_key_response import DeviceWithKeyResponse
from .device_with_presence import DeviceWithPresence
from .device_with_presence_response import DeviceWithPresenceResponse
from .event import Event
from .event_details import EventDetails
from .event_list import EventList
from .event_type import EventType
from .field_summary import FieldSummary
from .forecast_accuracy import ForecastAccuracy
from .forecast_history import ForecastHistory
from .forecast_method import ForecastMethod
from .found_device_list import FoundDeviceList
from .get_telemetry_order import GetTelemetryOrder
from .group import Group
from .group_counts import GroupCounts
from .group_create import GroupCreate
from .group_list import GroupList
from .group_member import GroupMember
from .group_member_list import GroupMemberList
from .group_response import GroupResponse
from .group_summary import GroupSummary
from .group_update import GroupUpdate
from .group_with_devices import GroupWithDevices
from .group_with_devices_response import GroupWithDevicesResponse
from .health import Health
from .health_status import HealthStatus
from .health_stores_type_0 import HealthStoresType0
from .heartbeat import Heartbeat
from .hour_forecast import HourForecast
from .key_rotation import KeyRotation
from .latest_value import LatestValue
from .latest_values import LatestValues
from .latest_values_latest_data import LatestValuesLatestData
from .liveness import Liveness
from .manual_alert_type import ManualAlertType
from .membership import Membership
from .membership_response import MembershipResponse
from .owned_device_counts import OwnedDeviceCounts
from .page_info import PageInfo
from .password_form import PasswordForm
from .personal_token import PersonalToken
from .personal_token_create import PersonalTokenCreate
from .personal_token_list import PersonalTokenList
from .personal_token_with_secret import PersonalTokenWithSecret
from .problem import Problem
from .problem_error import ProblemError
from .readiness import Readiness
from .readiness_status import ReadinessStatus
from .rejected_record import RejectedRecord
from .report import Report
from .report_create import ReportCreate
from .report_list import ReportList
from .report_period import ReportPeriod
from .report_response import ReportResponse
from .report_result_type_0 import ReportResultType0
from .report_status import ReportStatus
from .report_type import ReportType
from .rule_firing import RuleFiring
from .service_index import ServiceIndex
from .service_status import ServiceStatus
from .service_status_stores import ServiceStatusStores
from .severity import Severity
from .severity_counts import SeverityCounts
from .status_counts import StatusCounts
from .store_availability import StoreAvailability
from .store_health import StoreHealth
from .submit_result import SubmitResult
from .system_stats import SystemStats
from .system_stats_stores import SystemStatsStores
from .telemetry_counts import TelemetryCounts
from .telemetry_delete import TelemetryDelete
from .telemetry_delete_result import TelemetryDeleteResult
from .telemetry_record import TelemetryRecord
from .telemetry_record_create import TelemetryRecordCreate
from .telemetry_record_create_data import TelemetryRecordCreateData
from .telemetry_record_create_metadata_type_0 import TelemetryRecordCreateMetadataType0
from .telemetry_record_measurements import TelemetryRecordMeasurements
from .telemetry_record_metadata_type_0 import TelemetryRecordMetadataType0
from .telemetry_record_page import TelemetryRecordPage
from .telemetry_status import TelemetryStatus
from .telemetry_status_status import TelemetryStatusStatus
from .telemetry_status_stores import TelemetryStatusStores
from .token_response import TokenResponse
from .token_scope import TokenScope
from .type_count import TypeCount
from .user import User
from .user_counts import UserCounts
from .user_create import UserCreate
from .user_device_list import UserDeviceList
from .user_list import UserList
from .user_preferences import UserPreferences
from .user_record import UserRecord
from .user_record_measurements import UserRecordMeasurements
from .user_record_page import UserRecordPage
from .user_response import UserResponse
from .user_update import UserUpdate
from .webhook import Webhook
from .webhook_create import WebhookCreate
from .webhook_list import WebhookList
from .webhook_response import WebhookResponse
from .webhook_template import WebhookTemplate
from .webhook_update import WebhookUpdate
from .webhook_with_secret import WebhookWithSecret
from .window_value import WindowValue

__all__ = (
    "AccountAnalytics",
    "ActiveDevice",
    "Actor",
    "ActorType",
    "AddDeviceRequest",
    "AddDevicesRequest",
    "AddDevicesResult",
    "AdminDevice",
    "AdminDeviceList",
    "AdminDeviceResponse",
    "AdminDeviceUpdate",
    "AggregateResult",
    "Aggregation",
    "Alert",
    "AlertChange",
    "AlertCondition",
    "AlertCreate",
    "AlertCreateDetails",
    "AlertDetails",
    "AlertList",
    "AlertResponse",
    "AlertRule",
    "AlertRuleCreate",
    "AlertRuleList",
    "AlertRuleResponse",
    "AlertRuleTest",
    "AlertRuleTestResult",
    "AlertRuleUpdate",
    "AlertStatus",
    "AlertType",
    "BatchRecord",
    "BatchRecordData",
    "BatchRecordMetadataType0",
    "BatchResult",
    "CacheCounts",
    "Comparison",
    "ConditionType",
    "ConfigVersion",
    "ConfigVersionList",
    "Credentials",
    "DayCount",
    "Delivery",
    "DeliveryList",
    "DeliveryResponse",
    "DeliveryStatus",
    "Device",
    "DeviceAnalytics",
    "DeviceAnalyticsFields",
    "DeviceConfig",
    "DeviceConfigSettings",
    "DeviceConfigUpdate",
    "DeviceConfigUpdateSettings",
    "DeviceCounts",
    "DeviceCreate",
    "DeviceCredentials",
    "DeviceForecast",
    "DeviceGroup",
    "DeviceGroupList",
    "DeviceMetadata",
    "DeviceMetadataAttributes",
    "DeviceMetadataUpdate",
    "DeviceMetadataUpdateAttributesType0",
    "DevicePosition",
    "DeviceRateLimits",
    "DeviceResponse",
    "DeviceSelfStatus",
    "DeviceSelfUpdate",
    "DeviceSelfUpdateSettings",
    "DeviceStatus",
    "DeviceStatusList",
    "DeviceStatusSummary",
    "DeviceStatusUpdate",
    "DeviceUpdate",
    "DeviceWithKey",
    "DeviceWithKeyResponse",
    "DeviceWithPresence",
    "DeviceWithPresenceResponse",
    "Event",
    "EventDetails",
    "EventList",
    "EventType",
    "FieldSummary",
    "ForecastAccuracy",
    "ForecastHistory",
    "ForecastMethod",
    "FoundDeviceList",
    "GetTelemetryOrder",
    "Group",
    "GroupCounts",
    "GroupCreate",
    "GroupList",
    "GroupMember",
    "GroupMemberList",
    "GroupResponse",
    "GroupSummary",
    "GroupUpdate",
    "GroupWithDevices",
    "GroupWithDevicesResponse",
    "Health",
    "HealthStatus",
    "HealthStoresType0",
    "Heartbeat",
    "HourForecast",
    "KeyRotation",
    "LatestValue",
    "LatestValues",
    "LatestValuesLatestData",
    "Liveness",
    "ManualAlertType",
    "Membership",
    "MembershipResponse",
    "OwnedDeviceCounts",
    "PageInfo",
    "PasswordForm",
    "PersonalToken",
    "PersonalTokenCreate",
    "PersonalTokenList",
    "PersonalTokenWithSecret",
    "Problem",
    "ProblemError",
    "Readiness",
    "ReadinessStatus",
    "RejectedRecord",
    "Report",
    "ReportCreate",
    "ReportList",
    "ReportPeriod",
    "ReportResponse",
    "ReportResultType0",
    "ReportStatus",
    "ReportType",
    "RuleFiring",
    "ServiceIndex",
    "ServiceStatus",
    "ServiceStatusStores",
    "Severity",
    "SeverityCounts",
    "StatusCounts",
    "StoreAvailability",
    "StoreHealth",
    "SubmitResult",
    "SystemStats",
    "SystemStatsStores",
    "TelemetryCounts",
    "TelemetryDelete",
    "TelemetryDeleteResult",
    "TelemetryRecord",
    "TelemetryRecordCreate",
    "TelemetryRecordCreateData",
    "TelemetryRecordCreateMetadataType0",
    "TelemetryRecordMeasurements",
    "TelemetryRecordMetadataType0",
    "TelemetryRecordPage",
    "TelemetryStatus",
    "TelemetryStatusStatus",
    "TelemetryStatusStores",
    "TokenResponse",
    "TokenScope",
    "TypeCount",
    "User",
    "UserCounts",
    "UserCreate",
    "UserDeviceList",
    "UserList",
    "UserPreferences",
    "UserRecord",
    "UserRecordMeasurements",
    "UserRecordPage",
    "UserResponse",
    "UserUpdate",
    "Webhook",
    "WebhookCreate",
    "WebhookList",
    "WebhookResponse",
    "WebhookTemplate",
    "WebhookUpdate",
    "WebhookWithSecret",
    "WindowValue",
)
