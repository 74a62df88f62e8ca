"""The sample county: the same every time, nobody real, every department faulty in its own ways."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections import defaultdict
from pathlib import Path

import msoffcrypto
import openpyxl
import pytest
import xlrd

from hearth.period import Period
from ingestion.contract import contracts, departments
from ingestion.inbox import resolve
from ingestion.reference_data import parameter, regions
from ingestion.sample.catalogue import kinds
from ingestion.sample.county import write_county
from ingestion.sample.habits import habits
from ingestion.sample.manifest import Manifest, read_manifest
from ingestion.sample.months import months
from ingestion.sample.people import ISSUING_PREFIX, check_character
from ingestion.sample.places import places
from ingestion.sample.records import members
from ingestion.sample.services import everyone, houses, pupils, taps

PERIODS = (Period(2026, 9), Period(2026, 10))
HOUSEHOLDS = 120
SEED = 7


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    root = tmp_path_factory.mktemp("sample")
    return root, write_county(PERIODS, HOUSEHOLDS, SEED, root)


def _hashes(root: Path) -> dict[str, str]:
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_same_seed_same_bytes(sample: tuple[Path, Manifest], tmp_path: Path) -> None:
    root, manifest = sample
    assert write_county(PERIODS, HOUSEHOLDS, SEED, tmp_path) == manifest
    assert _hashes(tmp_path) == _hashes(root)


def test_another_seed_gives_other_people(sample: tuple[Path, Manifest], tmp_path: Path) -> None:
    other = write_county(PERIODS[:1], HOUSEHOLDS, SEED + 1, tmp_path)
    # Nil returns name nobody, so they are the same for all counties.
    first, second = ({file.path: file.sha256 for file in each.good() if not file.is_nil} for each in (sample[1], other))
    assert all(first[path] != sha256 for path, sha256 in second.items())


def test_a_month_does_not_depend_on_the_others(sample: tuple[Path, Manifest], tmp_path: Path) -> None:
    alone = write_county(PERIODS[1:], HOUSEHOLDS, SEED, tmp_path)
    together = {file.path: file.sha256 for file in sample[1].good() if file.period == str(PERIODS[1])}
    assert {file.path: file.sha256 for file in alone.good()} == together


def test_side_files_state_the_hash(sample: tuple[Path, Manifest]) -> None:
    root, manifest = sample
    for file in manifest.files:
        path = root / file.path
        stated = (root / f"{file.path}.sha256").read_text(encoding="utf-8")
        assert stated == f"{file.sha256}  {path.name}\n"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
        assert path.stat().st_size == file.byte_count


def test_workbooks_hold_no_clock(sample: tuple[Path, Manifest]) -> None:
    root, manifest = sample
    books = [file for file in manifest.good() if file.path.endswith(".xlsx")]
    nil_returns = sum(file.is_nil for file in manifest.files)
    assert len(books) == 2 * sum(habit.format == "xlsx" for habit in habits().feeds.values()) + nil_returns
    for file in books:
        with zipfile.ZipFile(root / file.path) as package:
            assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            stamps = re.findall(rb"\d{4}-\d\d-\d\dT[\d:]+Z", package.read("docProps/core.xml"))
            assert set(stamps) == {b"2026-01-01T00:00:00Z"}


def test_the_county_is_large_enough_and_real_in_place() -> None:
    villages = {region.region_code for region in regions() if region.level_code == "village"}
    (state,) = months(3200, SEED, places("530524"), PERIODS[:1])
    active = [home for home in state.registered if home.is_active(state.period)]
    sizes = [len(home.present(state.period)) for home in active]
    assert len(active) >= 3000
    assert sum(sizes) / len(sizes) == pytest.approx(3.29, abs=0.08)
    assert {home.place.code for home in state.households} <= villages
    assert len({home.place.township for home in active}) == 13
    assert len({home.place.code for home in active}) == 124
    people = list(everyone(state))
    assert len({person.id_number for person in people}) == len(people)
    assert len(people) > sum(sizes)


def test_nobody_is_real() -> None:
    (state,) = months(HOUSEHOLDS, SEED, places("530524"), PERIODS[:1])
    for person in everyone(state):
        assert person.id_number.startswith(ISSUING_PREFIX)
        assert person.id_number[-1] == check_character(person.id_number[:17])
        assert person.id_number[6:14] == f"{person.birth:%Y%m%d}"
        assert int(person.id_number[16]) % 2 == int(person.sex) % 2
    # No county of the division table was ever called so.
    assert not any(region.region_code.startswith(ISSUING_PREFIX) for region in regions())


def test_household_numbers_fit_the_pattern() -> None:
    pattern = re.compile(parameter("household_no_pattern", PERIODS[0].last_day))
    (state,) = months(1100, SEED, places("530524"), PERIODS[:1])
    numbers = [home.number or "" for home in state.registered]
    assert all(pattern.fullmatch(number) and not number.endswith("000") for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_every_household_has_one_head_of_age() -> None:
    (state,) = months(HOUSEHOLDS, SEED, places("530524"), PERIODS[:1])
    rows = [record.values for record in members(state)]
    heads = [row["household_no"] for row in rows if row["relation_code"] == "02"]
    assert sorted(map(str, heads)) == sorted({str(row["household_no"]) for row in rows})
    assert all(home.head.age_on(state.period.last_day) >= 22 for home in state.households)


def test_most_is_met_some_is_not_and_some_is_unknown() -> None:
    (state,) = months(1500, SEED, places("530524"), PERIODS[:1])
    registered = {home.head.id_number for home in state.registered if home.is_active(state.period)}
    grades = {str(row.values["head_id_number"]): str(row.values["house_grade_code"]) for row in houses(state)}
    found = {grades.get(head, "unknown") for head in registered}
    assert found == {"A", "B", "C", "D", "unknown"}
    verdicts = {str(row.values["head_id_number"]): str(row.values["verdict_code"]) for row in taps(state)}
    assert {verdicts.get(head, "unknown") for head in registered} == {"1", "2", "3", "unknown"}
    assert {home.food for home in state.registered} == {True, False, None}
    assert {home.clothing for home in state.registered} == {True, False, None}
    assert {home.meter.is_supplied for home in state.registered} == {True, False}
    assert any(home.meter.account_no is None for home in state.registered)
    people = [person for home in state.registered for person in home.present(state.period)]
    assert {"01", "16", ""} <= {person.insurance for person in people}
    children = {p.id_number for p in people if 6 <= p.age_on(state.period.last_day) <= 15}
    at_school = {str(row.values["id_number"]) for row in pupils(state)}
    assert children - at_school
    assert len(children & at_school) > 0.9 * len(children)


def test_months_differ_a_little() -> None:
    populations = []
    for state in months(600, SEED, places("530524"), PERIODS):
        populations.append({person.id_number for person in everyone(state)})
    first, second = populations
    assert first - second
    assert second - first
    assert len(first ^ second) < 0.03 * len(first)


def test_each_department_errs_in_several_ways(tmp_path: Path) -> None:
    planned: dict[str, set[str]] = defaultdict(set)
    for feed_id, habit in habits().feeds.items():
        planned[contracts()[feed_id].department] |= {plan.kind for plan in habit.defects}
    assert set(planned) == set(departments())
    assert min(len(kinds) for kinds in planned.values()) >= 5
    manifest = write_county(PERIODS[:1], 1000, SEED, tmp_path)
    planted: dict[str, set[str]] = defaultdict(set)
    for file in manifest.good():
        planted[file.department] |= {defect.kind for defect in file.defects}
        assert file.expected_accepted + file.expected_rejected == file.rows
        assert file.expected_rejected < 0.07 * file.rows or file.is_nil
    assert min(len(kinds) for kinds in planted.values()) >= 5
    assert set().union(*planted.values()) <= kinds().keys()


def test_one_wholly_bad_file_per_department_and_a_stray(sample: tuple[Path, Manifest]) -> None:
    bad = [file for file in sample[1].files if file.is_wholly_bad]
    assert sorted(file.department for file in bad if file.feed) == sorted(departments())
    assert {file.period for file in bad} == {"2026-09"}
    assert len({file.fault for file in bad}) == len(bad)
    (stray,) = [file for file in bad if file.feed is None]
    assert stray.department not in departments()


def test_the_inbox_knows_every_file(sample: tuple[Path, Manifest]) -> None:
    for file in sample[1].files:
        address = resolve(file.path, sample[1].county_code)
        assert (address.contract.feed if address.contract else None) == file.feed
        assert (address.problem.rule_id if address.problem else None) == (
            file.expected_rule_id if file.feed is None else None
        )


def test_faults_stand_where_the_manifest_says(sample: tuple[Path, Manifest]) -> None:
    """Checked with other programs than the project's reader, one for each kind of file."""
    root, manifest = sample
    (book,) = [file for file in manifest.good("water.supply") if file.period == "2026-09"]
    page = openpyxl.load_workbook(root / book.path)["Sheet1"]
    assert page.max_row == 4 + book.rows
    numeric = [defect for defect in book.defects if defect.kind == "numeric"]
    assert numeric
    assert all(any(isinstance(cell.value, float) for cell in page[defect.row]) for defect in numeric)

    (ledger,) = [file for file in manifest.good("housing.assessment") if file.period == "2026-09"]
    sheet = xlrd.open_workbook(root / ledger.path).sheet_by_index(0)
    grades = [sheet.row_values(defect.row - 1) for defect in ledger.defects if defect.kind == "unknown_code"]
    assert grades
    assert all("见附件" in row for row in grades)
    assert re.search(r"（\d+户）$", str(sheet.cell_value(3, 0)))

    (roll,) = [file for file in manifest.good("health.insurance") if file.period == "2026-09"]
    lines = list(csv.reader(io.StringIO((root / roll.path).read_bytes().decode("gb18030"), newline="")))
    assert len(lines) == roll.rows + 3
    assert [len(lines[0]), len(lines[-1])] == [1, 1]
    years = [lines[defect.row - 1] for defect in roll.defects if defect.rule_id == "R-HLT-01"]
    assert years
    assert all("2019" in line for line in years)


def test_the_locked_file_is_really_locked(sample: tuple[Path, Manifest]) -> None:
    root, manifest = sample
    (file,) = [file for file in manifest.files if file.fault == "password"]
    locked = msoffcrypto.OfficeFile(io.BytesIO((root / file.path).read_bytes()))
    assert locked.is_encrypted()
    locked.load_key(password="sample")  # noqa: S106 - the word every sample file is locked with
    opened = io.BytesIO()
    locked.decrypt(opened)
    assert openpyxl.load_workbook(opened).sheetnames == ["Sheet1"]


def test_manifest_comes_back_as_it_was(sample: tuple[Path, Manifest], tmp_path: Path) -> None:
    path = tmp_path / "sample" / "manifest.json"
    sample[1].write(path)
    assert read_manifest(path) == sample[1]
    assert ISSUING_PREFIX not in path.read_text(encoding="utf-8")


def test_a_county_sent_month_by_month_has_one_manifest(sample: tuple[Path, Manifest], tmp_path: Path) -> None:
    first, second = (write_county([period], HOUSEHOLDS, SEED, tmp_path) for period in PERIODS)
    joined = first.beside(second)
    assert joined.months == sample[1].months
    assert set(sample[1].files) <= set(joined.files)
    other = write_county(PERIODS[:1], HOUSEHOLDS, SEED + 1, tmp_path / "other")
    assert other.beside(first) == other


@pytest.mark.parametrize(
    ("periods", "households", "message"),
    [
        ((), 10, "at least one month"),
        ((Period(2024, 12),), 10, r"\[2024-12\].*begins in 2025-01"),
        ((PERIODS[0], PERIODS[0]), 10, r"2026-09.*once"),
        ((PERIODS[0],), 0, r"\[0\] households.*at least one"),
        ((PERIODS[0],), 2_000_001, r"\[2000001\] households.*at most 2000000"),
    ],
)
def test_senseless_requests_are_refused(
    periods: tuple[Period, ...], households: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        write_county(periods, households, SEED, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_shares_are_those_of_a_rural_county() -> None:
    (state,) = months(3200, SEED, places("530524"), PERIODS[:1])
    active = [home for home in state.registered if home.is_active(state.period)]
    people = [person for home in active for person in home.present(state.period)]
    assert sum(person.sex == "1" for person in people) / len(people) == pytest.approx(0.515, abs=0.01)
    assert sum(person.ethnicity == "01" for person in people) / len(people) == pytest.approx(0.888, abs=0.02)
    assert {"07", "18", "06", "34"} <= {person.ethnicity for person in people}
    ages = [person.age_on(state.period.last_day) for person in people]
    assert max(ages) in range(90, 97)
    assert min(ages) == 0
    bands = [sum(low <= age < low + 15 for age in ages) / len(ages) for low in (0, 15, 30, 45, 60, 75)]
    assert bands[0] > 0.14
    assert bands[5] < bands[4] < bands[3]
