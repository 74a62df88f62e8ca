"""What intake makes of the sample's files that are sent twice, corrected or late."""

from __future__ import annotations

import pytest

from hearth.bucket import bucket
from hearth.period import Period
from hearth.settings import Settings
from ingestion import ledger
from ingestion.arrivals import code_key
from ingestion.intake import discover, take
from ingestion.sample.county import write_county
from ingestion.sample.manifest import SampleFile
from ingestion.submission import LIVE, State, Submission

pytestmark = pytest.mark.usefixtures("clean_warehouse")
SPRING = [Period(2026, month) for month in (4, 5, 6)]
HOUSEHOLDS = 140


def test_the_file_that_counts_is_the_one_that_stays(clean_warehouse: Settings) -> None:
    manifest = write_county(SPRING, HOUSEHOLDS, 7, bucket(), processes=1)
    sent = {code_key(file.path): file for file in manifest.files}
    numbers: dict[str, str] = {}
    for department in sorted({file.department for file in manifest.files if file.of_the_file}):
        keys = [key for key in discover(department) if sent[key].feed in {"dibao", "insurance", "connection"}]
        numbers |= {key: take(key).submission_id for key in keys}

    def entry(file: SampleFile) -> Submission:
        return ledger.find(numbers[code_key(file.path)])

    taken = [sent[key] for key in numbers]
    (copy,) = [file for file in taken if "same_file_twice" in file.of_the_file]
    (first,) = [file for file in taken if file.sha256 == copy.sha256 and file is not copy]
    assert numbers[code_key(copy.path)] == numbers[code_key(first.path)]  # F-06: the receipt of the first one
    (superseded,) = [file for file in taken if file.is_superseded]
    (corrected,) = [file for file in taken if "corrected" in file.of_the_file]
    assert superseded.expected_rejected > corrected.expected_rejected
    assert (entry(superseded).state, entry(superseded).superseded_by) == (
        State.SUPERSEDED,
        numbers[code_key(corrected.path)],
    )
    (late,) = [file for file in taken if "late" in file.of_the_file]
    assert "F-12" in {note["rule_id"] for note in entry(late).notes}
    for file in taken:
        if file.is_counted:
            assert entry(file).state in LIVE, file.path
            assert entry(file).rows_accepted == file.expected_accepted, file.path
    order = list(numbers)
    june = [key for key in order if sent[key].department == late.department and sent[key].period == str(SPRING[2])]
    assert june
    assert all(order.index(code_key(late.path)) > order.index(key) for key in june)
