"""Renewals; sets of several parts; what only one site is told; codes for collecting, and what waits in lockers."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for table in ("loan", "rule"):
        op.add_column(table, sa.Column("renewals", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("item", sa.Column("parts", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("directory_entry", sa.Column("site", sa.String(), nullable=True))
    op.execute("UPDATE directory_entry SET site = key WHERE kind = 'policy'")
    op.add_column("reservation", sa.Column("code", sa.String(), nullable=False, server_default=""))
    op.add_column("reservation", sa.Column("keep_days", sa.Integer(), nullable=False, server_default="7"))
    op.add_column("reservation", sa.Column("lapsed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("holding", sa.Column("hold", sa.String(), nullable=True))
    op.add_column("holding", sa.Column("hold_since", sa.BigInteger(), nullable=True))
    op.create_index("ix_holding_hold", "holding", ["hold"], unique=False)
    connection = op.get_bind()
    for (number,) in connection.execute(sa.text("SELECT id FROM reservation")).all():
        connection.execute(
            sa.text("UPDATE reservation SET code = :code WHERE id = :id"),
            {"code": f"{secrets.randbelow(10**8):08}", "id": number},
        )
