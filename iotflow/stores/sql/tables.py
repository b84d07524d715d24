"""The tables of the SQL store. Times are epoch milliseconds, except where a column's name says microseconds.

`migrations/sql` makes them; a test holds the two together.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
)

# A plain BigInteger primary key is no row id to SQLite and fails to insert; a plain Integer is too small on PostgreSQL.
ID = BigInteger().with_variant(Integer, "sqlite")


def _key(length: int | None = None) -> String:
    """Text that is looked up and put in order by its code points, on PostgreSQL too, whatever its database's language.

    Its indexes then need no rebuilding when a library's idea of a language changes.
    """
    return String(length).with_variant(String(length, collation="C"), "postgresql")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("username", String(64), nullable=False),
    Column("username_key", _key(256), nullable=False, unique=True, comment="casefolded"),
    Column("email", String(320), nullable=False),
    Column("email_key", _key(1024), nullable=False, unique=True, comment="casefolded"),
    Column("password_hash", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("last_login", BigInteger),
    Column("deleted_at", BigInteger, comment="what the account owned is being removed; its names are free"),
    Index(None, "created_at", "user_id"),
)
_deleted = users.c.deleted_at.is_not(None)
Index("ix_users_deleted", users.c.user_id, sqlite_where=_deleted, postgresql_where=_deleted)
_active_admins = and_(users.c.is_admin, users.c.is_active)
Index("ix_users_active_admins", users.c.user_id, sqlite_where=_active_admins, postgresql_where=_active_admins)

tokens = Table(
    "tokens",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

devices = Table(
    "devices",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    Column("name", _key(), nullable=False),
    Column("name_key", Text, nullable=False, comment="casefolded"),
    Column("device_type", Text, nullable=False),
    Column("description", Text),
    Column("location", Text),
    Column("firmware_version", Text),
    Column("hardware_version", Text),
    Column("status", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("last_seen", BigInteger),
    Column("requests_per_second", Integer),
    Column("points_per_second", Integer),
    UniqueConstraint("user_id", "name"),
    CheckConstraint("status IN ('inactive', 'active', 'maintenance')", name="status"),
    Index(None, "last_seen"),
    sqlite_autoincrement=True,
)

keys = Table(
    "device_keys",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("device_id", ForeignKey(devices.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("prefix", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    sqlite_with_rowid=False,
)
_current = keys.c.expires_at.is_(None)
_former = keys.c.expires_at.is_not(None)
Index("uq_device_keys_current", keys.c.device_id, unique=True, sqlite_where=_current, postgresql_where=_current)
Index("ix_device_keys_expires_at", keys.c.expires_at, sqlite_where=_former, postgresql_where=_former)

configs = Table(
    "device_configs",
    metadata,
    Column("device_id", ForeignKey(devices.c.id, ondelete="CASCADE"), primary_key=True),
    Column("config_version", BigInteger, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

groups = Table(
    "device_groups",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    Column("name", _key(), nullable=False),
    Column("description", Text),
    Column("color", String(7)),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "name"),
    sqlite_autoincrement=True,
)

memberships = Table(
    "group_members",
    metadata,
    Column("group_id", ForeignKey(groups.c.id, ondelete="CASCADE"), primary_key=True),
    Column("device_id", ForeignKey(devices.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("added_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", ID, primary_key=True),
    Column("topic", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("not_before", BigInteger, nullable=False, comment="a claim moves it to the end of its lease"),
    Column("attempts", Integer, nullable=False),
    Index(None, "subject", "id"),
    Index(None, "topic", "subject"),
    sqlite_autoincrement=True,
)

# Telemetry and documents know devices and users by id alone: on other stores they are out of a foreign key's reach.

points = Table(
    "telemetry_points",
    metadata,
    Column("device_id", BigInteger, primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("name", _key(), primary_key=True),
    # The one that is not null tells the type.
    Column("bool_value", Boolean),
    Column("int_value", BigInteger),
    Column("float_value", Double),
    Column("text_value", Text),
    Column("received_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    # The catalogue, the newest value of each name and numeric statistics are read off this index alone.
    Index("ix_telemetry_points_by_name", "device_id", "name", "time", "expires_us", "int_value", "float_value"),
    sqlite_with_rowid=False,
)

record_metadata = Table(
    "telemetry_metadata",
    metadata,
    Column("device_id", BigInteger, primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("metadata", JSON, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_type", String(64), nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("device_id", BigInteger),
    Column("details", JSON, nullable=False),
    Column("request_id", String(128)),
    Index(None, "timestamp", "id"),
    Index(None, "user_id", "timestamp", "id"),
    Index(None, "device_id", "timestamp", "id"),
)

activity = Table(
    "activity",
    metadata,
    Column("device_id", BigInteger, primary_key=True),
    Column("hour", BigInteger, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Index(None, "hour"),
    sqlite_with_rowid=False,
)
