"""rate limits of devices."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("requests_per_second", sa.Integer(), nullable=True))
    op.add_column("devices", sa.Column("points_per_second", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("devices", "points_per_second")
    op.drop_column("devices", "requests_per_second")
