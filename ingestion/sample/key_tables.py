"""The files of the answer key: their columns, and what the folder says of itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.sample import events, outlook, remarks
from ingestion.sample.conclusions import GUARANTEES

_TEXT, _INT, _BOOL = pa.string(), pa.int32(), pa.bool_()
_STATES = {f"{name}_{part}": _TEXT for name in GUARANTEES for part in ("state", "reason")}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "households": {
        "period": _TEXT,
        "household_no": _TEXT,
        "village_code": _TEXT,
        "register_class_code": _TEXT,
        "poverty_status_code": _TEXT,
        "monitor_class_code": _TEXT,
        "is_active": _BOOL,
        "member_count": _INT,
        "on_dibao": _BOOL,
        "is_food_met": _BOOL,
        "is_clothing_met": _BOOL,
        "house_grade_code": _TEXT,
        "water_rating_codes": _TEXT,
        "has_living_power": _BOOL,
    },
    "persons": {
        "period": _TEXT,
        "household_no": _TEXT,
        "person": _TEXT,
        "id_number_hash": _TEXT,
        "sex_code": _TEXT,
        "age": _INT,
        "disability_type_code": _TEXT,
        "disability_grade_code": _TEXT,
        "labour_capacity_code": _TEXT,
        "is_member": _BOOL,
        "is_listed": _BOOL,
        "first_listed": _TEXT,
        "insurance_status_code": _TEXT,
        "schooling": _TEXT,
        "has_open_case": _BOOL,
    },
    "rural": {
        "period": _TEXT,
        "village_code": _TEXT,
        "households": _INT,
        "persons": _INT,
    },
    "sources": {
        "period": _TEXT,
        "feed_id": _TEXT,
        "is_sent": _BOOL,
        "source_period": _TEXT,
        "age_periods": _INT,
        "is_carried": _BOOL,
    },
    "links": {
        "period": _TEXT,
        "feed_id": _TEXT,
        "path": _TEXT,
        "sha256": _TEXT,
        "sheet": _TEXT,
        "row": _INT,
        "household_no": _TEXT,
        "person": _TEXT,
        "is_planted": _BOOL,
        "is_reachable": _BOOL,
        "link_path": _TEXT,
        "hint": _TEXT,
    },
    "defects": {
        "period": _TEXT,
        "feed_id": _TEXT,
        "path": _TEXT,
        "sha256": _TEXT,
        "rule_id": _TEXT,
        "kind": _TEXT,
        "sheet": _TEXT,
        "row": _INT,
        "column": _TEXT,
    },
    "remarks": remarks.COLUMNS,
    "events": events.COLUMNS,
    "guarantees": {
        "period": _TEXT,
        "household_no": _TEXT,
        "village_code": _TEXT,
        **_STATES,
        "five_state": _TEXT,
        "seven_state": _TEXT,
    },
    "rates": {
        "period": _TEXT,
        "level_code": _TEXT,
        "region_code": _TEXT,
        "guarantee": _TEXT,
        "universe": _INT,
        "met": _INT,
        "unmet": _INT,
        "unknown": _INT,
    },
}
"""Files of the key and their columns; months are text YYYY-MM."""

README = (
    """# Answer key of the sample county

Invented people, generated files: this folder says what is true and what a warehouse must find. Keep it away from the
warehouse; `hearth score` compares. Parquet; months are `YYYY-MM`, a folder holds `<month>.parquet`.

- `households/`, one row per register household and month: the true state (class, status, monitoring, members,
  dibao, house, water, power).
- `persons/`, one row per person of the county and month: household number (null outside the register), the
  generator's serial (for life), the keyed hash of the ID number where the installation had its secret, sex, age,
  disability, labour, membership, insurance, schooling. No name, no ID number.
- `rural/`, one row per village and month: households and persons who live there, on the register, on another roll or on
  none: what rates of the rural population divide by.
- `sources/`, one row per feed and month: whether a file (or a nil return) came, and the month of the newest file that
  could be taken: what the month's conclusions rest on. Null: none has come yet in this run.
- `links/`, one row per data row of a good file: the true household (null outside the register), whether a fault
  was planted in the row (`is_planted`), and whether the accepted rows lead from it to a household (`is_reachable`: the
  member row of a house's owner may itself have been refused), and by which way (`link_path`: direct by the household
  number, else person, head or account by an ID number, fifteen_digit by one of 15 digits and the same name).
  `hint`: by what a person could tell the household of a row that leads nowhere or was refused for its ID number (typo,
  fifteen_digit, name_village).
- `defects/`, one row per planted fault: the rule that must find it, file, sheet, row, column. Without a row
  number the whole file must be refused.
"""
    + remarks.README
    + events.README
    + """\
- `guarantees/`, one row per active household and month: the states of the seven guarantees that follow from the
  accepted rows, with the reason. Worked out from the generator's values, never with the SQL of the warehouse.
- `rates/`, one row per region (village, township, county), month and guarantee: universe, met, unmet, unknown.
- `true/<feed>/<month>.parquet`: what the office would have to write if it knew everything and made no mistake: all
  columns of the contract but direct personal data, with the true household and person.
- `accepted/<feed>/<month>.parquet`: what must have been accepted, linked as the accepted register allows; a feed
  without a good file in the month has the rows it carries, unless it reports events.
- `states.parquet`, one row per active household and month: the guarantees as they truly are, with nothing aged, refused
  or unproved; unknown only where nobody ever looked.
- `stories.parquet`, one row per story of `remarks/`: rule, family (contradiction, history, look_alike: nothing may be
  said of it), household, person or village, the month it was `opened` and the first month without it (`closed`, which
  may lie ahead; null: open for as long as the sample lasts), which feeds say what is not so (`said_by`, `said`), which
  have it right (`denied_by`), and the months in whose accepted rows the one and the other stand (`said_in`,
  `denied_in`: a ledger can see a contradiction of two rows only where it has both; a dropped row stands nowhere).
- `indicators.parquet`, one row per indicator, month, region and part: numerator, denominator, unknown and true value
  from `true/`, the same with `expected_` from `accepted/`. Of the registry (`reference/indicator.csv`) it has what the
  feeds of the first release can answer. `is_provisional`: the indicator looks back on months that the key lacks.
"""
    + outlook.README
    + """\
- `key.json`: county, seed, size, surroundings (households outside the register, per register household) and months.

Limits. Of two good files of a feed and month only the later one has rows in `links/` and `remarks/`; `defects/` has
the faults of both, each under its own file. A feed without a good file in a month carries the newest earlier file of
the same run of `hearth sample`, not of an earlier run. Water cuts are counted within the month.
"""
)


def schema_of(name: str) -> pa.Schema:
    """Columns of a table of the key."""
    return pa.schema(list(TABLES[name].items()))


def path_of(folder: Path, name: str, period: str | None = None) -> Path:
    """File of a table of the key: of one month for those of `TABLES`, else of all months together."""
    return folder / (f"{name}.parquet" if period is None else f"{name}/{period}.parquet")


def months_of(folder: Path) -> list[str]:
    """Months of the key. Raises FileNotFoundError when there is no key in the folder."""
    months = sorted(path.stem for path in (folder / "households").glob("*.parquet"))
    if not months:
        raise FileNotFoundError(
            f"no answer key in [{folder}]: households/*.parquet is missing; run hearth sample first"
        )
    return months


def load_table(
    folder: Path, name: str, *, months: Collection[str] | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """A table of the key, all months or some, all columns or some.

    Raises FileNotFoundError when there is no key in the folder.
    """
    if name not in TABLES:
        whole = pq.read_table(path_of(folder, name), columns=columns)
        if months is None:
            return whole
        return whole.filter(pc.is_in(whole["period"], pa.array(sorted(months), pa.string())))
    paths = sorted((folder / name).glob("*.parquet"))
    if not paths:
        raise FileNotFoundError(f"no answer key in [{folder}]: {name}/*.parquet is missing; run hearth sample first")
    wanted = [path for path in paths if months is None or path.stem in months]
    none = schema_of(name).empty_table()
    return pa.concat_tables(
        [none.select(columns) if columns else none, *(pq.read_table(path, columns=columns) for path in wanted)]
    )


def read_table(folder: Path, name: str, *, months: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Its rows."""
    rows: list[dict[str, Any]] = load_table(folder, name, months=months).to_pylist()
    return rows
