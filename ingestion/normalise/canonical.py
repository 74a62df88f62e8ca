"""Cells that already stand as they will be stored, a whole column at a time.

Every function here answers for text cells which of them need no reading, and what they say; it may pass over any cell
it likes, for the parsers of the kinds read what is left. It may never take a cell that they would read otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.columns import Flags, as_flags
from ingestion.contract import Column, Kind
from ingestion.normalise.cells import scale_of
from ingestion.normalise.context import Context
from ingestion.normalise.ids import AGE_MAX

Bytes = npt.NDArray[np.uint8]

_HAN = r"\x{4E00}-\x{9FA5}"
# Not 无, 暂无 or 待补充, which are blanks (GEN-13), nor 锟斤拷, which is damage (GEN-03).
_NAME = rf"^[{_HAN}]{{2,30}}$"
_NO_NAME = r"^(?:暂无|待补充)$|锟斤拷"
_NUMBER_LIKE = r"^[A-Z]{0,4}[0-9]{2,40}(?:-[0-9]{1,20}){0,1}$"
_PHONE = r"^1[3-9][0-9]{9}$"
_ACCOUNT = r"^[0-9]{8,25}$"
_ROUNDED = r"^[0-9]{13,}000$"
_PLAIN_INT = r"^[0-9]{1,9}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"
_TEXT = rf"^[0-9{_HAN}][0-9A-Za-z{_HAN},，。、；：（）()#._-]*$"
_NO_TEXT = r"^(?:无|暂无|待补充)$|锟斤拷"
_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), np.int32)
_CHECKS = np.frombuffer(b"10X98765432", np.uint8)


@dataclass(frozen=True, slots=True)
class IdParts:
    """What ID numbers say besides themselves, row by row."""

    birth: pa.Array
    sex: pa.Array
    certificate: pa.Array
    is_placeholder: pa.Array
    is_upgraded: pa.Array


@dataclass(frozen=True, slots=True)
class Canonical:
    """The cells at ``flags`` and what they say, in their order."""

    flags: Flags
    values: pa.Array
    parts: IdParts | None = None


Reader = Callable[[pa.StringArray], Canonical]


def canonical_reader(column: Column, context: Context) -> Reader | None:  # noqa: PLR0911 - one per kind
    """How canonical cells of a column are found; None for kinds whose columns repeat few values."""
    raw = context.raw
    if raw.mappings.get(column.name):
        return None
    match column.kind:
        case Kind.TEXT:
            if column.vault_kind == "person_name":
                return lambda cells: _matching(cells, _NAME, but=_NO_NAME)
            if column.name in ("county_name", "township_name", "village_name", "hamlet_name"):
                return None
            return lambda cells: _matching(cells, _TEXT, but=_NO_TEXT)
        case Kind.ID:
            return _id_reader(column, context)
        case Kind.INT | Kind.DECIMAL:
            if column.name in raw.title_units or column.name in raw.header_units:
                return None
            return lambda cells: _numbers(cells, column)
        case Kind.TIMESTAMP:
            return lambda cells: _moments(cells, context.period.last_day)
        case _:
            return None


def _id_reader(column: Column, context: Context) -> Reader:
    is_text = context.raw.is_text
    match column.vault_kind:
        case "id_number":
            return lambda cells: _id_numbers(cells, context.period.last_day, is_text_file=is_text)
        case "phone_number":
            return lambda cells: _matching(cells, _PHONE)
        case "bank_account":
            return lambda cells: _matching(cells, _ACCOUNT, but=_ROUNDED)
        case _:
            return lambda cells: _matching(cells, _NUMBER_LIKE, but=_ROUNDED)


def _matching(cells: pa.StringArray, pattern: str, *, but: str | None = None) -> Canonical:
    """Cells that match as they are, unless they also match ``but``."""
    found = pc.match_substring_regex(cells, pattern)
    if but is not None:
        found = pc.and_not(found, pc.match_substring_regex(cells, but))
    flags = as_flags(found.fill_null(False))
    return Canonical(flags, cells.filter(pa.array(flags)))


def _numbers(cells: pa.StringArray, column: Column) -> Canonical:
    if column.kind is Kind.INT:
        pattern, kind = _PLAIN_INT, pa.int64()
    else:
        scale = scale_of(column)
        pattern = rf"^[0-9]{{1,9}}(?:\.[0-9]{{1,{scale}}})?$" if scale else _PLAIN_INT
        kind = pa.decimal128(14, scale)
    found = _matching(cells, pattern)
    numbers = found.values.cast(kind)
    amounts = numbers.cast(pa.float64())
    inside = pa.array(np.ones(len(numbers), np.bool_))
    # A figure at the very edge is left to the parser: a double need not show on which side it lies.
    if column.minimum is not None:
        inside = pc.and_(inside, pc.greater(amounts, float(column.minimum)))
    if column.maximum is not None:
        inside = pc.and_(inside, pc.less(amounts, float(column.maximum)))
    flags = found.flags
    flags[np.flatnonzero(flags)] = as_flags(inside)
    return Canonical(flags, numbers.filter(inside))


def _moments(cells: pa.StringArray, month_end: date) -> Canonical:
    found = _matching(cells, _MOMENT)
    try:
        moments = found.values.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:  # some 31 February among them: the parser will find it
        return Canonical(np.zeros(len(cells), np.bool_), pa.array([], pa.timestamp("us")))
    days = moments.cast(pa.date32(), safe=False)
    inside = pc.and_(pc.greater(days, pa.scalar(date(1900, 1, 1))), pc.less(days, pa.scalar(month_end.replace(day=1))))
    flags = found.flags
    flags[np.flatnonzero(flags)] = as_flags(inside)
    return Canonical(flags, moments.filter(inside))


def fixed_width(cells: pa.StringArray, width: int) -> tuple[Flags, Bytes]:
    """Which cells have exactly ``width`` bytes, and their bytes, one row each."""
    _, offsets_buffer, data_buffer = cells.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32, len(cells) + 1, cells.offset * 4)
    flags = (np.diff(offsets) == width) & as_flags(cells.is_valid())
    starts = offsets[:-1][flags]
    if data_buffer is None or len(starts) == 0:
        return flags, np.zeros((0, width), np.uint8)
    data = np.frombuffer(data_buffer, np.uint8)
    return flags, data[starts[:, None] + np.arange(width, dtype=np.int32)]


def _id_numbers(cells: pa.StringArray, month_end: date, *, is_text_file: bool) -> Canonical:
    """ID numbers of 18 characters with a right check character and a birth date that can be."""
    flags, characters = fixed_width(cells, 18)
    digits = characters[:, :17] - np.uint8(48)  # what is no digit wraps round to more than nine
    last = characters[:, 17]
    sound = (digits <= 9).all(axis=1)
    sound &= _CHECKS[(digits.astype(np.int32) @ _WEIGHTS) % 11] == last
    sound &= ~((digits[:, :6] == 9).all(axis=1) | (characters == characters[:, :1]).all(axis=1))
    if is_text_file:
        sound &= ~(characters[:, 15:] == ord("0")).all(axis=1)
    tens = digits[:, 6:14].astype(np.int64)
    years = tens[:, 0] * 1000 + tens[:, 1] * 100 + tens[:, 2] * 10 + tens[:, 3]
    months, days = tens[:, 4] * 10 + tens[:, 5], tens[:, 6] * 10 + tens[:, 7]
    sound &= (years > 1850) & (years < 2200) & (months >= 1) & (months <= 12) & (days >= 1)
    years, months, days = (np.where(sound, part, other) for part, other in ((years, 1970), (months, 1), (days, 1)))
    firsts = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    births = firsts.astype("datetime64[D]") + (days - 1)
    sound &= births.astype("datetime64[M]") == firsts
    sound &= births <= np.datetime64(month_end)
    ages = month_end.year - years - (months * 100 + days > month_end.month * 100 + month_end.day)
    sound &= ages <= AGE_MAX
    flags[np.flatnonzero(flags)] = sound
    count = int(sound.sum())
    parts = IdParts(
        birth=pa.array(births[sound], pa.date32()),
        sex=pa.array(np.array(["2", "1"], dtype=object)[digits[sound, 16] % 2], pa.string()),
        certificate=pa.nulls(count, pa.string()),
        is_placeholder=pa.array(np.zeros(count, np.bool_)),
        is_upgraded=pa.array(np.zeros(count, np.bool_)),
    )
    return Canonical(flags, cells.filter(pa.array(flags)), parts)
