"""The receipt of a submission: what its sender reads. Made from the ledger alone, so it can be made again at any time.

The JSON form holds no personal data. 回执.xlsx names the file as its sender did, 更正表.xlsx hands back the sender's
own faulty rows; both lie in the sender's own folder and nowhere else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hearth.bucket import bucket
from hearth.settings import settings
from ingestion import findings, ledger, own_names
from ingestion.contract import Contract, contracts
from ingestion.rule_words import rule_text
from ingestion.submission import LIVE, NIL_SENTENCE, Note, State, Submission
from ingestion.waived import waived

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

JSON_NAME = "receipt.json"
WORKBOOK_NAME = "回执.xlsx"
RETURN_NAME = "更正表.xlsx"
LATE_RULE = "F-12"
_WAIVED_FIX = "无需重报；豁免到期后照原规则检查，能改正的请在此之前改正"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One rule, said once: how many rows it concerns (0: the file as a whole), what is wrong and how to mend it."""

    rule_id: str
    severity: str
    row_count: int
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one file. ``rows_received`` = ``rows_accepted`` + ``rows_rejected``; excluded rows are apart."""

    submission_id: str
    county_code: str
    department: str | None
    department_title: str
    feed: str | None
    feed_title: str
    period: str | None
    file_name: str
    """What intake understood of the name; never the sender's own words."""
    sha256: str
    byte_count: int
    contract_version: str | None
    state: str
    verdict: str
    next_step: str
    reason: ReceiptLine | None
    rows_received: int
    rows_accepted: int
    rows_rejected: int
    rows_excluded: int
    warning_count: int
    received_at: str
    due_at: str | None
    verdict_at: str | None
    is_late: bool
    lines: tuple[ReceiptLine, ...]
    is_test: bool = False
    version: int | None = None
    """The how manyth of its feed and month."""
    first_received_at: str | None = None
    """When the first usable file of the feed and month came; a correction does not change it."""
    parent_submission_id: str | None = None
    """Of a mended return workbook: what it was merged onto."""
    rows_to_mend: int = 0
    """Rows of the return workbook that lies beside this receipt; 0: there is none."""

    @property
    def folder_key(self) -> str:
        """Folder of the receipt in the bucket."""
        return own_names.folder_key(self.department, self.period, self.submission_id)

    @property
    def is_accepted(self) -> bool:
        return self.state in {state.value for state in LIVE}

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Receipt:
        """Read what `to_json` wrote. Raises TypeError or KeyError when fields are missing or unknown."""
        content: dict[str, Any] = json.loads(text)
        reason = content.pop("reason")
        lines = content.pop("lines")
        return cls(
            **content,
            reason=ReceiptLine(**reason) if reason else None,
            lines=tuple(ReceiptLine(**line) for line in lines),
        )


def _local(moment: datetime | None) -> str | None:
    return moment.astimezone(settings().zone).isoformat(timespec="seconds") if moment else None


def _department_title(entry: Submission, contract: Contract | None) -> str:
    if contract is not None:
        return contract.department_title
    owned = [item.department_title for item in contracts().values() if item.department == entry.department]
    return owned[0] if owned else "（未识别部门）"


def receipt_of(entry: Submission) -> Receipt:
    """The receipt of a submission as the ledger stands now."""
    contract = contracts().get(f"{entry.department}.{entry.feed}")
    state = State(entry.state)
    lines = [ReceiptLine(note["rule_id"], note["severity"], 0, note["message"], note["fix"]) for note in entry.notes]
    for line in findings.rule_lines(entry.submission_id):
        message, fix = rule_text(line.rule_id, contract, line.columns, entry.period)
        lines.append(ReceiptLine(line.rule_id, line.severity, line.row_count, message, fix))
    said = {one.sentence: one.rule_id for one in waived(entry)}
    lines += [ReceiptLine(rule_id, "info", 0, sentence, _WAIVED_FIX) for sentence, rule_id in said.items()]
    reason = None
    if entry.reason_rule_id is not None:
        reason = ReceiptLine(entry.reason_rule_id, "error", 0, entry.reason_message or "", entry.reason_fix or "")
    is_nil = entry.is_nil_return and state in LIVE
    verdict, next_step = NIL_SENTENCE if is_nil else (state.verdict, state.next_step)
    return Receipt(
        submission_id=entry.submission_id,
        county_code=entry.county_code,
        department=entry.department,
        department_title=_department_title(entry, contract),
        feed=entry.feed,
        feed_title=contract.title if contract else "（未识别表名）",
        period=entry.period,
        file_name=entry.file_name,
        sha256=entry.sha256,
        byte_count=entry.byte_count,
        contract_version=entry.contract_version,
        state=state.value,
        verdict=verdict,
        next_step=next_step,
        reason=reason,
        rows_received=entry.rows_received,
        rows_accepted=entry.rows_accepted,
        rows_rejected=entry.rows_rejected,
        rows_excluded=entry.rows_excluded,
        warning_count=entry.warning_count,
        received_at=_local(entry.received_at) or "",
        due_at=_local(entry.due_at),
        verdict_at=_local(entry.verdict_at),
        is_late=any(note["rule_id"] == LATE_RULE for note in entry.notes),
        lines=tuple(lines),
        is_test=entry.is_test,
        version=entry.version,
        first_received_at=_local(ledger.first_received_at(entry.slot)),
        parent_submission_id=entry.parent_submission_id,
    )


def _folder(receipt: Receipt) -> ObjectStoragePath:
    return bucket() / receipt.folder_key


def issue(entry: Submission, also: Note | None = None, *, sent_as: str | None = None) -> Receipt:
    """Write the receipt to the outbox, over an older one: the return workbook if rows came back, the receipt for
    people, then the JSON, which marks it as complete. ``also``: something to say that the ledger does not hold.
    ``sent_as``: the sender's own name of the file, where it is known; a folder without an owner does not keep it."""
    from ingestion.return_workbook import return_workbook  # they import this module
    from ingestion.workbook import receipt_workbook

    receipt = receipt_of(entry)
    folder = _folder(receipt)
    folder.mkdir(parents=True, exist_ok=True)
    sheets = own_names.sheet_names(entry.department, entry.period, entry.submission_id)
    returned = return_workbook(entry, sheets)
    if returned is not None:
        receipt = replace(receipt, rows_to_mend=returned.rows)
        (folder / RETURN_NAME).write_bytes(returned.data)
    elif (folder / RETURN_NAME).exists():
        (folder / RETURN_NAME).unlink()
    if also is not None:
        line = ReceiptLine(also.rule_id, also.severity, 0, also.message, also.fix)
        receipt = replace(receipt, lines=(line, *receipt.lines))
    if sent_as is not None and receipt.department is not None:
        own_names.keep_file_name(folder, sent_as)
    called = own_names.file_name(folder) if receipt.department is not None else None
    (folder / WORKBOOK_NAME).write_bytes(receipt_workbook(receipt, called, sheets))
    (folder / JSON_NAME).write_bytes(receipt.to_json().encode())
    ledger.set_receipt_key(entry.submission_id, f"{receipt.folder_key}/{JSON_NAME}")
    return receipt


def issued(entry: Submission) -> Receipt | None:
    """The receipt as it was handed out; None when it is not (or no longer) in the outbox.

    The file goes by its name in the ledger: a receipt of earlier days quotes its sender."""
    if entry.receipt_key is None:
        return None
    path = bucket() / entry.receipt_key
    return replace(Receipt.from_json(path.read_bytes().decode()), file_name=entry.file_name) if path.exists() else None
