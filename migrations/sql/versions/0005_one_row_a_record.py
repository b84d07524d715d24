"""one row a record."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "telemetry_schemas",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False, comment="ascending"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telemetry_schemas")),
        sa.UniqueConstraint("device_id", "digest", name=op.f("uq_telemetry_schemas_device_id_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "telemetry_records",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("schema_id", sa.BigInteger(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column(
            "measurements",
            sa.LargeBinary(),
            nullable=False,
            comment="MessagePack array in the order of the schema's names",
        ),
        sa.PrimaryKeyConstraint("device_id", "time", "schema_id", name=op.f("pk_telemetry_records")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_telemetry_records_by_schema", "telemetry_records", ["device_id", "schema_id", "time"], unique=False
    )


def downgrade() -> None:
    op.drop_table("telemetry_records")
    op.drop_table("telemetry_schemas")
