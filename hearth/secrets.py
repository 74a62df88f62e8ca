"""Generated secrets: one file each below ``<home>/secrets``, mode 0600, made on first use and never logged."""

from __future__ import annotations

import os
import secrets as _random

from hearth.settings import settings


def secret(name: str, length: int = 32) -> str:
    """Return the secret ``name``, creating ``length`` random bytes (URL-safe text) if it does not exist yet.

    Two processes that ask at once get the same value: the file is made with O_EXCL and the loser reads it.
    """
    folder = settings().secrets_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    draft = folder / f".{name}.{os.getpid()}.{_random.token_hex(4)}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_random.token_urlsafe(length))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its value is the secret
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()
