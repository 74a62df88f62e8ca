"""Who is told when a run stops: the engineer, through the channels of ``contacts.yaml``, once a run and task."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import structlog

from hearth.settings import settings
from publishing.reminders import Message, contacts, deliver, render

ENGINEER = "warehouse"
"""The word in ``departments`` of a contact who is told; it owns what no department owns."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Alarm:
    """A task that failed for good. ``department``: its owner; ``next_step``: what its documentation says."""

    dag_id: str
    task_id: str
    run_id: str
    department: str
    period: str | None
    problem: str
    next_step: str

    @property
    def subject(self) -> str:
        return f"【运行告警】{self.dag_id}.{self.task_id} {self.period or '不分月'}"


def tell(alarm: Alarm) -> list[str]:
    """Send an alarm to whoever answers for the warehouse; return who was told.

    Four hundred files that fail for one reason are one message: the first of a run and task is sent. Needs no database,
    which may be what is away. Raises ReminderError when a channel did not take it; then the next one is sent.
    """
    _log.error("stopped", dag=alarm.dag_id, task=alarm.task_id, period=alarm.period, next_step=alarm.next_step)
    engineers = [contact for contact in contacts() if ENGINEER in contact.departments and contact.channels]
    if not engineers:
        return []
    named = f"{alarm.dag_id} {alarm.run_id} {alarm.task_id}"
    mark = settings().run_dir / "alarms" / hashlib.sha256(named.encode()).hexdigest()[:32]
    mark.parent.mkdir(parents=True, exist_ok=True)
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return []
    try:
        for contact in engineers:
            deliver(
                Message(
                    owner=contact.owner,
                    channels=contact.channels,
                    is_escalation=False,
                    subject=alarm.subject,
                    body=render("alarm", alarm=alarm),
                    items=(),
                )
            )
    except Exception:
        mark.unlink()
        raise
    return [contact.owner for contact in engineers]
