"""The rows of a large text file, held by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import pyarrow as pa

from ingestion.columns import Positions
from ingestion.table import CellValue


class TextRows(Sequence[list[CellValue]]):
    """The rows of a text file by column. Rows of an unusual width stand apart; any row can be asked for."""

    def __init__(self, columns: list[pa.StringArray], uneven: dict[int, list[CellValue]]) -> None:
        self.columns = columns
        self.uneven = uneven
        """0-based number -> cells of the rows that do not have as many cells as there are columns."""
        self._length = len(columns[0]) + len(uneven)
        apart = np.zeros(self._length, np.bool_)
        apart[list(uneven)] = True
        self.even: Positions = np.flatnonzero(~apart)
        """0-based numbers of the rows that lie in `columns`."""

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, row: int) -> list[CellValue]: ...
    @overload
    def __getitem__(self, row: slice) -> list[list[CellValue]]: ...
    def __getitem__(self, row: int | slice) -> list[CellValue] | list[list[CellValue]]:
        if isinstance(row, slice):
            return [self[number] for number in range(len(self))[row]]
        if row in self.uneven:
            return list(self.uneven[row])
        place = int(np.searchsorted(self.even, row))
        return [cells[place].as_py() for cells in self.columns]

    def __iter__(self) -> Iterator[list[CellValue]]:
        lists = zip(*(cells.to_pylist() for cells in self.columns), strict=True)
        for row in range(len(self)):
            yield list(self.uneven[row]) if row in self.uneven else list(next(lists))
