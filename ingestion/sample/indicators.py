"""The true value of every indicator that the first-release feeds can answer, and the value that follows from the rows.

The queries stand in ``indicators.yaml``; they are put twice, to the true rows and to the accepted ones, and know
nothing of the warehouse's SQL. Definitions: ``reference/indicator.csv``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa
import yaml

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.reference_data import Indicator, indicators, parameters, regions
from ingestion.sample import outlook
from ingestion.sample.feed_rows import schema_of

_YAML = Path(__file__).parent / "indicators.yaml"

GUARANTEE_OF: Mapping[str, str] = {
    "GUA-01": "food",
    "GUA-02": "clothing",
    "GUA-03": "education",
    "GUA-04": "medical",
    "GUA-05": "housing",
    "GUA-06": "water",
    "GUA-07": "power",
    "GUA-08": "five",
    "GUA-09": "seven",
}
"""Indicator -> the guarantee (or conjunction) of which it is the rate."""

MEMORY = "3GB"
"""Of each of the two sets of rows. What does not fit waits on disk: counties may have a million households."""

_COUNTS = ("numerator", "denominator", "unknown")
COLUMNS: Mapping[str, Any] = {
    "period": pa.string(),
    "indicator_code": pa.string(),
    "part": pa.string(),
    "level_code": pa.string(),
    "region_code": pa.string(),
    "unit": pa.string(),
    **{name: pa.float64() for name in (*_COUNTS, "true_value")},
    **{f"expected_{name}": pa.float64() for name in (*_COUNTS, "value")},
    "is_provisional": pa.bool_(),
}
"""Columns of indicators.parquet. `part` is empty unless the indicator is told apart (by guarantee, subsidy …)."""


@cache
def _book() -> Mapping[str, Mapping[str, Any]]:
    book: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_YAML.read_text(encoding="utf-8"))
    first = {code for code, one in indicators().items() if one.is_first_release}
    if book["queries"].keys() != first:
        raise ValueError(
            f"indicators.yaml and reference/indicator.csv differ in {sorted(book['queries'].keys() ^ first)}"
        )
    return book


def value(formula: str, numerator: float | None, denominator: float | None) -> float | None:
    """The value by the indicator's formula class; null over nothing. Raises ValueError for an unknown class.

    `ratio` and `progress` divide, `count` is the numerator; a `median` was taken from its units beforehand.
    """
    match formula:
        case "count" | "median":
            return numerator
        case "ratio" | "progress":
            return numerator / denominator if numerator is not None and denominator else None
        case _:
            raise ValueError(f"formula class [{formula}] is not one of count, median, progress, ratio")


def _months(periods: Sequence[Period], county_code: str) -> pa.Table:
    lines = []
    for period in periods:
        last = period.last_day
        numbers = {
            code: float(found) for code, found in parameters(last, county_code).items() if not isinstance(found, str)
        }
        lines.append(
            {
                "period": str(period),
                "previous": str(period.shift(-1)),
                "number": period.year * 12 + period.month,
                "year": period.year,
                "month_start": period.first_day,
                "month_end": last,
                "last_august": date(last.year if last >= date(last.year, 8, 31) else last.year - 1, 8, 31),
                "minutes": last.day * 1440,
                **numbers,
            }
        )
    return pa.Table.from_pylist(lines)


Source: TypeAlias = pa.Table | Sequence[Path]
"""Rows at hand, or in Parquet files, which are read as far as a question needs them."""


def _register(connection: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    if isinstance(source, pa.Table):
        connection.register(name, source)
    else:
        files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in source)
        connection.execute(f"create view {name} as select * from read_parquet([{files}], hive_partitioning = false)")


class Desk:
    """One set of rows and the questions put to it; those about the guarantees need `_register_states` first."""

    def __init__(
        self, feeds: Mapping[str, Source], periods: Sequence[Period], county_code: str, *, is_truth: bool
    ) -> None:
        self._county = county_code.ljust(12, "0")
        self.connection = duckdb.connect()
        self.connection.execute("set threads = 1")
        self.connection.execute(f"set memory_limit = '{MEMORY}'")
        self._waiting = tempfile.TemporaryDirectory(prefix="hearth-key-")
        self.connection.execute("set temp_directory = ?", [self._waiting.name])
        self.connection.execute(f"create macro is_truth() as {is_truth}")
        self.connection.register("month", _months(periods, county_code))
        for feed_id, source in feeds.items():
            rows = source if isinstance(source, pa.Table) or source else schema_of(contracts()[feed_id]).empty_table()
            _register(self.connection, feed_id.replace(".", "__"), rows)
        township_of = {region.region_code: region.parent_code for region in regions() if region.level_code == "village"}
        self.connection.register(
            "village", pa.table({"village_code": list(township_of), "township_code": list(township_of.values())})
        )
        for name, query in _book()["views"].items():
            self.connection.execute(f"create table {name} as {query}")

    def ask(self, code: str, indicator: Indicator) -> Iterable[dict[str, Any]]:
        """Rows of the indicator: period, part, level, region, counts, value, is_provisional."""
        self.connection.execute(
            "create or replace temp table unit (period text, village_code text, part text default '', numerator double,"
            " denominator double, unknown double default 0, is_provisional boolean default false)"
        )
        query = _book()["queries"][code].replace("{guarantee}", GUARANTEE_OF.get(code, ""))
        self.connection.execute(f"insert into unit by name {query}")
        how = "median" if indicator.formula_class == "median" else "sum"
        target = _book()["targets"].get(code, {}).get(self._county[:6])
        for level in indicator.levels:
            region = {"village": "village_code", "township": "township_code", "county": f"'{self._county}'"}[level]
            found = self.connection.execute(
                f"select period, part, {region} as region_code, {how}(numerator), sum(denominator), sum(unknown),"
                " bool_or(is_provisional) from unit left join village using (village_code)"
                f" where {region} is not null group by all order by all"
            ).fetchall()
            for period, part, region_code, numerator, denominator, unknown, is_provisional in found:
                below = float(target) if target is not None else denominator
                yield {
                    "period": period,
                    "part": part,
                    "level_code": level,
                    "region_code": region_code,
                    "numerator": numerator,
                    "denominator": below,
                    "unknown": unknown,
                    "value": value(indicator.formula_class, numerator, below),
                    "is_provisional": is_provisional,
                }


_Place = tuple[str, str, str, str, str]
"""Period, indicator, part, level, region."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Tables that look over all months; `states` are the guarantees as they truly are."""

    indicators: pa.Table
    states: pa.Table
    signals: pa.Table
    candidates: pa.Table


def compute(
    true: Mapping[str, Source],
    accepted: Mapping[str, Source],
    guarantees: Source,
    periods: Sequence[Period],
    county_code: str,
) -> Computed:
    """The tables that look over all months.

    `true`, `accepted`: feed -> rows; `guarantees`: the conclusions of the key.
    `accepted` holds the rows carried from an earlier month too. Months that lie in neither are not looked back on.
    """

    def asked(
        feeds: Mapping[str, Source], *, is_truth: bool
    ) -> tuple[list[tuple[str, dict[str, Any]]], pa.Table | None, tuple[pa.Table, pa.Table]]:
        desk = Desk(feeds, periods, county_code, is_truth=is_truth)
        _register_states(desk.connection, guarantees, is_truth=is_truth)
        wanted = {code: indicator for code, indicator in indicators().items() if indicator.is_first_release}
        found = [(code, row) for code, indicator in wanted.items() for row in desk.ask(code, indicator)]
        names = ", ".join(GUARANTEE_OF.values())
        query = f"select period, household_no, village_code, {names} from true_state order by all"
        states = desk.connection.sql(query).to_arrow_table() if is_truth else None
        foreseen = outlook.ask(desk.connection)
        desk.connection.close()
        return found, states, foreseen

    # Each set of rows on its own connection with one thread: sums come in one order, and both cores have work.
    with ThreadPoolExecutor(2) as pool:
        truth, belief = pool.submit(asked, true, is_truth=True), pool.submit(asked, accepted, is_truth=False)
        (true_rows, states, true_outlook), (expected_rows, _, outlook_of) = truth.result(), belief.result()
    lines: dict[_Place, dict[str, Any]] = {}
    for prefix, rows in (("", true_rows), ("expected_", expected_rows)):
        for code, found in rows:
            place = (found["period"], code, found["part"], found["level_code"], found["region_code"])
            blank = dict.fromkeys(COLUMNS) | dict(
                zip(("period", "indicator_code", "part", "level_code", "region_code"), place, strict=True)
            )
            line = lines.setdefault(place, blank | {"unit": indicators()[code].unit, "is_provisional": False})
            line["is_provisional"] |= found["is_provisional"]
            line |= {f"{prefix}{name}": found[name] for name in _COUNTS}
            line[f"{prefix or 'true_'}value"] = found["value"]
    table = pa.Table.from_pylist([lines[place] for place in sorted(lines)], schema=pa.schema(list(COLUMNS.items())))
    return Computed(table, states, *outlook.compare(true_outlook, outlook_of))


def _register_states(connection: duckdb.DuckDBPyConnection, guarantees: Source, *, is_truth: bool) -> None:
    """Table `state`: guarantee by guarantee; table `reached`: households of the register that a feed's rows name."""
    names = tuple(GUARANTEE_OF.values())
    if is_truth:
        source, columns = "true_state", names
    else:
        _register(connection, "concluded", guarantees)
        source, columns = "concluded", tuple(f"{name}_state" for name in names)
    parts = [
        f"select period, household_no, village_code, '{name}' as guarantee, {column} as state from {source}"
        for name, column in zip(names, columns, strict=True)
    ]
    connection.execute(f"create table state as {' union all '.join(parts)}")
    reached = [
        f"select distinct period, household_no, '{feed_id}' as feed_id from {feed_id.replace('.', '__')}"
        " where household_no is not null"
        for feed_id in contracts()
    ]
    connection.execute(f"create table reached as {' union all '.join(reached)}")
