"""What the ledger holds of one submission, and the words its sender reads about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ingestion.checks import RuleResult
from ingestion.table import Finding, RawTable

if TYPE_CHECKING:
    from ingestion.drift import Drift


class State(StrEnum):
    """What became of a submission, with the sentence and the next step that its sender reads."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    PARTIALLY_ACCEPTED = "partially_accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """Judged; a person must answer for what a rule held back. Nothing is loaded."""
    AWAITING_REOPENING = "awaiting_reopening"
    """Judged; its month is closed. Nothing is loaded."""
    TEST_PASSED = "test_passed"
    """A trial run that would have been taken. Nothing is loaded, now or later."""
    TEST_FAILED = "test_failed"

    @property
    def verdict(self) -> str:
        return _SENTENCES[self][0]

    @property
    def next_step(self) -> str:
        return _SENTENCES[self][1]

    @property
    def short(self) -> str:
        """A word for lists."""
        return _SENTENCES[self][2]


_SENTENCES: Mapping[State, tuple[str, str, str]] = {
    State.CLAIMED: ("已收到文件，正在检查。", "请稍候，检查完成后本回执会更新。", "检查中"),
    State.ACCEPTED: ("检查通过，已全部接收。", "无需处理。如有提示，请在下月报送前核实。", "已接收"),
    State.PARTIALLY_ACCEPTED: (
        "合格的行已接收，有错误的行已退回。",
        "请打开“更正表.xlsx”，改好涂色的格子后保存，再放回报送文件夹即可，只收改好的行；也可以在原表中改好后重报整份表。",
        "部分接收",
    ),
    State.REJECTED: (
        "整份表未接收；以前接收过的数据不受影响，继续有效。",
        "请按下面写明的问题和办法改好后，重新报送整份表；附有“更正表.xlsx”的，也可以只改更正表后放回报送文件夹。",
        "未接收",
    ),
    State.SUPERSEDED: ("本次报送已被后来的报送替换。", "无需处理，以最新一次报送的回执为准。", "已被替换"),
    State.AWAITING_CONFIRMATION: (
        "检查完毕，暂未入库：有一处需要确认；以前接收过的数据继续有效。",
        "如果报少了，请补全后重报整份表；确实如此的，请联系登记办确认，确认后自动入库，不必重报。",
        "待确认",
    ),
    State.AWAITING_REOPENING: (
        "检查完毕，暂未入库：该月份已关账；已公布的数据继续有效。",
        "请向登记办申请重开该月份并说明原因，批准后自动入库，不必重报。",
        "待重开",
    ),
    State.TEST_PASSED: (
        "试报检查完毕：正式报送可以接收。试报不入库。",
        "请把文件名开头的“试报”去掉，作为正式报送放入文件夹；有退回的行请先改好。",
        "试报通过",
    ),
    State.TEST_FAILED: (
        "试报检查完毕：正式报送会被整份退回。试报不入库。",
        "请按下面写明的问题和办法改好，可以再试报一次，也可以直接正式报送。",
        "试报未通过",
    ),
}
NIL_SENTENCE = ("零报告已接收。", "无需处理。本月以后如有数据，请按普通报表报送，新的报送会替换零报告。")
LIVE = (State.ACCEPTED, State.PARTIALLY_ACCEPTED)
WAITING = (State.AWAITING_CONFIRMATION, State.AWAITING_REOPENING)
"""Judged and kept back: a person decides, and the archived bytes are judged once more."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a submission belongs. None where the inbox folder did not say."""

    county_code: str
    department: str | None
    feed: str | None
    period: str | None
    is_test: bool = False

    def __str__(self) -> str:
        """Readable first part of a submission id."""
        feed = self.feed or "unassigned"
        name = f"{self.department}.{feed}" if self.department else feed
        return "-".join(part for part in (self.county_code, self.period, name, "test" if self.is_test else "") if part)


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
    is_test: bool = False
    version: int | None = None
    """The how manyth of its feed and month, from 1; None for a trial run."""
    parent_submission_id: str | None = None
    """Of a mended return workbook: the submission onto whose rows it was merged."""
    reader_version: str | None = None
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    rejudged_of: str | None = None
    """The submission whose archived bytes this one judges anew."""

    @property
    def slot(self) -> Slot:
        return Slot(self.county_code, self.department, self.feed, self.period, self.is_test)


@dataclass(frozen=True, slots=True)
class Note:
    """Something said of the file as a whole. No personal data."""

    rule_id: str
    severity: str
    message: str
    fix: str

    def as_dict(self) -> dict[str, str]:
        return {"rule_id": self.rule_id, "severity": self.severity, "message": self.message, "fix": self.fix}


RowAddress = tuple[str, int]
"""Sheet and row of the sender's file."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A mended return workbook over the rows of the submission it continues."""

    base_id: str
    mended: frozenset[RowAddress]
    """Rows that the workbook states anew."""
    withdrawn: frozenset[RowAddress]
    """Rows deleted from the workbook, of this and of earlier ones: refused as before, compared with nothing."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The whole file that a mended workbook makes of the one it answers."""

    raw: RawTable
    merge: Merge


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
    merge: Merge | None = None
    """Of a mended return workbook: what it was merged onto."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """How often one rule found fault with the rows of a submission, and in which columns."""

    rule_id: str
    severity: str
    row_count: int
    columns: tuple[str, ...]
