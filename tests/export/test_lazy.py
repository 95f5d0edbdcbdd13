import logging
import subprocess
import sys
import warnings

import pytest

from onnxprune.errors import InputError
from onnxprune.export import load
from onnxprune.export.quiet import quiet
from onnxprune.words import cause


@pytest.mark.parametrize(
    ("package", "spec", "extra"),
    [
        ("torch", "torch:math:pi", "torch"),
        ("torch", "torchvision:resnet18", "torchvision"),
        ("torchvision.models", "torchvision:resnet18", "torchvision"),
        ("timm", "timm:resnet18", "timm"),
        ("transformers", "transformers:bert", "transformers"),
    ],
)
def test_a_missing_package_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, package: str, spec: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"pip install 'onnxprune\[{extra}\]'"):
        load(spec)


def test_quiet_drops_chatter_and_keeps_errors(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def chatter() -> None:
        print("loading")
        warnings.warn("slow")
        logging.getLogger("framework").error("odd")
        raise KeyError("real")

    with pytest.raises(KeyError, match="real"), quiet():
        chatter()
    assert capsys.readouterr().out == ""
    assert not caplog.records
    logging.getLogger("framework").error("heard again")
    assert [record.message for record in caplog.records] == ["heard again"]


def _wrapped() -> None:
    try:
        raise ValueError("first line\n\nsecond line\nthird line")
    except ValueError as error:
        raise RuntimeError("wrapper") from error


def test_cause_is_the_bottom_of_the_chain_on_one_line() -> None:
    with pytest.raises(RuntimeError) as caught:
        _wrapped()
    assert cause(caught.value) == "ValueError: first line second line"
    assert cause(caught.value, limit=20) == "ValueError: first..."
    assert cause(StopIteration()) == "StopIteration"


def test_importing_the_room_imports_no_framework() -> None:
    code = "import sys, onnxprune.export; print({'torch', 'onnxscript', 'onnx_ir'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
