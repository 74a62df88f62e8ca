"""Data rows held by column, for files too large to hold as one object per row; and what both forms can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.table import CellValue, RawRow

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Cells: TypeAlias = pa.StringArray | list[CellValue]
"""The cells of one column: an Arrow array where all are text, else one object each."""


_PORTION = 10_000
"""Rows that become objects at a time."""


def as_cells(cells: Sequence[CellValue]) -> Cells:
    """The cells of a column in the form they are held in."""
    if set(map(type, cells)) <= {str, None.__class__}:
        return pa.array(cells, pa.string())
    return list(cells)


def _at(cells: Cells, position: int) -> CellValue:
    if isinstance(cells, list):
        return cells[position]
    cell: CellValue = cells[position].as_py()
    return cell


def _take(cells: Cells, positions: Positions) -> Cells:
    if isinstance(cells, list):
        return [cells[position] for position in positions.tolist()]
    return cells.take(pa.array(positions))


def _listed(cells: Cells, start: int) -> list[CellValue]:
    part: Any = cells[start : start + _PORTION]
    found: list[CellValue] = part if isinstance(part, list) else part.to_pylist()
    return found


class ColumnRows(Sequence[RawRow]):
    """Data rows of one sheet, by column. A row becomes an object only when it is asked for."""

    def __init__(
        self, sheet: str, numbers: Positions, columns: Mapping[str, Cells], extra: Mapping[str, Cells]
    ) -> None:
        self.sheet = sheet
        self.numbers = numbers
        """1-based row numbers, as the sender's program shows them."""
        self.columns = columns
        self.extra = extra

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, position: int) -> RawRow: ...
    @overload
    def __getitem__(self, position: slice) -> ColumnRows: ...
    def __getitem__(self, position: int | slice) -> RawRow | ColumnRows:
        if isinstance(position, slice):
            return self.take(np.arange(len(self))[position])
        place = range(len(self))[position]
        return RawRow(
            self.sheet,
            int(self.numbers[place]),
            {name: _at(cells, place) for name, cells in self.columns.items()},
            {text: cell for text, cells in self.extra.items() if (cell := _at(cells, place)) is not None},
        )

    def __iter__(self) -> Iterator[RawRow]:
        for start in range(0, len(self), _PORTION):
            columns = [_listed(cells, start) for cells in self.columns.values()]
            extra = [_listed(cells, start) for cells in self.extra.values()]
            for place, number in enumerate(self.numbers[start : start + _PORTION].tolist()):
                cells = {name: column[place] for name, column in zip(self.columns, columns, strict=True)}
                others = zip(self.extra, extra, strict=True)
                unknown = {text: column[place] for text, column in others if column[place] is not None}
                yield RawRow(self.sheet, number, cells, unknown)

    def take(self, positions: Positions) -> ColumnRows:
        """The rows at ``positions``, in that order."""
        return ColumnRows(
            self.sheet,
            self.numbers[positions],
            {name: _take(cells, positions) for name, cells in self.columns.items()},
            {text: _take(cells, positions) for text, cells in self.extra.items()},
        )


def take_rows(rows: Sequence[RawRow], positions: Positions) -> Sequence[RawRow]:
    """The rows at ``positions``, in the form they have."""
    if isinstance(rows, ColumnRows):
        return rows.take(positions)
    return tuple(rows[position] for position in positions.tolist())


def cells_of(rows: Sequence[RawRow], name: str) -> Cells:
    """The cells of one column."""
    if isinstance(rows, ColumnRows):
        return rows.columns[name]
    return as_cells([row.cells.get(name) for row in rows])


def row_numbers(rows: Sequence[RawRow]) -> pa.Array:
    """The numbers of the rows in their sheets."""
    if isinstance(rows, ColumnRows):
        return pa.array(rows.numbers, pa.int32())
    return pa.array([row.row for row in rows], pa.int32())


def row_sheets(rows: Sequence[RawRow]) -> pa.Array:
    """The names of the sheets that the rows stand in."""
    if isinstance(rows, ColumnRows):
        return pa.repeat(pa.scalar(rows.sheet, pa.string()), len(rows))
    return pa.array([row.sheet for row in rows], pa.string())


def address_of(rows: Sequence[RawRow], position: int) -> tuple[str, int]:
    """Sheet and number of the row at ``position``."""
    if isinstance(rows, ColumnRows):
        return rows.sheet, int(rows.numbers[position])
    return rows[position].sheet, rows[position].row


def cell_of(rows: Sequence[RawRow], position: int, name: str) -> CellValue:
    """One cell; None where the file does not have the column."""
    if isinstance(rows, ColumnRows):
        cells = rows.columns.get(name)
        return None if cells is None else _at(cells, position)
    return rows[position].cells.get(name)


def extra_cells(rows: Sequence[RawRow], positions: Sequence[int]) -> Iterator[tuple[str, str, int, CellValue]]:
    """(sheet, header, row number, cell) of unknown columns, where something stands; under one header in row order."""
    if not isinstance(rows, ColumnRows):
        for row in (rows[position] for position in positions):
            for header, cell in row.extra.items():
                yield row.sheet, header, row.row, cell
        return
    places = np.asarray(positions, np.int64)
    for header, cells in rows.extra.items():
        taken = _take(cells, places)
        found = taken if isinstance(taken, list) else taken.to_pylist()
        for number, cell in zip(rows.numbers[places].tolist(), found, strict=True):
            if cell is not None:
                yield rows.sheet, header, number, cell


def flags_at(rows: Sequence[RawRow], addresses: Iterable[tuple[str, int]]) -> Flags:
    """Which rows stand at one of the addresses (sheet, row)."""
    wanted = set(addresses)
    if not wanted:
        return np.zeros(len(rows), np.bool_)
    if isinstance(rows, ColumnRows):
        found: Any = np.isin(rows.numbers, [row for sheet, row in wanted if sheet == rows.sheet])
        return np.asarray(found, np.bool_)
    return np.fromiter(((row.sheet, row.row) in wanted for row in rows), np.bool_, len(rows))


def rows_at(rows: Sequence[RawRow], addresses: Iterable[tuple[str, int]]) -> Iterator[RawRow]:
    """The rows that stand at one of the addresses (sheet, row), in their order."""
    for position in np.flatnonzero(flags_at(rows, addresses)).tolist():
        yield rows[position]


def positions_of(rows: Sequence[RawRow], addresses: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Where the rows of these addresses (sheet, row) stand in the table."""
    wanted = set(addresses)
    places = np.flatnonzero(flags_at(rows, wanted)).tolist()
    return {address_of(rows, place): place for place in places}


def as_flags(array: pa.Array) -> Flags:
    """A boolean Arrow array without nulls as NumPy flags."""
    flags: Flags = array.to_numpy(zero_copy_only=False).astype(np.bool_, copy=False)
    return flags


def combine(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array of one or several pieces."""
    if isinstance(array, pa.ChunkedArray):
        return array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    return array


def group_codes(columns: Sequence[pa.Array]) -> npt.NDArray[np.int64]:
    """One number per row, equal exactly for rows that are equal in all columns; null equals null.

    Columns of lists are not looked at: rows that differ only in them get one number.
    """
    size = len(columns[0]) if columns else 0
    codes = np.zeros(size, np.int64)
    count = 1
    for column in columns:
        if pa.types.is_list(column.type):
            continue
        encoded = column.dictionary_encode()
        width = len(encoded.dictionary) + 1
        own = encoded.indices.fill_null(width - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        if count * width > 2**62:
            _, codes = np.unique(codes, return_inverse=True)
            codes = codes.astype(np.int64)
            count = int(codes.max(initial=0)) + 1
        codes = codes * width + own
        count *= width
    return codes


def repeated(codes: npt.NDArray[np.int64]) -> Flags:
    """Which entries have a number that stands there more than once."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    same = ordered[1:] == ordered[:-1]
    flags = np.zeros(len(codes), np.bool_)
    flags[order[1:][same]] = True
    flags[order[:-1][same]] = True
    return flags
