"""F-18: the mended rows alone must not replace the whole month."""

from __future__ import annotations

import pytest

from hearth.database import Role, connect
from ingestion.intake import take
from ingestion.receipt import Receipt
from tests.integration.ingestion.dibao_files import KEY, drop, good, workbook

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
    refused = take(drop(KEY, short))
    confirmed = take(drop(KEY, short), confirmed=frozenset({"F-18"}))
    assert confirmed.submission_id == refused.submission_id
    assert live() == [(confirmed.submission_id, 10)]


def test_the_first_version_is_as_short_as_it_is() -> None:
    assert send(3).reason is None
