"""The city's tests."""
