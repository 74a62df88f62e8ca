"""The command that writes the sample county; the ingestion room hangs it in at the top level."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from hearth.period import Period
from hearth.settings import settings
from ingestion.sample.blocks import OUTSIDER_SHARE
from ingestion.sample.manifest import Manifest, read_manifest

sample_app = typer.Typer()

_RANGE = re.compile(r"(.*?)\.\.(.*)")


def _refuse(fault: object) -> NoReturn:
    typer.echo(f"hearth sample: {fault}", err=True)
    raise typer.Exit(1)


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text.strip()):
        raise ValueError(f"--{name} [{text}] is not a whole number; write it in digits")
    return int(text)


def _share(name: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text.strip()):
        raise ValueError(f"--{name} [{text}] is not a number of 0 or more; write it in digits, such as 0.15")
    return float(text)


def parse_periods(text: str) -> list[Period]:
    """Months from ``2026-09,2026-10`` and ranges such as ``2025-11..2026-10``, both ends included.

    Raises ValueError, with the value in brackets, for what is no month and for a range that ends before it begins.
    """
    found: list[Period] = []
    for part in (piece.strip() for piece in text.split(",")):
        if ends := _RANGE.fullmatch(part):
            first, last = Period.parse(ends[1].strip()), Period.parse(ends[2].strip())
            if last < first:
                raise ValueError(f"[{part}] ends before it begins; write the earlier month first")
            found += [first.shift(step) for step in range(last.months_since(first) + 1)]
        else:
            found.append(Period.parse(part))
    return found


@sample_app.command("sample")
def write_sample(  # noqa: PLR0917 - typer reads options from the signature
    households: Annotated[str, typer.Option(metavar="INTEGER", help="Households of the register.")] = "3200",
    periods: Annotated[
        str, typer.Option(help="Months, separated by commas; 2025-11..2026-10 for a range.")
    ] = "2026-09,2026-10",
    seed: Annotated[
        str, typer.Option(metavar="INTEGER", help="Another seed, other people; the same seed, the same bytes.")
    ] = "7",
    processes: Annotated[
        str | None, typer.Option(metavar="INTEGER", help="Default: one for each core. The bytes stay the same.")
    ] = None,
    surrounding: Annotated[
        str, typer.Option(metavar="NUMBER", help="Households outside the register, per register household; 0 for none.")
    ] = str(OUTSIDER_SHARE),
    manifest: Annotated[Path | None, typer.Option(help="Where to write what was planted; never in the bucket.")] = None,
    key: Annotated[Path | None, typer.Option(help="Folder of the answer key; never below the bucket.")] = None,
) -> None:
    """Put the sample county's files into the inbox: invented people, real villages, known faults."""
    from hearth.bucket import bucket
    from ingestion.sample.county import check_request, write_county

    target = manifest or settings().home / "sample" / "manifest.json"
    folder = key or settings().home / "sample" / "key"
    try:
        wanted, size, start = parse_periods(periods), _number("households", households), _number("seed", seed)
        workers = None if processes is None else _number("processes", processes)
        around = _share("surrounding", surrounding)
        check_request(wanted, size, key=folder, processes=workers, outside=[target], surrounding=around)
        earlier = _earlier(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        root = bucket()
    except ValueError as fault:
        _refuse(fault)
    except OSError as fault:
        _refuse(_said(fault))
    try:
        made = write_county(wanted, size, start, root, key=folder, processes=workers, surrounding=around)
        (made.beside(earlier) if earlier is not None else made).write(target)
    except OSError as fault:
        _refuse(_said(fault))
    names = ", ".join(map(str, wanted))
    typer.echo(f"{len(made.files)} files for {names}; manifest: {target}; answer key: {folder}")


def _earlier(path: Path) -> Manifest | None:
    if not path.exists():
        return None
    try:
        return read_manifest(path)
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"manifest [{path}] is not one that hearth sample wrote; delete it or name another with --manifest"
        ) from None


def _said(fault: OSError) -> str:
    return f"[{fault.filename or 'disk'}] cannot be written: {fault.strerror or fault}; make room or name another place"
