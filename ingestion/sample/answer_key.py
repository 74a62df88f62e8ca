"""The answer key of the sample county: what is true, what was planted, and what follows from the rest.

Kept apart from the warehouse: nothing but the scorer (``score.py``) and tests read it, and it never lies in the bucket.
It holds no name and no ID number, only the generator's serials and, where the installation has its secret, the keyed
hash by which the warehouse knows the person.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hearth.period import Period
from hearth.settings import settings
from ingestion.contract import contracts
from ingestion.keys import has_token_key
from ingestion.reference_data import regions
from ingestion.sample import remarks
from ingestion.sample.blocks import OUTSIDER_SHARE
from ingestion.sample.conclusions import GUARANTEES, ID_COLUMNS, UNKNOWN, Feed, Month, SentRow
from ingestion.sample.feed_rows import ACCEPTED, TRUE, table_of, tables_in, write_rows
from ingestion.sample.habits import habits
from ingestion.sample.indicators import compute
from ingestion.sample.key_tables import README, TABLES, path_of, read_table
from ingestion.sample.layouts import Row
from ingestion.sample.manifest import SampleFile
from ingestion.sample.people import MOVED, Person
from ingestion.sample.population import Household
from ingestion.sample.records import labour_code, on_allowance
from ingestion.sample.state import State
from ingestion.sample.subjects import SUBJECTS
from ingestion.vault import token


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


def _closeness(person: Person, period: Period) -> tuple[bool, Period]:
    """Of the households that list a person: the one that has it as a member, else the one it left last."""
    return person.is_member(period), person.left[1] if person.left is not None else period


class AnswerKey:
    """Collects while the county is written: first `see_month`, then `see_file` for each of its files, at last `write`.

    A month's state moves on afterwards, so nothing of it is kept but the rows of the tables.
    """

    def __init__(self, county_code: str, households: int, seed: int, surrounding: float = OUTSIDER_SHARE) -> None:
        self._run = {"county_code": county_code, "households": households, "seed": seed, "surrounding": surrounding}
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self._sent: dict[tuple[str, Period], list[SentRow]] = defaultdict(list)
        self._periods: list[Period] = []
        self._truth: dict[tuple[str, Period], list[pa.Table]] = defaultdict(list)
        self._accepted: dict[tuple[str, Period], pa.Table] = {}
        self._villages: dict[tuple[Period, str], str] = {}
        self._owners: dict[str, _Owner] = {}
        self._has_secret = has_token_key()

    # ------------------------------------------------------------ collecting
    def see_month(self, state: State) -> None:
        """Keep what is true in the month."""
        self._periods.append(state.period)
        self._owners = {}
        serials = _serials(state)
        for home in state.households:
            if not home.exists(state.period):
                continue
            if home.number is not None:
                self._rows["households"].append(self._household(home, home.number, state.period))
                self._villages[state.period, home.number] = home.place.code
            for person in home.members:
                held = self._owners.get(person.id_number)
                if held is None or _closeness(person, state.period) > _closeness(held.person, state.period):
                    self._owners[person.id_number] = _Owner(home, person, serials[person.id_number])
        for owner in self._owners.values():
            self._rows["persons"].append(self._person(owner.home, owner.person, owner.serial, state.period))

    def see_truth(self, state: State) -> None:
        """Keep what every office would have to write of the month, or of one block in it. After `see_month`."""
        for feed_id, contract in contracts().items():
            records = SUBJECTS[habits().feeds[feed_id].subject](state)
            rows = ((record.values, record.place.code, *self.owner(record.values)) for record in records)
            self._truth[feed_id, state.period].append(table_of(contract, state.period, rows))

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
            "id_number_hash": token("id_number", person.id_number) if self._has_secret else None,
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
        number = values.get("household_no")
        for id_number in (meant, *(values.get(name) for name in ID_COLUMNS)):
            if id_number:
                owner = self._owners[id_number]
                return number or owner.home.number, owner.serial
        return number, None

    def see_file(self, state: State, entry: SampleFile, rows: Sequence[Row]) -> None:
        """Keep a file's faults and where each row truly belongs. Raises KeyError for a person nobody has made."""
        feed_id = f"{entry.department}.{entry.feed}" if entry.feed else None
        if "same_file_twice" in entry.of_the_file:
            return  # the same bytes were seen before
        address = {"period": str(state.period), "feed_id": feed_id, "path": entry.path, "sha256": entry.sha256}
        if entry.is_wholly_bad:
            self._rows["defects"].append(address | {"rule_id": entry.expected_rule_id, "kind": entry.fault})
            return
        for fault in entry.defects:
            where = {"sheet": fault.sheet, "row": fault.row, "column": fault.column}
            self._rows["defects"].append(address | where | {"rule_id": fault.rule_id, "kind": fault.kind})
        if feed_id is None:
            raise ValueError(f"[{entry.path}] is a good file of no feed")
        subject = habits().feeds[feed_id].subject
        self._sent[subject, state.period] = []  # of two good files of a month the later one counts
        for row in rows:
            if row.record is None:
                raise ValueError(f"[{entry.path}] row [{row.number}] does not say which record it was written from")
            household_no, person = self.owner(row.record.values, row.record.meant)
            self._rows["remarks"] += remarks.lines(row, address, (household_no, person))
            sent = SentRow(
                subject=subject,
                feed_id=feed_id,
                period=state.period,
                sha256=entry.sha256,
                path=entry.path,
                sheet=row.sheet,
                number=row.number,
                values={name: row.record.values[name] for name in row.cells if name in row.record.values},
                household_no=household_no,
                person=person,
                village_code=row.record.place.code,
                is_planted=bool(row.faults),
            )
            self._sent[subject, state.period].append(sent)

    # ------------------------------------------------------------ concluding
    def _feed(self, subject: str, period: Period) -> Feed:
        sources = [source for (name, source) in self._sent if name == subject and source <= period]
        return Feed(max(sources), self._sent[subject, max(sources)]) if sources else Feed(None, [])

    def _conclude(self, period: Period, first_listed: Mapping[str, Period]) -> None:
        feeds = {subject: self._feed(subject, period) for subject in SUBJECTS}
        month = Month(period, str(self._run["county_code"]), feeds, first_listed)
        for subject in SUBJECTS:
            for row in self._sent.get((subject, period), ()):
                self._rows["links"].append(
                    {
                        "period": str(period),
                        "feed_id": row.feed_id,
                        "path": row.path,
                        "sha256": row.sha256,
                        "sheet": row.sheet,
                        "row": row.number,
                        "household_no": row.household_no,
                        "person": row.person,
                        "is_planted": row.is_planted,
                        "is_reachable": not row.is_planted and month.register.reach(row) is not None,
                        "link_path": None if row.is_planted else month.register.way(row),
                    }
                )
        for feed_id, contract in contracts().items():
            feed = feeds[habits().feeds[feed_id].subject]
            if contract.semantics == "event" and feed.source != period:
                continue  # what happened in another month did not happen in this one
            rows = (
                (row.values, row.village_code, month.register.reach(row), row.person if _names_anyone(row) else None)
                for row in feed.rows
                if not row.is_planted
            )
            self._accepted[feed_id, period] = table_of(contract, period, rows)
        for number in month.register.universe:
            line = {"period": str(period), "household_no": number, "village_code": self._villages[period, number]}
            for name, (state, reason) in month.states(number).items():
                line |= {f"{name}_state": state, f"{name}_reason": reason}
            self._rows["guarantees"].append(line)

    def _listed(self, earlier: Iterable[Mapping[str, Any]]) -> dict[str, Period]:
        """Person -> first month in which an accepted row of the register listed it."""
        first = {row["person"]: Period.parse(row["first_listed"]) for row in earlier if row["first_listed"]}
        for (subject, period), rows in self._sent.items():
            for row in rows if subject == "members" else ():
                if row.person is not None and not row.is_planted:
                    first[row.person] = min(period, first.get(row.person, period))
        return first

    # ------------------------------------------------------------ writing
    def write(self, folder: Path) -> None:
        """Write the tables, README.md and key.json. Months of an earlier run of the same county stay.

        Raises ValueError for a folder below the bucket: whoever reads the bucket must not find the answers there.
        """
        bucket = settings().bucket.removeprefix("file://")
        if folder.resolve().is_relative_to(Path(bucket).resolve()):
            raise ValueError(f"answer key folder [{folder}] lies below the bucket [{bucket}]; choose another")
        kept = self._earlier(folder)
        first_listed = self._listed(kept["persons"])
        for period in sorted(self._periods):
            self._conclude(period, first_listed)
        for row in self._rows["persons"]:
            listed = first_listed.get(row["person"])
            row["first_listed"] = str(listed) if listed is not None and str(listed) <= row["period"] else None
        self._rows["rates"] = rates(self._rows["guarantees"])
        folder.mkdir(parents=True, exist_ok=True)
        self._write_rows(folder)
        months = set()
        for name, columns in TABLES.items():
            rows = sorted(kept[name] + self._rows[name], key=lambda row: str(row["period"]))
            months |= {row["period"] for row in rows}
            pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(columns.items()))), path_of(folder, name))
        periods = [Period.parse(month) for month in sorted(months)]
        guarantees = pq.read_table(path_of(folder, "guarantees"))
        county = str(self._run["county_code"])
        found, states = compute(tables_in(folder, TRUE), tables_in(folder, ACCEPTED), guarantees, periods, county)
        pq.write_table(found, path_of(folder, "indicators"))
        pq.write_table(states, path_of(folder, "states"))
        run = self._run | {"periods": sorted(months)}
        (folder / "key.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(README, encoding="utf-8")

    def _write_rows(self, folder: Path) -> None:
        for (feed_id, period), tables in self._truth.items():
            write_rows(folder, TRUE, feed_id, period, pa.concat_tables(tables))
        for (feed_id, period), table in self._accepted.items():
            write_rows(folder, ACCEPTED, feed_id, period, table)

    def _earlier(self, folder: Path) -> dict[str, list[dict[str, Any]]]:
        note = folder / "key.json"
        if not note.exists():
            return {name: [] for name in TABLES}
        run = json.loads(note.read_text(encoding="utf-8"))
        if {name: run.get(name) for name in self._run} != self._run:
            for kind in (TRUE, ACCEPTED):
                shutil.rmtree(folder / kind, ignore_errors=True)
            return {name: [] for name in TABLES}  # another county: nothing of it is kept
        mine = {str(period) for period in self._periods}
        return {name: [row for row in read_table(folder, name) if row["period"] not in mine] for name in TABLES}


def _names_anyone(row: SentRow) -> bool:
    """Whether the row, as it was sent, names a person."""
    return any(row.values.get(name) for name in ID_COLUMNS)


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
