"""`python -m deploy.local.rehearse.release SERVICE MIGRATIONS [worker|api|migrate]`: the service as another release.

The same code, but the migrations that it knows are those of a folder: enough to see who starts on which schema.
"""

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from chassis.application import Application
from chassis.main import main


def release(service: str, migrations: Path) -> Application:
    """The service, knowing other migrations."""
    application: Application = import_module(f"{service}.app").application()
    return replace(application, service=replace(application.service, migrations=migrations))


if __name__ == "__main__":
    _, name, folder, *arguments = sys.argv
    sys.argv = [name, *arguments]
    main(lambda: release(name, Path(folder)))
