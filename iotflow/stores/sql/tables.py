"""The tables of the SQL store, and how a measured value is stored in its columns.

Times are epoch milliseconds; in columns whose name ends in `_us`, epoch microseconds. `migrations/sql` creates the
tables, and a test compares them with these.
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

from iotflow.domain.telemetry import Value
from iotflow.domain.times import Micros

# On SQLite a BigInteger primary key is no row id, so an insert would fail; on PostgreSQL an Integer is too small.
ID = BigInteger().with_variant(Integer, "sqlite")


def _key(length: int | None = None) -> String:
    """Return a text type that is compared by code points, also on PostgreSQL, whatever the database's locale.

    An update of a locale library then corrupts no index.
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

# Telemetry and documents have no foreign keys to devices and users: they may be in another store.

points = Table(
    "telemetry_points",
    metadata,
    Column("device_id", BigInteger, primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("name", _key(), primary_key=True),
    # The one column that is not null determines the type.
    Column("bool_value", Boolean),
    Column("int_value", BigInteger),
    Column("float_value", Double),
    Column("text_value", Text),
    Column("received_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    # A covering index for the catalogue, the newest value of each name, and numeric statistics.
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

NO_EXPIRY_US = Micros(2**63 - 1)
"""`expires_us` of data without a retention."""

VALUE_COLUMNS = (points.c.bool_value, points.c.int_value, points.c.float_value, points.c.text_value)

ValueColumns = tuple[bool | None, int | None, float | None, str | None]
"""What the `VALUE_COLUMNS` of a row hold."""


class CorruptRow(RuntimeError):
    """A stored row that this code cannot have written."""


def encode_value(value: Value) -> ValueColumns:
    """Return a value in the column of its type, None in the others."""
    match value:
        case float():
            return None, None, value, None
        case bool():
            return value, None, None, None
        case int():
            return None, value, None, None
        case str():
            return None, None, None, value


def decode_value(
    bool_value: bool | None, int_value: int | None, float_value: float | None, text_value: str | None
) -> Value:
    """Return the value of a row's `VALUE_COLUMNS`. Raises CorruptRow when all are None."""
    if float_value is not None:
        return float_value
    if int_value is not None:
        return int_value
    if bool_value is not None:
        return bool_value
    if text_value is None:
        raise CorruptRow("telemetry_points: a row has no value; delete it, or restore the table from a backup")
    return text_value
