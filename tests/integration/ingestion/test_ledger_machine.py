"""Whatever a department sends, in whatever order: the ledger keeps its promises."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hearth.bucket import bucket
from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion.intake import discover, take
from ingestion.ledger import confirm
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import FOLDER, drop, workbook
from tests.integration.ingestion.returned import book_of, mend, path_of, query, rows_of, send_back, wrong

COVERED = "保障人口"


class Department(RuleBasedStateMachine):
    """Sends whole files, mended workbooks and old bytes again; people confirm what waits."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[bytes] = []
        self.receipts: list[Receipt] = []
        self.received: dict[str, object] = {}

    @initialize()
    def empty(self) -> None:
        with connect(Role.OWNER) as connection:
            connection.execute(
                "truncate ops.submission, raw.civil_affairs__dibao, quarantine.row, ops.first_arrival cascade"
            )

    def _send(self, data: bytes) -> None:
        self.files.append(data)
        self.receipts.append(take(drop(f"{FOLDER}/低保.xlsx", data)))

    @rule(count=st.integers(24, 30), faults=st.sets(st.integers(1, 20), max_size=4))
    def whole_file(self, count: int, faults: set[int]) -> None:
        self._send(workbook(wrong(count, sorted(faults))))

    @rule(pick=st.randoms(use_true_random=False))
    def old_bytes(self, pick: object) -> None:
        if self.files:
            self._send(self.files[pick.randrange(len(self.files))])  # type: ignore[attr-defined]  # a random.Random

    @rule(choice=st.integers(0, 9), mended=st.integers(1, 3), deleted=st.integers(0, 1))
    def workbook(self, choice: int, mended: int, deleted: int) -> None:
        open_ones = [receipt for receipt in self.receipts if path_of(receipt).exists()]
        if not open_ones:
            return
        receipt = open_ones[choice % len(open_ones)]
        rows = sorted(int(row) for row in rows_of(book_of(receipt)["Sheet"]))
        cells = {(row, COVERED): "2" for row in rows[:mended]}
        data = mend(receipt, cells, delete=rows[mended : mended + deleted])
        self.receipts.append(send_back(data, "改好.xlsx"))

    @rule()
    def answer(self) -> None:
        for (number,) in query("select submission_id from ops.submission where state = 'awaiting_confirmation'"):
            confirm(number, "F-18", by="慕容某", reason="属实")
        for key in discover("civil_affairs"):
            self.receipts.append(take(key))

    @invariant()
    def promises(self) -> None:
        rows = query(
            "select submission_id, state, version, rows_received, rows_accepted, rows_rejected, received_at, sha256"
            " from ops.submission order by version"
        )
        assert [row[2] for row in rows] == list(range(1, len(rows) + 1))
        live = [row for row in rows if row[1] in ("accepted", "partially_accepted")]
        assert len(live) <= 1
        assert all(row[3] == row[4] + row[5] for row in rows)
        for number, state, _, _, accepted, _, received, sha256 in rows:
            assert self.received.setdefault(number, received) == received
            assert (bucket() / f"archive/{sha256[:2]}/{sha256}").exists()
            ((loaded, distinct),) = query(
                "select count(*), count(distinct source_row) from raw.civil_affairs__dibao where submission_id = %s",
                number,
            )
            taken = state in ("accepted", "partially_accepted", "superseded")
            assert loaded == distinct == (accepted if taken else 0)
        assert set(self.received) == {row[0] for row in rows}
        arrivals = query("select count(*) from ops.first_arrival")
        assert arrivals == [
            (1 if any(row[1] in ("accepted", "partially_accepted", "superseded") for row in rows) else 0,)
        ]
        assert not query("select 1 from ops.submission where state = 'superseded' and superseded_by is null")
        assert bool(live) or not any(row[1] == "superseded" for row in rows)


def test_the_ledger_keeps_its_promises(clean_warehouse: Settings) -> None:
    run_state_machine_as_test(
        Department,
        settings=settings(
            max_examples=5,
            stateful_step_count=7,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
