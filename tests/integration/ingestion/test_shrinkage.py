"""F-18: the mended rows alone must not replace the whole month."""

from __future__ import annotations

import pytest

from hearth.database import Role, connect
from ingestion.intake import discover, take
from ingestion.ledger import confirm
from ingestion.receipt import Receipt
from publishing.plan import available_inputs
from tests.integration.ingestion.dibao_files import KEY, PERIOD, drop, good, workbook

pytestmark = pytest.mark.usefixtures("clean_warehouse")


def live() -> list[tuple[str, int]]:
    with connect(Role.OWNER) as connection:
        return connection.execute(
            "select submission_id, rows_accepted from ops.submission where state in ('accepted', 'partially_accepted')"
        ).fetchall()


def send(count: int) -> Receipt:
    return take(drop(KEY, workbook(good(count))))


def test_a_much_shorter_resend_is_refused_and_the_first_stays() -> None:
    first = send(40)
    second = send(37)
    assert second.state == "awaiting_confirmation"
    assert second.reason is not None
    assert second.reason.rule_id == "F-18"
    assert "40行" in second.reason.message
    assert live() == [(first.submission_id, 40)]


def test_a_slightly_shorter_resend_replaces_the_first() -> None:
    send(40)
    second = send(38)
    assert live() == [(second.submission_id, 38)]


def test_a_person_may_answer_for_it() -> None:
    send(40)
    short = workbook(good(10))
    waiting = take(drop(KEY, short))
    assert waiting.state == "awaiting_confirmation"
    assert (waiting.rows_received, waiting.rows_accepted, waiting.rows_rejected) == (10, 10, 0)
    assert discover("civil_affairs") == []
    confirm(waiting.submission_id, "F-18", by="登记办 慕容某", reason="十户迁出，有花名册")
    (key,) = discover("civil_affairs")
    confirmed = take(key)
    assert confirmed.submission_id == waiting.submission_id
    assert confirmed.state == "accepted"
    assert live() == [(confirmed.submission_id, 10)]
    with connect(Role.OWNER) as connection:
        assert connection.execute("select rule_id, confirmed_by, reason from ops.confirmation").fetchall() == [
            ("F-18", "登记办 慕容某", "十户迁出，有花名册")
        ]


def test_only_what_waits_is_confirmed_and_by_a_name() -> None:
    first = send(40)
    with pytest.raises(ValueError, match="does not wait"):
        confirm(first.submission_id, "F-18", by="慕容某", reason="x")
    waiting = send(10)
    with pytest.raises(ValueError, match="does not wait"):
        confirm(waiting.submission_id, "F-17", by="慕容某", reason="x")
    with pytest.raises(ValueError, match="by name"):
        confirm(waiting.submission_id, "F-18", by=" ", reason="x")


def test_the_first_file_of_a_month_is_compared_with_the_month_before() -> None:
    before = PERIOD.shift(-1)
    take(drop(f"inbox/civil_affairs/{before}/低保.xlsx", workbook(good(60))))
    few = send(45)  # 15 rows are more than 5 %, and no more than a small list may lose
    assert few.state == "accepted"
    with connect(Role.OWNER) as connection:
        connection.execute("delete from ops.first_arrival where period = %s", [str(PERIOD)])
        connection.execute("update ops.submission set state = 'rejected' where submission_id = %s", [few.submission_id])
    fewer = send(39)
    assert fewer.state == "awaiting_confirmation"
    assert fewer.reason is not None
    assert f"{before}的一份有60行" in fewer.reason.message
    assert send(58).state == "accepted"  # a whole list needs no confirmation


def test_what_waits_is_never_read_by_a_build() -> None:
    first = send(40)
    send(10)
    with connect(Role.OWNER) as connection:
        inputs = available_inputs(connection, "530524", PERIOD)
    assert [item.submission_id for item in inputs] == [first.submission_id]


def test_the_first_version_is_as_short_as_it_is() -> None:
    assert send(3).reason is None
