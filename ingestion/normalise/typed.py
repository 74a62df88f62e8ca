"""All rows of a file as typed columns (GEN-13 to GEN-30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearth.period import Period
from ingestion.columns import Flags, address_of, cells_of, take_rows
from ingestion.contract import Column, Contract, Demand, Kind
from ingestion.normalise.canonical import IdParts, canonical_reader
from ingestion.normalise.cells import make_parser, scale_of
from ingestion.normalise.columns import Distinct, distinct, no_parts, nulls, read_column
from ingestion.normalise.context import make_context
from ingestion.normalise.dates import DateContext, EitherMonth, shows_october
from ingestion.normalise.draft import Draft, chosen
from ingestion.normalise.duplicates import find_duplicates
from ingestion.normalise.either_month import settle_months
from ingestion.normalise.ids import full_years
from ingestion.normalise.moments import shows_time
from ingestion.normalise.percent import percent_scale
from ingestion.normalise.places import PLACE_COLUMNS, locate
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
            draft.values[column.name] = nulls(draft.size, _type_of(column))
    draft.put_aside_texts()
    _fill_defaults(draft)
    spread(draft)
    person = _read_person(draft)
    locate(draft)
    settle_months(draft, person)
    _refuse_blanks(draft)
    merged = merge_spread(draft)
    dropped = merged | find_duplicates(draft, merged)
    return _table(draft, person, dropped)


def _type_column(draft: Draft, column: Column) -> None:
    context, name = draft.context, column.name
    cells = cells_of(context.raw.rows, name)
    scaled = column.percent_floor is not None
    held = distinct(cells, None if scaled else canonical_reader(column, context))
    dates = DateContext(
        context.period,
        is_1904=context.raw.is_1904,
        is_deadline="_until_" in name,
        may_follow=column.may_follow_month,
        shows_october=column.kind in (Kind.DATE, Kind.MONTH) and shows_october(held.cells),
        shows_time=column.kind is Kind.TIMESTAMP and shows_time(held.cells),
    )
    scale = percent_scale(held.cells, column) if scaled else 1
    if scale != 1:
        draft.tell(name, "S-16", "各值都不大于1，已按小数换算为百分数", "以后请直接填0-100")
    parse = make_parser(column, context, dates, scale)
    read = read_column(held, parse, _type_of(column), with_precision=column.coarser)
    if sent := context.converted.get(name):
        draft.tell(
            name, "S-08", f"已由{'、'.join(sent)}换算为{column.unit or '模板的单位'}", "请核对换算；无误的无需处理"
        )
    for position, cell, problem in read.problems:
        if column.otherwise is not None and problem.rule_id == "S-10":
            draft.set_aside(position, column.otherwise, as_text(cell))
        elif isinstance(problem, EitherMonth):
            draft.doubt(position, column, cell, problem)
        else:
            draft.refuse(position, column, cell, problem)
    for position, remarks in read.remarks:
        draft.remark(position, column, remarks)
    draft.values[name] = read.values
    if read.parts is not None:
        draft.parts[name] = read.parts
    if read.precisions is not None:
        draft.precisions[name] = read.precisions


def _fill_defaults(draft: Draft) -> None:
    """A missing column or an empty cell takes the contract's default: a value, or another column of the row."""
    context = draft.context
    for column in context.contract.columns:
        if column.default is not None:
            _fill_default(draft, column, column.default)
    for column in context.contract.columns:
        if column.blank_is_false and column.name in context.raw.headers:
            # An empty tick is a no, but only in a column that is there.
            flags = draft.empty(column.name)
            draft.fill(column.name, flags, pa.scalar(False))


def _fill_default(draft: Draft, column: Column, default: str) -> None:
    context, name = draft.context, column.name
    names = default.split("+")
    kind = _type_of(column)
    parse = make_parser(column, context, DateContext(context.period))
    if not set(names) <= context.contract.by_name.keys():
        held = Distinct(np.zeros(draft.size, np.int64), [default])
    elif len(names) > 1:
        parts = zip(*(draft.values[part].to_pylist() for part in names), strict=True)
        texts = ["".join(map(str, row)) if None not in row else None for row in parts]
        draft.fill(name, draft.empty(name), pa.array(texts, kind))
        return
    elif column.vault_kind != "id_number" or context.contract.by_name[default].vault_kind == "id_number":
        _take_over(draft, name, draft.empty(name), draft.values[default].cast(kind), draft.parts.get(default))
        return
    else:
        # A number that holds the ID number: read as one, and refused where it stands if it holds none.
        held = distinct(draft.values[default])
    read = read_column(held, parse, kind)
    flags = draft.empty(name)
    for position, cell, problem in read.problems:
        if flags[position]:
            draft.refuse(position, context.contract.by_name[default], cell, problem)
    _take_over(draft, name, flags, read.values, read.parts)


def _take_over(draft: Draft, name: str, flags: Flags, values: pa.Array, parts: IdParts | None) -> None:
    """Fill in values, ID numbers with what they say."""
    draft.fill(name, flags, values)
    if parts is None:
        return
    own = draft.parts.get(name) or no_parts(draft.size)
    mask = pa.array(flags)
    draft.parts[name] = IdParts(
        *(
            pc.if_else(mask, getattr(parts, part), getattr(own, part))
            for part in ("birth", "sex", "certificate", "is_placeholder", "is_upgraded")
        )
    )


def _read_person(draft: Draft) -> dict[str, pa.Array]:
    """Birth date, sex, age and whether it can link, of the ID number of a row's person; fills in its certificate."""
    person = draft.context.contract.person_column
    blank = no_parts(draft.size)
    if person is None or person.vault_kind != "id_number" or person.kind is not Kind.ID:
        links, parts = nulls(draft.size, pa.string()), blank
    else:
        parts = draft.parts.get(person.name) or blank
        raised = pc.if_else(parts.is_upgraded, "raised", "usable")
        usable = pc.if_else(parts.is_placeholder, "placeholder", raised)
        links = pc.if_else(draft.values[person.name].is_null(), "missing", usable)
        if _CERTIFICATE in draft.values:
            certificates = draft.values[_CERTIFICATE]
            draft.values[_CERTIFICATE] = pc.coalesce(certificates, parts.certificate)
    ages = _ages(parts.birth, draft.context.period.last_day)
    return {"birth_from_id": parts.birth, "sex_from_id": parts.sex, "age": ages, "id_link": links}


def _ages(births: pa.Array, day: date) -> pa.Array:
    """Full years on ``day``."""
    held = births.dictionary_encode()
    years = [None if birth is None else full_years(birth, day) for birth in held.dictionary.to_pylist()]
    return pa.array(years, pa.int64()).take(held.indices)


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
        for position in chosen(draft.empty(column.name) & ~draft.closed(target)):
            draft.miss(position, context.contract.by_name[target])


def _table(draft: Draft, derived: Mapping[str, pa.Array], dropped: Flags) -> TypedTable:
    raw = draft.context.raw
    schema = typed_schema(raw.contract)
    sources = {
        **draft.values,
        **derived,
        **{f"{name}_precision": values for name, values in draft.precisions.items()},
    }
    arrays = [sources[entry.name] if entry.name in sources else nulls(draft.size, entry.type) for entry in schema]
    data = pa.Table.from_arrays(arrays, schema=schema)
    before = raw.findings
    if dropped.any():
        kept = np.flatnonzero(~dropped)
        addresses = {address_of(raw.rows, position) for position in chosen(dropped)}
        before = tuple(found for found in raw.findings if (found.sheet, found.row) not in addresses)
        data = data.take(pa.array(kept))
        raw = replace(
            raw,
            rows=take_rows(raw.rows, kept),
            excluded_count=raw.excluded_count + len(addresses),
            findings=before,
        )
    return TypedTable(raw, data, before + draft.findings(dropped))
