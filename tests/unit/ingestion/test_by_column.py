"""Reading by column says what reading cell by cell says: the same text, the same values, the same findings."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.columns import ColumnRows, extra_cells, group_codes, repeated
from ingestion.contract import Column, Contract, Kind
from ingestion.keys import Tokens
from ingestion.normalise import columns as by_column
from ingestion.normalise.canonical import canonical_reader
from ingestion.normalise.cells import make_parser
from ingestion.normalise.columns import distinct, read_column
from ingestion.normalise.context import make_context
from ingestion.normalise.dates import DateContext
from ingestion.normalise.ids import IdNumber
from ingestion.normalise.problems import CellProblem, Parsed
from ingestion.normalise.typed import typed_schema
from ingestion.read import read_table, type_table
from ingestion.reader import bulk
from ingestion.reader.bulk import read_bulk
from ingestion.table import RawTable, TypedTable
from tests.unit.ingestion.reader_files import (
    CATEGORY,
    COUNTY,
    HOLDER,
    NAME,
    PERIOD,
    TOWNSHIP,
    VILLAGE,
    column,
    contract,
    id_number,
)

RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NO_BULK = 1 << 40


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small columns and files take the way of large ones."""
    monkeypatch.setattr(by_column, "_PROBE", 1)
    monkeypatch.setattr(bulk, "BULK_BYTES", 0)


# ---------------------------------------------------------------- text to cells
FIELDS = st.text(alphabet='ab12,;"\n\r \t镇=', max_size=6)
RECORDS = st.lists(st.lists(FIELDS, min_size=1, max_size=4), min_size=1, max_size=12)


def _plainly(text: str) -> list[list[str | None]] | None:
    try:
        return [[cell or None for cell in record] for record in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except csv.Error:
        return None


def _trimmed(row: list[Any]) -> list[Any]:
    while row and row[-1] is None:
        row = row[:-1]
    return row


def _agrees(text: str) -> bool:
    """True if the text was split by column; fails if the outcome differs."""
    rows = read_bulk(text.encode("utf-8", errors="surrogatepass"), ",")
    if rows is None:
        return False
    expected = _plainly(text)
    assert expected is not None
    assert [_trimmed(row) for row in rows] == [_trimmed(row) for row in expected]
    assert [_trimmed(rows[number]) for number in range(len(rows))] == [_trimmed(row) for row in expected]
    return True


@RELAXED
@given(RECORDS, st.sampled_from(["\n", "\r\n"]))
def test_written_records_are_cut_alike(everything: None, records: list[list[str]], end: str) -> None:
    target = io.StringIO()
    csv.writer(target, lineterminator=end).writerows(records)
    _agrees(target.getvalue())


@RELAXED
@given(st.text(alphabet='a1,"\n\r ', max_size=30))
@example('a,b\n1,""x\n')
@example('a,b\n"1"2,3\n')
@example('"a""",b\n1,2\n')
@example('a,b\n1,x""\n')
@example('a,b\n"1"\n"2",3\n')
@example('","\n')
def test_any_text_is_cut_alike_or_left(everything: None, text: str) -> None:
    _agrees(text)


def test_titles_blank_lines_and_quoted_breaks_keep_their_numbers(everything: None) -> None:
    text = '标题\n\n序号,姓名,备注\n1,张某,"第一行\n第二行"\n\n2,"李""某",\n合计,2\n3,王某,x\n'
    assert _agrees(text)
    rows = read_bulk(text.encode("utf-8", errors="surrogatepass"), ",")
    assert rows is not None
    assert rows[7 - 1] == ["合计", "2"]
    assert rows[8 - 1] == ["3", "王某", "x"]


# ---------------------------------------------------------------- cells to values
COLUMNS = (
    column("person_name", "姓名", Kind.TEXT, vault_kind="person_name"),
    column("remark", "备注", Kind.TEXT),
    column("line_name", "线路", Kind.TEXT, key=1),
    column("id_number", "身份证号", Kind.ID, vault_kind="id_number"),
    column("phone_number", "电话", Kind.ID, vault_kind="phone_number"),
    column("bank_account", "账号", Kind.ID, vault_kind="bank_account"),
    column("household_no", "户编号", Kind.ID),
    column("member_count", "人数", Kind.INT, unit="人", minimum=0, maximum=50),
    column("amount_yuan", "金额", Kind.DECIMAL, unit="元", minimum=0, maximum=100_000.5),
    column("plain", "数", Kind.DECIMAL),
    column("outage_from", "停电时间", Kind.TIMESTAMP),
    column("paid_date", "日期", Kind.DATE, coarser=True),
    column("is_met", "是否", Kind.BOOL),
)
ODD = st.sampled_from(
    (
        *("", " ", "无", "暂无", "待补充", "NULL", "n/a", "—", "/", "0", "00", "张某", "张 某", "阿·依"),
        *("锟斤拷", "张\ufffd", "=\"12\"", "1,000", "12.50", "12.505", "-3", "3.5万元", "1e5", "5E12"),
        *("１２", "100000.5", "100000.51", "51", "50"),
        *("999999999999999999", "111111111111111111", "123456789012345678", "11010119800101", "520099800101001"),
        *("520099199002301234", "13900000000", "+8613900000000", "139-0000-0000", "6217000000000000000", "62170000"),
        *("2026-10-01", "2026.1", "2026.10", "20261001", "2026-10-31 14:05", "2026-09-30 14:05:00"),
        *("2026-02-30 01:00:00", "2026-09-30 24:00:00", "1899-01-01 00:00:00", "2027-01-01 00:00:00"),
        *("是", "否", "不详", "\u200b张某"),
        *("第1页", "备注：x", "-", "A-1", "H20260001", "12-3", "#1", "1\n2"),
    )
)  # fmt: skip
DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=26)
ID_LIKE = st.builds(
    lambda n, cut, tail: id_number(n)[: 18 - cut] + tail,
    st.integers(0, 5000), st.integers(0, 3), st.sampled_from(["", "X", "x", "0", "000", "43", "431B1"]),
)  # fmt: skip
MOMENT = st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"))
NUMBER = st.decimals(-1000, 200_000, places=3).map(str)
HAN = st.text(alphabet="张王李伟无暂待补充锟斤拷 ·鿿A1", max_size=6)
CELLS = st.lists(st.one_of(st.none(), ODD, DIGITS, ID_LIKE, MOMENT, NUMBER, HAN), min_size=1, max_size=30)


def _table(feed: Contract, cells: list[str | None], *, is_text: bool) -> RawTable:
    name = feed.columns[0].name
    rows = ColumnRows("", np.arange(2, len(cells) + 2), {name: pa.array(cells, pa.string())}, {})
    headers = {name: feed.columns[0].title}
    return RawTable(feed, headers, frozenset(), {}, {}, (), rows, 0, (), is_text=is_text)


@pytest.mark.parametrize("tested", COLUMNS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("is_text", [True, False])
@RELAXED
@given(cells=CELLS)
def test_columns_say_what_cells_say(everything: None, tested: Column, is_text: bool, cells: list[str | None]) -> None:
    feed = contract(tested)
    context = make_context(_table(feed, cells, is_text=is_text), PERIOD, COUNTY)
    parse = make_parser(tested, context, DateContext(PERIOD))
    expected: list[Parsed | CellProblem] = []
    for cell in cells:
        try:
            expected.append(parse(cell))
        except CellProblem as problem:
            expected.append(problem)
    held = distinct(pa.array(cells, pa.string()), canonical_reader(tested, context))
    kind = typed_schema(feed).field(tested.name).type
    found = read_column(held, parse, kind, with_precision=True)
    said = [None if isinstance(entry, CellProblem) else entry.value for entry in expected]
    assert (
        found.values.to_pylist()
        == pa.array([entry.value if isinstance(entry, IdNumber) else entry for entry in said], kind).to_pylist()
    )
    assert [(place, problem.rule_id) for place, _, problem in found.problems] == [
        (place, entry.rule_id) for place, entry in enumerate(expected) if isinstance(entry, CellProblem)
    ]
    assert [cell for _, cell, _ in found.problems] == [
        cell for cell, entry in zip(cells, expected, strict=True) if isinstance(entry, CellProblem)
    ]
    assert found.remarks == [
        (place, entry.remarks)
        for place, entry in enumerate(expected)
        if not isinstance(entry, CellProblem) and entry.remarks
    ]
    if found.parts is not None:
        for part, blank in (("birth", None), ("sex", None), ("certificate", None), ("is_placeholder", False)):
            assert getattr(found.parts, part).to_pylist() == [
                getattr(entry, part) if isinstance(entry, IdNumber) else blank for entry in said
            ]
    if found.precisions is not None:
        precisions = [None if isinstance(entry, CellProblem) else entry.precision for entry in expected]
        if canonical_reader(tested, context) is None:  # columns with canonical cells have no precision
            assert found.precisions.to_pylist() == precisions


def test_canonical_cells_are_found() -> None:
    """The short way is taken where it should be: else the test above compares one way with itself."""
    fine = {
        "person_name": "张伟", "remark": "长期在外务工", "line_name": "10kV田园线", "id_number": id_number(7),
        "phone_number": "13900000001", "bank_account": "6217000000000000001", "household_no": "5305240000000012",
        "member_count": "12", "amount_yuan": "380.50", "plain": "7", "outage_from": "2026-09-30 14:05:00",
    }  # fmt: skip
    for tested in COLUMNS:
        context = make_context(_table(contract(tested), ["x"], is_text=True), PERIOD, COUNTY)
        reader = canonical_reader(tested, context)
        assert (reader is not None) == (tested.name in fine)
        if reader is not None:
            assert reader(pa.array([fine[tested.name], None])).flags.tolist() == [True, False]


# ---------------------------------------------------------------- whole files
FEED = contract(HOLDER, NAME, CATEGORY, TOWNSHIP, VILLAGE, column("paid_date", "日期", Kind.DATE), column("n", "人数"))
ROW = st.tuples(
    st.one_of(st.integers(0, 6).map(id_number), st.sampled_from(["", "合计", "身份证号", "/", "户主证件号", " "])),
    st.one_of(st.sampled_from(["张某", "李某", "", "户主姓名", "填表人：王某", "合计"])),
    st.sampled_from(["1", "", "3", "类别"]),
    st.sampled_from(["田园镇", "田园", "不存在镇", "", "　"]),
    st.sampled_from(["", "关庙社区居民委员会", "不存在村"]),
    st.sampled_from(["2026-10-01", "2026.1", "2026.10", "", "胡说"]),
    st.sampled_from(["1", "2", "", '"3"', "4,5"]),
)
LINES = st.lists(
    st.one_of(
        ROW,
        st.sampled_from([(), ("合计",), ("", "", ""), ("注：以上",), tuple("1234567"), ("示例", "张")]),
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip


def _typed(data: bytes) -> TypedTable | str:
    from ingestion.table import FileProblem

    try:
        return type_table(read_table(data, "表.csv", FEED, PERIOD), PERIOD, COUNTY)
    except FileProblem as problem:
        return f"{problem.rule_id} {problem.message}"


@RELAXED
@given(LINES)
def test_whole_files_come_out_alike(everything: None, lines: list[tuple[str, ...]]) -> None:
    titles = [entry.title for entry in FEED.columns]
    target = io.StringIO()
    csv.writer(target).writerows(
        [["统计表"], [*titles, "自加"], *([*line, "x"] if len(line) > 3 else line for line in lines)]
    )
    data = target.getvalue().encode()
    fast = _typed(data)
    bulk.BULK_BYTES = NO_BULK
    try:
        slow = _typed(data)
    finally:
        bulk.BULK_BYTES = 0
    if isinstance(slow, str) or isinstance(fast, str):
        assert fast == slow
        return
    assert fast.data.equals(slow.data)
    assert fast.findings == slow.findings
    assert list(fast.raw.rows) == list(slow.raw.rows)
    assert (fast.raw.excluded_count, fast.raw.headers, fast.raw.letters, fast.raw.unknown_headers) == (
        slow.raw.excluded_count, slow.raw.headers, slow.raw.letters, slow.raw.unknown_headers,
    )  # fmt: skip


def test_a_plain_file_is_held_by_column(everything: None) -> None:
    lines = [",".join(entry.title for entry in FEED.columns)]
    lines += [f"{id_number(n)},张某,1,田园镇,,2026-10-0{1 + n % 9},{n}" for n in range(9)]
    raw = read_table("\n".join(lines).encode(), "表.csv", FEED, PERIOD)
    assert isinstance(raw.rows, ColumnRows)
    assert [row.row for row in raw.rows] == list(range(2, 11))
    assert raw.rows[-1].cells["n"] == "8"


# ---------------------------------------------------------------- helpers
@RELAXED
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([1, 2, None])), max_size=20))
def test_group_codes_are_equal_for_equal_rows_alone(rows: list[tuple[str | None, int | None]]) -> None:
    codes = group_codes(
        [pa.array([row[0] for row in rows], pa.string()), pa.array([row[1] for row in rows], pa.int64())]
    )
    assert [[a == b for b in rows] for a in rows] == [[a == b for b in codes] for a in codes]
    assert repeated(codes).tolist() == [rows.count(row) > 1 for row in rows]


@RELAXED
@given(st.text(min_size=1, max_size=90), st.lists(st.text(max_size=80)))
def test_tokens_are_hmacs(key: str, values: list[str]) -> None:
    key = key.encode("ascii", errors="replace").decode()
    messages = [f"person_name\x1f{value}".encode() for value in values]
    expected = [hmac.new(key.encode(), message, hashlib.sha256).hexdigest() for message in messages]
    assert Tokens(1, key).of("person_name", values) == expected


def test_unknown_cells_are_told_alike(everything: None) -> None:
    titles = ",".join(entry.title for entry in FEED.columns)
    lines = [f"{id_number(n)},张某,1,田园镇,,2026-10-01,1,{'' if n % 3 else n},x" for n in range(9)]
    raw = read_table("\n".join([f"{titles},自加,", *lines]).encode(), "表.csv", FEED, PERIOD)
    assert isinstance(raw.rows, ColumnRows)
    places = [0, 3, 4, 6, 8]
    told = list(extra_cells(tuple(raw.rows), places))
    by_header = [cell for header in raw.unknown_headers for cell in told if cell[1] == header]
    assert list(extra_cells(raw.rows, places)) == by_header
    assert by_header[:2] == [("", "自加", 2, "0"), ("", "自加", 5, "3")]
