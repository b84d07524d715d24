"""The table of sealed days. Times are epoch milliseconds, those with `_us` microseconds."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from iotflow.stores.sql.tables import metadata

record_blocks = Table(
    "telemetry_blocks",
    metadata,
    # The blocks of a schema have no time in common, and each is within one day of UTC.
    Column("device_id", BigInteger, primary_key=True),
    Column("schema_id", BigInteger, primary_key=True),
    Column("first_time", BigInteger, primary_key=True),
    Column("last_time", BigInteger, nullable=False),
    Column("number", Integer, nullable=False, comment="of records"),
    Column("first_expires_us", BigInteger, nullable=False, comment="the first expiry of a record"),
    Column("expires_us", BigInteger, nullable=False, comment="the last expiry of a record"),
    Column("last_received_us", BigInteger, nullable=False, comment="of the record of `last_time`"),
    Column("last_expires_us", BigInteger, nullable=False),
    Column("last_measurements", LargeBinary, nullable=False),
    Column("statistics", LargeBinary, nullable=False, comment="MessagePack array in the order of the schema's names"),
    Column("data", LargeBinary, nullable=False),
    Index("ix_telemetry_blocks_by_first_time", "device_id", "first_time", "schema_id"),
    Index("ix_telemetry_blocks_by_last_time", "device_id", "last_time", "schema_id"),
)
