"""Waivers: a named person lets a failure through until a day. Rows in ``ops``; they end by themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from expectations.checks import Connection
from hearth.database import Role, connect


class WaiverError(ValueError):
    """A waiver cannot be given or withdrawn as asked. The message says what to change."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One row of ``ops.waiver``."""

    waiver_id: int
    county_code: str
    rule_id: str
    scope: str
    """Glob over ``suite.check``, as ``ops.gate_result`` names them."""
    period: str | None
    reason: str
    given_by: str
    given_at: datetime
    valid_until: datetime
    is_withdrawn: bool = False

    def covers(self, rule_id: str, suite: str, check_id: str) -> bool:
        """Whether it lets this failure through. ``[`` and ``]`` of a check's address stand for themselves."""
        pattern = self.scope.replace("[", "[[]")
        return self.rule_id == rule_id and fnmatchcase(f"{suite}.{check_id}", pattern)

    def text(self) -> str:
        """As it is printed wherever the number appears."""
        return f"豁免#{self.waiver_id} {self.rule_id} {self.given_by}：{self.reason}（至{self.valid_until:%Y-%m-%d}）"


_SELECT = """
select w.waiver_id, w.county_code, w.rule_id, w.scope, w.period, w.reason, w.given_by, w.given_at, w.valid_until,
    gone.waiver_id is not null
from ops.waiver as w left join ops.waiver_withdrawal as gone on gone.waiver_id = w.waiver_id
where w.county_code = %(county)s
"""


def valid_waivers(connection: Connection, county_code: str, period: str) -> list[Waiver]:
    """Waivers that hold at this moment for a month, the one that ends last first."""
    rows = connection.execute(
        _SELECT
        + "and gone.waiver_id is null and w.valid_until > now() and coalesce(w.period, %(period)s) = %(period)s "
        "order by w.valid_until desc, w.waiver_id",
        {"county": county_code, "period": period},
    ).fetchall()
    return [Waiver(*row) for row in rows]


def all_waivers(county_code: str) -> list[Waiver]:
    """Every waiver of a county, newest first, the ended ones too."""
    with connect(Role.BUILDER) as connection:
        rows = connection.execute(_SELECT + "order by w.waiver_id desc", {"county": county_code}).fetchall()
    return [Waiver(*row) for row in rows]


def grant_waiver(
    county_code: str,
    rule_id: str,
    *,
    scope: str = "*",
    period: str | None,
    reason: str,
    given_by: str,
    valid_until: datetime,
) -> int:
    """Write a waiver; return its id. It lets nothing through by itself: the gate judges again.

    Raises WaiverError when a name or a reason is missing, or the end lies in the past.
    """
    if not re.fullmatch(r"[PT]-\d{2}", rule_id):
        raise WaiverError(f"[{rule_id}] is no rule of the gate; the verdict names it, P-16")
    if not reason.strip() or not given_by.strip():
        raise WaiverError("a waiver needs a reason and the name of who gives it")
    if valid_until.tzinfo is None or valid_until <= datetime.now(valid_until.tzinfo):
        raise WaiverError(f"a waiver ends on a day to come, with a time zone; [{valid_until}] does not")
    with connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "insert into ops.waiver (county_code, rule_id, scope, period, reason, given_by, valid_until) "
            "values (%s, %s, %s, %s, %s, %s, %s) returning waiver_id",
            [county_code, rule_id, scope, period, reason.strip(), given_by.strip(), valid_until],
        ).fetchone()
    if row is None:
        raise RuntimeError("the ledger returned no waiver id")
    return int(row[0])


def withdraw_waiver(waiver_id: int, *, reason: str, withdrawn_by: str) -> None:
    """End a waiver before its day. Raises WaiverError when there is none, or it is withdrawn already."""
    with connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "insert into ops.waiver_withdrawal (waiver_id, withdrawn_by, reason) "
            "select waiver_id, %s, %s from ops.waiver where waiver_id = %s on conflict do nothing returning waiver_id",
            [withdrawn_by, reason, waiver_id],
        ).fetchone()
    if row is None:
        raise WaiverError(f"waiver [{waiver_id}] does not exist or is withdrawn already")
