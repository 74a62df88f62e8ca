"""How a parser says no, and how that becomes a sentence for the sender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.contract import Column, Privacy
from ingestion.rules import catalogue
from ingestion.table import CellValue, FileProblem, Finding

HIDDEN = "***"
"""Stands where a message would show direct personal data."""

_STAGES: Mapping[str, str] = {"F": "file", "S": "schema", "R": "row"}


class CellProblem(Exception):  # noqa: N818 - the sender's problem, not a fault of the program
    """A cell that cannot be read, by catalogue rule."""

    def __init__(self, rule_id: str, *, message: str | None = None, fix: str | None = None) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id
        self.message = message
        """Says more exactly than the catalogue what is wrong with the value; goes behind column and value."""
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell about a value that was taken nevertheless."""

    rule_id: str
    severity: str
    message: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value with what there is to say about it."""

    value: object
    precision: str | None = None
    remarks: tuple[Remark, ...] = field(default=())


def stage_of(rule_id: str) -> str:
    """``F-08`` -> ``file``. Raises KeyError for an id of another family."""
    return _STAGES[rule_id.split("-", 1)[0]]


def shown(value: CellValue, column: Column | None) -> str:
    """The sender's own value for a message, never direct personal data; long text is cut."""
    if column is not None and column.privacy is Privacy.DIRECT:
        return HIDDEN
    text = "" if value is None else str(value).strip()
    return text if len(text) <= 30 else text[:30] + "…"


def file_problem(rule_id: str, *, message: str | None = None, fix: str | None = None, **values: object) -> FileProblem:
    """A FileProblem with the catalogue's text, `values` filled in. Raises KeyError if a placeholder has no value."""
    text = catalogue()[rule_id]
    return FileProblem(rule_id, (message or text.message).format(**values), (fix or text.fix).format(**values))


def make_finding(
    rule_id: str,
    *,
    severity: str,
    sheet: str,
    row: int,
    columns: tuple[str, ...],
    message: str | None = None,
    fix: str | None = None,
    **values: object,
) -> Finding:
    """A Finding with the catalogue's text unless `message` and `fix` say it more exactly."""
    if message is None or fix is None:
        text = catalogue()[rule_id]
        message, fix = message or text.message, fix or text.fix
    return Finding(
        rule_id=rule_id,
        stage=stage_of(rule_id),
        severity=severity,
        sheet=sheet,
        row=row,
        columns=columns,
        message=message.format(**values),
        fix=fix.format(**values),
    )
