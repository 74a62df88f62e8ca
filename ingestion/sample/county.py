"""Writes the sample county's files into a bucket, as the feeds' departments would."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hearth.period import Period
from hearth.settings import settings
from ingestion.contract import contracts
from ingestion.sample.bad_files import nil_return, strays, wholly_bad
from ingestion.sample.block_work import Counted, Run, Terms, Written
from ingestion.sample.blocks import OUTSIDER_SHARE, Block, cut
from ingestion.sample.corrections import first_version
from ingestion.sample.crew import Crew, crew
from ingestion.sample.desk import Desk
from ingestion.sample.habits import Habit, habits
from ingestion.sample.key_folder import KeyFolder, KeyMonth, keep_out
from ingestion.sample.layouts import Row
from ingestion.sample.manifest import TWICE, Manifest, MonthFacts, PlantedDefect, SampleFile
from ingestion.sample.months import check_wanted
from ingestion.sample.office_file import OfficeFile
from ingestion.sample.places import Place, places

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath
    from upath import UPath

    Target = ObjectStoragePath | UPath | Path

HEADROOM = 1.02
"""A file's rows are foretold from the first block's; blocks differ by less than this."""

_OWN_ROWS = 64
"""Rows of a sheet that are not data, at most: titles, headers, townships, total, footers."""


def _put(target: Target, key: str, content: bytes | Path, sha256: str) -> None:
    """The file, then its side file: whoever sees the second may read the first."""
    path = target / key
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with content.open("rb") as source, path.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        content.unlink()
    (target / f"{key}.sha256").write_bytes(f"{sha256}  {path.name}\n".encode())


def _largest_sheet(habit: Habit, rows: int, where: Sequence[Place]) -> int:
    """Rows of the file's largest sheet, foretold."""
    if habit.has_township_sheets:
        villages = Counter(place.township for place in where)
        rows = -(-rows * max(villages.values()) // len(where))
    return rows + _OWN_ROWS


@dataclass(slots=True)
class _Month:
    """One month's files on their way."""

    run: Run
    period: Period
    where: Sequence[Place]
    work: Path
    key: KeyMonth | None
    before: Counter[str] = field(default_factory=Counter)
    desks: dict[str, Desk] = field(default_factory=dict)
    files: dict[str, OfficeFile] = field(default_factory=dict)
    defects: dict[str, list[PlantedDefect]] = field(default_factory=lambda: defaultdict(list))
    remarks: dict[str, list[PlantedDefect]] = field(default_factory=lambda: defaultdict(list))
    faulty: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Sequence[Row]] = field(default_factory=dict)
    facts: list[MonthFacts] = field(default_factory=list)
    late: list[tuple[SampleFile, bytes | Path]] = field(default_factory=list)
    """Files that do not come with the others."""

    def begin(self, block: Block, counted: Counted) -> None:
        """The first block shows which formats will hold the rows."""
        share = len(block.serials) / self.run.households
        for number, (feed_id, contract) in enumerate(contracts().items()):
            if feed_id not in counted.rows:
                continue
            own = Desk(contract, habits().feeds[feed_id].at(self.period), self.period, self.where, self.run.seed)
            rows = counted.rows[feed_id] if share == 1 else int(counted.rows[feed_id] / share * HEADROOM)
            desk = own.fitting(_largest_sheet(own.habit, rows, self.where))
            self.desks[feed_id] = desk
            self.files[feed_id] = OfficeFile(desk, self.work / f"{self.period}-{number}")
            again = desk.habit.second(self.period)
            if again is not None and again.kind == "corrected":
                self.files[first_version(feed_id)] = OfficeFile(desk, self.work / f"{self.period}-{number}-first")

    def agree(self, crew: Crew, block: Block) -> None:
        """Come to know how many rows the block has, and tell it where they stand."""
        counted = crew.hear(block)
        if not isinstance(counted, Counted):
            raise TypeError(f"expected counts, not [{type(counted).__name__}]")
        if not self.desks:
            self.begin(block, counted)
        self.facts.append(counted.facts)
        crew.tell(
            block,
            Terms(
                {name: self.before[name] for name in self.desks},
                {name: desk.habit for name, desk in self.desks.items()},
            ),
        )
        self.before.update(counted.rows)
        planted = crew.hear(block)
        if isinstance(planted, Counted | Written):
            raise TypeError(f"expected the planted rows, not [{type(planted).__name__}]")
        crew.tell(block, {name: self.files[name].place(parts) for name, parts in planted.items()})

    def take(self, crew: Crew, block: Block) -> None:
        """Take the block's rows."""
        written = crew.hear(block)
        if not isinstance(written, Written):
            raise TypeError(f"expected rows, not [{type(written).__name__}]")
        for name, stretches in written.stretches.items():
            self.files[name].add(stretches)
            self.defects[name] += written.defects[name]
            self.remarks[name] += written.remarks[name]
        self.faulty.update(written.faulty)
        self.examples.update(written.examples)
        if self.key is not None and written.key is not None:
            self.key.add(written.key)

    def _complete(self, name: str) -> tuple[SampleFile, Path]:
        """A file of the month under its office's usual name."""
        file = self.files[name]
        desk = file.desk
        sha256, size = file.finish()
        entry = replace(
            SampleFile.of(desk.contract.department, desk.contract.feed, self.period, desk.fill(desk.habit.file)),
            sha256=sha256,
            byte_count=size,
            rows=file.rows,
            expected_accepted=file.rows - self.faulty[name],
            expected_rejected=self.faulty[name],
            defects=tuple(self.defects[name]),
            remarks=tuple(self.remarks[name]),
            of_the_file=desk.habit.of_the_file(self.period),
        )
        return entry, file.path

    def _good(self, feed_id: str) -> Iterator[tuple[SampleFile, bytes | Path]]:
        """The feed's file, and where it is sent a second time the other one, in the order of sending."""
        desk = self.desks[feed_id]
        entry, content = self._complete(feed_id)
        if not self.before[feed_id] and desk.contract.nil_allowed:
            content.unlink()
            yield nil_return(desk)
            return
        again = desk.habit.second(self.period)
        if again is None:
            yield entry, content
            return
        path = str(Path(entry.path).with_name(desk.fill(again.file)).with_suffix(Path(entry.path).suffix))
        if again.kind == TWICE:
            copy = content.with_suffix(".copy")
            shutil.copyfile(content, copy)
            yield entry, content
            yield replace(entry, path=path, of_the_file=(again.kind,)), copy
            return
        first, superseded = self._complete(first_version(feed_id))
        if first.sha256 == entry.sha256:  # nothing was at fault: nothing is corrected
            superseded.unlink()
            yield entry, content
            return
        yield replace(first, is_superseded=True), superseded
        yield replace(entry, path=path, of_the_file=(*entry.of_the_file, again.kind)), content

    def finish(self, target: Target) -> list[SampleFile]:
        """Complete the files and put them into the inbox; the wholly bad ones first. What comes late is kept back."""
        entries: list[SampleFile] = []
        for feed_id, desk in self.desks.items():
            is_first = self.period == min(self.run.periods)
            for bad in desk.habit.bad_files(self.period, is_first=is_first):
                made, data = wholly_bad(desk, self.examples[feed_id], bad, desk.fill(desk.habit.file))
                _put(target, made.path, data, made.sha256)
                entries.append(made)
            for entry, content in self._good(feed_id):
                if "late" in entry.of_the_file:
                    self.late.append((entry, content))
                else:
                    _put(target, entry.path, content, entry.sha256)
                entries.append(entry)
        for made, data in strays(self.period) if self.period == min(self.run.periods) else ():
            _put(target, made.path, data, made.sha256)
            entries.append(made)
        if self.key is not None:
            self.key.finish(entries)
        return entries

    def abandon(self) -> None:
        for file in self.files.values():
            file.abandon()
        if self.key is not None:
            self.key.abandon()


def _sum(facts: Sequence[MonthFacts]) -> MonthFacts:
    events: Counter[str] = Counter()
    rural: dict[str, tuple[int, int]] = {}
    for each in facts:
        events.update(each.events)
        rural |= each.rural
    return MonthFacts(
        period=facts[0].period,
        register_households=sum(each.register_households for each in facts),
        active_households=sum(each.active_households for each in facts),
        register_persons=sum(each.register_persons for each in facts),
        county_persons=sum(each.county_persons for each in facts),
        events=dict(sorted(events.items())),
        rural=rural,
        unsent=facts[0].unsent,
    )


def _write_month(month: _Month, workers: Crew, blocks: Sequence[Block], target: Target) -> list[SampleFile]:
    try:
        busy: deque[Block] = deque()
        for block in blocks:
            if len(busy) == workers.ahead:
                month.take(workers, busy.popleft())
            month.agree(workers, block)
            busy.append(block)
        while busy:
            month.take(workers, busy.popleft())
        return month.finish(target)
    except BaseException:
        month.abandon()
        raise


def check_request(
    periods: Sequence[Period],
    households: int,
    *,
    key: Path | None = None,
    processes: int | None = None,
    outside: Sequence[Path] = (),
    surrounding: float = OUTSIDER_SHARE,
) -> None:
    """Raises ValueError, with the value in brackets, for a request that makes no sense.

    That is: no month, a month twice or before the first; no household or more than there are numbers for, on the
    register or around it; no process; a county without villages; a key or one of the files `outside` that would lie in
    the bucket.
    """
    check_wanted(periods)
    cut(households, places(settings().county_code), surrounding)
    if processes is not None and processes < 1:
        raise ValueError(f"[{processes}] processes: ask for at least one")
    for what, path in [("answer key folder", key), *(("file", path) for path in outside)]:
        if path is not None:
            keep_out(what, path)


def write_county(
    periods: Sequence[Period],
    households: int,
    seed: int,
    target: Target,
    *,
    key: Path | None = None,
    processes: int | None = None,
    surrounding: float = OUTSIDER_SHARE,
) -> Manifest:
    """Write the files of each month under ``<target>/inbox/<department>/<period>/``, each followed by its .sha256.

    The same arguments give the same bytes, whatever the number of `processes` (None: one for each core); a month's
    good files do not depend on which other months are asked for. Most wholly bad files come in the first month,
    others in their own month of the year; a late file comes after those of the next month, or as the last of all.
    `surrounding`: households outside the register, per register household, 0 for none.
    `target` is the bucket's root; `key` is the folder of the answer key, none if None. Each month's files are put in
    place when they are complete. Raises ValueError for requests that make no sense and for contracts without a habit.
    """
    without = sorted(contracts().keys() - habits().feeds.keys())
    if without:
        raise ValueError(f"contracts without a habit in offices/*.yaml: {without}")
    check_request(periods, households, key=key, processes=processes, surrounding=surrounding)
    county_code = settings().county_code
    where = places(county_code)
    blocks = cut(households, where, surrounding)
    answers = KeyFolder(key, county_code, households, seed, surrounding) if key is not None else None
    run = Run(county_code, households, seed, tuple(sorted(periods)), key, surrounding)
    if answers is not None:
        answers.begin()
    files: list[SampleFile] = []
    facts: list[MonthFacts] = []
    late: list[tuple[SampleFile, bytes | Path]] = []
    workers = crew(run, len(blocks), processes if processes is not None else os.cpu_count() or 1)
    try:
        with tempfile.TemporaryDirectory(prefix="hearth-sample-") as work:
            for period in run.periods:
                month = _Month(run, period, where, Path(work), answers.month(period) if answers else None)
                files += _write_month(month, workers, blocks, target)
                facts.append(_sum(month.facts))
                for entry, content in late:
                    _put(target, entry.path, content, entry.sha256)
                late = month.late
            for entry, content in late:
                _put(target, entry.path, content, entry.sha256)
    finally:
        workers.close()
    if answers is not None:
        answers.finish()
    return Manifest(county_code, seed, households, tuple(facts), tuple(files), surrounding)
