"""All rows of a file as typed columns (GEN-13 to GEN-30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from hearth.period import Period
from ingestion.contract import Column, Contract, Demand, Kind
from ingestion.normalise.cells import BLANK, make_parser, scale_of
from ingestion.normalise.context import Context, make_context
from ingestion.normalise.dates import DateContext, shows_october
from ingestion.normalise.draft import Draft
from ingestion.normalise.duplicates import find_duplicates
from ingestion.normalise.ids import IdNumber, full_years
from ingestion.normalise.moments import shows_time
from ingestion.normalise.percent import percent_scale
from ingestion.normalise.places import PLACE_COLUMNS, locate
from ingestion.normalise.problems import CellProblem, Parsed
from ingestion.normalise.spread import merge_spread, spread
from ingestion.normalise.text import as_text
from ingestion.table import RawTable, TypedTable

_CERTIFICATE = "disability_certificate_number"
_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.ID: pa.string(),
    Kind.ID_LIST: pa.list_(pa.string()),
    Kind.INT: pa.int64(),
    Kind.BOOL: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.MONTH: pa.string(),
    Kind.YEAR: pa.int64(),
    Kind.CODE: pa.string(),
    Kind.CODE_LIST: pa.list_(pa.string()),
}


def typed_schema(contract: Contract) -> pa.Schema:
    """Columns of TypedTable.data: those of the contract in its order, then the derived ones."""
    columns = [pa.field(column.name, _type_of(column)) for column in contract.columns]
    derived = [
        pa.field("birth_from_id", pa.date32()),
        pa.field("sex_from_id", pa.string()),
        pa.field("age", pa.int64()),
        pa.field("id_link", pa.string()),
    ]
    precisions = [pa.field(f"{column.name}_precision", pa.string()) for column in contract.columns if column.coarser]
    return pa.schema(columns + derived + precisions)


def _type_of(column: Column) -> pa.DataType:
    return pa.decimal128(14, scale_of(column)) if column.kind is Kind.DECIMAL else _TYPES[column.kind]


def type_rows(raw: RawTable, period: Period, county_code: str) -> TypedTable:
    """See ingestion.read.type_table."""
    draft = Draft(make_context(raw, period, county_code))
    for column in raw.contract.columns:
        if column.name in raw.headers:
            _type_column(draft, column)
        else:
            draft.values[column.name] = [None] * len(raw.rows)
    draft.put_aside_texts()
    _fill_defaults(draft)
    spread(draft)
    person = _read_person(draft)
    locate(draft)
    _refuse_blanks(draft)
    merged = merge_spread(draft)
    dropped = merged | find_duplicates(draft, person.placeholders, merged)
    return _table(draft, person.columns, dropped)


def _type_column(draft: Draft, column: Column) -> None:
    context, name = draft.context, column.name
    cells = [row.cells.get(name) for row in context.raw.rows]
    dates = DateContext(
        context.period,
        is_1904=context.raw.is_1904,
        is_deadline="_until_" in name,
        may_follow=column.may_follow_month,
        shows_october=column.kind in (Kind.DATE, Kind.MONTH) and shows_october(cells),
        shows_time=column.kind is Kind.TIMESTAMP and shows_time(cells),
    )
    scale = percent_scale(cells, column)
    parse = make_parser(column, context, dates, scale)
    if scale != 1:
        draft.tell(name, "S-16", "各值都不大于1，已按小数换算为百分数", "以后请直接填0-100")
    known: dict[tuple[type, object], Parsed | CellProblem] = {}
    values: list[Any] = []
    precisions: list[str | None] = []
    for position, cell in enumerate(cells):
        key = (cell.__class__, cell)
        result = known.get(key)
        if result is None:
            try:
                result = parse(cell)
            except CellProblem as problem:
                result = problem
            known[key] = result
        if isinstance(result, CellProblem):
            if column.otherwise is not None and result.rule_id == "S-10":
                draft.set_aside(position, column.otherwise, as_text(cell))
            else:
                draft.refuse(position, column, cell, result)
            result = BLANK
        elif result.remarks:
            draft.remark(position, column, result.remarks)
        values.append(result.value)
        precisions.append(result.precision)
    draft.values[name] = values
    if column.coarser:
        draft.precisions[name] = precisions


def _fill_defaults(draft: Draft) -> None:
    """A missing column or an empty cell takes the contract's default: a value, or another column of the row."""
    context = draft.context
    for column in context.contract.columns:
        if column.default is None:
            continue
        others = _default_values(draft, column, column.default)
        values = draft.values[column.name]
        for position, value in enumerate(values):
            if value is None and (position, column.name) not in draft.faulty:
                values[position] = others[position]
    _blank_is_false(draft, context)


def _default_values(draft: Draft, column: Column, default: str) -> list[Any]:
    context = draft.context
    names = default.split("+")
    if not set(names) <= context.contract.by_name.keys():
        value = make_parser(column, context, DateContext(context.period))(default).value
        return [value] * len(context.raw.rows)
    if len(names) > 1:
        parts = zip(*(draft.values[name] for name in names), strict=True)
        return ["".join(map(str, row)) if None not in row else None for row in parts]
    if column.vault_kind != "id_number" or context.contract.by_name[default].vault_kind == "id_number":
        return draft.values[default]
    # A number that holds the ID number: read as one, and refused where it stands if it holds none.
    parse = make_parser(column, context, DateContext(context.period))
    found: list[Any] = []
    for position, text in enumerate(draft.values[default]):
        try:
            found.append(parse(text).value)
        except CellProblem as problem:
            found.append(None)
            if draft.values[column.name][position] is None and (position, column.name) not in draft.faulty:
                draft.refuse(position, context.contract.by_name[default], text, problem)
    return found


def _blank_is_false(draft: Draft, context: Context) -> None:
    """An empty tick is a no, but only in a column that is there."""
    for column in context.contract.columns:
        if column.blank_is_false and column.name in context.raw.headers:
            draft.values[column.name] = [
                False if value is None and (position, column.name) not in draft.faulty else value
                for position, value in enumerate(draft.values[column.name])
            ]


class _Person:
    """What the ID number of a row's person says of the person."""

    def __init__(self, size: int) -> None:
        self.columns: dict[str, list[Any]] = {
            name: [None] * size for name in ("birth_from_id", "sex_from_id", "age", "id_link")
        }
        self.placeholders: set[tuple[int, str]] = set()
        """(position, column) of ID numbers that stand for nobody in particular."""


def _read_person(draft: Draft) -> _Person:
    """Turn ID numbers into text, and take birth date, sex, age and certificate from the person's."""
    contract, month_end = draft.context.contract, draft.context.period.last_day
    found = _Person(len(draft.context.raw.rows))
    person = contract.person_column
    for column in contract.columns:
        if column.kind is not Kind.ID or column.vault_kind != "id_number":
            continue
        numbers: list[IdNumber | None] = draft.values[column.name]
        for position, number in enumerate(numbers):
            if number is not None and number.is_placeholder:
                found.placeholders.add((position, column.name))
        draft.values[column.name] = [None if number is None else number.value for number in numbers]
        if person is not None and column.name == person.name:
            _describe_person(draft, found, numbers)
    ages = found.columns["age"]
    for position, birth in enumerate(found.columns["birth_from_id"]):
        ages[position] = None if birth is None else full_years(birth, month_end)
    return found


def _describe_person(draft: Draft, found: _Person, numbers: list[IdNumber | None]) -> None:
    links = found.columns["id_link"]
    certificates = draft.values.get(_CERTIFICATE)
    for position, number in enumerate(numbers):
        if number is None:
            links[position] = "missing"
            continue
        links[position] = "placeholder" if number.is_placeholder else "usable"
        found.columns["birth_from_id"][position] = number.birth
        found.columns["sex_from_id"][position] = number.sex
        if certificates is not None and certificates[position] is None and number.certificate is not None:
            certificates[position] = number.certificate


def _refuse_blanks(draft: Draft) -> None:
    """S-11: keys and required values that are empty, one finding per cell that the sender can fill."""
    context = draft.context
    present = context.raw.headers
    for column in context.contract.columns:
        if column.demand not in (Demand.KEY, Demand.VALUE):
            continue
        target = column.name
        if target not in present:
            if column.default is None and (target not in PLACE_COLUMNS or target == "county_name"):
                continue
            if column.default is None:
                target = "region_code" if target != "region_code" else "village_name"
                if target not in present:
                    continue
        for position, value in enumerate(draft.values[column.name]):
            if value is None and (position, column.name) not in draft.faulty and (position, target) not in draft.faulty:
                draft.miss(position, context.contract.by_name[target])


def _table(draft: Draft, derived: Mapping[str, list[Any]], dropped: set[int]) -> TypedTable:
    raw = draft.context.raw
    schema = typed_schema(raw.contract)
    kept = [position for position in range(len(raw.rows)) if position not in dropped]
    sources = {
        **draft.values,
        **derived,
        **{f"{name}_precision": values for name, values in draft.precisions.items()},
    }
    size = len(raw.rows)
    arrays = []
    for entry in schema:
        values = sources.get(entry.name) or [None] * size
        arrays.append(pa.array(values if not dropped else [values[p] for p in kept], type=entry.type))
    addresses = {(raw.rows[position].sheet, raw.rows[position].row) for position in dropped}
    before = tuple(found for found in raw.findings if (found.sheet, found.row) not in addresses)
    if dropped:
        raw = replace(
            raw,
            rows=tuple(raw.rows[position] for position in kept),
            excluded_count=raw.excluded_count + len(dropped),
            findings=before,
        )
    return TypedTable(raw, pa.Table.from_arrays(arrays, schema=schema), before + draft.findings(dropped))
