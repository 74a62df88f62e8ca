"""What only the values of a file can settle: cells that say two things, that stand in the wrong column, that repeat.

Works on rows as read, before any cell is normalised, and only where the contract asks for it: one cell for several
columns (GEN-07), values that decide the column, one case on several rows (GEN-30, layouts L11 and L12), and rows of one
household that disagree (RG-HH-01).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingestion.columns import row_sheets
from ingestion.contract import Column, Contract, Demand, Privacy
from ingestion.normalise.codes import find_code
from ingestion.normalise.mapping import mapped
from ingestion.normalise.problems import file_problem
from ingestion.normalise.text import as_text, is_blank, nfkc
from ingestion.reader.grid import Grid, cell_at
from ingestion.reader.headers import HeaderIndex, Layout
from ingestion.reader.sheet_names import value_of_sheet
from ingestion.reference_data import code_lists
from ingestion.rules import catalogue
from ingestion.table import CellValue, Finding, RawRow, RawTable

_NUMBER = re.compile(r"^-?[\d,]+(\.\d+)?%?$")
_LOOKED_AT = 500
"""Rows from which the meaning of a column is told."""
_GROUP_RULE = "RG-HH-01"


def claim_by_values(grid: Grid, layout: Layout, contract: Contract) -> None:
    """Of several columns under headers of one meaning, give those to another column whose values only it can read."""
    for column in contract.columns:
        places = [c for c, match in layout.matches.items() if match.column.name == column.name]
        if column.elsewhere is None or len(places) < 2:
            continue
        other = contract.by_name[column.elsewhere]
        for c in places:
            match = layout.matches[c]
            rows = range(layout.last + 1, min(len(grid.rows), layout.last + 1 + _LOOKED_AT))
            texts = {cell_at(grid.rows, r, c) for r in rows}
            said = [cell for cell in texts if not is_blank(cell, nothing_is_blank=True)]
            if said and not any(_reads(column, cell) for cell in said) and any(_reads(other, cell) for cell in said):
                layout.matches[c] = replace(match, column=other, header=replace(other.headers[0], text=match.text))


def settle(raw: RawTable, everything: Sequence[RawRow], index: HeaderIndex) -> RawTable:
    """The table with such cells and rows settled; ``everything`` has the rows of other feeds in the file too.

    Raises FileProblem F-11 if a required column turns out not to be there.
    """
    raw = _name_by_sheet(_take_apart(raw, index))
    for column in raw.contract.columns:
        if column.elsewhere is not None and column.name in raw.headers:
            raw = _move(raw, column, raw.contract.by_name[column.elsewhere])
    for column in raw.contract.columns:
        if column.roster and column.name in raw.headers:
            raw = _collapse(raw, column)
    if raw.contract.row_filter is not None and raw.filtered_count:
        raw = replace(raw, findings=(*raw.findings, *_disagreements(raw, everything)))
    return raw


def _take_apart(raw: RawTable, index: HeaderIndex) -> RawTable:
    """One cell for several columns: 就读学校及年级. A cell that does not fit stays whole."""
    for name in list(raw.headers):
        match = index.match(raw.headers[name])
        if match is None or match.header.parts is None:
            continue
        pattern = re.compile(match.header.parts)
        own = [part for part in pattern.groupindex if part == name or part not in raw.headers]
        rows = [_apart(row, name, pattern, own) for row in raw.rows]
        titles = {part: raw.contract.by_name[part].title for part in own}
        mappings = {part: dict(raw.contract.by_name[part].headers[0].mapping) for part in own}
        raw = replace(
            raw,
            rows=tuple(rows),
            headers=raw.headers | titles,
            mappings=raw.mappings | {part: mapping for part, mapping in mappings.items() if mapping},
        )
    return raw


def _apart(row: RawRow, name: str, pattern: re.Pattern[str], own: Sequence[str]) -> RawRow:
    cell = row.cells.get(name)
    match = pattern.match(nfkc(as_text(cell))) if isinstance(cell, str) else None
    said: dict[str, CellValue] = dict.fromkeys(own)
    said.update({part: match[part] for part in own} if match else {name: cell})
    return replace(row, cells=row.cells | said)


def _name_by_sheet(raw: RawTable) -> RawTable:
    """What the name of its sheet says, for rows in which the cell is empty."""
    sheets = set(row_sheets(raw.rows).unique().to_pylist()) if not raw.is_text else set()
    for column in raw.contract.columns:
        said = {sheet: text for sheet in sheets if (text := value_of_sheet(column, sheet)) is not None}
        if not said:
            continue
        name = column.name
        rows = tuple(
            replace(row, cells=row.cells | {name: said[row.sheet]})
            if row.sheet in said and is_blank(row.cells.get(name), nothing_is_blank=True)
            else row
            for row in raw.rows
        )
        raw = replace(raw, rows=rows, headers={name: column.title} | raw.headers)
    return raw


def _reads(column: Column, cell: CellValue) -> bool:
    """Whether the column could read the cell: a code of its list, or a number."""
    if column.code_list is not None:
        text = as_text(mapped(cell, column.headers[0].mapping))
        return find_code(text, code_lists()[column.code_list]) is not None
    return _NUMBER.match(nfkc(as_text(cell)).strip()) is not None


def _move(raw: RawTable, column: Column, other: Column) -> RawTable:
    """The values decide: what only the other column can read goes there, unless something stands there already."""
    known: dict[CellValue, bool] = {}

    def is_others(cell: CellValue) -> bool:
        if cell not in known:
            says = not is_blank(cell, nothing_is_blank=True)
            known[cell] = says and not _reads(column, cell) and _reads(other, cell)
        return known[cell]

    moved = 0
    rows: list[RawRow] = []
    for row in raw.rows:
        cell = row.cells.get(column.name)
        if is_others(cell) and is_blank(row.cells.get(other.name), nothing_is_blank=True):
            moved += 1
            row = replace(row, cells=row.cells | {column.name: None, other.name: cell})  # noqa: PLW2901 - the row anew
        rows.append(row)
    always = (Demand.KEY, Demand.VALUE)
    if moved == len(rows) and rows and column.demand in always and column.default is None:
        raise file_problem(
            "F-11",
            message="“{header}”一列填的是“{other}”，表中没有“{title}”",
            header=raw.headers[column.name],
            other=other.title,
            title=column.title,
        )
    if other.name not in raw.headers and not moved and other.demand is not Demand.OPTIONAL:
        raise file_problem("F-11", message="表头缺少必填列：{title}", title=other.title)
    if not moved:
        return raw
    return replace(raw, rows=tuple(rows), headers={other.name: other.title} | raw.headers)


def _collapse(raw: RawTable, column: Column) -> RawTable:
    """One case on a row a person: rows that differ in the persons alone are one, amounts are taken once.

    A row with a finding stays on its own: its sender must find it.
    """
    names = [name for name in raw.headers if name != column.name and raw.contract.by_name[name].loaded]
    noted = {(finding.sheet, finding.row) for finding in raw.findings}
    homes: dict[tuple[str, ...], int] = {}
    rows: list[RawRow] = []
    for row in raw.rows:
        person = row.cells.get(column.name)
        content = tuple(as_text(row.cells.get(name)) for name in names)
        if (row.sheet, row.row) in noted or not isinstance(person, str) or is_blank(person, nothing_is_blank=True):
            rows.append(row)
            continue
        home = homes.setdefault(content, len(rows))
        if home == len(rows):
            rows.append(row)
            continue
        there = rows[home]
        extra = {
            header: _together(there.extra.get(header), row.extra.get(header)) for header in there.extra | row.extra
        }
        cells = there.cells | {column.name: _together(there.cells[column.name], person)}
        rows[home] = replace(there, cells=cells, extra=extra)
    merged = len(raw.rows) - len(rows)
    return replace(raw, rows=tuple(rows), excluded_count=raw.excluded_count + merged) if merged else raw


def _together(there: CellValue, here: CellValue) -> CellValue:
    parts = [part for cell in (there, here) for part in as_text(cell).split("、") if part]
    return "、".join(dict.fromkeys(parts)) or None


def _disagreements(raw: RawTable, everything: Sequence[RawRow]) -> Iterator[Finding]:
    """RG-HH-01: rows of one household that say different things about it."""
    wanted = raw.contract.row_filter
    if wanted is None or wanted.by is None or wanted.by not in raw.headers:
        return
    groups: dict[str, list[RawRow]] = {}
    for row in everything:
        groups.setdefault(as_text(row.cells.get(wanted.by)), []).append(row)
    rule = catalogue()[_GROUP_RULE]
    # Names and numbers are the person's of the row.
    household = [
        column
        for column in raw.contract.columns
        if column.loaded and column.name in raw.headers and column.privacy is not Privacy.DIRECT
    ]
    for row in raw.rows:
        key = as_text(row.cells.get(wanted.by))
        group = groups.get(key, [])
        if not key or len(group) < 2:
            continue
        for column in household:
            texts = Counter(as_text(other.cells.get(column.name)) for other in group)
            del texts[""]
            if len(texts) < 2:
                continue
            is_strict = column.name in wanted.same
            yield Finding(
                _GROUP_RULE,
                rule.stage,
                "error" if is_strict else "warning",
                row.sheet,
                row.row,
                (column.name,),
                f"同户{len(group)}行的“{column.title}”不一致" + ("" if is_strict else "，已取户主行的值"),
                rule.fix,
            )
