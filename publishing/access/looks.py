"""Who looked at a household, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hearth.database import Role, connect


@dataclass(frozen=True, slots=True)
class Look:
    """One line of the access log about one household."""

    accessed_at: datetime
    who: str
    database_user: str
    purpose: str
    entry_count: int
    """Months that were shown; 0: there was nothing this reader may see."""


def who_saw(county_code: str, household_no: str) -> list[Look]:
    """Every look at the household, oldest first."""
    with connect(Role.OWNER) as connection:
        rows = connection.execute(
            "select accessed_at, who, database_user, purpose, entry_count from ops.access_log"
            " where county_code = %s and household_no = %s order by access_id",
            [county_code, household_no],
        ).fetchall()
    return [Look(*row) for row in rows]
