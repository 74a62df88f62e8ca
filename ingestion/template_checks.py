"""What a template's cells let in: drop-downs, ranges and lengths, each with a Chinese prompt and error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openpyxl.worksheet.datavalidation import DataValidation

from hearth.period import Period
from ingestion import template_words as words
from ingestion.choices import options
from ingestion.contract import Column, Contract, Kind

LAST_ROW = 100_000
_LONGEST = 220
"""Characters a prompt or an error may have."""
_LARGEST = 999_999_999_999
_LENGTHS: Mapping[str, tuple[int, int, str]] = {
    "id_number": (15, 22, "身份证号为18位，残疾人证号为20或22位"),
    "phone_number": (7, 13, "手机号为11位"),
    "bank_account": (8, 25, "银行账号为8至25位数字"),
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the drop-downs take their values from."""

    lists: Mapping[str, str]
    """Code list -> range; the empty name stands for the townships."""
    places_sheet: str | None = None
    """Sheet with township in column A and village in column B, sorted by township."""
    villages: str | None = None
    """The range of the villages, where the template is one township's."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where the columns stand and their rules begin."""

    letters: Mapping[str, str]
    """Column name -> letter."""
    first_row: int
    month: Period
    sources: Sources


def validation(column: Column, contract: Contract, grounds: Grounds) -> DataValidation:
    """The rule of one column; where nothing can be checked beforehand, its prompt alone."""
    rule = _rule(column, grounds) or DataValidation(allow_blank=True, showErrorMessage=False)
    month, letters, first_row = grounds.month, grounds.letters, grounds.first_row
    prompt = f"{words.how(column)}" + (f"；示例：{words.example(column)}" if words.example(column) else "")
    rule.promptTitle = f"{column.title_in(month)}（{words.mark(column, contract)}）"[:32]
    rule.prompt = prompt[:_LONGEST]
    rule.showInputMessage = True
    rule.errorTitle = column.title_in(month)[:32]
    letter = letters[column.name]
    rule.add(f"{letter}{first_row}:{letter}{LAST_ROW}")
    return rule


def _rule(column: Column, grounds: Grounds) -> DataValidation | None:
    rule: DataValidation | None = None
    if column.name in ("township_name", "village_name") and grounds.sources.places_sheet:
        rule = _place(column, grounds)
    elif options(column):
        rule = _choice(column, grounds.sources)
    elif column.kind in (Kind.INT, Kind.DECIMAL, Kind.YEAR):
        rule = _number(column, grounds.month)
    elif column.kind in (Kind.DATE, Kind.TIMESTAMP) and not column.coarser:
        rule = _date(column, grounds.month)
    elif column.kind in (Kind.DATE, Kind.MONTH):
        rule = _length(4 if column.coarser else 6, 11, f"请按“{words.example(column)}”的写法填写")
    elif column.kind is Kind.ID and column.vault_kind is not None and column.vault_kind in _LENGTHS:
        rule = _length(*_LENGTHS[column.vault_kind])
    return rule


def _choice(column: Column, sources: Sources) -> DataValidation:
    is_open = column.kind is Kind.CODE_LIST or column.otherwise is not None
    source = '"是,否"' if column.code_list is None else sources.lists[column.code_list]
    return DataValidation(
        type="list",
        formula1=source,
        allow_blank=True,
        # Several values in one cell, or words of one's own, are no value of the list.
        showErrorMessage=not is_open,
        error=f"“{column.title}”请从下拉选项中选择"[:_LONGEST],
    )


def _place(column: Column, grounds: Grounds) -> DataValidation | None:
    sources, letters = grounds.sources, grounds.letters
    if column.name == "township_name":
        source: str | None = sources.lists.get("")
    elif sources.villages is not None:
        source = sources.villages
    elif "township_name" in letters:
        township, sheet = f"${letters['township_name']}{grounds.first_row}", f"'{sources.places_sheet}'"
        start = f"MATCH({township},{sheet}!$A:$A,0)-1"
        source = f"OFFSET({sheet}!$B$1,{start},0,COUNTIF({sheet}!$A:$A,{township}),1)"
    else:
        source = None
    if source is None:
        return None
    return DataValidation(
        type="list",
        formula1=source,
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="warning",  # old names and short forms are read as well
        error=f"“{column.title}”不在本县区划名录中，请核对；确实无误可以继续",
    )


def _number(column: Column, month: Period) -> DataValidation:
    is_year = column.kind is Kind.YEAR
    low = 1900 if is_year else column.minimum
    high = month.year + 1 if is_year else column.maximum
    first, last = -_LARGEST if low is None else low, _LARGEST if high is None else high
    unit = f"，单位{column.unit}" if column.unit else ""
    ends = f"{first}至{last}" if is_year else words.limits(column)
    what = "数字" if column.kind is Kind.DECIMAL else "整数"
    return DataValidation(
        type="decimal" if column.kind is Kind.DECIMAL else "whole",
        operator="between",
        formula1=f"{first:g}" if abs(first) < _LARGEST else str(first),
        formula2=f"{last:g}" if abs(last) < _LARGEST else str(last),
        allow_blank=True,
        showErrorMessage=True,
        error=f"只填{what}，不带单位和文字{unit}" + (f"；{ends}" if ends else ""),
    )


def _date(column: Column, month: Period) -> DataValidation:
    is_open = column.may_follow_month or "_until_" in column.name
    last = month.shift(120 if is_open else 0).last_day
    return DataValidation(
        type="date",
        operator="between",
        formula1="DATE(1900,1,1)",
        formula2=f"DATE({last.year},{last.month},{last.day})+1",
        allow_blank=True,
        showErrorMessage=True,
        error=f"请填真实日期，如2024-05-08{'' if is_open else '，不晚于报送月份'}",
    )


def _length(low: int, high: int, error: str) -> DataValidation:
    return DataValidation(
        type="textLength",
        operator="between",
        formula1=str(low),
        formula2=str(high),
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="warning",
        error=error,
    )
