"""One parser per column: what the contract says of it, applied to a cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from ingestion.contract import Column, Kind
from ingestion.normalise.booleans import parse_bool
from ingestion.normalise.codes import parse_code, parse_codes, split_list
from ingestion.normalise.context import Context
from ingestion.normalise.dates import DateContext, parse_day, parse_month, parse_year
from ingestion.normalise.ids import parse_account, parse_id, parse_id_number, parse_phone
from ingestion.normalise.mapping import mapped
from ingestion.normalise.moments import parse_moment
from ingestion.normalise.numbers import converted_from, parse_decimal, parse_int, states_percent, to_scale
from ingestion.normalise.problems import CellProblem, Parsed, Remark
from ingestion.normalise.text import (
    as_text,
    is_blank,
    is_plausible_name,
    parse_label,
    parse_name,
    parse_text,
    refuse_damage,
)
from ingestion.normalise.units import unit_of
from ingestion.table import CellValue

Parser = Callable[[CellValue], Parsed]

BLANK = Parsed(None)
_UPGRADED = Remark("R-ALL-01", "info", "15位证件号码已自动升为18位", "请核对后改用18位号码")
_PLACEHOLDER = Remark("R-ALL-04", "warning")
_NO_MOBILE = Remark("R-ALL-08", "warning", "联系电话不是11位手机号", "请核对")
_NO_ACCOUNT = Remark("R-ALL-08", "warning", "账号格式不符，应为8至25位数字", "请核对")
_ODD_NAME = Remark("R-ALL-07", "warning")
_VALUES_OF_THEIR_OWN = frozenset({Kind.BOOL, Kind.CODE, Kind.CODE_LIST})
"""Kinds in which 无 says something (GEN-13)."""


def make_parser(column: Column, context: Context, dates: DateContext, percent: int = 1) -> Parser:
    """The parser of a column's cells: blank to None, header mapping, then the kind's own rules and the range.

    `percent` is 100 for a rate column that is written in fractions. The parser raises CellProblem.
    """
    mapping = context.raw.mappings.get(column.name, {})
    inner = _for_kind(column, context, dates, percent)
    nothing_is_blank = column.kind not in _VALUES_OF_THEIR_OWN
    is_number_text = column.kind in (Kind.ID, Kind.ID_LIST)

    def parse(cell: CellValue) -> Parsed:
        value = mapped(cell, mapping) if mapping else cell
        if is_blank(value, nothing_is_blank=nothing_is_blank) or (is_number_text and as_text(value) == "0"):
            return BLANK
        return inner(value)

    return parse


def _for_kind(  # noqa: PLR0911 - one return per kind
    column: Column, context: Context, dates: DateContext, percent: int
) -> Parser:
    is_text = context.raw.is_text
    match column.kind:
        case Kind.TEXT:
            return _text_parser(column)
        case Kind.ID:
            return _id_parser(column, context)
        case Kind.ID_LIST:
            return lambda cell: Parsed(
                [
                    parse_id_number(part, month_end=context.period.last_day, is_text_file=is_text).value
                    for part in split_list(as_text(cell))
                ]
            )
        case Kind.INT | Kind.DECIMAL:
            return _number_parser(column, context, percent)
        case Kind.BOOL:
            negate = column.name in context.raw.negated
            return lambda cell: Parsed(parse_bool(cell) is not negate)
        case Kind.DATE:
            return lambda cell: Parsed(*parse_day(cell, dates, coarser=column.coarser))
        case Kind.TIMESTAMP:
            return lambda cell: Parsed(parse_moment(cell, dates))
        case Kind.MONTH:
            return lambda cell: Parsed(*parse_month(cell, dates, coarser=column.coarser))
        case Kind.YEAR:
            return lambda cell: Parsed(parse_year(cell, dates))
        case Kind.CODE:
            codes = context.code_list(column)
            return lambda cell: Parsed(parse_code(cell, codes))
        case Kind.CODE_LIST:
            codes = context.code_list(column)
            return lambda cell: Parsed(parse_codes(cell, codes))


def _name(cell: CellValue) -> Parsed:
    name = parse_name(cell)
    return Parsed(name, remarks=() if is_plausible_name(name) else (_ODD_NAME,))


def _text_parser(column: Column) -> Parser:
    if column.vault_kind == "person_name":
        return _name
    if column.name in ("county_name", "township_name", "village_name", "hamlet_name"):
        return lambda cell: Parsed(parse_label(cell))
    if column.key_position is None:
        return lambda cell: Parsed(parse_text(cell))

    def parse_key(cell: CellValue) -> Parsed:
        text = parse_text(cell)
        refuse_damage(text)
        return Parsed(text)

    return parse_key


def _id_parser(column: Column, context: Context) -> Parser:
    is_text, month_end = context.raw.is_text, context.period.last_day
    judged_by_rule = any(rule.rule_id == "R-REG-23" for rule in context.contract.rules)

    def id_number(cell: CellValue) -> Parsed:
        number = parse_id_number(cell, month_end=month_end, is_text_file=is_text)
        remarks = (_UPGRADED,) if number.is_upgraded else (_PLACEHOLDER,) if number.is_placeholder else ()
        return Parsed(number, remarks=remarks)

    def phone(cell: CellValue) -> Parsed:
        text, is_mobile = parse_phone(cell, is_text_file=is_text)
        return Parsed(text, remarks=() if is_mobile or judged_by_rule else (_NO_MOBILE,))

    def account(cell: CellValue) -> Parsed:
        text, is_account = parse_account(cell, is_text_file=is_text)
        return Parsed(text, remarks=() if is_account else (_NO_ACCOUNT,))

    lengths = context.lengths(column)
    match column.vault_kind:
        case "id_number":
            return id_number
        case "phone_number":
            return phone
        case "bank_account":
            return account
        case _:
            return lambda cell: Parsed(parse_id(cell, is_text_file=is_text, lengths=lengths))


def scale_of(column: Column) -> int:
    """Decimals of a DECIMAL column: ``numeric(14, 2)`` -> 2."""
    match = re.search(r"\(\s*\d+\s*,\s*(\d+)\s*\)", column.physical_type)
    return int(match[1]) if match else 2


def _number_parser(column: Column, context: Context, percent: int) -> Parser:
    unit = unit_of(column)
    header_unit = context.raw.header_units.get(column.name)
    title_unit = context.raw.title_units.get(column.name)
    scale = scale_of(column)

    def parse(cell: CellValue) -> Parsed:
        number: Decimal | int
        if column.kind is Kind.INT:
            number = parse_int(cell, unit=unit, header_unit=header_unit, title_unit=title_unit)
        else:
            number = parse_decimal(cell, unit=unit, header_unit=header_unit, title_unit=title_unit, scale=scale + 4)
            times = 1 if percent == 1 or states_percent(cell) else percent
            number = to_scale(number * times, scale)
        check_range(number, column)
        if sent := converted_from(cell, unit, header_unit or title_unit):
            context.converted.setdefault(column.name, {})[sent] = None
        return Parsed(number)

    return parse


def check_range(number: Decimal | int, column: Column) -> None:
    """Raises CellProblem R-ALL-06 for a negative that cannot be, S-07 for any other figure outside the range."""
    low, high = column.minimum, column.maximum
    if low is not None and low >= 0 > number:
        raise CellProblem("R-ALL-06")
    if (low is not None and number < low) or (high is not None and number > high):
        ends = "至".join(f"{end:g}" for end in (low, high) if end is not None)
        words = (
            f"应在{ends}之间"
            if low is not None and high is not None
            else f"应{'不小于' if high is None else '不大于'}{ends}"
        )
        raise CellProblem("S-07", message=f"超出范围，{words}", fix="请核对数值和单位")
