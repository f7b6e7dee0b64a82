"""The page to play with: tap a card, open a door, take and put items, pull plugs, and see what goes over the wires."""

from firmware_sim.bench.server import Bench

__all__ = ["Bench"]
