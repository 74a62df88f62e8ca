"""A frozen copy of each publication: Parquet, a manifest, checksums; and what readers saw on any day of the past.

The manifest is written last and its hash goes to the ledger: a pack without it is no pack, one that was touched since
does not fit the ledger any more.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from psycopg import sql

from hearth.bucket import bucket
from hearth.database import Role, connect
from publishing.tables import Connection, PublicationError

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "packs"
_ROWS_A_GROUP = 100_000
_log = structlog.get_logger()


class PackError(RuntimeError):
    """A pack cannot be made, or is not what was sealed. The message says which file and what to do."""


def make_pack(publication_id: int) -> str:
    """Write the pack of a publication to the bucket and its seal to the ledger; return the manifest's key.

    Idempotent: a sealed pack is not written again. Rows are in the order of the primary key, so the same publication
    made twice gives the same bytes. Raises PackError when the tables are no longer kept or not what the ledger says.
    """
    with connect(Role.PUBLISHER) as connection:
        sealed = connection.execute(
            "select pack_key from ops.publication_pack where publication_id = %s", [publication_id]
        ).fetchone()
        if sealed is not None:
            return str(sealed[0])
        document = _ledger_of(connection, publication_id)
        key = f"{FOLDER}/{document['county_code']}/{document['period']}/p{publication_id}"
        folder = bucket() / key
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="hearth-pack-") as scratch:
            for entry in document["tables"]:
                made = Path(scratch, f"{entry['table']}.parquet")
                entry.update(_write_table(connection, entry, made))
                (folder / made.name).write_bytes(made.read_bytes())
                made.unlink()
        manifest = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=str).encode()
        (folder / "manifest.json").write_bytes(manifest)
        connection.execute(
            "insert into ops.publication_pack (publication_id, pack_key, manifest_sha256) values (%s, %s, %s)",
            [publication_id, f"{key}/manifest.json", hashlib.sha256(manifest).hexdigest()],
        )
    _log.info("packed", publication_id=publication_id, key=key, tables=len(document["tables"]))
    return f"{key}/manifest.json"


def _ledger_of(connection: Connection, publication_id: int) -> dict[str, Any]:
    row = connection.execute(
        """
        select to_jsonb(p) - array['state', 'ended_at'] || jsonb_build_object(
            'tables', (select jsonb_agg(jsonb_build_object('table', table_name, 'partition', partition_name,
                'rows', row_count, 'checksum', checksum) order by table_name)
                from ops.publication_table as t where t.publication_id = p.publication_id),
            'inputs', (select jsonb_agg(to_jsonb(i) - 'publication_id' order by department, feed)
                from ops.publication_input as i where i.publication_id = p.publication_id),
            'waivers', (select coalesce(jsonb_agg(to_jsonb(w) - 'publication_id' order by suite, expectation), '[]')
                from ops.publication_waiver as w where w.publication_id = p.publication_id),
            'gate', (select to_jsonb(d) from ops.gate_decision as d where d.build_id = p.build_id)
        )
        from ops.publication as p where publication_id = %s
        """,
        [publication_id],
    ).fetchone()
    if row is None:
        raise PackError(f"publication [{publication_id}] does not exist")
    found: dict[str, Any] = row[0]
    return found


def _write_table(connection: Connection, entry: dict[str, Any], target: Path) -> dict[str, Any]:
    """Write one partition as Parquet; return its file, sha256 and columns for the manifest."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    schema = connection.execute(
        "select n.nspname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "where c.relname = %s and n.nspname in ('marts', 'previous')",
        [entry["partition"]],
    ).fetchone()
    if schema is None:
        raise PackError(f"[{entry['partition']}] is no longer kept; a publication is packed before it expires")
    relation = sql.Identifier(str(schema[0]), entry["partition"])
    columns = connection.execute(
        "select attname, format_type(atttypid, atttypmod), format_type(atttypid, null) from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [relation.as_string(connection)],
    ).fetchall()
    keys = connection.execute(
        "select a.attname from pg_index as i "
        "cross join unnest(i.indkey::smallint[]) with ordinality as k (number, place) "
        "join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.number "
        "where i.indrelid = %s::regclass and i.indisprimary order by k.place",
        [relation.as_string(connection)],
    ).fetchall()
    connection.execute("set local datestyle = 'ISO, YMD'")
    connection.execute("set local timezone = 'UTC'")
    fields = pa.schema([(name, _arrow_type(full, base)) for name, full, base in columns])
    # Sorted by bytes: the order must not hang on the server's language.
    text = {name for name, _, base in columns if base in ("text", "character varying", "character")}
    order = sql.SQL(", ").join(
        sql.SQL('{} collate "C"').format(sql.Identifier(name)) if name in text else sql.Identifier(name)
        for (name,) in keys
    )
    statement = sql.SQL("copy (select * from {} order by {}) to stdout (format csv, header)").format(relation, order)
    rows = target.with_suffix(".csv")
    with rows.open("wb") as stream, connection.cursor().copy(statement) as copy:
        for block in copy:
            stream.write(block)
    convert = pa_csv.ConvertOptions(
        column_types=fields, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
        true_values=["t"], false_values=["f"],
    )  # fmt: skip
    # One block: its boundaries would show in the row groups. Bounded by the rows of one table and month.
    table = pa_csv.read_csv(
        rows,
        convert_options=convert,
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
    )
    rows.unlink()
    if table.num_rows != entry["rows"]:
        raise PackError(f"[{entry['table']}] has {table.num_rows} rows where the ledger says {entry['rows']}")
    pq.write_table(table.cast(fields), target, row_group_size=_ROWS_A_GROUP, compression="zstd")
    return {
        "file": target.name,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "columns": {name: full for name, full, _ in columns},
        "key": [name for (name,) in keys],
    }


def _arrow_type(full: str, base: str) -> pa.DataType:
    """Types that Parquet has stay what they are; arrays, stamps and unbounded numbers are text."""
    import pyarrow as pa

    simple = {
        "bigint": pa.int64(),
        "integer": pa.int32(),
        "smallint": pa.int16(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "double precision": pa.float64(),
    }
    if base == "numeric" and "(" in full:
        precision, _, scale = full.partition("(")[2].rstrip(")").partition(",")
        return pa.decimal128(int(precision), int(scale or 0))
    return simple.get(base, pa.string())


def as_published(county_code: str, period: str, moment: datetime) -> int | None:
    """The publication that readers saw at ``moment``, by the ledger of events; None before the first one."""
    with connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "select publication_id, event from ops.publication_event join ops.publication using (publication_id) "
            "where county_code = %s and period = %s and event in ('published', 'restored') and happened_at <= %s "
            "order by event_id desc limit 1",
            [county_code, period, moment],
        ).fetchone()
    return None if row is None else int(row[0])


def read_pack(publication_id: int, table: str | None = None) -> tuple[dict[str, Any], pa.Table | None]:
    """The manifest of a sealed pack and, if asked for, one of its tables; every byte is compared with its seal.

    Raises PackError when there is no pack, no such table, or a file is not what was sealed.
    """
    import pyarrow.parquet as pq

    with connect(Role.PUBLISHER) as connection:
        row = connection.execute(
            "select pack_key, manifest_sha256 from ops.publication_pack where publication_id = %s", [publication_id]
        ).fetchone()
    if row is None:
        raise PackError(f"publication [{publication_id}] has no pack; make it with: hearth pack {publication_id}")
    manifest = bucket() / str(row[0])
    document: dict[str, Any] = json.loads(_sealed(manifest, str(row[1])))
    if table is None:
        return document, None
    entry = next((item for item in document["tables"] if item["table"] == table), None)
    if entry is None:
        raise PackError(f"[{table}] is not in the pack; it holds {[item['table'] for item in document['tables']]}")
    import pyarrow as pa

    return document, pq.read_table(pa.BufferReader(_sealed(manifest.parent / entry["file"], entry["sha256"])))


def _sealed(path: Any, digest: str) -> bytes:
    content: bytes = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise PackError(f"[{path.name}] is not what was sealed; take it from a backup of the bucket")
    return content


def finish(publication_id: int) -> dict[str, str | int | None]:
    """What follows a switch and may be repeated: the restatement with its sheet, and the pack."""
    from publishing.restatement import restate, write_sheet

    try:
        moved = restate(publication_id)
    except PublicationError as error:  # too late to compare is no reason to have no pack
        _log.warning("not restated", publication_id=publication_id, problem=str(error))
        moved = 0
    return {"figures_moved": moved, "sheet": write_sheet(publication_id), "pack": make_pack(publication_id)}
