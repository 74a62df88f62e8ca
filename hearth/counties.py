"""Several counties in one warehouse: who is served, and how the partition of an event names county and month.

Everything that is kept carries its county. A process serves one of them, the setting ``county_code``; a task of
Airflow is such a process, and its run says whose (decision 0039).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hearth.settings import settings

_VARIABLE = "HEARTH_COUNTY_CODE"
_SEPARATOR = ":"


def serve(county_code: str) -> None:
    """From here on this process serves a county. Raises ValueError for one that is not of this warehouse."""
    if county_code not in settings().counties:
        raise ValueError(
            f"[{county_code}] is none of the counties {list(settings().counties)}; see HEARTH_COUNTY_CODES"
        )
    os.environ[_VARIABLE] = county_code
    settings.cache_clear()


@contextmanager
def serving(county_code: str) -> Iterator[None]:
    """Serve a county for the length of a block."""
    before, variable = settings().county_code, os.environ.get(_VARIABLE)
    serve(county_code)
    try:
        yield
    finally:
        serve(before)
        if variable is None:
            del os.environ[_VARIABLE]
            settings.cache_clear()


def key_of(county_code: str, period: str) -> str:
    """The partition of a county's month: the month alone for the first county, so that one county has plain months."""
    return period if county_code == settings().counties[0] else f"{county_code}{_SEPARATOR}{period}"


def of_key(key: str) -> tuple[str, str]:
    """County and month of a partition."""
    county, _, period = key.rpartition(_SEPARATOR)
    return county or settings().counties[0], period
