"""fair outbox and deleted accounts."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AGAIN_AFTER_MS = 90_000
"""A purge is repeated this long after the deletion: by then no cached key of the device is valid."""


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column(
            "deleted_at",
            sa.BigInteger(),
            nullable=True,
            comment="what the account owned is being removed; its names are free",
        ),
    )
    op.create_index(
        "ix_users_deleted",
        "users",
        ["user_id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.drop_index("ix_outbox_not_before", table_name="outbox")
    op.create_index("ix_outbox_topic_subject", "outbox", ["topic", "subject"], unique=False)
    _purge_by_account()


def downgrade() -> None:
    op.execute("DELETE FROM users WHERE deleted_at IS NOT NULL")
    op.drop_index("ix_outbox_topic_subject", table_name="outbox")
    op.create_index("ix_outbox_not_before", "outbox", ["not_before"], unique=False)
    op.drop_index("ix_users_deleted", table_name="users")
    op.drop_column("users", "deleted_at")


def _purge_by_account() -> None:
    """Convert waiting purges to the new payload, and add the second purge of each as a separate message.

    The rows of their devices are gone, so the accounts are unknown and each purge keeps its subject.
    """
    connection = op.get_bind()
    waiting = sa.text("SELECT id, subject, payload, not_before FROM outbox WHERE topic = 'purge_telemetry'")
    for row in connection.execute(waiting).all():
        former = json.loads(row.payload) if isinstance(row.payload, str) else row.payload
        payload = json.dumps({"device_ids": [former["device_id"]]})
        connection.execute(
            sa.text("UPDATE outbox SET payload = :payload WHERE id = :id"), {"payload": payload, "id": row.id}
        )
        if not former.get("again"):
            connection.execute(
                sa.text(
                    "INSERT INTO outbox (topic, subject, payload, not_before, attempts)"
                    " VALUES ('purge_telemetry', :subject, :payload, :not_before, 0)"
                ),
                {
                    "subject": f"again:{row.subject}",
                    "payload": payload,
                    "not_before": row.not_before + AGAIN_AFTER_MS,
                },
            )
