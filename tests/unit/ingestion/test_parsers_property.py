"""Parsers against anything: what was written comes back; what cannot be read is refused by a rule."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.normalise.booleans import parse_bool
from ingestion.normalise.dates import DateContext, parse_date, parse_month, parse_year
from ingestion.normalise.ids import check_character, parse_account, parse_id, parse_id_number, parse_phone
from ingestion.normalise.moments import parse_moment
from ingestion.normalise.numbers import parse_decimal, parse_int, states_percent
from ingestion.normalise.problems import CellProblem
from ingestion.normalise.regions import index_regions
from ingestion.normalise.text import parse_label, parse_name, parse_text
from ingestion.reference_data import regions
from ingestion.rules import catalogue
from ingestion.table import CellValue
from tests.unit.ingestion.reader_files import PERIOD

DATES = DateContext(PERIOD)
WIDE = str.maketrans("0123456789.-,%", "０１２３４５６７８９．－，％")
ANYTHING: st.SearchStrategy[CellValue] = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="0123456789.-/年月日一二十〇×√是否元万%XE+,:T 　", max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
)
DAYS = st.dates(date(1900, 1, 1), date(2026, 10, 31))


@given(ANYTHING)
def test_nothing_but_a_rule_is_raised(cell: CellValue) -> None:
    parsers = (
        lambda: parse_date(cell, DATES),
        lambda: parse_month(cell, DATES, coarser=True),
        lambda: parse_year(cell, DATES),
        lambda: parse_moment(cell, DATES),
        lambda: parse_decimal(cell, unit="元", header_unit="万元"),
        lambda: parse_int(cell, unit="人"),
        lambda: parse_bool(cell),
        lambda: parse_id(cell, is_text_file=True, lengths=frozenset({12})),
        lambda: parse_id_number(cell, month_end=PERIOD.last_day, is_text_file=False),
        lambda: parse_phone(cell, is_text_file=True),
        lambda: parse_account(cell, is_text_file=True),
        lambda: parse_name(cell),
        lambda: parse_label(cell),
        lambda: parse_text(cell),
        lambda: states_percent(cell),
    )
    for parse in parsers:
        try:
            parse()
        except CellProblem as problem:
            said = problem.rule_id
            if said not in catalogue():
                pytest.fail(f"[{said}] is in no catalogue")


@pytest.mark.parametrize(
    "form",
    [
        "{0:%Y-%m-%d}",
        "{0:%Y/%m/%d}",
        "{0:%Y.%m.%d}",
        "{0:%Y%m%d}",
        "{0.year}年{0.month}月{0.day}日",
        "{0.year}-{0.month}-{0.day}",
    ],
)
@given(day=DAYS, is_wide=st.booleans())
def test_a_day_in_every_spelling_comes_back(form: str, day: date, is_wide: bool) -> None:
    text = form.format(day)
    assert parse_date(text.translate(WIDE) if is_wide else text, DATES) == (day, "day")


@given(DAYS)
def test_a_day_in_chinese_numerals_comes_back(day: date) -> None:
    digits = "〇一二三四五六七八九"
    tens = ["", "十", "二十", "三十"]
    year = "".join(digits[int(n)] for n in str(day.year))
    month, number = (tens[n // 10] + (digits[n % 10] if n % 10 else "") for n in (day.month, day.day))
    assert parse_date(f"{year}年{month}月{number}日", DATES) == (day, "day")


@given(st.dates(date(1954, 10, 4), date(2026, 10, 31)))
def test_serial_numbers_are_days(day: date) -> None:
    assert parse_date((day - date(1899, 12, 30)).days, DATES) == (day, "day")


@given(st.integers(2000, 2025), st.integers(1, 12))
def test_a_month_comes_back_or_is_sent_back(year: int, month: int) -> None:
    expected = f"{year}-{month:02d}"
    for text in (
        f"{year}-{month:02d}",
        f"{year}年{month}月",
        f"{year}/{month}",
        f"{year}{month:02d}",
        f"{year}.{month:02d}",
    ):
        assert parse_month(text, DATES, coarser=False) == (expected, "month")
    lost = f"{year}.{month}"
    if month == 1:
        with pytest.raises(CellProblem, match="S-06"):
            parse_month(lost, DATES, coarser=False)
    else:
        assert parse_month(lost, DATES, coarser=False)[0] == expected


@given(st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2026-10-31")))
def test_a_moment_comes_back_to_the_second(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒"):
        assert parse_moment(whole.strftime(form), DATES) == whole


@given(st.decimals(-(10**11), 10**11, places=2), st.booleans(), st.booleans())
def test_a_figure_comes_back(number: Decimal, is_grouped: bool, is_wide: bool) -> None:
    text = f"{number:,.2f}" if is_grouped else f"{number:.2f}"
    assert parse_decimal(text.translate(WIDE) if is_wide else text) == number


@given(st.decimals(0, 10**6, places=2))
def test_ten_thousands_are_yuan(number: Decimal) -> None:
    assert parse_decimal(f"{number}万元", unit="元") == number * 10_000
    assert parse_decimal(str(number), unit="元", title_unit="万元") == number * 10_000


@given(st.decimals(0, 100, places=2))
def test_a_percent_sign_is_read_and_kept_in_mind(number: Decimal) -> None:
    assert parse_decimal(f"{number}%", unit="%") == number
    assert states_percent(f"{number}％")


@given(DAYS, st.integers(0, 999), st.integers(0, 2))
def test_an_id_number_comes_back_however_it_is_spelt(birth: date, order: int, spelling: int) -> None:
    first17 = f"520099{birth:%Y%m%d}{order:03d}"
    number = first17 + check_character(first17)
    text = (number.lower(), number.translate(WIDE), f"{number[:6]} {number[6:14]}-{number[14:]}")[spelling]
    if (PERIOD.last_day.year - birth.year) > 119:
        return
    found = parse_id_number(text, month_end=PERIOD.last_day, is_text_file=False)
    assert (found.value, found.birth, found.sex) == (number, birth, "1" if order % 2 else "2")


@given(st.integers(0, 16), st.integers(1, 9), DAYS)
def test_one_wrong_digit_is_always_seen(place: int, change: int, birth: date) -> None:
    first17 = f"520099{birth:%Y%m%d}123"
    number = first17 + check_character(first17)
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
    with pytest.raises(CellProblem, match=r"R-ALL-0[23]"):
        parse_id_number(wrong, month_end=PERIOD.last_day, is_text_file=True)


@given(st.integers(10**14, 10**18))
def test_a_long_number_stored_as_a_figure_is_refused(number: int) -> None:
    with pytest.raises(CellProblem, match="S-05"):
        parse_id_number(float(number), month_end=PERIOD.last_day, is_text_file=False)


def test_every_village_is_found_by_its_names_within_its_township() -> None:
    rows = [row for row in regions() if row.valid_to is None]
    index = index_regions(rows)
    names = {row.region_code: row.name for row in rows}
    villages = [row for row in rows if row.level_code == "village"]
    found = [index.find(row.parent_code or "", names[row.region_code], "village") for row in villages]
    assert sum(code == row.region_code for code, row in zip(found, villages, strict=True)) > 0.95 * len(villages)
    assert all(code in (None, row.region_code) for code, row in zip(found, villages, strict=True))


@given(st.text(max_size=12))
def test_no_text_is_a_village_by_chance(text: str) -> None:
    rows = [row for row in regions() if row.valid_to is None]
    index = index_regions(rows[:300])
    found = index.find(rows[0].parent_code or "", text, "village")
    assert found is None or found in {row.region_code for row in rows}
