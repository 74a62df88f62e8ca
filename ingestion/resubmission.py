"""A mended return workbook: recognised, trusted by its marks, and merged onto the rows it answers.

Every row handed back carries a mark: which submission and which row of the sender's file it is, a digest of its cells
as handed out, and a keyed code over all three. Rows are merged by submission and row, never by position:

- a row that differs from what was handed out speaks; its cells replace those of the same row,
- a row as it was handed out says nothing,
- a row deleted from the workbook is withdrawn: refused as before, and no longer compared with other rows,
- a row without a mark, with a broken mark, or twice refuses the workbook (F-20); nothing is guessed.

What it is merged onto is the submission it answers or, when that was replaced by mended versions of itself, the newest
of these. Replaced by another file, the workbook speaks of rows that are gone and is refused (F-21). The merged rows are
read from the archived files, so they are judged as one whole file, and the new version is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hearth.bucket import bucket
from hearth.period import Period
from ingestion import ledger
from ingestion.contract import Contract
from ingestion.marks import MARK_HEADER, OUR_HEADERS, Mark, digest_of, read_mark
from ingestion.normalise.problems import file_problem
from ingestion.quarantine import returned_addresses
from ingestion.read import read_table
from ingestion.submission import Merge, Merged, RowAddress, State, Submission
from ingestion.table import RawRow, RawTable


def merged(raw: RawTable, entry: Submission, contract: Contract, period: Period) -> Merged:
    """Merge the rows of a mended workbook. Raises FileProblem F-20, F-21, F-22, or what reading the base raises."""
    if raw.is_text:
        raise file_problem(
            "F-20",
            message="更正表被另存成了文本文件，号码可能已失真",
            fix="请重新打开回执里的更正表，改好后仍存为 xlsx",
        )
    marks = _marks(raw.rows)
    answered = _answered({found.submission_id for found in marks.values()}, entry)
    base = _base(answered)
    whole = _whole(base, contract, period)
    before = ledger.merge_of(base)
    withdrawn_before = _now(before.withdrawn, whole) if before else frozenset()
    known = {(row.sheet, row.row) for row in whole.rows}
    changed = {
        address: raw.rows[position]
        for position, found in marks.items()
        for address in _now((found.address,), whole)
        if digest_of(raw.rows[position].cells) != found.digest
    }
    if not changed.keys() <= known:
        raise file_problem("F-20", message="更正表里的行在原表中找不到")
    handed_out = _now(returned_addresses(answered.submission_id, withdrawn=False), whole)
    deleted = handed_out - _now((found.address for found in marks.values()), whole)
    withdrawn = withdrawn_before - changed.keys()
    withdrawn |= deleted & _now(returned_addresses(base.submission_id, withdrawn=True), whole)
    if not changed and withdrawn == withdrawn_before:
        raise file_problem("F-22")
    table = _patched(whole, changed, raw)
    table = _without(table, withdrawn)
    return Merged(table, Merge(base.submission_id, frozenset(changed), frozenset(withdrawn)))


def _now(addresses: Iterable[RowAddress], whole: RawTable) -> frozenset[RowAddress]:
    """The same rows as the file is read now: a sheet may have gone by its own name when they were noted."""
    places = {name: place for place, name in whole.sheet_names.items()}
    return frozenset((places.get(sheet, sheet), row) for sheet, row in addresses)


def _marks(rows: Iterable[RawRow]) -> dict[int, Mark]:
    """Position in the workbook's table -> mark."""
    found: dict[int, Mark] = {}
    places: dict[RowAddress, str] = {}
    for position, row in enumerate(rows):
        place = f"更正表“{row.sheet}”第{row.row}行"
        found[position] = read = read_mark(row.extra.get(MARK_HEADER), place)
        if read.address in places:
            raise file_problem(
                "F-20",
                message="{first}与{second}是原表的同一行",
                fix="请只保留正确的一行",
                first=places[read.address],
                second=place,
            )
        places[read.address] = place
    return found


def _answered(numbers: set[str], entry: Submission) -> Submission:
    if len(numbers) > 1:
        raise file_problem("F-20", message="更正表里混有几次报送的行", fix="请每份更正表各自保存、各自报送")
    try:
        answered = ledger.find(numbers.pop())
    except LookupError:
        raise file_problem("F-20", message="更正表对应的报送在系统中找不到") from None
    if replace(answered.slot, is_test=entry.is_test) != entry.slot:
        raise file_problem("F-20", message="更正表属于另一张报表或另一个月份", fix="请放回本单位自己的文件夹")
    if answered.is_test and not entry.is_test:
        raise file_problem("F-20", message="试报的更正表不能作为正式报送", fix="请在原表中改好，正式报送整份表")
    return answered


def _root(entry: Submission) -> str:
    """The file that the rows came with first, before they were mended or judged anew."""
    while (earlier := entry.rejudged_of or entry.parent_submission_id) is not None:
        entry = ledger.find(earlier)
    return entry.submission_id


def merged_again(entry: Submission, contract: Contract, period: Period) -> Merged:
    """What a recorded mended workbook made of the file it answered, read anew. Raises what reading raises."""
    merge = ledger.merge_of(entry)
    if merge is None:
        raise ValueError(f"submission [{entry.submission_id}] is a whole file")
    whole = _whole(entry, contract, period)
    withdrawn = _now(merge.withdrawn, whole)
    return Merged(_without(whole, withdrawn), Merge(merge.base_id, _now(merge.mended, whole), withdrawn))


def _base(answered: Submission) -> Submission:
    """The submission whose rows the workbook continues."""
    live = ledger.live(answered.slot)
    overtaken = answered.state in (State.SUPERSEDED, State.CLAIMED) or (
        live is not None and (live.version or 0) > (answered.version or 0)
    )
    if not overtaken or answered.is_test:
        return answered
    if live is None or _root(live) != _root(answered):
        raise file_problem("F-21")
    return live


def _whole(entry: Submission, contract: Contract, period: Period) -> RawTable:
    """All rows of a submission as it stands, withdrawn ones included, from the archived files."""
    if entry.archive_key is None:
        raise ValueError(f"submission [{entry.submission_id}] has no archived file")
    raw = read_table((bucket() / entry.archive_key).read_bytes(), entry.file_name, contract, period)
    merge = ledger.merge_of(entry)
    if merge is None:
        return raw
    base = _whole(ledger.find(merge.base_id), contract, period)
    mended = _now(merge.mended, base)
    spoken = {
        address: raw.rows[position]
        for position, found in _marks(raw.rows).items()
        for address in _now((found.address,), base)
        if address in mended
    }
    return _patched(base, spoken, raw)


def _patched(base: RawTable, spoken: Mapping[RowAddress, RawRow], source: RawTable) -> RawTable:
    """The base with some rows replaced; what reading said of a row goes with it."""
    if not spoken:
        return base
    rows = [_replaced(row, spoken[row.sheet, row.row]) if (row.sheet, row.row) in spoken else row for row in base.rows]
    origin = {(row.sheet, row.row): address for address, row in spoken.items()}
    kept = [finding for finding in base.findings if (finding.sheet, finding.row) not in spoken]
    moved = [
        replace(finding, sheet=origin[finding.sheet, finding.row][0], row=origin[finding.sheet, finding.row][1])
        for finding in source.findings
        if (finding.sheet, finding.row) in origin
    ]
    return replace(base, rows=tuple(rows), findings=(*kept, *moved))


def _replaced(before: RawRow, after: RawRow) -> RawRow:
    extra = {header: value for header, value in after.extra.items() if header not in OUR_HEADERS}
    return RawRow(before.sheet, before.row, {**before.cells, **after.cells}, {**before.extra, **extra})


def _without(table: RawTable, withdrawn: Iterable[RowAddress]) -> RawTable:
    gone = set(withdrawn)
    if not gone:
        return table
    return replace(
        table,
        rows=tuple(row for row in table.rows if (row.sheet, row.row) not in gone),
        findings=tuple(finding for finding in table.findings if (finding.sheet, finding.row) not in gone),
    )
