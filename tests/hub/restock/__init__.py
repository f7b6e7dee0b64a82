"""Tests of hub.restock."""
