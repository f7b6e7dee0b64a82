"""What titles are found by; filled when the hub starts, or by `microlib-hub reindex`."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "title_search",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("spelled", sa.String(), nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.Column("place", sa.String(collation="C" if on_postgresql else None), nullable=False),
        sa.Column("tokens", postgresql.TSVECTOR() if on_postgresql else sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["title_id"], ["title.title_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("title_id"),
    )
    op.create_index("ix_title_search_place", "title_search", ["place", "title_id"])
    if on_postgresql:
        op.create_index("title_words", "title_search", ["tokens"], postgresql_using="gin")
        return
    op.execute(
        "CREATE VIRTUAL TABLE title_words USING fts5("
        "tokens, content='title_search', content_rowid='id', tokenize='ascii', detail=none, prefix='3 4 5')"
    )
    gone = "INSERT INTO title_words (title_words, rowid, tokens) VALUES ('delete', old.id, old.tokens);"
    come = "INSERT INTO title_words (rowid, tokens) VALUES (new.id, new.tokens);"
    op.execute(f"CREATE TRIGGER title_words_come AFTER INSERT ON title_search BEGIN {come} END")
    op.execute(f"CREATE TRIGGER title_words_gone AFTER DELETE ON title_search BEGIN {gone} END")
    op.execute(
        f"CREATE TRIGGER title_words_changed AFTER UPDATE OF id, tokens ON title_search BEGIN {gone} {come} END"
    )
