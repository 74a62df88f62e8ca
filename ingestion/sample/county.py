"""Writes the sample county's files into a bucket, as the feeds' departments would."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from random import Random
from typing import TYPE_CHECKING

from hearth.period import Period
from hearth.settings import settings
from ingestion.contract import Column, Contract, contracts
from ingestion.sample.answer_key import AnswerKey
from ingestion.sample.blocks import OUTSIDER_SHARE, cut
from ingestion.sample.catalogue import kinds
from ingestion.sample.cell_faults import Scene
from ingestion.sample.cells import write_row
from ingestion.sample.defects import plant
from ingestion.sample.disguises import disguise
from ingestion.sample.files import encode, to_xlsx
from ingestion.sample.habits import Again, BadFile, Habit, habits
from ingestion.sample.layouts import Row, Sheet, fill, lay_out
from ingestion.sample.manifest import Manifest, MonthFacts, PlantedDefect, SampleFile
from ingestion.sample.months import block_months, check_wanted, together
from ingestion.sample.networks import rural_population
from ingestion.sample.places import Place, places
from ingestion.sample.services import everyone
from ingestion.sample.slips import let_slip
from ingestion.sample.spoiled import Draft, folder_month, spoil
from ingestion.sample.state import State
from ingestion.sample.stories import told
from ingestion.sample.subjects import SUBJECTS

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import ObjectStoragePath
    from upath import UPath

    Target = ObjectStoragePath | UPath | Path

EXAMPLE_ROWS = 24
"""Rows of a wholly bad file: enough to be taken for a real one."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One office at one month's end."""

    contract: Contract
    habit: Habit
    period: Period
    where: Sequence[Place]
    seed: int

    @property
    def county(self) -> str:
        return self.where[0].county

    def rng(self, purpose: str) -> Random:
        """A stream of its own."""
        return Random(f"{self.seed}/{self.contract.feed_id}/{self.period}/{purpose}")  # noqa: S311 - invented data

    def name(self, template: str) -> str:
        return fill(template, self.habit, self.contract, self.period, self.county)

    def sheets(self, columns: Sequence[Column], rows: Sequence[Row], stated: Period | None = None) -> list[Sheet]:
        """The office's layout; `stated` is the month its titles name."""
        words = (stated or self.period, self.county)
        return lay_out(self.habit, self.contract, columns, rows, words=words)

    def rows(self, state: State, before: int) -> list[Row]:
        """The block's rows of the month as the office writes them, each readable; `before`: rows of earlier blocks."""
        columns, subject = self.habit.columns(self.contract), self.habit.subject
        rng = self.rng(f"slips/{state.block.position}")
        records = let_slip(
            told(state, subject, SUBJECTS[subject](state)),
            self.habit,
            self.contract,
            self.period,
            rng=rng,
            before=before,
        )
        return [
            Row(
                disguise(write_row(self.habit, columns, record), record.disguise),
                record.place.township,
                record.is_plain,
                record=record,
            )
            for record in records
        ]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _put(target: Target, key: str, content: bytes) -> None:
    """The file, then its side file: whoever sees the second may read the first."""
    path = target / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    side = target / f"{key}.sha256"
    side.write_bytes(f"{_sha256(content)}  {path.name}\n".encode())


def _good_file(desk: Desk, blocks: Sequence[Sequence[Row]]) -> tuple[str, bytes, list[Row]]:
    rows: list[Row] = []
    before = 0
    for position, clean in enumerate(blocks):
        scene = Scene(desk.habit, desk.contract, desk.period, desk.where, desk.rng(f"defects/{position}"), before)
        before += len(clean)
        rows += plant([Row(dict(row.cells), row.township, row.is_plain, record=row.record) for row in clean], scene)
    sheets = desk.sheets(desk.habit.columns(desk.contract), rows)
    return desk.name(desk.habit.file), encode(sheets, desk.habit), rows


def _wholly_bad(desk: Desk, clean: Sequence[Row], bad: BadFile) -> tuple[SampleFile, bytes]:
    draft = Draft(desk.habit, desk.contract, desk.period, desk.county, clean[:EXAMPLE_ROWS], desk.rng("bad"))
    content = spoil(draft, bad)
    month = folder_month(desk.period, bad)
    entry = _entry(desk, fill(bad.file, desk.habit, desk.contract, month, desk.county), content, [], bad)
    path = entry.path.replace(f"/{desk.period}/", f"/{month}/", 1)
    return replace(entry, period=str(month), path=path), content


def _entry(desk: Desk, name: str, content: bytes, rows: Sequence[Row], bad: BadFile | None = None) -> SampleFile:
    contract = desk.contract
    faulty = [row for row in rows if row.faults]
    return SampleFile(
        department=contract.department,
        feed=contract.feed,
        period=str(desk.period),
        path=f"inbox/{contract.department}/{desk.period}/{name}",
        sha256=_sha256(content),
        byte_count=len(content),
        rows=len(rows),
        expected_accepted=len(rows) - len(faulty),
        expected_rejected=len(faulty),
        defects=tuple(
            PlantedDefect(fault.kind, fault.rule_id, row.sheet, row.number, fault.column)
            for row in faulty
            for fault in row.faults
        ),
        remarks=tuple(
            PlantedDefect(note.kind, kinds()[note.kind].rule, row.sheet, row.number, note.column)
            for row in rows
            if row.record is not None and not row.faults
            for note in row.record.notes
        ),
        is_wholly_bad=bad is not None,
        expected_rule_id=bad.rule if bad else None,
        fault=bad.fault if bad else None,
    )


def _sent_again(
    desk: Desk, again: Again, sent: tuple[SampleFile, bytes], clean: Sequence[Row]
) -> tuple[SampleFile, bytes, Sequence[Row]]:
    """The same bytes under another name, or the whole file once more with every faulty row mended."""
    entry, content = sent
    name = desk.name(again.file)
    if again.kind == "same_file_twice":
        path = f"{entry.path.rpartition('/')[0]}/{name}"
        return replace(entry, path=path, of_the_file=(again.kind,)), content, []
    rows = [Row(dict(row.cells), row.township, row.is_plain, record=row.record) for row in clean]
    content = encode(desk.sheets(desk.habit.columns(desk.contract), rows), desk.habit)
    return replace(_entry(desk, name, content, rows), of_the_file=(again.kind,)), content, rows


def _nil_return(desk: Desk) -> tuple[SampleFile, bytes, Sequence[Row]]:
    """The office's declaration that nothing happened: why, and who says so (F-09)."""
    words = [[desk.name("{county}{year}年{month}月{title}零报告")], ["原因", "本月没有发生"], ["签字人", "示某"]]
    content = to_xlsx([Sheet("Sheet1", [list(row) for row in words])])
    entry = _entry(desk, desk.name("{prefix}零报告（{month}月）.xlsx"), content, [])
    return replace(entry, is_nil=True), content, []


def _month(
    states: Sequence[State], where: Sequence[Place], *, is_first: bool
) -> Iterator[tuple[SampleFile, bytes, Sequence[Row]]]:
    for feed_id, contract in contracts().items():
        desk = Desk(contract, habits().feeds[feed_id].at(states[0].period), states[0].period, where, states[0].seed)
        blocks: list[list[Row]] = []
        for state in states:
            blocks.append(desk.rows(state, sum(map(len, blocks))))
        clean = [row for rows in blocks for row in rows]
        for bad in desk.habit.wholly_bad:
            if bad.is_due(desk.period, is_first=is_first):
                yield *_wholly_bad(desk, clean, bad), []
        if not clean and contract.nil_allowed:
            yield _nil_return(desk)
            continue
        name, content, rows = _good_file(desk, blocks)
        entry = replace(_entry(desk, name, content, rows), of_the_file=desk.habit.of_the_file(desk.period))
        yield entry, content, rows
        for again in desk.habit.again:
            if again.month == desk.period.month:
                yield _sent_again(desk, again, (entry, content), clean)


def _strays(period: Period, *, is_first: bool) -> Iterator[tuple[SampleFile, bytes, Sequence[Row]]]:
    for stray in habits().strays if is_first else ():
        content = to_xlsx([Sheet("Sheet1", [["名称", "登记月份"], ["示例小卖部", str(period)]])])
        key = f"inbox/{stray.department}/{period}/{stray.file}"
        entry = SampleFile(
            department=stray.department,
            feed=None,
            period=str(period),
            path=key,
            sha256=_sha256(content),
            byte_count=len(content),
            rows=0,
            expected_accepted=0,
            expected_rejected=0,
            defects=(),
            is_wholly_bad=True,
            expected_rule_id=kinds()[stray.fault].rule,
            fault=stray.fault,
        )
        yield entry, content, []


def _facts(state: State) -> MonthFacts:
    active = [home for home in state.registered if home.is_active(state.period)]
    return MonthFacts(
        period=str(state.period),
        register_households=len(state.registered),
        active_households=len(active),
        register_persons=sum(len(home.present(state.period)) for home in active),
        county_persons=sum(1 for _ in everyone(state)),
        events=dict(sorted(Counter(state.events).items())),
        rural=rural_population(state),
    )


def write_county(
    periods: Sequence[Period],
    households: int,
    seed: int,
    target: Target,
    key: AnswerKey | None = None,
    *,
    surrounding: float = OUTSIDER_SHARE,
) -> Manifest:
    """Write the files of each month under ``<target>/inbox/<department>/<period>/``, each followed by its .sha256.

    The same arguments give the same bytes; a month's good files do not depend on which other months are asked for.
    The wholly bad files come in the first month, others in their own month of the year; a late file comes after the
    files of the next month, or as the last of all. `target` is the bucket's root; `key` is told everything and is the
    caller's to write; `surrounding`: households outside the register per household on it. Raises ValueError for no
    periods, for periods before the sample's first month and for contracts without a habit.
    """
    without = sorted(contracts().keys() - habits().feeds.keys())
    if without:
        raise ValueError(f"contracts without a habit in offices/*.yaml: {without}")
    where = places(settings().county_code)
    check_wanted(periods)
    files: list[SampleFile] = []
    facts: list[MonthFacts] = []
    late: list[tuple[SampleFile, bytes]] = []
    blocks = cut(households, where, surrounding)
    for states in zip(*(block_months(block, seed, periods) for block in blocks), strict=True):
        state = together(states)
        is_first = state.period == min(periods)
        facts.append(_facts(state))
        if key is not None:
            key.see_month(state)
            for block in states:
                key.see_truth(block)
        held, late = late, []
        for entry, content, rows in chain(
            _month(states, where, is_first=is_first), _strays(state.period, is_first=is_first)
        ):
            if "late" in entry.of_the_file:
                late.append((entry, content))
            else:
                _put(target, entry.path, content)
            files.append(entry)
            if key is not None:
                key.see_file(state, entry, rows)
        for entry, content in held:
            _put(target, entry.path, content)
    for entry, content in late:
        _put(target, entry.path, content)
    return Manifest(settings().county_code, seed, households, tuple(facts), tuple(files), surrounding)
