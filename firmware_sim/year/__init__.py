"""A year of borrowing, at the level of readers and copies: what a restocking policy is worth, without devices."""
