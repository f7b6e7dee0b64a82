"""Restocks: what is expected to be taken where, and which copies should therefore go where."""
