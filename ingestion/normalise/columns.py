"""One column of cells as typed values: each distinct cell is read once, canonical ones all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.columns import Cells
from ingestion.normalise.canonical import Canonical, IdParts, Reader
from ingestion.normalise.cells import BLANK, Parser
from ingestion.normalise.ids import IdNumber
from ingestion.normalise.problems import CellProblem, Parsed, Remark
from ingestion.table import CellValue

_PROBE = 2_000
_FEW = 0.1
"""A column whose first cells hold a smaller share of different ones is read by distinct cells alone."""
_PART_TYPES = {
    "birth": pa.date32(),
    "sex": pa.string(),
    "certificate": pa.string(),
    "is_placeholder": pa.bool_(),
    "is_upgraded": pa.bool_(),
}


@dataclass(slots=True)
class Distinct:
    """The different cells of a column that need reading, and which row has which. Nulls are -1."""

    codes: npt.NDArray[np.int64]
    cells: list[CellValue]
    canonical: Canonical | None = None


@dataclass(slots=True)
class ReadColumn:
    """A typed column with what was found on the way, by position."""

    values: pa.Array
    precisions: pa.Array | None = None
    parts: IdParts | None = None
    problems: list[tuple[int, CellValue, CellProblem]] = field(default_factory=list)
    remarks: list[tuple[int, tuple[Remark, ...]]] = field(default_factory=list)


def distinct(cells: Cells, reader: Reader | None = None) -> Distinct:
    """Number the different cells; those that ``reader`` takes stand apart."""
    if isinstance(cells, list):
        return _distinct_objects(cells)
    if reader is None or _repeats(cells):
        return Distinct(*_encoded(cells))
    canonical = reader(cells)
    if canonical.flags.all():
        return Distinct(np.full(len(cells), -1, np.int64), [], canonical)
    rest = np.flatnonzero(~canonical.flags)
    codes = np.full(len(cells), -1, np.int64)
    codes[rest], found = _encoded(cells.take(pa.array(rest)))
    return Distinct(codes, found, canonical)


def _repeats(cells: pa.StringArray) -> bool:
    """True if reading each distinct cell once is little work."""
    if len(cells) < _PROBE:
        return True
    probe = cells.slice(0, _PROBE)
    return len(probe.unique()) < _PROBE * _FEW


def _encoded(cells: pa.StringArray) -> tuple[npt.NDArray[np.int64], list[CellValue]]:
    encoded = cells.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()


def _distinct_objects(cells: Sequence[CellValue]) -> Distinct:
    """1, 1.0, True and a date are told apart by their class: equal is not the same."""
    known: dict[tuple[type, object], int] = {(None.__class__, None): -1}
    codes = np.empty(len(cells), np.int64)
    found: list[CellValue] = []
    for position, cell in enumerate(cells):
        key = (cell.__class__, cell)
        code = known.get(key)
        if code is None:
            code = known[key] = len(found)
            found.append(cell)
        codes[position] = code
    return Distinct(codes, found)


def read_column(held: Distinct, parse: Parser, kind: pa.DataType, *, with_precision: bool = False) -> ReadColumn:
    """Apply the parser of a column to its distinct cells and spread the outcome over the rows.

    ID numbers become their text, with what they say of the person beside it.
    """
    results = [_read(parse, cell) for cell in (*held.cells, None)]
    codes = np.where(held.codes < 0, len(results) - 1, held.codes)
    fast = held.canonical
    if fast is not None:
        count = len(fast.values)
        codes += count
        codes[fast.flags] = np.arange(count)
    places = pa.array(codes)
    parsed = [BLANK if isinstance(result, CellProblem) else result for result in results]
    numbers = [result.value for result in parsed]
    is_id = fast is not None and fast.parts is not None
    if is_id or any(isinstance(number, IdNumber) for number in numbers):
        texts = [number.value if isinstance(number, IdNumber) else None for number in numbers]
        column = ReadColumn(_gather(fast and fast.values, texts, kind, places), parts=_parts(fast, numbers, places))
    else:
        column = ReadColumn(_gather(fast and fast.values, numbers, kind, places))
    if with_precision:
        untold = None if fast is None else nulls(len(fast.values), pa.string())
        column.precisions = _gather(untold, [result.precision for result in parsed], pa.string(), places)
    _tell(column, held, results)
    return column


def _read(parse: Parser, cell: CellValue) -> Parsed | CellProblem:
    try:
        return parse(cell)
    except CellProblem as problem:
        return problem


def _gather(fast: pa.Array | None, slow: list[Any], kind: pa.DataType, places: pa.Array) -> pa.Array:
    values = pa.array(slow, kind)
    return (values if fast is None or len(fast) == 0 else pa.concat_arrays([fast, values])).take(places)


def _parts(fast: Canonical | None, numbers: Sequence[object], places: pa.Array) -> IdParts:
    taken = fast.parts if fast is not None else None

    def part(name: str) -> pa.Array:
        blank = False if _PART_TYPES[name] == pa.bool_() else None
        slow = [getattr(number, name) if isinstance(number, IdNumber) else blank for number in numbers]
        return _gather(None if taken is None else getattr(taken, name), slow, _PART_TYPES[name], places)

    return IdParts(*map(part, _PART_TYPES))


def _tell(column: ReadColumn, held: Distinct, results: Sequence[Parsed | CellProblem]) -> None:
    """Note the rows whose cell has a problem or a remark, in row order."""
    speaking = [code for code, result in enumerate(results) if isinstance(result, CellProblem) or result.remarks]
    for position, code in _rows_of(held, speaking, len(results) - 1):
        result = results[code]
        if isinstance(result, CellProblem):
            column.problems.append((position, held.cells[code] if code < len(held.cells) else None, result))
        else:
            column.remarks.append((position, result.remarks))


def _rows_of(held: Distinct, codes: Sequence[int], null_code: int) -> Iterator[tuple[int, int]]:
    if not codes:
        return
    wanted = np.zeros(null_code + 1, np.bool_)
    wanted[list(codes)] = True
    own = np.where(held.codes < 0, null_code, held.codes)
    flags = wanted[own]
    if held.canonical is not None:
        flags &= ~held.canonical.flags
    positions = np.flatnonzero(flags)
    yield from zip(positions.tolist(), own[positions].tolist(), strict=True)


def nulls(size: int, kind: pa.DataType) -> pa.Array:
    """A column in which nothing stands."""
    return pa.nulls(size, kind)


def no_parts(size: int) -> IdParts:
    """What no ID numbers say."""
    return IdParts(
        nulls(size, pa.date32()),
        nulls(size, pa.string()),
        nulls(size, pa.string()),
        pa.repeat(pa.scalar(False), size),
        pa.repeat(pa.scalar(False), size),
    )
