"""The tables of leases and of the watch over devices, in the metadata of `tables`. Times are epoch milliseconds."""

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Uuid

from iotflow.stores.sql.tables import ID, devices, metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", Uuid, nullable=False),
    Column("expires_at", BigInteger, nullable=False, comment="by the clock of the database's server"),
)

online_devices = Table(
    "online_devices",
    metadata,
    Column("device_id", ID, ForeignKey(devices.c.id, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("check_at", BigInteger, nullable=False, index=True, comment="the device is not offline before"),
)

silence_checks = Table(
    "silence_checks",
    metadata,
    Column("device_id", ID, ForeignKey(devices.c.id, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("check_at", BigInteger, nullable=False, index=True, comment="no rule of silence fires before"),
)
