"""The first tables. There is nothing before them to go back to."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "aside",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("matches", sa.Boolean(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=True),
        sa.Column("patron", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("site", "event_id"),
    )
    op.create_index("ix_aside_card_id", "aside", ["card_id"], unique=False)
    op.create_index("ix_aside_patron", "aside", ["patron"], unique=False)
    op.create_index("ix_aside_visit", "aside", ["visit"], unique=False)

    op.create_table(
        "backup",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_backup_made_at", "backup", ["made_at"], unique=False)

    op.create_table(
        "boot",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("up_ms", sa.BigInteger(), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "boot"),
    )
    op.create_table(
        "cursor",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("archived", sa.BigInteger(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("claimed_last", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("predecessor", sa.String(), nullable=True),
        sa.Column("predecessor_last", sa.BigInteger(), nullable=True),
        sa.Column("boot", sa.String(), nullable=True),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("superseded_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site", "epoch"),
    )
    op.create_table(
        "directory_entry",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
        sa.UniqueConstraint("version"),
    )
    op.create_table(
        "directory_version",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "foreign_tag",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("station", sa.String(), nullable=False),
        sa.Column("shelf", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("time_trusted", sa.Boolean(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("site", "tag"),
    )
    op.create_table(
        "gap",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_gap_site", "gap", ["site", "epoch"], unique=False)

    op.create_table(
        "holding",
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("station", sa.String(), nullable=True),
        sa.Column("shelf", sa.String(), nullable=True),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("patron", sa.String(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("time_trusted", sa.Boolean(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("item"),
    )
    op.create_index("ix_holding_patron", "holding", ["patron"], unique=False)
    op.create_index("ix_holding_place", "holding", ["site", "station", "shelf"], unique=False)
    op.create_index("ix_holding_state", "holding", ["state"], unique=False)

    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site", "kind", "about"),
    )
    op.create_index("ix_incident_last", "incident", ["last_at"], unique=False)

    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("understood", sa.Boolean(), nullable=False),
        sa.Column("why_not", sa.String(), nullable=True),
        sa.Column("duplicate_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("station", sa.String(), nullable=True),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("boot", sa.String(), nullable=True),
        sa.Column("up_ms", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("clock", sa.String(), nullable=True),
        sa.Column("origin_epoch", sa.String(), nullable=True),
        sa.Column("origin_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site", "epoch", "seq"),
    )
    op.create_index("ix_ledger_at", "ledger", ["at"], unique=False)
    op.create_index("ix_ledger_boot", "ledger", ["site", "boot"], unique=False)
    op.create_index("ix_ledger_event", "ledger", ["site", "event_id"], unique=False)
    op.create_index("ix_ledger_item", "ledger", ["item"], unique=False)
    op.create_index("ix_ledger_origin", "ledger", ["site", "origin_epoch"], unique=False)
    op.create_index("ix_ledger_tag", "ledger", ["site", "tag"], unique=False)
    op.create_index("ix_ledger_type", "ledger", ["type"], unique=False)
    op.create_index("ix_ledger_visit", "ledger", ["site", "visit"], unique=False)

    op.create_table(
        "loan",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("station", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("patron", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("borrowed_at", sa.BigInteger(), nullable=False),
        sa.Column("time_trusted", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("loan_days", sa.Integer(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_site", sa.String(), nullable=True),
        sa.Column("closed_visit", sa.String(), nullable=True),
        sa.Column("closed_event", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_borrowed", "loan", ["borrowed_at"], unique=False)
    op.create_index("ix_loan_item", "loan", ["item"], unique=False)
    op.create_index("ix_loan_patron", "loan", ["patron", "state"], unique=False)
    op.create_index("ix_loan_state", "loan", ["state", "due"], unique=False)

    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "patron",
        sa.Column("patron", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("block", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("patron"),
    )
    op.create_index("ix_patron_group", "patron", ["group"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site", "epoch", "first_seq", "sha256"),
    )
    op.create_table(
        "rule",
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("loan_days", sa.Integer(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("group"),
    )
    op.create_table(
        "site",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("return_only", sa.Boolean(), nullable=False),
        sa.Column("trust_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site"),
    )
    op.create_table(
        "site_state",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("boot", sa.String(), nullable=True),
        sa.Column("connection", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=True),
        sa.Column("hello", sa.JSON(), nullable=True),
        sa.Column("status", sa.JSON(), nullable=True),
        sa.Column("status_at", sa.BigInteger(), nullable=True),
        sa.Column("last_visit", sa.String(), nullable=True),
        sa.Column("last_visit_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "title",
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("isbn", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("themes", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("subjects", sa.String(), nullable=False),
        sa.Column("popularity", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("title_id"),
    )
    op.create_index("ix_title_isbn", "title", ["isbn"], unique=False)
    op.create_index("ix_title_title", "title", ["title"], unique=False)

    op.create_table(
        "visit",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("station", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("patron", sa.String(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("time_trusted", sa.Boolean(), nullable=False),
        sa.Column("borrowed", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("undecided", sa.Integer(), nullable=False),
        sa.Column("other", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", "visit"),
    )
    op.create_index("ix_visit_opened", "visit", ["opened_at"], unique=False)
    op.create_index("ix_visit_patron", "visit", ["patron"], unique=False)

    op.create_table(
        "backup_cursor",
        sa.Column("backup", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["backup"],
            ["backup.id"],
        ),
        sa.PrimaryKeyConstraint("backup", "site", "epoch"),
    )
    op.create_table(
        "card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("patron", sa.String(), nullable=True),
        sa.Column("klass", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("block", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patron"],
            ["patron.patron"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret"),
    )
    op.create_index("ix_card_patron", "card", ["patron"], unique=False)

    op.create_table(
        "item",
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("home", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("lending", sa.String(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["title_id"],
            ["title.title_id"],
        ),
        sa.PrimaryKeyConstraint("item"),
        sa.UniqueConstraint("tag"),
    )
    op.create_index("ix_item_home", "item", ["home"], unique=False)
    op.create_index("ix_item_title_id", "item", ["title_id"], unique=False)

    op.create_table(
        "login",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("staff", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("ix_login_expires_at", "login", ["expires_at"], unique=False)
    op.create_index("ix_login_staff", "login", ["staff"], unique=False)
