"""A whole city in one process: real agents and the real hub under a virtual clock, every fault, one seed."""
