"""Two counties in one warehouse, through the real scheduler: one of them breaks, the other is published.

Run by `make chaos`. The second county is invented: the first one's places under another code, in a copy of the project
that is thrown away.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from hearth.bucket import bucket
from hearth.counties import serving
from hearth.database import Role, connect
from hearth.settings import PROJECT_ROOT
from ingestion.sample.county import write_county
from tests.chaos.run import published
from tests.end_to_end.conftest import OCTOBER, Installation, environment, installed

FIRST, SECOND = "530524", "530599"
_ROOMS = ("dags", "dbt_project", "expectations", "hearth", "ingestion", "publishing", "tests")


def _copy_with_second_county(folder: Path) -> None:
    for room in _ROOMS:
        shutil.copytree(PROJECT_ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "target"))
    path = folder / "ingestion" / "reference" / "region.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    second = [[cell.replace(FIRST, SECOND, 1) if cell.startswith(FIRST) else cell for cell in row] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(
            [*rows, *(new for row, new in zip(rows, second, strict=True) if row != new)]
        )


def _break(county: str) -> None:
    """Damage `candidate` when dbt has finished it for this county: the gate will say no."""
    with connect(Role.OWNER) as connection:
        connection.execute(
            f"""
            create function ops.broken_county() returns trigger language plpgsql as $body$
            begin
                insert into candidate.fct_household_month
                select (jsonb_populate_record(f, jsonb_build_object('household_key', f.household_key + 1))).*
                from candidate.fct_household_month as f order by household_key limit 1;
                return null;
            end $body$;
            create trigger broken_county after update of state on ops.build
            for each row when (new.state = 'built' and new.county_code = '{county}')
            execute function ops.broken_county();
            """.encode()
        )


def _mend() -> None:
    with connect(Role.OWNER) as connection:
        connection.execute("drop trigger broken_county on ops.build")


def _live(installation: Installation) -> set[str]:
    return {str(code) for (code,) in installation.rows("select county_code from ops.publication where state = 'live'")}


def _prove(console: Console) -> None:
    with environment(HEARTH_COUNTY_CODES=f"{FIRST},{SECOND}", HEARTH_COUNTY_CODE=FIRST), installed(fsync=True) as both:
        for county in (FIRST, SECOND):
            with serving(county):
                write_county([OCTOBER], households=300, seed=11 if county == FIRST else 12, target=bucket())
        _break(SECOND)
        states = both.run_intakes()
        assert set(states.values()) == {"success"}, states
        ended: set[tuple[object, object]] = set()

        def judged() -> str:
            rows = both.rows(
                "select county_code, state from ops.build where state in ('published', 'blocked', 'failed')"
            )
            ended.update((row[0], row[1]) for row in rows)
            return str(len({county for county, _ in ended}))

        both.wait_for(judged, {"2"})
        both.close_is_quiet()
        assert (FIRST, "published") in ended, ended
        assert (SECOND, "blocked") in ended, ended
        assert _live(both) == {FIRST}
        console.print(f"{SECOND} was blocked by the gate, {FIRST} was published")
        before = published(both)

        _mend()
        assert both.run("close", {"period": str(OCTOBER), "county": SECOND}) == "success"
        assert _live(both) == {FIRST, SECOND}
        for (table,) in both.rows("select table_name from ops.publication_table where publication_id = 1"):
            codes = both.rows(f"select count(distinct county_code) from marts.{table}")
            assert codes in ([(2,)], [(0,)]), f"{table}: {codes}"
        assert published(both, FIRST) == before, "the first county has what it had"
        again = both.run("close", {"period": str(OCTOBER), "rebuild": True})
        assert again == "success"
        console.print("mended, the second was published; the first is as before and can be closed again")


def main(arguments: list[str]) -> int:
    """Make the copy and run there; ``inside``: this is the copy."""
    if arguments == ["inside"]:
        _prove(Console(width=200))
        return 0
    with tempfile.TemporaryDirectory(prefix="hearth-counties-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _copy_with_second_county(folder)
        finished = subprocess.run(
            [sys.executable, "-m", "tests.chaos.two_counties", "inside"],
            env={**os.environ, "PYTHONPATH": name},
            cwd=name,
            check=False,
        )
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
