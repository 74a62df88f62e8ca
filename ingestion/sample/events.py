"""What truly happened to households and persons of the register in a month, and which rows would have to say so.

Read off the state at the month's end, where everything that happens leaves its date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from hearth.period import Period
from ingestion.sample.people import Person
from ingestion.sample.population import Household
from ingestion.sample.state import State

_TEXT, _INT, _BOOL = pa.string(), pa.int32(), pa.bool_()

COLUMNS: Mapping[str, Any] = {
    "period": _TEXT,
    "event_code": _TEXT,
    "household_no": _TEXT,
    "other_household_no": _TEXT,
    "person": _TEXT,
    "other_person": _TEXT,
    "village_code": _TEXT,
    "from_village_code": _TEXT,
    "change_code": _TEXT,
    "is_visible": _BOOL,
    "feed_id": _TEXT,
    "sheet": _TEXT,
    "row": _INT,
    "other_sheet": _TEXT,
    "other_row": _INT,
}

README = """\
- `events/`, one row per dated event of a register household or one of its persons that truly happened in the month,
  whether or not a row says so: `event_code` (for births, deaths and the like the meaning of the register's
  `change_code`), the household (of a transfer the one left, of a split the new one, of a merger the one that ends) and
  the other household that takes part, the person (of a change of heads the new head, of a divorce who leaves) and the
  other person (the head before, the spouse who stays). `is_visible`: every row that has to say it stands in an accepted
  row of this very month and says it; a change of heads shows only against an earlier month. `feed_id`, `sheet`, `row`:
  the row that has to say it, as sent, whether refused or not, by its address in `links/`; `other_sheet`, `other_row`:
  the second one, where there are two.
  Codes of persons: birth, marriage_in, move_in (from outside the county), registered (with a household that is new on
  the register), death, marriage_out, move_out (out of the county), transfer (to another household of the register),
  divorce (the leaving itself is an event of its own), head_change, disabled (a certificate of grade 1 or 2),
  school_leave, school_return. Of households: split, merge, village_move, monitored, risk_removed, exited, relapsed,
  household_death, household_out, dibao_enter, dibao_leave, tekun_enter, tekun_leave.
"""

_COMING = {"11": "birth", "12": "marriage_in", "13": "move_in", "14": "registered"}
_GOING = {"21": "death", "22": "marriage_out", "23": "move_out", "24": "move_out"}
"""member_change codes -> what they mean when no other household of the register takes part."""
_TURNS = {"12": "relapsed", "13": "split", "14": "village_move"}
_ENDS = {"21": "household_death", "22": "household_out", "23": "merge"}
"""household_change codes. Exits, monitoring and removed risks have dates of their own, whatever else changes."""


@dataclass(frozen=True, slots=True)
class Word:
    """A row that has to say it."""

    subject: str
    household_no: str
    person: str | None
    """Serial of the person whom the row names; None: of the household's row."""
    says: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event and its words: the first stands for it, all of them are needed to see it."""

    code: str
    home: Household
    words: tuple[Word, ...]
    person: str | None = None
    other_home: Household | None = None
    other_person: str | None = None
    change_code: str | None = None
    from_village: str | None = None


Move = tuple[Household, Person]


def _moves(state: State) -> tuple[dict[str, list[Move]], dict[str, list[Move]]]:
    """Who came to a household in the month, and who left one, by ID number."""
    came: dict[str, list[Move]] = defaultdict(list)
    went: dict[str, list[Move]] = defaultdict(list)
    for home in state.registered:
        for person in home.members:
            if person.joined is not None and person.joined[1] == state.period:
                came[person.id_number].append((home, person))
            if person.left is not None and person.left[1] == state.period:
                went[person.id_number].append((home, person))
    return came, went


def _member(home: Household, serial: str, **says: Any) -> Word:
    return Word("members", str(home.number), serial, says)


def _coded(home: Household, serial: str, code: str) -> Word:
    return _member(home, serial, member_change_code=code)


def _household(home: Household, **says: Any) -> Word:
    return Word("households", str(home.number), None, says)


def _of_persons(state: State, serials: Mapping[str, str]) -> Iterator[Event]:
    """Whoever leaves one household of the register and comes to another in one month is transferred."""
    came, went = _moves(state)
    for id_number in [*came, *(left for left in went if left not in came)]:
        serial, old = serials[id_number], went.get(id_number, [])
        for new, person in came.get(id_number, []):
            code = person.joined[0] if person.joined else ""
            before = next((move for move in old if move[0] is not new), None)
            if before is None:
                yield Event(_COMING[code], new, (_coded(new, serial, code),), serial, change_code=code)
                continue
            old = [move for move in old if move is not before]
            left = before[1].left[0] if before[1].left else ""
            words = (_coded(before[0], serial, left), _coded(new, serial, code))
            yield Event("transfer", before[0], words, serial, other_home=new, change_code=left)
        for home, person in old:
            code = person.left[0] if person.left else ""
            yield Event(_GOING[code], home, (_coded(home, serial, code),), serial, change_code=code)


def _of_heads(home: Household, period: Period, serials: Mapping[str, str]) -> Iterator[Event]:
    if home.former_head is None or home.former_head[1] != period:
        return
    serial = serials[home.head.id_number]
    words = (
        _household(home, head_id_number=home.head.id_number),
        _member(home, serial, relation_code="02"),
    )
    yield Event("head_change", home, words, serial, other_person=serials[home.former_head[0].id_number])


def _of_couples(home: Household, period: Period, serials: Mapping[str, str]) -> Iterator[Event]:
    """A divorce shows by the spouse of the head that leaves."""
    if home.divorced is None or home.divorced[1] != period:
        return
    person = home.divorced[0]
    serial, code = serials[person.id_number], person.left[0] if person.left else ""
    word = _member(home, serial, relation_code="10", member_change_code=code)
    yield Event("divorce", home, (word,), serial, other_person=serials[home.head.id_number])


def _of_households(home: Household, period: Period, transfers: Mapping[int, Event]) -> Iterator[Event]:
    """`transfers`: those that made a household or ended one, by the identity of that household."""
    if home.exited == period:
        yield Event("exited", home, (_household(home, change_code="15"),), change_code="15")
    if home.monitor is not None and home.monitor[1] == period:
        is_coded = home.change == ("16", period)
        word = _household(home, monitored_month=period)
        yield Event("monitored", home, (word,), change_code="16" if is_coded else None)
    if home.cleared == period:
        yield Event("risk_removed", home, (_household(home, change_code="17"),), change_code="17")
    for change, names in ((home.change, _TURNS), (home.gone, _ENDS)):
        if change is None or change[1] != period or change[0] not in names:
            continue
        code, made = names[change[0]], transfers.get(id(home))
        words, other = [_household(home, change_code=change[0], change_month=period)], None
        if code in {"split", "merge"} and made is not None and made.other_home is not None:
            other = made.home if code == "split" else made.other_home
            words.append(made.words[1])
        moved = home.moved_from[0].code if code == "village_move" and home.moved_from else None
        yield Event(code, home, tuple(words), other_home=other, change_code=change[0], from_village=moved)


def _of_rolls(home: Household, period: Period, serials: Mapping[str, str]) -> Iterator[Event]:
    for name, subject, aid in (("dibao", "allowances", home.allowance), ("tekun", "supported", home.support)):
        if aid is None:
            continue
        serial = serials[aid.holder.id_number]
        if aid.started == period:
            word = Word(subject, str(home.number), serial, {"started_month": period, "stopped_month": None})
            yield Event(f"{name}_enter", home, (word,), serial)
        if aid.stopped is not None and aid.stopped[1] == period:
            word = Word(subject, str(home.number), serial, {"stopped_month": period})
            yield Event(f"{name}_leave", home, (word,), serial)


def _of_members(home: Household, period: Period, serials: Mapping[str, str]) -> Iterator[Event]:
    """Leaving school, coming back, and getting a disability certificate."""
    for person in home.members:
        case, number = person.case, str(home.number)
        if person.disabled == period and person.is_listed(period):
            serial = serials[person.id_number]
            certificate = f"{person.id_number}{person.disability}"
            yield Event("disabled", home, (_member(home, serial, disability_certificate_number=certificate),), serial)
        if case is None or period not in {case.opened, case.closed}:
            continue
        serial = serials[person.id_number]
        for code, month, says in (
            ("school_leave", case.opened, {"dropout_month": period}),
            ("school_return", case.closed, {"dropout_month": case.opened, "status_code": "4"}),
        ):
            if month == period:
                yield Event(code, home, (Word("absences", number, serial, says),), serial)


def events_of(state: State, serials: Mapping[str, str]) -> list[Event]:
    """Everything that happened in the state's month. `serials`: ID number -> the person's serial."""
    period, found = state.period, list(_of_persons(state, serials))
    moved = [event for event in found if event.code == "transfer"]
    transfers = {id(home): event for event in moved for home in (event.home, event.other_home)}
    for home in state.registered:
        found += _of_heads(home, period, serials)
        found += _of_couples(home, period, serials)
        found += _of_households(home, period, transfers)
        found += _of_rolls(home, period, serials)
        found += _of_members(home, period, serials)
    return found


class Sayings:
    """The rows of a month by subject, household and person: those that events ask for, whether accepted or not."""

    def __init__(self, events: list[Event]) -> None:
        self._wanted = {(word.subject, word.household_no) for event in events for word in event.words}
        self._rows: dict[tuple[str, str, str | None], list[tuple[Any, bool]]] = defaultdict(list)

    def add(self, row: Any, *, is_accepted: bool) -> None:
        """Keep the row (`SentRow`) if an event asks for it."""
        if (row.subject, row.household_no) in self._wanted:
            person = None if row.subject == "households" else row.person
            self._rows[row.subject, row.household_no, person].append((row, is_accepted))

    def find(self, word: Word) -> tuple[Any | None, bool]:
        """The row that has to say it, and whether it is accepted and says so."""
        rows = self._rows.get((word.subject, word.household_no, word.person), [])
        for row, is_accepted in rows:
            if is_accepted and all(row.values.get(name) == value for name, value in word.says.items()):
                return row, True
        return (rows[0][0], False) if rows else (None, False)


def lines(events: list[Event], period: Period, sayings: Sayings) -> list[dict[str, Any]]:
    """The table's rows."""
    found = []
    for event in events:
        heard = [sayings.find(word) for word in event.words]
        first, second = heard[0][0], heard[1][0] if len(heard) > 1 else None
        found.append(
            {
                "period": str(period),
                "event_code": event.code,
                "household_no": event.home.number,
                "other_household_no": event.other_home.number if event.other_home else None,
                "person": event.person,
                "other_person": event.other_person,
                "village_code": event.home.place.code,
                "from_village_code": event.from_village,
                "change_code": event.change_code,
                "is_visible": all(is_said for _, is_said in heard),
                "feed_id": first.feed_id if first else None,
                "sheet": first.sheet if first else None,
                "row": first.number if first else None,
                "other_sheet": second.sheet if second else None,
                "other_row": second.number if second else None,
            }
        )
    return found
