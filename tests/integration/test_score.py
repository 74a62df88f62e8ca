"""One month of a small county through every room, then scored: all that was planted is found, nothing else is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.period import Period
from hearth.settings import Settings
from ingestion.commands import app
from ingestion.contract import contracts, departments
from ingestion.sample.conclusions import GUARANTEES
from ingestion.sample.county import write_county
from ingestion.sample.score import below, read_warehouse, score_against
from ingestion.sample.score_model import Score
from ingestion.sample.score_report import read_floors
from tests.conftest import empty
from tests.integration.explained import (
    check_books,
    check_every_cell,
    check_frozen,
    check_looks,
    check_one_cell,
    check_zero_items,
)

FLOOR = Path(__file__).parents[1] / "score_floor.yaml"
COUNTY, HOUSEHOLDS, SEED = "530524", 150, 7


def run_months(periods: Sequence[Period], households: int, seed: int, key: Path) -> None:
    """Sample, intake, build, gate and switch of each month, as the scheduler would run them."""
    from expectations.gate import run_gate
    from hearth.dbt import LAYERS, build_layer
    from ingestion.intake import discover, take
    from publishing.deploy import deploy
    from publishing.plan import plan_build
    from publishing.switch import publish

    write_county(periods, households, seed, bucket(), key=key)
    deploy()
    for owner in (*departments(), None):
        for inbox_key in discover(owner):
            take(inbox_key)
    for period in periods:
        build_id = plan_build(COUNTY, str(period))
        assert build_id is not None
        for layer in LAYERS:
            build_layer(layer, build_id=build_id, county_code=COUNTY, period=str(period))
        run_gate(build_id).raise_if_blocked()
        publish(build_id)


@pytest.fixture(scope="module")
def key(warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published once for all tests of this file; the one that spoils it comes last."""
    empty(warehouse)
    folder = tmp_path_factory.mktemp("score") / "key"
    run_months([Period(2026, 10)], HOUSEHOLDS, SEED, folder)
    return folder


@pytest.mark.usefixtures("key")
def test_every_published_number_can_be_asked_why(tmp_path: Path) -> None:
    check_every_cell()
    check_one_cell(tmp_path)
    check_looks()
    check_zero_items()
    check_books()
    check_frozen()


def _assert_perfect(score: Score) -> None:
    # What needs several months to show (contradictions that last, signals that look back) is no matter of one.
    judged = {
        kind: texts
        for kind, texts in score.differences.items()
        if not kind.startswith(("contradiction", "W-", "T-", "E", "X"))
    }
    assert not judged, json.dumps(judged, ensure_ascii=False, indent=1)
    assert below(score, read_floors(FLOOR)) == []
    assert sum(rule.planted for rule in score.rules.values()) > 30
    assert len(score.links) == 15  # all feeds but pipes and wires, whose rows are no household's
    assert score.links.keys() <= contracts().keys()
    for name in GUARANTEES:
        assert sum(sum(row.values()) for row in score.states[name].confusion.values()) > HOUSEHOLDS * 0.9


def _assert_clues_go_out_and_a_contradiction_can_be_waived() -> None:
    """What a close leaves for people, from the same published month."""
    from publishing.contradictions import ContradictionWaiverError, waive, waivers, withdraw
    from publishing.push_list import send, signals

    found = signals(COUNTY, "2026-10")
    keys = send(COUNTY, "2026-10")
    assert found
    assert {one.raised_by for one in found} <= {key.split("/")[1] for key in keys}
    waiting = {one.township_code for one in found if one.township_code and one.close_reason is None}
    assert waiting <= {key.split("/")[1] for key in keys}
    with connect(Role.OWNER) as connection:
        asked = connection.execute(
            "select rule_id, household_no from marts.fct_contradiction"
            " where state = 'open' and subject_kind = 'household' and rule_id > 'XD-03' order by 1, 2 limit 1"
        ).fetchone()
    assert asked is not None
    until = Period(2026, 12)
    (number,) = waive(COUNTY, *asked, until=until, reason="两边都对", given_by="甲")
    assert next((one.waiver_id, one.household_no) for one in waivers(COUNTY)) == (number, asked[1])
    withdraw(number, from_period=Period(2026, 11), reason="登记有误", withdrawn_by="乙")
    for rule_id, household_no, last, why in (
        (*asked, Period(2026, 9), "is over"),
        (asked[0], "5205990000000000", until, "nothing of"),
        ("XD-99", asked[1], until, "is no rule"),
        ("W-03", asked[1], until, "may not be waived"),
    ):
        with pytest.raises(ContradictionWaiverError, match=why):
            waive(COUNTY, rule_id, household_no, until=last, reason="r", given_by="甲")
    with pytest.raises(ContradictionWaiverError, match="withdrawn already"):
        withdraw(number, from_period=Period(2026, 11), reason="r", withdrawn_by="乙")


def _damage() -> None:
    """Spoil one thing of each kind in the warehouse, so that the score is known to look there."""
    with connect(Role.OWNER) as connection:
        for statement in (
            "delete from ops.row_finding where ctid = (select min(ctid) from ops.row_finding where rule_id = 'S-10')",
            "delete from identity.int_link__supply where ctid = (select min(ctid) from identity.int_link__supply"
            " where link_status = 'linked')",
            "update identity.int_link__insurance set household_key = other.household_key"
            " from (select household_key from identity.int_household order by 1 limit 1) as other"
            " where int_link__insurance.ctid = (select min(ctid) from identity.int_link__insurance"
            " where household_key <> (select min(household_key) from identity.int_household))",
            "delete from marts.fct_link_suggestion where candidate_rank = 1"
            " and (submission_id, source_sheet, source_row) ="
            " (select submission_id, source_sheet, source_row from marts.fct_link_suggestion where path_code = 'typo'"
            " order by 1, 2, 3 limit 1)",
            "update marts.fct_household_month set housing_state = 'met' where household_key ="
            " (select min(household_key) from marts.fct_household_month where housing_state = 'unknown')",
            "update marts.fct_guarantee_region_month set met = met + 1, universe = universe + 1"
            " where level_code = 'county' and guarantee = 'water'",
            "update marts.fct_indicator_month set numerator = numerator + 1"
            " where level_code = 'county' and indicator_code = 'GUA-06'",
        ):
            assert connection.execute(statement.encode()).rowcount == 1


def test_everything_planted_is_found_nothing_else_is_said_and_damage_shows(key: Path, tmp_path: Path) -> None:
    _assert_perfect(score_against(read_warehouse(), key))
    _assert_clues_go_out_and_a_contradiction_can_be_waived()
    target = tmp_path / "score.json"
    ran = CliRunner().invoke(app, ["score", "--key", str(key), "--json", str(target), "--floor", str(FLOOR)])
    assert ran.exit_code == 0, ran.output
    assert json.loads(target.read_text(encoding="utf-8"))["headline"]["rates_equal"] == 1.0
    _damage()
    ran = CliRunner().invoke(app, ["score", "--key", str(key), "--json", str(target), "--floor", str(FLOOR)])
    assert ran.exit_code == 1, ran.output
    figures = json.loads(target.read_text(encoding="utf-8"))["headline"]
    assert {name for name, floor in read_floors(FLOOR).items() if figures[name] != floor} == {
        "rule_recall",
        "link_precision",
        "link_recall",
        "suggested_typo",
        "state_agreement",
        "wrong_met",
        "rates_equal",
        "indicator_precision",
        "indicator_recall",
    }
