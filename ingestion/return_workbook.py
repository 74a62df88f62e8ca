"""更正表.xlsx: the rows that came back, to be mended and dropped into the inbox again."""

from __future__ import annotations

from collections.abc import Mapping

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.marks import book_mark, mark
from ingestion.mending import Occasion, ReturnWorkbook, mending_workbook
from ingestion.quarantine import returned_rows
from ingestion.submission import Submission

_STEPS = (
    "到后面的工作表里，按前两列的说明改涂色的格子。别的格子也可以改。",
    "保存（仍存为 xlsx），文件名随意，放回本单位的报送文件夹。只改好一部分也可以先报。",
    "只有改好的行会被收进来，已经接收的行不受影响。没有改好的行会再退回一份新的更正表。",
    "不需要的行可以整行删去：仍算退回。请不要增加、复制行，不要改动隐藏的列；新增的行请补在原表中重报整份表。",
)


def return_workbook(entry: Submission, own: Mapping[str, str] | None = None) -> ReturnWorkbook | None:
    """The rows of a submission that its sender can mend; None when none came back.

    ``own``: how the sender calls the sheets that go by their place in the ledger."""
    contract = contracts().get(f"{entry.department}.{entry.feed}")
    if not entry.rows_rejected or contract is None:
        return None
    number = entry.submission_id
    period = None if entry.period is None else Period.parse(entry.period)
    occasion = Occasion(
        contract=contract if period is None else contract.in_force(period),
        period=period,
        steps=_STEPS,
        sheet_names=own or {},
        book_mark=book_mark(number),
        row_mark=lambda row: mark(number, row),
    )
    return mending_workbook(returned_rows(number), occasion)
