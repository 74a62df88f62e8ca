"""Reminders through real local servers: SMTP and a webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from hearth.database import Role, connect
from hearth.settings import Settings, settings
from publishing.reminders import Contact, ReminderError, contacts, messages, send
from tests.conftest import free_port

COUNTY, PERIOD = "530524", "2026-10"
DUE = datetime(2026, 11, 9, 23, 59, 59, tzinfo=settings().zone)


@pytest.fixture
def expected(clean_warehouse: Settings) -> Settings:
    """October is expected of two feeds of one department and of one of another; nothing has come."""
    with connect(Role.OWNER) as connection:
        for department, feed in (("water", "supply"), ("water", "scheme"), ("power", "connection")):
            connection.execute(
                "insert into ops.calendar values (%s, %s, %s, %s, 'expected', %s, %s, %s + interval '3 days', null,"
                " false)",
                [COUNTY, PERIOD, department, feed, date(2026, 11, 8), DUE, DUE],
            )
    return clean_warehouse


def said_on_every_day_before(day: date, *feeds: str, received_at: str | None = None) -> None:
    """As the ledger has it when nothing was missed in the week before a day."""
    items = [dict(zip(("department", "feed"), feed.split("."), strict=True)) | {"period": PERIOD} for feed in feeds]
    kept = [item | ({"received_at": received_at} if received_at else {}) for item in items]
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.reminder select %s, day::date, 'x', false, %s"
            " from generate_series(%s::date - 7, %s::date - 1, '1 day') as day",
            [COUNTY, json.dumps(kept), day, day],
        )


def tell(home: Path, *entries: dict[str, Any]) -> None:
    path = home / "contacts.yaml"
    path.write_text(json.dumps(entries), encoding="utf-8")  # JSON is YAML
    path.chmod(0o600)


@pytest.fixture
def told(expected: Settings) -> Iterator[Path]:
    yield expected.home
    (expected.home / "contacts.yaml").unlink(missing_ok=True)


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A local web server that keeps what it is sent."""
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Mailbox:
    """Keeps what an SMTP server was handed."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str, str]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd calls it so
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        body = mail.get_body(("plain", "html"))
        assert body is not None
        self.mails.append((envelope.rcpt_tos, str(mail["subject"]), body.get_content()))
        return "250 OK"


@pytest.mark.parametrize(
    ("day", "is_told", "is_escalation"),
    [
        (date(2026, 11, 3), False, False),
        (date(2026, 11, 4), True, False),
        (date(2026, 11, 5), False, False),
        (date(2026, 11, 8), True, False),
        (date(2026, 11, 9), False, False),
        (date(2026, 11, 10), True, True),
        (date(2026, 11, 11), False, False),
        (date(2026, 11, 12), True, True),
        (date(2026, 11, 13), False, False),
    ],
)
@pytest.mark.usefixtures("expected")
def test_five_days_and_one_before_one_and_three_after(day: date, is_told: bool, is_escalation: bool) -> None:
    said_on_every_day_before(day, "power.connection", "water.supply", "water.scheme")
    found = messages(COUNTY, day, told=())
    assert [message.owner for message in found] == (["power", "water"] if is_told else [])
    assert all(message.is_escalation is is_escalation for message in found)


@pytest.mark.usefixtures("expected")
def test_one_message_holds_everything_of_an_owner() -> None:
    everybody = Contact(
        owner="赵联络", departments=("water", "power"), channels=("json://x",), escalation=("json://y",)
    )
    (before,) = messages(COUNTY, date(2026, 11, 8), told=[everybody])
    assert before.subject == "【报送提醒】3张报表即将到期"
    assert before.body.count("- 《") == 3
    assert "11月9日24时截止，还有1天" in before.body
    assert before.channels == ("json://x",)
    (after,) = messages(COUNTY, date(2026, 11, 10), told=[everybody])
    assert "已逾期1天" in after.body
    assert after.channels == ("json://x", "json://y")


@pytest.mark.usefixtures("expected")
def test_what_has_come_is_not_asked_for() -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
            " sha256, byte_count, state) values ('s1', %s, 'power', 'connection', %s, 'x', 'x', 'x', 1, 'accepted')",
            [COUNTY, PERIOD],
        )
        connection.execute(
            "insert into ops.first_arrival values (%s, 'power', 'connection', %s, %s, 's1')",
            [COUNTY, PERIOD, datetime(2026, 11, 2, tzinfo=settings().zone)],
        )
    assert [message.owner for message in messages(COUNTY, date(2026, 11, 8), told=())] == ["water"]


@pytest.mark.usefixtures("expected")
def test_a_feed_that_stays_silent_for_months_is_said_to() -> None:
    with connect(Role.OWNER) as connection:
        connection.execute(
            "insert into ops.calendar select county_code, '2026-09', department, feed, expectation, rule_due_date,"
            " due_at - interval '1 month', cutoff_at - interval '1 month', null, false from ops.calendar"
            " where feed = 'supply'"
        )
    (_, water) = messages(COUNTY, date(2026, 11, 10), told=())
    assert water.body.count("已连续2个月未报") == 1


@pytest.mark.parametrize(
    ("day", "is_told"),
    [(date(2026, 11, 4), False), (date(2026, 11, 5), True), (date(2026, 11, 6), False), (date(2026, 11, 7), True)],
)
def test_a_file_that_waits_to_be_confirmed_is_spoken_of(clean_warehouse: Settings, day: date, is_told: bool) -> None:
    came = datetime(2026, 11, 4, 23, 59, tzinfo=clean_warehouse.zone)
    with connect(Role.OWNER) as connection:
        for number, state in enumerate(("awaiting_confirmation", "awaiting_reopening")):
            connection.execute(
                "insert into ops.submission (submission_id, county_code, department, feed, period, file_name,"
                " inbox_key, sha256, byte_count, state, received_at, reason_rule_id, reason_message) values"
                " (%s, %s, 'water', 'supply', %s, 'x', %s, %s, 1, %s, %s, 'F-18', '比上月减少60%%')",
                [
                    f"s{number}",
                    COUNTY,
                    PERIOD,
                    f"x{number}",
                    f"digest{number}",
                    state,
                    came,
                ],
            )
    said_on_every_day_before(day, "water.supply", received_at=came.isoformat())
    found = messages(COUNTY, day, told=())
    assert [message.owner for message in found] == (["water"] if is_told else [])
    for message in found:
        assert message.subject == "【报送提醒】1张报表待确认"
        assert "11月4日收到；比上月减少60%" in message.body
        assert message.is_escalation


def test_mail_and_webhook_get_it_once_a_day(told: Path) -> None:
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with webhook() as (address, got):
            mail = f"mailto://127.0.0.1:{port}?from=hearth@example.org&to=water@example.org&mode=insecure"
            tell(
                told,
                {"owner": "水务联络员", "departments": ["water"], "channels": [mail]},
                {"owner": "供电联络员", "departments": ["power"], "channels": [address]},
            )
            assert send(COUNTY, date(2026, 11, 8)) == ["供电联络员", "水务联络员"]
            assert send(COUNTY, date(2026, 11, 8)) == []
    finally:
        controller.stop()
    ((to, subject, body),) = mailbox.mails
    assert to == ["water@example.org"]
    assert subject == "【报送提醒】2张报表即将到期"
    assert "还有1天" in body
    (posted,) = got
    assert "还有1天" in posted["message"]


def test_days_on_which_nothing_ran_are_made_up_for_once(told: Path) -> None:
    """Airflow is down from the 4th to the 6th and again from the 8th to the 11th; each step is said once."""
    with webhook() as (address, got):
        tell(told, {"owner": "供电联络员", "departments": ["power", "water"], "channels": [address]})
        said = {day: send(COUNTY, date(2026, 11, day)) for day in (3, 7, 8, 9, 10, 11, 13, 14)}
    assert [day for day, owners in said.items() if owners] == [7, 8, 10, 13]
    late, punctual, _, overdue = (posted["message"] for posted in got)
    assert late.count("还有2天（本应于11月4日提醒，现补发）\n") == 3
    assert "补发" not in punctual
    assert overdue.count("已逾期4天（本应于11月12日提醒，现补发）\n") == 3


def test_the_last_reminder_is_made_up_for_on_the_day_itself(told: Path) -> None:
    with webhook() as (address, got):
        tell(told, {"owner": "供电联络员", "departments": ["power", "water"], "channels": [address]})
        assert send(COUNTY, date(2026, 11, 4))
        assert send(COUNTY, date(2026, 11, 9))
    assert "11月9日24时截止，就在今天（本应于11月8日提醒，现补发）" in got[-1]["message"]


def test_a_file_that_waits_is_spoken_of_late_and_once(told: Path) -> None:
    with connect(Role.OWNER) as connection:
        connection.execute("delete from ops.calendar")
        connection.execute(
            "insert into ops.submission (submission_id, county_code, department, feed, period, file_name, inbox_key,"
            " sha256, byte_count, state, received_at, reason_rule_id, reason_message) values ('s', %s, 'water',"
            " 'supply', %s, 'x', 'x', 'digest', 1, 'awaiting_confirmation', '2026-11-04 09:00+08', 'F-18', '少')",
            [COUNTY, PERIOD],
        )
    with webhook() as (address, got):
        tell(told, {"owner": "水务联络员", "departments": ["water"], "channels": [address]})
        said = [day for day in (4, 6, 7, 8, 9) if send(COUNTY, date(2026, 11, day))]
    assert said == [6, 7]
    assert ["补发" in posted["message"] for posted in got] == [True, False]


@pytest.mark.parametrize(("day", "is_told"), [(date(2026, 11, 19), True), (date(2026, 11, 20), False)])
@pytest.mark.usefixtures("expected")
def test_what_was_to_be_said_more_than_a_week_ago_is_left(day: date, is_told: bool) -> None:
    assert bool(messages(COUNTY, day, told=())) is is_told


def test_one_channel_that_fails_stops_no_other_and_is_tried_again(told: Path) -> None:
    with webhook(500) as (broken, _), webhook() as (works, got):
        tell(
            told,
            {"owner": "水务联络员", "departments": ["water"], "channels": [works]},
            {"owner": "供电联络员", "departments": ["power"], "channels": [broken]},
        )
        with pytest.raises(ReminderError, match="供电联络员"):
            send(COUNTY, date(2026, 11, 8))
        assert len(got) == 1
        tell(
            told,
            {"owner": "水务联络员", "departments": ["water"], "channels": [works]},
            {"owner": "供电联络员", "departments": ["power"], "channels": [works]},
        )
        assert send(COUNTY, date(2026, 11, 8)) == ["供电联络员"]


def test_an_owner_without_a_channel_is_named(told: Path) -> None:
    tell(told, {"owner": "供电联络员", "departments": ["power"]})
    with pytest.raises(ReminderError, match=r"\[water\] has no channel.*\[供电联络员\] has no channel"):
        send(COUNTY, date(2026, 11, 8))


def test_contacts_that_others_can_read_are_refused(told: Path) -> None:
    tell(told, {"owner": "x", "departments": ["water"]})
    (told / "contacts.yaml").chmod(0o644)
    with pytest.raises(ReminderError, match="chmod 600"):
        contacts()


def test_a_department_has_one_owner(told: Path) -> None:
    tell(told, {"owner": "甲", "departments": ["water"]}, {"owner": "乙", "departments": ["water"]})
    with pytest.raises(ReminderError, match=r"\[甲\] and \[乙\]"):
        contacts()
