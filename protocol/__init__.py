"""The contract between site and hub: values only, no I/O."""

__version__ = "0.1.0"
