"""metadata of devices, preferences, versions of configs, and online windows of devices."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("online_window", sa.Integer(), nullable=True, comment="seconds"))
    own_window = sa.text("online_window IS NOT NULL")
    op.create_index("ix_devices_online_window", "devices", ["id"], sqlite_where=own_window, postgresql_where=own_window)
    op.create_table(
        "device_config_versions",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("config_version", sa.BigInteger(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_config_versions_device_id_devices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", "config_version", name=op.f("pk_device_config_versions")),
    )
    # Nothing recorded who made the versions that are stored now.
    op.execute(
        "INSERT INTO device_config_versions (device_id, config_version, settings, updated_at, actor)"
        " SELECT device_id, config_version, settings, updated_at, 'null' FROM device_configs"
    )
    _create_documents()


def _create_documents() -> None:
    op.create_table(
        "device_metadata",
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("x", sa.Double(), nullable=True),
        sa.Column("y", sa.Double(), nullable=True),
        sa.Column("z", sa.Double(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_metadata")),
    )
    op.create_index(
        op.f("ix_device_metadata_user_id_device_id"), "device_metadata", ["user_id", "device_id"], unique=False
    )
    op.create_index(
        op.f("ix_device_metadata_user_id_lat_lon"), "device_metadata", ["user_id", "lat", "lon"], unique=False
    )
    op.create_table(
        "device_metadata_terms",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "term",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="digest of a tag, or of an attribute with its value",
        ),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "term", "device_id", name=op.f("pk_device_metadata_terms")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_device_metadata_terms_device_id"), "device_metadata_terms", ["device_id"], unique=False)
    op.create_table(
        "user_preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_preferences")),
    )


def downgrade() -> None:
    op.drop_table("user_preferences")
    op.drop_table("device_metadata_terms")
    op.drop_table("device_metadata")
    op.drop_table("device_config_versions")
    op.drop_index("ix_devices_online_window", table_name="devices")
    op.drop_column("devices", "online_window")
