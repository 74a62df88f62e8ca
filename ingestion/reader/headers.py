"""Finding and matching the header (GEN-05 to GEN-08, F-11, S-02, S-08)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from hearth.period import Period
from ingestion.contract import Column, Contract, Demand, Header
from ingestion.normalise.text import as_text, nfkc
from ingestion.normalise.units import is_unit, plain_unit
from ingestion.reader.grid import Grid, cell_at
from ingestion.reader.sheet_names import value_of_sheet

_WHITE = re.compile("[\\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_MARK = re.compile(r"^[*★☆]+|[*★☆]+$")
_ORDINAL = re.compile(r"^\d+[.、]")
_FORM_CODE = re.compile(r"^[A-Z]{1,2}\d{1,2}[a-z]?")
_BRACKET = re.compile(r"[(\[【]([^()\[\]【】]*)[)\]】]$")
_MAX_HEADER_ROWS = 3
_NAMED_PLACES = frozenset({"county_name", "township_name", "village_name"})


def clean(text: str) -> str:
    """GEN-06 as far as it never depends on what is known: width, blanks, 帐."""
    return _WHITE.sub("", nfkc(text)).replace("帐", "账")


def header_key(text: str) -> str:
    """What two spellings of a header have in common."""
    return clean(text).casefold()


def spellings(text: str) -> Iterator[str]:
    """What a header may mean, the least cut first. A cut counts only if the result is known, so that titles which
    end in a number or in brackets of their own survive."""
    seen: set[str] = set()
    for form in _uncoded(clean(text)):
        for candidate in (form, _BRACKET.sub("", form)):
            if candidate and candidate not in seen:
                seen.add(candidate)
                yield candidate


def _uncoded(text: str) -> Iterator[str]:
    yield text
    text = _MARK.sub("", text)
    yield text
    text = _MARK.sub("", _ORDINAL.sub("", text))
    yield text
    yield _MARK.sub("", _FORM_CODE.sub("", text))


def bracket_unit(text: str) -> str | None:
    """The unit in the bracket that ends a header, if what stands there is a unit."""
    match = _BRACKET.search(_MARK.sub("", clean(text)))
    return plain_unit(match[1]) if match and is_unit(match[1]) else None


@dataclass(frozen=True, slots=True)
class Match:
    """A header cell that the contract knows."""

    column: Column
    header: Header
    text: str
    """As sent, cleaned."""
    unit: str | None


class HeaderIndex:
    """All header texts of a contract that are valid in a period."""

    def __init__(self, contract: Contract, period: Period) -> None:
        self._known: dict[str, tuple[Column, Header]] = {}
        self._cache: dict[str, Match | None] = {}
        for column in contract.columns:
            for header in column.headers:
                if header.valid_in(period):
                    self._add(column, header, contract.feed_id)

    def _add(self, column: Column, header: Header, feed_id: str) -> None:
        key = header_key(header.text)
        other = self._known.get(key)
        if other is None:
            self._known[key] = (column, header)
        elif other[0].name != column.name:
            raise ValueError(
                f"contract [{feed_id}]: header [{header.text}] names [{other[0].name}] and [{column.name}]"
            )
        elif header.mapping or header.negate:
            merged = replace(header, mapping={**other[1].mapping, **header.mapping})
            self._known[key] = (column, merged)

    def match(self, text: str) -> Match | None:
        """The column of a header text: exact after cleaning, never by similarity (GEN-07)."""
        if text not in self._cache:
            self._cache[text] = self._find(text)
        return self._cache[text]

    def _find(self, text: str) -> Match | None:
        for form in spellings(text):
            if known := self._known.get(form.casefold()):
                return Match(known[0], known[1], clean(text), bracket_unit(text))
        return None

    def suggestion(self, column: Column, unknown: Sequence[str]) -> str | None:
        """An unknown header that looks like one of a missing column; offered to people, never applied."""
        forms = {form.casefold(): text for text in unknown for form in spellings(text)}
        for header in column.headers:
            if close := get_close_matches(header_key(header.text), forms, n=1, cutoff=0.6):
                return forms[close[0]]
        return None


@dataclass(slots=True)
class Layout:
    """Where the header of a sheet stands and what its columns are."""

    first: int
    last: int
    """First and last header row, 0-based."""
    matches: dict[int, Match]
    unknown: dict[int, str] = field(default_factory=dict)
    missing: tuple[Column, ...] = ()
    """Required columns that have no header."""

    @property
    def columns(self) -> set[str]:
        names = {match.column.name for match in self.matches.values()}
        return names.union(*(match.header.part_names for match in self.matches.values()))


def missing_columns(contract: Contract, present: set[str], sheet: str = "") -> tuple[Column, ...]:
    """Required columns without header. Those with a default need none; a place may be told by code or by names; the
    county is the submission's own; a long layout has its two columns instead of those it spreads to; the name of the
    sheet may say it."""
    spared = {"county_name"}
    named = {column.name for column in contract.columns if value_of_sheet(column, sheet) is not None}
    spared |= named
    present = present | named
    if "region_code" in present:
        spared |= _NAMED_PLACES
    if {"township_name", "village_name"} <= present:
        spared.add("region_code")
    spared |= {
        column.name
        for column in contract.columns
        if column.spread is not None and {column.spread.by, column.spread.source} <= present
    }
    # Whether its values are there is seen once the rows are read (ingestion.reader.settle).
    spared |= {column.elsewhere for column in contract.columns if column.elsewhere and column.name in present}
    return tuple(
        column
        for column in contract.columns
        if column.demand is not Demand.OPTIONAL
        and column.default is None
        and column.name not in present
        and column.name not in spared
    )


def find_header(grid: Grid, contract: Contract, index: HeaderIndex, scan_rows: int = 20) -> Layout | None:
    """The best header among the first rows: fewest required columns missing, then most columns known.

    None if no row has a single known header. Headers of up to three rows are read by their lowest titles; where those
    repeat or are unknown, by ``parent-leaf``.
    """
    spread = _spread_merged(grid, scan_rows + _MAX_HEADER_ROWS)
    best: tuple[tuple[int, int, int, int], Layout] | None = None
    for first in range(min(scan_rows, len(grid.rows))):
        for depth in range(1, _MAX_HEADER_ROWS + 1):
            layout = _layout(spread[first : first + depth], first, index)
            if not layout.matches:
                continue
            layout.missing = missing_columns(contract, layout.columns, grid.sheet)
            score = (len(layout.missing), -len(layout.columns), depth, first)
            if best is None or score < best[0]:
                best = (score, layout)
    return best[1] if best else None


def _spread_merged(grid: Grid, rows: int) -> list[list[str]]:
    """The first rows as text, every cell of a merged range showing the range's text."""
    width = max((len(row) for row in grid.rows[:rows]), default=0)
    texts = [[as_text(cell_at(grid.rows, r, c)) for c in range(width)] for r in range(min(rows, len(grid.rows)))]
    for top, left, bottom, right in grid.merged:
        if top < len(texts):
            text = as_text(cell_at(grid.rows, top, left))
            for r in range(top, min(bottom + 1, len(texts))):
                for c in range(left, min(right + 1, width)):
                    texts[r][c] = text
    return texts


def _layout(rows: list[list[str]], first: int, index: HeaderIndex) -> Layout:
    layout = Layout(first, first + len(rows) - 1, {})
    stacks = [_stack(rows, c) for c in range(len(rows[0]) if rows else 0)]
    leaves = Counter(header_key(stack[-1]) for stack in stacks if stack)
    seen: Counter[str] = Counter()
    for c, stack in enumerate(stacks):
        if not stack:
            continue
        leaf = stack[-1]
        match = index.match(leaf)
        seen[header_key(leaf)] += 1
        if leaves[header_key(leaf)] > 1:
            match = _claimed(leaf, seen[header_key(leaf)], index) or match
        if len(stack) > 1 and (match is None or leaves[header_key(leaf)] > 1):
            match = index.match("-".join(stack[-2:])) or match
        if match is not None:
            layout.matches[c] = match
        else:
            layout.unknown[c] = clean(leaf)
    return layout


def _claimed(leaf: str, number: int, index: HeaderIndex) -> Match | None:
    """The column for which a contract claims the n-th of several columns with one title: ``金额#2`` (GEN-08)."""
    matches = (index.match(f"{form}#{number}") for form in spellings(leaf))
    found = next((match for match in matches if match is not None), None)
    return None if found is None else replace(found, text=clean(leaf), unit=bracket_unit(leaf))


def _stack(rows: list[list[str]], column: int) -> list[str]:
    """Titles of one column from the top row to the lowest, each once."""
    stack: list[str] = []
    for depth, row in enumerate(rows):
        text = row[column]
        if not text and depth < len(rows) - 1 and rows[-1][column]:
            # A text file cannot merge: a title that spans columns stands over the first of them.
            text = next((row[c] for c in range(column - 1, -1, -1) if row[c]), "")
        if text and (not stack or stack[-1] != text):
            stack.append(text)
    return stack
