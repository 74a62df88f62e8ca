"""What a person is asked when only a waiver stands between a month and its publication, and what the answer writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from expectations.waivers import WaiverError, grant_waiver
from hearth.database import Role, connect
from hearth.settings import settings


@dataclass(frozen=True, slots=True)
class Question:
    """The failures of the newest judgement of a month that a named person may let through."""

    build_id: int
    period: str
    checks: tuple[tuple[str, str, str], ...]
    """(rule id, suite.check, message) of each failure."""

    def text(self) -> str:
        """As the approval screen shows it, in Markdown."""
        failures = "\n".join(f"- **{rule}** {message}（{check}）" for rule, check, message in self.checks)
        return f"月份：**{self.period}**（第 {self.build_id} 次构建）\n\n{failures}"


def question(county_code: str, period: str) -> Question | None:
    """What to ask about a month; None unless its newest build is blocked and nothing but waivers could help it."""
    with connect(Role.BUILDER) as connection:
        row = connection.execute(
            "select build_id, failures = waivable and verdict = 'block' from ops.build left join ops.gate_decision "
            "using (build_id) where county_code = %s and period = %s order by build_id desc limit 1",
            [county_code, period],
        ).fetchone()
        if row is None or not row[1]:
            return None
        checks = connection.execute(
            "select rule_id, suite || '.' || expectation, message from ops.gate_result where build_id = %s "
            "and not success and waiver_id is null and severity = 'block_unless_waived' order by 1, 2",
            [row[0]],
        ).fetchall()
    return Question(int(row[0]), period, tuple((str(a), str(b), str(c)) for a, b, c in checks))


def approve(county_code: str, asked: Question, *, by: str, reason: str, days: int) -> list[int]:
    """Write one waiver a failure that was shown, for this month and ``days`` days; return their ids.

    Raises WaiverError when the month has been judged otherwise since it was asked about: nobody approves unseen.
    """
    if question(county_code, asked.period) != asked:
        raise WaiverError(f"[{asked.period}] has been judged again since; look at the new verdict")
    until = datetime.now(settings().zone) + timedelta(days=days)
    return [
        grant_waiver(county_code, rule, scope=check, period=asked.period, reason=reason, given_by=by, valid_until=until)
        for rule, check, _ in asked.checks
    ]
