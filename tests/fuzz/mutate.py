"""Files made worse: bits, lengths, parts, tags, encodings and figures, from a seed, always the same."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence

_HUGE = (
    b"0",
    b"-1",
    b"9" * 30,
    b"1e308",
    b"1e400",
    b"-1e-400",
    b"nan",
    b"inf",
    b"1048577",
    b"65536",
    b"2147483648",
    b"",
)
_WORDS = (
    "=cmd|' /C calc'!A0", "\x00", "\ufffd", "锟斤拷", '"', '""', "'", "\u202e", "\ud7ff", "合计", "小计", "注：",
    "{.idCard}", "2019.1", "99.13.40", "二〇一九年", "1e5", "0x1F", "１２３", "∞", "一", "-",
    "／", "\u3000" * 50, "x" * 5000, ",,,,", "\t\t", "2019-02-30", "24:61", "52009919800101001X",
    "999999999999999999", "5.2E+17", "#REF!", "TRUE", "是否", "万元", "％",
)  # fmt: skip
_CODECS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "big5", "shift_jis")
_TAG = re.compile(rb"<[^<>]{1,200}>")
_FIGURE = re.compile(rb"(?<=[\">=])[0-9]{1,12}(?=[\"<])")


def _flip(rng: random.Random, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def _set(rng: random.Random, data: bytes) -> bytes:
    raw = bytearray(data)
    place = rng.randrange(len(raw))
    count = min(rng.choice((1, 2, 4, 8)), len(raw) - place)
    raw[place : place + count] = bytes([rng.choice((0, 0xFF, 0x7F, 0x80))]) * count
    return bytes(raw)


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _drop(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 200) :]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randrange(1, 300)]
    return data[:start] + piece * rng.choice((2, 3, 20)) + data[start:]


def _splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.choice(_WORDS).encode(rng.choice(("utf-8", "gb18030")), "replace") + data[place:]


def _recode(rng: random.Random, data: bytes) -> bytes:
    for codec in ("utf-8", "gb18030", "utf-16"):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        return text.encode(rng.choice(_CODECS), "replace")
    return _flip(rng, data)


def _figure(rng: random.Random, data: bytes) -> bytes:
    places = list(_FIGURE.finditer(data))
    if not places:
        return _insert(rng, data)
    match = rng.choice(places)
    return data[: match.start()] + rng.choice(_HUGE) + data[match.end() :]


def _tags(rng: random.Random, data: bytes) -> bytes:
    tags = list(_TAG.finditer(data))
    if not tags:
        return _drop(rng, data)
    one, two = rng.choice(tags), rng.choice(tags)
    match rng.randrange(4):
        case 0:
            return data[: one.start()] + data[one.end() :]
        case 1:
            return data[: one.start()] + one[0] * rng.choice((2, 50)) + data[one.end() :]
        case 2:
            return data[: one.start()] + two[0] + data[one.end() :]
        case _:
            return data[: one.end()] + rng.choice(_WORDS).encode("utf-8", "replace") + data[one.end() :]


def _lines(rng: random.Random, data: bytes) -> bytes:
    """Rows of a text table lost, doubled, swapped or glued together."""
    lines = data.split(b"\n")
    if len(lines) < 3:
        return _drop(rng, data)
    place = rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[rng.randrange(len(lines))])
        case 2:
            rng.shuffle(lines)
        case _:
            cells = re.split(rb"[,;\t]", lines[place])
            cells[rng.randrange(len(cells))] = rng.choice(_WORDS).encode("gb18030", "replace")
            lines[place] = b",".join(cells)
    return b"\n".join(lines)


_ANY: tuple[Callable[[random.Random, bytes], bytes], ...] = (_flip, _set, _cut, _drop, _repeat, _insert)
_TEXT = (_recode, _figure, _tags, _lines, _insert, _lines, _figure, _tags)


def _package(rng: random.Random, data: bytes) -> bytes:
    """Parts of a workbook changed inside, packed again with right checksums; some lost, doubled or renamed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        chosen = rng.choice([name for name in names if name.startswith("xl/")])
        action = rng.randrange(10)
        for name in names:
            part = source.read(name)
            if name == chosen:
                if action == 0:
                    continue
                if action == 1:
                    target.writestr(rng.choice(("../evil", "xl/vbaProject.bin", "/abs", "x" * 300)), part)
                if action == 2:
                    part = rng.choice((b"", b"<a/>", source.read(rng.choice(names))))
                if action > 2:
                    for _ in range(rng.choice((1, 1, 3))):
                        part = rng.choice((*_ANY, _figure, _tags, _figure, _tags, _figure, _tags))(rng, part or b"<a/>")
            target.writestr(name, part)
    return out.getvalue()


def mutate(rng: random.Random, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """One file of `files` made worse; its name says which it was."""
    name = rng.choice(list(files))
    data = files[name]
    if data.startswith(b"PK"):
        changes = (_package, _package, _package, *_ANY)
    elif data.startswith(b"\xd0\xcf"):
        changes = _ANY
    else:
        changes = (*_TEXT, *_ANY)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if rng.random() < 0.05:
            data = _splice(rng, data, list(files.values()))
        else:
            change = rng.choice(changes)
            try:
                data = change(rng, data) if data else data
            except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, LookupError, RuntimeError):
                data = _flip(rng, data)
            except Exception as problem:
                if type(problem).__name__ != "error":  # zlib.error
                    raise
    return name, data
