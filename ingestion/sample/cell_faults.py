# ruff: noqa: ARG001 - every kind of fault has the same shape, whether it needs the whole scene or not
"""What is done to one cell to make it wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from hearth.period import Period
from ingestion.contract import Contract, Kind
from ingestion.sample.cells import DATE_STYLES, MONTH_STYLES, Broken, Cell
from ingestion.sample.habits import DefectPlan, Habit
from ingestion.sample.layouts import Row
from ingestion.sample.people import check_character, compose_id_number
from ingestion.sample.places import Place


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


_Change = Callable[[Row, DefectPlan, "Scene"], Cell]


class NotHereError(Exception):
    """The row offers no place for this kind of fault; another row may."""


def text_of(row: Row, plan: DefectPlan) -> str:
    """The plan's cell. Raises NotHereError unless it holds a text."""
    value = row.cells.get(plan.column or "")
    if not isinstance(value, str) or not value:
        raise NotHereError
    return value


def _wrong_check_digit(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    number = text_of(row, plan)
    others = [digit for digit in "0123456789" if digit != number[-1]]
    return number[:17] + scene.rng.choice(others[1:])


def _digit_typo(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    """One digit in the middle is another: the check character finds any such slip."""
    number, place = text_of(row, plan), scene.rng.randrange(14, 17)
    other = scene.rng.choice([digit for digit in "0123456789" if digit != number[place]])
    return number[:place] + other + number[place + 1 :]


def _undamaged(number: str) -> str:
    """A long number that ends in 000 would be taken for one that a spreadsheet has damaged (GEN-15)."""
    if number.endswith("000"):
        raise NotHereError
    return number


def _short_id(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    return _undamaged(text_of(row, plan)[:-1])


def _long_id(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    number = text_of(row, plan)
    return _undamaged(number[:17] + number[16:])


def _too_old(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    text_of(row, plan)
    return compose_id_number("18850611", scene.rng.randrange(100, 900))


def _impossible_birth(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    text_of(row, plan)
    return compose_id_number("19850230", scene.rng.randrange(100, 900))


def _unborn(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    first17 = text_of(row, plan)[:6] + f"{scene.period.year + 3}0101" + "123"
    return first17 + check_character(first17)


def _numeric(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    number = text_of(row, plan)
    if not number.isdigit():
        raise NotHereError
    # A spreadsheet keeps 15 digits; web systems print the same damage as 5.20099E+17.
    return float(int(number) // 1000 * 1000) if scene.has_numbers else f"{float(number):.5E}"


def _unknown_code(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    text_of(row, plan)
    return "见附件"


def _bad_bool(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    text_of(row, plan)
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
    number = text_of(row, plan)
    if not number.startswith("0"):
        raise NotHereError
    return number.lstrip("0")


def _own_number(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    return f"户-{text_of(row, plan)[-6:]}"


def _village_elsewhere(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    township, village = row.cells.get("township_name"), row.cells.get("village_name")
    here = {place.stem for place in scene.where if place.township == township}
    away = [place for place in scene.where if place.township != township and place.stem not in here]
    other = scene.rng.choice(away)
    style = scene.habit.styles.get("village", "full")
    return other.village if style == "full" and village is not None else other.short_village


def _other_person(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    """A number that is well formed and somebody else's, with its own suffix kept."""
    return compose_id_number("19700102", scene.rng.randrange(100, 900)) + text_of(row, plan)[18:]


def _last_month(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    """A moment of the month before; the moments named in `values` move with it."""
    before = scene.period.shift(-1)
    for name in plan.values:
        if row.cells.get(name) is None:
            raise NotHereError
        row.cells[name] = f"{before}-15 11:30"
    text_of(row, plan)
    return f"{before}-15 10:00"


def _swapped(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    """The cell and the one named in `values` change places."""
    (other,) = plan.values
    mine, theirs = row.cells.get(plan.column or ""), row.cells.get(other)
    if mine is None or theirs is None or mine == theirs:
        raise NotHereError
    row.cells[other] = mine
    return theirs


def _broken(text: str) -> _Change:
    """A cell that holds no value; only in a workbook of the format whose reader sees it."""

    def change(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
        if scene.habit.format != "xlsx" or row.cells.get(plan.column or "") is None:
            raise NotHereError
        return Broken(text)

    return change


def _other_county(row: Row, plan: DefectPlan, scene: Scene) -> Cell:
    return "530522" + text_of(row, plan)[6:]


CHANGES: Mapping[str, _Change] = {
    "wrong_check_digit": _wrong_check_digit,
    "digit_typo": _digit_typo,
    "short_id": _short_id,
    "long_id": _long_id,
    "impossible_birth": _impossible_birth,
    "unborn": _unborn,
    "too_old": _too_old,
    "numeric": _numeric,
    "unknown_code": _unknown_code,
    "bad_bool": _bad_bool,
    "january_or_october": _january_or_october,
    "impossible_date": _impossible_date,
    "future": _future,
    "missing": _missing,
    "letter_in_number": _letter_in_number,
    "negative": _negative,
    "lost_zero": _lost_zero,
    "own_number": _own_number,
    "village_elsewhere": _village_elsewhere,
    "other_person": _other_person,
    "last_month": _last_month,
    "swapped": _swapped,
    "other_county": _other_county,
    "error_value": _broken("#N/A"),
    "uncounted_formula": _broken("=SUM(A1:A2)"),
}
"""What is done to one cell -> what is then written into it."""
