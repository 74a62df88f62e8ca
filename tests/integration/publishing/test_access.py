"""Roles, grants and row rules: brought about from data, compared with the database, kept through every switch."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from hearth.database import Role, connect
from publishing.access import apply as applying
from publishing.access.apply import apply, difference
from publishing.access.commands import app
from publishing.access.facts import AccessError
from publishing.access.model import Access, ByDepartment, load
from publishing.switch import rollback
from tests.integration.expectations.candidate import (
    COUNTY,
    PERIOD,
)
from tests.integration.publishing.readers import (
    ACCESS,
    TOWNSHIP,
    VILLAGE,
    ask,
    publish_stamp,
)

COUNT = "select count(*), count(distinct stamp) from shared.v_household"


def drift(statement: str) -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(statement.encode())


def test_each_reader_sees_its_own_rows(county: None) -> None:
    assert ask("hearth_reader", COUNT) == [(24, 1)]
    assert ask("r_township", "select distinct township_code, count(*) over () from shared.v_household") == [
        (TOWNSHIP, 16)
    ]
    assert ask("r_village", "select distinct village_code, count(*) over () from shared.v_household") == [(VILLAGE, 8)]
    assert ask("r_health", "select distinct feed_id from shared.v_feed") == [("health.insurance",)]
    assert len(ask("hearth_reader", "select feed_id from shared.v_feed")) == 3
    assert len(ask("hearth_reader", "select household_key from shared.v_known")) == 24
    assert not ask("r_township", "select household_key from shared.v_known"), "rows without a place are the county's"
    with connect(Role.BUILDER) as connection:
        (row,) = connection.execute("select count(*) from marts.fct_household_month").fetchall()
    assert row == (24,), "the services see everything"


def test_of_own_rows_only_nobody_sees_more(county: None) -> None:
    closer = ByDepartment(tables=(), everything=("shared_reader",), own_only=("fct_feed_reconciliation",))
    apply(ACCESS.model_copy(update={"rows": ACCESS.rows.model_copy(update={"by_department": closer})}))
    assert ask("r_health", "select distinct feed_id from shared.v_feed") == [("health.insurance",)]
    assert ask("hearth_reader", "select feed_id from shared.v_feed") == [], "it sees all of other tables"
    apply(ACCESS)
    assert len(ask("hearth_reader", "select feed_id from shared.v_feed")) == 3


def test_a_switch_and_a_rollback_change_nothing_of_it(county: None) -> None:
    for stamp in (2, 3):
        publish_stamp(stamp)
        assert not difference(ACCESS)
        assert ask("r_township", COUNT) == [(16, 1)]
    rollback(COUNTY, PERIOD)
    assert not difference(ACCESS)
    assert ask("r_township", "select distinct stamp, count(*) over () from shared.v_household") == [(2, 16)]
    assert ask("r_village", COUNT) == [(8, 1)]


def test_a_second_apply_does_nothing(county: None) -> None:
    assert not apply(ACCESS)


DRIFT = {
    "a grant by hand": "grant select on marts.fct_household_month to r_village",
    "a column by hand": "grant select (household_no) on shared.v_two_no_worries_three_guarantees to region_office",
    "a partition opened": "grant usage on schema previous to r_village",
    "everybody": "grant select on ops.submission to public",
    "a function for everybody": "grant execute on function vault.open_entries(text, text[], text, text) to public",
    "a new function with owner's rights": "create function shared.peek() returns bigint language sql security definer"
    " return (select count(*) from marts.fct_household_month)",
    "a membership": "grant hearth_publisher to r_village",
    "a way past the rows": "alter role r_village bypassrls",
    "a wider rule": 'alter policy "rows of rows_530524102201" on marts.fct_household_month using (true)',
    "one rule more": "create policy extra on marts.fct_household_month for select to r_village using (true)",
    "a rule gone": 'drop policy "rows of rows_county" on marts.fct_household_month',
    "no rules at all": "alter table marts.fct_household_month disable row level security",
    "what comes later": "alter default privileges for role hearth_publisher in schema marts grant select on tables"
    " to r_village",
    "a group robbed": "revoke select on shared.v_household from region_office",
}


@pytest.mark.parametrize("change", DRIFT)
def test_drift_is_seen_and_mended(county: None, change: str) -> None:
    drift(DRIFT[change])
    assert difference(ACCESS), "the comparison must notice it"
    apply(ACCESS)
    assert not difference(ACCESS)
    assert ask("r_village", COUNT) == [(8, 1)]
    if change == "a new function with owner's rights":
        drift("drop function shared.peek()")


def test_a_reader_taken_out_of_the_file_is_gone(county: None) -> None:
    assert not difference(ACCESS)
    fewer = [reader for reader in ACCESS.readers if reader.name != "r_village"]
    apply(ACCESS.model_copy(update={"readers": tuple(fewer)}))
    with connect(Role.OWNER) as connection:
        left = connection.execute("select rolname from pg_roles where rolname = 'r_village'").fetchall()
    assert left == []
    apply(ACCESS)


def test_the_command_tells_drift_by_its_exit_code(county: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "load", lambda: ACCESS)
    run = CliRunner().invoke
    assert run(app, ["diff"]).exit_code == 0
    drift(DRIFT["a wider rule"])
    seen = run(app, ["diff"])
    assert seen.exit_code == 1
    assert "missing policy [rows_530524102201]" in seen.stdout
    assert run(app, ["apply"]).exit_code == 0
    assert run(app, ["diff"]).exit_code == 0


def test_what_the_database_does_not_have_is_refused(county: None) -> None:
    def changed(**entries: object) -> Access:
        return Access.model_validate({**ACCESS.model_dump(by_alias=True), **entries})

    reader = {"name": "r_lost", "for": "x", "groups": ["auditor"], "region": "530524999000"}
    with pytest.raises(AccessError, match=r"region \[530524999000\]"):
        apply(changed(readers=[reader]))
    with pytest.raises(AccessError, match=r"shared views \['v_none'\]"):
        apply(changed(view_sets={"household": ["v_none"]}))
    rows = ACCESS.rows.model_dump()
    with pytest.raises(AccessError, match=r"columns \['township_code', 'village_code'\]"):
        apply(changed(rows={**rows, "by_region": ["fct_dibao"]}))
    assert not difference(ACCESS)


def test_the_reviewed_files_are_sound() -> None:
    access = load()
    assert {"shared_reader", "auditor", "vault_reader"} <= {group.name for group in access.groups}
    assert set(access.views(access.groups[0])) >= {"v_register", "v_guarantee_by_region"}
