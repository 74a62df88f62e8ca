"""Lineage is off unless a setting says where it goes; then Airflow's provider takes what it is given."""

from __future__ import annotations

import json
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from hearth import lineage
from hearth.settings import PROJECT_ROOT, settings


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


def test_assets_are_datasets_of_lineage_to_airflow() -> None:
    """The provider drops, without a word, every asset whose address nobody translates."""
    from airflow.providers_manager import _create_provider_info_schema_validator

    from dags.common import MARTS, RAW

    _create_provider_info_schema_validator().validate(lineage.provider_info())  # type: ignore[no-untyped-call]  # theirs
    (addresses,) = lineage.provider_info()["asset-uris"]
    module, name = addresses["to_openlineage_converter"].rsplit(".", 1)
    converter = getattr(import_module(module), name)
    for own, asset in {**RAW, "marts": MARTS}.items():
        assert asset.uri.split(":")[0] in addresses["schemes"]
        found = converter(asset, None)
        assert found.namespace == "hearth"
        assert found.name in (f"raw.{own}", "warehouse.marts")
    told = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert told["apache_airflow_provider"]["provider_info"] == "hearth.lineage:provider_info"
