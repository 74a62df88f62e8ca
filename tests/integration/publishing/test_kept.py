"""A month closed again: tables of the publication before stay where they are, and belong to both."""

from __future__ import annotations

import pytest

from hearth.database import Role, connect
from hearth.period import Period
from publishing.ledger import unfit
from publishing.policy import policy
from publishing.reuse import show_kept
from publishing.switch import publish, rollback
from publishing.tables import PublicationError, Slice, attached_partition
from tests.integration.expectations.candidate import COUNTY, PERIOD, make_build, make_candidate
from tests.integration.publishing.world import judge, passed_build, seen, tables_in

KEPT = "fct_guarantee_region_month"
FEW = policy().model_copy(update={"keep_publications": 1, "keep_dimensions": 1})


def closed_again(stamp: int) -> int:
    """A build that made every table but one, and passed."""
    make_candidate(PERIOD, stamp)
    build_id = make_build(PERIOD, state="passed")
    part = Slice(COUNTY, Period.parse(PERIOD))
    with connect(Role.BUILDER) as connection:
        row = connection.execute(
            "insert into ops.build_table (build_id, table_name, is_kept, relation, server_mark)"
            " values (%s, %s, true, %s::regclass, ops.server_mark()) returning relation::bigint",
            [build_id, KEPT, f"marts.{attached_partition(connection, KEPT, part)}"],
        ).fetchone()
        assert row is not None
        show_kept(connection, KEPT, row[0], part)
    judge(build_id)
    return build_id


def test_a_kept_table_goes_with_the_last_publication_that_has_it(published: int) -> None:
    second = publish(closed_again(2), policy=FEW)
    assert seen() == [1, 2], "the kept one says 1, what was made again 2"
    with connect(Role.PUBLISHER) as connection:
        assert unfit(connection, second) == {}
    assert tables_in("candidate").isdisjoint({KEPT})
    publish(passed_build(3), policy=FEW)
    kept = {name for name in tables_in("previous") if name.startswith(KEPT)}
    assert kept == {f"{KEPT}__{COUNTY}_{PERIOD.replace('-', '')}_p{published}"}, "the second publication has it, too"
    rollback(COUNTY, PERIOD)
    assert seen() == [1, 2]
    publish(passed_build(4), policy=FEW)
    publish(passed_build(5), policy=FEW)
    assert not {name for name in tables_in("previous") if name.startswith(KEPT)} & kept


def test_a_kept_table_that_another_publication_replaced_is_not_published(published: int) -> None:
    waiting = closed_again(2)
    with connect(Role.PUBLISHER) as connection:
        part = Slice(COUNTY, Period.parse(PERIOD))
        partition = attached_partition(connection, KEPT, part)
        connection.execute(f"alter table marts.{KEPT} detach partition marts.{partition}".encode())
    with pytest.raises(PublicationError, match=f"not what the gate judged.*{KEPT}"):
        publish(waiting)
