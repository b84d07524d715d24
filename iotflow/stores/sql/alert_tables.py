"""The tables of alert rules and alerts, in the metadata of `tables`. Times are epoch milliseconds."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    and_,
)

from iotflow.stores.sql.tables import ID, devices, groups, metadata, users

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    Column("device_id", ForeignKey(devices.c.id, ondelete="CASCADE")),
    Column("group_id", ForeignKey(groups.c.id, ondelete="CASCADE")),
    Column("name", Text, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("condition", JSON, nullable=False),
    Column("for_seconds", Integer, nullable=False),
    Column("cooldown_seconds", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False, comment="grows with each change"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    CheckConstraint("(device_id IS NULL) <> (group_id IS NULL)", name="target"),
    Index(None, "user_id", "id"),
    Index(None, "device_id", "id"),
    Index(None, "group_id", "id"),
    sqlite_autoincrement=True,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("rule_id", BigInteger),
    Column("device_id", BigInteger, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("alert_type", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", Uuid),
    Column("resolved_at", BigInteger),
    Column("fired_at", BigInteger, comment="event time of the reading that fired the rule"),
    Index(None, "created_at", "id"),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "user_id", "status", "created_at", "id"),
    Index(None, "device_id", "created_at", "id"),
)
_open = and_(alerts.c.rule_id.is_not(None), alerts.c.resolved_at.is_(None))
Index("uq_alerts_open", alerts.c.rule_id, alerts.c.device_id, unique=True, sqlite_where=_open, postgresql_where=_open)
_resolved = alerts.c.resolved_at.is_not(None)
Index("ix_alerts_resolved_at", alerts.c.resolved_at, sqlite_where=_resolved, postgresql_where=_resolved)
