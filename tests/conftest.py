"""What holds for every test."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")  # the machine that runs the tests may be busy with something else
