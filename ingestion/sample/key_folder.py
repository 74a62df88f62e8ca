"""The answer key on disk: written month by month, a stretch for every block, so that no month is held in memory."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hearth.period import Period
from hearth.settings import settings
from ingestion.sample.answer_key import KeyTables
from ingestion.sample.blocks import OUTSIDER_SHARE
from ingestion.sample.feed_rows import ACCEPTED, TRUE, paths_in, rows_path
from ingestion.sample.indicators import compute
from ingestion.sample.key_tables import README, TABLES, path_of, schema_of
from ingestion.sample.manifest import TWICE, SampleFile
from ingestion.sample.story_table import story_table

_COUNTS = ("universe", "met", "unmet", "unknown")
_PLACE = ("period", "level_code", "region_code", "guarantee")
_BY_FILE = ("links", "remarks")
"""Tables whose rows name their file, which is complete only after them. A county has two remarks a household."""


def keep_out(what: str, path: Path) -> None:
    """Raises ValueError for a path below the bucket: whoever reads the bucket must not find the answers there."""
    bucket = settings().bucket
    if "://" in bucket and not bucket.startswith("file://"):
        return  # storage elsewhere: no local path lies in it
    root = Path(bucket.removeprefix("file://"))
    if path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{what} [{path}] lies below the bucket [{root}]; choose another place")


class KeyFolder:
    """One run's key. Months of an earlier run of the same county stay; of another county nothing is kept."""

    def __init__(
        self, folder: Path, county_code: str, households: int, seed: int, surrounding: float = OUTSIDER_SHARE
    ) -> None:
        self.folder = folder
        self._run = {"county_code": county_code, "households": households, "seed": seed, "surrounding": surrounding}
        self._note = folder / "key.json"

    def begin(self) -> None:
        """Make the folder; another county's key goes."""
        if not self._is_mine():
            for name in (*TABLES, TRUE, ACCEPTED):
                shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in TABLES:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def _is_mine(self) -> bool:
        if not self._note.exists():
            return False
        run = json.loads(self._note.read_text(encoding="utf-8"))
        return {name: run.get(name) for name in self._run} == self._run

    def month(self, period: Period) -> KeyMonth:
        """A month to be written."""
        return KeyMonth(self, str(period))

    def finish(self) -> None:
        """Write what follows from all months together, and which months there are."""
        months = sorted(path.stem for path in (self.folder / "households").glob("*.parquet"))
        true, accepted = (paths_in(self.folder, kind) for kind in (TRUE, ACCEPTED))
        guarantees = [path_of(self.folder, "guarantees", month) for month in months]
        periods = [Period.parse(month) for month in months]
        found = compute(true, accepted, guarantees, periods, str(self._run["county_code"]))
        for name in ("indicators", "states", "signals", "candidates"):
            pq.write_table(getattr(found, name), path_of(self.folder, name))
        stories = story_table([path_of(self.folder, "remarks", month) for month in months])
        pq.write_table(stories, path_of(self.folder, "stories"))
        self._note.write_text(json.dumps(self._run | {"periods": months}, indent=1) + "\n", encoding="utf-8")
        (self.folder / "README.md").write_text(README, encoding="utf-8")


def first_listed(folder: Path, block: int, periods: Sequence[Period]) -> dict[str, Period]:
    """Person -> first month on the register, from a block's rows of earlier runs, which wrote other months."""
    found: dict[str, Period] = {}
    mine = {str(period) for period in periods}
    for path in sorted((folder / "persons").glob("*.parquet")):
        if path.stem in mine:
            continue
        rows = pq.ParquetFile(path).read_row_group(block, columns=["person", "first_listed"])
        for person, month in zip(*(rows[name].to_pylist() for name in ("person", "first_listed")), strict=True):
            if month is not None:
                period = Period.parse(month)
                found[person] = min(period, found.get(person, period))
    return found


class KeyMonth:
    """One month of the key: `add` for every block in order, then `finish`; until then earlier files are untouched."""

    def __init__(self, key: KeyFolder, period: str) -> None:
        self._key, self._period = key, period
        self._work = Path(tempfile.mkdtemp(prefix=".new-", dir=key.folder))
        by_block = ("households", "persons", "guarantees", "rural", "events")
        self._writers = {name: pq.ParquetWriter(self._work / name, schema_of(name)) for name in by_block}
        self._sources: list[dict[str, Any]] = []
        small = pa.ipc.IpcWriteOptions(compression="lz4")  # a million households have 1.5 GB of links
        self._waiting = {
            name: pa.ipc.new_stream(str(self._work / f"{name}.arrow"), schema_of(name), options=small)
            for name in _BY_FILE
        }
        self._rows: dict[tuple[str, str], pq.ParquetWriter] = {}
        self._rates: Counter[tuple[str, ...]] = Counter()

    def add(self, block: KeyTables) -> None:
        """Take a block's tables: a row group each, on disk until the files are known; rates summed up."""
        for name, writer in self._writers.items():
            _add(writer, block.tables[name])
        for kind, tables in ((TRUE, block.true), (ACCEPTED, block.accepted)):
            for feed_id, table in tables.items():
                if (kind, feed_id) not in self._rows:
                    self._rows[kind, feed_id] = pq.ParquetWriter(self._work / f"{kind}-{feed_id}", table.schema)
                _add(self._rows[kind, feed_id], table)
        for name, stream in self._waiting.items():
            stream.write_table(block.tables[name])
        self._sources = self._sources or block.tables["sources"].to_pylist()
        for row in block.tables["rates"].to_pylist():
            for count in _COUNTS:
                self._rates[*(row[name] for name in _PLACE), count] += row[count]

    def _close(self) -> None:
        for writer in (*self._writers.values(), *self._rows.values(), *self._waiting.values()):
            writer.close()

    def _rate_rows(self) -> list[dict[str, Any]]:
        places = sorted({place[:-1] for place in self._rates})
        return [
            dict(zip(_PLACE, place, strict=True)) | {count: self._rates[*place, count] for count in _COUNTS}
            for place in places
        ]

    def _address(self, table_name: str, good: Mapping[str, SampleFile]) -> None:
        """Write what waited, with the path and the hash of its file."""
        schema, waiting = schema_of(table_name), self._work / f"{table_name}.arrow"
        names = pa.array(list(good))
        columns = {
            "path": pa.array([file.path for file in good.values()]),
            "sha256": pa.array([file.sha256 for file in good.values()]),
        }
        with (
            pa.OSFile(str(waiting)) as file,
            pa.ipc.open_stream(file) as stream,
            pq.ParquetWriter(self._work / table_name, schema) as writer,
        ):
            for batch in stream:
                table = pa.Table.from_batches([batch])
                at = pc.index_in(table["feed_id"], value_set=names)
                for name, values in columns.items():
                    table = table.set_column(schema.get_field_index(name), schema.field(name), values.take(at))
                writer.write_table(table)
        waiting.unlink()

    def finish(self, files: Sequence[SampleFile]) -> None:
        """Write what needs the finished files, then put the month in place."""
        self._close()
        good = _counted(files)
        for name in _BY_FILE:
            self._address(name, good)
        defects = [row for file in files if TWICE not in file.of_the_file for row in _defects(file, self._period)]
        for name, rows in (("defects", defects), ("rates", self._rate_rows()), ("sources", self._sources)):
            pq.write_table(pa.Table.from_pylist(rows, schema=schema_of(name)), self._work / name)
        for name in TABLES:
            (self._work / name).replace(path_of(self._key.folder, name, self._period))
        for kind, feed_id in self._rows:
            path = rows_path(self._key.folder, kind, feed_id, self._period)
            path.parent.mkdir(parents=True, exist_ok=True)
            (self._work / f"{kind}-{feed_id}").replace(path)
        self._work.rmdir()

    def abandon(self) -> None:
        """Leave nothing behind of a month that was not finished."""
        self._close()
        shutil.rmtree(self._work, ignore_errors=True)


def _add(writer: pq.ParquetWriter, table: pa.Table) -> None:
    writer.write_table(table, row_group_size=max(1, table.num_rows))


def _counted(files: Iterable[SampleFile]) -> dict[str, SampleFile]:
    """Feed -> the file whose rows count."""
    return {f"{file.department}.{file.feed}": file for file in files if file.feed and file.is_counted}


def _defects(file: SampleFile, period: str) -> list[dict[str, Any]]:
    feed_id = f"{file.department}.{file.feed}" if file.feed else None
    address = {"period": period, "feed_id": feed_id, "path": file.path, "sha256": file.sha256}
    if file.is_wholly_bad:
        return [address | {"rule_id": file.expected_rule_id, "kind": file.fault}]
    return [
        address
        | {"rule_id": fault.rule_id, "kind": fault.kind, "sheet": fault.sheet, "row": fault.row, "column": fault.column}
        for fault in file.defects
    ]
