"""Code lists, regions, parameters and the rules of all feeds, as shipped."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from ingestion import reference_data
from ingestion.reference_data import Threshold, code_lists, parameter, parameters, regions
from ingestion.rules import catalogue

TODAY = date(2026, 10, 31)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("dibao_category", "02", "02"),
        ("dibao_category", "农村低保", "02"),
        ("dibao_category", "02 农村低保", "02"),
        ("dibao_category", "02-农村低保", "02"),
        ("dibao_category", "０２农村低保", "02"),
        ("dibao_category", "01 农村低保", None),
        ("dibao_category", "其他", None),
        ("dibao_category", "", None),
        ("ethnicity", "布依族", "09"),
        ("ethnicity", "09 布依族", "09"),
        ("ethnicity", "族", None),
        ("relation", "长子", "20"),
        ("relation", "22", "20"),
        ("relation", "妻", "10"),
        ("house_grade", "D级危房", "D"),
        ("term", "2024春", "2023-2024-2"),
        ("term", "2026-2027学年上学期", "2026-2027-1"),
        ("water_verdict", "是", "1"),
    ],
)
def test_lookup(name: str, text: str, code: str | None) -> None:
    assert code_lists()[name].lookup(text) == code


def test_every_spelling_means_one_code() -> None:
    for codes in code_lists().values():
        for entry in codes.codes:
            assert all(codes.lookup(text) == entry.code for text in (entry.code, entry.label, *entry.aliases))


def test_regions_form_a_tree() -> None:
    known = {region.region_code: region for region in regions()}
    assert Counter(region.level_code for region in regions()) == {
        "province": 1,
        "prefecture": 1,
        "county": 1,
        "township": 13,
        "village": 124,
    }
    assert len(known) == len(regions())
    assert all(len(code) == 12 for code in known)
    orphans = [region for region in regions() if region.level_code != "province" and region.parent_code not in known]
    assert orphans == []
    names = Counter((region.parent_code, region.name) for region in regions())
    assert max(names.values()) == 1


def test_parameters_are_typed() -> None:
    known = parameters(TODAY)
    assert known["money_tol"] == Decimal(1)
    assert known["account_no_length"] == "10,13"
    assert parameter("due_day", TODAY) == "8"
    with pytest.raises(KeyError, match=r"no_such.*2026-10-31"):
        parameter("no_such", TODAY)


def test_a_place_beats_the_country_and_a_newer_row_an_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(region: str, since: int, value: str, until: date | None = None) -> Threshold:
        return Threshold("x", region, date(since, 1, 1), until, value, "", "", "")

    rows = (
        row("", 2014, "country"),
        row("530000000000", 2014, "province"),
        row("530000000000", 2020, "province, new"),
        row("530524000000", 2014, "county", date(2024, 12, 31)),
    )
    monkeypatch.setattr(reference_data, "thresholds", lambda: rows)
    assert parameter("x", TODAY) == "country"
    assert parameter("x", TODAY, "530524") == "province, new"
    assert parameter("x", date(2019, 1, 1), "530100") == "province"
    assert parameter("x", date(2024, 12, 31), "530524001001") == "county"
    with pytest.raises(KeyError):
        parameter("x", date(2013, 12, 31), "530524")


def test_catalogue_is_whole_and_speaks_plainly() -> None:
    rules = catalogue()
    wanted = [f"F-{n:02}" for n in range(1, 23)] + ["T-02"] + [f"S-{n:02}" for n in range(1, 19)]
    assert list(rules) == [*wanted, *(f"R-ALL-{n:02}" for n in range(1, 9)), "RG-HH-01"]
    assert all(rule.message and rule.fix and "{" not in rule.message + rule.fix for rule in rules.values())
    assert rules["F-08"].severity == "error"
    assert (rules["S-10"].scope, rules["F-11"].scope) == ("row", "file")
