"""Rates that come as fractions (GEN-24, S-16)."""

from __future__ import annotations

from decimal import Decimal

from ingestion.contract import Column
from ingestion.normalise.numbers import split_number, states_percent
from ingestion.normalise.problems import CellProblem, file_problem
from ingestion.normalise.text import is_blank
from ingestion.table import CellValue


def percent_scale(cells: list[CellValue], column: Column) -> int:
    """100 if the column writes 0.95 for 95 %, else 1. Only columns with a floor are ever rescaled.

    Cells with their own percent sign are outside the question, and zero is zero either way. Raises FileProblem S-16
    when figures up to one stand beside figures above the floor: nobody can say which is which.
    """
    if column.percent_floor is None:
        return 1
    numbers = [number for cell in cells if (number := _unsigned(cell)) is not None and number != 0]
    has_fractions = any(number <= 1 for number in numbers)
    if has_fractions and any(number > Decimal(str(column.percent_floor)) for number in numbers):
        raise file_problem("S-16", message="“{column}”有的按0-1、有的按0-100填写", column=column.title)
    return 100 if has_fractions and all(number <= 1 for number in numbers) else 1


def _unsigned(cell: CellValue) -> Decimal | None:
    if is_blank(cell, nothing_is_blank=True) or states_percent(cell):
        return None
    try:
        return split_number(cell)[0]
    except CellProblem:
        return None
