"""The table while it is being typed: values by column, and what was found so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.columns import Flags, address_of, as_flags, positions_of
from ingestion.contract import Column, Demand, Privacy
from ingestion.normalise.canonical import IdParts
from ingestion.normalise.context import Context
from ingestion.normalise.dates import EitherMonth
from ingestion.normalise.problems import CellProblem, Remark, shown, stage_of
from ingestion.rules import catalogue
from ingestion.table import CellValue, Finding


class Draft:
    """Mutable: each step of typing writes values and findings here."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.size = len(context.raw.rows)
        self.values: dict[str, pa.Array] = {}
        self.precisions: dict[str, pa.Array] = {}
        self.parts: dict[str, IdParts] = {}
        """What the ID numbers of a column say of their owners."""
        self.doubts: dict[str, list[tuple[int, CellValue, EitherMonth]]] = {}
        """Column -> cells that wait for the rest of their row to say which month they mean."""
        self._faulty: defaultdict[str, set[int]] = defaultdict(set)
        self._found: list[tuple[int, Finding]] = []
        self._aside: list[tuple[int, str, str]] = []
        if context.raw.findings:
            positions = positions_of(context.raw.rows, ((found.sheet, found.row) for found in context.raw.findings))
            for finding in context.raw.findings:
                for name in finding.columns:
                    self.close(positions[finding.sheet, finding.row], name)

    def close(self, position: int, name: str) -> None:
        """The cell has an error: nothing more is said of it."""
        self._faulty[name].add(position)

    def doubt(self, position: int, column: Column, cell: CellValue, problem: EitherMonth) -> None:
        """A cell that the other cells of its row may yet explain. Until then it counts as one with an error."""
        self.close(position, column.name)
        self.doubts.setdefault(column.name, []).append((position, cell, problem))

    def is_closed(self, position: int, name: str) -> bool:
        """True for a cell that already has an error."""
        return position in self._faulty[name]

    def reopen(self, position: int, name: str) -> None:
        """The cell has been understood after all."""
        self._faulty[name].discard(position)

    def closed(self, *names: str) -> Flags:
        """Rows of which one of these cells has an error."""
        flags = np.zeros(self.size, np.bool_)
        for name in names:
            if found := self._faulty[name]:
                flags[list(found)] = True
        return flags

    def closed_rows(self) -> Flags:
        """Rows of which any cell has an error."""
        return self.closed(*self._faulty)

    def empty(self, name: str) -> Flags:
        """Rows in which the column says nothing, and no error says why."""
        return as_flags(self.values[name].is_null()) & ~self.closed(name)

    def fill(self, name: str, flags: Flags, others: pa.Array) -> None:
        """Take the values of ``others`` at the rows flagged."""
        if flags.any():
            self.values[name] = pc.if_else(pa.array(flags), others, self.values[name])

    def findings(self, dropped: Flags) -> tuple[Finding, ...]:
        """All findings in row order, without those of rows that were collapsed into another."""
        ordered = sorted(self._found, key=lambda entry: entry[0])
        return tuple(finding for position, finding in ordered if position < 0 or not dropped[position])

    def set_aside(self, position: int, column: str, text: str) -> None:
        """Words of a code column that are in no list, for the text column that takes them."""
        self._aside.append((position, column, text))

    def put_aside_texts(self) -> None:
        """Once all columns are read: the words set aside into their text column, behind what stands there."""
        for name in dict.fromkeys(column for _, column, _ in self._aside):
            values = self.values[name].to_pylist()
            for position, column, text in self._aside:
                if column == name:
                    there = values[position]
                    values[position] = text if there is None else f"{there}；{text}"
            self.values[name] = pa.array(values, self.values[name].type)

    def refuse(self, position: int, column: Column, cell: CellValue, problem: CellProblem) -> None:
        """A cell that cannot be read rejects its row."""
        text = catalogue()[problem.rule_id]
        value = "：" if column.privacy is Privacy.DIRECT else f"的“{shown(cell, column)}”"
        message = f"“{column.title}”{value}{problem.message or text.message}"
        if problem.rule_id == "S-05":
            sheet, row = address_of(self.context.raw.rows, position)
            letter = self.context.raw.letters.get((sheet, column.name))
            message = f"单元格{letter}{row}：{message}" if letter else message
        self.close(position, column.name)
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
        self.close(position, column.name)
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
            for name in columns:
                self.close(position, name)
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
        sheet, row = address_of(self.context.raw.rows, position)
        finding = Finding(rule_id, stage_of(rule_id), severity, sheet, row, columns, message, fix)
        self._found.append((position, finding))


def chosen(flags: Flags) -> Iterator[int]:
    """Positions that are flagged, in order."""
    yield from np.flatnonzero(flags).tolist()
