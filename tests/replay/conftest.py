"""A small generated shop, recorded."""

from pathlib import Path

import pytest

from storefront.recorded import recording_of, told
from storefront.recorded.export import export
from storefront.saying import Said

ORDERS = 30


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop with so many orders, in Olist's layout."""
    folder = tmp_path_factory.mktemp("recorded")
    export(7, folder, ORDERS)
    return folder


@pytest.fixture(scope="session")
def said(recorded: Path) -> list[Said]:
    """What that shop said."""
    return told(recording_of(recorded).orders)
