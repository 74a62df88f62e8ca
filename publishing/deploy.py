"""Set up what lives beyond one month: the parents in ``marts``, the views in ``shared``, what readers may read.

Runs at `hearth up`, before Airflow starts. Does nothing while the dbt project is what it was at the last deployment.
"""

from __future__ import annotations

import structlog

from hearth.database import Role, connect
from hearth.dbt import fingerprint, run_dbt
from hearth.settings import settings
from publishing.access.apply import apply
from publishing.parents import prepare_parents

_NO_BUILD = 0
_NO_PERIOD = "1970-01"  # no build and no submission has it: facts and dimensions of households stay empty
_log = structlog.get_logger()


def deploy(*, force: bool = False) -> bool:
    """Bring parents and shared views to what the dbt project says, rights to what the access files say.

    False if there was nothing to do.
    """
    wanted = fingerprint()
    with connect(Role.OWNER) as connection:
        last = connection.execute("select fingerprint from ops.deployment order by deployed_at desc limit 1").fetchone()
    if last is not None and last[0] == wanted and not force:
        return bool(apply())
    county = settings().county_code
    run_dbt("run", "tag:staging tag:identity tag:marts", build_id=_NO_BUILD, county_code=county, period=_NO_PERIOD)
    prepare_parents()
    run_dbt("run", "tag:shared", build_id=_NO_BUILD, county_code=county, period=_NO_PERIOD)
    apply()
    with connect(Role.OWNER) as connection:
        connection.execute("insert into ops.deployment (fingerprint) values (%s)", [wanted])
    _log.info("deployed")
    return True
