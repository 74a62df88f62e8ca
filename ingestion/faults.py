"""How a fault of the program is told without telling what a file holds: error texts of libraries may quote cells."""

from __future__ import annotations

import traceback


def place_of(error: BaseException) -> str:
    """Type of the error and where it came from, innermost place first; never its text."""
    places = " <- ".join(
        f"{frame.filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    return f"{type(error).__name__} at {places}"
