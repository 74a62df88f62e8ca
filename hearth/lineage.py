"""Lineage as OpenLineage events: Airflow's tasks by its provider, dbt's models from the artifacts of each build.

Off by default: every task would pay for it. ``HEARTH_LINEAGE=file`` writes ``logs/lineage.jsonl``, an address sends to
a server that speaks OpenLineage (Marquez, DataHub, OpenMetadata). Names of tables and columns leave, never a value.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from hearth.settings import settings

NAMESPACE = "hearth"
_PRODUCER = "https://openlineage.io/hearth"  # a name, as the standard wants it; nothing is asked there
_log = structlog.get_logger()


def lineage_file() -> Path:
    """Where events go with ``HEARTH_LINEAGE=file``: one JSON a line."""
    return settings().log_dir / "lineage.jsonl"


def transport() -> dict[str, Any] | None:
    """How events leave, in OpenLineage's words; None when they do not."""
    where = settings().lineage
    if where is None:
        return None
    if where == "file":
        return {"type": "file", "log_file_path": str(lineage_file()), "append": True}
    return {"type": "http", "url": where}


def environment() -> dict[str, str]:
    """What Airflow's provider reads. Source code and values of arguments stay here."""
    how = transport()
    if how is None:
        return {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}
    return {
        "AIRFLOW__OPENLINEAGE__DISABLED": "False",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(how),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": NAMESPACE,
        "AIRFLOW__OPENLINEAGE__DISABLE_SOURCE_CODE": "True",
        "AIRFLOW__OPENLINEAGE__INCLUDE_FULL_TASK_INFO": "False",
    }


def provider_info() -> dict[str, Any]:
    """What Airflow reads of Hearth: how an asset becomes a dataset of lineage. Without it tasks name none."""
    return {
        "package-name": "hearth",
        "name": "Hearth",
        "description": "Assets of the warehouse as datasets of lineage.",
        "asset-uris": [
            {"schemes": ["hearth"], "handler": None, "to_openlineage_converter": f"{__name__}.dataset"},
        ],
    }


def dataset(asset: Any, context: Any) -> Any:  # noqa: ARG001 - the signature is Airflow's
    """The dataset that an asset is: ``hearth://raw/water`` is [raw.water] of Hearth."""
    from openlineage.client.event_v2 import Dataset

    parts = urlsplit(asset.uri)
    return Dataset(namespace=NAMESPACE, name=f"{parts.netloc}{parts.path}".replace("/", "."))


def emit_dbt(project: Path, command: str, variables: Mapping[str, str]) -> int:
    """Send the events of the dbt run whose artifacts lie in ``DBT_TARGET_PATH``; return how many. 0 when off.

    ``variables`` are those the profile reads. A server that is away costs its events, never the build.
    """
    how = transport()
    if how is None:
        return 0
    from openlineage.client import OpenLineageClient
    from openlineage.common.provider.dbt.local import DbtLocalArtifactProcessor

    with _environment(variables):
        processor = DbtLocalArtifactProcessor(
            project_dir=str(project),
            target_path=variables["DBT_TARGET_PATH"],
            dbt_command_line=["dbt", command, "--project-dir", str(project)],
            producer=_PRODUCER,
            job_namespace=NAMESPACE,
        )
        processor.command = command
        events = processor.parse().events()
        if how["type"] == "file":
            lineage_file().parent.mkdir(parents=True, exist_ok=True)
        client = OpenLineageClient(config={"transport": how})
        sent = 0
        for event in events:
            try:
                client.emit(event)
            except OSError as away:
                _log.warning("lineage not sent", problem=type(away).__name__, sent=sent, of=len(events))
                break
            sent += 1
    return sent


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The processor renders the profile from the environment, like dbt in its own process."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
