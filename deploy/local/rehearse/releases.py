"""Two releases that come after this one: the first adds to a service's schema, the second takes away.

What they add is of no use to anybody; how they are put out and taken back is what is rehearsed.
"""

import shutil
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

EXPANDS = '''"""Adds a column that code of before does not know."""

from alembic import op

revision = "rehearsed_1"
down_revision = "{before}"
old_code_runs = True


def upgrade() -> None:
    """Add."""
    op.execute("alter table decisions add column rehearsed text")
'''
CONTRACTS = '''"""Takes the column away again: of the two releases before, only one does without it."""

from alembic import op

revision = "rehearsed_2"
down_revision = "rehearsed_1"


def upgrade() -> None:
    """Take away."""
    op.execute("alter table decisions drop column rehearsed")
'''


def expanding(migrations: Path, folder: Path) -> Path:
    """The folder of migrations of a release that adds something; `migrations` are those of today."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    head = ScriptDirectory.from_config(config).get_current_head()
    shutil.copytree(migrations, folder)
    (folder / "versions" / "rehearsed_1.py").write_text(EXPANDS.format(before=head))
    return folder


def contracting(expanded: Path, folder: Path) -> Path:
    """The same of a release after it, that takes something away."""
    shutil.copytree(expanded, folder)
    (folder / "versions" / "rehearsed_2.py").write_text(CONTRACTS)
    return folder
