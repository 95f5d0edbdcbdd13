"""Search of the site where no server is: pages that are opened from a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.browser import browser
from tests.docs.pages import ROOT
from tools.site import hooks

__all__ = ["browser"]  # the fixture

WORKER = "addEventListener('message', (event) => postMessage([document.scripts.length, event.data + 1]));"
PAGE = """<!doctype html><head><script src="search.js"></script></head><body><script>
  const heard = [], worker = new Worker("worker.js");
  worker.addEventListener("message", (event) => heard.push(event.data));
  worker.postMessage(1);
  worker.postMessage(41);
</script></body>"""


def test_a_frame_does_what_a_worker_would(browser: Any, tmp_path: Path) -> None:
    """Every message gets its answer, out of a document of its own."""
    shutil.copy(ROOT / "docs" / "search.js", tmp_path)
    (tmp_path / "worker.js").write_text(WORKER, encoding="utf-8")
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_function("heard.length == 2")
    assert page.evaluate("heard") == [[1, 2], [1, 42]]
    page.close()


def test_the_index_is_there_as_a_script(tmp_path: Path) -> None:
    index = {"docs": [{"text": "</script> it's"}]}
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search_index.json").write_text(json.dumps(index), encoding="utf-8")
    hooks.on_post_build(SimpleNamespace(site_dir=str(tmp_path)))  # type: ignore[arg-type]
    text = (tmp_path / "search" / "search_index.js").read_text(encoding="utf-8")
    assert json.loads(text.removeprefix("var __index = ")) == index
