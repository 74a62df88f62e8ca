"""Finish a lock of ``uv pip compile --no-strip-extras``: state each package with extras a second time without them.

In hash-checking mode, pip before 24 takes ``fastapi[standard]==1.0`` for a pin of that spelling only, and then refuses
the plain ``fastapi`` which another package asks for. The pip of Debian 12 is such a pip.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_BLOCK = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)\[[^\]]+\](?P<rest>==.*\n(?:    --hash=.*\n)+)", re.MULTILINE)


def add_plain_pins(lock: str) -> str:
    """Return the text of ``lock`` with a plain pin, same version and hashes, before each pin that has extras."""
    return _BLOCK.sub(lambda block: f"{block['name']}{block['rest']}{block[0]}", lock)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(add_plain_pins(path.read_text(encoding="utf-8")), encoding="utf-8")
