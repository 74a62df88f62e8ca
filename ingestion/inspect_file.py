"""``hearth inspect``: what the reader sees in a file, without a contract and without showing a value of its rows.

The header is found by its shape (``reader.shape``); column names are the lowest titles, with their parents before them
(``parent-leaf``) where they repeat, as the contract reader matches them (GEN-05).
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import asdict, dataclass, field
from typing import Any

from ingestion.reader.decode import bare_utf16
from ingestion.reader.delimited import delimiter_of
from ingestion.reader.describe import SheetView, describe
from ingestion.reader.grid import Book, Grid
from ingestion.reader.guards import Limits
from ingestion.reader.opening import Opened, open_file, open_text
from ingestion.table import FileProblem


@dataclass(slots=True)
class Inspection:
    """A file as the reader sees it; `problem` is set, and all else empty, where it cannot be opened at all."""

    kind: str | None
    encoding: str | None
    sheets: list[SheetView] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    problem: FileProblem | None = None

    def as_json(self) -> dict[str, Any]:
        """The form that ``--json`` prints."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "encoding": self.encoding,
            "sheets": [asdict(sheet) for sheet in self.sheets],
            "oddities": self.oddities,
        }
        if self.problem is not None:
            found["problem"] = {
                "rule_id": self.problem.rule_id,
                "message": self.problem.message,
                "fix": self.problem.fix,
            }
        return found


def inspect_bytes(data: bytes, limits: Limits | None = None) -> Inspection:
    """Describe a file of any kind. Only what cannot be opened (locked, macros, too large, damaged, no table) has a
    problem instead of sheets; a text in a wrong encoding is described and said to be wrong."""
    limits = limits or Limits()
    oddities: list[str] = []
    try:
        opened = open_file(data, limits)
    except FileProblem as problem:
        try:
            second = _open_anyway(data, problem, limits)
        except FileProblem as final:
            problem, second = final, None
        if second is None:
            return Inspection(None, None, problem=problem)
        opened = second
        oddities.append(f"正式报送会被退回（{problem.rule_id}）：{problem.message}。{problem.fix}")
    found = Inspection(opened.kind, opened.encoding, [describe(grid) for grid in opened.book.grids], oddities)
    if opened.kind == "xlsx":
        found.oddities += _package_oddities(data)
    if opened.kind in ("csv", "tsv"):
        _tell_widths(found.sheets[0], opened.book.grids[0])
    return found


def _open_anyway(data: bytes, problem: FileProblem, limits: Limits) -> Opened | None:
    """Text that no strict reading takes, opened so that a person can see what it is; nothing of it is ever loaded."""
    if problem.rule_id == "F-07":
        encoding = bare_utf16(data)
        if encoding is not None:
            return open_text(data[: len(data) // 2 * 2].decode(encoding, errors="replace"), encoding, limits)
        if b"\0" not in data and not data.lstrip().startswith(b"<"):
            best = min(("utf-8", "gb18030"), key=lambda name: data.decode(name, errors="replace").count("\ufffd"))
            return open_text(data.decode(best, errors="replace"), best, limits)
    if problem.rule_id == "F-01" and "引号" in problem.message:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            cut = delimiter_of(text)
            rows: list[list[Any]] = [[cell or None for cell in line.split(cut)] for line in text.splitlines()]
            return Opened("tsv" if cut == "\t" else "csv", encoding, Book([Grid("", rows)], is_text=True))
    return None


_PARTS = (
    ("xl/externalLinks/", "有指向其他文件的外部链接，系统不读取也不更新"),
    ("xl/connections", "有数据连接，系统不执行"),
    ("xl/queryTables/", "有外部查询，系统不执行"),
    ("xl/embeddings/", "有嵌入的对象或文件，系统不读取"),
    ("xl/media/", "有图片，系统不读取"),
    ("xl/charts/", "有图表，系统不读取"),
    ("xl/pivotTables/", "有数据透视表，系统只读取单元格里的值"),
)
_HIDDEN_ROW = re.compile(rb"<(?:\w{1,20}:)?row\s[^<>]*\bhidden=\"(?:1|true)\"")
_HIDDEN_COLUMN = re.compile(rb"<(?:\w{1,20}:)?col\s[^<>]*\bhidden=\"(?:1|true)\"")


def _package_oddities(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        found = [words for prefix, words in _PARTS if any(name.startswith(prefix) for name in names)]
        rows = columns = 0
        for name in names:
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                xml = archive.read(name)
                rows += len(_HIDDEN_ROW.findall(xml))
                columns += len(_HIDDEN_COLUMN.findall(xml))
    if rows:
        found.append(f"有{rows}行被隐藏或筛选掉，读取时照样算数")
    if columns:
        found.append("有隐藏的列，读取时照样算数")
    return found


def _tell_widths(sheet: SheetView, grid: Grid) -> None:
    """Records of a text file with more fields than its header, which is how a stray separator shows."""
    if not sheet.header_rows:
        return
    width = max(len(grid.rows[r - 1]) for r in sheet.header_rows)
    wide = [
        r + 1 for r, row in enumerate(grid.rows) if r >= sheet.header_rows[-1] and len(row) > width and any(row[width:])
    ]
    if wide:
        sheet.oddities.append(f"{len(wide)}行的列数比表头多，例如第{wide[0]}行：可能多了分隔符")


def as_text(found: Inspection) -> str:
    """The form a person reads."""
    if found.problem is not None:
        return f"打不开（{found.problem.rule_id}）：{found.problem.message}\n怎么办：{found.problem.fix}"
    lines = [f"文件类型：{found.kind}" + (f"　编码：{found.encoding}" if found.encoding else "")]
    lines += [f"注意：{text}" for text in found.oddities]
    for number, sheet in enumerate(found.sheets, 1):
        name = f"“{sheet.name}”" if sheet.name else ""
        lines += [
            "",
            f"工作表{number}{name}" + ("（隐藏）" if sheet.hidden else ""),
            f"  标题行：{_rows(sheet.title_rows)}　表头行：{_rows(sheet.header_rows)}",
            f"  列（{len(sheet.columns)}）：{'、'.join(sheet.columns) or '无'}",
            f"  数据行：{sheet.data_rows}　分组行：{sheet.group_rows}　表尾行：{sheet.footer_rows}",
            *(f"  注意：{text}" for text in sheet.oddities),
        ]
    return "\n".join(lines)


def _rows(rows: list[int]) -> str:
    return "、".join(map(str, rows)) or "无"
