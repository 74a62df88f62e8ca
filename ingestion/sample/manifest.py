"""What the sample holds and what must be found in it; tests and the demo compare results with it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path

from hearth.period import Period
from ingestion.sample.blocks import OUTSIDER_SHARE

TWICE = "same_file_twice"
"""Kind of a file whose bytes were sent before in its month: nothing of it is taken."""


@dataclass(frozen=True, slots=True)
class PlantedDefect:
    """One fault of one row."""

    kind: str
    rule_id: str
    """The error rule that must reject the row."""
    sheet: str
    row: int
    """1-based, as the sender's program shows it."""
    column: str
    """Canonical name."""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of the inbox."""

    department: str
    feed: str | None
    """None: the department has no contract."""
    period: str
    path: str
    """Key below the bucket's root, for example inbox/<department>/<period>/<file>."""
    sha256: str
    byte_count: int
    rows: int
    """Data rows a reader must count (0 for a wholly bad file)."""
    expected_accepted: int
    expected_rejected: int
    defects: tuple[PlantedDefect, ...]
    is_wholly_bad: bool
    expected_rule_id: str | None
    """For a wholly bad file: the rule that refuses it."""
    fault: str | None = None
    remarks: tuple[PlantedDefect, ...] = ()
    """What is wrong, or looks wrong, in rows that are taken: its rule warns, or is judged later, or must keep still."""
    of_the_file: tuple[str, ...] = ()
    """Kinds that the file is an example of, as a whole."""
    is_nil: bool = False
    """The office declares that the month has no rows: taken, with nothing in it."""
    is_superseded: bool = False
    """Taken like any other, and a later file of its month takes its place."""

    @property
    def is_counted(self) -> bool:
        """The rows of its feed and month are those of this file."""
        return not (self.is_wholly_bad or self.is_superseded or TWICE in self.of_the_file)

    @classmethod
    def of(cls, department: str, feed: str | None, period: Period, name: str) -> SampleFile:
        """A file at its place in the inbox, with nothing said about it yet."""
        path = f"inbox/{department}/{period}/{name}"
        return cls(department, feed, str(period), path, "", 0, 0, 0, 0, (), is_wholly_bad=False, expected_rule_id=None)

    def holding(self, content: bytes) -> SampleFile:
        """With the hash and size of its bytes."""
        return replace(self, sha256=hashlib.sha256(content).hexdigest(), byte_count=len(content))


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """The invented truth of one month, in counts."""

    period: str
    register_households: int
    """Rows of the household snapshot, those gone included."""
    active_households: int
    register_persons: int
    county_persons: int
    events: dict[str, int]
    rural: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Village -> households and persons who live there, on the register or not: what rates of the population divide by.
    Empty in a manifest of before there were such counts."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of one run."""

    county_code: str
    seed: int
    households: int
    months: tuple[MonthFacts, ...]
    files: tuple[SampleFile, ...]
    surrounding: float = OUTSIDER_SHARE
    """Households outside the register, per register household."""

    def good(self, feed_id: str | None = None) -> Iterator[SampleFile]:
        """Files that must be taken (with some rows refused), of one feed or of all; superseded ones among them."""
        for file in self.files:
            is_taken = file.is_counted or file.is_superseded
            if is_taken and feed_id in {None, f"{file.department}.{file.feed}"}:
                yield file

    def beside(self, earlier: Manifest) -> Manifest:
        """Both runs as one manifest, for a county that is sent month by month; this one's months win.

        An earlier run with another county, seed, size or surroundings was another county: nothing of it is kept.
        """
        theirs, ours = ((each.county_code, each.seed, each.households, each.surrounding) for each in (earlier, self))
        if theirs != ours:
            return self
        mine = {month.period for month in self.months}
        months = [*(month for month in earlier.months if month.period not in mine), *self.months]
        files = [*(file for file in earlier.files if file.period not in mine), *self.files]
        return replace(
            self,
            months=tuple(sorted(months, key=lambda month: month.period)),
            files=tuple(sorted(files, key=lambda file: file.period)),
        )

    def _pieces(self) -> Iterator[str]:
        """The manifest as JSON with an indent of 1, list after list: a large county has millions of remarks."""
        hollow = tuple(replace(file, defects=(), remarks=()) for file in self.files)
        frame = json.dumps(asdict(replace(self, files=hollow)), ensure_ascii=False, indent=1)
        between = _HOLLOW.split(frame)
        lists = [each for file in self.files for each in (file.defects, file.remarks)]
        for text, planted in zip(between, lists, strict=False):
            yield text
            yield from _listed(planted)
        yield between[-1] + "\n"

    def write(self, path: Path) -> None:
        """Write as JSON; makes the folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(self._pieces())


_HOLLOW = re.compile(r'(?<="defects": )\[\]|(?<="remarks": )\[\]')
"""Where a file's lists belong; no text of a JSON string can look like it."""


def _listed(planted: Sequence[PlantedDefect]) -> Iterator[str]:
    """A file's list, as `json.dumps` would indent it."""
    if not planted:
        yield "[]"
        return
    text = cache(partial(json.dumps, ensure_ascii=False))
    lead = "[\n    {"
    for each in planted:
        yield (
            f'{lead}\n     "kind": {text(each.kind)},\n     "rule_id": {text(each.rule_id)},'
            f'\n     "sheet": {text(each.sheet)},\n     "row": {each.row},\n     "column": {text(each.column)}\n    }}'
        )
        lead = ",\n    {"
    yield "\n   ]"


def read_manifest(path: Path) -> Manifest:
    """The manifest that `Manifest.write` wrote. Raises TypeError or KeyError for another shape."""
    node = json.loads(path.read_text(encoding="utf-8"))
    files = [
        SampleFile(
            **{
                **file,
                **{name: tuple(PlantedDefect(**each) for each in file[name]) for name in ("defects", "remarks")},
                "of_the_file": tuple(file["of_the_file"]),
            }
        )
        for file in node["files"]
    ]
    months = tuple(
        MonthFacts(**{**month, "rural": {code: tuple(pair) for code, pair in month.get("rural", {}).items()}})
        for month in node["months"]
    )
    return Manifest(**{**node, "files": tuple(files), "months": months})
