"""True values as a department writes them: codes become labels, months become 2019年3月, numbers become text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter

from hearth.period import Period
from ingestion.contract import Column, Kind
from ingestion.reference_data import code_lists
from ingestion.sample.habits import Habit
from ingestion.sample.places import Place
from ingestion.sample.records import Record, Value


class Broken(str):
    """What a cell shows that holds no value: an error (`#N/A`), or a formula (`=…`) that nobody calculated."""


Cell = str | int | float | date | None
"""A cell before it is encoded; a date is written as a date cell where the format has them."""

WAN = 10_000
"""万: the unit of money in some ledgers."""

DATE_STYLES: Mapping[str, Callable[[date], Cell]] = {
    "iso": lambda day: f"{day:%Y-%m-%d}",
    "slash": lambda day: f"{day.year}/{day.month}/{day.day}",
    "dot": lambda day: f"{day.year}.{day.month}.{day.day}",
    "chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "compact": lambda day: f"{day:%Y%m%d}",
    "cell": lambda day: day,
}
MONTH_STYLES: Mapping[str, Callable[[Period], Cell]] = {
    "iso": str,
    "slash": lambda month: f"{month.year}/{month.month}",
    "chinese": lambda month: f"{month.year}年{month.month}月",
    "compact": lambda month: f"{month.year}{month.month:02d}",
    "year": lambda month: str(month.year),
}
TIME_STYLES: Mapping[str, Callable[[datetime], Cell]] = {
    "iso": lambda moment: f"{moment:%Y-%m-%d %H:%M}",
    "slash": lambda moment: f"{moment.year}/{moment.month}/{moment.day} {moment:%H:%M}",
    "cell": lambda moment: moment,
}
BOOL_STYLES: Mapping[str, tuple[str, str]] = {
    "word": ("是", "否"),
    "tick": ("√", "×"),
    "one": ("1", "0"),
    "have": ("有", "无"),
    "signed": ("已签约", "未签约"),
}
LIST_STYLES: Mapping[str, str] = {"comma": ",", "wide": "，", "pause": "、"}


def _style(habit: Habit, column: Column, kind: str, default: str) -> str:
    return habit.styles.get(column.name, habit.styles.get(kind, default))


def _code(column: Column, code: str, style: str) -> str:
    if column.code_list is None:
        raise ValueError(f"column [{column.name}] is a code without a list")
    label = code_lists()[column.code_list].labels[code]
    match style:
        case "label":
            return label
        case "code":
            return code
        case "code_label":
            return f"{code} {label}"
        case _:
            raise ValueError(f"unknown code style [{style}] for column [{column.name}]")


def _number(habit: Habit, column: Column, value: float) -> Cell:
    written = value if column.kind is not Kind.DECIMAL else round(float(value), 2) + 0.0  # no -0.0
    if habit.is_in_wan and column.unit == "元":
        written = round(float(value) / WAN, 6)
    if not habit.is_text_only:
        return written
    return f"{written:.2f}" if isinstance(written, float) else str(written)


def _mapped(mapping: Mapping[str, str], value: str) -> str | None:
    return next((text for text, meaning in mapping.items() if meaning == value), None)


def _day(habit: Habit, column: Column, value: date) -> Cell:
    if isinstance(value, datetime):
        return TIME_STYLES[_style(habit, column, "time", "iso")](value)
    return DATE_STYLES[_style(habit, column, "date", "iso")](value)


def _scalar(habit: Habit, column: Column, value: Value) -> Cell:
    match value:
        case bool():
            yes, no = BOOL_STYLES[_style(habit, column, "bool", "word")]
            return yes if value is not habit.header(column).negate else no
        case int() | float():
            return _number(habit, column, value)
        case Period():
            return MONTH_STYLES[_style(habit, column, "month", "iso")](value)
        case date():
            return _day(habit, column, value)
        case str() if column.kind in {Kind.CODE, Kind.CODE_LIST}:
            style = _style(habit, column, "code", "label")
            return _mapped(habit.header(column).mapping, value) or _code(column, value, style)
        case str():
            return value
        case _:
            raise ValueError(f"column [{column.name}]: no way to write a [{type(value).__name__}]")


def write_cell(habit: Habit, column: Column, value: Value) -> Cell:
    """One value in this office's hand. Unknown styles and codes raise KeyError or ValueError."""
    if isinstance(value, tuple):
        joiner = LIST_STYLES[_style(habit, column, "list", "comma")]
        return joiner.join(str(_scalar(habit, column, item)) for item in value) or habit.styles.get("blank")
    if value is None:
        return habit.styles.get("blank") if column.kind in {Kind.TEXT, Kind.DATE, Kind.MONTH} else None
    return _scalar(habit, column, value)


def _village(habit: Habit, place: Place) -> str:
    style = habit.styles.get("village", "full")
    return {"full": place.village, "short": place.short_village}[style]


def write_column(habit: Habit, column: Column, values: Sequence[Value]) -> list[Cell]:
    """Values of one column in this office's hand; each different one is written once."""
    types = set(map(type, values)) - {type(None)}
    if types == {str} and column.kind not in {Kind.CODE, Kind.CODE_LIST}:
        blank = write_cell(habit, column, None)
        return [value if isinstance(value, str) else blank for value in values]
    if len(types) > 1:  # 1, 1.0 and True are equal and are not written alike
        return [write_cell(habit, column, value) for value in values]
    known = {value: write_cell(habit, column, value) for value in dict.fromkeys(values)}
    return [known[value] for value in values]


def write_rows(habit: Habit, columns: Sequence[Column], records: Sequence[Record]) -> list[dict[str, Cell]]:
    """Canonical name -> cell of each record, worked out column by column.

    Raises ValueError when the subject knows nothing of a column the contract asks for.
    """
    loaded = [column for column in columns if column.loaded]  # others are numbered when they are put on a sheet
    known = [record.values for record in records]
    written: list[list[Cell]] = []
    for column in loaded:
        if column.name == "village_name":
            names_of = {
                place.code: _village(habit, place) for place in {id(r.place): r.place for r in records}.values()
            }
            written.append([names_of[record.place.code] for record in records])
            continue
        try:
            values = list(map(itemgetter(column.name), known))
        except KeyError:
            raise ValueError(f"subject [{habit.subject}] gives no value for column [{column.name}]") from None
        written.append(write_column(habit, column, values))
    names = [column.name for column in loaded]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*written, strict=True)]
