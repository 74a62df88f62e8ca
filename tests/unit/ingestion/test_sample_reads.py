"""Sample county and reader agree: each planted fault is found by the rule named, and no clean row is refused."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from hearth.period import Period
from ingestion.checks import error_rows, run_checks
from ingestion.contract import contracts
from ingestion.nil_return import check_nil_return
from ingestion.read import read_table, type_table
from ingestion.reference_data import parameters
from ingestion.sample.county import write_county
from ingestion.sample.manifest import Manifest, SampleFile
from ingestion.table import FileProblem, Finding

PERIODS = (Period(2026, 9), Period(2026, 10))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    root = tmp_path_factory.mktemp("sample")
    return root, write_county(PERIODS, 300, 7, root)


def _judge(root: Path, file: SampleFile, county_code: str) -> tuple[int, list[Finding]]:
    """Rows counted and everything found; raises FileProblem as intake would see it."""
    contract, period = contracts()[f"{file.department}.{file.feed}"], Period.parse(file.period)
    path = root / file.path
    raw = read_table(path.read_bytes(), path.name, contract, period)
    typed = type_table(raw, period, county_code)
    checked = run_checks(typed, period, parameters(period.last_day, county_code))
    return len(typed.raw.rows), [*raw.findings, *typed.findings, *checked.findings]


@pytest.mark.parametrize("feed_id", list(contracts()))
@pytest.mark.parametrize("period", PERIODS, ids=str)
def test_planted_is_found_and_clean_is_kept(sample: tuple[Path, Manifest], feed_id: str, period: Period) -> None:
    root, manifest = sample
    (file,) = [file for file in manifest.good(feed_id) if file.period == str(period)]
    if file.is_nil:
        path, scan_rows = root / file.path, int(parameters(period.last_day)["header_scan_rows"])
        check_nil_return(path.read_bytes(), path.name, contracts()[feed_id], period, scan_rows)
        return
    rows, findings = _judge(root, file, manifest.county_code)
    assert rows == file.rows
    rules = defaultdict(set)
    for finding in findings:
        rules[(finding.sheet, finding.row)].add((finding.rule_id, finding.severity))
    missed = [defect for defect in file.defects if (defect.rule_id, "error") not in rules[(defect.sheet, defect.row)]]
    assert missed == []
    refused = error_rows(findings)
    wrongly = sorted(refused - {(defect.sheet, defect.row) for defect in file.defects})
    assert [(address, rules[address]) for address in wrongly] == []
    assert len(refused) == file.expected_rejected
    assert len(refused) <= contracts()[feed_id].rejection_share * rows


def test_wholly_bad_files_are_refused_by_the_rule_named(sample: tuple[Path, Manifest]) -> None:
    root, manifest = sample
    found = {}
    for file in manifest.files:
        if file.is_wholly_bad and file.feed is not None:
            with pytest.raises(FileProblem) as refusal:
                _judge(root, file, manifest.county_code)
            found[file.path] = refusal.value.rule_id
    assert found == {file.path: file.expected_rule_id for file in manifest.files if file.is_wholly_bad and file.feed}
