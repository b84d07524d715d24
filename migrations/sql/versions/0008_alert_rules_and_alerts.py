"""alert rules and alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("condition", sa.JSON(), nullable=False),
        sa.Column("for_seconds", sa.Integer(), nullable=False),
        sa.Column("cooldown_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows with each change"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(device_id IS NULL) <> (group_id IS NULL)", name=op.f("ck_alert_rules_target")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_alert_rules_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_alert_rules_device_id_devices"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["device_groups.id"], name=op.f("fk_alert_rules_group_id_device_groups"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
        sqlite_autoincrement=True,
    )
    for column in ("user_id", "device_id", "group_id"):
        op.create_index(op.f(f"ix_alert_rules_{column}_id"), "alert_rules", [column, "id"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("alert_type", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("fired_at", sa.BigInteger(), nullable=True, comment="event time of the reading that fired the rule"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    for columns in (("created_at", "id"), ("user_id", "created_at", "id"), ("device_id", "created_at", "id")):
        op.create_index(op.f(f"ix_alerts_{'_'.join(columns)}"), "alerts", list(columns))
    op.create_index(op.f("ix_alerts_user_id_status_created_at_id"), "alerts", ["user_id", "status", "created_at", "id"])
    is_open = sa.text("rule_id IS NOT NULL AND resolved_at IS NULL")
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["rule_id", "device_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    resolved = sa.text("resolved_at IS NOT NULL")
    op.create_index(
        "ix_alerts_resolved_at", "alerts", ["resolved_at"], sqlite_where=resolved, postgresql_where=resolved
    )


def downgrade() -> None:
    op.drop_table("alerts")
    op.drop_table("alert_rules")
