"""What stands in a newcomer's way."""


class Problem(Exception):
    """The demo cannot go on; the text says why and what to do about it."""
