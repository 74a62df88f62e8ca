"""Scores the warehouse's dated events against those that truly happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearth.database import Role, connect
from ingestion.sample.key_tables import load_table, read_table
from ingestion.sample.score_model import EventScore, Score

AGAINST_EARLIER = {"head_change"}
"""Shows only against an earlier month's rows: nobody can see it in the first month."""

REGISTER = ("register.household", "register.member")


@dataclass(frozen=True, slots=True)
class DatedEvent:
    """An event as the warehouse has it."""

    period: str
    code: str
    household_no: str
    id_number_hash: str | None
    """Of the person; None: of the household as such."""


_CHANGES = (
    "select event.period, case"
    " when event.change_code = 'entered' and event.reason_code = '13' then 'split'"
    " when event.change_code = 'entered' and event.reason_code = '16' then 'monitored'"
    " when event.change_code = 'left' and event.reason_code = '23' then 'merge'"
    " when event.change_code = 'left' and event.reason_code = '21' then 'household_death'"
    " when event.change_code = 'left' and event.reason_code = '22' then 'household_out'"
    " when event.change_code = 'left' and event.reason_code = '24' then 'struck_off'"
    " when event.change_code = 'moved' then 'village_move'"
    " when event.change_code in ('monitored', 'risk_removed', 'exited', 'relapsed') then event.change_code end,"
    " home.household_no, null"
    " from marts.fct_status_change as event"
    " inner join identity.household_key_map as home on event.household_key = home.household_key"
)
_PAID = (
    "select event.period, '{code}', home.household_no, null from marts.{fact} as event"
    " inner join identity.household_key_map as home on event.household_key = home.household_key where {test}"
)
_AT_SCHOOL = (
    "select event.period, '{code}', home.household_no, person.id_number_hash from marts.fct_dropout as event"
    " inner join identity.household_key_map as home on event.household_key = home.household_key"
    " inner join identity.person_key_map as person on event.person_key = person.person_key where {test}"
)
_ENTERED = "event.started_month = event.period and event.stopped_month is null"
_LEFT = "event.stopped_month = event.period"
_QUERIES: Sequence[tuple[str, str, str]] = (
    (
        "fct_member_event",
        "event_code",
        "select event.period, event.event_code, home.household_no, person.id_number_hash"
        " from marts.fct_member_event as event"
        " inner join identity.household_key_map as home on event.household_key = home.household_key"
        " inner join identity.person_key_map as person on event.person_key = person.person_key"
        " where event.event_code <> 'unlisted'",
    ),
    ("fct_status_change", "reason_code", _CHANGES),
    ("fct_dibao", "started_month", _PAID.format(code="dibao_enter", fact="fct_dibao", test=_ENTERED)),
    ("fct_dibao", "stopped_month", _PAID.format(code="dibao_leave", fact="fct_dibao", test=_LEFT)),
    ("fct_tekun", "started_month", _PAID.format(code="tekun_enter", fact="fct_tekun", test=_ENTERED)),
    ("fct_tekun", "stopped_month", _PAID.format(code="tekun_leave", fact="fct_tekun", test=_LEFT)),
    ("fct_dropout", "dropout_month", _AT_SCHOOL.format(code="school_leave", test="event.dropout_month = event.period")),
    (
        "fct_dropout",
        "closed_date",
        _AT_SCHOOL.format(
            code="school_return",
            test="event.status_code = '4' and to_char(event.closed_date, 'YYYY-MM') = event.period",
        ),
    ),
)
"""Table, a column that it must have, and its events: month, code, household, person. A household that is not listed for
a month, because its row was refused, left nothing: what the register gives no reason for is no event."""


def read_events() -> tuple[DatedEvent, ...] | None:
    """What the warehouse says happened; None while it has none of the tables."""
    found: list[DatedEvent] = []
    with connect(Role.BUILDER) as connection:
        there = set(
            connection.execute(
                "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
            ).fetchall()
        )
        known = [query for table, column, query in _QUERIES if (table, column) in there]
        for query in known:
            found += [DatedEvent(*row) for row in connection.execute(query.encode()) if row[1] is not None]
    return tuple(found) if known else None


def serials_of(key: Path, months: Sequence[str]) -> dict[str, str]:
    """Keyed hash -> the generator's serial; empty for a key that was written before the installation had its secret."""
    found: dict[str, str] = {}
    for month in months:
        rows = load_table(key, "persons", months={month}, columns=["id_number_hash", "person"])
        hashes, people = (rows[name].to_pylist() for name in ("id_number_hash", "person"))
        found |= {said: person for said, person in zip(hashes, people, strict=True) if said is not None}
    return found


def _told(key: Path) -> Mapping[str, list[tuple[str, str]]]:
    """Household -> months from which until which the register says something untrue of it, the end included."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for story in read_table(key, "stories"):
        if story["household_no"] and set(REGISTER) & set(story["said_by"]):
            found[story["household_no"]].append((story["opened"], story["closed"] or "9999-12"))
    return found


class _Judge:
    """The key's events of the months, each of which one event of the warehouse may name."""

    def __init__(self, truth: Sequence[Mapping[str, Any]], key: Path, months: set[str]) -> None:
        self.found: set[int] = set()
        self._serials, self._told = serials_of(key, sorted(months)), _told(key)
        self._by_name: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for row in truth:
            for name in {row["household_no"], row["person"]} - {None}:
                self._by_name[row["event_code"], name].append(row)

    def count(self, event: DatedEvent, one: EventScore) -> bool:
        """Whether it is not plainly wrong."""
        names_person = event.id_number_hash is not None and bool(self._serials)
        name = self._serials.get(event.id_number_hash or "", "?") if names_person else event.household_no
        known = self._by_name[event.code, name]
        right = next((row for row in known if row["period"] == event.period and id(row) not in self.found), None)
        if right is not None:
            self.found.add(id(right))
            one.right += 1
        elif any(row["period"] < event.period for row in known):
            one.late += 1
        elif any(opened <= event.period <= closed for opened, closed in self._told[event.household_no]):
            one.told += 1
        else:
            one.wrong += 1
            return False
        return True


def _is_due(row: Mapping[str, Any], first: str) -> bool:
    return bool(row["is_visible"] and not (row["event_code"] in AGAINST_EARLIER and row["period"] == first))


def score_events(score: Score, said: Iterable[DatedEvent] | None, key: Path) -> None:
    """Count by event code, for the months that are published; a code that the warehouse never says is not computed.

    Right is an event of the right month, whether or not a row showed it; missed one that a row shows. An event that
    the warehouse puts in a later month is late, one of a household of which the register says something untrue is told.
    """
    months = set(score.periods)
    truth = read_table(key, "events", months=months)
    scores: dict[str, EventScore] = defaultdict(EventScore)
    for row in truth:
        scores[row["event_code"]].happened += 1
    if said is not None and truth:
        judge = _Judge(truth, key, months)
        ours = [event for event in said if event.period in months]
        for event in sorted(ours, key=lambda event: (event.period, event.code, event.household_no)):
            scores[event.code].said += 1
            if not judge.count(event, scores[event.code]):
                score.note(f"event {event.code}", f"{event.period} household [{event.household_no}]: it was not so")
        for row in truth:
            one = scores[row["event_code"]]
            if one.said and _is_due(row, min(months)):
                one.due += 1
                one.found += id(row) in judge.found
                if id(row) not in judge.found:
                    where = f"{row['period']} household [{row['household_no']}] person [{row['person']}]"
                    score.note(f"event {row['event_code']}", f"{where}: missed")
    score.events = dict(scores)
