# ruff: noqa: ARG001 - every kind of fault has the same shape, whether it needs the whole scene or not
"""Faults that slip into files, planted one per row, each with the catalogue rule that must find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from hearth.period import Period
from ingestion.contract import Contract, Kind
from ingestion.sample.cells import DATE_STYLES, MONTH_STYLES, Cell
from ingestion.sample.habits import DefectPlan, Habit
from ingestion.sample.layouts import Fault, Row
from ingestion.sample.people import check_character, compose_id_number
from ingestion.sample.places import Place

SHARE = 0.05
"""At most this share of a file's rows is faulty: well below the rejection threshold of 0.10."""

ONE_FROM = 15
"""A file of this many rows has at least one fault."""

ROUNDS = 3
"""At most this many rows per kind and block."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may need to know."""

    habit: Habit
    contract: Contract
    period: Period
    where: Sequence[Place]
    rng: Random
    before: int = 0
    """Rows of the file in earlier blocks of the county: the share of faulty rows is that of the whole file."""

    @property
    def has_numbers(self) -> bool:
        """Cells of the format have types."""
        return self.habit.format in {"xlsx", "xls"}


class NotHereError(Exception):
    """The row offers no place for this kind of fault; another row may."""


def _text(row: Row, plan: DefectPlan) -> str:
    value = row.cells.get(plan.column or "")
    if not isinstance(value, str) or not value:
        raise NotHereError
    return value


def _wrong_check_digit(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    number = _text(row, plan)
    others = [digit for digit in "0123456789" if digit != number[-1]]
    return number[:17] + scene.rng.choice(others[1:])


def _short_id(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    return _text(row, plan)[:-1]


def _impossible_birth(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    _text(row, plan)
    return compose_id_number("19850230", scene.rng.randrange(100, 900))


def _unborn(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    first17 = _text(row, plan)[:6] + f"{scene.period.year + 3}0101" + "123"
    return first17 + check_character(first17)


def _numeric(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    number = _text(row, plan)
    if not number.isdigit():
        raise NotHereError
    # A spreadsheet keeps 15 digits; web systems print the same damage as 5.20099E+17.
    return float(int(number) // 1000 * 1000) if scene.has_numbers else f"{float(number):.5E}"


def _unknown_code(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    _text(row, plan)
    return "见附件"


def _bad_bool(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    _text(row, plan)
    return "也许"


def _january_or_october(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    if row.cells.get(plan.column or "") is None:
        raise NotHereError
    return 2019.1 if scene.has_numbers and not scene.habit.is_text_only else "2019.1"


def _impossible_date(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    if row.cells.get(plan.column or "") is None:
        raise NotHereError
    return "2024-02-30"


def _future(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    if row.cells.get(plan.column or "") is None:
        raise NotHereError
    later = scene.period.shift(1)
    kind = scene.contract.by_name[plan.column or ""].kind
    return MONTH_STYLES["iso"](later) if kind is Kind.MONTH else DATE_STYLES["iso"](date(later.year, later.month, 9))


def _missing(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    if row.cells.get(plan.column or "") is None:
        raise NotHereError
    return None


def _letter_in_number(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    if row.cells.get(plan.column or "") is None:
        raise NotHereError
    return "1O" if scene.contract.by_name[plan.column or ""].kind is Kind.INT else "2O6.50"


def _negative(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    if row.cells.get(plan.column or "") is None:
        raise NotHereError
    return "-36" if scene.habit.is_text_only or not scene.has_numbers else -36


def _lost_zero(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    number = _text(row, plan)
    if not number.startswith("0"):
        raise NotHereError
    return number.lstrip("0")


def _own_number(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    return f"户-{_text(row, plan)[-6:]}"


def _village_elsewhere(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    township, village = row.cells.get("township_name"), row.cells.get("village_name")
    here = {place.stem for place in scene.where if place.township == township}
    away = [place for place in scene.where if place.township != township and place.stem not in here]
    other = scene.rng.choice(away)
    style = scene.habit.styles.get("village", "full")
    return other.village if style == "full" and village is not None else other.short_village


def _other_person(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    """A number that is well formed and somebody else's, with its own suffix kept."""
    return compose_id_number("19700102", scene.rng.randrange(100, 900)) + _text(row, plan)[18:]


def _last_month(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    """A moment of the month before; the moments named in `values` move with it."""
    before = scene.period.shift(-1)
    for name in plan.values:
        if row.cells.get(name) is None:
            raise NotHereError
        row.cells[name] = f"{before}-15 11:30"
    _text(row, plan)
    return f"{before}-15 10:00"


def _swapped(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    """The cell and the one named in `values` change places."""
    (other,) = plan.values
    mine, theirs = row.cells.get(plan.column or ""), row.cells.get(other)
    if mine is None or theirs is None or mine == theirs:
        raise NotHereError
    row.cells[other] = mine
    return theirs


def _other_county(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    return "530522" + _text(row, plan)[6:]


_Change = Callable[[Row, DefectPlan, Scene], Cell]
KINDS: Mapping[str, tuple[_Change, str]] = {
    "wrong_check_digit": (_wrong_check_digit, "R-ALL-02"),
    "short_id": (_short_id, "R-ALL-01"),
    "impossible_birth": (_impossible_birth, "R-ALL-03"),
    "unborn": (_unborn, "R-ALL-03"),
    "numeric": (_numeric, "S-05"),
    "unknown_code": (_unknown_code, "S-10"),
    "bad_bool": (_bad_bool, "S-09"),
    "january_or_october": (_january_or_october, "S-06"),
    "impossible_date": (_impossible_date, "S-06"),
    "future": (_future, "R-ALL-05"),
    "missing": (_missing, "S-11"),
    "letter_in_number": (_letter_in_number, "S-07"),
    "negative": (_negative, "R-ALL-06"),
    "lost_zero": (_lost_zero, "R-PWR-01"),
    "own_number": (_own_number, "R-REG-01"),
    "village_elsewhere": (_village_elsewhere, "S-13"),
    "other_person": (_other_person, "R-CIV-12"),
    "last_month": (_last_month, "PO-OUT-03"),
    "swapped": (_swapped, "R-PWR-05"),
    "other_county": (_other_county, "S-14"),
}
"""Kind of fault -> what is written into the cell, and the rule that finds it unless the plan names another."""


def _set(row: Row, plan: DefectPlan, scene: Scene) -> list[Row]:
    """Change `row`; returns rows to put in behind it."""
    columns = scene.contract.by_name
    if plan.kind == "duplicate_key":
        value = row.cells.get(plan.column or "")
        if not isinstance(value, int | float | str) or not value:
            raise NotHereError
        twin = Row(dict(row.cells), row.township, row.is_plain, record=row.record)
        twin.cells[plan.column or ""] = next(iter(plan.values.values()))
        for each in (row, twin):
            each.faults.append(Fault(plan.kind, plan.rule or "S-12", scene.contract.key[0].name))
        return [twin]
    if plan.kind == "overwrite":
        for name, text in plan.values.items():
            if name not in columns:
                raise ValueError(f"defect of [{scene.contract.feed_id}] overwrites [{name}], not in the contract")
            row.cells[name] = text or None
        row.faults.append(Fault(plan.kind, plan.rule or "", plan.column or next(iter(plan.values))))
        return []
    change, rule_id = KINDS[plan.kind]
    name = plan.column or ""
    row.cells[name] = change(row, plan, scene)
    row.faults.append(Fault(plan.kind, plan.rule or rule_id, name))
    return []


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
    free = [position for position, row in enumerate(rows) if row.is_plain]
    scene.rng.shuffle(free)
    behind: dict[int, list[Row]] = {}
    plans = scene.habit.defects
    # Where a block is too small for all kinds, the next block and month go on where this one stopped.
    start = ((scene.period.month - 9) % 12 * budget + done) % len(plans) if plans and budget < len(plans) else 0
    for plan in (plans[start:] + plans[:start]) * ROUNDS:
        cost = 2 if plan.kind == "duplicate_key" else 1
        if budget < cost:
            break
        for turn, position in enumerate(free):
            try:
                behind[position] = _set(rows[position], plan, scene)
            except NotHereError:
                continue
            del free[turn]
            budget -= cost
            break
    return [each for position, row in enumerate(rows) for each in (row, *behind.get(position, []))]
