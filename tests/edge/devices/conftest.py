from tests.conformance.cabinet import cabinet

__all__ = ["cabinet"]
