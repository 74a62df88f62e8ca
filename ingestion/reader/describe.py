"""What a person should know about one sheet, told without a contract and without a single value of its rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from ingestion.normalise.text import as_text, nfkc
from ingestion.reader.grid import Grid, address, cell_at
from ingestion.reader.headers import header_key
from ingestion.reader.lines import Line, Lines, LineSorter
from ingestion.reader.shape import Header, Shape, blocks, last_filled, title, transposed
from ingestion.reader.sorts import Sort, is_label, is_word_of_headers, sort_of
from ingestion.reader.words import is_line

_LONG_NUMBER = re.compile(r"[\dXx*]{11,}|\d{6,}")
_FORM_CODE = re.compile(r"^[A-Z]{1,2}\d{1,2}[a-z]?(?=[\u4e00-\u9fff])")
_LOST_ZERO = re.compile(r"^(19|20)\d{2}\.1$")
_DAMAGED = ("\ufffd", "锟斤拷")
_LISTED = 10


@dataclass(slots=True)
class SheetView:
    """One sheet as the reader sees it. Row numbers are 1-based, as the sender's program shows them."""

    name: str
    hidden: bool
    title_rows: list[int] = field(default_factory=list)
    header_rows: list[int] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    data_rows: int = 0
    group_rows: int = 0
    footer_rows: int = 0
    oddities: list[str] = field(default_factory=list)


def masked(text: str) -> str:
    """The text with long numbers hidden: a title may hold the number of a person."""
    return _LONG_NUMBER.sub("***", text)


def describe(grid: Grid) -> SheetView:
    """Title, header, columns and rows of a sheet, and what is odd about it. Never refuses."""
    view = SheetView(masked(grid.sheet), grid.is_hidden)
    if grid.is_hidden:
        view.oddities.append("隐藏的工作表：正式报送时不读取，隐藏页里有数据的文件会被退回")
    if not any(last_filled(row) >= 0 for row in grid.rows) and not grid.broken:
        view.oddities.append("空工作表")
        return view
    shape = Shape(grid)
    header = shape.find()
    if _is_record_form(shape, header):
        _describe_form(view, shape)
    elif (turned := _turned(grid, shape, header)) is not None:
        _describe_turned(view, grid, shape, turned)
    elif header is None:
        _describe_without_header(view, grid, shape)
    else:
        _describe_table(view, grid, header)
    _tell_cells(view, grid)
    return view


# ------------------------------------------------------------------ an ordinary table
def _describe_table(view: SheetView, grid: Grid, header: Header) -> None:
    view.title_rows = _said_rows(grid, header.first)
    view.header_rows = list(range(header.first + 1, header.last + 2))
    table, second = _first_table(grid, header)
    width = max((last_filled(row) for row in table.rows), default=-1) + 1
    lines = LineSorter(table, header, width - 1).sort()
    names = _names(view, _without_shadows(header, table, lines))
    untitled = _untitled(table, lines, names, width)
    named = {**names, **{c: f"{_letters(c)}列（无标题）" for c in untitled}}
    view.columns = [masked(named[c]) for c in sorted(named)]
    _count(view, lines)
    _tell_columns(view, names, untitled, lines, table)
    _tell_rows(view, lines)
    if second is not None:
        view.oddities.append(f"第{second + 1}行起另有一张表，未计入行数：一个工作表请只放一张表")
    last = max(lines[Line.DATA], default=-1)
    gaps = sum(last_filled(table.rows[r]) < 0 for r in range(header.last + 1, last))
    if gaps:
        view.oddities.append(f"数据中间有{gaps}个空行")


def _without_shadows(header: Header, grid: Grid, lines: Lines) -> Header:
    """A title merged over columns of which only some carry data names those; without data, the first."""
    paths = dict(header.paths)
    for top, left, bottom, right in grid.merged:
        if bottom != header.last or top < header.first or right == left:
            continue
        span = [c for c in range(left, right + 1) if c in paths]
        used = [c for c in span if any(as_text(cell_at(grid.rows, r, c)).strip() for r in lines[Line.DATA])] or span[:1]
        for c in set(span) - set(used):
            del paths[c]
    return Header(header.first, header.last, paths, header.score)


def _said_rows(grid: Grid, end: int) -> list[int]:
    """Rows before `end` that say something, those a merged title reaches over included."""
    said = {r for r in range(end) if last_filled(grid.rows[r]) >= 0}
    for top, left, bottom, _ in grid.merged:
        if top < end and as_text(cell_at(grid.rows, top, left)).strip():
            said |= set(range(top, min(bottom + 1, end)))
    return [r + 1 for r in sorted(said)]


def _names(view: SheetView, header: Header) -> dict[int, str]:
    names = header.names
    coded = [c for c, name in names.items() if _FORM_CODE.match(name)]
    if len(coded) > 1 and len({names[c] for c in coded}) == len(coded):
        names |= {c: _FORM_CODE.sub("", names[c]) for c in coded}
        view.oddities.append(f"{len(coded)}个列名带表号前缀（如A1、A2a），已去掉")
    return names


def _untitled(grid: Grid, lines: Lines, names: dict[int, str], width: int) -> list[int]:
    """Columns that carry data and no title."""
    empty = [c for c in range(width) if c not in names]
    rows = lines[Line.DATA]
    filled = {c: sum(1 for r in rows if as_text(cell_at(grid.rows, r, c)).strip()) for c in empty}
    return [c for c in empty if filled[c] and filled[c] * 100 >= len(rows)]


def _count(view: SheetView, lines: Lines) -> None:
    captions = [r for line in (Line.GROUP, Line.FOOTER) for r in lines[line] if r in lines.bare]
    if not lines[Line.DATA] and len(captions) > 1:
        lines.rows[Line.DATA] = captions
        for line in (Line.GROUP, Line.FOOTER):
            lines.rows[line] = [r for r in lines[line] if r not in captions]
        view.oddities.append("各行只填了一格，其余都空着")
    view.data_rows = len(lines[Line.DATA])
    view.group_rows = len(lines[Line.GROUP])
    view.footer_rows = len(lines[Line.FOOTER])


def _first_table(grid: Grid, header: Header) -> tuple[Grid, int | None]:
    """The sheet down to where another table with a header of its own begins."""
    own = {header_key(path[-1]) for path in header.paths.values()}
    for r in range(header.last + 2, len(grid.rows)):
        if last_filled(grid.rows[r - 1]) >= 0 and sum(bool(as_text(c).strip()) for c in grid.rows[r - 1]) > 1:
            continue  # another table begins after a blank row or a title
        texts = [as_text(cell).strip() for cell in grid.rows[r] if as_text(cell).strip()]
        if len(texts) < 3 or not all(map(is_label, texts)) or len(set(texts)) < len(texts):
            continue
        words = sum(map(is_word_of_headers, texts))
        known = sum(header_key(title(text)) in own for text in texts)
        if words * 3 >= len(texts) * 2 and known * 2 < len(texts) and r + 1 < len(grid.rows):
            end = r
            while end - 1 > header.last and _is_gap(grid, end - 1):
                end -= 1
            if end - 1 <= header.last:
                continue
            cut = Grid(grid.sheet, grid.rows[:end], grid.merged)
            cut.broken = {place: name for place, name in grid.broken.items() if place[0] < end}
            return cut, r
    return grid, None


def _is_gap(grid: Grid, row: int) -> bool:
    """A blank row, or the title of the table below it."""
    texts = [as_text(cell).strip() for cell in grid.rows[row] if as_text(cell).strip()]
    return not texts or (len(texts) == 1 and not is_line(texts[0]) and sort_of(texts[0]) is Sort.TEXT)


def _tell_columns(view: SheetView, names: dict[int, str], untitled: list[int], lines: Lines, grid: Grid) -> None:
    counts = Counter(header_key(name) for name in names.values())
    order = [header_key(names[c]) for c in sorted(names)]
    times = next(
        (n for n in (2, 3, 4) if len(order) % n == 0 and len(order) > n and order == order[: len(order) // n] * n), 1
    )
    if times > 1:
        view.oddities.append(f"{times}张相同的表左右并排：请改成一张，逐行往下填")
    elif twice := [name for name in dict.fromkeys(names.values()) if counts[header_key(name)] > 1]:
        view.oddities.append(f"列名重复：{'、'.join(map(masked, twice[:_LISTED]))}")
    parts = list(blocks([*names, *untitled]))
    if len(parts) > 1:
        blank = [_letters(c) for c in range(parts[0][0], parts[-1][-1]) if not any(c in part for part in parts)]
        view.oddities.append(f"表中有空列：{'、'.join(blank[:_LISTED])}")
    if untitled:
        view.oddities.append(f"有数据但没有标题的列：{'、'.join(map(_letters, untitled[:_LISTED]))}")
    for c, name in sorted(names.items()):
        cells = [cell_at(grid.rows, r, c) for r in lines[Line.DATA]]
        long = sum(isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= 1e14 for cell in cells)
        if long:
            view.oddities.append(f"“{masked(name)}”列有{long}个长号码存成了数字，末位可能已丢失")
        lost = sum(1 for cell in cells if not isinstance(cell, bool) and cell and _LOST_ZERO.match(as_text(cell)))
        if lost and re.search("时间|日期|年月|月份", name):
            view.oddities.append(f"“{masked(name)}”列有{lost}个“2019.1”式的日期，分不清1月和10月")


def _tell_rows(view: SheetView, lines: Lines) -> None:
    said = {
        Line.GUIDE: "表头下面有列号、单位、提示或示例行，不算数据",
        Line.MARK: "有没有替换的占位符行（如{.idCard}），不算数据",
        Line.TITLE: "表中重复出现标题或表头，不算数据",
        Line.NUMBERED: "只有序号、没有内容的行，不算数据",
        Line.NOTE: "表头与数据之间有说明文字，不算数据",
    }
    for line, words in said.items():
        if lines[line]:
            view.oddities.append(f"{words}：{_listed([r + 1 for r in lines[line]])}")
    if lines[Line.TABLE]:
        view.oddities.append(f"另有一张表：{_listed([r + 1 for r in lines[Line.TABLE]])}")
    if not lines[Line.DATA]:
        view.oddities.append("只有表头，没有数据行")


def _listed(rows: list[int]) -> str:
    more = f"等{len(rows)}行" if len(rows) > _LISTED else "行"
    return f"第{'、'.join(map(str, rows[:_LISTED]))}{more}"


def _letters(column: int) -> str:
    return address(0, column)[:-1]


# ------------------------------------------------------------------ other shapes
def _describe_without_header(view: SheetView, grid: Grid, shape: Shape) -> None:
    """Nothing that looks like a header: columns go by their letters, so that no value of a row is taken for a title."""
    said = [r for r in range(shape.height) if shape.filled(r)]
    if _is_prose(shape, said):
        view.title_rows = _said_rows(grid, len(grid.rows))
        view.oddities.append("没有表格，只有文字")
        return
    first = next(
        (r for r in said if not (shape.width > 1 and shape.is_lone(r)) and not _is_note_row(shape, r)), said[-1]
    )
    columns = sorted({c for r in said if r >= first for c in shape.filled(r)})
    view.title_rows = _said_rows(grid, first)
    header = Header(first, first - 1, {c: (f"{_letters(c)}列（无标题）",) for c in columns}, 0.0)
    lines = LineSorter(grid, header, shape.width - 1).sort()
    view.columns = [path[0] for path in header.paths.values()]
    _count(view, lines)
    view.oddities.append("没有找到表头：列按字母编号")


def _is_prose(shape: Shape, said: list[int]) -> bool:
    """Rows of one text each, or long texts only."""
    if (shape.width > 1 and all(shape.is_lone(r) for r in said)) or len(said) == 1 == shape.width:
        return True
    cells = [(r, c) for r in said for c in shape.filled(r)]
    return all(shape.sorts[r][c] in (Sort.NOTE, Sort.TEXT) and len(shape.own[r][c]) > 20 for r, c in cells)


def _is_note_row(shape: Shape, row: int) -> bool:
    return any(shape.sorts[row][c] is Sort.NOTE for c in shape.filled(row))


def _turned(grid: Grid, shape: Shape, header: Header | None) -> Header | None:
    """The header of a table that stands on its side: titles down a column, one record a column beside it."""
    if len(grid.rows) > 80 or shape.width < 2:
        return None
    other = Shape(transposed(grid)).find()
    if other is None or len(other.paths) < 3 or other.first > 3:
        return None
    down = [path[-1] for path in other.paths.values()]
    words_down = sum(map(is_word_of_headers, down)) / len(down)
    if words_down < 0.6:
        return None
    if header is None:
        return other
    across = [path[-1] for c, path in header.paths.items() if c > other.last]
    # Records of one place repeat its name from column to column, and a header does not repeat its titles.
    words_across = sum(map(is_word_of_headers, set(across))) / len(across) if across else 0.0
    agree_across, agree_down = _agreement(shape, header), _agreement(Shape(transposed(grid)), other)
    if words_down > words_across + 0.3 and agree_down > agree_across:
        return other
    return None


def _agreement(shape: Shape, header: Header) -> float:
    """Share of cells below a header that are of the most common sort of their column."""
    same = total = 0
    for c in header.paths:
        sorts = [shape.sorts[r][c] for r in range(header.last + 1, shape.height) if shape.own[r][c]]
        if sorts:
            same += Counter(sorts).most_common(1)[0][1]
            total += len(sorts)
    return same / total if total else 0.0


def _describe_turned(view: SheetView, grid: Grid, shape: Shape, turned: Header) -> None:
    names = turned.names
    while len(names) > 3 and shape.is_lone(min(names)):
        del names[min(names)]  # a title above, which stands in the column of the names
    view.title_rows = _said_rows(grid, min(names))
    view.columns = [masked(names[c]) for c in sorted(names)]
    rows = sorted(names)
    width = max((last_filled(grid.rows[r]) for r in rows if r < len(grid.rows)), default=-1) + 1
    filled = [
        c
        for c in range(turned.last + 1, width)
        if sum(bool(as_text(cell_at(grid.rows, r, c)).strip()) for r in rows) * 3 >= len(rows)
    ]
    view.data_rows = len(filled)
    view.footer_rows = sum(last_filled(grid.rows[r]) >= 0 for r in range(rows[-1] + 1, len(grid.rows)))
    view.oddities.append(
        f"转置表：列名竖排在{_letters(turned.last)}列，每条记录占一列（data_rows为记录数）；请转置成一行一条后报送"
    )


_LABEL = re.compile(
    r"^.{0,10}(姓名|性别|民族|年龄|出生年月|出生日期|身份证号码?|证件号码?|联系电话|电话|手机号?|住址|地址|人口|人数|户数|日期|时间|类别|类型|属性|原因|情况"
    r"|等级|面积|学历|文化程度|关系|编号|意见|签字|签名|理由|事由|金额|措施|状况|收入|银行|账号|单位|职务|籍贯|政治面貌|照片|备注)[:：]?$"
)


def _labels(shape: Shape, row: int) -> list[str]:
    texts = [title(shape.own[row][c]) for c in shape.filled(row)]
    return [text for text in texts if _LABEL.match(clean_label(text))]


def clean_label(text: str) -> str:
    """A label without its brackets and blanks."""
    return re.sub(r"[(（][^()（）]*[)）]", "", nfkc(text))


def _is_record_form(shape: Shape, header: Header | None) -> bool:
    """One household or person a sheet: labels and values side by side in many rows."""
    rows = [r for r in range(shape.height) if _labels(shape, r)]
    labels = [label for r in rows for label in _labels(shape, r)]
    if len(rows) < 3 or len(labels) < 6 or len(set(labels)) * 4 < len(labels) * 3:
        return False
    if sum(len(_labels(shape, r)) > 1 for r in rows) < 2:
        return False
    if header is None:
        return True
    outside = [r for r in rows if not header.first <= r <= header.last]
    inside = sum(len(_labels(shape, r)) for r in range(header.first, header.last + 1))
    beside = sum(len(_labels(shape, r)) for r in outside)
    if inside > len(header.paths) and sum(len(_labels(shape, r)) > 1 for r in outside) > 1:
        return True  # more labels than columns: what looks like a header of several rows is the form itself
    return len(outside) >= 2 and beside >= inside and beside >= 4


def _describe_form(view: SheetView, shape: Shape) -> None:
    rows = [r for r in range(shape.height) if _labels(shape, r)]
    view.title_rows = _said_rows(shape.grid, rows[0])
    labels = list(dict.fromkeys(label.rstrip(":：") for r in rows for label in _labels(shape, r)))
    view.columns = [masked(label) for label in labels]
    values = 0
    for r in rows:
        for c in shape.filled(r):
            if _LABEL.match(clean_label(title(shape.own[r][c]))):
                follows = next((text for text in shape.shown[r][c + 1 :] if text and text != shape.own[r][c]), "")
                values += bool(follows) and not _LABEL.match(clean_label(title(follows)))
    view.data_rows = int(values * 3 >= len(labels))
    view.oddities.append("登记表式样（标签和值并排，一页一条），不是一行一条的清单")


# ------------------------------------------------------------------ cells
def _tell_cells(view: SheetView, grid: Grid) -> None:
    if grid.broken:
        places = sorted(grid.broken)
        view.oddities.append(f"{len(places)}个单元格是没有结果的公式或错误值，例如{grid.broken[places[0]]}")
    first = view.header_rows[-1] if view.header_rows else 0
    down = [m for m in grid.merged if m[2] > m[0] and m[0] >= first]
    if down:
        view.oddities.append(f"数据区有{len(down)}处向下合并的单元格，读取时在合并范围内补齐")
    hurt = sum(isinstance(cell, str) and any(mark in cell for mark in _DAMAGED) for row in grid.rows for cell in row)
    if hurt:
        view.oddities.append(f"{hurt}个单元格有乱码字符，请从业务系统重新导出")
    commands = sum(
        isinstance(cell, str) and sort_of(cell) is Sort.TEXT and bool(re.match(r"^[=+@-].*\|.*!", cell))
        for row in grid.rows
        for cell in row
    )
    if commands:
        view.oddities.append(f"{commands}个单元格写着外部命令（DDE），系统只当文字，不执行")
