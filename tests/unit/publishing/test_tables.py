"""Names, bounds and fitness of what is published; no database."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from hearth.period import Period
from publishing import commands
from publishing.parents import parent_problems
from publishing.policy import Policy, policy
from publishing.tables import PublicationError, Slice, Table

PART = Slice("530524", Period(2026, 12))


def test_a_fact_is_bounded_by_its_month() -> None:
    assert PART.bounds("fct_dibao").as_string(None) == (
        "for values from ('530524', '2026-12') to ('530524', '2027-01')"
    )
    assert PART.catalog_bounds("fct_dibao") == "FOR VALUES FROM ('530524', '2026-12') TO ('530524', '2027-01')"
    assert "period < '2027-01'" in PART.check("fct_dibao").as_string(None)


def test_a_dimension_is_bounded_by_its_county() -> None:
    assert PART.bounds("dim_month").as_string(None) == "for values in ('530524')"
    assert PART.catalog_bounds("dim_month") == "FOR VALUES IN ('530524')"
    assert "period" not in PART.check("dim_month").as_string(None)


def test_partition_names_are_unique_and_leave_room_for_index_names() -> None:
    assert PART.partition_name("fct_dibao", 7) == "fct_dibao__530524_202612_p7"
    assert PART.partition_name("dim_month", 7) == "dim_month__530524_p7"
    long, other = (PART.partition_name(f"fct_{'x' * 60}_{end}", 123456) for end in "ab")
    assert long != other
    assert len(long) <= 50
    assert long.endswith("__530524_202612_p123456")


def table(name: str = "fct_a", key: tuple[str, ...] = ("county_code", "period"), **columns: str) -> Table:
    return Table(name, 1, {"county_code": "text", "period": "text", **columns}, key)


def test_a_table_fits_itself_and_may_gain_columns() -> None:
    assert parent_problems(table(), None) == []
    assert parent_problems(table(more="text"), table()) == []


@pytest.mark.parametrize(
    ("candidate", "parent", "complaint"),
    [
        (table(), table(gone="text"), "[fct_a.gone] is published but gone"),
        (table(n="bigint"), table(n="integer"), "published as [integer] and is [bigint]"),
        (table(key=()), None, "has no primary key"),
        (table(key=("county_code",)), None, "lacks ['period']"),
        (table(key=("county_code", "period", "n"), n="text"), table(n="text"), "published with primary key"),
        (Table("dim_a", 1, {"x": "text"}, ("x",)), None, "has no column [county_code]"),
    ],
)
def test_what_does_not_fit_is_named(candidate: Table, parent: Table | None, complaint: str) -> None:
    assert any(complaint in problem for problem in parent_problems(candidate, parent))


def test_the_policy_refuses_what_it_does_not_know() -> None:
    good = policy().model_dump()
    with pytest.raises(ValueError, match="keep_for_ever"):
        Policy.model_validate({**good, "keep_for_ever": True})
    with pytest.raises(ValueError, match="lock_timeout_ms"):
        Policy.model_validate({**good, "lock_timeout_ms": 5000})


def test_rollback_command_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(county_code: str, period: str) -> int:
        raise PublicationError(f"nothing to go back to in [{period}] of [{county_code}]")

    monkeypatch.setattr(commands, "rollback", refuse)
    result = CliRunner().invoke(commands.app, ["rollback", "2026-10", "--county", "530524"])
    assert result.exit_code == 1
    assert "nothing to go back to in [2026-10] of [530524]" in result.output
    assert CliRunner().invoke(commands.app, ["rollback", "2026-13"]).exit_code == 2
