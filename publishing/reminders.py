"""Reminders before a report is due, escalation after: one message an owner and day, with everything in it.

Five days and one day before the due day to whoever owns the feed; one and three days after it to the owner and to the
one above (capabilities: reminders before due, escalation after). On the same days after it came, a file that is kept
back because it is far smaller than last month's (F-18): until somebody answers for it the month has none of its rows.
Whether a feed is due, and until when, the calendar says (``ops.calendar``); what has come, the ledger. Who reads what,
and through which channel, is the installation's ``contacts.yaml``; its channels are addresses of the Apprise library
(mail, WeCom, DingTalk, Feishu, any webhook).

A day on which nothing ran, or a channel that was away all day, loses nothing: what no message since that day has said
(``ops.reminder`` knows) is said by the next one, which says for which day it was meant. After a week it is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import apprise
import structlog
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from psycopg.rows import class_row
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hearth.database import Role, connect
from hearth.settings import settings

BEFORE: tuple[int, ...] = (5, 1)
AFTER: tuple[int, ...] = (1, 3)
_SILENT_MONTHS = 2
_LATE_DAYS = 7
_log = structlog.get_logger()
_templates = Environment(
    loader=PackageLoader("publishing", "messages"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701 - plain text of our own titles and dates; nothing a sender typed is in it
)

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class ReminderError(RuntimeError):
    """A message could not be prepared or did not go out; the text says whose and what to mend."""


class Contact(BaseModel):
    """Who is told about a department's feeds, and through which channels (Apprise addresses)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: _Text
    departments: Annotated[tuple[str, ...], Field(min_length=1)]
    channels: tuple[str, ...] = ()
    escalation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One feed of one month that a message speaks of. ``days``: until (negative: since) the due day.

    ``meant_for``: the day on which it ought to have been said, where that day has gone by.
    """

    department: str
    feed: str
    title: str
    period: str
    due_at: datetime
    days: int
    silent_months: int
    meant_for: date | None = None

    @property
    def is_overdue(self) -> bool:
        return self.days < 0


@dataclass(frozen=True, slots=True)
class Held:
    """A file that waits for somebody to answer for it. ``days``: since it came; ``reason``: as its receipt says it."""

    department: str
    feed: str
    title: str
    period: str
    received_at: datetime
    days: int
    reason: str
    meant_for: date | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What one owner reads on one day."""

    owner: str
    channels: tuple[str, ...]
    is_escalation: bool
    subject: str
    body: str
    items: tuple[Item, ...]
    held: tuple[Held, ...] = ()


def contacts(path: Path | None = None) -> tuple[Contact, ...]:
    """The installation's contacts, empty without a file. Raises ReminderError for a file others can read."""
    path = path or settings().home / "contacts.yaml"
    if not path.exists():
        return ()
    if path.stat().st_mode & 0o077:
        raise ReminderError(f"[{path.name}] holds the addresses of channels and others can read it: chmod 600")
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    found = tuple(Contact.model_validate(entry) for entry in entries)
    told: dict[str, str] = {}
    for contact in found:
        for department in contact.departments:
            if department in told:
                raise ReminderError(f"[{path.name}] tells [{told[department]}] and [{contact.owner}] of [{department}]")
            told[department] = contact.owner
    return found


@dataclass(frozen=True, slots=True)
class _Waited:
    department: str
    feed: str
    title: str
    period: str
    due_at: datetime
    silent_months: int


def _waited_for(county_code: str, moment: datetime) -> list[_Waited]:
    """Feeds of months that are expected and have not come by a moment; with how many months in a row before did not."""
    with connect(Role.PUBLISHER) as connection, connection.cursor(row_factory=class_row(_Waited)) as cursor:
        return cursor.execute(
            "with reported as (select * from ops.reporting(%(moment)s) where county_code = %(county)s)"
            " select waited.department, waited.feed, feed.title_zh as title, waited.period, waited.due_at,"
            " (select count(*) from reported as earlier where earlier.department = waited.department"
            "  and earlier.feed = waited.feed and earlier.period < waited.period and earlier.timeliness = 'missing'"
            "  and earlier.period > coalesce((select max(heard.period) from reported as heard"
            "   where heard.department = waited.department and heard.feed = waited.feed"
            "   and heard.received_at is not null and heard.period < waited.period), ''))::integer as silent_months"
            " from reported as waited"
            " inner join reference.feed as feed on feed.feed_id = waited.department || '.' || waited.feed"
            " where waited.timeliness in ('pending', 'missing')"
            " order by waited.department, waited.feed, waited.period",
            {"moment": moment, "county": county_code},
        ).fetchall()


class _Told:
    """When the ledger last said what: by department, feed and month, and for a file that waits by when it came."""

    def __init__(self, county_code: str, day: date) -> None:
        with connect(Role.PUBLISHER) as connection:
            rows = connection.execute(
                "select item ->> 'department', item ->> 'feed', item ->> 'period', item ->> 'received_at', max(day)"
                " from ops.reminder cross join jsonb_array_elements(items) as item"
                " where county_code = %s and day >= %s and day < %s group by 1, 2, 3, 4",
                [county_code, day - timedelta(days=_LATE_DAYS), day],
            ).fetchall()
        self._last: dict[tuple[str | None, ...], date] = {tuple(row[:4]): row[4] for row in rows}

    def owes(self, steps: Iterable[date], day: date, *what: str | None) -> date | None:
        """The newest of ``steps`` up to ``day`` if nothing has been said since it came."""
        step = max((step for step in steps if step <= day), default=None)
        if step is None or (day - step).days > _LATE_DAYS or self._last.get(what, date.min) >= step:
            return None
        return step


def _items(county_code: str, day: date) -> list[Item]:
    zone = settings().zone
    morning = datetime.combine(day, time.min, zone)
    told = _Told(county_code, day)
    found = []
    for waited in _waited_for(county_code, morning):
        due = waited.due_at.astimezone(zone)
        steps = [due.date() - timedelta(days=days) for days in (*BEFORE, *(-after for after in AFTER))]
        step = told.owes(steps, day, waited.department, waited.feed, waited.period, None)
        if step is not None:
            found.append(
                Item(
                    department=waited.department,
                    feed=waited.feed,
                    title=waited.title,
                    period=waited.period,
                    due_at=due,
                    days=(due.date() - day).days,
                    silent_months=waited.silent_months,
                    meant_for=step if step < day else None,
                )
            )
    return found


def _held(county_code: str, day: date) -> list[Held]:
    """Files that the ledger keeps back until somebody confirms them, one and three days after they came."""
    zone = settings().zone
    with connect(Role.PUBLISHER) as connection:
        rows = connection.execute(
            "select held.department, held.feed, feed.title_zh, held.period, held.received_at, held.reason_message"
            " from ops.submission as held"
            " inner join reference.feed as feed on feed.feed_id = held.department || '.' || held.feed"
            " where held.county_code = %s and held.state = 'awaiting_confirmation'"
            " order by held.department, held.feed, held.period, held.received_at",
            [county_code],
        ).fetchall()
    told = _Told(county_code, day)
    found = []
    for department, feed, title, period, received_at, reason in rows:
        came = received_at.astimezone(zone)
        steps = [came.date() + timedelta(days=days) for days in AFTER]
        step = told.owes(steps, day, department, feed, period, came.isoformat())
        if step is not None:
            days, late = (day - came.date()).days, step if step < day else None
            found.append(Held(department, feed, title, period, came, days, reason, late))
    return found


def messages(county_code: str, day: date, told: Iterable[Contact] | None = None) -> list[Message]:
    """What each owner is to read on a day, in the order of their names. Writes and sends nothing.

    A department without a contact gets a message to its own name without a channel: a dry run shows it, and sending
    says that it could not go out.
    """
    by_department = {
        department: contact for contact in (contacts() if told is None else told) for department in contact.departments
    }
    owned: dict[str, tuple[Contact, list[Item], list[Held]]] = {}

    def of(department: str) -> tuple[Contact, list[Item], list[Held]]:
        contact = by_department.get(department) or Contact(owner=department, departments=(department,))
        return owned.setdefault(contact.owner, (contact, [], []))

    for item in _items(county_code, day):
        of(item.department)[1].append(item)
    for held in _held(county_code, day):
        of(held.department)[2].append(held)
    return [_message(day, contact, tuple(items), tuple(held)) for _, (contact, items, held) in sorted(owned.items())]


def render(template: str, **values: object) -> str:
    """The text of a message, from ``messages/<template>.zh.txt``."""
    return _templates.get_template(f"{template}.zh.txt").render(**values)


def _message(day: date, contact: Contact, items: tuple[Item, ...], held: tuple[Held, ...]) -> Message:
    overdue = [item for item in items if item.is_overdue]
    coming = [item for item in items if not item.is_overdue]
    subject = "；".join(
        part
        for part in (
            f"{len(overdue)}张报表已逾期" if overdue else "",
            f"{len(held)}张报表待确认" if held else "",
            f"{len(coming)}张报表即将到期" if coming else "",
        )
        if part
    )
    body = render("reminder", day=day, overdue=overdue, held=held, coming=coming, silent_from=_SILENT_MONTHS)
    is_escalation = bool(overdue or held)
    return Message(
        owner=contact.owner,
        channels=contact.channels + (contact.escalation if is_escalation else ()),
        is_escalation=is_escalation,
        subject=f"【报送提醒】{subject}",
        body=body,
        items=items,
        held=held,
    )


def deliver(message: Message) -> None:
    """Send one message through every channel of its owner. Raises ReminderError, which names no address."""
    if not message.channels:
        raise ReminderError(f"[{message.owner}] has no channel: name one in contacts.yaml")
    courier = apprise.Apprise()
    for position, channel in enumerate(message.channels, start=1):
        if not courier.add(channel):  # an address holds a secret: never named
            raise ReminderError(f"channel {position} of [{message.owner}] in contacts.yaml is no Apprise address")
    if not courier.notify(title=message.subject, body=message.body):
        raise ReminderError(f"the message to [{message.owner}] did not reach every channel; it is sent again next time")


def send(county_code: str, day: date) -> list[str]:
    """Send what is due on a day and write it down; who was told that day is not told again. Returns the owners told.

    Raises ReminderError at the end, naming every owner whose message did not go out; the others went out.
    """
    told, failed = [], []
    for message in messages(county_code, day):
        with connect(Role.PUBLISHER) as connection:
            # The row first, the message inside its transaction: two runs at once cannot both send it.
            written = connection.execute(
                "insert into ops.reminder (county_code, day, owner, is_escalation, items) values (%s, %s, %s, %s, %s)"
                " on conflict do nothing returning owner",
                [county_code, day, message.owner, message.is_escalation, json.dumps(_plain(message))],
            ).fetchone()
            if written is None:
                continue
            try:
                deliver(message)
            except ReminderError as error:
                connection.rollback()
                failed.append(str(error))
                continue
        told.append(message.owner)
        _log.info("reminded", owner=message.owner, feeds=len(message.items), escalation=message.is_escalation)
    if failed:
        raise ReminderError("; ".join(failed))
    return told


def _plain(message: Message) -> list[dict[str, str | int | None]]:
    """The items as the ledger keeps them."""

    def text(item: Item | Held) -> dict[str, str | int | None]:
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(item).items()}

    return [text(item) for item in message.items] + [text(held) for held in message.held]
