"""The offline check: what intake would say of a file, without network, database or secret.

The same reading, typing and rules as intake, by the same function (`judgement.judge`). What compares with earlier
submissions cannot be known here and is listed as such.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hearth.period import Period, last_complete_period
from hearth.settings import settings
from ingestion.contract import Contract, contracts
from ingestion.inbox import contracts_named
from ingestion.judgement import NEEDS_LEDGER, Content, Delivery, judge
from ingestion.own_names import in_own_words
from ingestion.reader.titles import months_of_file_name
from ingestion.rule_words import rule_text
from ingestion.rules import catalogue
from ingestion.submission import NIL_SENTENCE, RuleLine, State, Verdict
from ingestion.table import Finding


class CannotCheck(ValueError):  # noqa: N818 - it is said to the clerk as it is
    """The question is not clear: which feed, which month. The text is Chinese, for a clerk."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule, said once; 0 rows: the file as a whole."""

    rule_id: str
    severity: str
    row_count: int
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What intake would say of the file, as far as the file alone tells."""

    file_name: str
    contract: Contract
    period: Period
    verdict: Verdict
    content: Content | None
    lines: tuple[Line, ...]
    not_judged: tuple[Line, ...]

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return NIL_SENTENCE[0] if self.verdict.is_nil_return else _SENTENCES[self.verdict.state]

    def as_dict(self) -> dict[str, Any]:
        """Verdict, counts and addresses of findings; no value of a cell."""
        verdict = self.verdict
        return {
            "file_name": self.file_name,
            "feed_id": self.contract.feed_id,
            "contract_version": self.contract.version,
            "period": str(self.period),
            "state": verdict.state.value,
            "rows_received": verdict.rows_received,
            "rows_accepted": verdict.rows_accepted,
            "rows_rejected": verdict.rows_rejected,
            "rows_excluded": verdict.rows_excluded,
            "reason_rule_id": verdict.reason.rule_id if verdict.reason else None,
            "notes": sorted({note.rule_id for note in verdict.notes}),
            "findings": sorted(finding_addresses(verdict.findings)),
            "not_judged": [line.rule_id for line in self.not_judged],
        }


_SENTENCES = {
    State.ACCEPTED: "可以报送：没有发现需要改的错误。",
    State.PARTIALLY_ACCEPTED: "报送后会退回一部分行：请先按清单改好再报。",
    State.REJECTED: "报送后会整份退回：请先按下面写明的办法改好。",
}


def finding_addresses(findings: Iterable[Finding]) -> set[tuple[str, int, str, str, str]]:
    """(sheet, row, rule id, column, severity) as the ledger keeps findings: an error has the last word."""
    by_address: dict[tuple[str, int, str, str], str] = {}
    for finding in sorted(findings, key=lambda finding: finding.severity == "error"):
        if finding.row > 0:
            for column in finding.columns or ("",):
                by_address[finding.sheet, finding.row, finding.rule_id, column] = finding.severity
    return {(*address, severity) for address, severity in by_address.items()}


def _feed(file_name: str, feed_id: str | None) -> Contract:
    if feed_id is not None:
        if feed_id not in contracts():
            raise CannotCheck(f"没有报表[{feed_id}]。报表代号有：{'、'.join(contracts())}")
        return contracts()[feed_id]
    match contracts_named(file_name):
        case [contract]:
            return contract
        case []:
            raise CannotCheck(
                f"从文件名[{file_name}]看不出是哪张报表，请用 --feed 写明。代号有：{'、'.join(contracts())}"
            )
        case several:
            named = "、".join(item.feed_id for item in several)
            raise CannotCheck(f"文件名[{file_name}]可以是几张报表，请用 --feed 写明其中一个：{named}")


def _period(file_name: str, stated: str | None, now: datetime) -> Period:
    if stated is not None:
        try:
            return Period.parse(stated)
        except ValueError:
            raise CannotCheck(f"报送月份[{stated}]写得不对，请写成 2026-10 这样") from None
    usual = last_complete_period(now.astimezone(settings().zone).date())
    months = months_of_file_name(file_name, usual)
    return Period.parse(months.pop()) if len(months) == 1 else usual


def check_file(
    path: Path, *, feed_id: str | None = None, period: str | None = None, county_code: str | None = None
) -> Checked:
    """Judge a file as intake would. Without ``feed_id`` the name of the file says it; without ``period`` the month in
    the name, else the last complete month. Raises CannotCheck when these are not clear, OSError when it cannot be read.
    """
    now = datetime.now(UTC)
    contract = _feed(path.name, feed_id)
    month = _period(path.name, period, now)
    county = county_code or settings().county_code
    contract = contract.in_force(month)
    judged = judge(Delivery(path.name, contract, month, county, received_at=now), path.read_bytes(), None)
    return Checked(
        file_name=path.name,
        contract=contract,
        period=month,
        verdict=judged.verdict,
        content=judged.content,
        lines=tuple(
            replace(line, message=in_own_words(line.message, judged.sheet_names))
            for line in _lines(judged.verdict, contract, month, county)
        ),
        not_judged=tuple(Line(rule, "info", 0, catalogue()[rule].message, "") for rule in NEEDS_LEDGER),
    )


def rule_lines(findings: Sequence[Finding]) -> list[RuleLine]:
    """Each rule that found fault with rows: errors first, then the most frequent."""
    rows: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    columns: dict[tuple[str, str], set[str]] = defaultdict(set)
    for sheet, row, rule_id, column, severity in finding_addresses(findings):
        rows[rule_id, severity].add((sheet, row))
        if column:
            columns[rule_id, severity].add(column)
    lines = [RuleLine(*key, len(found), tuple(sorted(columns[key]))) for key, found in rows.items()]
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(lines, key=lambda line: (order[line.severity], -line.row_count, line.rule_id))


def _lines(verdict: Verdict, contract: Contract, period: Period, county_code: str) -> Iterable[Line]:
    if verdict.reason is not None:
        yield Line(verdict.reason.rule_id, "error", 0, verdict.reason.message, verdict.reason.fix)
    for note in verdict.notes:
        yield Line(note.rule_id, note.severity, 0, note.message, note.fix)
    for line in rule_lines(verdict.findings):
        message, fix = rule_text(line.rule_id, contract, line.columns, str(period), county_code)
        yield Line(line.rule_id, line.severity, line.row_count, message, fix)
