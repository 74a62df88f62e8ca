"""The whole intake path in an S3-compatible store, spoken to over HTTP: versions, halves, long listings, failures."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3  # type: ignore[import-untyped]  # no stubs: one client of a test does not need them
import openpyxl
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from hearth.bucket import bucket
from hearth.settings import Settings, settings
from ingestion import ledger
from ingestion.arrivals import code_key
from ingestion.intake import discover, take
from ingestion.receipt import RETURN_NAME
from tests.integration.ingestion.dibao_files import FOLDER, HEADERS, KEY, drop, good, name, person, workbook
from tests.integration.ingestion.returned import mend, raw_rows, send_back, states, wrong

STORE = "county-files"
Answer = Callable[..., Any]


@dataclass
class Store:
    """A real HTTP server that speaks S3, and fails when it is told to."""

    fails_every: int = 0
    """0: never. n: each n-th call is answered with 503, or for 1 all of them."""
    calls: int = 0
    failed: int = 0
    url: str = ""
    prefix: str = ""
    """Each test has its own folder of the store."""

    def __post_init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start: Answer) -> Iterable[bytes]:
        self.calls += 1
        if self.fails_every and self.calls % self.fails_every == 0:
            self.failed += 1
            body = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            start("503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        answer: Iterable[bytes] = self._app(environ, start)
        return answer

    def key(self, inside: str) -> str:
        """Key of an object as the store has it."""
        return f"{self.prefix}/{inside}"

    @property
    def client(self) -> Any:
        """A sender's own client."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="sender",
            aws_secret_access_key="of a test",  # noqa: S106 - the server of this test asks for none
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    found = Store()
    running = make_server("127.0.0.1", 0, found, threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{running.port}"
    found.client.create_bucket(Bucket=STORE)
    found.client.put_bucket_versioning(Bucket=STORE, VersioningConfiguration={"Status": "Enabled"})
    yield found
    running.shutdown()
    thread.join()


@pytest.fixture
def store(server: Store, clean_warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store as the bucket of the installation: three settings, as an operator sets them."""
    server.prefix = f"installation{server.calls}"
    patience = {"retries": {"mode": "standard", "total_max_attempts": 4}}
    extra = {"endpoint_url": server.url, "region_name": "us-east-1", "config_kwargs": patience}
    connection = {"conn_type": "aws", "login": "hearth", "password": "of a test", "extra": extra}
    monkeypatch.setenv("HEARTH_BUCKET_URL", f"s3://{STORE}/{server.prefix}")
    monkeypatch.setenv("HEARTH_BUCKET_CONN_ID", "hearth_bucket")
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_BUCKET", json.dumps(connection))
    settings.cache_clear()
    yield server
    server.fails_every = 0
    monkeypatch.undo()
    settings.cache_clear()


def test_the_whole_path(store: Store) -> None:
    data = workbook(wrong())
    drop(KEY, data)
    assert discover("civil_affairs") == [code_key(KEY)]
    (key,) = discover("civil_affairs")
    first = take(key)
    assert (first.state, first.rows_accepted, first.rows_rejected) == ("partially_accepted", 38, 2)
    assert len(raw_rows(first.submission_id)) == 38
    kept = {entry["Key"] for entry in store.client.list_objects_v2(Bucket=STORE)["Contents"]}
    assert store.key(f"archive/{first.sha256[:2]}/{first.sha256}") in kept
    assert {f"{store.key(first.folder_key)}/{part}" for part in ("receipt.json", "回执.xlsx", RETURN_NAME)} <= kept
    assert store.key(KEY) not in kept
    again = send_back(mend(first, {(row, HEADERS["covered_count"]): "2" for row in (6, 11)}))
    assert (again.state, again.rows_accepted) == ("accepted", 40)
    assert states() == {first.submission_id: "superseded", again.submission_id: "accepted"}
    assert discover("civil_affairs") == []
    drop(KEY, data)
    assert take(KEY).submission_id == first.submission_id


def test_the_newest_of_several_versions_is_taken(store: Store) -> None:
    for count in (3, 30, 20):
        store.client.put_object(Bucket=STORE, Key=store.key(KEY), Body=workbook(good(count)))
    assert take(KEY).rows_accepted == 20
    assert discover("civil_affairs") == []  # older versions lie under a mark of deletion
    store.client.put_object(Bucket=STORE, Key=store.key(KEY), Body=workbook(good(21)))
    assert [take(key).rows_accepted for key in discover("civil_affairs")] == [21]


def test_half_of_a_multipart_upload_is_not_there(store: Store) -> None:
    place = {"Bucket": STORE, "Key": store.key(KEY)}
    upload = store.client.create_multipart_upload(**place)["UploadId"]
    part = store.client.upload_part(**place, UploadId=upload, PartNumber=1, Body=workbook(good(20)))
    assert discover("civil_affairs") == []
    done = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    store.client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=done)
    assert [take(key).state for key in discover("civil_affairs")] == ["accepted"]


def test_a_listing_of_more_than_a_thousand_keys_is_read_to_its_end(store: Store) -> None:
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    shelf = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]  # a thousand calls over HTTP would be a test of HTTP
    for number in range(1_010):
        shelf.put_object(STORE, store.key(f"{FOLDER}/dibao/{number:04d}.xlsx"), b"x")
    drop(f"{FOLDER}/低保乙.xlsx", workbook(good(20)))
    store.calls = 0
    found = discover("civil_affairs")
    assert len(set(found)) == 1_011
    assert store.calls < 10  # pages, not files
    assert take(code_key(f"{FOLDER}/低保乙.xlsx")).state == "accepted"


def test_a_store_that_fails_every_fifth_call_costs_nothing(store: Store) -> None:
    drop(KEY, workbook(wrong()))
    store.calls, store.failed, store.fails_every = 0, 0, 5
    (key,) = discover("civil_affairs")
    receipt = take(key)
    store.fails_every = 0
    assert store.failed > 2
    assert (receipt.state, receipt.rows_accepted, receipt.rows_rejected) == ("partially_accepted", 38, 2)
    assert len(raw_rows(receipt.submission_id)) == 38
    book = openpyxl.load_workbook(io.BytesIO((bucket() / receipt.folder_key / RETURN_NAME).read_bytes()))
    assert len(book.sheetnames) >= 2


def test_a_store_that_is_away_leaves_everything_to_the_next_attempt(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    key = drop(f"{FOLDER}/低保{name(4)}.xlsx", workbook([*good(20), person(21)]))
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)  # its patience is the library's; here only the end counts
    store.fails_every = 1
    with pytest.raises(OSError, match="in the bucket") as caught:
        take(key)
    assert name(4) not in str(caught.value) + repr(caught.value)
    with pytest.raises(OSError, match="in the bucket"):
        discover("civil_affairs")
    store.fails_every = 0
    assert ledger.submissions() == []
    assert take(key).state == "accepted"
