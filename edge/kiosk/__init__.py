"""The page patrons look at: shows the screen it is given, decides nothing."""

from edge.kiosk.server import Kiosk

__all__ = ["Kiosk"]
