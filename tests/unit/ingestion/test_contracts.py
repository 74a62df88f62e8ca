"""The contracts are valid Open Data Contract Standard files, and say nothing twice or in the dark."""

from __future__ import annotations

import socket
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from datacontract.data_contract import DataContract

from ingestion.contract import CONTRACT_ROOT, Column, Contract, Kind, Privacy, contracts, departments, read_contract
from ingestion.raw_tables import raw_columns
from ingestion.reference_data import code_lists

PATHS = sorted(CONTRACT_ROOT.glob("*/*.yaml"))
BY_FEED = [pytest.param(contract, id=feed_id) for feed_id, contract in contracts().items()]
CODED = {Kind.CODE, Kind.CODE_LIST}


def cleaned(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("帐", "账")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError("the linter went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_passes_datacontract_lint(path: Path) -> None:
    run = DataContract(data_contract_file=str(path)).lint()
    assert [f"{check.field}: {check.reason}" for check in run.checks or () if check.result != "passed"] == []
    assert run.result == "passed"
    assert read_contract(path).feed_id == f"{path.parent.name}.{path.stem}"


@pytest.mark.parametrize("contract", BY_FEED)
def test_a_header_means_one_column(contract: Contract) -> None:
    owners: dict[str, set[str]] = {}
    for column in contract.columns:
        for header in column.headers:
            owners.setdefault(cleaned(header.text), set()).add(column.name)
    assert {header: names for header, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize("contract", BY_FEED)
def test_columns_are_whole(contract: Contract) -> None:
    for column in contract.columns:
        assert (column.kind in CODED) == (column.code_list is not None), column.name
        assert column.description, column.name
        assert column.example is not None, column.name
        assert not column.coarser or column.kind in {Kind.DATE, Kind.MONTH}, column.name
        assert column.kind is not Kind.ID_LIST or column.privacy is Privacy.DIRECT, column.name
    assert len(contract.by_name) == len(contract.columns)
    assert [column.key_position for column in contract.key] == list(range(1, len(contract.key) + 1))


@pytest.mark.parametrize("contract", BY_FEED)
def test_codes_of_examples_and_mappings_are_in_their_list(contract: Contract) -> None:
    def known(column: Column, text: str) -> bool:
        return column.code_list is None or code_lists()[column.code_list].lookup(text) == text

    for column in contract.columns:
        examples = (column.example or "").split(",") if column.kind is Kind.CODE_LIST else [column.example or ""]
        assert all(known(column, text) for text in examples), column.name
        for header in column.headers:
            assert all(known(column, text) for text in header.mapping.values() if text), (column.name, header.text)


@pytest.mark.parametrize("contract", BY_FEED)
def test_direct_data_has_no_clear_raw_column(contract: Contract) -> None:
    direct = {column.name for column in contract.columns if column.privacy is Privacy.DIRECT and column.loaded}
    layout = raw_columns(contract)
    assert direct.isdisjoint(column.name for column in layout)
    assert {column.origin for column in layout if column.is_hash} == direct
    loaded = {column.name for column in contract.columns if column.loaded}
    assert {column.origin for column in layout if column.origin} == loaded


@pytest.mark.parametrize("contract", BY_FEED)
def test_rules_name_real_columns(contract: Contract) -> None:
    for rule in contract.rules:
        assert set(rule.columns) <= contract.by_name.keys(), rule.rule_id
        assert rule.stage in {"row", "household"}, rule.rule_id
        assert rule.severity in {"error", "warning", "info"}, rule.rule_id
        assert rule.nulls in {"skip", "fail"}, rule.rule_id
        assert rule.message, rule.rule_id
        assert rule.fix, rule.rule_id


def test_rule_ids_are_unique_and_weigh_the_same_in_every_feed() -> None:
    severities: dict[str, set[str]] = {}
    for contract in contracts().values():
        counts = Counter(rule.rule_id for rule in contract.rules)
        assert [rule_id for rule_id, count in counts.items() if count > 1] == [], contract.feed_id
        for rule in contract.rules:
            severities.setdefault(rule.rule_id, set()).add(rule.severity)
    assert {rule_id: found for rule_id, found in severities.items() if len(found) > 1} == {}


@pytest.mark.parametrize("contract", BY_FEED)
def test_columns_named_by_properties_exist(contract: Contract) -> None:
    for column in contract.columns:
        if column.default is not None and "+" in column.default:
            assert set(column.default.split("+")) <= contract.by_name.keys(), column.name
        if column.otherwise is not None:
            assert column.kind is Kind.CODE, column.name
            assert contract.by_name[column.otherwise].kind is Kind.TEXT, column.name
        if column.elsewhere is not None:
            assert column.elsewhere in contract.by_name, column.name
        for header in column.headers:
            assert header.part_names <= contract.by_name.keys(), column.name
            assert not header.parts or column.name in header.part_names, column.name
        if column.roster:
            assert column.kind is Kind.ID_LIST, column.name
        if column.known_from is not None:
            feed_id, _, name = column.known_from.rpartition(".")
            assert name in contracts()[feed_id].by_name, column.name
        if column.spread is not None:
            source, by = contract.by_name[column.spread.source], contract.by_name[column.spread.by]
            assert (source.kind, source.loaded, by.loaded) == (column.kind, False, False), column.name
            assert code_lists()[by.code_list or ""].lookup(column.spread.code) == column.spread.code


@pytest.mark.parametrize("contract", BY_FEED)
def test_row_filters_name_real_columns(contract: Contract) -> None:
    if contract.row_filter is not None:
        wanted = {contract.row_filter.column, *contract.row_filter.same, contract.row_filter.by}
        assert wanted <= contract.by_name.keys() | {None}


def test_a_file_prefix_names_one_feed_of_its_department() -> None:
    counts = Counter(
        (contract.department, prefix) for contract in contracts().values() for prefix in contract.file_prefixes
    )
    assert [prefix for prefix, count in counts.items() if count > 1] == []


def test_departments_are_the_folders() -> None:
    assert set(departments()) == {contract.department for contract in contracts().values()}


def test_a_broken_contract_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "forestry" / "ranger.yaml"
    path.parent.mkdir()
    path.write_text("domain: forestry\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"forestry/ranger\.yaml"):
        read_contract(path)
