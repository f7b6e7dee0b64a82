"""Restocking over a real database."""
