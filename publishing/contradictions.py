"""Who answers for leaving a contradiction open, why, until when. Rows in ``ops``; they end by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from hearth.database import Role, connect
from hearth.period import Period


class ContradictionWaiverError(ValueError):
    """A contradiction cannot be left open as asked. The message says what to change."""


@dataclass(frozen=True, slots=True)
class ContradictionWaiver:
    """One row of ``ops.contradiction_waiver``."""

    waiver_id: int
    rule_id: str
    subject_kind: str
    household_no: str | None
    from_period: str
    until_period: str
    reason: str
    given_by: str
    withdrawn_from: str | None


def waive(county_code: str, rule_id: str, household_no: str, *, until: Period, reason: str, given_by: str) -> list[int]:
    """Leave what a rule says of a household open until a month, that month included; return the waivers' numbers.

    One for each subject of the household in the newest published ledger: the household, its members, its rows. It holds
    from the month after on, and for that one when it is closed again. Raises ContradictionWaiverError.
    """
    if not reason.strip() or not given_by.strip():
        raise ContradictionWaiverError("a waiver needs a reason and the name of who gives it")
    with connect(Role.PUBLISHER) as connection:
        rule = connection.execute(
            "select may_be_waived from marts.dim_rule where county_code = %s and rule_id = %s", [county_code, rule_id]
        ).fetchone()
        if rule is None:
            raise ContradictionWaiverError(f"[{rule_id}] is no rule between departments, as XD-44 is one")
        if not rule[0]:
            raise ContradictionWaiverError(f"[{rule_id}] may not be waived: one of the two sides has to be mended")
        found = connection.execute(
            "select period, subject_kind, subject_no from marts.fct_contradiction as it"
            " where county_code = %(county)s and rule_id = %(rule)s and household_no = %(household)s and state = 'open'"
            " and period = (select max(period) from marts.fct_contradiction where county_code = %(county)s)"
            " order by subject_kind, subject_no",
            {"county": county_code, "rule": rule_id, "household": household_no},
        ).fetchall()
        if not found:
            raise ContradictionWaiverError(f"nothing of [{rule_id}] is open for household [{household_no}]")
        if str(until) < found[0][0]:
            raise ContradictionWaiverError(f"[{until}] is over: the ledger stands at [{found[0][0]}]")
        numbers = []
        for period, kind, subject in found:
            row = connection.execute(
                "insert into ops.contradiction_waiver (county_code, rule_id, subject_kind, subject_no, from_period,"
                " until_period, reason, given_by) values (%s, %s, %s, %s, %s, %s, %s, %s) returning waiver_id",
                [county_code, rule_id, kind, subject, period, str(until), reason.strip(), given_by.strip()],
            ).fetchone()
            if row is None:
                raise RuntimeError("the ledger returned no waiver id")
            numbers.append(int(row[0]))
    return numbers


def withdraw(waiver_id: int, *, from_period: Period, reason: str, withdrawn_by: str) -> None:
    """End a waiver before its month: `from_period` is the first without it. Raises ContradictionWaiverError."""
    if not reason.strip() or not withdrawn_by.strip():
        raise ContradictionWaiverError("a withdrawal needs a reason and the name of who withdraws")
    with connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "insert into ops.contradiction_waiver_withdrawal (waiver_id, from_period, withdrawn_by, reason)"
            " select waiver_id, %s, %s, %s from ops.contradiction_waiver where waiver_id = %s"
            " on conflict do nothing returning waiver_id",
            [str(from_period), withdrawn_by.strip(), reason.strip(), waiver_id],
        ).fetchone()
    if row is None:
        raise ContradictionWaiverError(f"waiver [{waiver_id}] does not exist or is withdrawn already")


def waivers(county_code: str) -> list[ContradictionWaiver]:
    """Every waiver of a county, newest first, the ended ones too."""
    with connect(Role.PUBLISHER) as connection, connection.cursor(row_factory=class_row(ContradictionWaiver)) as cursor:
        return cursor.execute(
            """
            select w.waiver_id, w.rule_id, w.subject_kind, home.household_no, w.from_period, w.until_period, w.reason,
                w.given_by, gone.from_period as withdrawn_from
            from ops.contradiction_waiver as w
            left join ops.contradiction_waiver_withdrawal as gone on w.waiver_id = gone.waiver_id
            left join marts.dim_household as home
                on w.county_code = home.county_code
                and split_part(w.subject_no, '.', 1) = 'h' || home.household_key::text
            where w.county_code = %s
            order by w.waiver_id desc
            """,
            [county_code],
        ).fetchall()
