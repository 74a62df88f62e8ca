"""What intake leaves beside a row refused for its ID number: tokens of whom it may mean, and nothing in clear."""

from __future__ import annotations

import pytest

from hearth.database import Role, connect
from hearth.settings import Settings
from ingestion import vault
from ingestion.intake import take
from ingestion.near_numbers import near
from ingestion.rotation import rotate_token_key
from tests.integration.ingestion.dibao_files import KEY, PERIOD, drop, good, id_number, name, workbook
from tests.integration.ingestion.test_vault_keys import own_keys

__all__ = ["own_keys"]
pytestmark = pytest.mark.usefixtures("own_keys")


def typo(number: str) -> str:
    return number[:15] + str((int(number[15]) + 1) % 10) + number[16:]


def kept() -> list[tuple[object, ...]]:
    with connect(Role.BUILDER) as connection:
        return connection.execute(
            "select source_row, rule_id, sent_hash, candidate_hash, person_name_hash, village_name"
            " from quarantine.near_number order by source_row"
        ).fetchall()


def test_a_typo_leaves_the_tokens_of_those_it_may_mean(clean_warehouse: Settings) -> None:
    rows = good()
    wrong = typo(id_number(3))
    rows[2]["head_id_number"] = wrong
    rows[5]["head_id_number"] = 530599198501011200.0
    drop(KEY, workbook(rows))
    take(KEY)

    def hashes(kind: str, *values: str) -> list[str]:
        return vault.sealer("SUB-1").tokens(kind, values)

    def expected() -> list[tuple[object, ...]]:
        village = rows[2]["village_name"]
        return [
            (
                4,
                "R-ALL-02",
                hashes("id_number", wrong)[0],
                hashes("id_number", *near(wrong, PERIOD.last_day)),
                hashes("person_name", name(3))[0],
                village,
            ),
            (7, "S-05", None, [], hashes("person_name", name(6))[0], village),
        ]

    before = kept()
    assert before == expected()
    assert hashes("id_number", id_number(3))[0] in before[0][3]  # type: ignore[operator]  # a list of tokens
    assert id_number(3) not in str(before)
    rotate_token_key(who="保管员甲", purpose="年度更换")
    assert kept() == expected() != before, "a new token key carries them"
    take(KEY)
    assert len(kept()) == 2
