"""The tables of the SQL store.

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

personal_tokens = Table(
    "personal_tokens",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    Column("name", _key(), nullable=False),
    Column("scopes", String(64), nullable=False, comment="separated by spaces"),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("prefix", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    UniqueConstraint("user_id", "name"),
    sqlite_autoincrement=True,
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
    Column("online_window", Integer, comment="seconds"),
    UniqueConstraint("user_id", "name"),
    CheckConstraint("status IN ('inactive', 'active', 'maintenance')", name="status"),
    Index(None, "last_seen"),
    sqlite_autoincrement=True,
)

_own_window = devices.c.online_window.is_not(None)
Index("ix_devices_online_window", devices.c.id, sqlite_where=_own_window, postgresql_where=_own_window)

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

config_versions = Table(
    "device_config_versions",
    metadata,
    Column("device_id", ForeignKey(devices.c.id, ondelete="CASCADE"), primary_key=True),
    Column("config_version", BigInteger, primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("actor", JSON, nullable=False),
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

record_schemas = Table(
    "telemetry_schemas",
    metadata,
    Column("id", ID, primary_key=True),
    Column("device_id", BigInteger, nullable=False),
    # Names may be longer than an entry of an index on PostgreSQL.
    Column("digest", LargeBinary, nullable=False),
    Column("names", JSON, nullable=False, comment="ascending"),
    UniqueConstraint("device_id", "digest"),
    sqlite_autoincrement=True,
)

records = Table(
    "telemetry_records",
    metadata,
    Column("device_id", BigInteger, primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("schema_id", BigInteger, primary_key=True),
    Column("received_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("measurements", LargeBinary, nullable=False, comment="MessagePack array in the order of the schema's names"),
    # For the newest record of each schema.
    Index("ix_telemetry_records_by_schema", "device_id", "schema_id", "time"),
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

device_metadata = Table(
    "device_metadata",
    metadata,
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", Uuid, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("attributes", JSON, nullable=False),
    # The position in degrees, and on the unit sphere, see iotflow/domain/geography.py.
    *(Column(coordinate, Double) for coordinate in ("lat", "lon", "x", "y", "z")),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "user_id", "device_id"),
    Index(None, "user_id", "lat", "lon"),
)

metadata_terms = Table(
    "device_metadata_terms",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("term", LargeBinary(16), primary_key=True, comment="digest of a tag, or of an attribute with its value"),
    Column("device_id", BigInteger, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

preferences = Table(
    "user_preferences",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("preferences", JSON, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

NO_EXPIRY_US = Micros(2**63 - 1)
"""`expires_us` of data without a retention."""


class CorruptRow(RuntimeError):
    """A stored row that this code cannot have written."""
