"""sealed blocks."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "telemetry_blocks",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("schema_id", sa.BigInteger(), nullable=False),
        sa.Column("first_time", sa.BigInteger(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="of records"),
        sa.Column("first_expires_us", sa.BigInteger(), nullable=False, comment="the first expiry of a record"),
        sa.Column("expires_us", sa.BigInteger(), nullable=False, comment="the last expiry of a record"),
        sa.Column("last_received_us", sa.BigInteger(), nullable=False, comment="of the record of `last_time`"),
        sa.Column("last_expires_us", sa.BigInteger(), nullable=False),
        sa.Column("last_measurements", sa.LargeBinary(), nullable=False),
        sa.Column(
            "statistics",
            sa.LargeBinary(),
            nullable=False,
            comment="MessagePack array in the order of the schema's names",
        ),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "schema_id", "first_time", name=op.f("pk_telemetry_blocks")),
    )
    for order in ("first_time", "last_time"):
        op.create_index(f"ix_telemetry_blocks_by_{order}", "telemetry_blocks", ["device_id", order, "schema_id"])


def downgrade() -> None:
    op.drop_table("telemetry_blocks")
