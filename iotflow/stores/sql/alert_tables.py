"""The tables of alert rules, alerts and their notifications. Times are epoch milliseconds."""

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
    UniqueConstraint,
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

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False, comment="of the URL, by which deliveries in flight are bounded"),
    Column("template", String(16), nullable=False),
    Column("secret", Text, nullable=False, comment="signs requests, so it is stored as it is"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "url"),
    Index(None, "user_id", "id"),
    sqlite_autoincrement=True,
)

alert_rule_notifications = Table(
    "alert_rule_notifications",
    metadata,
    Column("rule_id", ForeignKey(alert_rules.c.id, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("webhook_id", ForeignKey(webhooks.c.id, ondelete="SET NULL")),
    Column("email", Boolean, nullable=False),
    Index(None, "webhook_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    Column("webhook_id", ForeignKey(webhooks.c.id, ondelete="CASCADE"), nullable=False),
    Column("rule_id", ForeignKey(alert_rules.c.id, ondelete="CASCADE"), nullable=False),
    Column("alert_id", Uuid, nullable=False),
    Column("change", String(16), nullable=False),
    Column("alert", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, comment="null once the delivery is finished"),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", BigInteger),
    Column("response_status", Integer),
    Column("error", Text),
    Index(None, "webhook_id", "created_at", "id"),
    Index(None, "rule_id"),
    Index(None, "user_id"),
)
_waiting = deliveries.c.due_at.is_not(None)
Index("ix_deliveries_due", deliveries.c.user_id, deliveries.c.due_at, sqlite_where=_waiting, postgresql_where=_waiting)
Index(
    "ix_deliveries_due_of_webhook",
    deliveries.c.webhook_id,
    deliveries.c.due_at,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
_finished = deliveries.c.finished_at.is_not(None)
Index(
    "ix_deliveries_finished",
    deliveries.c.user_id,
    deliveries.c.finished_at,
    sqlite_where=_finished,
    postgresql_where=_finished,
)

email_notices = Table(
    "email_notices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    Column("rule_id", ForeignKey(alert_rules.c.id, ondelete="CASCADE"), nullable=False),
    Column("change", String(16), nullable=False),
    Column("alert", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "rule_id"),
)

email_digests = Table(
    "email_digests",
    metadata,
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), primary_key=True),
    Column("due_at", BigInteger, nullable=False, comment="no mail is sent to the account before"),
    Column("attempts", Integer, nullable=False),
    Index(None, "due_at"),
)
