"""Restocking: themes, campaigns, tours, plans, runs and what comes of them; scans at the library; reservations."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "scan",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("out", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("run", BIG_ID, nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_scan_item", "scan", ["item"], unique=False)
    op.create_index("ix_scan_run", "scan", ["run"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("run", BIG_ID, nullable=True),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_task_open", "task", ["done_at"], unique=False)
    op.create_table(
        "theme",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "tour",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("departs", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("tote", sa.Integer(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "campaign",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("theme", BIG_ID, nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("items", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["theme"],
            ["theme.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_campaign_begins", "campaign", ["begins", "ends"], unique=False)
    op.create_index("ix_campaign_theme", "campaign", ["theme"], unique=False)
    op.create_table(
        "closure",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site"],
            ["site.site"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_closure_site", "closure", ["site"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("tour", BIG_ID, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("outlook", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tour"],
            ["tour.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_plan_day", "plan", ["day"], unique=False)
    op.create_index("ix_plan_tour", "plan", ["tour"], unique=False)
    op.create_table(
        "reservation",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("patron", sa.String(), nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["patron"],
            ["patron.patron"],
        ),
        sa.ForeignKeyConstraint(
            ["site"],
            ["site.site"],
        ),
        sa.ForeignKeyConstraint(
            ["title_id"],
            ["title.title_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reservation_patron", "reservation", ["patron"], unique=False)
    op.create_index("ix_reservation_title", "reservation", ["title_id", "site"], unique=False)
    op.create_table(
        "theme_title",
        sa.Column("theme", BIG_ID, nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["theme"], ["theme.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["title_id"], ["title.title_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("theme", "title_id"),
    )
    op.create_index("ix_theme_title_title_id", "theme_title", ["title_id"], unique=False)
    op.create_table(
        "tour_site",
        sa.Column("tour", BIG_ID, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site"],
            ["site.site"],
        ),
        sa.ForeignKeyConstraint(["tour"], ["tour.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tour", "site"),
    )
    op.create_index("ix_tour_site_site", "tour_site", ["site"], unique=False)
    op.create_table(
        "campaign_site",
        sa.Column("campaign", BIG_ID, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["campaign"], ["campaign.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["site"],
            ["site.site"],
        ),
        sa.PrimaryKeyConstraint("campaign", "site"),
    )
    op.create_index("ix_campaign_site_site", "campaign_site", ["site"], unique=False)
    op.create_table(
        "plan_edit",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("plan", BIG_ID, nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("barred", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_plan_edit_plan", "plan_edit", ["plan"], unique=False)
    op.create_table(
        "plan_line",
        sa.Column("plan", BIG_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("loans", sa.Float(), nullable=False),
        sa.Column("forgone", sa.Float(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("whys", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan", "number"),
    )
    op.create_index("ix_plan_line_title", "plan_line", ["title_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("plan", BIG_ID, nullable=True),
        sa.Column("tour", BIG_ID, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("courier", sa.String(), nullable=False),
        sa.Column("tote", sa.Integer(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan"],
            ["plan.id"],
        ),
        sa.ForeignKeyConstraint(
            ["tour"],
            ["tour.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_run_day", "run", ["day"], unique=False)
    op.create_index("ix_run_plan", "run", ["plan"], unique=False)
    op.create_index("ix_run_tour", "run", ["tour"], unique=False)
    op.create_table(
        "stop",
        sa.Column("run", BIG_ID, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("skipped", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "site"),
    )
    op.create_index("ix_stop_site", "stop", ["site"], unique=False)
    op.create_table(
        "transfer",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("run", BIG_ID, nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("whys", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_transfer_item", "transfer", ["item"], unique=False)
    op.create_index("ix_transfer_run", "transfer", ["run"], unique=False)
    op.add_column("site", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("site", sa.Column("longitude", sa.Float(), nullable=True))
    op.add_column("site", sa.Column("headroom", sa.Integer(), nullable=False, server_default="0"))
