"""Writing tags at a desk: a list of items, a reader with a pad, and a report of what was written."""
