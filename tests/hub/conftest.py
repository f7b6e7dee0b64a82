"""Fixtures of the hub's tests."""

from tests.databases import database, database_url, postgresql, sqlite_template

__all__ = ["database", "database_url", "postgresql", "sqlite_template"]
