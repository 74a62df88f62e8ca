"""One of Airflow's programs, started by supervisord: ``python -m hearth.services.program scheduler``.

A scheduler that was killed leaves its workers behind: they wait for tasks that nobody sends any more, and what they
still run is started once more by the next scheduler. So the next one takes their lives first.
"""

from __future__ import annotations

import os
import sys

from hearth.processes import kill_remains
from hearth.settings import settings


def main(name: str) -> None:
    """Kill what an earlier process of this name left, then become the program."""
    config = settings()
    killed = kill_remains(config.run_dir / f"{name}.group")
    if killed:
        print(f"[{name}] was killed before: ended {len(killed)} processes that it had left", flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "airflow", name])  # noqa: S606 - our own program, fixed arguments


if __name__ == "__main__":
    main(sys.argv[1])
