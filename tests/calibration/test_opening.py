"""What a text is taken for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onnxprune.calibration import open_data
from onnxprune.calibration.registry import sources
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec

X = [InputSpec("x", "float32", ("batch", 2))]


def test_every_source_is_named_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    assert len(sources()) == 7
    for one in sources():
        assert f"`{one.form}`" in text


@pytest.mark.parametrize("text", ["nowhere.npz", "nowhere", "", "a b:c", "1:f", "/nowhere/calib.jsonl", "a:b:c"])
def test_what_isnt_there(text: str) -> None:
    with pytest.raises(InputError, match=rf"^{text}: no such file or folder; there are .*FILE\.npz, .*random$"):
        open_data(text, X)


def test_a_name_that_is_too_long() -> None:
    with pytest.raises(InputError, match=r"x\.npz: "):
        open_data("x" * 5000 + ".npz", X)


def test_what_isnt_data(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "notes.txt"):
        if path.suffix:
            path.touch()
        with pytest.raises(InputError, match="isn't data of a known form"):
            open_data(str(path), X)


def test_a_folder_of_two_kinds(tmp_path: Path) -> None:
    for name in ("a.png", "a.npy"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"several kinds: FOLDER of \.npz or \.npy files, FOLDER of pictures$"):
        open_data(str(tmp_path), X)


def test_models_without_inputs_and_samples_that_are_none() -> None:
    with pytest.raises(InputError, match="the model has no inputs"):
        open_data("random", [])
    with pytest.raises(InputError, match="must be positive, but is 0"):
        open_data("random", X, samples=0)


def test_a_description_is_for_pictures(tmp_path: Path) -> None:
    np.save(tmp_path / "calib.npy", np.zeros((1, 2)))
    with pytest.raises(InputError, match=r"p\.toml: says what becomes of pictures, but .* is of the form FILE\.npy"):
        open_data(str(tmp_path / "calib.npy"), X, preprocess=Path("p.toml"))


def test_random() -> None:
    specs = [*X, InputSpec("ids", "int64", ("batch", "sequence"))]
    data = open_data("random", specs, samples=10, bounds={"ids": 3})
    assert data.synthetic and data.rows == (1,) * 10 and data[0]["ids"].shape == (1, 16)
    assert max(call["ids"].max() for call in data) == 2 and (data[0]["x"] != data[1]["x"]).all()
    np.testing.assert_array_equal(data[3]["x"], open_data("random", specs, samples=10)[3]["x"])
    longer = open_data("random", specs, samples=10, dims={"batch": 4, "sequence": 5})
    assert longer.rows == (4, 4) and longer[0]["ids"].shape == (4, 5)
    assert len({open_data("random", specs, seed=seed).digest for seed in (0, 0, 1)}) == 2


def test_random_samples_come_together() -> None:
    """The same draws, several in a call, where every input leaves open how many there are."""
    specs, like = [InputSpec("x", "float32", ("batch", 3))], {"x": np.zeros((1, 3), np.float32)}
    alone, data = (open_data("random", specs, samples=10, like=like, together=n) for n in (1, 4))
    assert data.rows == (4, 4, 2) and data.batch == {"x": 0} and alone.rows == (1,) * 10 and not alone.batch
    np.testing.assert_array_equal(np.concatenate([c["x"] for c in data]), np.concatenate([c["x"] for c in alone]))
    fixed = [*specs, InputSpec("s", "float32", (2,))]
    mixed = open_data("random", fixed, samples=10, like={**like, "s": np.zeros(2, np.float32)}, together=4)
    assert mixed.rows == (1,) * 10
