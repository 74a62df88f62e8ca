"""Scores the warehouse's ledger of contradictions against the stories that were planted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hearth.database import Role, connect
from ingestion.reference_tables import CSV_TABLES, csv_rows
from ingestion.sample.key_tables import load_table, read_table
from ingestion.sample.score_events import serials_of
from ingestion.sample.score_model import ContradictionScore, Score
from ingestion.sample.stories import plots

_LEDGER, _REGISTER = "marts.fct_contradiction", "register.household"
_QUERY = (
    "select distinct on (ledger.rule_id, ledger.subject_kind, ledger.subject_no, ledger.opened_period)"
    " ledger.rule_id, home.household_no, person.id_number_hash, ledger.village_code,"
    " ledger.opened_period, ledger.closed_period, sent.sha256, ledger.a_source_sheet, ledger.a_source_row"
    " from marts.fct_contradiction as ledger"
    " left join ops.submission as sent on ledger.a_submission_id = sent.submission_id"
    " left join identity.household_key_map as home on ledger.household_key = home.household_key"
    " left join identity.person_key_map as person on ledger.person_key = person.person_key"
    " order by ledger.rule_id, ledger.subject_kind, ledger.subject_no, ledger.opened_period, ledger.period desc"
)


@dataclass(frozen=True, slots=True)
class Episode:
    """One entry of the ledger, from its opening to its closing."""

    rule_id: str
    household_no: str | None
    id_number_hash: str | None
    village_code: str | None
    opened: str
    closed: str | None
    sha256: str | None = None
    sheet: str | None = None
    row: int | None = None
    """Where statement A stands: of a row that reaches nobody this is all that is known."""

    def is_open(self, month: str) -> bool:
        return self.opened <= month and (self.closed is None or month < self.closed)


def read_ledger() -> tuple[Episode, ...] | None:
    """The ledger as the newest months have it; None while the warehouse keeps none."""
    with connect(Role.BUILDER) as connection:
        if connection.execute("select to_regclass(%s) is not null", [_LEDGER]).fetchone() != (True,):
            return None
        return tuple(Episode(*row) for row in connection.execute(_QUERY))


def _unjudged() -> frozenset[str]:
    """Rules of which the catalogue says why nobody judges them: their stories are told and cannot be found."""
    (table,) = [table for table in CSV_TABLES if table.name == "rule"]
    names = [name for name, _, _ in table.columns]
    rows = (dict(zip(names, row, strict=True)) for row in csv_rows(table))
    return frozenset(row["rule_id"] for row in rows if row["not_judged_because"])


def _homes_of_rows(key: Path, months: set[str], episodes: Iterable[Episode]) -> Mapping[tuple[Any, ...], str]:
    """Whom rows that reach nobody are truly about: file, sheet and row -> household number."""
    wanted = {(one.sha256, one.sheet, one.row) for one in episodes if one.household_no is None and one.row is not None}
    found: dict[tuple[Any, ...], str] = {}
    names = ["sha256", "sheet", "row", "household_no"]
    for month in sorted(months) if wanted else ():
        links = load_table(key, "links", months={month}, columns=names)
        for *place, number in zip(*(links[name].to_pylist() for name in names), strict=True):
            if number is not None and tuple(place) in wanted:
                found[tuple(place)] = number
    return found


def _listed(key: Path, months: set[str], homes: set[str | None]) -> set[tuple[str, str]]:
    """Month and household number, where the register's own row was accepted: without it nobody can be contradicted."""
    names, found = ["feed_id", "household_no", "is_reachable"], set()
    for month in months:
        links = load_table(key, "links", months={month}, columns=names)
        for feed_id, number, is_reachable in zip(*(links[name].to_pylist() for name in names), strict=True):
            if is_reachable and feed_id == _REGISTER and number in homes:
                found.add((month, number))
    return found


def _seen_in(story: Mapping[str, Any], months: set[str]) -> set[str]:
    """Published months in which accepted rows show the contradiction; nothing does where the true side was refused."""
    said, denied = set(story["said_in"]), set(story["denied_in"])
    if story["family"] == "contradiction" and story["denied_by"] and not denied:
        return set()
    told = months & (said & denied if said and denied else said | denied)
    return plots()[story["kind"]].shown_in(told, months)


def _is_of(story: Mapping[str, Any], episode: Episode, serials: Mapping[str, str]) -> bool:
    if story["told_of"] == "village":
        return bool(episode.village_code == story["village_code"])
    if episode.household_no != story["household_no"]:
        return False
    if episode.id_number_hash is None or story["person"] is None:
        return True
    # a key older than the secret of the installation has no hashes to know a person by
    return not serials or bool(serials.get(episode.id_number_hash) == story["person"])


def _judged(key: Path, stories: Iterable[Mapping[str, Any]], months: set[str]) -> set[str]:
    """Stories that end in a month in which every office concerned has an accepted row of the household."""
    by_month: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for story in stories:
        # where nobody says anything untrue, nothing is put right when the story is over
        if story["closed"] in months and story["household_no"] and story["said_by"]:
            by_month[story["closed"]].append(story)
    found: set[str] = set()
    for month, ended in by_month.items():
        names = ["feed_id", "household_no", "is_reachable"]
        links = load_table(key, "links", months={month}, columns=names)
        feeds: dict[str, set[str]] = {story["household_no"]: set() for story in ended}
        for feed_id, number, is_reachable in zip(*(links[name].to_pylist() for name in names), strict=True):
            if is_reachable and number in feeds:
                feeds[number].add(feed_id)
        found |= {
            story["story"]
            for story in ended
            if {*story["said_by"], *story["denied_by"], _REGISTER} <= feeds[story["household_no"]]
        }
    return found


def _count(
    story: Mapping[str, Any], seen: set[str], mine: list[Episode], one: ContradictionScore, *, is_judged: bool
) -> tuple[str, str] | None:
    """Count a story; what is wrong, if anything. `mine`: the rule's episodes of whom the story is told."""
    open_then = [episode for episode in mine if any(map(episode.is_open, seen))]
    if story["family"] == "look_alike":
        one.look_alikes += 1
        one.accused += bool(open_then)
        return ("look-alike accused", "") if open_then else None
    one.planted += 1
    one.found += bool(open_then)
    if not open_then:
        return "contradiction missed", f": open in {', '.join(sorted(seen))}"
    if is_judged:
        one.ended += 1
        if all(episode.closed != story["closed"] for episode in open_then):
            closed = ", ".join(episode.closed or "open" for episode in open_then)
            return "contradiction closed", f": right in {story['closed']}, ledger {closed}"
        one.closed_right += 1
    return None


def score_contradictions(score: Score, ledger: Iterable[Episode] | None, key: Path) -> None:
    """Count by rule: stories planted and found, closed in the right month, look-alikes accused, entries of no story.

    Only the key's published months count, and rules that are judged. Of natural contradictions the key has no list: an
    entry of no story has no verdict.
    """
    months = set(score.periods)
    unjudged = _unjudged()
    wanted = [
        story
        for story in read_table(key, "stories")
        if story["family"] in {"contradiction", "look_alike"} and story["rule_id"] not in unjudged
    ]
    seen = {story["story"]: _seen_in(story, months) for story in wanted}
    listed = _listed(key, months, {story["household_no"] for story in wanted})
    for story in wanted:
        if story["household_no"]:
            seen[story["story"]] &= {month for month, number in listed if number == story["household_no"]}
    told = [story for story in wanted if seen[story["story"]]]
    episodes: dict[str, list[Episode]] = defaultdict(list)
    homes = _homes_of_rows(key, months, ledger or ())
    for said in ledger or ():
        number = said.household_no or homes.get((said.sha256, said.sheet, said.row))
        episode = replace(said, household_no=number)
        if episode.opened in months:
            episodes[episode.rule_id].append(episode)
    serials = serials_of(key, sorted(months)) if ledger else {}
    judged = _judged(key, told, months)
    scores: dict[str, ContradictionScore] = defaultdict(ContradictionScore)
    explained: set[int] = set()
    for story in told:
        rule, name = story["rule_id"] or story["not_rule_id"], story["story"]
        mine = [episode for episode in episodes[rule] if _is_of(story, episode, serials)]
        explained |= {id(episode) for episode in mine}
        fault = _count(story, seen[name], mine, scores[rule], is_judged=name in judged)
        if fault is not None and ledger is not None:
            score.note(fault[0], f"[{rule}] {name} household [{story['household_no']}]{fault[1]}")
    for rule, found in episodes.items():
        scores[rule].others = sum(id(episode) not in explained for episode in found)
    score.contradictions, score.has_ledger = dict(scores), ledger is not None
