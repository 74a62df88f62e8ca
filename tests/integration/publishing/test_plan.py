"""What a build reads: this month's submissions, else the newest before; nothing twice."""

from __future__ import annotations

import pytest

from hearth.database import Role, connect
from hearth.settings import Settings
from publishing.plan import plan_build
from tests.integration.expectations.candidate import COUNTY, PERIOD


def submit(department: str, feed: str, period: str, *, name: str = "a", state: str = "accepted") -> str:
    submission_id = f"{department}.{feed}-{period}-{name}"
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key, "
            "sha256, byte_count, state) values (%s, %s, %s, %s, %s, 'f', 'k', %s, 1, %s)",
            [submission_id, COUNTY, department, feed, period, submission_id, state],
        )
    return submission_id


def inputs(build_id: int | None) -> dict[str, tuple[str, bool, int]]:
    with connect(Role.OWNER) as connection:
        rows = connection.execute(
            "select feed, submission_id, is_carried, age_periods from ops.build_input where build_id = %s", [build_id]
        ).fetchall()
    return {feed: (submission, carried, age) for feed, submission, carried, age in rows}


def publication(build_id: int | None, state: str, replaces: int | None = None, period: str = PERIOD) -> int:
    with connect(Role.OWNER) as connection:
        row = connection.execute(
            "insert into ops.publication (build_id, county_code, period, state, replaces, household_count) "
            "values (%s, %s, %s, %s, %s, 1) returning publication_id",
            [build_id, COUNTY, period, state, replaces],
        ).fetchone()
    assert row is not None
    return int(row[0])


def decision() -> None:
    with connect(Role.LOADER) as connection:
        connection.execute(
            "insert into ops.link_decision"
            " (county_code, feed_id, account_no, household_no, verdict, decided_by, reason)"
            " values (%s, 'demo.demo', '1', '5', 'same', '甲', '核实')",
            [COUNTY],
        )


@pytest.fixture
def register(clean_warehouse: Settings) -> None:
    submit("register", "household", PERIOD)
    submit("register", "member", PERIOD)


def test_what_happened_in_one_month_is_not_carried_into_the_next(register: None) -> None:
    submit("health", "settlement", "2026-09")
    assert set(inputs(plan_build(COUNTY, PERIOD))) == {"household", "member"}
    own = submit("health", "settlement", PERIOD)
    assert inputs(plan_build(COUNTY, PERIOD))["settlement"] == (own, False, 0)


def test_own_month_else_newest_earlier_else_absent(register: None) -> None:
    submit("demo", "carried", "2026-07")
    newest = submit("demo", "carried", "2026-08", state="partially_accepted")
    submit("demo", "carried", "2026-11")
    submit("demo", "refused", PERIOD, state="rejected")
    found = inputs(plan_build(COUNTY, PERIOD))
    assert found == {
        "household": (f"register.household-{PERIOD}-a", False, 0),
        "member": (f"register.member-{PERIOD}-a", False, 0),
        "carried": (newest, True, 2),
    }


def test_the_register_must_have_been_received_once(clean_warehouse: Settings) -> None:
    submit("register", "household", PERIOD)
    submit("register", "member", "2026-12")
    assert plan_build(COUNTY, PERIOD) is None


def test_unchanged_inputs_are_not_planned_again(register: None) -> None:
    build_id = plan_build(COUNTY, PERIOD)
    publication(build_id, "live")
    assert plan_build(COUNTY, PERIOD) is None
    assert plan_build(COUNTY, PERIOD, force=True) is not None
    submit("demo", "late", PERIOD)
    assert plan_build(COUNTY, PERIOD) is not None


def test_earlier_months_that_a_build_reads_are_pinned_and_a_correction_of_one_plans_it_again(register: None) -> None:
    before = "2026-09"
    for department, feed in (("register", "household"), ("register", "member"), ("water", "supply")):
        submit(department, feed, before)
    submit("water", "supply", PERIOD)
    first = publication(plan_build(COUNTY, before), "live", period=before)
    build_id = plan_build(COUNTY, PERIOD)
    with connect(Role.OWNER) as connection:
        pinned = connection.execute(
            "select feed, period, submission_id from ops.build_history where build_id = %s order by feed", [build_id]
        ).fetchall()
    assert pinned == [
        ("household", before, f"register.household-{before}-a"),
        ("member", before, f"register.member-{before}-a"),
        ("supply", before, f"water.supply-{before}-a"),
    ]
    publication(build_id, "live")
    assert plan_build(COUNTY, PERIOD) is None
    with connect(Role.OWNER) as connection:
        connection.execute(
            "update ops.submission set state = 'superseded' where feed = 'supply' and period = %s", [before]
        )
    submit("water", "supply", before, name="b")
    assert plan_build(COUNTY, PERIOD) is None, "nothing is published of it so far"
    again = plan_build(COUNTY, before)
    with connect(Role.OWNER) as connection:
        connection.execute("update ops.publication set state = 'replaced' where publication_id = %s", [first])
    publication(again, "live", replaces=first, period=before)
    assert plan_build(COUNTY, PERIOD) is not None


def test_a_decision_about_a_link_plans_the_month_again(register: None) -> None:
    publication(plan_build(COUNTY, PERIOD), "live")
    decision()
    build_id = plan_build(COUNTY, PERIOD)
    assert build_id is not None
    publication(build_id, "rolled_back", 1)
    assert plan_build(COUNTY, PERIOD) is None, "the build that knew the decision was taken away"


def test_what_was_rolled_back_is_not_planned_again(register: None) -> None:
    good = publication(plan_build(COUNTY, PERIOD), "live")
    submit("demo", "wrong", PERIOD)
    publication(plan_build(COUNTY, PERIOD), "rolled_back", good)
    assert plan_build(COUNTY, PERIOD) is None
    submit("demo", "late", PERIOD)
    assert plan_build(COUNTY, PERIOD) is not None


def test_a_period_that_is_no_month_is_refused(clean_warehouse: Settings) -> None:
    with pytest.raises(ValueError, match=r"\[2026-13\]"):
        plan_build(COUNTY, "2026-13")
