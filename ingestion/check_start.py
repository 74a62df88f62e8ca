"""Where ``hearth-check.pyz`` begins: says in plain words when this Python is not the one it was built for.

Nothing else may be imported here: the libraries inside are compiled for one version and one kind of computer.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

BUILT_FILE = "built_for"
"""Beside this module in the single-file program."""


@dataclass(frozen=True, slots=True)
class Built:
    """What the program was built for: the county, six digits, and the version of Python, ``3.11``."""

    county_code: str
    python_version: str

    def to_text(self) -> str:
        """As `from_text` reads it."""
        return f"{self.county_code} {self.python_version}\n"

    @classmethod
    def from_text(cls, text: str) -> Built:
        """Read what `to_text` wrote. Raises ValueError for anything else."""
        county_code, python_version = text.split()
        return cls(county_code, python_version)


def main() -> int:
    """Entry point of the program."""
    built = Built.from_text(Path(__file__).with_name(BUILT_FILE).read_text(encoding="ascii"))
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != built.python_version:
        sys.stderr.write(
            f"本程序要用 Python {built.python_version} 运行，这台电脑上的是 Python {here}。请向县里索取合适的一份。\n"
        )
        return 2
    try:
        from ingestion.check_app import main as check
    except ImportError as problem:
        sys.stderr.write(f"本程序不是为这种电脑做的（{problem.name}），请向县里索取合适的一份。\n")
        return 2
    return check(county_code=built.county_code)
