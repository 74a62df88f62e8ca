"""Compares what the warehouse found with the answer key: findings, links, states, rates, indicators.

Everything of the warehouse is read first, by the roles that may, and only then is the key opened. Links are tables of
the newest build, so they are scored for its month alone; findings and published months for every month of the key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import sql

from hearth.database import Role, connect
from ingestion.reference_data import indicators
from ingestion.sample.conclusions import GUARANTEES, MET, UNMET
from ingestion.sample.key_tables import load_table, months_of, read_table
from ingestion.sample.score_contradictions import Episode, read_ledger, score_contradictions
from ingestion.sample.score_events import DatedEvent, read_events, score_events
from ingestion.sample.score_model import (
    IndicatorScore,
    KindScore,
    LinkScore,
    PathScore,
    RateScore,
    RuleScore,
    Score,
    StateScore,
)
from ingestion.sample.score_outlook import Asked, Entry, read_outlook, score_outlook
from ingestion.sample.score_remarks import score_remarks
from ingestion.sample.score_suggestions import Suggested, read_suggestions, score_suggestions

STATES = (*GUARANTEES, "five", "seven")
ABSENT = "absent"
"""Not a state: the household is in the key or in the warehouse only."""
_COUNTS = ("universe", "met", "unmet", "unknown")
_INDICATOR_COUNTS = ("numerator", "denominator", "unknown")
_WHOLE_FILE = ("", 0)

Place = tuple[str, str, str, str]
Counts = tuple[float | None, float | None, float | None]
Address = tuple[str, str, int]
"""sha256 of the file, sheet, row; an empty sheet and row 0 for the whole file."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the warehouse says."""

    findings: frozenset[tuple[Address, str]]
    """Error findings: address, rule. A refused file has one at its whole address."""
    received: frozenset[str]
    """sha256 of the files taken."""
    links: Mapping[Address, tuple[str | None, str | None]]
    """Row -> household number and link path, of the newest build."""
    link_period: str | None
    linked_feeds: frozenset[str]
    """Feeds (without department) that the warehouse links; rows of the others are stored and not yet joined."""
    states: Mapping[tuple[str, str], Mapping[str, str]]
    """Month and household number -> guarantee -> state."""
    rates: Mapping[tuple[str, str, str], tuple[int, int, int, int]]
    """Month, region, guarantee -> universe, met, unmet, unknown."""
    warnings: frozenset[tuple[Address, str]] = frozenset()
    """Warnings on rows: address, rule."""
    indicators: Mapping[Place, Counts] = field(default_factory=dict)
    """Month, indicator, part, region -> numerator, denominator, unknown; of nobody there is nothing to compare."""
    events: tuple[DatedEvent, ...] | None = None
    """What happened when; None: not computed."""
    ledger: tuple[Episode, ...] | None = None
    """Contradictions; None: no ledger is kept."""
    outlook: frozenset[Entry] | None = None
    """Signals and candidates; None: not computed."""
    asked: Asked | None = None
    """Villages asked about; None: not computed."""
    suggested: Suggested = field(default_factory=dict)
    """Households that rows without one may mean."""
    counting: frozenset[str] = frozenset()
    """sha256 of the files that are neither refused nor replaced."""


# ---------------------------------------------------------------- reading the warehouse
def _findings() -> tuple[frozenset[tuple[Address, str]], frozenset[tuple[Address, str]], frozenset[str]]:
    """Errors, warnings, files taken."""
    found: dict[str, set[tuple[Address, str]]] = {"error": set(), "warning": set()}
    with connect(Role.LOADER) as connection:
        for severity, sha256, sheet, row, rule in connection.execute(
            "select f.severity, s.sha256, f.source_sheet, f.source_row, f.rule_id from ops.row_finding as f"
            " join ops.submission as s using (submission_id) where f.source_row > 0"
        ):
            found.setdefault(severity, set()).add(((sha256, sheet, row), rule))
        files = connection.execute("select sha256, state, reason_rule_id from ops.submission").fetchall()
    refused = {((sha256, *_WHOLE_FILE), rule or "") for sha256, state, rule in files if state == "rejected"}
    return frozenset(found["error"] | refused), frozenset(found["warning"]), frozenset(sha256 for sha256, _, _ in files)


def _links() -> tuple[dict[Address, tuple[str | None, str | None]], str | None, frozenset[str]]:
    """Link decisions of the newest build, its month, the feeds linked; the tables hold one build only."""
    links: dict[Address, tuple[str | None, str | None]] = {}
    periods: set[str] = set()
    with connect(Role.BUILDER) as connection:
        tables = connection.execute(
            # Pipes and wires link to places: they have no household to be right or wrong about.
            "select table_name from information_schema.columns where table_schema = 'identity'"
            " and starts_with(table_name, 'int_link__') and column_name = 'household_key' order by table_name"
        ).fetchall()
        for (table,) in tables:
            query = sql.SQL(
                "select s.sha256, link.source_sheet, link.source_row, key.household_no, link.link_path, link.period"
                " from {} as link join ops.submission as s using (submission_id)"
                " left join identity.household_key_map as key on link.household_key = key.household_key"
                " where s.period = link.period"  # a carried file was scored in its own month
            ).format(sql.Identifier("identity", table))
            for sha256, sheet, row, household_no, path, period in connection.execute(query):
                links[sha256, sheet, row] = (household_no, path)
                periods.add(period)
    if len(periods) > 1:
        raise ValueError(f"link tables are of several months {sorted(periods)}; a build is running, score after it")
    feeds = frozenset(table.removeprefix("int_link__") for (table,) in tables)
    return links, next(iter(periods), None), feeds


def _rounded(number: Any) -> float | None:
    """Sums of amounts come in another order, so their last digits differ."""
    return None if number is None else round(float(number), 6)


def _indicators() -> dict[Place, Counts]:
    with connect(Role.READER) as connection:
        return {
            (period, code, part, region): (_rounded(numerator), _rounded(denominator), _rounded(unknown))
            for period, code, part, region, numerator, denominator, unknown in connection.execute(
                "select period, indicator_code, part, region_code, numerator, denominator, unknown"
                " from shared.v_indicator where reason is null or reason = 'no_denominator'"
            )
        }


def _published() -> tuple[dict[tuple[str, str], dict[str, str]], dict[tuple[str, str, str], tuple[int, int, int, int]]]:
    columns = sql.SQL(", ").join(sql.Identifier(f"{name}_state") for name in STATES)
    with connect(Role.READER) as connection:
        view = sql.SQL("select period, household_no, {} from shared.v_two_no_worries_three_guarantees").format(columns)
        states = {
            (period, number): dict(zip(STATES, found, strict=True))
            for period, number, *found in connection.execute(view)
        }
        rates = {
            (period, region, guarantee): (universe, met, unmet, unknown)
            for period, region, guarantee, universe, met, unmet, unknown in connection.execute(
                "select period, region_code, guarantee, universe, met, unmet, unknown from shared.v_guarantee_by_region"
            )
        }
    return states, rates


def read_warehouse() -> Found:
    """What the warehouse says now. Raises psycopg.errors.UndefinedTable before the first build and publication."""
    findings, warnings, received = _findings()
    links, link_period, linked_feeds = _links()
    states, rates = _published()
    foreseen, asked = read_outlook()
    suggested, counting = read_suggestions()
    return Found(
        findings,
        received,
        links,
        link_period,
        linked_feeds,
        states,
        rates,
        warnings=warnings,
        events=read_events(),
        ledger=read_ledger(),
        indicators=_indicators(),
        outlook=foreseen,
        asked=asked,
        suggested=suggested,
        counting=counting,
    )


# ---------------------------------------------------------------- comparing
def _address(row: Mapping[str, Any]) -> Address:
    return (row["sha256"], row["sheet"] or "", row["row"] or 0)


def _score_rules(score: Score, found: Found, key: Path) -> None:
    defects = read_table(key, "defects")
    files = {row["sha256"]: row["path"] for row in defects}
    for month in months_of(key):  # a row of links for every row of every file: only the files are wanted
        links = load_table(key, "links", months={month}, columns=["sha256", "path"])
        files |= {row["sha256"]: row["path"] for row in links.group_by(["sha256", "path"]).aggregate([]).to_pylist()}
    score.files_expected, score.files_missing = len(files), len(files.keys() - found.received)
    planted = {(_address(row), row["rule_id"]) for row in defects if row["sha256"] in found.received}
    touched = {address for address, _ in planted}
    rules: dict[str, RuleScore] = defaultdict(RuleScore)
    for address, rule_id in sorted(planted):
        rules[rule_id].planted += 1
        if (address, rule_id) in found.findings:
            rules[rule_id].found += 1
        else:
            rules[rule_id].missed += 1
            score.note("missed", f"[{rule_id}] {files[address[0]]} sheet [{address[1]}] row [{address[2]}]")
    for address, rule_id in sorted(found.findings):
        if address[0] in files and address not in touched and (address[0], *_WHOLE_FILE) not in touched:
            rules[rule_id].false_alarms += 1
            score.note("false alarm", f"[{rule_id}] {files[address[0]]} sheet [{address[1]}] row [{address[2]}]")
    score.rules = dict(rules)
    kinds: dict[str, KindScore] = defaultdict(KindScore)
    for row in defects:
        if row["sha256"] in found.received:
            kinds[row["kind"]].planted += 1
            kinds[row["kind"]].found += (_address(row), row["rule_id"]) in found.findings
    score.kinds = dict(kinds)


def _score_links(score: Score, found: Found, key: Path) -> None:
    score.link_period = found.link_period
    links: dict[str, LinkScore] = defaultdict(LinkScore)
    for row in read_table(key, "links", months={found.link_period or ""}):
        if row["is_planted"] or row["sha256"] not in found.received:
            continue
        if row["feed_id"].partition(".")[2] not in found.linked_feeds:
            continue
        one, truth = links[row["feed_id"]], row["household_no"]
        number, path = found.links.get(_address(row), (None, None))
        if number is not None:
            verdict = "right" if number == truth else "wrong"
            way = one.by_path.setdefault(path or "", PathScore())
            setattr(way, verdict, getattr(way, verdict) + 1)
        elif truth is None:
            continue
        else:
            verdict = "missed" if row["is_reachable"] else "unreachable"
            if row["is_reachable"]:
                one.by_path.setdefault(row["link_path"], PathScore()).missed += 1
        setattr(one, verdict, getattr(one, verdict) + 1)
        if verdict in {"wrong", "missed"}:
            score.note(f"link {verdict}", f"{row['path']} sheet [{row['sheet']}] row [{row['row']}]")
    score.links = dict(links)


def _score_states(score: Score, found: Found, key: Path) -> None:
    published, months = {period for period, _ in found.states}, set(months_of(key))
    score.periods, score.unpublished = sorted(months & published), sorted(months - published)
    score.states = {name: StateScore() for name in STATES}
    said_of: dict[str, dict[str, Mapping[str, str]]] = defaultdict(dict)
    for (period, number), states in found.states.items():
        said_of[period][number] = states
    for period in score.periods:
        expected = {row["household_no"]: row for row in read_table(key, "guarantees", months={period})}
        for number in sorted(expected.keys() | said_of[period].keys()):
            for name, one in score.states.items():
                truth = expected[number][f"{name}_state"] if number in expected else ABSENT
                said = said_of[period][number][name] if number in said_of[period] else ABSENT
                row = one.confusion.setdefault(truth, {})
                row[said] = row.get(said, 0) + 1
                if truth != said:
                    one.wrong_met += said == MET
                    one.wrong_unmet += said == UNMET
                    reason = f" ({expected[number].get(f'{name}_reason') or 'all'})" if number in expected else ""
                    score.note(f"state {name}", f"{period} household [{number}]: key {truth}{reason}, warehouse {said}")


def _score_rates(score: Score, found: Found, key: Path) -> None:
    expected = {
        (row["period"], row["region_code"], row["guarantee"]): tuple(row[name] for name in _COUNTS)
        for row in read_table(key, "rates")
    }
    rates: dict[str, RateScore] = defaultdict(RateScore)
    for place in sorted(expected.keys() | found.rates.keys()):
        if place[0] not in score.periods:
            continue
        if expected.get(place) == found.rates.get(place):
            rates[place[2]].equal += 1
        else:
            rates[place[2]].unequal += 1
            score.note("rate", f"{place}: key {expected.get(place)}, warehouse {found.rates.get(place)} ({_COUNTS})")
    score.rates = dict(rates)


def _score_indicators(score: Score, found: Found, key: Path) -> None:
    said = {place: counts for place, counts in found.indicators.items() if place[0] in score.periods}
    names = {code: one.name_zh for code, one in indicators().items() if one.is_first_release}
    scores = {code: IndicatorScore(name) for code, name in names.items()}
    for _, code, _, _ in said:
        scores[code].said += 1
    for row in read_table(key, "indicators"):
        if row["period"] not in score.periods:
            continue
        one, place = (
            scores[row["indicator_code"]],
            (row["period"], row["indicator_code"], row["part"], row["region_code"]),
        )
        counts = said.get(place)
        expected = tuple(_rounded(row[f"expected_{name}"]) for name in _INDICATOR_COUNTS)
        if row["expected_numerator"] is not None:
            one.in_key += 1
            if counts == expected:
                one.equal += 1
            elif one.said:
                score.note("indicator", f"{place}: key {expected}, warehouse {counts} ({_INDICATOR_COUNTS})")
        if counts is not None and counts[0] is not None and counts[1] and row["true_value"] is not None:
            least, most = counts[0] / counts[1], (counts[0] + (counts[2] or 0)) / counts[1]
            one.truth_compared += 1
            one.truth_inside += least <= row["true_value"] <= most
    score.indicators = scores


def score_against(found: Found, key: Path) -> Score:
    """The score of what was found against the key in the folder. Raises FileNotFoundError when it holds no key.

    The key is read month by month: a year of rows is not in memory at once.
    """
    score = Score()
    for month in months_of(key):
        remarks = read_table(key, "remarks", months={month})
        score_remarks(score, remarks, findings=found.findings, warnings=found.warnings, received=found.received)
    for part in (_score_rules, _score_links, _score_states, _score_rates, _score_indicators):
        part(score, found, key)
    score_suggestions(score, found.suggested, found.counting, key)
    score_events(score, found.events, key)
    score_contradictions(score, found.ledger, key)
    score_outlook(score, found.outlook, found.asked, key)
    return score


# ---------------------------------------------------------------- floors
def below(score: Score, floors: Mapping[str, float]) -> list[str]:
    """Figures of the headline that fall below their floor (for counts of faults: rise above it).

    Raises ValueError for a floor that names no figure.
    """
    figures = score.headline()
    if unknown := sorted(floors.keys() - figures.keys()):
        raise ValueError(f"floors for figures that no score has: {unknown}; known: {sorted(figures)}")
    counted = {"files_missing", "look_alikes_accused", "months_unpublished", "wrong_met", "wrong_unmet"}
    fallen = []
    for name, floor in floors.items():
        value = figures[name]
        if value is None or (value > floor if name in counted else value < floor):
            fallen.append(f"{name}: [{'nothing to compare' if value is None else value}], floor [{floor}]")
    return fallen
