"""The table while it is being typed: values by column, and what was found so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ingestion.contract import Column, Demand, Privacy
from ingestion.normalise.context import Context
from ingestion.normalise.problems import CellProblem, Remark, shown, stage_of
from ingestion.rules import catalogue
from ingestion.table import CellValue, Finding


class Draft:
    """Mutable: each step of typing writes values and findings here."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.values: dict[str, list[Any]] = {}
        self.precisions: dict[str, list[str | None]] = {}
        self.faulty: set[tuple[int, str]] = set()
        """(position, column) of cells that already have an error: nothing more is said of them."""
        self._found: list[tuple[int, Finding]] = []
        self._aside: list[tuple[int, str, str]] = []
        positions = {(row.sheet, row.row): position for position, row in enumerate(context.raw.rows)}
        for finding in context.raw.findings:
            for name in finding.columns:
                self.faulty.add((positions[finding.sheet, finding.row], name))

    def findings(self, dropped: set[int]) -> tuple[Finding, ...]:
        """All findings in row order, without those of rows that were collapsed into another."""
        ordered = sorted(self._found, key=lambda entry: entry[0])
        return tuple(finding for position, finding in ordered if position not in dropped)

    def set_aside(self, position: int, column: str, text: str) -> None:
        """Words of a code column that are in no list, for the text column that takes them."""
        self._aside.append((position, column, text))

    def put_aside_texts(self) -> None:
        """Once all columns are read: the words set aside into their text column, behind what stands there."""
        for position, column, text in self._aside:
            there = self.values[column][position]
            self.values[column][position] = text if there is None else f"{there}；{text}"

    def refuse(self, position: int, column: Column, cell: CellValue, problem: CellProblem) -> None:
        """A cell that cannot be read rejects its row."""
        text = catalogue()[problem.rule_id]
        value = "：" if column.privacy is Privacy.DIRECT else f"的“{shown(cell, column)}”"
        message = f"“{column.title}”{value}{problem.message or text.message}"
        row = self.context.raw.rows[position]
        if problem.rule_id == "S-05":
            letter = self.context.raw.letters.get((row.sheet, column.name))
            message = f"单元格{letter}{row.row}：{message}" if letter else message
        self.faulty.add((position, column.name))
        self._add(
            position, problem.rule_id, "error", columns=(column.name,), message=message, fix=problem.fix or text.fix
        )

    def remark(self, position: int, column: Column, remarks: Iterable[Remark]) -> None:
        """Something to tell about a value that was taken."""
        for remark in remarks:
            message, fix = remark.message, remark.fix
            if message is None or fix is None:
                text = catalogue()[remark.rule_id]
                message, fix = message or text.message, fix or text.fix
            self._add(
                position,
                remark.rule_id,
                remark.severity,
                columns=(column.name,),
                message=f"“{column.title}”：{message}",
                fix=fix,
            )

    def miss(self, position: int, column: Column) -> None:
        """S-11: an empty cell that must not be."""
        what = "关键列" if column.demand is Demand.KEY else ""
        self.faulty.add((position, column.name))
        fix = catalogue()["S-11"].fix
        self._add(position, "S-11", "error", columns=(column.name,), message=f"{what}“{column.title}”不能为空", fix=fix)

    def report(
        self,
        position: int,
        rule_id: str,
        severity: str,
        *,
        columns: tuple[str, ...],
        message: str,
        fix: str | None = None,
    ) -> None:
        """Any other finding; an error closes its cells to further ones."""
        if severity == "error":
            self.faulty.update((position, name) for name in columns)
        self._add(position, rule_id, severity, columns=columns, message=message, fix=fix or catalogue()[rule_id].fix)

    def tell(self, column: str, rule_id: str, message: str, fix: str) -> None:
        """Something about a whole column: stands at row 0."""
        title = self.context.contract.by_name[column].title
        self._found.append(
            (-1, Finding(rule_id, stage_of(rule_id), "info", "", 0, (column,), f"“{title}”{message}", fix))
        )

    def _add(
        self, position: int, rule_id: str, severity: str, *, columns: tuple[str, ...], message: str, fix: str
    ) -> None:
        row = self.context.raw.rows[position]
        finding = Finding(rule_id, stage_of(rule_id), severity, row.sheet, row.row, columns, message, fix)
        self._found.append((position, finding))
