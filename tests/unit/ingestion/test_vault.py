"""Tokens and ciphertext. The keys are made here; what the database adds is tested beside it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingestion import vault
from ingestion.keys import DataKey, Tokens

TEXT_KEY = "k" * 43
ID = "520099199001010011"


def sealer(submission_id: str = "SUB-1") -> vault.Sealer:
    """With a data key of its own; no file, no database."""
    return vault.Sealer(submission_id, Tokens(1, TEXT_KEY), DataKey(1, submission_id, AESGCM(AESGCM.generate_key(256))))


def test_token_is_keyed_stable_and_apart_by_kind() -> None:
    sealing = sealer()
    first, other = sealing.tokens("id_number", [ID, "520099199001010012"])
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert first != other
    assert sealing.tokens("id_number", [ID]) == [first]
    assert sealing.tokens("certificate", [ID]) != [first]
    assert Tokens(2, "another").of("id_number", [ID]) != [first]


def test_token_is_plain_hmac_over_kind_and_value() -> None:
    """The form that the analyst's guide and older databases rely on."""
    expected = hmac.new(TEXT_KEY.encode(), f"id_number\x1f{ID}".encode(), hashlib.sha256).hexdigest()
    assert sealer().tokens("id_number", [ID]) == [expected]


def test_unknown_kind_is_refused_without_the_value() -> None:
    with pytest.raises(ValueError, match=r"\[nickname\]") as caught:
        sealer().seal("nickname", ["张三丰"])
    assert "张三丰" not in str(caught.value)


def test_ciphertext_hides_and_returns() -> None:
    sealing = sealer()
    tokens, sealed = sealing.seal("person_name", ["张三丰", "慕容甲赤"])
    assert all("张三丰".encode() not in text for text in sealed)
    assert sealing.seal("person_name", ["张三丰"])[1] != sealed[:1]
    opened = [
        sealing.key.open(text, vault.place("person_name", known)) for known, text in zip(tokens, sealed, strict=True)
    ]
    assert opened == ["张三丰", "慕容甲赤"]


DAMAGE: dict[str, Callable[[bytes, str], tuple[bytes, str]]] = {
    "a flipped bit": lambda sealed, place: (sealed[:-1] + bytes([sealed[-1] ^ 1]), place),
    "another nonce": lambda sealed, place: (bytes([sealed[0] ^ 1]) + sealed[1:], place),
    "swapped with another person": lambda sealed, _: (sealed, vault.place("id_number", "0" * 64)),
    "moved to another kind": lambda sealed, place: (sealed, place.replace("id_number", "certificate")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_tampered_ciphertext_does_not_open(damage: Callable[[bytes, str], tuple[bytes, str]]) -> None:
    sealing = sealer()
    (known,), (sealed,) = sealing.seal("id_number", [ID])
    with pytest.raises(InvalidTag):
        sealing.key.open(*damage(sealed, vault.place("id_number", known)))


def test_another_submissions_key_does_not_open() -> None:
    (known,), (sealed,) = sealer().seal("id_number", [ID])
    with pytest.raises(InvalidTag):
        sealer().key.open(sealed, vault.place("id_number", known))


def test_row_is_bound_to_its_submission_sheet_and_row() -> None:
    sealing = sealer("SUB-1")
    sealed = sealing.seal_row("整行", "Sheet1", 5)
    assert sealing.key.open(sealed, vault.row_place("SUB-1", "Sheet1", 5)) == "整行"
    for other in (("SUB-2", "Sheet1", 5), ("SUB-1", "Sheet2", 5), ("SUB-1", "Sheet1", 6)):
        with pytest.raises(InvalidTag):
            sealing.key.open(sealed, vault.row_place(*other))


def test_keys_do_not_show() -> None:
    sealing = sealer()
    assert TEXT_KEY not in repr(sealing)
    assert "AESGCM" not in repr(sealing)


@pytest.mark.parametrize(("who", "purpose"), [("", "audit"), ("clerk", " ")])
def test_reading_needs_who_and_purpose(who: str, purpose: str) -> None:
    with pytest.raises(ValueError, match="stated purpose"):
        vault.open_values([], "id_number", who=who, purpose=purpose)
