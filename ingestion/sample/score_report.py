"""A score as tables for people, and the floors it is held to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from ingestion.sample.score import ABSENT
from ingestion.sample.score_model import (
    Score,
    contradiction_ratios,
    event_ratios,
    indicator_ratios,
    link_ratios,
    outlook_ratios,
    precision_recall,
    ratio,
    suggestion_ratios,
)
from ingestion.sample.score_remarks import ACCEPTED, WARNED


def read_floors(path: Path) -> dict[str, float]:
    """Figure -> floor. Raises ValueError when the file is no flat mapping of names to numbers, or an empty one."""
    node = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(node, Mapping) or not node or not all(type(value) in {int, float} for value in node.values()):
        raise ValueError(f"[{path}] must map names of figures to numbers, for example link_recall: 1.0")
    return {str(name): float(value) for name, value in node.items()}


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _rules(score: Score) -> Table:
    table = Table("rule", "planted", "found", "missed", "false alarms", "precision", "recall", title="Planted faults")
    for rule_id, rule in sorted(score.rules.items()):
        shares = precision_recall(rule)
        counts = (rule.planted, rule.found, rule.missed, rule.false_alarms)
        table.add_row(rule_id, *map(str, counts), _share(shares["precision"]), _share(shares["recall"]))
    return table


def _kinds(score: Score) -> Table:
    table = Table("kind", "planted", "found", "recall", title="Planted faults by kind")
    for name, kind in sorted(score.kinds.items()):
        table.add_row(name, str(kind.planted), str(kind.found), _share(ratio(kind.found, kind.planted)))
    return table


def _remarks(score: Score) -> Table:
    table = Table("kind", "effect", "planted", "spoken of", "recall", title="Rows that are taken")
    for name, one in sorted(score.remarks.items()):
        if one.effect in {WARNED, ACCEPTED}:
            recall = _share(ratio(one.said, one.planted)) if one.effect == WARNED else "-"
            table.add_row(name, one.effect, str(one.planted), str(one.said), recall)
    return table


def _not_judged(score: Score) -> str:
    waiting = [one for one in score.remarks.values() if one.effect not in {WARNED, ACCEPTED}]
    return (
        f"not judged by the warehouse yet: {len(waiting)} kinds ({sum(one.planted for one in waiting)} rows of the key)"
    )


def _paths(score: Score) -> Table:
    table = Table("path", "right", "wrong", "missed", "precision", "recall", title="Links by path, over all feeds")
    for path, one in sorted(score.paths().items()):
        shares = link_ratios(one)
        table.add_row(
            path, str(one.right), str(one.wrong), str(one.missed), _share(shares["precision"]), _share(shares["recall"])
        )
    return table


def _links(score: Score) -> Table:
    title = f"Links of the newest build ({score.link_period or 'no rows'}) only: their tables hold one build"
    table = Table("feed", "right", "wrong", "missed", "unreachable", "by path", "precision", "recall", title=title)
    for feed_id, link in sorted(score.links.items()):
        shares = link_ratios(link)
        paths = ", ".join(f"{path} {one.right}/{one.right + one.wrong}" for path, one in sorted(link.by_path.items()))
        counts = (link.right, link.wrong, link.missed, link.unreachable)
        table.add_row(feed_id, *map(str, counts), paths, _share(shares["precision"]), _share(shares["recall"]))
    return table


def _suggestions(score: Score) -> Table:
    columns = ("due", "first", "among", "said", "right", "of nobody", "precision", "recall", "recall among")
    table = Table("path", *columns, title="Households suggested for rows that reached none, over all months")
    for path, one in sorted(score.suggestions.items()):
        counts = map(str, (one.due, one.first, one.among, one.said, one.right, one.astray))
        table.add_row(path, *counts, *map(_share, suggestion_ratios(one).values()))
    return table


def _states(score: Score) -> Table:
    title = f"States by household and month ({', '.join(score.periods) or 'no month'}): key > warehouse"
    columns = ("met", "unmet", "unknown")
    table = Table("guarantee", *columns, "differing", "wrong met", "wrong unmet", title=title)
    for name, one in score.states.items():
        agreed = [str(one.confusion.get(state, {}).get(state, 0)) for state in columns]
        differing = ", ".join(
            f"{truth} > {said}: {count}"
            for truth in (*columns, ABSENT)
            for said, count in one.confusion.get(truth, {}).items()
            if said != truth
        )
        table.add_row(name, *agreed, differing or "none", str(one.wrong_met), str(one.wrong_unmet))
    return table


def _rates(score: Score) -> Table:
    table = Table("guarantee", "cells equal", "cells unequal", title="Rates by region and month")
    for name, rate in sorted(score.rates.items()):
        table.add_row(name, str(rate.equal), str(rate.unequal))
    return table


def _indicators(score: Score) -> Table:
    columns = ("in key", "said", "equal", "precision", "recall", "truth within bounds")
    table = Table("indicator", "name", *columns, title="Indicators by region and month")
    for code, one in sorted(score.indicators.items()):
        if one.said:
            shares = indicator_ratios(one)
            counts = map(str, (one.in_key, one.said, one.equal))
            table.add_row(code, one.name, *counts, *(_share(share) for share in shares.values()))
    return table


def _events(score: Score) -> Table:
    columns = ("happened", "due", "found", "said", "right", "late", "told", "wrong", "precision", "recall")
    table = Table("event", *columns, title="Dated events of households and persons")
    for code, one in sorted(score.events.items()):
        if one.said:
            shares = event_ratios(one)
            counts = (one.happened, one.due, one.found, one.said, one.right, one.late, one.told, one.wrong)
            table.add_row(code, *map(str, counts), *(_share(share) for share in shares.values()))
    return table


def _contradictions(score: Score) -> Table:
    columns = ("planted", "found", "ended", "closed right", "look-alikes", "accused", "of no story", "recall", "closed")
    table = Table("rule", *columns, title="Contradictions between departments")
    for rule_id, one in sorted(score.contradictions.items()) if score.has_ledger else ():
        shares = contradiction_ratios(one)
        counts = (one.planted, one.found, one.ended, one.closed_right, one.look_alikes, one.accused, one.others)
        table.add_row(rule_id, *map(str, counts), *(_share(share) for share in shares.values()))
    return table


def _outlook(score: Score) -> Table:
    columns = ("expected", "said", "right", "precision", "recall")
    table = Table("signal, list or pattern", *columns, title="Signals, candidates, villages asked about")
    for name, one in sorted(score.outlook.items()):
        if one.said:
            shares = map(_share, outlook_ratios(one).values())
            table.add_row(name, str(one.expected), str(one.said), str(one.right), *shares)
    return table


def _waiting(score: Score) -> list[str]:
    """What the key has and the warehouse does not say yet."""
    waiting = {code: one.happened for code, one in sorted(score.events.items()) if not one.said}
    found = []
    if waiting:
        found.append(
            f"not computed by the warehouse yet: {len(waiting)} kinds of events"
            f" ({sum(waiting.values())} of the key): {', '.join(waiting)}"
        )
    unseen = {name: one.expected for name, one in sorted(score.outlook.items()) if not one.said}
    if unseen:
        found.append(
            f"not computed by the warehouse yet: {len(unseen)} signals, lists and patterns"
            f" ({sum(unseen.values())} entries of the key): {', '.join(unseen)}"
        )
    if not score.has_ledger and score.contradictions:
        planted = sum(one.planted for one in score.contradictions.values())
        found.append(
            f"not computed by the warehouse yet: the ledger of contradictions ({planted} stories of"
            f" {len(score.contradictions)} rules)"
        )
    return found


def _not_computed(score: Score) -> str:
    codes = [code for code, one in sorted(score.indicators.items()) if not one.said]
    cells = sum(score.indicators[code].in_key for code in codes)
    return f"not computed by the warehouse yet: {len(codes)} indicators ({cells} cells of the key): {', '.join(codes)}"


def show(score: Score, console: Console) -> None:
    """Print the tables, the headline and up to ten differences of each kind."""
    for make in (
        _rules,
        _kinds,
        _remarks,
        _paths,
        _links,
        _suggestions,
        _states,
        _rates,
        _indicators,
        _events,
        _contradictions,
        _outlook,
    ):
        console.print(make(score))
    console.print(_not_judged(score), markup=False)
    for line in (_not_computed(score), *_waiting(score)):
        console.print(line, markup=False)
    if score.unpublished:
        console.print(f"months of the key that are not published: {', '.join(score.unpublished)}", markup=False)
    for kind, texts in score.differences.items():
        for text in texts[:10]:
            console.print(f"{kind}: {text}", markup=False)
    figures = Table("figure", "value", title="Headline")
    for name, value in score.headline().items():
        figures.add_row(name, _share(value) if isinstance(value, float) or value is None else str(value))
    console.print(figures)
