"""Moments and days as people read them, in the library's zone."""

from datetime import date, datetime, tzinfo

from hub.web.say import Say

MINUTE, HOUR, DAY = 60, 3600, 86_400


def exact(say: Say, when: datetime, zone: tzinfo) -> str:
    """Date and time to the second."""
    here = when.astimezone(zone)
    return f"{day(say, here.date())} {here:%H:%M:%S}"


def day(say: Say, when: date) -> str:
    """A date with its year."""
    return say("time.day", year=when.year, month=say(f"month.{when.month}"), day=when.day)


def short(say: Say, when: datetime, zone: tzinfo) -> str:
    """Day and minute without the year, for lists."""
    here = when.astimezone(zone)
    return say("time.short", month=say(f"month.{here.month}"), day=here.day, clock=f"{here:%H:%M}")


def ago(say: Say, when: datetime, now: datetime) -> str:
    """How long ago, roughly; a moment that lies ahead by somebody's wrong clock is now."""
    seconds = (now - when).total_seconds()
    if seconds < MINUTE:
        return say("time.now")
    for unit, length, below in (("minutes", MINUTE, HOUR), ("hours", HOUR, DAY), ("days", DAY, float("inf"))):
        if seconds < below:
            return say(f"time.{unit}", n=int(seconds // length))
    raise AssertionError("days have no end")
