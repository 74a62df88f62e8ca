"""更正表.xlsx: what comes back, mended and sent again, is a valid resubmission of just those rows."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hearth.bucket import bucket
from ingestion.intake import take
from ingestion.ledger import find
from ingestion.marks import MARK_SHEET, OUR_HEADERS
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import FOLDER, HEADERS, KEY, PERIOD, drop, good, person, workbook
from tests.integration.ingestion.dibao_files import name as invented_name
from tests.integration.ingestion.returned import (
    book_of,
    column_of,
    mend,
    path_of,
    query,
    raw_rows,
    rows_of,
    saved,
    send_back,
    soffice,
    states,
    through_libreoffice,
    wrong,
)

pytestmark = pytest.mark.usefixtures("clean_warehouse")
COVERED = HEADERS["covered_count"]
needs_libreoffice = pytest.mark.skipif(soffice() is None, reason="soffice is not installed")


def first(**options: Any) -> Receipt:
    receipt = take(drop(KEY, workbook(wrong(**options))))
    assert receipt.state == "partially_accepted"
    return receipt


def counts(receipt: Receipt) -> tuple[int, int, int]:
    return receipt.rows_received, receipt.rows_accepted, receipt.rows_rejected


def refused(receipt: Receipt) -> str:
    assert receipt.state == "rejected", receipt
    assert receipt.reason is not None
    return receipt.reason.rule_id


# ---------------------------------------------------------------- what the clerk sees
def test_own_columns_own_order_own_sheet_and_nothing_else() -> None:
    receipt = first()
    book = book_of(receipt)
    assert [sheet.title for sheet in book if sheet.sheet_state == "visible"] == ["退回说明", "Sheet"]
    sheet = book["Sheet"]
    head = [cell.value for cell in sheet[1]]
    assert tuple(head[:4]) == OUR_HEADERS
    assert head[4:] == list(HEADERS.values())
    assert sheet.column_dimensions["D"].hidden
    assert set(rows_of(sheet)) == {"6", "11"}
    sent = {(str(row.get(name) or "")) for row in wrong() for name in HEADERS}
    for row in sheet.iter_rows(min_row=2, min_col=5, values_only=True):
        assert {str(value or "") for value in row} <= sent
    assert receipt.rows_to_mend == 2


def test_one_cause_is_one_line() -> None:
    rows = wrong(200, range(10, 20))
    for serial, row in enumerate(rows[100:108]):
        row["started_month"] = f"某年{serial}月"
    receipt = take(drop(KEY, workbook(rows)))
    lines = [row for row in book_of(receipt)["退回说明"].iter_rows(min_row=8, values_only=True) if row[1]]
    assert [(row[3], row[5]) for row in lines] == [("10", "S-07"), ("8", "S-06")]
    assert "第11行、第12行" in str(lines[0][4])
    assert str(lines[0][4]).endswith("等")
    assert "三个人" in str(lines[0][1])
    assert lines[0][2]


def test_wrong_cells_are_coloured_and_drop_downs_are_kept() -> None:
    rows = wrong()
    rows[4]["category_code"] = "农低"
    book = book_of(take(drop(KEY, workbook(rows))))
    sheet = book["Sheet"]
    coloured = {
        sheet.cell(1, place).value
        for place, cell in enumerate(sheet[rows_of(sheet)["6"]], 1)
        if cell.fill.fgColor.rgb == "FFFFD966"
    }
    assert coloured == {COVERED, HEADERS["category_code"]}
    offered: dict[str, str] = {}
    for rule in sheet.data_validations.dataValidation:
        (place,) = rule.sqref.ranges
        offered[str(sheet.cell(1, place.min_col).value)] = str(rule.formula1)
    name, place = offered[HEADERS["category_code"]].split("!")
    listed = [cell.value for (cell,) in book[name.strip("'")][place.replace("$", "")]]
    assert "农村低保" in listed
    assert book[name.strip("'")].sheet_state == "hidden"


DANGEROUS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


def test_nothing_a_sender_typed_is_a_formula() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    names = list(HEADERS)
    sheet.append([HEADERS[name] for name in names])
    rows = wrong(100, [])
    for row, text in zip(rows[3:], DANGEROUS, strict=False):
        row |= {"covered_count": "三个人", "remark": text}
    rows[20] |= {"covered_count": "三个人", "monthly_amount_yuan": 612.5}
    for number, row in enumerate(rows, 2):
        for position, name in enumerate(names, 1):
            cell: Any = sheet.cell(number, position)
            cell.value = row.get(name)
            if cell.data_type == "f":
                cell.data_type = "s"
    receipt = take(drop(KEY, saved(book)))
    assert receipt.rows_to_mend == 7, receipt
    target = book_of(receipt)["Sheet"]
    remark, amount = column_of(target, HEADERS["remark"]), column_of(target, HEADERS["monthly_amount_yuan"])
    places = rows_of(target)
    for number, text in enumerate(DANGEROUS, 5):
        cell = target.cell(places[str(number)], remark)
        assert cell.value == text
        assert cell.data_type == "s"
        assert cell.quotePrefix
    number_cell = target.cell(places["22"], amount)
    assert (number_cell.value, number_cell.data_type) == (612.5, "n")
    assert b"<f>" not in b"".join(
        archive.read(name)
        for archive in [zipfile.ZipFile(io.BytesIO(path_of(receipt).read_bytes()))]
        for name in archive.namelist()
    )


@needs_libreoffice
def test_libreoffice_shows_the_text_and_runs_nothing(tmp_path: Path) -> None:
    rows = wrong(60, [])
    rows[3] |= {"covered_count": "三个人", "remark": "=1+1"}
    rows[4] |= {"covered_count": "三个人", "remark": "@SUM(A1)"}
    book = openpyxl.load_workbook(io.BytesIO(workbook(rows)))
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            if cell.data_type == "f":
                cell.data_type = "s"
    receipt = take(drop(KEY, saved(book)))
    assert receipt.rows_to_mend == 2
    text = through_libreoffice(
        path_of(receipt).read_bytes(),
        tmp_path,
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2",
    ).decode()
    shown = list(csv.DictReader(io.StringIO(text)))
    assert [row[HEADERS["remark"]] for row in shown] == ["=1+1", "@SUM(A1)"]


# ---------------------------------------------------------------- mended and sent back
def test_mended_rows_complete_the_month() -> None:
    before = first()
    after = send_back(mend(before, {(6, COVERED): "2", (11, COVERED): "2"}))
    assert (after.state, counts(after)) == ("accepted", (40, 40, 0))
    assert states() == {before.submission_id: "superseded", after.submission_id: "accepted"}
    entry = find(after.submission_id)
    assert (entry.version, entry.parent_submission_id, entry.feed) == (2, before.submission_id, "dibao")
    rows = raw_rows(after.submission_id)
    assert set(rows) == set(range(2, 42))
    assert rows[6] == ("5305240000000005", 2)
    untouched = {row: cells for row, cells in rows.items() if row not in (6, 11)}
    assert untouched == raw_rows(before.submission_id)
    assert query("select source_row, action from ops.mended_row order by 1") == [(6, "mended"), (11, "mended")]
    assert after.rows_to_mend == 0
    assert not path_of(after).exists()


@pytest.mark.parametrize("folder", [FOLDER, "inbox/civil_affairs", f"inbox/civil_affairs/{PERIOD.shift(-3)}"])
def test_it_may_lie_anywhere_in_the_departments_folder_under_any_name(folder: str) -> None:
    receipt = send_back(mend(first(), {(6, COVERED): "2", (11, COVERED): "2"}), "新建文件(1).xlsx", folder)
    assert (receipt.state, receipt.feed, receipt.period) == ("accepted", "dibao", str(PERIOD))


@needs_libreoffice
def test_what_libreoffice_saves_is_understood(tmp_path: Path) -> None:
    before = first()
    data = through_libreoffice(mend(before, {(6, COVERED): "2"}), tmp_path)
    after = send_back(data)
    assert (after.state, counts(after)) == ("partially_accepted", (40, 39, 1))
    assert query("select source_row from ops.mended_row") == [(6,)]


def test_half_mended_is_taken_and_the_rest_comes_back() -> None:
    before = first()
    after = send_back(mend(before, {(6, COVERED): "2", (11, COVERED): "三"}))
    assert (after.state, counts(after)) == ("partially_accepted", (40, 39, 1))
    assert set(rows_of(book_of(after)["Sheet"])) == {"11"}
    last = send_back(mend(after, {(11, COVERED): "1"}), "再改.xlsx")
    assert (last.state, counts(last)) == ("accepted", (40, 40, 0))
    assert raw_rows(last.submission_id)[6] == ("5305240000000005", 2)
    assert raw_rows(last.submission_id)[11] == ("5305240000000010", 1)
    assert find(last.submission_id).version == 3


def test_a_deleted_row_stays_refused_and_is_not_asked_again() -> None:
    before = first(faults=(5, 10, 15))
    after = send_back(mend(before, {(6, COVERED): "2"}, delete=[11]))
    assert counts(after) == (40, 38, 2)
    assert set(rows_of(book_of(after)["Sheet"])) == {"16"}
    kept = query("select source_row from quarantine.row where submission_id = %s order by 1", after.submission_id)
    assert kept == [(11,), (16,)]
    last = send_back(mend(after, {(16, COVERED): "2"}), "再改.xlsx")
    assert (last.state, counts(last)) == ("partially_accepted", (40, 39, 1))
    assert not path_of(last).exists()
    # The older workbook still has the row; it may be mended after all.
    again = send_back(mend(before, {(11, COVERED): "2"}), "还是改了.xlsx")
    assert (again.state, counts(again)) == ("accepted", (40, 40, 0))
    assert find(again.submission_id).parent_submission_id == last.submission_id


def test_of_two_rows_with_one_key_the_wrong_one_is_deleted() -> None:
    rows = good(40)
    rows.append({**rows[0], "monthly_amount_yuan": "500", "total_amount_yuan": "500"})
    before = take(drop(KEY, workbook(rows)))
    assert counts(before) == (41, 39, 2)
    after = send_back(mend(before, {}, delete=[42]))
    assert counts(after) == (41, 40, 1)
    assert raw_rows(after.submission_id)[2][0] == "5305240000000001"


def test_a_mended_row_may_not_take_the_key_of_an_accepted_one() -> None:
    before = first()
    twin = person(1)
    key = {(6, HEADERS[name]): twin[name] for name in ("card_no", "head_id_number", "household_no")}
    data = mend(before, {(6, COVERED): "2", **key})
    after = send_back(data)
    assert counts(after) == (40, 37, 3)
    assert set(rows_of(book_of(after)["Sheet"])) == {"2", "6", "11"}


def test_a_file_refused_for_too_many_errors_is_saved_by_its_workbook() -> None:
    before = take(drop(KEY, workbook(wrong(20, range(1, 9)))))
    assert refused(before) == "F-17"
    assert before.rows_to_mend == 8
    half = send_back(mend(before, {(row, COVERED): "2" for row in range(2, 5)}))
    assert refused(half) == "F-17"
    assert half.rows_to_mend == 5
    whole = send_back(mend(half, {(row, COVERED): "2" for row in range(5, 10)}), "再改.xlsx")
    assert (whole.state, counts(whole)) == ("accepted", (20, 20, 0))
    assert set(raw_rows(whole.submission_id)) == set(range(2, 22))


def test_an_older_workbook_of_the_same_rows_is_merged_onto_the_newest() -> None:
    before = first()
    second = send_back(mend(before, {(6, COVERED): "2"}))
    third = send_back(mend(before, {(11, COVERED): "1"}), "另一半.xlsx")  # row 6 as handed out: it says nothing
    assert (third.state, counts(third)) == ("accepted", (40, 40, 0))
    assert find(third.submission_id).parent_submission_id == second.submission_id
    assert raw_rows(third.submission_id)[6][1] == 2


def test_a_row_mended_twice_says_what_was_sent_last() -> None:
    before = first()
    send_back(mend(before, {(6, COVERED): "2"}))
    third = send_back(mend(before, {(6, COVERED): "1"}), "改错了重改.xlsx")
    assert raw_rows(third.submission_id)[6][1] == 1
    assert counts(third) == (40, 39, 1)


def test_a_workbook_of_a_replaced_file_is_refused_and_says_why() -> None:
    before = first()
    other = take(drop(KEY, workbook(wrong(41))))
    late = send_back(mend(before, {(6, COVERED): "2"}))
    assert refused(late) == "F-21"
    assert states()[other.submission_id] == "partially_accepted"


def test_a_workbook_as_it_was_handed_out_is_refused() -> None:
    before = first()
    assert refused(send_back(path_of(before).read_bytes())) == "F-22"


def _tampered(receipt: Receipt, how: str) -> bytes:
    book = book_of(receipt)
    sheet = book["Sheet"]
    place = OUR_HEADERS.index("行标识") + 1
    sheet.cell(2, column_of(sheet, COVERED)).value = "2"
    text = str(sheet.cell(2, place).value)
    match how:
        case "another row":
            parts = text.split("|")
            sheet.cell(2, place).value = "|".join([*parts[:2], "7", *parts[3:]])
        case "emptied":
            sheet.cell(2, place).value = None
        case "copied":
            sheet.append([cell.value for cell in sheet[2]])
        case "new row":
            sheet.append([None, None, None, None, *(cell.value for cell in sheet[2][4:])])
        case "book":
            book[MARK_SHEET]["A1"] = "0" * 24 + "|" + receipt.submission_id
    return saved(book)


@pytest.mark.parametrize("how", ["another row", "emptied", "copied", "new row", "book"])
def test_a_broken_mark_is_refused_not_guessed(how: str) -> None:
    before = first()
    receipt = send_back(_tampered(before, how))
    assert refused(receipt) == "F-20"
    assert states()[before.submission_id] == "partially_accepted"


def test_marks_are_seen_without_the_hidden_sheet_and_text_files_are_refused() -> None:
    before = first()
    book = openpyxl.load_workbook(io.BytesIO(mend(before, {(6, COVERED): "2"})))
    del book[MARK_SHEET]
    receipt = send_back(saved(book), "低保改好.xlsx")
    assert counts(receipt) == (40, 39, 1)
    rows = [[str(value or "") for value in row] for row in book["Sheet"].iter_rows(values_only=True)]
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    assert refused(send_back(target.getvalue().encode("utf-8-sig"), "低保改好.csv")) == "F-20"


def test_another_department_cannot_send_it_and_learns_nothing() -> None:
    before = first()
    receipt = send_back(mend(before, {(6, COVERED): "2"}), folder=f"inbox/education/{PERIOD}")
    assert refused(receipt) == "F-15"
    assert "dibao" not in receipt.to_json()
    assert "低保" not in receipt.to_json()


def test_a_number_stored_as_a_number_stays_one_until_it_is_mended() -> None:
    rows = good(40)
    rows[4]["head_id_number"] = float(rows[4]["head_id_number"][:17] + "0")
    before = take(drop(KEY, workbook(rows)))
    assert counts(before) == (40, 39, 1)
    untouched = send_back(mend(before, {(6, HEADERS["remark"]): "看过了"}))
    assert counts(untouched) == (40, 39, 1)
    right = send_back(mend(untouched, {(6, HEADERS["head_id_number"]): person(5)["head_id_number"]}), "再改.xlsx")
    assert (right.state, counts(right)) == ("accepted", (40, 40, 0))


def test_several_sheets_come_back_as_several_sheets() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(wrong(20, [5]))))
    book.worksheets[0].title = "田园镇"
    second = book.create_sheet("漭水镇")
    other = openpyxl.load_workbook(io.BytesIO(workbook([{**row, "serial_no": "1"} for row in wrong(60, [25])[20:40]])))
    for row in other.worksheets[0].iter_rows(values_only=True):
        second.append(row)
    before = take(drop(KEY, saved(book)))
    assert counts(before) == (40, 38, 2)
    assert book_of(before).sheetnames[1:3] == sorted(["田园镇", "漭水镇"])
    after = send_back(mend(before, {(6, COVERED): "2"}, sheet_name="田园镇"))
    assert counts(after) == (40, 39, 1)
    assert book_of(after).sheetnames[1] == "漭水镇"


def _two_persons_sheets() -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook(wrong(20, [5]))))
    book.worksheets[0].title = PERSONS[0]
    second = book.create_sheet(PERSONS[1])
    for row in openpyxl.load_workbook(io.BytesIO(workbook(wrong(60, [25])[20:40]))).worksheets[0].values:
        second.append(row)
    return saved(book)


PERSONS = (invented_name(3), invented_name(4))


def test_a_sheet_called_after_a_person_goes_by_its_place_but_for_its_sender() -> None:
    before = take(drop(KEY, _two_persons_sheets()))
    assert counts(before) == (40, 38, 2)
    assert set(query("select source_sheet from ops.row_finding")) == {("工作表1",), ("工作表2",)}
    assert book_of(before).sheetnames[1:3] == list(PERSONS)
    assert any(f"{PERSONS[1]}第6行" in str(row[4]) for row in book_of(before)["退回说明"].values)
    after = send_back(mend(before, {(6, COVERED): "2"}, sheet_name=PERSONS[0]))
    assert counts(after) == (40, 39, 1)
    assert book_of(after).sheetnames[1] == PERSONS[1]


def test_a_return_workbook_handed_out_when_sheets_went_by_their_names_is_still_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("ingestion.read.take_names", lambda *_: {})
        before = take(drop(KEY, _two_persons_sheets()))
    assert set(query("select source_sheet from ops.row_finding")) == {(person_name,) for person_name in PERSONS}
    after = send_back(mend(before, {(6, COVERED): "2"}, sheet_name=PERSONS[1]))
    assert counts(after) == (40, 39, 1)
    assert book_of(after).sheetnames[1] == PERSONS[0]


def test_the_receipt_holds_no_personal_data_and_the_same_workbook_again_changes_nothing() -> None:
    before = first()
    data = mend(before, {(6, COVERED): "2"})
    after = send_back(data)
    again = send_back(data, "又放了一次.xlsx")
    assert again == after
    assert len(states()) == 2
    text = (bucket() / after.folder_key / "receipt.json").read_text(encoding="utf-8")
    assert json.loads(text)["parent_submission_id"] == before.submission_id
    assert person(10)["head_id_number"] not in text
