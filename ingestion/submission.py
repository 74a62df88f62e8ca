"""What the ledger holds of one submission, and the words its sender reads about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ingestion.checks import RuleResult
from ingestion.table import Finding

if TYPE_CHECKING:
    from ingestion.drift import Drift


class State(StrEnum):
    """What became of a submission, with the sentence and the next step that its sender reads."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    PARTIALLY_ACCEPTED = "partially_accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"

    @property
    def verdict(self) -> str:
        return _SENTENCES[self][0]

    @property
    def next_step(self) -> str:
        return _SENTENCES[self][1]


_SENTENCES: Mapping[State, tuple[str, str]] = {
    State.CLAIMED: ("已收到文件，正在检查。", "请稍候，检查完成后本回执会更新。"),
    State.ACCEPTED: ("检查通过，已全部接收。", "无需处理。如有提示，请在下月报送前核实。"),
    State.PARTIALLY_ACCEPTED: (
        "合格的行已接收，有错误的行已退回。",
        "请按“需更正的行”在原表中改好，再把整份表（不要只报更正的行）重新报送。",
    ),
    State.REJECTED: (
        "整份表未接收；以前接收过的数据不受影响，继续有效。",
        "请按下面写明的问题和办法改好后，重新报送整份表。",
    ),
    State.SUPERSEDED: ("本次报送已被后来的报送替换。", "无需处理，以最新一次报送的回执为准。"),
}
NIL_SENTENCE = ("零报告已接收。", "无需处理。本月以后如有数据，请按普通报表报送，新的报送会替换零报告。")
LIVE = (State.ACCEPTED, State.PARTIALLY_ACCEPTED)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a submission belongs. None where the inbox folder did not say."""

    county_code: str
    department: str | None
    feed: str | None
    period: str | None

    def __str__(self) -> str:
        """Readable first part of a submission id."""
        feed = self.feed or "unassigned"
        name = f"{self.department}.{feed}" if self.department else feed
        return "-".join(part for part in (self.county_code, self.period, name) if part)


@dataclass(frozen=True, slots=True)
class Submission:
    """One row of ``ops.submission``, column by column."""

    submission_id: str
    county_code: str
    department: str | None
    feed: str | None
    period: str | None
    file_name: str
    inbox_key: str
    archive_key: str | None
    sha256: str
    byte_count: int
    state: str
    contract_version: str | None
    rows_received: int
    rows_accepted: int
    rows_rejected: int
    rows_excluded: int
    warning_count: int
    reason_rule_id: str | None
    reason_message: str | None
    reason_fix: str | None
    notes: list[dict[str, str]]
    received_at: datetime
    due_at: datetime | None
    verdict_at: datetime | None
    superseded_by: str | None
    receipt_key: str | None
    is_nil_return: bool = False

    @property
    def slot(self) -> Slot:
        return Slot(self.county_code, self.department, self.feed, self.period)


@dataclass(frozen=True, slots=True)
class Note:
    """Something said of the file as a whole. No personal data."""

    rule_id: str
    severity: str
    message: str
    fix: str

    def as_dict(self) -> dict[str, str]:
        return {"rule_id": self.rule_id, "severity": self.severity, "message": self.message, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What intake decided about one submission."""

    state: State
    rows_received: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_excluded: int = 0
    reason: Note | None = None
    notes: Sequence[Note] = ()
    findings: Sequence[Finding] = ()
    results: Sequence[RuleResult] = ()
    is_nil_return: bool = False
    """The sender declared that there is nothing to report (F-09)."""
    drift: Drift | None = None
    """What the file says about the shape of its feed; None when no header could be read."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """How often one rule found fault with the rows of a submission, and in which columns."""

    rule_id: str
    severity: str
    row_count: int
    columns: tuple[str, ...]
