"""Which items go where next, how they get there, and what came of it."""
