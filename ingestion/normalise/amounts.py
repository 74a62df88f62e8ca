"""Amounts in the wrong unit: the median of a column lies outside what is possible (GEN-22)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
        middle = _median(table.data[column.name])
        if middle is not None and not low <= middle <= high:
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


def _median(amounts: pa.ChunkedArray) -> Decimal | None:
    """The exact median of the amounts that are not zero; None if there are too few."""
    scale: int = amounts.type.scale if pa.types.is_decimal(amounts.type) else 0
    smallest = pc.multiply(amounts.drop_null(), pa.scalar(10**scale)).cast(pa.int64()).to_numpy()
    held = smallest[smallest != 0]
    if len(held) < _FEWEST:
        return None
    places = ((len(held) - 1) // 2, len(held) // 2)
    both = int(np.partition(held, places)[list(places)].sum())
    return Decimal(both).scaleb(-scale) / 2
