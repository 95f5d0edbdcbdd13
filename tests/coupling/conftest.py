import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def short_collections() -> Iterator[None]:
    """A proof collects garbage before it runs models; what was imported by then need not be searched every time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
