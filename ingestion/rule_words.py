"""What a rule says of a whole column, in the words of its contract or of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hearth.period import Period
from hearth.settings import settings
from ingestion.checks import fill_text, titles
from ingestion.contract import Contract
from ingestion.reference_data import parameters
from ingestion.rules import catalogue

_MANY = 4
"""More columns than this are not all named in one line."""


@lru_cache(maxsize=64)
def _period_parameters(county_code: str, period: str | None) -> Mapping[str, Any]:
    return parameters(Period.parse(period).last_day, county_code) if period else {}


def rule_text(
    rule_id: str,
    contract: Contract | None,
    columns: tuple[str, ...],
    period: str | None,
    county_code: str | None = None,
) -> tuple[str, str]:
    """Message and fix of a rule for a whole column: parameters filled in, values of single rows left out.

    Raises KeyError for a rule that neither the contract nor the catalogue knows.
    """
    own = {rule.rule_id: rule for rule in contract.rules} if contract else {}
    text = own[rule_id] if rule_id in own else catalogue()[rule_id]
    words: dict[str, object] = dict(_period_parameters(county_code or settings().county_code, period))
    where = ""
    if contract is not None and columns:
        named = titles(contract, columns[:_MANY]) + (" 等" if len(columns) > _MANY else "")
        words["column"] = named
        # The words of a rule of all feeds do not say which column is meant.
        where = "" if rule_id in own or "{column}" in text.message else f"“{named}”"
    return where + fill_text(text.message, words), fill_text(text.fix, words)
