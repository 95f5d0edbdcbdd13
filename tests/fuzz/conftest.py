import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def short_collections() -> Iterator[None]:
    """Proofs and prunings collect garbage; what was imported by then need not be searched every time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
