"""The answer key's table of stories: what opened when and was put right when, by household, person or village."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.sample.accepted_rows import ID_COLUMNS
from ingestion.sample.habits import habits
from ingestion.sample.stories import plots

_QUERY = """
    select
      story, kind, plot.by as told_of, family, effect, rule_id, not_rule_id,
      split_part(story, '/', 3) as village_code,
      case when plot.by = 'household' then any_value(household_no) end as household_no,
      case when plot.by = 'household' and count(distinct person) = 1 then any_value(person) end as person,
      min(appears) as opened, max(resolved) as closed,
      any_value(plot.said_by) as said_by, any_value(plot.said) as said, any_value(plot.denied_by) as denied_by,
      coalesce(list_sort(list(distinct period) filter (side = 'false')), []) as said_in,
      coalesce(list_sort(list(distinct period) filter (side = 'true')), []) as denied_in
    from remarks
    inner join plot using (kind)
    where story is not null
    group by story, kind, plot.by, family, effect, rule_id, not_rule_id
    order by opened, story
"""

_DIRECT = {"household_no", "person_name", "head_name", *ID_COLUMNS}
"""Of these the key does not say what was written."""


def _plots() -> pa.Table:
    """Kind -> whose word it is, what they say, and who has it right; feeds by their ids."""
    feed_of = {habit.subject: feed_id for feed_id, habit in habits().feeds.items()}
    lines = []
    for kind, plot in plots().items():
        words = [
            f"{feed_of[subject]}: {column} = {'another' if column in _DIRECT else new}"
            for subject, change in sorted(plot.tells.items())
            for column, new in change.items()
        ]
        words += [f"{feed_of[subject]}: no row" for subject in sorted(plot.drops)]
        lines.append(
            {
                "kind": kind,
                "by": plot.by,
                "said_by": sorted({feed_of[subject] for subject in (*plot.tells, *plot.drops)}),
                "said": "; ".join(words),
                "denied_by": sorted({feed_of[subject] for subject in plot.right}),
            }
        )
    return pa.Table.from_pylist(lines)


def story_table(remarks: Sequence[Path]) -> pa.Table:
    """One row per story that stands in an accepted row of the months given, oldest first."""
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.register("plot", _plots())
        files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in remarks)
        connection.execute(f"create view remarks as select * from read_parquet([{files}], hive_partitioning = false)")
        return connection.sql(_QUERY).to_arrow_table()
