"""Class numbers and audience of titles; condition, barcode and shelf mark of items."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for name in ("clc", "dewey", "audience"):
        op.add_column("title", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.create_index("ix_title_clc", "title", ["clc"], unique=False)
    op.create_index("ix_title_dewey", "title", ["dewey"], unique=False)
    op.add_column("item", sa.Column("condition", sa.String(), nullable=False, server_default="good"))
    op.add_column("item", sa.Column("barcode", sa.String(), nullable=True))
    op.add_column("item", sa.Column("shelf_mark", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_item_barcode", "item", ["barcode"], unique=True)
