"""Tokens and ciphertext."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from ingestion import vault


@pytest.fixture(autouse=True)
def _home(hearth_home: Path) -> None:
    """Secrets of the test session."""


def test_token_is_keyed_stable_and_apart_by_kind() -> None:
    first = vault.token("id_number", "520099199001010011")
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert vault.token("id_number", "520099199001010011") == first
    assert vault.token("certificate", "520099199001010011") != first
    assert vault.token("id_number", "520099199001010012") != first


def test_unknown_kind_is_refused_without_the_value() -> None:
    with pytest.raises(ValueError, match=r"\[nickname\]") as caught:
        vault.token("nickname", "张三丰")
    assert "张三丰" not in str(caught.value)


def test_ciphertext_hides_and_returns() -> None:
    hidden = vault.encrypt("张三丰")
    assert "张三丰" not in hidden
    assert vault.encrypt("张三丰") != hidden
    assert vault.decrypt(hidden) == "张三丰"
    with pytest.raises(InvalidToken):
        vault.decrypt(hidden[:-4] + "AAAA")


def test_entry_does_not_show_its_value() -> None:
    assert "张三丰" not in repr(vault.entry("person_name", "张三丰"))


@pytest.mark.parametrize(("reader", "purpose"), [("", "audit"), ("clerk", " ")])
def test_reading_needs_reader_and_purpose(reader: str, purpose: str) -> None:
    with pytest.raises(ValueError, match="named reader"):
        vault.reveal("id_number", [], reader=reader, purpose=purpose)
