"""Reminders: every morning, tell each owner what is due soon and what has not come."""

from __future__ import annotations

from airflow.sdk import DAG, dag, get_current_context, task

from dags.common import ANSWERED
from hearth.settings import settings

DOC = """
### Reminders and escalation

Five days and one day before the due day, one day and three days after it: one message an owner, with every feed in it.
Who is told, and how, stands in `contacts.yaml` of the data folder; `hearth remind` prints what would go out.

**When it is red:** the log names the owners whose message did not go out. Mend the channel, then *clear* the task:
who was told today is not told again. A day that never ran needs nothing: the next run says what was missed, once,
and for which day it was meant.
"""


@dag(
    dag_id="reminders",
    schedule=settings().reminder_schedule,
    catchup=False,
    max_active_runs=1,
    tags=["tier:2", "calendar"],
    doc_md=DOC,
    default_args={"owner": "warehouse", **ANSWERED},
)
def reminders() -> None:
    """Writes the calendar of the month that is due and of the next, then sends what is due today."""

    @task(doc_md="The database was away. *Clear* it.")
    def write_calendar() -> None:
        from datetime import datetime

        from hearth.period import Period
        from ingestion.calendar import calendar

        month = Period.containing(datetime.now(settings().zone).date())
        for county in settings().counties:
            for period in (month.shift(-1), month):
                calendar(county, period)

    @task(doc_md="The log names whose message did not go out. Mend the channel, then *clear* it.")
    def remind(county: str) -> list[str]:
        from datetime import datetime

        from publishing.reminders import send

        context = get_current_context()
        started = context["dag_run"].start_date or datetime.now(settings().zone)
        day = started.astimezone(settings().zone).date()
        return send(county, day)

    # A county each: a channel that is away in one keeps nothing from the other.
    write_calendar() >> remind.expand(county=list(settings().counties))


reminders_dag: DAG = reminders()
