"""Builds ``dist/hearth-check.pyz``: the offline check with everything it needs in one file, for a PC with Python only.

The libraries are taken from this environment, so they are the locked versions and nothing is downloaded. For another
platform pip fetches the same versions as wheels of that platform.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from hearth.settings import PROJECT_ROOT
from ingestion.check_start import BUILT_FILE, Built

NEEDED = (
    "defusedxml",
    "duckdb",
    "lxml",
    "numpy",
    "olefile",
    "openpyxl",
    "pyarrow",
    "pydantic-settings",
    "python-calamine",
    "pyyaml",
    "tzdata",
    "xlrd",
)
"""What the check imports; what these need comes with them. Windows has no time zones of its own, hence tzdata."""
NAME = "hearth-check"
_ENTRY = "ingestion.check_start:main"
_OUR_ROOMS = ("hearth", "ingestion")
_NOT_OURS = shutil.ignore_patterns("__pycache__", "sample", "services", "*.sql")
_UNUSED = re.compile(r"(^|/)(tests?|include|__pycache__)/|\.(pyi|pyx|pxd|h|hpp|pxi)$|^(\.\./)+bin/")
"""Headers, sources and tests of the libraries."""
_UNUSED_PARTS = re.compile(r"^pyarrow/.*(flight|s3)")
"""Arrow over the network. Left out here only, where the tests run what is built; other platforms keep it."""


def distributions() -> list[Distribution]:
    """The libraries of the check and what they need here, by name. Raises PackageNotFoundError for a missing one."""
    found: dict[str, Distribution] = {}
    waiting = list(NEEDED)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        found[name] = distribution(name)
        for text in found[name].requires or ():
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                waiting.append(need.name)
    return [found[name] for name in sorted(found)]


def _files(library: Distribution) -> Iterator[tuple[Path, str]]:
    """(where it lies, where it goes) of each file of an installed library that the check may need."""
    for file in library.files or ():
        if not _UNUSED.search(file.as_posix()) and not _UNUSED_PARTS.search(file.as_posix()):
            yield Path(str(library.locate_file(file))), file.as_posix()


def _copy_installed(target: Path) -> None:
    for library in distributions():
        for source, place in _files(library):
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / place)


def _fetch(target: Path, platform: str, python_version: str) -> None:
    """The same versions, as wheels of another platform."""
    pins = [f"{library.name}=={library.version}" for library in distributions()]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-deps", "--only-binary=:all:", "--no-compile", "--target", str(target)),
            *("--platform", platform, "--python-version", python_version, "--implementation", "cp"),
            *pins,
        ],
        check=True,
    )
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_file() and _UNUSED.search(path.relative_to(target).as_posix()):
            path.unlink()


def _copy_ours(target: Path, built: Built) -> None:
    for room in _OUR_ROOMS:
        shutil.copytree(PROJECT_ROOT / room, target / room, ignore=_NOT_OURS)
    (target / "ingestion" / BUILT_FILE).write_text(built.to_text(), encoding="ascii")


def build(folder: Path, county_code: str, *, platform: str | None = None, python_version: str | None = None) -> Path:
    """Write the single-file program into ``folder`` and return its path.

    ``platform`` as pip names it, for example ``win_amd64``; None: this one, with this Python. Raises
    subprocess.CalledProcessError when pip has no wheel of a library for the platform, PackageNotFoundError when shiv
    or a library is not installed, ValueError for another Python without a platform.
    """
    distribution("shiv")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    python_version = python_version or here
    if platform is None and python_version != here:
        raise ValueError(f"this environment has Python {here}; for [{python_version}] name the platform as well")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{NAME}-{platform}-py{python_version}.pyz" if platform else f"{NAME}.pyz"
    with tempfile.TemporaryDirectory(prefix="hearth-check-") as work:
        site = Path(work) / "site"
        site.mkdir()
        if platform is None:
            _copy_installed(site)
        else:
            _fetch(site, platform, python_version)
        _copy_ours(site, Built(county_code, python_version))
        subprocess.run(
            [
                *(sys.executable, "-m", "shiv", "--site-packages", str(site), "--entry-point", _ENTRY),
                *("--compressed", "--reproducible", "--python", "/usr/bin/env python3"),
                *("--output-file", str(folder / name)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return folder / name
