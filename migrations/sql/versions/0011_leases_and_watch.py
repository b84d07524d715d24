"""Leases, and the watch over silent devices."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, comment="by the clock of the database's server"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    for table, comment in (
        ("online_devices", "the device is not offline before"),
        ("silence_checks", "no rule of silence fires before"),
    ):
        op.create_table(
            table,
            sa.Column("device_id", ID, autoincrement=False, nullable=False),
            sa.Column("check_at", sa.BigInteger(), nullable=False, comment=comment),
            sa.ForeignKeyConstraint(
                ["device_id"], ["devices.id"], name=op.f(f"fk_{table}_device_id_devices"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("device_id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_check_at"), table, ["check_at"])


def downgrade() -> None:
    for table in ("silence_checks", "online_devices", "leases"):
        op.drop_table(table)
