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
                    datetime(2026, 11, 4, 23, 59, tzinfo=clean_warehouse.zone),
                ],
            )
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
