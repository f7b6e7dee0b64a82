"""How fast the parts are that speed matters for, each against plain work of the same kind in the same run."""
