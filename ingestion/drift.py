"""Schema drift: what has changed about the columns of a feed since its last accepted file, as issues with an owner.

Nothing is guessed and nothing is lost. An unknown column stays out of the warehouse; its cells are put aside under
encryption, to be given back. A column is renamed only by the contract. Everything else is an issue that the feed's
owner sees (`hearth drift`) until a later file no longer shows it, or until a person has settled it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hearth.period import Period
from ingestion.contract import Contract, Demand
from ingestion.reader.headers import HeaderIndex
from ingestion.submission import Note
from ingestion.table import FileProblem, RawTable

_SPARE = re.compile(r"^(flex[_\d]|备用)", re.IGNORECASE)
"""Columns that a sender keeps for own use; nobody needs to look at them."""
_LONG_NUMBER = re.compile(r"\d{11,}")
_LONGEST = 40


class Kind(StrEnum):
    """What has changed."""

    UNKNOWN_COLUMN = "unknown_column"
    NEAR_MISS = "near_miss"
    """An unknown column that looks like one which is not there."""
    MISSING_OPTIONAL = "missing_optional"
    """A column that came with the last accepted file and may be left out."""
    RENAMED_HEADER = "renamed_header"
    """Another accepted title than last time."""
    ORDER_CHANGED = "order_changed"
    NEW_VERSION = "new_version"
    """The first file that is read by another version of the contract."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of a file; ``column`` is None where the contract does not know it."""

    position: int
    header: str
    column: str | None


@dataclass(frozen=True, slots=True)
class Issue:
    """One change. No cell values: a header, a column, and what to look at."""

    kind: Kind
    column: str = ""
    header: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """What one submission says about the shape of its feed."""

    owner: str
    """Who is to look at the issues."""
    headings: tuple[Heading, ...] = ()
    issues: tuple[Issue, ...] = ()


def safe_header(text: str) -> str:
    """A header for the ledger: a title is short and holds no long number; what does is no title."""
    return "（像是数据，不是列名）" if _LONG_NUMBER.search(text) else text[:_LONGEST]


def is_spare(header: str) -> bool:
    """Whether the sender keeps this column for own use."""
    return _SPARE.match(header) is not None


def headings(raw: RawTable) -> tuple[Heading, ...]:
    """Known columns from left to right, then the unknown ones."""
    places: dict[str, tuple[int, str]] = {}
    for (_, name), letter in raw.letters.items():
        places.setdefault(name, (len(letter), letter))
    known = sorted(raw.headers, key=lambda name: places.get(name, (9, "")))
    found = [(raw.headers[name], name) for name in known] + [(text, None) for text in raw.unknown_headers]
    return tuple(Heading(place, safe_header(text), name) for place, (text, name) in enumerate(found, 1))


def compare(
    contract: Contract, period: Period, now: Sequence[Heading], before: Sequence[Heading], before_version: str | None
) -> tuple[Issue, ...]:
    """What is different from the last accepted file, and what the contract has never known."""
    here = {heading.column: heading.header for heading in now if heading.column}
    there = {heading.column: heading.header for heading in before if heading.column}
    issues = list(_unknown(contract, period, [heading.header for heading in now if heading.column is None], here))
    for column in contract.columns:
        name = column.name
        if name in there and name not in here and column.demand is Demand.OPTIONAL and column.loaded:
            text = f"上次有“{there[name]}”，这次没有；确实不再报送的，请告知登记办"
            issues.append(Issue(Kind.MISSING_OPTIONAL, name, there[name], text))
        elif name in there and name in here and there[name] != here[name]:
            issues.append(Issue(Kind.RENAMED_HEADER, name, here[name], f"上次写作“{there[name]}”，两种写法都认"))
    shared = [name for name in there if name in here]
    if shared != [name for name in here if name in there]:
        issues.append(Issue(Kind.ORDER_CHANGED, suggestion="列的顺序与上次不同；按列名读取，不影响数据"))
    if before_version is not None and before_version != contract.version:
        text = f"由{before_version}改为{contract.version}；新旧版本的文件各按其月份读取"
        issues.append(Issue(Kind.NEW_VERSION, header=contract.version, suggestion=text))
    return tuple(issues)


def _unknown(contract: Contract, period: Period, unknown: Sequence[str], here: Iterable[str]) -> Iterator[Issue]:
    index = HeaderIndex(contract, period)
    present = set(here)
    open_headers = [text for text in unknown if not is_spare(text)]
    near: dict[str, str] = {}
    for column in contract.columns:
        if column.name not in present:
            text = index.suggestion(column, [header for header in open_headers if header not in near])
            if text is not None:
                near[text] = column.name
    for text in open_headers:
        if text in near:
            yield near_miss(contract, near[text], text)
        else:
            yield Issue(Kind.UNKNOWN_COLUMN, header=text, suggestion="模板里没有这一列；要入库请申请增加列名")


def near_miss(contract: Contract, column: str, header: str) -> Issue:
    """A header that a person should look at; it is never taken for the column."""
    title = contract.by_name[column].title
    return Issue(Kind.NEAR_MISS, column, safe_header(header), f"是否为“{title}”？是的话请改列名，或申请增加写法")


def of_refusal(problem: FileProblem, contract: Contract) -> Drift | None:
    """The drift of a file whose header could not be used: what looks like a column that is missing."""
    found = tuple(near_miss(contract, column, header) for column, header in problem.near)
    return Drift(contract.owner, issues=found) if found else None


def notes(issues: Iterable[Issue], raw: RawTable) -> Iterator[Note]:
    """What the receipt says to the sender of it (S-03, S-01)."""
    found = list(issues)
    near = [issue for issue in found if issue.kind is Kind.NEAR_MISS]
    plain = [safe_header(text) for text in raw.unknown_headers]
    plain = [text for text in plain if text not in {issue.header for issue in near}]
    if plain:
        text = f"多出的列“{'”“'.join(plain)}”，已原样保留，未入库"
        yield Note("S-03", "info", text, "无需处理；如需入库，请向登记办申请增加列名")
    for issue in near:
        yield Note("S-03", "info", f"列“{issue.header}”模板里没有，已原样保留，未入库", issue.suggestion)
    missing = [issue.header for issue in found if issue.kind is Kind.MISSING_OPTIONAL]
    if missing:
        text = f"上次报送有、这次没有的选填列：“{'”“'.join(missing)}”"
        yield Note("S-01", "info", text, "如是漏了，请补列重报；确实不再报送的，请告知登记办")
