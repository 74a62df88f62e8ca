"""The sample county's later feeds: one truth in all of them, month after month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from hearth.period import Period
from ingestion.checks import run_checks
from ingestion.contract import Demand, contracts
from ingestion.nil_return import check_nil_return, is_nil_return
from ingestion.read import read_table, type_table
from ingestion.reference_data import parameter, parameters
from ingestion.sample import defects
from ingestion.sample.care import signed, visits
from ingestion.sample.county import write_county
from ingestion.sample.habits import habits
from ingestion.sample.happenings import _merged
from ingestion.sample.months import months
from ingestion.sample.networks import outages, transformers, voltages, waterworks
from ingestion.sample.places import places
from ingestion.sample.records import Record, households, members
from ingestion.sample.services import houses, meters, taps
from ingestion.sample.state import State
from ingestion.sample.welfare import disabled, supported
from ingestion.sample.works import renovations

SEED = 7
NEW = {
    "civil_affairs.disability_subsidy",
    "civil_affairs.tekun",
    "education.aid",
    "health.contract",
    "health.settlement",
    "housing.renovation",
    "power.outage",
    "power.transformer",
    "power.voltage",
    "water.scheme",
}


def _county(*periods: Period, size: int = 600) -> Iterator[State]:
    return months(size, SEED, places("530524"), periods)


def _column(records: list[Record], name: str) -> list[object]:
    return [record.values[name] for record in records]


def test_every_contract_has_a_habit_and_every_new_feed_four_kinds_of_fault() -> None:
    assert set(habits().feeds) == set(contracts())
    for feed_id in NEW:
        assert len({(plan.kind, plan.column) for plan in habits().feeds[feed_id].defects}) >= 4


def test_a_change_of_the_contract_changes_the_sample() -> None:
    """Headers come from the contract, a column that becomes required is sent, one that is gone is an error."""
    contract, habit = contracts()["power.outage"], habits().feeds["power.outage"]
    sent = habit.columns(contract)
    optional = next(column for column in contract.columns if column.loaded and column not in sent)
    renamed = replace(sent[1], headers=tuple(replace(header, text=f"新{header.text}") for header in sent[1].headers))
    swapped = {id(sent[1]): renamed, id(optional): replace(optional, demand=Demand.VALUE)}
    columns = tuple(swapped.get(id(column), column) for column in contract.columns)
    changed = habit.columns(replace(contract, columns=columns))
    assert {column.name for column in changed} == {column.name for column in sent} | {optional.name}
    assert habit.title(renamed) == habit.title(sent[1]).replace(habit.header(sent[1]).text, habit.header(renamed).text)
    gone = tuple(column for column in columns if column.name != habit.optional[0])
    with pytest.raises(ValueError, match=f"names columns the contract lacks.*{habit.optional[0]}"):
        habit.columns(replace(contract, columns=gone))


@pytest.mark.parametrize("feed_id", sorted(NEW))
def test_every_kind_of_fault_is_found_by_its_rule(
    feed_id: str, dense: dict[str, tuple[bytes, str, list[tuple[str, str, int]]]]
) -> None:
    content, name, planted = dense[feed_id]
    contract, period = contracts()[feed_id], Period(2026, 10)
    typed = type_table(read_table(content, name, contract, period), period, "530524")
    checked = run_checks(typed, period, parameters(period.last_day, "530524"))
    findings = [*typed.raw.findings, *typed.findings, *checked.findings]
    found = {(finding.sheet, finding.row, finding.rule_id) for finding in findings if finding.severity == "error"}
    assert [fault for fault in planted if (fault[1], fault[2], fault[0]) not in found] == []
    assert {(sheet, row) for sheet, row, _ in found} == {(sheet, row) for _, sheet, row in planted}
    assert len({rule for rule, _, _ in planted}) >= 4


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, str, list[tuple[str, str, int]]]]:
    """Feed id -> bytes, name, faults, in a month so bad (two rows of five) that small files hold every kind."""
    root = tmp_path_factory.mktemp("dense")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defects, "SHARE", 0.4)
        manifest = write_county([Period(2026, 10)], 700, SEED, root)
    return {
        f"{file.department}.{file.feed}": (
            (root / file.path).read_bytes(),
            Path(file.path).name,
            [(defect.rule_id, defect.sheet, defect.row) for defect in file.defects],
        )
        for file in manifest.good()
    }


def test_a_month_without_events_is_declared(tmp_path: Path) -> None:
    manifest = write_county([Period(2026, 9)], 60, SEED, tmp_path)
    (file,) = manifest.good("education.aid")
    assert (file.is_nil, file.rows, file.defects) == (True, 0, ())
    name = Path(file.path).name
    assert is_nil_return(name)
    period = Period(2026, 9)
    scan_rows = int(parameter("header_scan_rows", period.last_day))
    check_nil_return((tmp_path / file.path).read_bytes(), name, contracts()["education.aid"], period, scan_rows)
    assert not any(each.is_nil for each in manifest.files if each.feed != "aid")


def test_pipes_and_wires_lead_somewhere() -> None:
    (state,) = _county(Period(2026, 10))
    schemes = {(row.values["scheme_no"], row.place.code): row.values for row in waterworks(state)}
    central = [row for row in taps(state) if row.values["scheme_no"] is not None]
    drinkers = Counter((row.values["scheme_no"], row.place.code) for row in central)
    for address, count in drinkers.items():
        assert schemes[address]["served_register_household_count"] == count
    assert {row.values["scheme_name"] for row in central} <= {values["scheme_name"] for values in schemes.values()}
    assert len({number for number, _ in schemes}) < len(schemes)  # some serve two villages

    districts = {row.values["transformer_no"]: row.values for row in transformers(state)}
    accounts = Counter(row.values["transformer_no"] for row in meters(state))
    assert all(districts[number]["household_count"] == count for number, count in accounts.items())
    assert {"1", "2"} == {values["ownership_code"] for values in districts.values()}
    for row in outages(state):
        whole = districts[row.values["transformer_no"]]
        assert 0 < int(str(row.values["affected_household_count"])) <= int(str(whole["household_count"]))
    assert {number for number in _column(voltages(state), "transformer_no") if number} <= set(districts)


def test_a_running_outage_is_sent_again_when_it_ended() -> None:
    keys: dict[Period, dict[object, object]] = {}
    for state in _county(Period(2026, 9), Period(2026, 10)):
        keys[state.period] = {
            (row.values["transformer_no"], row.values["started_at"]): row.values["ended_at"] for row in outages(state)
        }
    running = [key for key, ended in keys[Period(2026, 9)].items() if ended is None]
    assert running
    assert all(keys[Period(2026, 10)][key] is not None for key in running)


def test_some_scheme_fails_and_is_mended() -> None:
    results: dict[object, list[object]] = defaultdict(list)
    for state in _county(*(Period(2026, month) for month in range(1, 13)), size=40):
        for row in waterworks(state):
            results[row.values["scheme_no"]].append(row.values["quality_result_code"])
    assert any("2" in found and found[-1] == "1" for found in results.values())


def test_bills_add_up_and_reversals_name_their_original() -> None:
    (state,) = _county(Period(2026, 10), size=3200)
    rows = [row.values for row in visits(state)]
    parts = ("basic_pay_yuan", "serious_illness_pay_yuan", "medical_aid_pay_yuan", "other_pay_yuan", "self_pay_yuan")
    for values in rows:
        assert float(str(values["total_cost_yuan"])) == pytest.approx(sum(float(str(values[part])) for part in parts))
    known = {values["settlement_no"]: values["total_cost_yuan"] for values in rows}
    reversals = [values for values in rows if values["is_reversal"]]
    assert reversals
    for values in reversals:
        assert known[values["original_settlement_no"]] == -float(str(values["total_cost_yuan"]))


def test_rolls_and_register_agree() -> None:
    (state,) = _county(Period(2026, 10), size=1500)
    people = {row.values["id_number"]: row.values for row in members(state) if row.values["member_change_code"] != "24"}
    listed = [row.values for row in supported(state) if row.values["stopped_month"] is None]
    on_roll = {values["id_number"] for values in listed}
    stated = {number for number, values in people.items() if values["stated_is_tekun"]}
    assert stated
    assert stated == on_roll & set(people)
    assert {"1", "2"} == {values["support_mode_code"] for values in listed}
    for row in disabled(state):
        certificate = str(row.values["disability_certificate_number"])
        assert certificate[:20] == f"{row.values['id_number']}{certificate[18:20]}"
        person = people.get(row.values["id_number"])
        assert person is None or person["disability_certificate_number"] == certificate[:20]
    assert set(_column(members(state), "id_number")) - set(_column(signed(state), "id_number")) <= {
        number for number, values in people.items() if values["member_change_code"] in {"21", "22", "23"}
    } | {row.values["id_number"] for row in members(state) if row.values["member_change_code"] == "24"}


def test_a_renovated_house_is_safe_again() -> None:
    history: dict[object, list[tuple[object, object]]] = defaultdict(list)
    for state in _county(*(Period(2025, 1).shift(turn) for turn in range(22)), size=1500):
        grades = {row.values["head_id_number"]: row.values["house_grade_code"] for row in houses(state)}
        for row in renovations(state):
            head = row.values["head_id_number"]
            history[row.values["archive_no"]].append((row.values["progress_code"], grades.get(head)))
    whole = [steps for steps in history.values() if steps[0][0] == "0" and steps[-1][0] == "3"]
    assert whole
    for steps in whole:
        progress = [str(step) for step, _ in steps]
        assert progress == sorted(progress)
        assert steps[0][1] in {"C", "D"}
    assert any(steps[-1][1] == "B" for steps in whole)
    assert any(steps[-1][0] in {"0", "1", "2"} for steps in history.values())


def test_households_live() -> None:
    changes: set[object] = set()
    heads: dict[object, set[object]] = defaultdict(set)
    for state in _county(*(Period(2025, 1).shift(turn) for turn in range(16)), size=2000):
        for row in households(state):
            changes.add(row.values["change_code"])
            heads[row.values["household_no"]].add(row.values["head_id_number"])
        rows = [row.values for row in members(state)]
        gone = {"21", "22", "23", "24"}
        here = [(values["id_number"]) for values in rows if values["member_change_code"] not in gone]
        assert len(here) == len(set(here))
    assert {"12", "13", "14", "15", "16", "17", "21", "22", "23"} <= changes
    assert any(len(names) > 1 for names in heads.values())


def test_whoever_is_taken_in_by_another_household_is_paid_once() -> None:
    """The household that ended lists the person once more, as gone; a subsidy does not end by that."""
    (state,) = _county(Period(2026, 9), size=200)
    for home in state.registered:
        if home.is_unaided and len(home.present(state.period)) == 1:
            home.head.disability = "42"
    rng = Random("taken in")  # noqa: S311 - invented data, not a secret
    homes = [home for home in state.registered if home.is_active(state.period)]
    assert any(_merged(state, rng, homes) for _ in range(20))
    (gone,) = [home for home in homes if home.gone == ("23", state.period) and home.head.disability == "42"][:1]
    assert gone.head.id_number in {record.values["id_number"] for record in disabled(state)}
    assert max(Counter(record.values["id_number"] for record in disabled(state)).values()) == 1
