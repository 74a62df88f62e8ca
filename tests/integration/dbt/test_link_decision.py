"""What persons decided about rows is replayed by every build that was planned later, and by no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from hearth.database import Role, connect
from hearth.dbt import PROJECT_DIR, run_dbt
from hearth.settings import Settings
from ingestion.commands import app
from ingestion.contract import contracts
from ingestion.link_decision import (
    DecisionRefused,
    Subject,
    Verdict,
    account_column,
    decide,
    in_force,
    subject_of,
    token_column,
)
from publishing.plan import plan_build
from tests.integration.dbt import county
from tests.integration.dbt.county import household_no
from tests.integration.expectations.candidate import COUNTY

MODELS = "+int_link__insurance +int_link__connection"
AGAIN = "stg_ops__link_decision int_link_decision int_link__insurance int_link__connection"
PERIOD = "2026-10"
PLACE = {"township_name": "漭水镇", "village_name": "漭水社区"}
INSURANCE: list[dict[str, Any]] = [
    {"id_link": "usable", "id_number_hash": "nobody"},
    {"id_link": "placeholder", "id_number_hash": "999", "person_name_hash": "name-a", **PLACE},
    {"id_link": "usable", "id_number_hash": county.adult(3)},
    {"id_link": "usable", "id_number_hash": county.adult(4), "household_no": household_no(5)},
    {"id_link": "missing", "id_number_hash": None, "person_name_hash": "name-b", **PLACE},
    {"id_link": "usable", "id_number_hash": county.adult(6)},
    {"id_link": "missing", "person_name_hash": None},
]
STRANGER, NAMELESS, WRONG, TWO_WAYS, NEVER, RIGHT, NOTHING = range(2, 9)
"""Rows of the insurance list."""


def rows(query: str) -> list[tuple[Any, ...]]:
    with connect(Role.BUILDER) as connection:
        return connection.execute(query.encode()).fetchall()


def links(feed: str = "insurance") -> dict[int, tuple[str, str | None, str | None]]:
    found = rows(
        "select source_row, link_status, link_path, right(household_no, 2)"
        f" from identity.int_link__{feed} left join identity.household_key_map using (household_key)"
    )
    return {row: (status, path, number) for row, status, path, number in found}


def build(build_id: int, models: str = MODELS) -> None:
    run_dbt("build", models, build_id=build_id, county_code=COUNTY, period=PERIOD)


def about(row: int, feed_id: str = "health.insurance") -> Subject:
    with connect(Role.LOADER) as connection:
        return subject_of(connection, f"{PERIOD}-{feed_id}", "Sheet1", row)


def told(*words: str) -> str:
    done = CliRunner().invoke(app, ["link", *words])
    return f"{done.exit_code} {done.output}"


@pytest.fixture(scope="module")
def before(warehouse: Settings) -> Iterator[tuple[int, dict[int, Any]]]:
    """A build from before any decision, and its links."""
    county.empty()
    content = county.feeds()
    county.load(
        PERIOD,
        {
            "register.household": content["register.household"],
            "register.member": content["register.member"],
            "health.insurance": INSURANCE,
            "power.connection": [{"account_no": "0600000001", "account_name_hash": "name-c", **PLACE}],
        },
    )
    build_id = plan_build(COUNTY, PERIOD)
    assert build_id is not None
    build(build_id)
    yield build_id, links()
    county.empty()


def test_decisions_are_replayed_by_builds_planned_later_only(before: tuple[int, dict[int, Any]]) -> None:
    first, found = before
    assert found == {
        STRANGER: ("not_in_register", None, None),
        NAMELESS: ("no_key", None, None),
        WRONG: ("linked", "person", "03"),
        TWO_WAYS: ("conflict", None, None),
        NEVER: ("no_key", None, None),
        RIGHT: ("linked", "person", "06"),
        NOTHING: ("no_key", None, None),
    }

    def say(row: int, household: int, verdict: Verdict, feed_id: str = "health.insurance") -> None:
        decide(about(row, feed_id), household_no(household), verdict, by="王主任", reason="入户核实")

    say(STRANGER, 1, Verdict.SAME)
    say(NAMELESS, 2, Verdict.SAME)
    say(WRONG, 3, Verdict.NOT_SAME)
    say(TWO_WAYS, 4, Verdict.NOT_SAME)
    say(NEVER, 7, Verdict.NOT_SAME)
    say(2, 9, Verdict.SAME, "power.connection")

    build(first, AGAIN)
    assert links() == found, "the build was planned before the decisions"

    second = plan_build(COUNTY, PERIOD)
    assert second is not None
    build(second, AGAIN)
    assert links() == {
        STRANGER: ("linked", "decision", "01"),
        NAMELESS: ("linked", "decision", "02"),
        WRONG: ("not_in_register", None, None),
        TWO_WAYS: ("linked", "direct", "05"),
        NEVER: ("no_key", None, None),
        RIGHT: ("linked", "person", "06"),
        NOTHING: ("no_key", None, None),
    }
    assert links("connection") == {2: ("linked", "decision", "09")}


def test_a_decision_is_known_by_what_the_row_has_next_month(before: tuple[int, dict[int, Any]]) -> None:
    assert about(STRANGER) == Subject("health.insurance", id_number_hash="nobody")
    by_name = Subject("health.insurance", person_name_hash="name-a", township_name="漭水镇", village_name="漭水社区")
    assert about(NAMELESS) == by_name, "a placeholder tells nobody"
    assert about(2, "power.connection").account_no == "0600000001"
    with pytest.raises(DecisionRefused, match="nothing would tell it again"):
        about(NOTHING)
    with pytest.raises(DecisionRefused, match="no row"):
        about(99)


def test_a_contradiction_needs_the_decision_that_it_supersedes(before: tuple[int, dict[int, Any]]) -> None:
    row = f"{PERIOD}-health.insurance", f"Sheet1!{RIGHT}"
    said = "--by", "王主任", "--reason", "户主来电"
    assert told("decide", *row, household_no(6), "--not-same", *said).startswith("0 认定")
    with connect(Role.LOADER) as connection:
        (held,) = in_force(connection, about(RIGHT))
    assert f"[{held.decision_id}] not_same" in told("decide", *row, household_no(6), "--same", *said)
    number = str(held.decision_id)
    assert told("decide", *row, household_no(6), "--same", "--supersedes", number, *said).startswith("0 ")
    assert "1 decision" in told("decide", *row, household_no(6), "--not-same", "--supersedes", number, *said)
    with connect(Role.LOADER) as connection:
        (held,) = in_force(connection, about(RIGHT))
    assert "already decided" in told("decide", *row, household_no(5), "--same", *said), "a row is of one household"
    assert told("decide", *row, household_no(5), "--not-same", *said).startswith("0 ")
    gone = told("decide", *row, household_no(6), "--withdraw", "--supersedes", str(held.decision_id), *said)
    assert gone.startswith("0 ")
    with connect(Role.LOADER) as connection:
        assert [item.household_no for item in in_force(connection, about(RIGHT))] == [household_no(5)]
    assert "never on the register" in told("decide", *row, "520099", "--same", *said)
    assert "named person" in told("decide", *row, household_no(8), "--same", "--by", " ", "--reason", "x")
    assert "nobody" not in told("decisions")


def test_a_decision_is_never_changed(before: tuple[int, dict[int, Any]]) -> None:
    for role in (Role.LOADER, Role.PUBLISHER, Role.BUILDER):
        with connect(role) as connection:
            found = connection.execute(
                "select has_table_privilege('ops.link_decision', 'update'),"
                " has_table_privilege('ops.link_decision', 'delete')"
            ).fetchone()
        assert found == (False, False), role


def test_decisions_and_builds_know_a_row_by_the_same_columns() -> None:
    """The macro is told its columns by hand; the command finds them in the contract."""
    told_by_hand = {}
    for path in sorted((PROJECT_DIR / "models" / "identity").glob("int_link__*.sql")):
        text = path.read_text(encoding="utf-8")
        words = dict(re.findall(r"(id_hash|name_hash|account_no)='(\w+)'", text))
        feed = re.search(r"ref\('stg_(\w+?)__(\w+)'\)", text)
        if words and feed:
            told_by_hand[f"{feed[1]}.{feed[2]}"] = words
    assert len(told_by_hand) > 10
    for feed_id, words in told_by_hand.items():
        contract = contracts()[feed_id]
        found = {
            "id_hash": token_column(contract, "id_number"),
            "name_hash": token_column(contract, "person_name"),
            "account_no": account_column(contract),
        }
        assert {key: value for key, value in found.items() if value} == words, feed_id
