"""The table of reports, in the metadata of `tables`. Times are epoch milliseconds."""

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table, Text, Uuid

from iotflow.stores.sql.tables import metadata

reports = Table(
    "reports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("report_type", String(32), nullable=False),
    Column("device_id", BigInteger),
    Column("group_id", BigInteger),
    Column("start_time", BigInteger, nullable=False),
    Column("end_time", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("completed_at", BigInteger),
    Column("error", Text),
    Column("result", JSON(none_as_null=True)),
    Index(None, "created_at", "id"),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "device_id"),
)
