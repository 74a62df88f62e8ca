"""Small cells: whoever subtracts totals, with or without knowing one region, cannot work one out."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import lil_array

from hearth.database import Role, connect
from hearth.dbt import PROJECT_DIR
from hearth.settings import Settings
from tests.integration.dbt.rendering import render

MODEL = PROJECT_DIR / "models" / "marts" / "guarantees" / "fct_guarantee_region_safe.sql"
STATES = ("met", "unmet", "unknown")
GUARANTEES = ("food", "water")
SMALL = range(1, 6)
COUNTY = "C"
TREES = 40


@dataclass
class Tree:
    """One invented county month: the counts of each region, and who lies in whom."""

    parents: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    """(region, guarantee) -> met, unmet, unknown"""

    def add(self, region: str, guarantee: str, counts: tuple[int, ...]) -> None:
        """Count into the region and everything above it."""
        place: str | None = region
        while place is not None:
            before = self.cells.get((place, guarantee), (0, 0, 0))
            self.cells[place, guarantee] = tuple(a + b for a, b in zip(before, counts, strict=True))
            place = self.parents.get(place)

    def size(self, region: str) -> int:
        return sum(self.cells[region, GUARANTEES[0]])

    def level(self, region: str) -> str:
        return {"C": "county", "T": "township"}.get(region[0], "village")


def make_tree(dice: random.Random) -> Tree:
    tree = Tree()
    for township in range(dice.choice((1, 2, 3, 5, 7))):
        tree.parents[f"T{township}"] = COUNTY
        for village in range(dice.choice((1, 2, 3, 4, 8))):
            name = f"V{township}.{village}"
            tree.parents[name] = f"T{township}"
            size = dice.choice((2, 5, 20, 60, 100))
            for guarantee in GUARANTEES:
                unmet = min(dice.choice((0, 0, 0, 1, 3, 6, 9)), size)
                unknown = min(dice.choice((0, 0, 0, 2, 5, 12)), size - unmet)
                tree.add(name, guarantee, (size - unmet - unknown, unmet, unknown))
    if dice.random() < 0.3:  # households that no village claims
        counts = (dice.choice((2, 5)), dice.choice((0, 3)), 0)
        for guarantee in GUARANTEES:
            tree.add(COUNTY, guarantee, counts)
    return tree


def safe_figures(trees: list[Tree]) -> dict[int, dict[tuple[str, str], tuple[int | None, ...]]]:
    """What the model shows of each tree: (region, guarantee) -> size, met, unmet, unknown; None is hidden."""
    query = render(MODEL.read_text(encoding="utf-8"), ref=lambda _: "figures")
    rows = [
        (
            "530524",
            f"{number:04d}",
            region,
            tree.level(region),
            {"village": tree.parents.get(region), "township": region}.get(tree.level(region)),
            guarantee,
            sum(counts),
            *counts,
        )
        for number, tree in enumerate(trees)
        for (region, guarantee), counts in tree.cells.items()
    ]
    shown: dict[int, dict[tuple[str, str], tuple[int | None, ...]]] = defaultdict(dict)
    with connect(Role.BUILDER) as connection:
        connection.execute(
            "create temporary table figures (county_code text, period text, region_code text, level_code text,"
            " township_code text, guarantee text, universe int, met int, unmet int, unknown int,"
            " rate_min numeric, rate_max numeric, is_carried boolean) on commit drop"
        )
        with connection.cursor().copy(
            "copy figures (county_code, period, region_code, level_code, township_code, guarantee, universe, met,"
            " unmet, unknown) from stdin"
        ) as copy:
            for row in rows:
                copy.write_row(row)
        for period, region, guarantee, *counts in connection.execute(
            f"select period, region_code, guarantee, universe, met, unmet, unknown from ({query}) as safe".encode()
        ):
            shown[int(period)][region, guarantee] = tuple(counts)
    return shown


class Attacker:
    """Knows every shown figure, that children add up to their parent, and perhaps the true counts of one region."""

    def __init__(self, tree: Tree, shown: dict[tuple[str, str], tuple[int | None, ...]], inside: str = "") -> None:
        self.tree = tree
        self.names: dict[tuple[str, ...], int] = {}
        self.rows: list[dict[int, float]] = []
        self.totals: list[float] = []
        regions = [COUNTY, *tree.parents]
        for region in regions:
            for guarantee in GUARANTEES:
                self._unit(region, guarantee, shown[region, guarantee], is_known=self._is_inside(region, inside))
        for parent in regions:
            children = [region for region, above in tree.parents.items() if above == parent]
            for guarantee in GUARANTEES:
                for state in STATES if children else ():
                    row = {self._at(parent, guarantee, state): 1.0}
                    row |= {self._at(child, guarantee, state): -1.0 for child in children}
                    if parent == COUNTY:
                        row[self._at("unplaced", guarantee, state)] = -1.0
                    self._equation(row, 0)

    def _is_inside(self, region: str, inside: str) -> bool:
        return bool(inside) and inside in (region, self.tree.parents.get(region))

    def _at(self, *name: str) -> int:
        return self.names.setdefault(name, len(self.names))

    def _equation(self, row: dict[int, float], total: float) -> None:
        self.rows.append(row)
        self.totals.append(total)

    def _unit(self, region: str, guarantee: str, counts: tuple[int | None, ...], *, is_known: bool) -> None:
        size, *cells = counts
        if is_known:
            size, cells = self.tree.size(region), list(self.tree.cells[region, guarantee])
        parts = {self._at(region, guarantee, state): 1.0 for state in STATES}
        # A region's size is the same whatever is asked of it.
        self._equation({**parts, self._at(region, "size"): -1.0}, 0)
        if size is not None:
            self._equation({self._at(region, "size"): 1.0}, size)
        for state, cell in zip(STATES, cells, strict=True):
            if cell is not None:
                self._equation({self._at(region, guarantee, state): 1.0}, cell)

    def unsure(self, cells: list[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
        """Those of ``cells`` that some other county would show just as this one, with at least one household more or
        less in them. The true county is a solution, and solutions are convex: one other solution is proof enough.
        """
        columns = [(self._at(*cell), cell, self._true(cell)) for cell in cells]
        matrix = lil_array((len(self.rows), len(self.names)))
        for number, row in enumerate(self.rows):
            for column, factor in row.items():
                matrix[number, column] = factor
        equations = matrix.tocsr()
        found: set[tuple[str, str, str]] = set()
        dice = np.random.default_rng(7)

        def look(aim: Any) -> None:
            answer: Any = linprog(aim, A_eq=equations, b_eq=self.totals, bounds=(0, 10_000), method="highs-ds")
            assert answer.status == 0, answer.message
            found.update(cell for column, cell, true in columns if abs(answer.x[column] - true) >= 1 - 1e-6)

        for _ in range(6):  # random directions settle nearly all cells at once
            aim = np.zeros(len(self.names))
            for column, _, _ in columns:
                aim[column] = dice.normal()
            look(aim)
        for column, cell, _ in columns:
            for sign in (1.0, -1.0):
                if cell not in found:
                    aim = np.zeros(len(self.names))
                    aim[column] = sign
                    look(aim)
        return found

    def _true(self, cell: tuple[str, str, str]) -> int:
        region, guarantee, state = cell
        counts = self.tree.cells[region, guarantee]
        return counts[STATES.index(state)]


def small_cells(tree: Tree) -> Iterator[tuple[str, str, str]]:
    for (region, guarantee), counts in tree.cells.items():
        for state, count in zip(STATES, counts, strict=True):
            if count in SMALL:
                yield region, guarantee, state


@pytest.fixture(scope="module")
def world(warehouse: Settings) -> list[tuple[Tree, dict[tuple[str, str], tuple[int | None, ...]]]]:
    dice = random.Random(20261122)  # noqa: S311 - invented counties, the same at every run
    trees = [make_tree(dice) for _ in range(TREES)]
    shown = safe_figures(trees)
    return [(tree, shown[number]) for number, tree in enumerate(trees)]


def test_no_small_count_and_no_small_region_is_shown(world: Any) -> None:
    for tree, shown in world:
        for (region, guarantee), (size, *counts) in shown.items():
            assert not {size, *counts} & set(SMALL), (region, guarantee)
            true = tree.cells[region, guarantee]
            assert counts in ([None] * 3, list(true))
            assert size in (None, tree.size(region))


def test_who_subtracts_totals_learns_no_small_count(world: Any) -> None:
    judged = 0
    for tree, shown in world:
        cells = list(small_cells(tree))
        assert set(cells) - Attacker(tree, shown).unsure(cells) == set()
        judged += len(cells)
    assert judged > 300


def test_who_knows_one_region_learns_no_small_count_of_another(world: Any) -> None:
    judged = 0
    for tree, shown in world[: TREES // 3]:
        for inside in ("T0", "V0.0"):
            cells = [
                cell
                for cell in small_cells(tree)
                if inside not in (cell[0], tree.parents.get(cell[0]))  # what is known anyway
                and cell[0] not in (tree.parents[inside], COUNTY)  # what the known region is a part of
            ]
            assert set(cells) - Attacker(tree, shown, inside).unsure(cells) == set()
            judged += len(cells)
    assert judged > 100


def test_most_figures_stay_useful(world: Any) -> None:
    """Hiding everything would pass as well."""
    shares = [
        sum(counts[1] is not None for counts in shown.values()) / len(shown)
        for tree, shown in world
        if len(tree.parents) > 15
    ]
    assert sum(shares) / len(shares) > 0.2
