"""What is said of a file as a whole without refusing it: how full its columns are, how many rows it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.columns import address_of, as_flags
from ingestion.normalise.draft import chosen
from ingestion.rules import catalogue
from ingestion.submission import Note
from ingestion.table import Finding, TypedTable

MONTHS = 6
"""With the median of so many earlier months a file is compared (T-02)."""
_PLACEHOLDER, _HOUSEHOLD = "R-ALL-04", "household_no"
_FEWEST = 3
"""Of fewer months a median says little."""


def note(rule_id: str, severity: str, detail: str = "") -> Note:
    """The catalogue's words, with what was found in brackets behind them."""
    text = catalogue()[rule_id]
    return Note(rule_id, severity, text.message + (f"（{detail}）" if detail else ""), text.fix)


def fill_rates(typed: TypedTable, in_force: Mapping[str, Decimal | str]) -> Iterator[Note]:
    """S-17: columns that feed a guarantee and are empty in too many rows, in one line. One that the file does not have
    is not judged: a county may not deliver it."""
    count = typed.data.num_rows
    least = Decimal(in_force["fill_rate_min"])
    found: list[str] = []
    for column in typed.raw.contract.columns:
        if column.feeds_guarantee and column.name in typed.raw.headers and count:
            filled = count - typed.data.column(column.name).null_count
            if filled < least * count:
                found.append(f"“{column.title}”{filled * 1000 // count / 10:g}%")
    if found:
        yield note("S-17", "warning", "、".join(found))


def unusual_volume(count: int, volumes: Sequence[int], in_force: Mapping[str, Decimal | str]) -> Iterator[Note]:
    """T-02: far fewer or far more rows than the earlier months had (GEN-32). A few rows more or less are no matter."""
    if len(volumes) < _FEWEST:
        return
    usual = Decimal(median(volumes))
    low, high = usual * Decimal(in_force["volume_low"]), usual * Decimal(in_force["volume_high"])
    if not low <= count <= high and abs(count - usual) > Decimal(in_force["shrink_rows_free"]):
        yield note("T-02", "warning", f"本月{count}行，前{len(volumes)}次的中位数为{usual:g}行")


def without_waived(
    findings: Iterable[Finding], typed: TypedTable, households: frozenset[str]
) -> tuple[tuple[Finding, ...], int]:
    """The findings without those that a waiver covers, and of how many rows those were."""
    found = tuple(findings)
    asked = {(finding.sheet, finding.row) for finding in found if finding.rule_id == _PLACEHOLDER}
    if not asked or not households or _HOUSEHOLD not in typed.data.column_names:
        return found, 0
    held = pc.is_in(typed.data.column(_HOUSEHOLD).combine_chunks(), value_set=pa.array(sorted(households)))
    covered = asked & {address_of(typed.raw.rows, position) for position in chosen(as_flags(held))}
    kept = tuple(item for item in found if item.rule_id != _PLACEHOLDER or (item.sheet, item.row) not in covered)
    return kept, len(covered)
