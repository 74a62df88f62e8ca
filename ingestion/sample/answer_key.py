"""The answer key of the sample county: what is true, what was planted, and what follows from the rest.

Kept apart from the warehouse: nothing but the scorer (``score.py``) and tests read it, and it never lies in the bucket.
It holds no name and no ID number, only the generator's serials and, where the installation has its secret, the keyed
hash by which the warehouse knows the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from hearth.period import Period
from ingestion.contract import contracts
from ingestion.keys import has_token_key, newest_tokens
from ingestion.reference_data import regions
from ingestion.sample import events, remarks
from ingestion.sample.accepted_rows import ID_COLUMNS, NAME_VILLAGE, TYPO, Feed, SentRow
from ingestion.sample.conclusions import GUARANTEES, UNKNOWN, Month
from ingestion.sample.feed_rows import table_of
from ingestion.sample.habits import habits
from ingestion.sample.key_tables import schema_of
from ingestion.sample.layouts import Row
from ingestion.sample.networks import rural_population
from ingestion.sample.people import MOVED, Person
from ingestion.sample.population import Household
from ingestion.sample.records import Record, labour_code, on_allowance
from ingestion.sample.state import State
from ingestion.sample.subjects import SUBJECTS


@dataclass(frozen=True, slots=True)
class _Owner:
    """Where a person lives in the month, or lived last."""

    home: Household
    person: Person
    serial: str


def _serials(state: State) -> dict[str, str]:
    """ID number -> the generator's serial: the place in the household in which the person was first listed.

    Whoever splits off or is taken in by another household keeps a place in the old one, and the serial with it.
    """
    found: dict[str, str] = {}
    for home in state.households:
        for position, person in enumerate(home.members):
            if person.id_number not in found or person.joined is None or person.joined[0] not in MOVED:
                serial = f"{'R' if home.number else 'X'}{home.serial:06d}-{position + 1:02d}"
                found[person.id_number] = serial
    return found


def _hashes(id_numbers: Sequence[str]) -> dict[str, str]:
    """ID number -> the keyed hash by which the warehouse knows it; empty where no key has been made."""
    if not has_token_key():
        return {}
    return dict(zip(id_numbers, newest_tokens().of("id_number", id_numbers), strict=True))


def _rural(state: State) -> list[dict[str, Any]]:
    period = str(state.period)
    return [
        {"period": period, "village_code": code, "households": households, "persons": persons}
        for code, (households, persons) in rural_population(state).items()
    ]


def _closeness(person: Person, period: Period) -> tuple[bool, Period]:
    """Of the households that list a person: the one that has it as a member, else the one it left last."""
    return person.is_member(period), person.left[1] if person.left is not None else period


@dataclass(frozen=True, slots=True)
class KeyTables:
    """One block's month of the key; `defects` are known once the files are complete."""

    tables: Mapping[str, pa.Table]
    """By name; `links` without path and sha256, `rates` to be summed over the blocks."""
    true: Mapping[str, pa.Table]
    accepted: Mapping[str, pa.Table]
    """By feed."""


class AnswerKey:
    """Answers of one block. Each month: `see_month`, for each feed `see_truth` and `see_rows`, at last `tables`.

    `first_listed`: person -> month, from earlier runs. A month's state moves on afterwards, so nothing of a month is
    kept but who was listed and the rows of the newest file of each feed, from which later months may have to conclude.
    """

    def __init__(self, county_code: str, first_listed: Mapping[str, Period] | None = None) -> None:
        self._county_code = county_code
        self._first_listed = dict(first_listed or {})
        self._rows: dict[str, list[dict[str, Any]]] = {"households": [], "persons": [], "rural": []}
        self._feeds: dict[str, Feed] = {}
        self._fresh: list[str] = []
        self._truth: dict[str, pa.Table] = {}
        self._remarks: list[dict[str, Any]] = []
        self._villages: dict[str, str] = {}
        self._events: list[events.Event] = []
        self._owners: dict[str, _Owner] = {}
        self._period = Period(1, 1)

    # ------------------------------------------------------------ collecting
    def see_month(self, state: State) -> None:
        """Keep what is true in the month."""
        self._period = state.period
        self._rows = {"households": [], "persons": [], "rural": _rural(state)}
        self._owners, self._villages, self._fresh, self._truth = {}, {}, [], {}
        self._remarks = []
        serials = _serials(state)
        self._events = events.events_of(state, serials)
        for home in state.households:
            if not home.exists(state.period):
                continue
            if home.number is not None:
                self._rows["households"].append(self._household(home, home.number, state.period))
                self._villages[home.number] = home.place.code
            for person in home.members:
                held = self._owners.get(person.id_number)
                if held is None or _closeness(person, state.period) > _closeness(held.person, state.period):
                    self._owners[person.id_number] = _Owner(home, person, serials[person.id_number])
        hashes = _hashes(list(self._owners))
        for id_number, owner in self._owners.items():
            row = self._person(owner.home, owner.person, owner.serial, state.period)
            self._rows["persons"].append(row | {"id_number_hash": hashes.get(id_number)})

    def _household(self, home: Household, number: str, period: Period) -> dict[str, Any]:
        return {
            "period": str(period),
            "household_no": number,
            "village_code": home.place.code,
            "register_class_code": home.register_class,
            "poverty_status_code": home.status,
            "monitor_class_code": home.monitor[0] if home.monitor else None,
            "is_active": home.is_active(period),
            "member_count": len(home.present(period)),
            "on_dibao": on_allowance(home, period),
            "is_food_met": home.food,
            "is_clothing_met": home.clothing,
            "house_grade_code": home.house.grade,
            "water_rating_codes": "".join(home.water.ratings) if home.water.ratings else None,
            "has_living_power": home.meter.is_supplied if home.meter.account_no else None,
        }

    def _person(self, home: Household, person: Person, serial: str, period: Period) -> dict[str, Any]:
        return {
            "period": str(period),
            "household_no": home.number,
            "person": serial,
            "sex_code": person.sex,
            "age": person.age_on(period.last_day),
            "disability_type_code": person.disability[0] if person.disability else None,
            "disability_grade_code": person.disability[1] if person.disability else None,
            "labour_capacity_code": labour_code(person, period),
            "is_member": person.is_member(period),
            "is_listed": home.number is not None and person.is_listed(period),
            "insurance_status_code": person.insurance or None,
            "schooling": person.schooling,
            "has_open_case": person.case is not None and person.case.closed is None,
        }

    def owner(self, values: Mapping[str, Any], meant: str | None = None) -> tuple[str | None, str | None]:
        """True household number and person of a record; `meant`: ID number of who is meant, where another is written.

        The number the record was made with; else the home of the person it names. (In the month of a merger the row of
        the household that ended still belongs to that household, and its people already live in the other.)
        """
        if meant is not None:
            return self._owners[meant].home.number, self._owners[meant].serial
        number = values.get("household_no")
        for name in ID_COLUMNS:
            if values.get(name):
                owner = self._owners[values[name]]
                return number or owner.home.number, owner.serial
        return number, None

    def see_truth(self, feed_id: str, records: Sequence[Record]) -> None:
        """Keep what the office would have to write of the month. After `see_month`."""
        rows = ((record.values, record.place.code, *self.owner(record.values)) for record in records)
        self._truth[feed_id] = table_of(contracts()[feed_id], self._period, rows)

    def see_rows(self, feed_id: str, rows: Sequence[Row]) -> None:
        """Keep where each row of the feed's good file truly belongs. Raises KeyError for a person nobody has made."""
        subject = habits().feeds[feed_id].subject
        sent: list[SentRow] = []
        for row in rows:
            if row.record is None:
                raise ValueError(f"[{feed_id}] row [{row.number}] does not say which record it was written from")
            values = row.record.values
            household_no, person = self.owner(values, row.record.meant)
            self._remarks += remarks.lines(row, self._period, feed_id, (household_no, person))
            sent.append(
                SentRow(
                    subject=subject,
                    feed_id=feed_id,
                    period=self._period,
                    sheet=row.sheet,
                    number=row.number,
                    values={name: values[name] for name in row.cells if name in values},
                    household_no=household_no,
                    person=person,
                    village_code=row.record.place.code,
                    is_planted=bool(row.faults),
                    spoilt=_spoilt(row),
                    is_raised=any(row.record.disguise.get(name) == "old_id" for name in ID_COLUMNS),
                )
            )
            if subject == "members" and person is not None and not row.faults:
                self._first_listed[person] = min(self._period, self._first_listed.get(person, self._period))
        self._feeds[subject] = Feed(self._period, sent)
        self._fresh.append(subject)

    # ------------------------------------------------------------ concluding
    def _happened(self, month: Month) -> list[dict[str, Any]]:
        """A row is seen when it leads to its household, which a register row does only beside its household's row."""
        sayings = events.Sayings(self._events)
        for subject in self._fresh:
            for row, reached in zip(self._feeds[subject].rows, month.reached[subject], strict=True):
                sayings.add(row, is_accepted=reached is not None)
        return events.lines(self._events, self._period, sayings)

    def tables(self) -> KeyTables:
        """The month's tables of the block."""
        period = str(self._period)
        feeds = {subject: self._feeds.get(subject, Feed(None, [])) for subject in SUBJECTS}
        month = Month(self._period, self._county_code, feeds, self._first_listed)
        guarantees = []
        for number in month.register.universe:
            line = {"period": period, "household_no": number, "village_code": self._villages[number]}
            for name, (state, reason) in month.states(number).items():
                line |= {f"{name}_state": state, f"{name}_reason": reason}
            guarantees.append(line)
        for row in self._rows["persons"]:
            listed = self._first_listed.get(row["person"])
            row["first_listed"] = str(listed) if listed is not None and listed <= self._period else None
        sources = [
            {
                "period": period,
                "feed_id": feed_id,
                "is_sent": feed.source == self._period,
                "source_period": str(feed.source) if feed.source else None,
                "age_periods": feed.age(self._period),
                "is_carried": feed.source not in {None, self._period},
            }
            for feed_id in contracts()
            for feed in (feeds[habits().feeds[feed_id].subject],)
        ]
        rows = self._rows | {
            "sources": sources,
            "guarantees": guarantees,
            "rates": rates(guarantees),
            "remarks": self._remarks,
            "events": self._happened(month),
        }
        tables = {name: pa.Table.from_pylist(lines, schema=schema_of(name)) for name, lines in rows.items()}
        links = [pa.Table.from_pylist([], schema=schema_of("links"))]
        accepted: dict[str, pa.Table] = {}
        for feed_id, contract in contracts().items():
            subject = habits().feeds[feed_id].subject
            feed = feeds[subject]
            reached = month.reached[subject]
            if subject in self._fresh:
                links.append(_links(month, feed.rows, reached))
            if contract.semantics == "event" and feed.source != self._period:
                continue  # what happened in another month did not happen in this one
            sound = (
                (row.values, row.village_code, home, row.person if _tells_whom(row, home) else None)
                for row, home in zip(feed.rows, reached, strict=True)
                if not row.is_planted
            )
            accepted[feed_id] = table_of(contract, self._period, sound)
        return KeyTables(tables | {"links": pa.concat_tables(links)}, self._truth, accepted)


def _links(month: Month, rows: Sequence[SentRow], reached: Sequence[str | None]) -> pa.Table:
    """Path and sha256 are known once the file is complete."""
    columns = {
        "period": pa.repeat(str(month.period), len(rows)),
        "feed_id": [row.feed_id for row in rows],
        "path": pa.nulls(len(rows), pa.string()),
        "sha256": pa.nulls(len(rows), pa.string()),
        "sheet": [row.sheet for row in rows],
        "row": [row.number for row in rows],
        "household_no": [row.household_no for row in rows],
        "person": [row.person for row in rows],
        "is_planted": [row.is_planted for row in rows],
        "is_reachable": [home is not None for home in reached],
        "link_path": [month.register.way(row, home) for row, home in zip(rows, reached, strict=True)],
        "hint": [month.register.hint(row, home) for row, home in zip(rows, reached, strict=True)],
    }
    return pa.table(columns, schema=schema_of("links"))


_SLIPS = frozenset({"wrong_check_digit", "digit_typo"})
_UNREADABLE = frozenset({"R-ALL-01", "R-ALL-02", "R-ALL-03", "S-05"})


def _spoilt(row: Row) -> str | None:
    """What a fault in the person's ID number leaves of it."""
    for fault in row.faults:
        if fault.column in ID_COLUMNS and fault.rule_id in _UNREADABLE:
            return TYPO if fault.kind in _SLIPS else NAME_VILLAGE
    return None


def _tells_whom(row: SentRow, home: str | None) -> bool:
    """Whether the row, as it was sent, says for certain whom it is about; 15 digits that led nowhere do not."""
    return any(row.values.get(name) for name in ID_COLUMNS) and (home is not None or not row.is_raised)


def rates(guarantees: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Households by state per month, region (village, township, county) and guarantee, five and seven among them."""
    township_of = {region.region_code: region.parent_code for region in regions()}
    counts: dict[tuple[str, str, str, str], dict[str, int]] = {}
    for row in guarantees:
        village = row["village_code"]
        places = (("village", village), ("township", township_of[village]), ("county", f"{village[:6]}000000"))
        for level, region in places:
            for name in (*GUARANTEES, "five", "seven"):
                cell = counts.setdefault(
                    (row["period"], level, str(region), name), {"met": 0, "unmet": 0, UNKNOWN: 0, "universe": 0}
                )
                cell[row[f"{name}_state"]] += 1
                cell["universe"] += 1
    names = ("period", "level_code", "region_code", "guarantee")
    return [dict(zip(names, place, strict=True)) | cell for place, cell in sorted(counts.items())]
