"""What can be asked of the hub: one module a noun, each answering with models that the API sends and the pages show."""
