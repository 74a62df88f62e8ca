"""What happened in a month is told by comparing the county before and after it, and stands in the key as events."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.sample.accepted_rows import SentRow
from ingestion.sample.blocks import cut
from ingestion.sample.events import Event, Sayings, Word, events_of, lines
from ingestion.sample.key_tables import path_of, schema_of
from ingestion.sample.months import advance, first_state
from ingestion.sample.places import places
from ingestion.sample.records import on_allowance, on_support
from ingestion.sample.score_contradictions import Episode, score_contradictions
from ingestion.sample.score_events import DatedEvent, score_events
from ingestion.sample.score_model import Score
from ingestion.sample.state import State

Found = set[tuple[str, str, str]]
"""Event code, household number, person or other household."""


def _homes(state: State) -> dict[str, str]:
    """ID number -> household number of the register members."""
    return {
        person.id_number: str(home.number)
        for home in state.registered
        for person in home.members
        if person.is_member(state.period) and home.is_active(state.period)
    }


def _as_of(state: State) -> dict[str, Any]:
    period, active = state.period, [home for home in state.registered if home.is_active(state.period)]
    return {
        "member": _homes(state),
        "head": {home.number: home.head.id_number for home in active},
        "village": {home.number: home.place.code for home in active},
        "status": {home.number: home.status for home in active},
        "dibao": {home.number for home in active if on_allowance(home, period)},
        "tekun": {home.number for home in active if on_support(home, period)},
        "absent": {
            person.id_number
            for home in state.registered
            for person in home.members
            if person.case and not person.case.closed
        },
    }


def _compared(before: dict[str, Any], after: dict[str, Any]) -> Found:
    """What two months show, without what only codes tell."""
    found: Found = set()
    for id_number in before["member"].keys() | after["member"].keys():
        old, new = before["member"].get(id_number), after["member"].get(id_number)
        if old and new and old != new:
            found.add(("transfer", old, id_number))
        elif old is None or new is None:
            found.add(("goes" if new is None else "comes", str(old or new), id_number))
    both = before["head"].keys() & after["head"].keys()
    found |= {("head_change", home, "") for home in both if before["head"][home] != after["head"][home]}
    found |= {("village_move", home, "") for home in both if before["village"][home] != after["village"][home]}
    turned = {home: after["status"][home] for home in both if before["status"][home] != after["status"][home]}
    found |= {("relapsed" if status == "5" else "exited", home, "") for home, status in turned.items()}
    found |= {("appears", home, "") for home in after["head"].keys() - before["head"].keys()}
    found |= {("ends", home, "") for home in before["head"].keys() - after["head"].keys()}
    for roll in ("dibao", "tekun"):
        found |= {(f"{roll}_enter", home, "") for home in (after[roll] - before[roll]) & both}
        found |= {(f"{roll}_leave", home, "") for home in before[roll] - after[roll]}
    found |= {("school_leave", "", id_number) for id_number in after["absent"] - before["absent"]}
    return found | {("school_return", "", id_number) for id_number in before["absent"] - after["absent"]}


_SEEN_AS = {
    **dict.fromkeys(("birth", "marriage_in", "move_in", "registered"), "comes"),
    **dict.fromkeys(("death", "marriage_out", "move_out"), "goes"),
    **dict.fromkeys(("split", "monitored"), "appears"),
    **dict.fromkeys(("merge", "household_out", "household_death"), "ends"),
}
_ONLY_BY_CODE = {"risk_removed", "divorce", "disabled"}
_OF_PERSONS = {"comes", "goes", "transfer", "school_leave", "school_return"}


def test_two_months_differ_by_their_events_and_by_nothing_else() -> None:
    block = cut(6_000, places("530524"))[0]
    state = first_state(block, 7)
    codes: set[str] = set()
    for _ in range(14):
        before = _as_of(state)
        advance(state)
        ids = {person.id_number: person.id_number for home in state.households for person in home.members}
        events = events_of(state, ids)
        codes |= {event.code for event in events}
        said: Found = set()
        for event in events:
            code = _SEEN_AS.get(event.code, event.code)
            who = str(event.person) if code in _OF_PERSONS else ""
            home = "" if code.startswith("school") else str(event.home.number)
            is_shown = event.code not in _ONLY_BY_CODE and (event.code, event.change_code) != ("monitored", None)
            said |= {(code, home, who)} if is_shown else set()
        assert said == _compared(before, _as_of(state)), state.period
    assert codes >= {*_SEEN_AS, *_ONLY_BY_CODE, "transfer", "head_change", "village_move", "relapsed"}


def test_nothing_happens_before_the_beginning() -> None:
    state = first_state(cut(400, places("530524"))[0], 7)
    ids = {person.id_number: person.id_number for home in state.households for person in home.members}
    assert {event.code for event in events_of(state, ids)} <= {"school_leave"}


def test_who_takes_part_is_named() -> None:
    state = first_state(cut(6_000, places("530524"))[0], 7)
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(10):
        advance(state)
        ids = {person.id_number: person.id_number for home in state.households for person in home.members}
        events = events_of(state, ids)
        for row in lines(events, state.period, Sayings(events)):
            found.setdefault(row["event_code"], []).append(row)
    for code in ("split", "merge", "transfer"):
        assert all(row["other_household_no"] not in {None, row["household_no"]} for row in found[code]), code
    for code in ("head_change", "divorce"):
        assert all(row["other_person"] not in {None, row["person"]} for row in found[code]), code
    assert all(row["from_village_code"] for row in found["village_move"])
    assert not any(row["is_visible"] for rows in found.values() for row in rows)  # no row was sent


@pytest.mark.parametrize(
    ("code", "is_accepted", "is_visible"), [("21", True, True), ("21", False, False), ("22", True, False)]
)
def test_only_an_accepted_row_that_says_so_lets_it_be_seen(code: str, is_accepted: bool, is_visible: bool) -> None:
    state = first_state(cut(400, places("530524"))[0], 7)
    home = state.registered[0]
    word = Word("members", str(home.number), "P1", {"member_change_code": "21"})
    events = [Event("death", home, (word,), "P1", change_code="21")]
    sayings = Sayings(events)
    for person, said in (("P2", "21"), ("P1", code)):
        row = SentRow(
            subject="members",
            feed_id="register.member",
            period=state.period,
            sheet="S",
            number=7,
            values={"member_change_code": said},
            household_no=home.number,
            person=person,
            village_code="V",
            is_planted=not is_accepted,
        )
        sayings.add(row, is_accepted=is_accepted)
    (line,) = lines(events, state.period, sayings)
    assert (line["is_visible"], line["feed_id"], line["row"]) == (is_visible, "register.member", 7)


# ---------------------------------------------------------------- the scorer
MONTHS = ("2026-08", "2026-09", "2026-10")


def _write(folder: Path, name: str, rows: Iterable[dict[str, Any]]) -> None:
    by_month: dict[str, list[dict[str, Any]]] = {month: [] for month in MONTHS}
    for row in rows:
        by_month[row["period"]].append(row)
    for month, mine in by_month.items():
        path_of(folder, name, month).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(mine, schema=schema_of(name)), path_of(folder, name, month))


def _event(period: str, code: str, home: str, person: str | None = None, *, is_visible: bool = True) -> dict[str, Any]:
    return {
        "period": period,
        "event_code": code,
        "household_no": home,
        "person": person,
        "is_visible": is_visible,
    }


def _story(name: str, rule: str, home: str, closed: str | None, **more: Any) -> dict[str, Any]:
    return {
        "story": name,
        "kind": "lost_by_the_doctor",
        "told_of": "household",
        "family": "contradiction",
        "rule_id": rule,
        "not_rule_id": None,
        "village_code": "V1",
        "household_no": home,
        "person": None,
        "opened": "2026-08",
        "closed": closed,
        "said_by": ["register.member"],
        "denied_by": ["civil_affairs.dibao"],
        "said_in": ["2026-08", "2026-09"],
        "denied_in": ["2026-08"],
        **more,
    }


@pytest.fixture
def key(tmp_path: Path) -> Path:
    _write(tmp_path, "households", [])
    _write(
        tmp_path,
        "persons",
        [{"period": month, "person": f"P{at}", "id_number_hash": f"h{at}"} for month in MONTHS for at in range(4)],
    )
    events = [
        _event("2026-08", "death", "H1", "P1"),
        _event("2026-09", "death", "H2", "P2", is_visible=False),
        _event("2026-09", "split", "H3"),
        _event("2026-08", "head_change", "H1", "P0"),
        _event("2026-09", "head_change", "H2", "P3"),
    ]
    _write(tmp_path, "events", events)
    feeds = ("register.household", "register.member", "civil_affairs.dibao")
    _write(
        tmp_path,
        "links",
        [
            {
                "period": month,
                "feed_id": feed,
                "household_no": home,
                "is_reachable": (home, feed) != ("H2", feeds[2]),
            }
            for month in MONTHS
            for feed in feeds
            for home in ("H1", "H2", "H3")
        ],
    )
    stories = [
        _story("a", "XD-05", "H1", "2026-10"),
        _story("b", "XD-05", "H2", "2026-10"),
        _story("c", "XD-06", "H3", None),
        _story("d", "XD-06", "H3", None, said_in=["2026-07"], denied_in=["2026-07"]),
        _story("v", "XD-48", "", None, told_of="village", household_no=None, denied_by=[], denied_in=[]),
        _story("l", "", "H1", None, family="look_alike", rule_id=None, not_rule_id="XD-01", denied_in=[]),
    ]
    pq.write_table(pa.Table.from_pylist(stories), path_of(tmp_path, "stories"))
    return tmp_path


def _scored(key: Path, *said: DatedEvent) -> Score:
    score = Score(periods=list(MONTHS))
    score_events(score, said, key)
    return score


DEATH, HIDDEN = DatedEvent("2026-08", "death", "H1", "h1"), DatedEvent("2026-09", "death", "H2", "h2")
HEAD = DatedEvent("2026-09", "head_change", "H2", None)


def test_every_event_that_rows_show_is_due_and_those_they_do_not_show_are_no_error(key: Path) -> None:
    score = _scored(key, DEATH, HIDDEN, HEAD)
    counts = {code: (one.happened, one.due, one.found, one.said, one.right) for code, one in score.events.items()}
    assert counts == {"death": (2, 1, 1, 2, 2), "split": (1, 0, 0, 0, 0), "head_change": (2, 1, 1, 1, 1)}
    assert score.differences == {}
    headline = score.headline()
    assert (headline["events_computed"], headline["event_precision"], headline["event_recall"]) == (2, 1.0, 1.0)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (DatedEvent("2026-10", "death", "H1", "h1"), "late"),
        (DatedEvent("2026-09", "death", "H3", "h3"), "told"),
        (DatedEvent("2026-09", "death", "H9", "h0"), "wrong"),
        (DatedEvent("2026-08", "death", "H9", "nobody's"), "wrong"),
        (DatedEvent("2026-07", "death", "H9", "h1"), "nothing"),
        (DEATH, "wrong"),
    ],
)
def test_what_did_not_happen_is_told_apart(key: Path, said: DatedEvent, verdict: str) -> None:
    """Of H3 the register says something untrue; a second entry of one death is a death too many."""
    extra = DatedEvent("2026-08", said.code, "H9", "h1") if said == DEATH else DEATH
    death = _scored(key, extra, said).events["death"]
    assert {name: getattr(death, name) for name in ("late", "told", "wrong")} == {
        name: int(name == verdict) for name in ("late", "told", "wrong")
    }
    assert death.found == 1


def test_a_key_older_than_the_secret_goes_by_households(key: Path) -> None:
    """Such a key knows nobody by hash: its events are not all wrong for that."""
    for month in MONTHS:
        rows = [{"period": month, "person": f"P{at}", "id_number_hash": None} for at in range(4)]
        path = path_of(key, "persons", month)
        pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(path)), path)
    death = _scored(key, DEATH, HIDDEN).events["death"]
    assert (death.right, death.wrong, death.found) == (2, 0, 1)


def test_a_missed_event_is_seen_and_an_unpublished_month_is_not_asked_for(key: Path) -> None:
    score = Score(periods=["2026-08", "2026-09"])
    score_events(score, [HIDDEN], key)
    assert score.headline()["event_recall"] == 0.0
    assert list(score.differences) == ["event death"]


def test_without_the_tables_everything_is_listed_as_not_computed(key: Path) -> None:
    score = Score(periods=list(MONTHS))
    score_events(score, None, key)
    score_contradictions(score, None, key)
    assert {code: one.happened for code, one in score.events.items()} == {"death": 2, "split": 1, "head_change": 2}
    assert {rule: one.planted for rule, one in score.contradictions.items()} == {
        "XD-05": 2,
        "XD-06": 1,
        "XD-48": 1,
        "XD-01": 0,
    }
    assert score.differences == {}
    headline = score.headline()
    names = ("event_precision", "event_recall", "contradictions_found", "contradictions_closed")
    assert [headline[name] for name in names] == [None] * 4


LEDGER = (
    Episode("XD-05", "H1", None, "V1", "2026-08", "2026-10"),
    Episode("XD-05", "H2", None, "V1", "2026-08", None),  # whom nobody judged in the month of its end
    Episode("XD-06", "H3", None, "V1", "2026-08", None),
    Episode("XD-48", None, None, "V1", "2026-09", None),
    Episode("XD-48", None, None, "V2", "2026-09", None),
)


def test_stories_are_found_and_closed_in_their_month(key: Path) -> None:
    score = Score(periods=list(MONTHS))
    score_contradictions(score, LEDGER, key)
    assert score.differences == {}
    one = score.contradictions["XD-05"]
    assert (one.planted, one.found, one.ended, one.closed_right, one.others) == (2, 2, 1, 1, 0)
    assert score.contradictions["XD-48"].others == 1
    assert (score.contradictions["XD-01"].look_alikes, score.contradictions["XD-01"].accused) == (1, 0)
    headline = score.headline()
    assert (headline["contradictions_found"], headline["contradictions_closed"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("ledger", "kind"),
    [
        (LEDGER[1:], "contradiction missed"),
        ((*LEDGER[1:], Episode("XD-05", "H1", None, "V1", "2026-08", None)), "contradiction closed"),
        ((*LEDGER[1:], Episode("XD-05", "H1", None, "V1", "2026-09", "2026-10")), "contradiction missed"),
        ((*LEDGER, Episode("XD-01", "H1", "h1", "V1", "2026-08", None)), "look-alike accused"),
    ],
)
def test_what_the_ledger_lacks_closes_late_or_says_too_much_is_seen(
    key: Path, ledger: tuple[Episode, ...], kind: str
) -> None:
    score = Score(periods=list(MONTHS))
    score_contradictions(score, ledger, key)
    assert list(score.differences) == [kind]


def test_a_story_of_a_person_is_not_found_at_another_of_the_household(key: Path) -> None:
    stories = [_story("a", "XD-24", "H1", None, person="P1")]
    pq.write_table(pa.Table.from_pylist(stories), path_of(key, "stories"))
    for hashed, found in (("h1", 1), ("h2", 0), (None, 1)):
        score = Score(periods=list(MONTHS))
        score_contradictions(score, [Episode("XD-24", "H1", hashed, "V1", "2026-08", None)], key)
        assert (score.contradictions["XD-24"].found, score.contradictions["XD-24"].others) == (found, 1 - found)
