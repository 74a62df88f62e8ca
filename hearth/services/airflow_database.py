"""Bring Airflow's own database to the present shape: its tables and its pools. Run as a process, see `stack`."""

from __future__ import annotations

from hearth.settings import settings


def pools() -> dict[str, tuple[int, str]]:
    """Pool -> slots and what they are for. A task names the pool whose share of PostgreSQL it takes."""
    return {
        "intake": (settings().intake_slots, "files checked and loaded at once, over all departments"),
        "build": (1, "one build, verdict or switch at a time: they share the schema candidate"),
    }


def main() -> None:
    """Migrate, then write the pools. One process for both: Airflow takes seconds to start."""
    from airflow.cli import cli_parser
    from airflow.models.pool import Pool

    arguments = cli_parser.get_parser().parse_args(["db", "migrate"])
    arguments.func(arguments)
    for name, (slots, description) in pools().items():
        Pool.create_or_update_pool(name=name, slots=slots, description=description, include_deferred=False)


if __name__ == "__main__":
    main()
