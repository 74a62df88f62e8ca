"""The county around the register: as large as asked for, counted by village, and no part of who is on the register."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hearth.period import Period
from ingestion.sample.blocks import OUTSIDER_SHARE, cut
from ingestion.sample.county import write_county
from ingestion.sample.feed_rows import TRUE, rows_path
from ingestion.sample.key_tables import read_table
from ingestion.sample.manifest import Manifest, read_manifest
from ingestion.sample.networks import OTHERS_EACH
from ingestion.sample.places import places

SEPTEMBER = Period(2026, 9)
HOUSEHOLDS = 60
SHARES = (0.0, OUTSIDER_SHARE, 4.0)

Made = dict[float, tuple[Path, Manifest]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    found: Made = {}
    for share in SHARES:
        root = tmp_path_factory.mktemp("around")
        arguments = {"key": root / "key", "processes": 1, "surrounding": share}
        found[share] = (root, write_county([SEPTEMBER], HOUSEHOLDS, 7, root / "bucket", **arguments))  # type: ignore[arg-type]  # options of several types
    return found


def _on_register(root: Path) -> list[dict[str, object]]:
    return [row for row in read_table(root / "key", "persons") if row["household_no"] is not None]


def test_who_is_on_the_register_does_not_depend_on_who_lives_around_it(made: Made) -> None:
    facts = [manifest.months[0] for _, manifest in made.values()]
    assert len({(each.register_households, each.active_households, each.register_persons) for each in facts}) == 1
    for feed_id in ("register.household", "register.member"):
        true = [pq.read_table(rows_path(root / "key", TRUE, feed_id, str(SEPTEMBER))) for root, _ in made.values()]
        assert true[0].num_rows
        assert all(table.equals(true[0]) for table in true)
    assert len({len(_on_register(root)) for root, _ in made.values()}) == 1


def test_the_surroundings_are_as_large_as_asked_for(made: Made) -> None:
    none, usual, wide = (manifest.months[0] for _, manifest in made.values())
    assert none.county_persons == none.register_persons
    assert none.register_persons < usual.county_persons < 1.4 * usual.register_persons
    assert 3.5 * wide.register_persons < wide.county_persons < 7 * wide.register_persons
    for share, (root, manifest) in made.items():
        assert manifest.surrounding == share
        assert json.loads((root / "key" / "key.json").read_text(encoding="utf-8"))["surrounding"] == share


def test_the_rural_population_is_counted_for_every_village(made: Made) -> None:
    villages = {place.code for place in places("530524")}
    for root, manifest in made.values():
        (facts,) = manifest.months
        assert facts.rural.keys() == villages
        rows = read_table(root / "key", "rural")
        assert {row["period"] for row in rows} == {str(SEPTEMBER)}
        assert {row["village_code"]: (row["households"], row["persons"]) for row in rows} == facts.rural
        assert len(rows) == len(villages)


def test_the_rural_population_is_those_of_the_rolls_and_those_of_none(made: Made) -> None:
    """Whom no roll names, the water office counts by village: the same in all three counties."""
    others = set()
    for root, manifest in made.values():
        (facts,) = manifest.months
        members = sum(row["is_member"] for row in read_table(root / "key", "persons"))
        rest = sum(persons for _, persons in facts.rural.values()) - members
        assert rest % OTHERS_EACH == 0
        others.add(rest // OTHERS_EACH)
    assert len(others) == 1
    assert others.pop() >= 60 * len(places("530524"))


def test_other_surroundings_are_another_county(made: Made, tmp_path: Path) -> None:
    (_, usual), (_, wide) = made[OUTSIDER_SHARE], made[4.0]
    assert wide.beside(usual) == wide
    wide.write(tmp_path / "manifest.json")
    assert read_manifest(tmp_path / "manifest.json") == wide
    key = tmp_path / "key"
    write_county([SEPTEMBER], HOUSEHOLDS, 7, tmp_path / "bucket", key=key, processes=1, surrounding=1.0)
    write_county([SEPTEMBER.shift(1)], HOUSEHOLDS, 7, tmp_path / "bucket", key=key, processes=1)
    assert {row["period"] for row in read_table(key, "rural")} == {str(SEPTEMBER.shift(1))}


def test_several_blocks_and_processes_count_alike(tmp_path: Path) -> None:
    alone, two = (write_county([SEPTEMBER], 2_000, 7, tmp_path / str(n), processes=n, surrounding=0.5) for n in (1, 2))
    assert alone == two
    assert alone.months[0].rural.keys() == {place.code for place in places("530524")}


@pytest.mark.parametrize("share", [-0.1, 1e9, float("nan")])
def test_impossible_surroundings_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="households around each of"):
        cut(HOUSEHOLDS, places("530524"), share)
