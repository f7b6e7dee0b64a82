"""Where an item stands at the library when nobody said: by its title's class number."""


def shelf_mark(own: str, clc: str, dewey: str) -> str:
    """The item's `own` mark, else its title's Chinese class number, else Dewey's; empty when there is none of them."""
    return own or clc or dewey
