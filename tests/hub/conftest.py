"""Fixtures of the hub's tests."""

from tests.databases import database, database_url, postgresql, sqlite_template
from tests.hub.keeping import config, harbour, hub

__all__ = ["config", "database", "database_url", "harbour", "hub", "postgresql", "sqlite_template"]
