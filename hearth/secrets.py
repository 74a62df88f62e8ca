"""Generated secrets: one file each below ``<home>/secrets``, mode 0600, made on first use and never logged.

A key that is replaced from time to time has a file per version, ``<name>.<version>``; which version is in force stands
in the database, so that a file left over from a broken rotation changes nothing.
"""

from __future__ import annotations

import os
import secrets as _random
from pathlib import Path

from hearth.settings import settings


class MissingSecret(RuntimeError):  # noqa: N818 - it is missing, which is no error of the program
    """A secret that data depends on is not in the secrets folder. A new one would not open what the old one closed."""


def _path(name: str) -> Path:
    return settings().secrets_dir / name


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


def kept_secret(name: str) -> str:
    """Return a secret that must exist already. Raises MissingSecret with its name when it does not."""
    path = _path(name)
    if not path.exists():
        raise MissingSecret(f"secret [{name}] is not in the secrets folder; restore it from the backup of that folder")
    return path.read_text(encoding="ascii").strip()


def has_secret(name: str) -> bool:
    """Whether the secret exists. It is not made."""
    return _path(name).exists()


def versions(name: str) -> list[int]:
    """Versions of a versioned secret that have a file, ascending."""
    folder = settings().secrets_dir
    found = (path.name.removeprefix(f"{name}.") for path in folder.glob(f"{name}.*")) if folder.exists() else ()
    return sorted(int(text) for text in found if text.isdecimal())


def rename_secret(old: str, new: str) -> None:
    """Give a secret another name, unless that name is taken. Raises FileExistsError then."""
    os.link(_path(old), _path(new))
    _path(old).unlink()


def forget_secret(name: str) -> None:
    """Delete a secret. What only it opens is lost, so callers make sure that nothing is."""
    _path(name).unlink(missing_ok=True)
