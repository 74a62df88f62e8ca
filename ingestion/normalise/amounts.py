"""Amounts in the wrong unit: the median of a column lies outside what is possible (GEN-22)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from statistics import median

from ingestion.normalise.problems import make_finding
from ingestion.table import TypedTable

_FEWEST = 5
"""Of fewer amounts a median says nothing."""


def with_amounts_judged(table: TypedTable, parameters: Mapping[str, Decimal | str]) -> TypedTable:
    """The table with a warning for each column whose median is outside its band.

    Bands are parameters ``amount_band_<band>_low`` and ``_high``; a contract names the band of a column (property
    ``amountBand``). Zero is no amount here: who gets nothing says nothing of the unit. Raises KeyError for a band that
    nobody keeps.
    """
    found = list(table.findings)
    for column in table.raw.contract.columns:
        if column.amount_band is None or column.name not in table.raw.headers:
            continue
        low, high = (Decimal(parameters[f"amount_band_{column.amount_band}_{end}"]) for end in ("low", "high"))
        amounts = [value for value in table.data[column.name].to_pylist() if value]
        if len(amounts) >= _FEWEST and not low <= median(amounts) <= high:
            found.append(
                make_finding(
                    "S-08",
                    severity="warning",
                    sheet="",
                    row=0,
                    columns=(),
                    message="“{title}”疑似万元、元混用：中位数不在{low}至{high}元之间",
                    fix="请确认单位；确属有误的，改正后重报",
                    title=column.title,
                    low=low,
                    high=high,
                )
            )
    return replace(table, findings=tuple(found))
