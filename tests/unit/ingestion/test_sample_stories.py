"""Stories: what offices say and is not so appears in one month and is put right in another, and the truth stays."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hearth.period import Period
from ingestion.sample import stories
from ingestion.sample.blocks import cut
from ingestion.sample.catalogue import kinds
from ingestion.sample.months import block_months
from ingestion.sample.places import places
from ingestion.sample.records import Note, Record
from ingestion.sample.state import State
from ingestion.sample.stories import Story, plots, told
from ingestion.sample.subjects import SUBJECTS

YEAR = [Period(2025, 11).shift(turn) for turn in range(12)]
SMALL = 300
RARE = {"cleared_and_back", "cut_off_after_exit", "exited_without_proof", "in_the_institution_and_at_home"}
"""Told of so few households that a county of this size need not have one."""


def _states(*periods: Period, size: int = SMALL) -> Iterator[State]:
    (block,) = cut(size, places("530524"))
    return block_months(block, 7, periods)


def _told(state: State) -> Iterator[tuple[str, Record, Note]]:
    for subject, records in SUBJECTS.items():
        for record in told(state, subject, records(state)):
            for note in record.notes:
                yield subject, record, note


@pytest.fixture(scope="module")
def year() -> dict[Period, list[tuple[str, Note]]]:
    return {state.period: [(subject, note) for subject, _, note in _told(state)] for state in _states(*YEAR)}


def test_a_small_county_has_nearly_every_story_in_a_year_and_most_in_a_month(
    year: dict[Period, list[tuple[str, Note]]],
) -> None:
    months = {period: {note.kind for _, note in notes} for period, notes in year.items()}
    everything = set().union(*months.values())
    assert plots().keys() >= RARE
    assert len(plots().keys() - RARE - everything) <= 3, sorted(plots().keys() - everything)
    assert min(len(found) for found in months.values()) >= len(plots().keys() - RARE) * 0.7


def test_most_contradictions_and_every_history_rule_with_rows_of_one_office_has_a_story() -> None:
    rules = Counter(kinds()[kind].rule.partition("-")[0] for kind in plots() if kinds()[kind].rule)
    assert rules["XD"] >= 45
    assert rules["T"] >= 15


def test_every_rule_between_departments_and_over_months_has_a_story_or_a_reason() -> None:
    reasons = yaml.safe_load((Path(stories.__file__).parent / "untold.yaml").read_text(encoding="utf-8"))
    told_of = {kinds()[kind].rule for kind in plots() if kinds()[kind].rule}
    every = {f"XD-{number:02d}" for number in range(1, 58)} | {f"T-{number:02d}" for number in range(1, 25)}
    assert told_of | reasons.keys() == every
    assert not told_of & reasons.keys()
    assert all(len(reason) > 20 for reason in reasons.values())


def test_stories_are_put_right_when_they_say_so(year: dict[Period, list[tuple[str, Note]]]) -> None:
    seen: dict[str, set[Period]] = defaultdict(set)
    notes: dict[str, Note] = {}
    for period, found in year.items():
        for _, note in found:
            seen[note.story].add(period)
            notes[note.story] = note
    ended = 0
    for story, periods in seen.items():
        appears, resolved = notes[story].appears, notes[story].resolved
        assert appears is not None
        assert min(periods) >= appears
        assert resolved is None or max(periods) < resolved
        ended += resolved is not None and resolved <= YEAR[-1]
    assert ended > 50


def test_what_is_told_is_not_what_is_so() -> None:
    (state,) = _states(Period(2026, 10))
    truth = {subject: {id(record.values): record for record in records(state)} for subject, records in SUBJECTS.items()}
    assert not any(record.notes for records in truth.values() for record in records.values())
    changed: Counter[str] = Counter()
    for subject, records in SUBJECTS.items():
        true_rows = Counter(repr(sorted(record.values.items(), key=str)) for record in records(state))
        for record in told(state, subject, records(state)):
            false = [note for note in record.notes if not note.is_true]
            is_as_it_is = repr(sorted(record.values.items(), key=str)) in true_rows
            assert is_as_it_is or false
            for note in false:
                changed[note.kind] += not is_as_it_is
    assert len(changed) > 30


def test_a_story_is_the_same_whatever_month_is_asked_for() -> None:
    def stories(state: State) -> set[str]:
        return {story.serial for story in state.stories}

    *_, (last,) = [[stories(state)] for state in _states(*YEAR)]
    (alone,) = [stories(state) for state in _states(YEAR[-1])]
    assert alone == last


def test_a_household_has_one_story_at_a_time_and_lives() -> None:
    for state in _states(*YEAR[:3]):
        open_now: list[Story] = [story for story in state.stories if story.is_told(state.period)]
        assert len({story.home.serial for story in open_now}) == len(open_now)
        assert all(story.home.is_active(state.period) for story in open_now)


def test_every_block_of_a_large_county_has_its_own() -> None:
    first, second, *_ = cut(3000, places("530524"))
    serials = []
    for block in (first, second):
        (state,) = block_months(block, 7, [Period(2025, 8)])
        serials.append({story.serial for story in state.stories})
        assert len(serials[-1]) > 20
    assert not serials[0] & serials[1]
