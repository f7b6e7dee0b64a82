"""A page to play with: tap a card, open the door, move items, pull plugs, and watch the wires."""
