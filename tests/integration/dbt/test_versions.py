"""Type-2 versions on a real PostgreSQL: any order of months, resends and corrections give one history."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import psycopg
import pytest

from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import Settings
from tests.integration.dbt.rendering import macros

MONTHS = [str(Period(2025, 11).shift(step)) for step in range(12)]
HOUSEHOLDS = 9
FOREVER = "9999-12"
Snapshot = Mapping[int, tuple[str, int | None]]
"""household_key -> attributes; a household that is not listed has no entry."""
Version = tuple[int, str, str, str, int | None]
"""household_key, valid_from, valid_to, attributes."""


def rendered(period: str) -> str:
    module = macros("versions", var={"period": period}.__getitem__)
    ctes = module["versions"]("present", "published", ["household_key"], ["class_code", "member_count"])
    return (
        "create table moved as with published as (select * from versions), present as (select * from snapshot),"
        f" next_published as (select min(period) as next_period from publication where period > '{period}'),"
        f" {ctes} select * from final"
    )


def close(connection: psycopg.Connection, period: str, snapshot: Snapshot) -> None:
    """What a close does with one month: versions out of those published and this month's rows."""
    connection.execute("truncate snapshot")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into snapshot values (%s, '520099', %s, %s)", [(key, *row) for key, row in snapshot.items()]
        )
    connection.execute(rendered(period).encode())
    connection.execute("drop table versions")
    connection.execute("alter table moved rename to versions")
    connection.execute("insert into publication values (%s) on conflict do nothing", [period])


def history(connection: psycopg.Connection) -> list[Version]:
    return connection.execute(
        "select household_key, valid_from, valid_to, class_code, member_count from versions order by 1, 2"
    ).fetchall()


def expected(snapshots: Mapping[str, Snapshot]) -> list[Version]:
    """Read off month by month, with nothing but a loop."""
    found: list[Version] = []
    for key in range(HOUSEHOLDS):
        last: Version | None = None
        months = sorted(snapshots)
        for position, month in enumerate(months):
            following = months[position + 1] if position + 1 < len(months) else None
            until = str(Period.parse(following).shift(-1)) if following else FOREVER
            row = snapshots[month].get(key)
            if last is not None and row == last[3:]:
                last = (*last[:2], until, *last[3:])
                continue
            found += [last] if last is not None else []
            last = (key, month, until, *row) if row is not None else None
        found += [last] if last is not None else []
    return found


def one_snapshot(rng: random.Random) -> Snapshot:
    return {key: (rng.choice("12"), rng.choice((None, 3, 3, 4))) for key in range(HOUSEHOLDS) if rng.random() > 0.15}


@pytest.fixture
def empty(warehouse: Settings) -> Iterator[psycopg.Connection]:
    with connect(Role.OWNER) as connection:
        for statement in (
            "create schema history_test",
            "set search_path to history_test",
            "create table versions (household_key bigint, county_code text, valid_from text, valid_to text,"
            " is_current boolean, class_code text, member_count int)",
            "create table snapshot (household_key bigint, county_code text, class_code text, member_count int)",
            "create table publication (period text primary key)",
        ):
            connection.execute(statement.encode())
        yield connection
        connection.rollback()


def steps(rng: random.Random, final: Mapping[str, Snapshot]) -> Sequence[tuple[str, Snapshot]]:
    """Every month in any order; some first with other rows, corrected later; some sent twice."""
    months = list(final)
    rng.shuffle(months)
    drafts = [(month, one_snapshot(rng)) for month in months if rng.random() < 0.4]
    last = [(month, final[month]) for month in months]
    again = [(month, final[month]) for month in months if rng.random() < 0.3]
    found = list(last)
    for draft in drafts:
        found.insert(rng.randrange(1 + found.index((draft[0], final[draft[0]]))), draft)
    return found + again


def test_twelve_months_in_twenty_orders_give_one_history(empty: psycopg.Connection) -> None:
    rng = random.Random(20261122)  # noqa: S311 - invented data
    final = {month: one_snapshot(rng) for month in MONTHS}
    wanted = expected(final)
    assert len(wanted) > 3 * HOUSEHOLDS
    for _ in range(20):
        empty.execute("truncate versions, publication")
        for period, snapshot in steps(rng, final):
            close(empty, period, snapshot)
        assert history(empty) == wanted


def test_months_that_nobody_published_belong_to_the_version_before(empty: psycopg.Connection) -> None:
    close(empty, "2026-01", {1: ("1", 3)})
    close(empty, "2026-05", {1: ("2", 3)})
    assert history(empty) == [(1, "2026-01", "2026-04", "1", 3), (1, "2026-05", FOREVER, "2", 3)]
    close(empty, "2026-03", {})  # in March the register did not list it
    assert history(empty) == [(1, "2026-01", "2026-02", "1", 3), (1, "2026-05", FOREVER, "2", 3)]
    assert empty.execute("select count(*) from versions where is_current").fetchone() == (1,)
