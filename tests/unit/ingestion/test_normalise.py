"""Parsers of single cells: tables of examples, and properties that hold for all values."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.period import Period
from ingestion.normalise.dates import DateContext, parse_date, parse_day, parse_month, parse_year, shows_october
from ingestion.normalise.ids import (
    check_character,
    full_years,
    parse_account,
    parse_id,
    parse_id_number,
    parse_phone,
)
from ingestion.normalise.numbers import parse_decimal, parse_int
from ingestion.normalise.problems import CellProblem
from ingestion.table import CellValue

PERIOD = Period(2026, 10)
MONTH_END = PERIOD.last_day
DATES = DateContext(PERIOD)
COMPUTE = settings(max_examples=120, deadline=None)


def fails(rule_id: str) -> AbstractContextManager[object]:
    """The block raises this problem."""
    return pytest.raises(CellProblem, match=f"^{rule_id}$")


def number_18(birth: date, order: int, prefix: str = "530599") -> str:
    first17 = f"{prefix}{birth:%Y%m%d}{order:03d}"
    return first17 + check_character(first17)


numbers_18 = st.builds(number_18, st.dates(date(1910, 1, 1), MONTH_END), st.integers(0, 999))


# --- ID numbers (GEN-15 to GEN-17) ---


@COMPUTE
@given(st.dates(date(1910, 1, 1), MONTH_END), st.integers(0, 999))
def test_id_number_round_trip(birth: date, order: int) -> None:
    number = parse_id_number(number_18(birth, order), month_end=MONTH_END, is_text_file=False)
    assert number.value == number_18(birth, order)
    assert number.birth == birth
    assert number.sex == ("1" if order % 2 else "2")


@COMPUTE
@given(numbers_18, st.integers(0, 17), st.integers(1, 9))
def test_any_single_wrong_character_of_an_id_number_is_caught(number: str, place: int, step: int) -> None:
    old = 10 if number[place] == "X" else int(number[place])
    wrong = number[:place] + str((old + step) % 10) + number[place + 1 :]
    if wrong == number or wrong.startswith("999999"):
        return
    with pytest.raises(CellProblem, match=r"^R-ALL-0[23]$"):
        parse_id_number(wrong, month_end=MONTH_END, is_text_file=False)


@COMPUTE
@given(st.dates(date(1910, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_fifteen_characters_are_raised_to_eighteen(birth: date, order: int) -> None:
    old = f"530599{birth:%y%m%d}{order:03d}"
    number = parse_id_number(old, month_end=MONTH_END, is_text_file=False)
    assert number.value == number_18(birth, order)
    assert number.is_upgraded


@pytest.mark.parametrize(
    ("cell", "rule_id"),
    [
        ("53059919800625024", "R-ALL-01"),
        ("5305991980062502477", "R-ALL-01"),
        ("53059919800625O247", "R-ALL-01"),
        ("٥30599198006250247", "R-ALL-01"),
        (number_18(date(2026, 11, 1), 7), "R-ALL-03"),
        (number_18(date(1899, 1, 1), 7), "R-ALL-03"),
        ("53059919801306024" + check_character("53059919801306024"), "R-ALL-03"),
        (5.30599198006250e17, "S-05"),
        (530599198006250247, "S-05"),
        (True, "S-05"),
        ("5.2E+17", "S-05"),
    ],
)
def test_bad_id_numbers(cell: CellValue, rule_id: str) -> None:
    with fails(rule_id):
        parse_id_number(cell, month_end=MONTH_END, is_text_file=False)


def test_id_number_spelling() -> None:
    plain = number_18(date(1980, 6, 25), 24)
    assert plain.endswith("X") or plain[-1].isdigit()
    wide = "".join(chr(ord(character) + 0xFEE0) for character in plain.lower())
    for text in (f"'{plain}", f" {plain}\t", f"{plain[:6]}-{plain[6:14]} {plain[14:]}", wide, f'="{plain}"'):
        assert parse_id_number(text, month_end=MONTH_END, is_text_file=False).value == plain


@pytest.mark.parametrize("tail", ["43", "43B1"])
def test_disability_certificate_contains_the_id_number(tail: str) -> None:
    plain = number_18(date(1980, 6, 25), 24)
    number = parse_id_number(plain + tail, month_end=MONTH_END, is_text_file=False)
    assert (number.value, number.certificate) == (plain, plain + tail)
    with fails("R-ALL-01"):
        parse_id_number(plain + "85", month_end=MONTH_END, is_text_file=False)


@pytest.mark.parametrize("text", ["999999201001010011", "000000000000000000", "123456789012345678", "111111"])
def test_placeholders_are_kept_and_marked(text: str) -> None:
    assert parse_id_number(text, month_end=MONTH_END, is_text_file=False).is_placeholder


def test_long_numbers_that_a_text_file_shows_with_zeros_are_lost() -> None:
    with fails("S-05"):
        parse_id("5305240000012000", is_text_file=True)
    assert parse_id("5305240000012000", is_text_file=False) == "5305240000012000"


def test_numeric_cells_of_id_columns() -> None:
    assert parse_id(530524101204.0, is_text_file=False, lengths=frozenset({12})) == "530524101204"
    with fails("S-05"):
        parse_id(612345678, is_text_file=False, lengths=frozenset({10, 13}))
    assert parse_phone(13800000001.0, is_text_file=False) == ("13800000001", True)
    assert parse_phone("13800000001.0", is_text_file=True) == ("13800000001", True)
    assert parse_phone("0875-7123456", is_text_file=True) == ("08757123456", False)
    assert parse_account("6200 0000 0000 0000 000", is_text_file=False) == ("6200000000000000000", True)
    with fails("S-05"):
        parse_account(6200000000000000000, is_text_file=False)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2010, 10, 31), date(2026, 10, 31), 16),
        (date(2010, 11, 1), date(2026, 10, 31), 15),
        (date(2020, 2, 29), date(2026, 2, 28), 5),
    ],
)
def test_full_years(birth: date, day: date, age: int) -> None:
    assert full_years(birth, day) == age


# --- Numbers (GEN-22 to GEN-25) ---


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("856", "856.00"),
        ("1,234.5", "1234.50"),
        ("１２３．４", "123.40"),
        ("-3.456", "-3.46"),
        ("￥ 20", "20.00"),
        ("3.5万元", "35000.00"),
        ("120元", "120.00"),
        (855.9999999999999, "856.00"),
        (3, "3.00"),
        (1e-7, "0.00"),
    ],
)
def test_decimals(cell: CellValue, value: str) -> None:
    assert str(parse_decimal(cell, unit="元")) == value


@pytest.mark.parametrize(
    "cell",
    ["7O", "七十", "1.2.3", "3-5", "1,23", "1,5", "3.", ".5", "1e3", "12户", "约100", "--3", True, date(2020, 1, 1)],
)
def test_what_is_no_number_is_never_read_in_part(cell: CellValue) -> None:
    with fails("S-07"):
        parse_decimal(cell, unit="元")


@COMPUTE
@given(st.text(alphabet="0123456789.,-+eEO万元% 一㎡", min_size=1, max_size=10))
def test_a_number_is_read_whole_or_not_at_all(text: str) -> None:
    try:
        value = parse_decimal(text, unit="元", scale=9)
    except CellProblem:
        return
    plain = text.replace(" ", "").replace(",", "")
    factor = 10_000 if plain.endswith("万元") else 1
    assert value == Decimal(plain.removesuffix("元").removesuffix("万")) * factor


@COMPUTE
@given(st.decimals(0, 99_999, places=4))
def test_ten_thousands_by_header_title_and_cell(amount: Decimal) -> None:
    expected = parse_decimal(str(amount * 10_000), unit="元")
    assert parse_decimal(str(amount), unit="元", header_unit="万元") == expected
    assert parse_decimal(str(amount), unit="元", title_unit="万元") == expected
    assert parse_decimal(f"{amount}万元", unit="元") == expected
    assert parse_decimal(float(amount), unit="元", header_unit="万元") == expected


def test_unit_of_cell_header_and_title() -> None:
    assert parse_decimal("3000元", unit="元", title_unit="万元") == 3000
    assert parse_decimal("3万元", unit="元", header_unit="万元") == 30_000
    with fails("S-07"):
        parse_decimal("3000元", unit="元", header_unit="万元")
    assert parse_int("2小时", unit="min") == 120
    assert parse_int("1.2", unit="人", header_unit="万人") == 12_000
    assert parse_decimal("95%", unit="%") == 95


@pytest.mark.parametrize(("cell", "value"), [("3", 3), (3.0, 3), ("3.0", 3), ("4人", 4), ("-1", -1)])
def test_whole_numbers(cell: CellValue, value: int) -> None:
    assert parse_int(cell, unit="人") == value


@pytest.mark.parametrize("cell", [3.5, "3.5", "三", "3 户"])
def test_no_whole_numbers(cell: CellValue) -> None:
    with fails("S-07"):
        parse_int(cell, unit="人")


# --- Dates (GEN-19, GEN-20) ---


@pytest.mark.parametrize(
    ("cell", "day", "precision"),
    [
        ("2019-03-08", date(2019, 3, 8), "day"),
        ("2019/3/8", date(2019, 3, 8), "day"),
        ("2019.3.8", date(2019, 3, 8), "day"),
        ("2019年3月8日", date(2019, 3, 8), "day"),
        ("２０１９年３月８日", date(2019, 3, 8), "day"),
        ("2019-03-08 00:00:00", date(2019, 3, 8), "day"),
        ("20190308", date(2019, 3, 8), "day"),
        (20190308.0, date(2019, 3, 8), "day"),
        (43532, date(2019, 3, 8), "day"),
        (43532.75, date(2019, 3, 8), "day"),
        (datetime(2019, 3, 8, 9, 30), date(2019, 3, 8), "day"),  # noqa: DTZ001 - cells have no zone
        ("2019.3", date(2019, 3, 1), "month"),
        ("2019-03", date(2019, 3, 1), "month"),
        ("2019-10", date(2019, 10, 1), "month"),
        ("2019.10", date(2019, 10, 1), "month"),
        ("201903", date(2019, 3, 1), "month"),
        (201903, date(2019, 3, 1), "month"),
        (2019.03, date(2019, 3, 1), "month"),
        (2019.11, date(2019, 11, 1), "month"),
        ("2019年3月", date(2019, 3, 1), "month"),
        ("二〇一九年三月", date(2019, 3, 1), "month"),
        ("二零一九年十二月三十一日", date(2019, 12, 31), "day"),
        ("二〇一九年十月二十日", date(2019, 10, 20), "day"),
        ("2019", date(2019, 1, 1), "year"),
        (2019, date(2019, 1, 1), "year"),
        ("2019年度", date(2019, 1, 1), "year"),
    ],
)
def test_dates(cell: CellValue, day: date, precision: str) -> None:
    assert parse_date(cell, DATES) == (day, precision)


@pytest.mark.parametrize(
    "cell",
    ["19.3.8", "2019-13-01", "2019-02-30", "2019-3/8", "3/8/2019", "1899-12-31", "去年", "43532", 70000, True,
     "2027-01-01", "2019.1", 2019.1, "2025.1", "2019-03-08以后"],
)  # fmt: skip
def test_no_dates(cell: CellValue) -> None:
    with fails("S-06"):
        parse_date(cell, DATES)


def test_after_the_month_end() -> None:
    assert parse_date("2026-10-31", DATES)[0] == date(2026, 10, 31)
    with fails("R-ALL-05"):
        parse_date("2026-11-01", DATES)
    assert parse_date("2027-08-31", DateContext(PERIOD, is_deadline=True))[0] == date(2027, 8, 31)


def test_january_or_october() -> None:
    assert parse_date("2026.1", DateContext(Period(2026, 5)))[0] == date(2026, 1, 1)
    october = DateContext(PERIOD, shows_october=shows_october(["2018.10", "2019.1", None, 3.0]))
    assert parse_date("2019.1", october)[0] == date(2019, 1, 1)
    assert not shows_october(["2019.1", 2019.1, "2019-10"])


@COMPUTE
@given(st.dates(date(1905, 1, 1), MONTH_END))
def test_all_spellings_of_a_day_agree(day: date) -> None:
    spellings_of_day: list[CellValue] = [
        day,
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        int(f"{day:%Y%m%d}"),
    ]
    assert {parse_date(cell, DATES) for cell in spellings_of_day} == {(day, "day")}
    serial = (day - date(1899, 12, 30)).days
    if serial >= 20_000:
        assert parse_date(float(serial), DATES) == (day, "day")
        later = DateContext(PERIOD, is_1904=True)
        if serial - 1462 >= 20_000:
            assert parse_date(serial - 1462, later) == (day, "day")


@COMPUTE
@given(st.text(alphabet="0123456789-/.年月日 ", max_size=12))
def test_dates_never_crash_and_never_leave_the_century(text: str) -> None:
    try:
        day, _ = parse_date(text, DATES)
    except CellProblem:
        return
    assert date(1900, 1, 1) <= day <= MONTH_END + timedelta(0)


def test_months_days_and_years() -> None:
    assert parse_month("2019年3月8日", DATES, coarser=False) == ("2019-03", "month")
    assert parse_month("2019", DATES, coarser=True) == ("2019-01", "year")
    assert parse_day("2019.3", DATES, coarser=True) == (date(2019, 3, 1), "month")
    assert parse_year("2027年度", DATES) == 2027
    assert parse_year(date(2019, 3, 8), DATES) == 2019
    with fails("S-06"):
        parse_month("2019", DATES, coarser=False)
    with fails("S-06"):
        parse_day("2019.3", DATES, coarser=False)
    with fails("S-06"):
        parse_year(2028, DATES)
