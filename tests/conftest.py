import gc
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # the machine may be busy
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files with what is found now")


@pytest.fixture(scope="module", autouse=True)
def short_collections() -> None:
    """Proofs and prunings collect garbage, up to five times a run: of what is there by now, all tests and what they
    import, nothing is garbage, and looking through it takes longer than most of them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the compiler keeps between runs is each test's own; recipes' models stay where they are."""
    folder = tmp_path_factory.getbasetemp() / f"kept-{secrets.token_hex(8)}"
    for user in ("onnxprune.calibration.shelf", "onnxprune.pruning.timings", "onnxprune.sparse.speeds"):
        monkeypatch.setattr(f"{user}.cache_folder", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def forgotten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Modules that a test wrote are gone after it: the next may write others of the same names."""
    before = set(sys.modules)
    yield
    folder = tmp_path_factory.getbasetemp()
    for name in sys.modules.keys() - before:
        known = vars(sys.modules[name])
        places = [known["__file__"]] if known.get("__file__") else list(known.get("__path__", ()))
        if any(Path(place).is_relative_to(folder) for place in places):
            del sys.modules[name]
