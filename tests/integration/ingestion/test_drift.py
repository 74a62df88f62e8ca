"""Schema drift: unknown columns are put aside and given back, changes are issues, two versions load side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from ingestion import aside, drift, drift_ledger, vault
from ingestion.commands import app
from ingestion.contract import Contract
from ingestion.intake import take
from ingestion.load import build_batch, write_batch
from ingestion.raw_tables import migrate
from ingestion.read import read_table, type_table
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import FOLDER, HEADERS, PERIOD, drop, good, id_number
from tests.integration.two_versions import NEW, OLD, ranger

pytestmark = pytest.mark.usefixtures("clean_warehouse")


def sheet(rows: Sequence[dict[str, Any]], heads: dict[str, str], extra: dict[str, list[str]] | None = None) -> bytes:
    """A workbook with these columns (name -> header), and further columns (header -> cells) at the end."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    added = extra or {}
    page.append([*heads.values(), *added])
    for place, row in enumerate(rows):
        page.append([*(row.get(name) for name in heads), *(cells[place] for cells in added.values())])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def send(data: bytes, number: int = 1) -> Receipt:
    return take(drop(f"{FOLDER}/低保名单{number}号.xlsx", data))


def issues(*, settled: bool = False) -> dict[tuple[str, str, str], str]:
    return {(i.kind, i.column_name, i.header): i.state for i in drift_ledger.listed(settled=settled)}


def test_unknown_column_is_put_aside_named_and_given_back() -> None:
    extra = {"村医姓名": [f"示某{n}" for n in range(20)], "flex_排序": [f"甲{n}" for n in range(20)]}
    receipt = send(sheet(good(), dict(HEADERS), extra))
    assert receipt.state == "accepted"
    (note,) = [line for line in receipt.lines if line.rule_id == "S-03"]
    assert note.message == "多出的列“村医姓名”“flex_排序”，已原样保留，未入库"
    assert issues() == {("unknown_column", "", "村医姓名"): "open"}
    (issue,) = drift_ledger.listed()
    assert (issue.owner, issue.feed_id, issue.seen_count) == ("civil_affairs", "civil_affairs.dibao", 1)
    back = list(aside.given_back(receipt.submission_id))
    assert [(row, text) for _, row, header, text in back if header == "村医姓名"] == [
        (n + 2, f"示某{n}") for n in range(20)
    ]
    assert [text for _, _, header, text in back if header == "flex_排序"] == extra["flex_排序"]
    with connect(Role.OWNER) as connection:
        stored = connection.execute("select header, sealed from quarantine.aside").fetchall()
        columns = connection.execute(
            "select column_name from information_schema.columns where table_schema = 'raw'"
        ).fetchall()
    assert not any("示某".encode() in bytes(sealed) for _, sealed in stored)
    assert not any("flex" in name for (name,) in columns)


def test_flex_columns_of_a_rejected_row_stand_untouched_in_the_return_workbook() -> None:
    rows = good()
    rows[3]["covered_count"] = "9"
    cells = [" 保留　空格 ", *(f"备注{n}" for n in range(19))]
    cells[3] = "  0012 原样　"
    receipt = send(sheet(rows, dict(HEADERS), {"备用1": cells}))
    assert receipt.rows_rejected == 1
    data = (bucket() / receipt.folder_key / "更正表.xlsx").read_bytes()
    page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[1]
    lines = list(page.iter_rows(values_only=True))
    assert lines[1][lines[0].index("备用1")] == "  0012 原样　"
    kept = [row for _, row, header, _ in aside.given_back(receipt.submission_id) if header == "备用1"]
    assert kept == [2, 3, 4, *range(6, 22)]  # row 5 is sealed with the rejected row
    assert drift_ledger.listed() == []


def test_an_issue_closes_by_evidence_and_opens_again_unless_a_person_closed_it() -> None:
    extra = {"村医姓名": ["示某"] * 20}
    unknown = ("unknown_column", "", "村医姓名")
    send(sheet(good(), dict(HEADERS), extra), 1)
    send(sheet(good(21), dict(HEADERS), {"村医姓名": ["示某"] * 21}), 2)
    assert drift_ledger.listed()[0].seen_count == 2
    send(sheet(good(22), dict(HEADERS)), 3)
    assert issues() == {}
    assert issues(settled=True) == {unknown: "settled"}
    send(sheet(good(23), dict(HEADERS), {"村医姓名": ["示某"] * 23}), 4)
    assert issues() == {unknown: "open"}
    number = str(drift_ledger.listed()[0].issue_id)
    run = CliRunner().invoke
    assert run(app, ["drift", "--settle", number]).exit_code == 2
    result = run(app, ["drift", "--settle", number, "--note", "是村里自用的列"])
    assert result.exit_code == 0, result.output
    send(sheet(good(24), dict(HEADERS), {"村医姓名": ["示某"] * 24}), 5)
    assert issues() == {}
    with pytest.raises(LookupError):
        drift_ledger.settle(int(number), "又一次")


def test_a_near_miss_is_suggested_and_never_taken() -> None:
    heads = {**HEADERS, "standard_yuan": "低保标准线"}
    receipt = send(sheet(good(), heads))
    assert receipt.state == "accepted"
    assert issues() == {("near_miss", "standard_yuan", "低保标准线"): "open"}
    (note,) = [line for line in receipt.lines if line.rule_id == "S-03"]
    assert note.fix == "是否为“低保标准”？是的话请改列名，或申请增加写法"
    with connect(Role.OWNER) as connection:
        assert connection.execute("select count(standard_yuan) from raw.civil_affairs__dibao").fetchall() == [(0,)]


def test_a_refused_file_names_the_column_it_may_have_meant() -> None:
    receipt = send(sheet(good(), {**HEADERS, "covered_count": "保障人口总数"}))
    assert receipt.reason is not None
    assert receipt.reason.rule_id == "F-11"
    assert issues() == {("near_miss", "covered_count", "保障人口总数"): "open"}


def test_missing_renamed_and_reordered_columns_are_noted_against_the_last_file() -> None:
    send(sheet(good(), dict(HEADERS)), 1)
    assert issues() == {}
    heads = {name: title for name, title in HEADERS.items() if name != "standard_yuan"}
    heads["head_name"] = "申请人姓名"
    first, *rest = heads.items()
    receipt = send(sheet(good(21), dict([*rest, first])), 2)
    assert issues() == {
        ("missing_optional", "standard_yuan", "低保标准"): "open",
        ("renamed_header", "head_name", "申请人姓名"): "open",
        ("order_changed", "", ""): "open",
    }
    (note,) = [line for line in receipt.lines if line.rule_id == "S-01"]
    assert (note.severity, note.message) == ("info", "上次报送有、这次没有的选填列：“低保标准”")
    result = CliRunner().invoke(app, ["drift"], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    assert "missing_optional" in result.output


def test_a_header_that_is_data_does_not_reach_the_ledger() -> None:
    number = id_number(77)
    send(sheet(good(), dict(HEADERS), {number: ["1"] * 20}))
    assert [issue.header for issue in drift_ledger.listed()] == ["（像是数据，不是列名）"]
    with connect(Role.OWNER) as connection:
        for table in ("ops.submission_heading", "ops.schema_issue", "quarantine.aside", "ops.submission"):
            assert number not in str(connection.execute(f"select * from {table}".encode()).fetchall()), table


# ---------------------------------------------------------------- numbers stored as numbers
def test_a_household_number_stored_as_a_number_counts_if_it_is_known() -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into raw.register__household (county_code, report_month, submission_id, contract_version,"
            " source_file, source_sheet, source_row, household_no) values ('530524', '2026-01', 'x', '1.0.0', 'f', 's',"
            " 1, '530524001')"
        )
    rows = good()
    rows[2]["household_no"], rows[3]["household_no"], rows[4]["household_no"] = 530524001, 530524002, 530524001.5
    receipt = send(sheet(rows, dict(HEADERS)))
    assert receipt.rows_rejected == 2
    with connect(Role.OWNER) as connection:
        refused = connection.execute("select source_row, rule_id from ops.row_finding order by source_row").fetchall()
        taken = connection.execute(
            "select source_row from raw.civil_affairs__dibao where household_no = '530524001'"
        ).fetchall()
    assert refused == [(5, "S-05"), (6, "S-05")]
    assert taken == [(4,)]


# ---------------------------------------------------------------- two versions of one contract


def load(contract: Contract, period: Period, submission: str, heads: list[str], *rows: list[str]) -> None:
    book = openpyxl.Workbook()
    for line in (heads, *rows):
        book.worksheets[0].append(line)
    target = io.BytesIO()
    book.save(target)
    raw = read_table(target.getvalue(), "护林员.xlsx", contract.in_force(period), period)
    batch = build_batch(
        type_table(raw, period, "530524"),
        positions=range(len(raw.rows)),
        quarantined=(),
        sealing=vault.sealer(submission),
        county_code="530524",
        period=str(period),
        source_file="archive/00/00",
    )
    with connect(Role.LOADER) as connection:
        write_batch(connection, batch)


def test_two_versions_load_into_one_raw_table(tmp_path: Path) -> None:
    old = ranger(tmp_path, is_new=False)
    with connect(Role.OWNER) as connection:
        migrate(connection, {old.feed_id: old})
        connection.execute("grant select, insert on raw.forestry__ranger to hearth_loader")
    load(old, OLD, "a", ["证号", "巡护次数"], ["A1", "3"])
    new = ranger(tmp_path, is_new=True)
    assert (new.version_in(OLD), new.version_in(NEW), new.version_in(Period(2025, 1))) == ("1.0.0", "1.1.0", "1.0.0")
    with connect(Role.OWNER) as connection:
        migrate(connection, {new.feed_id: new})
    load(new, NEW, "b", ["证号", "当月巡护次数", "发现火情次数"], ["A1", "4", "1"])
    load(new, OLD, "c", ["证号", "巡护次数"], ["A2", "5"])  # a late file of an old month: the old version
    with connect(Role.OWNER) as connection:
        rows = connection.execute(
            "select submission_id, contract_version, badge_no, patrol_count, found_fire_count"
            " from raw.forestry__ranger order by submission_id"
        ).fetchall()
        connection.execute("drop table raw.forestry__ranger")
        migrate(connection)  # the reference tables as they were
    assert rows == [
        ("a", "1.0.0", "A1", 3, None),
        ("b", "1.1.0", "A1", 4, 1),
        ("c", "1.0.0", "A2", 5, None),
    ]


@pytest.mark.parametrize(
    ("period", "heads", "rule"),
    [
        (NEW, ["证号", "巡护次数", "发现火情次数"], "F-11"),
        (NEW, ["证号", "当月巡护次数"], "F-11"),
        (OLD, ["证号", "当月巡护次数"], "F-11"),
    ],
)
def test_a_title_counts_in_its_months_only(tmp_path: Path, period: Period, heads: list[str], rule: str) -> None:
    from ingestion.table import FileProblem

    with pytest.raises(FileProblem) as refusal:
        load(ranger(tmp_path, is_new=True), period, "d", heads, ["A1", "3", "0"][: len(heads)])
    assert refusal.value.rule_id == rule


def test_the_first_file_of_a_new_version_is_an_issue(tmp_path: Path) -> None:
    contract = ranger(tmp_path, is_new=True).in_force(NEW)
    (issue,) = drift.compare(contract, NEW, (), (), "1.0.0")
    assert (issue.kind, issue.header) == (drift.Kind.NEW_VERSION, "1.1.0")
    assert drift.compare(contract, NEW, (), (), "1.1.0") == ()


def test_the_month_of_the_folder_chooses_the_version() -> None:
    assert send(sheet(good(), dict(HEADERS))).contract_version == "1.0.0"
    assert PERIOD >= NEW
