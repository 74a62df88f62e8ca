"""One call of dbt in a process of its own: ``python -m hearth.dbt_process <parse flags> -- <command and its flags>``.

dbt parses the whole project anew whenever the variables of the command line differ, and every build has its own. The
project is therefore parsed without them, which finds the last parse still good, and the command runs on that parse.
What is parsed must not depend on the build; a test looks for it.
"""

from __future__ import annotations

import sys

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest


def main(arguments: list[str]) -> int:
    """Exit status of the command: 0 done, 1 some node failed, 2 it could not run."""
    at = arguments.index("--")
    common, command = arguments[:at], arguments[at + 1 :]
    parsed = dbtRunner().invoke([*common, "parse"])
    if not parsed.success or not isinstance(parsed.result, Manifest):
        print(parsed.exception)
        return 2
    outcome = dbtRunner(manifest=parsed.result).invoke([*common, *command])
    if outcome.exception is not None:
        print(outcome.exception)
        return 2
    return 0 if outcome.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
