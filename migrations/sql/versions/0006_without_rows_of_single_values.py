"""without rows of single values."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Its rows were converted between the two revisions, see iotflow/stores/sql/points_conversion.py.
    op.drop_table("telemetry_points")


def downgrade() -> None:
    op.create_table(
        "telemetry_points",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("bool_value", sa.Boolean(), nullable=True),
        sa.Column("int_value", sa.BigInteger(), nullable=True),
        sa.Column("float_value", sa.Double(), nullable=True),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "time", "name", name=op.f("pk_telemetry_points")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_telemetry_points_by_name",
        "telemetry_points",
        ["device_id", "name", "time", "expires_us", "int_value", "float_value"],
        unique=False,
    )
