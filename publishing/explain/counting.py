"""How one figure is counted: a select with a row for each unit of its area, and what the rows add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from psycopg import sql
from psycopg.rows import dict_row

from publishing.explain.store import ExplainError, Store

_RULES = Path(__file__).parent / "counting.yaml"
EVIDENCE = ("fct_household_indicator", "fct_person_indicator")
UNITS = "fct_indicator_unit"
_KEYS = {"household_key": "bigint", "person_key": "bigint", "unit_key": "bigint", "village_code": "text"}
_ADDRESS = {"unit_period": "text", "submission_id": "text", "source_sheet": "text", "source_row": "integer"}
_SIX = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Recount:
    """What the units of an area add up to, counted anew."""

    unit_count: int
    numerator: Decimal
    denominator: Decimal | None
    unknown: int
    median: Decimal | None


@cache
def special_rules() -> dict[str, dict[str, Any]]:
    """counting.yaml, by indicator."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(_RULES.read_text(encoding="utf-8"))
    return loaded


def figure(store: Store, indicator: str, area: str, part: str) -> dict[str, Any]:
    """The published row of an indicator, with what the registry says of it. Raises ExplainError if there is none."""
    with store.connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            sql.SQL(
                "select f.*, i.name_zh, i.name_en, i.grain, i.formula_class, i.unit, i.unknown_rule, i.direction,"
                " i.numerator as numerator_words, i.denominator as denominator_words, i.feeds, i.clause, i.lead,"
                " i.not_answerable_because, r.name as region_name"
                " from {} as f join {} as i using (indicator_code, county_code) left join {} as r"
                " using (region_code, county_code)"
                " where f.indicator_code = %s and f.region_code = %s and f.part = %s"
            ).format(
                store.relation("fct_indicator_month"), store.relation("dim_indicator"), store.relation("dim_region")
            ),
            [indicator, area, part],
        ).fetchone()
    if row is None:
        raise ExplainError(_nothing_there(store, indicator, area, part))
    return row


def _nothing_there(store: Store, indicator: str, area: str, part: str) -> str:
    parts = store.connection.execute(
        sql.SQL("select part from {} where indicator_code = %s and region_code = %s order by 1").format(
            store.relation("fct_indicator_month")
        ),
        [indicator, area],
    ).fetchall()
    if parts:
        known = "、".join(f"[{name}]" for (name,) in parts)
        return f"指标 [{indicator}] 在 [{area}] 没有分项 [{part}]；请用 --part 指定：{known}"
    return f"发布 #{store.publication_id} 中没有指标 [{indicator}] 在 [{area}] 的数值；请核对指标代码、区划代码和级别"


def units_query(store: Store, shown: Mapping[str, Any]) -> sql.Composed:
    """Select of the units that a published figure is about, in its area.

    Columns: household_key, person_key, unit_key, village_code, state, numerator, denominator, amount (of a median),
    unit_period, submission_id, source_sheet, source_row. Parameters: indicator, area, part.
    """
    column = str(shown["indicator_code"]).lower().replace("-", "_")
    rule = special_rules().get(shown["indicator_code"], {})
    if "only" in rule and not shown["part"]:
        rule = {}  # the whole is counted like any other
    table = rule.get("table") or next((name for name in EVIDENCE if column in store.columns(name)), UNITS)
    conditions = [sql.SQL(rule.get("of", "true")), _in_area(store, str(shown["level_code"]))]
    numerator = sql.SQL("case when judged is not null then (judged = 'yes')::integer end")
    denominator = sql.SQL("case when judged is not null then 1 end")
    if table == UNITS:
        conditions.append(sql.SQL("indicator_code = %(indicator)s"))
        numerator, denominator = sql.SQL("numerator"), sql.SQL("denominator")
    elif "amount" in rule:
        numerator = sql.SQL(rule["amount"])
    columns = store.columns(table)
    kept = sql.SQL(", ").join(
        sql.SQL("{}::{} as {}").format(
            sql.Identifier(name) if name in columns else sql.SQL("null"), sql.SQL(kind), sql.Identifier(name)
        )
        for name, kind in (_KEYS if table != UNITS else {**_KEYS, **_ADDRESS}).items()
    )
    blank = sql.SQL(", ").join(
        sql.SQL("null::{} as {}").format(sql.SQL(kind), sql.Identifier(name)) for name, kind in _ADDRESS.items()
    )
    return sql.SQL(
        "select {kept}{blank}, judged as state, ({numerator})::numeric as numerator,"
        " ({denominator})::numeric as denominator, ({amount})::numeric as amount"
        " from (select t.*, {state} as judged from {relation} as t where {conditions}) as unit"
        " where judged is not null or ({denominator}) is not null"
    ).format(
        kept=kept,
        blank=sql.SQL("") if table == UNITS else sql.SQL(", ") + blank,
        numerator=numerator,
        denominator=denominator,
        amount=sql.SQL(rule.get("median", "null")),
        state=_state(store, shown, rule, column if table != UNITS else "state"),
        relation=store.relation(table),
        conditions=sql.SQL(" and ").join(conditions),
    )


def _state(store: Store, shown: Mapping[str, Any], rule: Mapping[str, Any], column: str) -> sql.Composable:
    """yes, no or unknown of a unit; null out of scope."""
    if "met" in rule:
        return sql.SQL("case {} when 'met' then 'yes' when 'unknown' then 'unknown' else 'no' end").format(
            sql.Identifier(rule["met"])
        )
    if "is_unknown" in rule:
        return sql.SQL("case {} when 'unknown' then 'yes' else 'no' end").format(
            sql.Identifier(str(rule["is_unknown"]).format(part=shown["part"]))
        )
    if "only" in rule:
        return sql.SQL(
            "case when {column} = 'yes' and {only} then 'yes' when {column} is not null then 'no' end"
        ).format(column=sql.Identifier(column), only=sql.SQL(rule["only"]))
    if "reached_by" in rule:
        rows = sql.SQL(" union all ").join(
            sql.SQL("select household_key from {} where submission_id in (select submission_id from"
                    " ops.publication_input where publication_id = {} and department || '.' || feed = %(part)s)"
            ).format(store.relation(table), sql.Literal(store.publication_id))
            for table in evidence_tables(store)
        )  # fmt: skip
        return sql.SQL("case when household_key in ({}) then 'yes' else 'no' end").format(rows)
    if "amount" in rule or "median" in rule:
        return sql.SQL("'yes'")
    return sql.Identifier(column)


def _in_area(store: Store, level: str) -> sql.Composable:
    """Rows of the area: a village's own, a township's through its villages, and all of the county."""
    if level == "village":
        return sql.SQL("village_code = %(area)s")
    if level == "township":
        return sql.SQL("village_code in (select region_code from {} where parent_code = %(area)s)").format(
            store.relation("dim_region")
        )
    return sql.SQL("true")


def evidence_tables(store: Store) -> list[str]:
    """Tables whose rows are rows of a file that reached a household; what was only suggested has no age."""
    wanted = {"household_key", "submission_id", "source_sheet", "source_row", "age_periods"}
    return [name for name in store.names() if name.startswith(("fct_", "bridge_")) and wanted <= store.columns(name)]


def parameters(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What `units_query` asks for."""
    return {"indicator": shown["indicator_code"], "area": shown["region_code"], "part": shown["part"]}


def recount(store: Store, shown: Mapping[str, Any]) -> Recount:
    """Count the units of a published figure once more."""
    row = store.connection.execute(
        sql.SQL(
            "select count(denominator), coalesce(sum(numerator), 0), sum(denominator),"
            " count(*) filter (where state = 'unknown'),"
            " percentile_cont(0.5) within group (order by amount)::numeric from ({}) as units"
        ).format(units_query(store, shown)),
        parameters(shown),
    ).fetchone()
    found = Recount(*(row or ()))
    return found if found.median is None else replace(found, numerator=found.median)


def worth(shown: Mapping[str, Any], found: Recount) -> tuple[Decimal | None, Decimal | None]:
    """Least and greatest value that a recount gives, to six places, as the formula class of the indicator says.

    None where the publication says that there is no value; why is in its `reason`.
    """
    formula, reason = shown["formula_class"], shown["reason"]
    if reason not in (None, "no_denominator") and not (reason == "no_unit" and formula == "count"):
        return None, None
    divisor = shown["threshold_value"] if formula == "progress" else found.denominator
    most = found.numerator + (found.unknown if shown["unknown_rule"] in ("U1", "U2") else 0)
    if formula in ("count", "median"):
        return _rounded(found.numerator), _rounded(most)
    if formula in ("ratio", "progress") and divisor:
        with localcontext(prec=50):
            return _rounded(found.numerator / divisor), _rounded(most / divisor)
    return None, None


def _rounded(value: Decimal) -> Decimal:
    return Decimal(value).quantize(_SIX, ROUND_HALF_UP)
