"""Why a published month says something else now: every figure that moved, split by cause, the parts adding up.

Each household that moved a figure has one cause, looked for in this order: it has another key (identity); a file came
for what had been carried forward or missing (late file); a file took another one's place (correction); the rules
changed (rule); the program changed (code). What none of these explains moved by its links (identity).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field

from hearth.bucket import bucket
from hearth.database import Role, connect
from publishing.tables import Connection, PublicationError

CAUSES = {"late_file": "迟报", "correction": "更正", "rule": "规则", "identity": "身份", "code": "程序"}
_MEASURES = {"universe": "总户数", "met": "达标", "unmet": "未达标", "unknown": "未知"}
_SOURCES = Path(__file__).with_name("restatement.yaml")
_HOUSEHOLDS, _FIGURES = "fct_household_month", "fct_guarantee_region_month"


class Sources(BaseModel):
    """Which feeds a guarantee is read from; the file beside this one says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    universe: frozenset[str] = Field(min_length=1)
    guarantees: dict[str, frozenset[str]]
    combined: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def sources() -> Sources:
    """The reviewed mapping; pydantic.ValidationError names what is wrong."""
    return Sources.model_validate(yaml.safe_load(_SOURCES.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two publications compared, and what differs between them beside the rows."""

    publication_id: int
    replaces: int
    period: str
    county_code: str
    late: frozenset[str]
    corrected: frozenset[str]
    rules_differ: bool
    code_differs: bool

    def cause(self, feeds: frozenset[str]) -> str:
        """The cause of a change in a figure that is read from ``feeds``."""
        if feeds & self.late:
            return "late_file"
        if feeds & self.corrected:
            return "correction"
        if self.rules_differ:
            return "rule"
        return "code" if self.code_differs else "identity"


def restate(publication_id: int) -> int:
    """Write ``ops.restatement`` for a publication that replaced another; return how many figures moved.

    May run again: nothing is written twice. 0 for the first publication of a month.
    Raises PublicationError when one of the two is no longer kept, or the parts of a figure do not add up.
    """
    with connect(Role.PUBLISHER) as connection:
        pair = _pair(connection, publication_id)
        if pair is None:
            return 0
        known = connection.execute(
            "select count(*) from ops.restatement where publication_id = %s", [publication_id]
        ).fetchone()
        if known is not None and known[0]:
            return int(known[0])
        relations = {
            (side, table): _relation(connection, which, table)
            for side, which in (("before", pair.replaces), ("after", publication_id))
            for table in (_HOUSEHOLDS, _FIGURES)
        }
        connection.execute(_statement(pair, relations))
        row = connection.execute(
            "select count(*), count(*) filter (where late_file + correction + rule + identity + code <> after - before)"
            " from ops.restatement where publication_id = %s",
            [publication_id],
        ).fetchone()
    return 0 if row is None else int(row[0])


def _pair(connection: Connection, publication_id: int) -> _Pair | None:
    row = connection.execute(
        "select new.replaces, new.period, new.county_code, new.rules_digest is distinct from old.rules_digest, "
        "(new.code_version, new.project_digest) is distinct from (old.code_version, old.project_digest) "
        "from ops.publication as new left join ops.publication as old on old.publication_id = new.replaces "
        "where new.publication_id = %s",
        [publication_id],
    ).fetchone()
    if row is None:
        raise PublicationError(f"publication [{publication_id}] does not exist")
    replaces, period, county_code, rules_differ, code_differs = row
    if replaces is None:
        return None
    inputs = connection.execute(
        "select coalesce(new.department || '.' || split_part(new.feed, '.', -1), ''), "
        "old.submission_id is null or old.is_carried "
        "from ops.publication_input as new left join ops.publication_input as old "
        "on old.publication_id = %s and (old.department, old.feed) = (new.department, new.feed) "
        "where new.publication_id = %s and new.submission_id is distinct from old.submission_id",
        [replaces, publication_id],
    ).fetchall()
    return _Pair(
        publication_id,
        int(replaces),
        str(period),
        str(county_code),
        frozenset(feed for feed, is_late in inputs if is_late),
        frozenset(feed for feed, is_late in inputs if not is_late),
        bool(rules_differ),
        bool(code_differs),
    )


def _relation(connection: Connection, publication_id: int, table: str) -> sql.Composable:
    row = connection.execute(
        "select n.nspname, c.relname from ops.publication_table as t "
        "join pg_class as c on c.relname = t.partition_name "
        "join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('marts', 'previous') "
        "where t.publication_id = %s and t.table_name = %s",
        [publication_id, table],
    ).fetchone()
    if row is None:
        raise PublicationError(
            f"[{table}] of publication [{publication_id}] is no longer kept; restate before it expires"
        )
    return sql.Identifier(*row)


def _statement(pair: _Pair, relations: dict[tuple[str, str], sql.Composable]) -> sql.Composed:
    feeds = sources()
    simple = {name: pair.cause(found | feeds.universe) for name, found in feeds.guarantees.items()}
    came = pair.late | pair.corrected
    simple |= {name: pair.cause(found) for name, found in feeds.guarantees.items() if found & came}
    cells = [
        sql.SQL("({}, before.{}, after.{}, {})").format(
            sql.Literal(name), *2 * (sql.Identifier(f"{name}_state"),), sql.Literal(cause)
        )
        for name, cause in simple.items()
    ]
    for name, parts in feeds.combined.items():
        first = sql.SQL(" ").join(
            sql.SQL("when before.{} is distinct from after.{} then {}").format(
                *2 * (sql.Identifier(f"{part}_state"),), sql.Literal(simple[part])
            )
            for part in parts
        )
        moved = sql.Identifier(f"{name}_state")
        cause = sql.SQL("case {} else {} end").format(first, sql.Literal(pair.cause(feeds.universe)))
        cells.append(sql.SQL("({}, before.{}, after.{}, {})").format(sql.Literal(name), moved, moved, cause))
    shares = sql.SQL(", ").join(
        sql.SQL("coalesce(sum(delta) filter (where cause = {}), 0)").format(sql.Literal(cause)) for cause in CAUSES
    )
    figures = sql.SQL(", ").join(
        sql.SQL("({}, old.{}, new.{})").format(sql.Literal(name), *2 * (sql.Identifier(name),)) for name in _MEASURES
    )
    return sql.SQL(_RESTATEMENT).format(
        before=relations["before", _HOUSEHOLDS],
        after=relations["after", _HOUSEHOLDS],
        old=relations["before", _FIGURES],
        new=relations["after", _FIGURES],
        universe=sql.Literal(pair.cause(feeds.universe)),
        county=sql.Literal(pair.county_code.ljust(12, "0")),
        publication=sql.Literal(pair.publication_id),
        cells=sql.SQL(", ").join(cells),
        shares=shares,
        figures=figures,
    )


_RESTATEMENT = """
insert into ops.restatement (publication_id, region_code, guarantee, measure, before, after,
    late_file, correction, rule, identity, code)
with moved as (
    select cell.guarantee,
        before.village_code as village_before, before.township_code as township_before,
        after.village_code as village_after, after.township_code as township_after,
        case when before.household_key is not null then cell.state_before end as state_before,
        case when after.household_key is not null then cell.state_after end as state_after,
        before.household_key is not null as was_there, after.household_key is not null as is_there,
        case
            when before.household_key is null and exists (
                select from {before} as known where known.household_no = after.household_no
            ) then 'identity'
            when after.household_key is null and exists (
                select from {after} as known where known.household_no = before.household_no
            ) then 'identity'
            when before.household_key is null or after.household_key is null then {universe}
            when cell.state_before is not distinct from cell.state_after then {universe}
            else cell.cause
        end as cause
    from {before} as before
    full join {after} as after on after.household_key = before.household_key
    cross join lateral (values {cells}) as cell (guarantee, state_before, state_after, cause)
    where (before.household_key is null, after.household_key is null, before.village_code, before.township_code,
            cell.state_before)
        is distinct from (after.household_key is null, before.household_key is null, after.village_code,
            after.township_code, cell.state_after)
),
steps as (
    select guarantee, cause, area.region_code, part.measure, -1 as delta
    from moved
    cross join lateral (values (village_before), (township_before), ({county})) as area (region_code)
    cross join lateral (values ('universe'), (state_before)) as part (measure)
    where was_there and area.region_code is not null
    union all
    select guarantee, cause, area.region_code, part.measure, 1
    from moved
    cross join lateral (values (village_after), (township_after), ({county})) as area (region_code)
    cross join lateral (values ('universe'), (state_after)) as part (measure)
    where is_there and area.region_code is not null
),
parts (region_code, guarantee, measure, late_file, correction, rule, identity, code) as (
    select region_code, guarantee, measure, {shares} from steps group by region_code, guarantee, measure
)
select {publication}, figure.region_code, figure.guarantee, figure.measure, figure.before, figure.after,
    coalesce(parts.late_file, 0), coalesce(parts.correction, 0), coalesce(parts.rule, 0),
    coalesce(parts.identity, 0), coalesce(parts.code, 0)
from (
    select region_code, guarantee, cell.measure, coalesce(cell.before, 0) as before, coalesce(cell.after, 0) as after
    from {old} as old
    full join {new} as new using (region_code, guarantee)
    cross join lateral (values {figures}) as cell (measure, before, after)
) as figure
left join parts using (region_code, guarantee, measure)
where figure.before <> figure.after
"""


def write_sheet(publication_id: int) -> str | None:
    """Write 重述说明.xlsx to the bucket; return its key, None when nothing moved."""
    import openpyxl

    with connect(Role.PUBLISHER) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(
            "select p.county_code, p.period, r.region_code, r.guarantee, r.measure, r.before, r.after, "
            "r.after - r.before, r.late_file, r.correction, r.rule, r.identity, r.code "
            "from ops.restatement as r join ops.publication as p using (publication_id) where publication_id = %s "
            "order by length(rtrim(r.region_code, '0')), r.region_code, r.guarantee, r.measure",
            [publication_id],
        ).fetchall()
    if not rows:
        return None
    county_code, period = rows[0][:2]
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    if sheet is None:
        raise RuntimeError("the workbook has no sheet")
    sheet.title = "重述说明"
    sheet.append([f"{period} 重述说明（发布 #{publication_id}）"])
    sheet.append(["区划", "项目", "指标", "原数", "现数", "差", *CAUSES.values()])
    for _, _, region, guarantee, measure, *numbers in rows:
        sheet.append([region, guarantee, _MEASURES[measure], *numbers])
    sheet.freeze_panes = "A3"
    key = f"reports/restatement/{county_code}/{period}/p{publication_id}.xlsx"
    target = bucket() / key
    target.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    workbook.save(content)
    target.write_bytes(content.getvalue())
    return key
