"""One published number with everything that it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from hearth.secrets import secret
from hearth.settings import settings
from publishing.explain.counting import evidence_tables, figure, parameters, recount, units_query, worth
from publishing.explain.store import ExplainError, Store, open_store


@dataclass(slots=True)
class Unit:
    """One household, person or thing that the number is about."""

    household_key: int | None
    person_key: int | None
    unit_key: int | None
    village_code: str | None
    unit_period: str | None
    submission_id: str | None
    source_sheet: str | None
    source_row: int | None
    state: str | None
    """yes: in the numerator; no: in the denominator only; unknown; null: it has an amount instead."""
    numerator: Decimal | None
    denominator: Decimal | None
    amount: Decimal | None
    household_no: str | None = None
    """Only where the reader who asks may see it, and the look was logged."""
    evidence: list[Source] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """A row of a file, and what rules said of it."""

    feed: str
    file_name: str
    submission_id: str
    period: str
    sheet: str
    row: int
    contract_version: str | None
    findings: tuple[str, ...] = ()
    """Rules that found fault with the row: id and column."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to see which households they are: a LOGIN reader of readers.yaml, a person and a purpose."""

    reader: str
    who: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A published number, what it is counted from, and the same number counted anew."""

    publication: Mapping[str, Any]
    figure: Mapping[str, Any]
    recounted: Mapping[str, Any]
    units: Sequence[Unit]
    inputs: Sequence[Mapping[str, Any]]
    rules: Sequence[Mapping[str, Any]]
    waivers: Sequence[Mapping[str, Any]]

    @property
    def differences(self) -> list[str]:
        """Where the recount is not what was published; empty when every number is the same."""
        return differences(self.figure, self.recounted)


_COMPARED = ("unit_count", "numerator", "denominator", "unknown", "value", "value_max")


def again(store: Store, shown: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a published figure, counted once more from its units."""
    found = recount(store, shown)
    least, most = worth(shown, found)
    return {
        "unit_count": found.unit_count,
        "numerator": found.numerator,
        "denominator": shown["threshold_value"] if shown["formula_class"] == "progress" else found.denominator,
        "unknown": found.unknown,
        "value": least,
        "value_max": most,
    }


def differences(shown: Mapping[str, Any], recounted: Mapping[str, Any]) -> list[str]:
    """Names of the numbers that differ. What was published as nothing, because a feed is missing, has no number."""
    silent = shown["value"] is None and shown["reason"] is not None
    wrong = []
    for name in _COMPARED:
        published, counted = shown[name], recounted[name]
        if published is None and (name in ("numerator", "denominator", "unknown")) and (silent or name != "numerator"):
            continue  # not published: a figure without a value, or a count of nothing
        if (published or 0) != (counted or 0) or (
            name.startswith("value") and (published is None) != (counted is None)
        ):
            wrong.append(name)
    return wrong


def explain(
    asked: str,
    indicator: str,
    area: str,
    *,
    part: str = "",
    county_code: str | None = None,
    asker: Asker | None = None,
    limit: int | None = None,
    from_pack: bool = False,
) -> Explanation:
    """Explain the number of an indicator in an area, as publication ``asked`` (number or month) has it.

    ``area`` is a division code, or the name of a division; ``limit`` is the most units of each state that are listed
    with their evidence, None lists all. Raises ExplainError when there is no such number, or the asker may not look.
    """
    code = county_code or settings().county_code
    with open_store(asked, code, from_pack=from_pack) as store:
        shown = figure(store, indicator.upper(), _region(store, area), part)
        units = _units(store, shown, limit)
        inputs = _rows(
            store,
            "select department || '.' || feed as feed, submission_id, source_period, is_carried, contract_version,"
            " reader_version, rows_accepted, sha256 from ops.publication_input where publication_id = %s order by 1",
            [store.publication_id],
        )
        used = [item for item in inputs if _is_of(shown, item["feed"])]
        _attach(store, shown, units)
        if asker is not None:
            _name(store, units, asker, code)
        return Explanation(
            publication=store.publication,
            figure=shown,
            recounted=again(store, shown),
            units=units,
            inputs=used,
            rules=_rule_results(store, [item["submission_id"] for item in used]),
            waivers=_rows(
                store,
                "select suite, expectation, rule_id, reason, given_by, valid_until from ops.publication_waiver"
                " where publication_id = %s order by 1, 2",
                [store.publication_id],
            ),
        )


def _is_of(shown: Mapping[str, Any], feed: str) -> bool:
    """Whether the registry names the feed for the indicator; who writes "all" means all."""
    feeds = shown["feeds"] or ""
    return feeds.startswith("all") or feed in feeds or feed == shown["part"]


def _rows(store: Store, query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    with store.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def _region(store: Store, area: str) -> str:
    if area.isdigit():
        return area.ljust(12, "0")
    found = store.connection.execute(
        sql.SQL("select region_code from {} where name = %s").format(store.relation("dim_region")), [area]
    ).fetchall()
    if len(found) != 1:
        raise ExplainError(f"有 {len(found)} 个区划叫 [{area}]；请写 12 位区划代码")
    return str(found[0][0])


def _units(store: Store, shown: Mapping[str, Any], limit: int | None) -> list[Unit]:
    ranked = sql.SQL(
        "select household_key, person_key, unit_key, village_code, unit_period, submission_id, source_sheet,"
        " source_row, state, numerator, denominator, amount from (select *, row_number() over (partition by state"
        " order by village_code, household_key, person_key, unit_key, unit_period) as place from ({}) as units)"
        " as ranked where %(limit)s::integer is null or place <= %(limit)s"
        " order by array_position(array['yes', 'unknown', 'no'], state), place"
    ).format(units_query(store, shown))
    with store.connection.cursor(row_factory=class_row(Unit)) as cursor:
        return cursor.execute(ranked, {**parameters(shown), "limit": limit}).fetchall()


def _attach(store: Store, shown: Mapping[str, Any], units: Sequence[Unit]) -> None:
    """Give each unit the rows that it stands on: its own address, else the rows of its household or person."""
    keys = sorted({unit.household_key for unit in units if unit.household_key is not None})
    found: list[tuple[Any, ...]] = []
    for table in evidence_tables(store) if keys else ():
        person = sql.SQL("person_key" if "person_key" in store.columns(table) else "null::bigint")
        query = sql.SQL(
            "select household_key, {}, submission_id, source_sheet, source_row from {} where household_key = any(%s)"
            " and submission_id is not null"
        )
        found += store.connection.execute(query.format(person, store.relation(table)), [keys]).fetchall()
    addresses = {tuple(row[2:]) for row in found} | {
        (unit.submission_id, unit.source_sheet, unit.source_row) for unit in units if unit.submission_id
    }
    sources = _sources(store, addresses)
    by_household: dict[int, list[tuple[int | None, Source]]] = {}
    for household, person_key, *address in sorted(set(found), key=str):
        source = sources[tuple(address)]
        if _is_of(shown, source.feed):
            by_household.setdefault(household, []).append((person_key, source))
    for unit in units:
        if unit.submission_id is not None:
            unit.evidence = [sources[unit.submission_id, unit.source_sheet, unit.source_row]]
        elif unit.household_key is not None:
            of_unit = {
                source
                for person_key, source in by_household.get(unit.household_key, ())
                if None in (unit.person_key, person_key) or unit.person_key == person_key
            }
            unit.evidence = sorted(of_unit, key=lambda source: (source.feed, source.sheet, source.row))


def _sources(store: Store, addresses: set[tuple[Any, ...]]) -> dict[tuple[Any, ...], Source]:
    submissions = sorted({address[0] for address in addresses})
    files = {
        row["submission_id"]: row
        for row in _rows(
            store,
            "select submission_id, department || '.' || feed as feed, file_name, period, contract_version"
            " from ops.submission where submission_id = any(%s)",
            [submissions],
        )
    }
    findings: dict[tuple[Any, ...], list[str]] = {}
    for submission, sheet, row, rule, column in store.connection.execute(
        "select submission_id, source_sheet, source_row, rule_id, column_name from ops.row_finding"
        " where submission_id = any(%s) order by rule_id, column_name",
        [submissions],
    ):
        findings.setdefault((submission, sheet, row), []).append(f"{rule} {column}".strip())
    return {
        address: Source(
            files[address[0]]["feed"],
            files[address[0]]["file_name"],
            address[0],
            files[address[0]]["period"],
            address[1],
            address[2],
            files[address[0]]["contract_version"],
            tuple(findings.get(address, ())),
        )
        for address in addresses
    }


def _rule_results(store: Store, submissions: Sequence[str]) -> list[dict[str, Any]]:
    """What intake said of the files, and the gate of the build: everything that did not simply pass."""
    return _rows(
        store,
        """
        select s.department || '.' || s.feed as subject, r.rule_id, r.severity, r.failed, r.not_judged
        from ops.rule_result as r join ops.submission as s using (submission_id)
        where r.submission_id = any(%s) and r.failed + r.not_judged > 0
        union all
        select suite || '.' || expectation, rule_id, severity, coalesce(failing_count, 1), 0
        from ops.gate_result where build_id = %s and not success
        order by 1, 2
        """,
        [list(submissions), store.publication["build_id"]],
    )


def _name(store: Store, units: Sequence[Unit], asker: Asker, county_code: str) -> None:
    """Household numbers, each by a look of the reader that is logged; what the reader may not see stays a key.

    Raises ExplainError when the reader may not look at households at all, or says no name or purpose.
    """
    numbers = dict(
        store.connection.execute(
            sql.SQL("select household_key, household_no from {} where household_key = any(%s)").format(
                store.relation("fct_household_month")
            ),
            [[unit.household_key for unit in units if unit.household_key is not None]],
        ).fetchall()
    )
    config = settings()
    seen: set[str] = set()
    try:
        with psycopg.connect(
            host=config.pg_host, port=config.pg_port, dbname=config.pg_database, user=asker.reader,
            password=secret(f"pg_{asker.reader}"),
        ) as connection:  # fmt: skip
            for number in sorted({number for number in numbers.values() if number}):
                found = connection.execute(
                    "select period from ops.look_at_household(%s, %s, %s, %s)",
                    [county_code, number, asker.who, asker.purpose],
                ).fetchall()
                if found:
                    seen.add(number)
    except psycopg.Error as error:
        raise ExplainError(
            f"读者 [{asker.reader}] 不能按户查阅：{str(error).splitlines()[0]}；户号未显示。"
            "请用有 case_worker 权限的读者，并写明查阅人和目的"
        ) from error
    for unit in units:
        number = None if unit.household_key is None else numbers.get(unit.household_key)
        unit.household_no = number if number in seen else None
