"""What the gate let through of a department's files by a waiver: said in its receipts once the month is published.

A failing row of the gate names whom it concerns: a submission, a feed, a department. What is in nobody's hands to mend
names nobody; it stands on the view and in the scorecards, not in the receipts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from hearth.database import Role, connect
from hearth.settings import settings
from ingestion.submission import LIVE, Submission


@dataclass(frozen=True, slots=True)
class Waived:
    """A failure of the live publication that a named person answers for, and whom it concerns."""

    rule_id: str
    problem: str | None
    """What was wrong, in the words of the gate; None where its results are no longer kept."""
    reason: str
    given_by: str
    valid_until: datetime
    submission_ids: list[str]
    feeds: list[str]
    """``department.feed`` or the feed alone, as the check names it."""
    departments: list[str]

    def concerns(self, entry: Submission) -> bool:
        """Whether a row of the failure names the submission, its feed, or its department alone."""
        return (
            entry.submission_id in self.submission_ids
            or f"{entry.department}.{entry.feed}" in self.feeds
            or (not self.feeds and not self.submission_ids and entry.department in self.departments)
        )

    @property
    def sentence(self) -> str:
        """For the receipt: what was wrong, rule, who, why, until when."""
        until = self.valid_until.astimezone(settings().zone)
        what = f"“{self.problem}”（{self.rule_id}）" if self.problem else self.rule_id
        return f"本月公布时，{what}由{self.given_by}豁免：{self.reason}（至{until:%Y-%m-%d}）"


def waived(entry: Submission) -> list[Waived]:
    """Waivers by which the live publication of the month let something of this live submission through."""
    if entry.state not in LIVE or entry.period is None:
        return []
    with connect(Role.LOADER) as connection, connection.cursor(row_factory=class_row(Waived)) as cursor:
        found = cursor.execute(
            "select waiver.rule_id, waiver.reason, waiver.given_by, waiver.valid_until,"
            " min(split_part(result.message, '。', 1)) as problem,"
            " array_remove(array_agg(distinct failing ->> 'submission_id'), null) as submission_ids,"
            " array_remove(array_agg(distinct coalesce(failing ->> 'feed_id', case when failing ->> 'feed' like '%%.%%'"
            " then failing ->> 'feed' else input.department || '.' || (failing ->> 'feed') end)), null) as feeds,"
            " array_remove(array_agg(distinct failing ->> 'department'), null) as departments"
            " from ops.publication as publication"
            " join ops.publication_waiver as waiver using (publication_id)"
            " join ops.gate_failing_row as failed"
            " on (failed.build_id, failed.suite, failed.expectation)"
            " = (publication.build_id, waiver.suite, waiver.expectation)"
            " left join ops.gate_result as result on (result.build_id, result.suite, result.expectation)"
            " = (publication.build_id, waiver.suite, waiver.expectation)"
            " left join ops.build_input as input on input.build_id = publication.build_id"
            " and failing ->> 'feed' in (input.feed, input.department || '.' || input.feed)"
            " and coalesce(failing ->> 'submission_id', input.submission_id) = input.submission_id"
            " where publication.county_code = %s and publication.period = %s and publication.state = 'live'"
            " group by waiver.waiver_id, waiver.suite, waiver.expectation, waiver.rule_id, waiver.reason,"
            " waiver.given_by, waiver.valid_until order by waiver.rule_id, waiver.waiver_id",
            [entry.county_code, entry.period],
        ).fetchall()
    return [one for one in found if one.concerns(entry)]


def tell(county_code: str, period: str) -> list[str]:
    """Make the receipts anew whose submissions were published by a waiver; their numbers. May be repeated."""
    from ingestion import ledger
    from ingestion.receipt import issue  # it asks this module

    told = []
    for entry in ledger.submissions(period=period, states=LIVE, newest_first=False):
        if entry.county_code == county_code and waived(entry):
            issue(entry)
            told.append(entry.submission_id)
    return told
