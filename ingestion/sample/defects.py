# ruff: noqa: ARG001 - every kind of fault has the same shape, whether it needs the whole scene or not
"""Faults that slip into files, planted one per row, each with the catalogue rule that must find it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.sample.catalogue import kinds
from ingestion.sample.cell_faults import CHANGES, NotHereError, Scene, text_of
from ingestion.sample.cells import Cell
from ingestion.sample.changes import fits
from ingestion.sample.habits import DefectPlan
from ingestion.sample.layouts import Fault, Row

SHARE = 0.05
"""At most this share of a file's rows is faulty: well below the rejection threshold of 0.10."""

ONE_FROM = 15
"""A file of this many rows has at least one fault."""

ROUNDS = 3
"""At most this many rows per kind and block."""


_HOUSEHOLD = "household_no"


@dataclass(slots=True)
class _Sheet:
    """The block's rows on their way to the file, and which of them are still without fault."""

    rows: Sequence[Row]
    plain: list[int]
    """Positions of plain rows, in the order in which they are tried."""
    behind: dict[int, list[Row]]
    """Rows put in behind a position."""
    whole: set[Cell]
    """Households of which no row may be refused for another reason: a rule looks at all of them together."""
    homes: dict[Cell, list[Row]] = field(default_factory=dict)
    """Rows by household, once somebody asks: under every number that stood in them."""

    def free(self) -> Iterator[int]:
        """Positions of plain rows without fault. Looked at one by one: most faults find their place early."""
        rows, whole = self.rows, self.whole
        for at in self.plain:
            if not rows[at].faults and rows[at].cells.get(_HOUSEHOLD) not in whole:
                yield at

    def see(self, rows: Sequence[Row]) -> None:
        """Rows may have come to another household's number."""
        for row in rows if self.homes else ():
            self.homes.setdefault(row.cells[_HOUSEHOLD], []).append(row)

    def family(self, row: Row) -> list[Row]:
        """All rows of the household. Raises NotHereError if one of them is at fault or has something to say."""
        if not self.homes:
            for each in self.rows:
                self.homes.setdefault(each.cells[_HOUSEHOLD], []).append(each)
        number = row.cells[_HOUSEHOLD]
        found = [each for each in self.homes[number] if each.cells[_HOUSEHOLD] == number]
        if not all(map(_is_sound, found)):
            raise NotHereError
        return found

    def others(self, row: Row, test: Callable[[Row], bool]) -> Row:
        """Another free row that passes the test. Raises NotHereError when there is none."""
        for position in self.free():
            if self.rows[position] is not row and test(self.rows[position]):
                return self.rows[position]
        raise NotHereError


def _twin(sheet: _Sheet, position: int, plan: DefectPlan, scene: Scene) -> list[Row]:
    """A second row of the same key that differs in one cell."""
    row = sheet.rows[position]
    value = row.cells.get(plan.column or "")
    if not isinstance(value, int | float | str) or not value:
        raise NotHereError
    twin = Row(dict(row.cells), row.township, row.is_plain, record=row.record)
    twin.cells[plan.column or ""] = next(iter(plan.values.values()))
    sheet.behind[position] = [twin]
    return [row, twin]


def _two_homes(sheet: _Sheet, position: int, plan: DefectPlan, scene: Scene) -> list[Row]:
    """The same person once more, in somebody else's household."""
    row, column = sheet.rows[position], plan.column or ""
    other = sheet.others(row, lambda each: each.cells[column] != row.cells[column])
    for each in (row, other):
        sheet.family(each)
    sheet.whole |= {row.cells[column], other.cells[column]}
    twin = Row(dict(row.cells), row.township, row.is_plain, record=row.record)
    twin.cells[column] = other.cells[column]
    sheet.behind[position] = [twin]
    return [row, twin]


def _shared(sheet: _Sheet, position: int, plan: DefectPlan, scene: Scene) -> list[Row]:
    """Two rows have the same content where each has its own."""
    row, column = sheet.rows[position], plan.column or ""
    text_of(row, plan)

    def is_like(each: Row) -> bool:
        fit = each.record is not None and fits(each.record.values, plan.where, scene.period)
        return fit and isinstance(each.cells.get(column), str) and each.cells[column] != row.cells[column]

    other = sheet.others(row, is_like)
    other.cells[column] = row.cells[column]
    return [row, other]


_MOST_DRAGGED = 4
"""A fault that spoils a whole household is planted in one of at most so many rows."""


def _second_head(sheet: _Sheet, position: int, plan: DefectPlan, scene: Scene) -> list[Row]:
    """A member is written as head beside the head: no row of the household can be taken."""
    row, column = sheet.rows[position], plan.column or ""
    family = sheet.family(row)
    head = next((each for each in family if each.record is not None and each.record.values[column] == "02"), None)
    if head is None or len(family) > _MOST_DRAGGED:
        raise NotHereError
    row.cells[column] = head.cells[column]
    return family


def _told(rows: Sequence[Row]) -> Iterator[Cell]:
    """Households of which a rule that looks at the whole household has something to say."""
    for row in rows:
        for note in row.record.notes if row.record is not None else ():
            if kinds()[note.kind].family == "household" and _HOUSEHOLD in row.cells:
                yield row.cells[_HOUSEHOLD]


_SPREAD: Mapping[str, Callable[[_Sheet, int, DefectPlan, Scene], list[Row]]] = {
    "duplicate_key": _twin,
    "two_homes": _two_homes,
    "shared": _shared,
    "second_head": _second_head,
}
"""What is done to more than one row -> the rows that are then at fault."""


def _is_sound(row: Row) -> bool:
    """Nothing is wrong with the row, and nobody needs it to be read."""
    return not row.faults and (row.record is None or not row.record.notes)


def _overwrite(row: Row, plan: DefectPlan, scene: Scene) -> None:
    for name, text in plan.values.items():
        if name not in scene.contract.by_name:
            raise ValueError(f"defect of [{scene.contract.feed_id}] overwrites [{name}], not in the contract")
        row.cells[name] = text or None


def _set(sheet: _Sheet, position: int, plan: DefectPlan, scene: Scene) -> list[Row]:
    """Plant one fault; the rows at fault. Raises NotHereError, with nothing changed, where there is no place for it."""
    row, kind = sheet.rows[position], kinds()[plan.kind]
    how = kind.how or plan.kind
    column = plan.column or next(iter(plan.values))
    if row.record is not None and not fits(row.record.values, plan.where, scene.period):
        raise NotHereError
    if how in _SPREAD:
        rows = _SPREAD[how](sheet, position, plan, scene)
        column = scene.contract.key[0].name if how == "duplicate_key" else column
    else:
        rows = [row]
        if how == "overwrite":
            _overwrite(row, plan, scene)
        else:
            row.cells[column] = CHANGES[how](row, plan, scene)
    for each in rows:
        each.faults.append(Fault(plan.kind, kind.rule, column))
    return rows


def is_joint(kind: str) -> bool:
    """Whether the fault lies in several rows together, so that they can only be put right together."""
    return (kinds()[kind].how or kind) in _SPREAD


_COSTS = {"duplicate_key": 2, "two_homes": 2, "shared": 2, "second_head": _MOST_DRAGGED}
"""Rows that one planting may spoil."""


def allowed(rows: int) -> int:
    """Faulty rows in a file of so many rows."""
    return max(int(rows * SHARE), 1 if rows >= ONE_FROM else 0)


def plant(rows: list[Row], scene: Scene) -> list[Row]:
    """A block's rows with faults planted by the office's list, round after round, until `SHARE` of them is faulty.

    Only plain rows are touched, each at most once. Raises ValueError for a plan naming a column the file lacks.
    """
    present = {column.name for column in scene.habit.columns(scene.contract)}
    for plan in scene.habit.defects:
        if not {plan.column or next(iter(plan.values)), *plan.values} <= present:
            raise ValueError(f"defect [{plan.kind}] of [{scene.contract.feed_id}] names a column that is not sent")
    done = allowed(scene.before)
    budget = allowed(scene.before + len(rows)) - done
    sheet = _Sheet(rows, [at for at, row in enumerate(rows) if row.is_plain and _is_sound(row)], {}, set(_told(rows)))
    sheet.plain = list(sheet.free())
    scene.rng.shuffle(sheet.plain)
    plans = scene.habit.defects
    # Where a block is too small for all kinds, the next block and month go on where this one stopped.
    start = ((scene.period.month - 9) % 12 * budget + done) % len(plans) if plans and budget < len(plans) else 0
    for plan in (plans[start:] + plans[:start]) * ROUNDS:
        if budget < _COSTS.get(kinds()[plan.kind].how or plan.kind, 1):
            continue
        for position in sheet.free():
            try:
                faulty = _set(sheet, position, plan, scene)
            except NotHereError:
                continue
            sheet.see(faulty)
            budget -= len(faulty)
            break
    return [each for position, row in enumerate(rows) for each in (row, *sheet.behind.get(position, []))]
