"""Waivers for placeholder numbers: a newborn has no number yet, and its clerk need not be asked each month (GEN-17).

The row is taken and not linked, waived or not; what a waiver ends is the asking (R-ALL-04).
"""

from __future__ import annotations

from datetime import date

from hearth.database import Role, connect
from hearth.settings import settings


def waive(household_no: str, *, reason: str, by: str, since: date, until: date) -> None:
    """Ask no more about placeholders of a household until a day. Raises ValueError for a blank reason or name and for
    an end before the beginning."""
    if not (household_no.strip() and reason.strip() and by.strip()):
        raise ValueError("a waiver is for a household, by a named person, for a stated reason; give --by and --reason")
    if until < since:
        raise ValueError(f"the waiver would end on [{until}], before it begins on [{since}]")
    with connect(Role.LOADER) as connection:
        connection.execute(
            "insert into ops.placeholder_waiver (county_code, household_no, reason, granted_by, valid_from,"
            " valid_until) values (%s, %s, %s, %s, %s, %s)",
            [settings().county_code, household_no.strip(), reason.strip(), by.strip(), since, until],
        )


def waived_households(county_code: str, day: date) -> frozenset[str]:
    """Households with a waiver that is valid on a day."""
    with connect(Role.LOADER) as connection:
        rows = connection.execute(
            "select distinct household_no from ops.placeholder_waiver"
            " where county_code = %s and %s between valid_from and valid_until",
            [county_code, day],
        ).fetchall()
    return frozenset(household for (household,) in rows)
