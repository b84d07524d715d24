"""webhooks, deliveries and e-mails of alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False, comment="of the URL, by which deliveries in flight are bounded"),
        sa.Column("template", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="signs requests, so it is stored as it is"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_webhooks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("user_id", "url", name=op.f("uq_webhooks_user_id_url")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhooks_user_id_id"), "webhooks", ["user_id", "id"])
    op.create_table(
        "alert_rule_notifications",
        sa.Column("rule_id", ID, autoincrement=False, nullable=False),
        sa.Column("webhook_id", ID, nullable=True),
        sa.Column("email", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["alert_rules.id"],
            name=op.f("fk_alert_rule_notifications_rule_id_alert_rules"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_alert_rule_notifications_webhook_id_webhooks"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_alert_rule_notifications")),
    )
    op.create_index(op.f("ix_alert_rule_notifications_webhook_id"), "alert_rule_notifications", ["webhook_id"])
    _create_deliveries()
    _create_emails()


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("alert", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True, comment="null once the delivery is finished"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_deliveries_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_deliveries_webhook_id_webhooks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["alert_rules.id"], name=op.f("fk_deliveries_rule_id_alert_rules"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_webhook_id_created_at_id"), "deliveries", ["webhook_id", "created_at", "id"])
    op.create_index(op.f("ix_deliveries_rule_id"), "deliveries", ["rule_id"])
    op.create_index(op.f("ix_deliveries_user_id"), "deliveries", ["user_id"])
    for name, owner, column in (
        ("ix_deliveries_due", "user_id", "due_at"),
        ("ix_deliveries_due_of_webhook", "webhook_id", "due_at"),
        ("ix_deliveries_finished", "user_id", "finished_at"),
    ):
        present = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "deliveries", [owner, column], sqlite_where=present, postgresql_where=present)


def _create_emails() -> None:
    op.create_table(
        "email_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("alert", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_email_notices_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["alert_rules.id"], name=op.f("fk_email_notices_rule_id_alert_rules"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_notices")),
    )
    op.create_index(op.f("ix_email_notices_user_id_created_at_id"), "email_notices", ["user_id", "created_at", "id"])
    op.create_index(op.f("ix_email_notices_rule_id"), "email_notices", ["rule_id"])
    op.create_table(
        "email_digests",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, comment="no mail is sent to the account before"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_email_digests_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_email_digests")),
    )
    op.create_index(op.f("ix_email_digests_due_at"), "email_digests", ["due_at"])


def downgrade() -> None:
    for table in ("email_digests", "email_notices", "deliveries", "alert_rule_notifications", "webhooks"):
        op.drop_table(table)
