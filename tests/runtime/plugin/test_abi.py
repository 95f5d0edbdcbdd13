"""The declarations of ONNX Runtime's C ABI against its headers, where these are installed. Nothing is fetched."""

import re
import shutil
from pathlib import Path

import pytest

from tools import abi


@pytest.fixture
def headers() -> Path:
    found = abi.installed()
    if found is None or shutil.which("c++") is None:
        pytest.skip("there are no headers of ONNX Runtime here, or no compiler; see python -m tools.abi --debian")
    return found


def test_the_declarations_are_those_of_the_real_headers(headers):
    assert abi.differences(headers) == ""


def test_a_member_in_the_wrong_place_is_found(headers, tmp_path, monkeypatch):
    shutil.copytree(abi.NATIVE, tmp_path / "native")
    monkeypatch.setattr(abi, "NATIVE", tmp_path / "native")
    table = tmp_path / "native" / "abi" / "api.h"
    table.write_text(table.read_text().replace("ABI_SKIP(8, 9);", "ABI_SKIP(8, 10);"))
    assert "place of Run" in abi.differences(headers)


def test_gaps_begin_where_members_end():
    """A gap says which members it skips; without headers, that much can be counted."""
    text = (abi.NATIVE / "abi" / "api.h").read_text()
    body = text[text.index("ABI_STRUCT(OrtApi)") : text.index("ABI_STRUCT(OrtApiBase)")]
    place = 0
    for kind, first, after in re.findall(r"ABI_(MEMBER|SKIP)\((?:(\d+), (\d+)\))?", body):
        if kind == "SKIP":
            assert place == int(first)
        place = int(after) if kind == "SKIP" else place + 1
    assert place == 362


def test_without_headers_it_says_so(monkeypatch, capsys):
    monkeypatch.delenv("ORT_INCLUDE_DIR", raising=False)
    monkeypatch.setattr(abi, "PLACES", ())
    assert abi.main([]) == 0
    assert "not checked" in capsys.readouterr().err
