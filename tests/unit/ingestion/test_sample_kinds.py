"""The kinds of planted trouble: all of them are named once, planted somewhere, and seen by the rule they name."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from hearth.period import Period
from ingestion.checks import error_rows, run_checks
from ingestion.contract import contracts
from ingestion.inbox import resolve
from ingestion.nil_return import check_nil_return, is_nil_return
from ingestion.read import read_table, type_table
from ingestion.reference_data import parameters
from ingestion.rules import catalogue
from ingestion.sample import defects, slips
from ingestion.sample.catalogue import kinds
from ingestion.sample.county import write_county
from ingestion.sample.habits import habits
from ingestion.sample.manifest import Manifest, PlantedDefect, SampleFile
from ingestion.sample.stories import plots
from ingestion.table import FileProblem

DENSE = (Period(2026, 4), Period(2026, 10))
COUNTY = "530524"


def _planned() -> set[str]:
    found = {stray.fault for stray in habits().strays}
    for habit in habits().feeds.values():
        found |= {plan.kind for plan in habit.defects} | {slip.kind for slip in habit.slips}
        found |= {bad.fault for bad in habit.wholly_bad}
        found |= {"another_form"} if habit.old_form else set()
        found |= {again.kind for again in habit.again} | ({"late"} if habit.late_month else set())
    return found | set(plots())


def _known_rules() -> set[str]:
    return {rule.rule_id for contract in contracts().values() for rule in contract.rules} | set(catalogue())


def test_there_are_many_kinds_and_no_two_are_one() -> None:
    entries = kinds().values()
    assert len(kinds()) >= 150
    assert len({entry.zh for entry in entries}) == len({entry.en for entry in entries}) == len(kinds())
    assert len({entry.rule for entry in entries if entry.rule}) >= 80


def test_every_kind_is_planted_and_nothing_else_is() -> None:
    assert _planned() == set(kinds())


@pytest.mark.parametrize("name", sorted(kinds()))
def test_the_rule_of_a_kind_exists(name: str) -> None:
    entry = kinds()[name]
    for rule_id in filter(None, (entry.rule, entry.not_rule)):
        if entry.effect in {"later", "accepted"}:
            assert re.fullmatch(r"(XD|T|H|F|S|R-[A-Z]{3})-\d\d", rule_id)
        else:
            assert rule_id in _known_rules()


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Two months so bad that small files hold every kind of row."""
    root = tmp_path_factory.mktemp("dense")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defects, "SHARE", 0.45)
        patch.setattr(slips, "SHARE", 0.3)
        return root, write_county(DENSE, 300, 7, root)


Found = dict[tuple[str, int], set[tuple[str, str]]]


def _findings(root: Path, file: SampleFile) -> tuple[Found, set[tuple[str, int]], int]:
    """Rules and severities by row, refused rows, rows counted; raises FileProblem as intake would see it."""
    contract, period = contracts()[f"{file.department}.{file.feed}"], Period.parse(file.period)
    typed = type_table(
        read_table((root / file.path).read_bytes(), Path(file.path).name, contract, period), period, COUNTY
    )
    checked = run_checks(typed, period, parameters(period.last_day, COUNTY))
    findings = [*typed.raw.findings, *typed.findings, *checked.findings]
    found: Found = defaultdict(set)
    for finding in findings:
        found[finding.sheet, finding.row].add((finding.rule_id, finding.severity))
    return found, error_rows(findings), len(typed.raw.rows)


def _is_seen(planted: PlantedDefect, found: Found) -> bool:
    here, entry = found[planted.sheet, planted.row], kinds()[planted.kind]
    match entry.effect:
        case "refused":
            return (entry.rule, "error") in here
        case "warned":
            return (entry.rule, "warning") in here
        case "accepted":
            return entry.not_rule not in {rule for rule, severity in here if severity != "info"}
    return True


@pytest.mark.parametrize("feed_id", list(contracts()))
def test_what_is_planted_is_seen_by_its_rule_and_nothing_else_is_refused(
    feed_id: str, dense: tuple[Path, Manifest]
) -> None:
    root, manifest = dense
    for file in manifest.good(feed_id):
        if file.is_nil:
            continue
        found, refused, rows = _findings(root, file)
        assert rows == file.rows
        assert [each for each in (*file.defects, *file.remarks) if not _is_seen(each, found)] == []
        assert refused == {(defect.sheet, defect.row) for defect in file.defects}


def test_the_dense_months_hold_nearly_every_kind_of_row(dense: tuple[Path, Manifest]) -> None:
    held = {each.kind for file in dense[1].files for each in (*file.defects, *file.remarks)}
    rows = {name for name, entry in kinds().items() if entry.effect in {"refused", "warned"}}
    assert len(rows - held) <= 8, sorted(rows - held)


def _refusal(root: Path, file: SampleFile) -> str | None:
    """The rule that refuses the file, asked in the order of intake."""
    address = resolve(file.path, COUNTY)
    if address.problem is not None:
        return address.problem.rule_id
    assert address.contract is not None
    period, name = Period.parse(file.period), Path(file.path).name
    if period > Period(2026, 11):
        return "F-14"
    try:
        if is_nil_return(name):
            check_nil_return((root / file.path).read_bytes(), name, address.contract, period, 20)
            return None
        _, refused, rows = _findings(root, file)
    except FileProblem as problem:
        return problem.rule_id
    if not rows:
        return "F-08"
    return "F-17" if len(refused) > address.contract.rejection_share * rows else None


def test_a_year_holds_every_kind_of_bad_file_and_each_is_refused_by_its_rule(tmp_path: Path) -> None:
    year = [Period(2025, 11).shift(turn) for turn in range(12)]
    manifest = write_county(year, 140, 7, tmp_path)
    bad = [file for file in manifest.files if file.is_wholly_bad]
    assert {file.fault for file in bad} == {name for name, entry in kinds().items() if entry.effect == "file"}
    assert {file.path: _refusal(tmp_path, file) for file in bad} == {file.path: file.expected_rule_id for file in bad}
    told = [file for file in manifest.files if file.of_the_file]
    assert {kind for file in told for kind in file.of_the_file} == {
        "another_form",
        "corrected",
        "late",
        "same_file_twice",
    }
    assert [_refusal(tmp_path, file) for file in told] == [None] * len(told)
    assert {Path(file.path).suffix for file in manifest.good("water.supply")} == {".csv", ".xlsx"}
