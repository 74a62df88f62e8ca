"""What a score of the sample county holds: counts by rule, kind of fault, link path, state, rate and indicator."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

NAMED = 50
"""So many differences of each kind are written down one by one."""


@dataclass(slots=True)
class RuleScore:
    """One rule over all rows and files."""

    planted: int = 0
    found: int = 0
    missed: int = 0
    false_alarms: int = 0
    """Error findings on rows in which nothing was planted."""


@dataclass(slots=True)
class KindScore:
    """One kind of fault; findings do not say of which kind they are, so it has a recall and no precision."""

    planted: int = 0
    found: int = 0


@dataclass(slots=True)
class RemarkScore:
    """One kind of what is said in rows that are taken and is not so, or only looks so."""

    effect: str
    """warned: a rule of intake asks; accepted: a look-alike, nobody may mind it; anything else: not judged yet."""
    planted: int = 0
    said: int = 0
    """The rule spoke up: right where a warning is due, wrong of a look-alike."""


@dataclass(slots=True)
class PathScore:
    """One way from rows to households, within one feed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    """The accepted rows lead this way to the true household, and the row was not linked."""


@dataclass(slots=True)
class LinkScore:
    """One feed's rows of the newest build."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    """The accepted rows lead to the true household, and the row was not linked."""
    unreachable: int = 0
    """Nothing that was accepted leads to a household, and the row was not linked."""
    by_path: dict[str, PathScore] = field(default_factory=dict)


@dataclass(slots=True)
class SuggestionScore:
    """One way by which a row that reached no household may still be told."""

    due: int = 0
    """Rows that can be told this way, by what the accepted register says."""
    first: int = 0
    """Of those due: the best candidate is the true household."""
    among: int = 0
    """Of those due: the true household is among the candidates."""
    said: int = 0
    """Rows whose best candidate was found this way."""
    right: int = 0
    """Of those said: it is the true household."""
    astray: int = 0
    """Of those said: the row is of nobody on the register."""


@dataclass(slots=True)
class StateScore:
    """One guarantee over household-months."""

    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    """State in the key -> state in the warehouse -> household-months."""
    wrong_met: int = 0
    wrong_unmet: int = 0


@dataclass(slots=True)
class RateScore:
    """One guarantee over regions and months."""

    equal: int = 0
    unequal: int = 0


@dataclass(slots=True)
class IndicatorScore:
    """One indicator over months, regions and parts: what the warehouse says against what follows from the rows."""

    name: str
    in_key: int = 0
    """Cells with an expected value."""
    said: int = 0
    """Cells that the warehouse has; none at all: it does not compute the indicator yet."""
    equal: int = 0
    """Cells with the same numerator, denominator and unknown."""
    truth_inside: int = 0
    """Of the cells said and in the key: those whose true value lies between the warehouse's least and most."""
    truth_compared: int = 0


@dataclass(slots=True)
class EventScore:
    """One kind of dated event over the published months."""

    happened: int = 0
    said: int = 0
    """Events that the warehouse has; none at all: it does not compute the kind yet."""
    due: int = 0
    """Of those that happened: shown by accepted rows of their month. Counted only of kinds that are computed."""
    found: int = 0
    """Of those due."""
    right: int = 0
    """Of those said: they happened in that month, whether due or not."""
    late: int = 0
    """They happened, in an earlier month."""
    told: int = 0
    """They did not happen, and the register said something untrue of the household."""
    wrong: int = 0


@dataclass(slots=True)
class ContradictionScore:
    """One rule between departments: the stories planted against the warehouse's ledger."""

    planted: int = 0
    found: int = 0
    ended: int = 0
    """Of those found: put right in a published month in which all rows concerned are accepted."""
    closed_right: int = 0
    look_alikes: int = 0
    accused: int = 0
    others: int = 0
    """Entries of which no story is told: natural contradictions, of which the key has no list, or false alarms."""


@dataclass(slots=True)
class OutlookScore:
    """One signal or list over households and months, or one pattern over the villages in which it was planted."""

    expected: int = 0
    said: int = 0
    """None at all: the warehouse does not compute it yet. Of a pattern: villages planted, once it is asked about."""
    right: int = 0


_One = TypeVar(
    "_One",
    RuleScore,
    KindScore,
    PathScore,
    LinkScore,
    SuggestionScore,
    IndicatorScore,
    EventScore,
    ContradictionScore,
    OutlookScore,
)


@dataclass(slots=True)
class Score:
    """All of it; `differences` names up to `NAMED` of each kind, without personal data."""

    files_expected: int = 0
    files_missing: int = 0
    rules: dict[str, RuleScore] = field(default_factory=dict)
    kinds: dict[str, KindScore] = field(default_factory=dict)
    remarks: dict[str, RemarkScore] = field(default_factory=dict)
    link_period: str | None = None
    links: dict[str, LinkScore] = field(default_factory=dict)
    suggestions: dict[str, SuggestionScore] = field(default_factory=dict)
    periods: list[str] = field(default_factory=list)
    unpublished: list[str] = field(default_factory=list)
    states: dict[str, StateScore] = field(default_factory=dict)
    rates: dict[str, RateScore] = field(default_factory=dict)
    indicators: dict[str, IndicatorScore] = field(default_factory=dict)
    events: dict[str, EventScore] = field(default_factory=dict)
    contradictions: dict[str, ContradictionScore] = field(default_factory=dict)
    outlook: dict[str, OutlookScore] = field(default_factory=dict)
    has_ledger: bool = False
    """The warehouse keeps a ledger of contradictions."""
    differences: dict[str, list[str]] = field(default_factory=dict)

    def note(self, kind: str, text: str) -> None:
        """Keep the text of a difference, as one of the first of its kind."""
        texts = self.differences.setdefault(kind, [])
        if len(texts) < NAMED:
            texts.append(text)

    def headline(self) -> dict[str, float | int | None]:
        """The figures that floors are set for; None where there was nothing to compare."""
        rules, links = self.rules.values(), self.links.values()
        found, right = sum(rule.found for rule in rules), sum(link.right for link in links)
        cells = [cell for one in self.states.values() for cell in _cells(one.confusion)]
        agreed = sum(count for key, state, count in cells if key == state)
        equal = sum(rate.equal for rate in self.rates.values())
        same = sum(one.equal for one in self.indicators.values())
        due, alike = self._remarked("warned"), self._remarked("accepted")
        foreseen = [one for one in self.outlook.values() if one.said]
        events, rows = [one for one in self.events.values() if one.said], self.contradictions.values()
        return {
            "files_missing": self.files_missing,
            "months_unpublished": len(self.unpublished),
            "rule_recall": ratio(found, found + sum(rule.missed for rule in rules)),
            "rule_precision": ratio(found, found + sum(rule.false_alarms for rule in rules)),
            "warning_recall": ratio(due.said, due.planted),
            "look_alikes_accused": alike.said if alike.planted else None,
            "link_recall": ratio(right, right + sum(link.missed for link in links)),
            "link_precision": ratio(right, right + sum(link.wrong for link in links)),
            **{f"suggested_{path}": ratio(one.first, one.due) for path, one in self._suggested()},
            "state_agreement": ratio(agreed, sum(count for _, _, count in cells)),
            "wrong_met": sum(one.wrong_met for one in self.states.values()) if cells else None,
            "wrong_unmet": sum(one.wrong_unmet for one in self.states.values()) if cells else None,
            "rates_equal": ratio(equal, equal + sum(rate.unequal for rate in self.rates.values())),
            "indicators_computed": sum(one.said > 0 for one in self.indicators.values()),
            "indicator_precision": ratio(same, sum(one.said for one in self.indicators.values())),
            "indicator_recall": ratio(same, sum(one.in_key for one in self.indicators.values() if one.said)),
            "events_computed": len(events),
            "event_precision": ratio(sum(one.right for one in events), sum(one.right + one.wrong for one in events)),
            "event_recall": ratio(sum(one.found for one in events), sum(one.due for one in events)),
            "contradictions_found": ratio(sum(one.found for one in rows), sum(one.planted for one in rows))
            if self.has_ledger
            else None,
            "contradictions_closed": ratio(sum(one.closed_right for one in rows), sum(one.ended for one in rows)),
            "outlook_computed": len(foreseen),
            "outlook_precision": ratio(sum(one.right for one in foreseen), sum(one.said for one in foreseen)),
            "outlook_recall": ratio(sum(one.right for one in foreseen), sum(one.expected for one in foreseen)),
        }

    def _suggested(self) -> Iterable[tuple[str, SuggestionScore]]:
        for path in ("typo", "fifteen_digit", "name_village"):
            yield path, self.suggestions.get(path, SuggestionScore())

    def _remarked(self, effect: str) -> RemarkScore:
        ours = [one for one in self.remarks.values() if one.effect == effect]
        flagged = sum(one.accused for one in self.contradictions.values()) if effect == "accepted" else 0
        return RemarkScore(effect, sum(one.planted for one in ours), flagged + sum(one.said for one in ours))

    def to_json(self) -> str:
        """Counts, shares, the headline and examples of differences; `paths` are the link paths over all feeds."""
        node = asdict(self) | {"headline": self.headline()}
        node["rules"] = _with(self.rules, precision_recall)
        node["kinds"] = _with(self.kinds, lambda kind: {"recall": ratio(kind.found, kind.planted)})
        node["links"] = {
            name: row | {"by_path": _with(self.links[name].by_path, link_ratios)}
            for name, row in _with(self.links, link_ratios).items()
        }
        node["paths"] = _with(self.paths(), link_ratios)
        node["suggestions"] = _with(self.suggestions, suggestion_ratios)
        node["indicators"] = _with(self.indicators, lambda one: {"is_computed": one.said > 0} | indicator_ratios(one))
        node["events"] = _with(self.events, event_ratios)
        node["contradictions"] = _with(self.contradictions, contradiction_ratios)
        node["outlook"] = _with(self.outlook, outlook_ratios)
        return json.dumps(node, ensure_ascii=False, indent=1) + "\n"

    def paths(self) -> dict[str, PathScore]:
        """The link paths over all feeds."""
        found: dict[str, PathScore] = {}
        for link in self.links.values():
            for path, one in link.by_path.items():
                total = found.setdefault(path, PathScore())
                total.right, total.wrong = total.right + one.right, total.wrong + one.wrong
                total.missed += one.missed
        return found


def _with(scores: Mapping[str, _One], shares: Callable[[_One], Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name -> counts and shares of each."""
    return {name: asdict(one) | dict(shares(one)) for name, one in sorted(scores.items())}


def _cells(confusion: Mapping[str, Mapping[str, int]]) -> Iterable[tuple[str, str, int]]:
    for key, row in confusion.items():
        for state, count in row.items():
            yield key, state, count


def ratio(part: int, whole: int) -> float | None:
    """None over nothing: an empty comparison is no success."""
    return part / whole if whole else None


def precision_recall(rule: RuleScore) -> dict[str, float | None]:
    """Of one rule."""
    return {
        "precision": ratio(rule.found, rule.found + rule.false_alarms),
        "recall": ratio(rule.found, rule.planted),
    }


def link_ratios(link: LinkScore | PathScore) -> dict[str, float | None]:
    """Of one feed or path; rows that nothing accepted leads from are not counted as missed."""
    return {
        "precision": ratio(link.right, link.right + link.wrong),
        "recall": ratio(link.right, link.right + link.missed),
    }


def suggestion_ratios(one: SuggestionScore) -> dict[str, float | None]:
    """Of one way; `recall` counts the best candidate, `recall_among` any."""
    return {
        "precision": ratio(one.right, one.said),
        "recall": ratio(one.first, one.due),
        "recall_among": ratio(one.among, one.due),
    }


def indicator_ratios(one: IndicatorScore) -> dict[str, float | None]:
    """Of one indicator; nothing but None for one that the warehouse does not compute."""
    return {
        "precision": ratio(one.equal, one.said),
        "recall": ratio(one.equal, one.in_key) if one.said else None,
        "truth_inside_share": ratio(one.truth_inside, one.truth_compared),
    }


def event_ratios(one: EventScore) -> dict[str, float | None]:
    """Of one kind; nothing but None for one that the warehouse does not compute."""
    return {"precision": ratio(one.right, one.right + one.wrong), "recall": ratio(one.found, one.due)}


def contradiction_ratios(one: ContradictionScore) -> dict[str, float | None]:
    """Of one rule."""
    return {"recall": ratio(one.found, one.planted), "closed_right_share": ratio(one.closed_right, one.ended)}


def outlook_ratios(one: OutlookScore) -> dict[str, float | None]:
    """Of one signal, list or pattern; nothing but None for one that the warehouse does not compute."""
    return {
        "precision": ratio(one.right, one.said),
        "recall": ratio(one.right, one.expected) if one.said else None,
    }
