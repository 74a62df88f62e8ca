"""Three pictures of a sample county, drawn from its answer key: who lives there, what goes wrong, how it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingestion.sample.indicators import GUARANTEE_OF
from ingestion.sample.portrait import Portrait, open_key, portrait

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "DejaVu Sans")
"""Whatever of them is installed; the first four have Chinese letters."""

_INK, _PALE, _WARM, _COOL, _GREEN = "#333333", "#c9ced6", "#c8553d", "#2f6690", "#588157"
_STAGE_COLOURS: Mapping[str, str] = {"file": _INK, "schema": _COOL, "row": _WARM, "household": _GREEN}
_BANDS = 19
"""Five years each; the last holds everyone from 90 on."""
_MOST_KINDS = 40


def _style() -> dict[Any, Any]:
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    fonts = [name for name in _FONTS if name in known]
    return {"font.family": fonts, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def _canvas(size: tuple[float, float], columns: int = 1) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure, [figure.add_subplot(1, columns, at + 1) for at in range(columns)]


def _plain_numbers(axes: Axes, *, is_upright: bool = False) -> None:
    from matplotlib.ticker import FuncFormatter

    axis = axes.yaxis if is_upright else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda number, _: f"{abs(number):,.0f}"))


def people(key: duckdb.DuckDBPyConnection, found: Portrait) -> Figure:
    """Age pyramid of the last month: residents as outline, members of register households filled."""
    month = found.months[-1]["period"]
    rows = key.execute(
        "select least(age // 5, ?) as band, sex_code, household_no is not null as is_listed, count(*)"
        " from persons where is_member and period = ? group by all",
        [_BANDS - 1, month],
    ).fetchall()
    figure, (axes,) = _canvas((7.2, 5.4))
    bands = range(_BANDS)
    for sex, side, colour, name in (("1", -1, _COOL, "men"), ("2", 1, _WARM, "women")):
        listed = [sum(n for b, s, known, n in rows if (b, s) == (band, sex) and known) for band in bands]
        everyone = [sum(n for b, s, _, n in rows if (b, s) == (band, sex)) for band in bands]
        axes.barh(bands, [side * n for n in everyone], height=0.9, color=_PALE, label=f"other residents, {name}")
        axes.barh(bands, [side * n for n in listed], height=0.9, color=colour, label=f"register, {name}")
    axes.set_yticks(list(bands), [f"{5 * band}-{5 * band + 4}" for band in bands[:-1]] + ["90 +"])
    axes.axvline(0, color=_INK, linewidth=0.8)
    most = max(abs(limit) for limit in axes.get_xlim())
    axes.set_xlim(-most, most)
    _plain_numbers(axes)
    axes.set(ylabel="age", xlabel="men                    persons                    women")
    axes.set_title(f"Who lives in the sample county, {month}", loc="left", weight="bold")
    handles, labels = axes.get_legend_handles_labels()
    picked = [labels.index(name) for name in ("register, men", "register, women", "other residents, men")]
    axes.legend(
        [handles[at] for at in picked], ["register, men", "register, women", "not on the register"], frameon=False
    )
    return figure


def faults(key: duckdb.DuckDBPyConnection, found: Portrait) -> Figure:  # noqa: ARG001 - one shape for all pictures
    """Planted faults of all months by kind, coloured by the stage at which a rule sees them."""
    shown = list(found.kinds[:_MOST_KINDS])
    figure, (axes,) = _canvas((7.2, 1.4 + 0.21 * len(shown)))
    names = [kind["kind"].replace("_", " ") for kind in shown]
    colours = [_STAGE_COLOURS[kind["stage"]] for kind in shown]
    bars = axes.barh(range(len(shown)), [kind["number"] for kind in shown], color=colours, height=0.75)
    axes.bar_label(bars, [f"{kind['number']:,}" for kind in shown], padding=3, fontsize=8, color=_INK)
    axes.set_yticks(range(len(shown)), names)
    axes.invert_yaxis()
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlim(0, max(kind["number"] for kind in shown) * 2)
    _plain_numbers(axes)
    rest = len(found.kinds) - len(shown)
    axes.set_xlabel("faults (logarithmic)" + (f"; {rest} rarer kinds are left out" if rest else ""))
    span = f"{found.months[0]['period']} to {found.months[-1]['period']}"
    axes.set_title(f"What goes wrong in the files, {span}", loc="left", weight="bold")
    stages = [stage for stage in _STAGE_COLOURS if any(kind["stage"] == stage for kind in shown)]
    blocks = [axes.barh([0], [0], color=_STAGE_COLOURS[stage]) for stage in stages]
    axes.legend(blocks, stages, title="seen by a rule of stage", frameon=False, loc="lower right")
    return figure


def months(key: duckdb.DuckDBPyConnection, found: Portrait) -> Figure:
    """Left: people who come and go. Right: unmet and unknown guarantees of the last month, true and as the rows say."""
    figure, (left, right) = _canvas((10.5, 4.4), columns=2)
    moves = key.execute(
        "with seen as (select period, person, first_value(period) over (partition by person order by period) as began,"
        " is_member, lag(is_member) over (partition by person order by period) as was"
        " from persons where household_no is not null)"
        " select period, count(*) filter (is_member and not coalesce(was, false)) as came,"
        " count(*) filter (not is_member and was) as went from seen group by period order by period"
    ).fetchall()[1:]
    names = [period for period, _, _ in moves]
    left.bar(names, [came for _, came, _ in moves], color=_COOL, label="joined the register", width=0.6)
    left.bar(names, [-went for _, _, went in moves], color=_WARM, label="left it", width=0.6)
    left.tick_params(axis="x", labelrotation=45)
    left.axhline(0, color=_INK, linewidth=0.8)
    _plain_numbers(left, is_upright=True)
    left.set_ylabel("persons in the month")
    left.set_title("Who comes and goes", loc="left", weight="bold")
    left.margins(y=0.25)
    left.legend(frameon=False, ncols=2, loc="upper right")
    month = found.months[-1]["period"]
    guarantees = list(GUARANTEE_OF.values())
    blocks: dict[str, Any] = {}
    for at, name in enumerate(guarantees):
        for table, column, offset, strong in (("states", name, -0.2, 1.0), ("guarantees", f"{name}_state", 0.2, 0.5)):
            unmet, unknown, whole = key.execute(
                f"select count(*) filter ({column} = 'unmet'), count(*) filter ({column} = 'unknown'), count(*)"
                f" from {table} where period = ?",
                [month],
            ).fetchall()[0]
            how = "truly" if table == "states" else "by the rows"
            bad, open_ = 100 * unmet / whole, 100 * unknown / whole
            blocks[f"unmet, {how}"] = right.barh(at + offset, bad, 0.36, color=_WARM, alpha=strong)
            blocks[f"unknown, {how}"] = right.barh(at + offset, open_, 0.36, left=bad, color=_COOL, alpha=strong)
    right.set_yticks(range(len(guarantees)), guarantees)
    right.invert_yaxis()
    right.set_xlabel("share of active households, percent")
    right.set_title(f"Guarantees not met or not known, {month}", loc="left", weight="bold")
    right.legend(list(blocks.values()), list(blocks), frameon=False, loc="upper right")
    return figure


PICTURES: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Portrait], Figure]] = {
    "sample-people": people,
    "sample-faults": faults,
    "sample-months": months,
}
"""File name without its end -> what draws it."""


def draw(folder: Path, target: Path) -> list[Path]:
    """Write the pictures of a key as PNG. Raises FileNotFoundError when there is no key in the folder."""
    from matplotlib import rc_context

    key, found = open_key(folder), portrait(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, make in PICTURES.items():
        path = target / f"{name}.png"
        with rc_context(_style()):
            make(key, found).savefig(path, dpi=130, metadata={"Software": None})
        written.append(path)
    return written
