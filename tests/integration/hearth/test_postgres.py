"""The embedded server, where its system user may not go: a data folder below one that is closed to others."""

from __future__ import annotations

import shutil
from pathlib import Path

from hearth.database import Role, connect
from hearth.migrate import migrate
from hearth.services import postgres
from tests.conftest import free_port
from tests.end_to_end.conftest import environment


def test_a_closed_folder_is_no_obstacle(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with environment(HEARTH_HOME=str(closed / "home"), HEARTH_PG_PORT=str(free_port()), HEARTH_PG_FSYNC="false"):
        data = postgres.data_dir()
        try:
            with postgres.running():
                migrate()
                with connect(Role.READER) as connection:
                    assert connection.execute("select current_user").fetchone() == ("hearth_reader",)
        finally:
            shutil.rmtree(data.parent, ignore_errors=True)
