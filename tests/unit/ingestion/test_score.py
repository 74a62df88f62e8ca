"""The answer key and the scorer, without a warehouse: a perfect one is made from the key, then spoilt."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hearth.period import Period
from hearth.settings import settings
from ingestion.contract import contracts
from ingestion.sample.answer_key import AnswerKey, rates
from ingestion.sample.county import write_county
from ingestion.sample.key_tables import TABLES, read_table
from ingestion.sample.manifest import Manifest
from ingestion.sample.months import months
from ingestion.sample.people import ISSUING_PREFIX
from ingestion.sample.places import places
from ingestion.sample.population import Household
from ingestion.sample.score import STATES, Found, below, score_against
from ingestion.sample.score_model import Score
from ingestion.sample.score_remarks import score_remarks
from ingestion.sample.score_report import read_floors

COUNTY, HOUSEHOLDS, SEED = "530524", 120, 7
SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
NOT_COMPUTED = {"CIV-05", "POV-07"}
"""The grade of a disability is in a number kept as a hash only; no month reads the stock of last December."""
FLOORS = read_floors(Path(__file__).parents[2] / "score_floor.yaml")


def _make(periods: tuple[Period, ...], root: Path, folder: Path) -> Manifest:
    return write_county(periods, HOUSEHOLDS, SEED, root, key=folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    root = tmp_path_factory.mktemp("key")
    return root / "key", _make((SEPTEMBER, OCTOBER), root / "bucket", root / "key")


@pytest.fixture
def key(made: tuple[Path, Manifest]) -> Path:
    return made[0]


def _tables(folder: Path) -> dict[str, list[str]]:
    return {
        name: sorted(map(repr, read_table(folder, name)))
        for name in (*TABLES, "indicators", "states", "signals", "candidates", "stories")
    }


def test_the_key_does_not_change_the_files(made: tuple[Path, Manifest], tmp_path: Path) -> None:
    assert write_county((SEPTEMBER, OCTOBER), HOUSEHOLDS, SEED, tmp_path) == made[1]


def test_month_by_month_gives_the_same_key(key: Path, tmp_path: Path) -> None:
    for period in (SEPTEMBER, OCTOBER):
        _make((period,), tmp_path / "bucket", tmp_path / "key")
    by_month, at_once = _tables(tmp_path / "key"), _tables(key)
    # Wholly bad files come in the first month of each run: the one table that may differ.
    assert {name: rows for name, rows in by_month.items() if name != "defects"} == {
        name: rows for name, rows in at_once.items() if name != "defects"
    }


def test_every_data_row_has_an_address_and_an_owner(made: tuple[Path, Manifest]) -> None:
    key, manifest = made
    links = read_table(key, "links")
    assert len({(row["sha256"], row["sheet"], row["row"]) for row in links}) == len(links)
    assert Counter(row["sha256"] for row in links) == {
        file.sha256: file.rows for file in manifest.good() if not file.is_nil
    }
    assert all(row["household_no"] for row in links if row["feed_id"].startswith("register."))
    planted = {(row["sha256"], row["sheet"], row["row"]) for row in read_table(key, "defects") if row["row"]}
    assert planted == {(row["sha256"], row["sheet"], row["row"]) for row in links if row["is_planted"]}


def test_no_id_number_and_no_name_is_in_the_key(key: Path) -> None:
    files = sorted(key.rglob("*.parquet"))
    assert {path.parent.name for path in files} == {key.name, *contracts(), *TABLES}
    text = json.dumps([pq.read_table(path).to_pylist() for path in files], ensure_ascii=False, default=str)
    numbers = {row["household_no"] for row in read_table(key, "households")}
    for number in numbers:  # household numbers begin like the invented ID numbers and are no secret
        text = text.replace(number, "")
    assert ISSUING_PREFIX not in text
    assert not {"person_name", "head_name", "id_number", "head_id_number"} & {
        name for path in files for name in pq.read_schema(path).names
    }


def test_whoever_moved_belongs_to_the_new_household() -> None:
    """Old households keep their people's places, and may come before or after the new one in any listing."""
    households, period = 3200, Period(2026, 10)
    (state,) = months(households, SEED, places(COUNTY), [period])
    lists: dict[str, list[Household]] = defaultdict(list)
    for home in state.households:
        for person in home.members:
            lists[person.id_number].append(home)
    moved = {id_number: homes for id_number, homes in lists.items() if len(homes) > 1}
    assert any(homes[-1].gone for homes in moved.values())  # an old household listed behind the new one
    key = AnswerKey(COUNTY)
    key.see_month(state)
    living = {
        id_number: home.number
        for id_number, homes in moved.items()
        for home in homes
        if any(each.id_number == id_number and each.is_member(period) for each in home.members)
    }
    assert len(living) > 5  # the others have died or left the county since
    assert {id_number: key.owner({"id_number": id_number})[0] for id_number in living} == living
    persons = Counter(key.tables().tables["persons"]["person"].to_pylist())
    assert set(persons.values()) == {1}
    assert len(persons) == len(lists)


def test_a_refused_member_row_takes_its_evidence_away(key: Path) -> None:
    links = [row for row in read_table(key, "links") if row["period"] == "2026-10"]
    refused = {row["person"] for row in links if row["feed_id"] == "register.member" and row["is_planted"]}
    mine = [row for row in links if row["feed_id"] == "health.insurance" and row["person"] in refused]
    assert mine
    assert not any(row["is_reachable"] for row in mine)


def test_a_household_that_was_refused_is_not_in_the_universe(key: Path) -> None:
    refused = {
        (row["period"], row["household_no"])
        for row in read_table(key, "links")
        if row["feed_id"] == "register.household" and row["is_planted"]
    }
    assert refused
    assert not refused & {(row["period"], row["household_no"]) for row in read_table(key, "guarantees")}


def test_stories_say_when_they_open_and_close_and_who_says_what(key: Path) -> None:
    stories = {row["story"]: row for row in read_table(key, "stories")}
    notes = [row for row in read_table(key, "remarks") if row["story"]]
    assert stories.keys() == {row["story"] for row in notes}
    for row in notes:
        story = stories[row["story"]]
        assert (story["opened"], story["closed"]) == (row["appears"], row["resolved"])
        assert row["period"] in story["said_in" if row["side"] == "false" else "denied_in"]
        assert row["feed_id"] in story["said_by" if row["side"] == "false" else "denied_by"]
        assert story["household_no"] in {row["household_no"], None}
        assert story["opened"] <= row["period"] < (story["closed"] or "9999-12")
    assert {row["family"] for row in stories.values()} == {"contradiction", "history", "look_alike"}
    assert {row["told_of"] for row in stories.values()} == {"household", "village"}
    assert all((row["not_rule_id"] is not None) == (row["effect"] == "accepted") for row in stories.values())
    assert any(row["said"].endswith("no row") and row["denied_in"] for row in stories.values())


def test_an_event_is_visible_when_its_rows_are_accepted(key: Path) -> None:
    links = {(row["period"], row["feed_id"], row["sheet"], row["row"]): row for row in read_table(key, "links")}
    events = read_table(key, "events")
    assert events
    for row in events:
        link = links[row["period"], row["feed_id"], row["sheet"], row["row"]]
        assert link["household_no"] == row["household_no"]
        assert link["is_reachable"] or not row["is_visible"]
        assert row["is_visible"] or row["other_row"] or not link["is_reachable"]
        assert (row["feed_id"] == "register.household") or link["person"] == row["person"]


def test_rates_of_all_levels_add_up(key: Path) -> None:
    sums: Counter[tuple[str, str, str]] = Counter()
    for row in read_table(key, "rates"):
        assert row["universe"] == row["met"] + row["unmet"] + row["unknown"]
        for name in ("universe", "met"):
            sums[f"{row['period']} {row['guarantee']}", name, row["level_code"]] += row[name]
    for month, name, _ in list(sums):
        assert len({sums[month, name, level] for level in ("village", "township", "county")}) == 1


def test_the_key_never_lies_in_the_bucket(tmp_path: Path) -> None:
    bucket = Path(settings().bucket.removeprefix("file://"))
    with pytest.raises(ValueError, match="below the bucket"):
        write_county((OCTOBER,), HOUSEHOLDS, SEED, tmp_path, key=bucket / "key")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- the scorer
def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)


@pytest.fixture
def perfect(key: Path) -> Found:
    defects, links = read_table(key, "defects"), read_table(key, "links")
    guarantees = read_table(key, "guarantees")
    return Found(
        findings=frozenset(((row["sha256"], row["sheet"] or "", row["row"] or 0), row["rule_id"]) for row in defects),
        received=frozenset(row["sha256"] for row in (*defects, *links)),
        links={
            (row["sha256"], row["sheet"], row["row"]): (row["household_no"], "direct")
            for row in links
            if row["period"] == "2026-10" and row["is_reachable"]
        },
        link_period="2026-10",
        linked_feeds=frozenset(row["feed_id"].partition(".")[2] for row in links),
        states={
            (row["period"], row["household_no"]): {name: row[f"{name}_state"] for name in STATES} for row in guarantees
        },
        warnings=frozenset(
            ((row["sha256"], row["sheet"] or "", row["row"] or 0), row["rule_id"])
            for row in read_table(key, "remarks")
            if row["effect"] == "warned" and row["side"] == "false"
        ),
        rates={
            (row["period"], row["region_code"], row["guarantee"]): (
                row["universe"],
                row["met"],
                row["unmet"],
                row["unknown"],
            )
            for row in rates(guarantees)
        },
        indicators={
            (row["period"], row["indicator_code"], row["part"], row["region_code"]): (
                _rounded(row["expected_numerator"]),
                _rounded(row["expected_denominator"]),
                _rounded(row["expected_unknown"]),
            )
            for row in read_table(key, "indicators")
            if row["expected_numerator"] is not None and row["indicator_code"] not in NOT_COMPUTED
        },
        suggested={
            (row["sha256"], row["sheet"], row["row"]): [(row["household_no"], row["hint"])]
            for row in links
            if row["hint"]
        },
        counting=frozenset(row["sha256"] for row in links),
    )


def _fallen(found: Found, key: Path) -> set[str]:
    return {text.split(":")[0] for text in below(score_against(found, key), FLOORS)}


def test_a_perfect_warehouse_stands_above_every_floor(perfect: Found, key: Path) -> None:
    score = score_against(perfect, key)
    assert below(score, FLOORS) == []
    assert score.differences == {}
    assert json.loads(score.to_json())["headline"]["rule_recall"] == 1.0


def test_a_missed_fault_and_a_false_alarm_are_seen(perfect: Found, key: Path) -> None:
    missed = min(perfect.findings)
    assert _fallen(replace(perfect, findings=perfect.findings - {missed}), key) == {"rule_recall"}
    sound = next(iter(perfect.links))
    assert _fallen(replace(perfect, findings=perfect.findings | {(sound, "S-10")}), key) == {"rule_precision"}
    wrong_rule = perfect.findings - {missed} | {(missed[0], "S-99")}
    assert _fallen(replace(perfect, findings=wrong_rule), key) == {"rule_recall"}


def test_a_good_file_refused_is_a_false_alarm(perfect: Found, key: Path) -> None:
    file = next(row["sha256"] for row in read_table(key, "links"))
    refused = replace(perfect, findings=perfect.findings | {((file, "", 0), "F-18")})
    assert score_against(refused, key).rules["F-18"].false_alarms == 1


def test_a_look_alike_that_is_accused_is_seen(perfect: Found, key: Path) -> None:
    alike = [row for row in read_table(key, "remarks") if row["effect"] == "accepted" and row["row"]]
    accused = ((alike[0]["sha256"], alike[0]["sheet"], alike[0]["row"]), alike[0]["not_rule_id"])
    assert _fallen(replace(perfect, warnings=perfect.warnings | {accused}), key) == {"look_alikes_accused"}
    as_error = _fallen(replace(perfect, findings=perfect.findings | {accused}), key)
    assert as_error == {"look_alikes_accused", "rule_precision"}


def test_wrong_and_missed_links_are_seen(perfect: Found, key: Path) -> None:
    first, second = [address for address, (number, _) in perfect.links.items() if number][:2]
    swapped = {**perfect.links, first: ("no such household", "person")}
    assert _fallen(replace(perfect, links=swapped), key) == {"link_precision"}
    gone = {address: link for address, link in perfect.links.items() if address != second}
    assert _fallen(replace(perfect, links=gone), key) == {"link_recall"}
    sound = [row for row in read_table(key, "links") if row["period"] == "2026-10" and not row["is_planted"]]
    outsider = next(row for row in sound if row["household_no"] is None)
    linked = {**perfect.links, (outsider["sha256"], outsider["sheet"], outsider["row"]): perfect.links[first]}
    assert _fallen(replace(perfect, links=linked), key) == {"link_precision"}


@pytest.mark.parametrize(
    ("truth", "said", "figures"),
    [
        ("unmet", "met", {"wrong_met", "state_agreement"}),
        ("unknown", "met", {"wrong_met", "state_agreement"}),
        ("met", "unmet", {"wrong_unmet", "state_agreement"}),
        ("met", "unknown", {"state_agreement"}),
    ],
)
def test_wrong_states_are_seen(perfect: Found, key: Path, truth: str, said: str, figures: set[str]) -> None:
    place, states = next((place, states) for place, states in perfect.states.items() if states["housing"] == truth)
    spoilt = {**perfect.states, place: {**states, "housing": said}}
    score = score_against(replace(perfect, states=spoilt), key)
    assert score.states["housing"].confusion[truth][said] == 1
    assert {text.split(":")[0] for text in below(score, FLOORS)} == figures


def test_a_household_too_few_or_too_many_is_seen(perfect: Found, key: Path) -> None:
    place = min(perfect.states)
    fewer = {other: found for other, found in perfect.states.items() if other != place}
    assert _fallen(replace(perfect, states=fewer), key) == {"state_agreement"}
    all_met = dict.fromkeys(STATES, "met")
    more = {**perfect.states, ("2026-10", "nobody"): all_met}
    assert _fallen(replace(perfect, states=more), key) == {"state_agreement", "wrong_met"}


def test_a_rate_that_differs_is_seen(perfect: Found, key: Path) -> None:
    place, (universe, met, unmet, unknown) = next(iter(perfect.rates.items()))
    spoilt = {**perfect.rates, place: (universe, met + 1, unmet, unknown - 1)}
    assert _fallen(replace(perfect, rates=spoilt), key) == {"rates_equal"}


def test_indicators_the_warehouse_does_not_compute_are_no_pass(perfect: Found, key: Path) -> None:
    node = json.loads(score_against(perfect, key).to_json())["indicators"]
    computed = {code for code, one in node.items() if one["is_computed"]}
    assert not computed & NOT_COMPUTED
    assert {one["recall"] for code, one in node.items() if code in computed} == {1.0}
    assert {one["recall"] for code, one in node.items() if code not in computed} == {None}
    assert node["CIV-05"]["in_key"] > 0
    fewer = {place: counts for place, counts in perfect.indicators.items() if place[1] != "GUA-06"}
    assert _fallen(replace(perfect, indicators=fewer), key) == {"indicators_computed"}


def test_an_indicator_that_differs_is_seen(perfect: Found, key: Path) -> None:
    place, (numerator, denominator, unknown) = next(iter(perfect.indicators.items()))
    spoilt = {**perfect.indicators, place: ((numerator or 0) + 1, denominator, unknown)}
    fallen = {"indicator_precision", "indicator_recall"}
    assert _fallen(replace(perfect, indicators=spoilt), key) == fallen
    gone = {other: counts for other, counts in perfect.indicators.items() if other != place}
    assert _fallen(replace(perfect, indicators=gone), key) == {"indicator_recall"}


def test_most_truth_lies_within_the_bounds(perfect: Found, key: Path) -> None:
    """What is unknown may be either, so the true value lies between least and most, refused rows apart."""
    for code, one in score_against(perfect, key).indicators.items():
        if code in {"GUA-01", "GUA-02", "GUA-03", "GUA-07"}:
            assert one.truth_inside / one.truth_compared > 0.9, code


def test_suggestions_are_told_apart_by_path(perfect: Found, key: Path) -> None:
    found = score_against(perfect, key).suggestions
    assert found.keys() == {"typo", "fifteen_digit", "name_village"}
    for path, one in found.items():
        assert one.due == one.first == one.among == one.said == one.right > 0, path
    hints = {
        (row["sha256"], row["sheet"], row["row"]): row["hint"]
        for row in read_table(key, "links")
        if row["hint"] == "typo"
    }
    first, second = list(hints)[:2]
    stranger = next(
        (row["sha256"], row["sheet"], row["row"]) for row in read_table(key, "links") if row["household_no"] is None
    )
    truth = perfect.suggested[first][0]
    changed = {
        **perfect.suggested,
        first: [("another", "name_village"), truth],
        second: [],
        stranger: [("another", "typo")],
    }
    spoilt = score_against(replace(perfect, suggested=changed), key).suggestions["typo"]
    due = len(hints)
    assert (spoilt.due, spoilt.first, spoilt.among, spoilt.said, spoilt.astray) == (due, due - 2, due - 1, due - 1, 1)
    assert spoilt.right == due - 2


def test_links_are_told_apart_by_path(perfect: Found, key: Path) -> None:
    ways = {
        (row["sha256"], row["sheet"], row["row"]): row["link_path"]
        for row in read_table(key, "links")
        if row["period"] == "2026-10"
    }
    assert set(ways.values()) == {"direct", "person", "head", "account", None}
    by_head = next(address for address, way in ways.items() if way == "head")
    links = {address: (number, ways[address]) for address, (number, _) in perfect.links.items() if address != by_head}
    paths = score_against(replace(perfect, links=links), key).paths()
    assert {way for way, one in paths.items() if one.missed} == {"head"}
    assert all(one.right > 5 and not one.wrong for one in paths.values())


def test_faults_are_told_apart_by_kind(perfect: Found, key: Path) -> None:
    gone = next(row for row in read_table(key, "defects") if row["kind"] == "numeric")
    spoilt = perfect.findings - {((gone["sha256"], gone["sheet"], gone["row"]), gone["rule_id"])}
    kinds = score_against(replace(perfect, findings=spoilt), key).kinds
    assert len(kinds) > 10
    assert {kind for kind, one in kinds.items() if one.found < one.planted} == {"numeric"}


def test_an_empty_warehouse_never_passes(key: Path) -> None:
    empty = Found(frozenset(), frozenset(), {}, None, frozenset(), {}, {})
    assert _fallen(empty, key) == set(FLOORS)


def test_a_floor_for_an_unknown_figure_is_refused(perfect: Found, key: Path) -> None:
    with pytest.raises(ValueError, match="no score has"):
        below(score_against(perfect, key), {"rule_recal": 1.0})


def test_due_warnings_and_look_alikes() -> None:
    def remark(number: int, effect: str, rule: str, **more: str) -> dict[str, object]:
        names = {"rule_id": None, "not_rule_id": None, "side": "false", "path": "p", "sheet": "S", "sha256": "f"}
        key = "not_rule_id" if effect == "accepted" else "rule_id"
        return names | {"kind": f"{effect} kind", "effect": effect, "row": number, key: rule} | more

    remarks = [
        *(remark(number, "warned", "R-REG-07") for number in (1, 2, 3)),
        *(remark(number, "accepted", "R-ALL-01") for number in (4, 5)),
        remark(6, "later", "XD-01"),
        remark(7, "later", "XD-01", side="true"),
        remark(8, "warned", "R-REG-07", sha256="never taken"),
    ]
    score = Score()
    score_remarks(
        score,
        remarks,
        findings=frozenset({(("f", "S", 5), "R-ALL-01"), (("f", "S", 4), "S-10")}),
        warnings=frozenset({(("f", "S", 1), "R-REG-07"), (("f", "S", 2), "R-REG-08"), (("f", "S", 3), "R-REG-07")}),
        received=frozenset({"f"}),
    )
    counts = {name: (one.planted, one.said) for name, one in score.remarks.items()}
    assert counts == {"warned kind": (3, 2), "accepted kind": (2, 1), "later kind": (1, 0)}
    assert score.headline()["warning_recall"] == pytest.approx(2 / 3)
    assert score.headline()["look_alikes_accused"] == 1
    assert set(score.differences) == {"warning missed", "look-alike accused"}
    assert below(score, {"warning_recall": 0.6, "look_alikes_accused": 1}) == []
    assert len(below(score, {"warning_recall": 1.0, "look_alikes_accused": 0})) == 2
