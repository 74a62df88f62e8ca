"""Lineage is off unless a setting says where it goes; then Airflow's provider takes what it is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearth import lineage
from hearth.settings import settings


def test_off_by_default(hearth_home: Path) -> None:
    assert lineage.transport() is None
    assert lineage.environment() == {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}


@pytest.mark.parametrize(("where", "kind"), [("file", "FileTransport"), ("http://127.0.0.1:5000", "HttpTransport")])
def test_provider_builds_the_transport_it_is_told(
    hearth_home: Path, monkeypatch: pytest.MonkeyPatch, where: str, kind: str
) -> None:
    monkeypatch.setenv("HEARTH_LINEAGE", where)
    settings.cache_clear()
    try:
        found = lineage.environment()
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    from airflow.providers.openlineage import conf
    from openlineage.client import OpenLineageClient

    assert not conf.is_disabled()
    assert conf.namespace() == "hearth"
    assert conf.is_source_enabled() is False
    told = conf.transport()
    assert told == json.loads(found["AIRFLOW__OPENLINEAGE__TRANSPORT"])
    assert type(OpenLineageClient(config={"transport": told}).transport).__name__ == kind
