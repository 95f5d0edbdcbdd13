"""Data in folders of pictures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from onnxprune.calibration import Data, open_data
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec

NCHW = [InputSpec("image", "float32", ("batch", 3, 4, 4))]
NHWC = [InputSpec("image", "float32", ("batch", 4, 4, 3))]
AS_THEY_ARE = 'scale = 1\nresize = "stretch"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is still empty."""
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def draw(path: Path, pixels: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def plain(folder: Path, count: int, description: str = AS_THEY_ARE) -> Path:
    """Pictures whose red is their number."""
    for index in range(count):
        draw(folder / f"{index:03}.png", np.full((4, 4, 3), (index, 100, 200)))
    (folder / "preprocess.toml").write_text(description)
    return folder


def opened(folder: Path, specs: list[InputSpec] = NCHW, **how: Any) -> Data:
    return open_data(str(folder), specs, **how)


def test_the_layout_is_the_models(folder: Path) -> None:
    plain(folder, 2)
    first, last = opened(folder)[0]["image"], opened(folder, NHWC)[0]["image"]
    assert first.shape == (2, 3, 4, 4) and first.dtype == np.float32 and first[1, :, 0, 0].tolist() == [1, 100, 200]
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)


def test_batches(folder: Path) -> None:
    plain(folder, 35)
    assert opened(folder).rows == (32, 3) and opened(folder, samples=5).rows == (5,)
    assert opened(folder, samples=5)[0]["image"][:, 0, 0, 0].tolist() == [0, 7, 14, 21, 28]
    fixed = opened(folder, [InputSpec("image", "float32", (4, 3, 4, 4))])
    assert fixed.rows == (4,) * 8 and "3 pictures at the end, too few for a batch" in fixed.warnings[0]
    with pytest.raises(InputError, match="takes 50 pictures at a time, more than 35"):
        opened(folder, [InputSpec("image", "float32", (50, 3, 4, 4))])


def test_pictures_are_decoded_when_they_are_used(folder: Path) -> None:
    plain(folder, 40)
    data = opened(folder)
    whole = (folder / "035.png").read_bytes()
    (folder / "035.png").write_bytes(whole[:-30])
    assert data[0]["image"].shape[0] == 32
    with pytest.raises(InputError, match=r"035\.png: can't be read as a picture"):
        data[1]


def test_folders_in_the_folder_and_kinds_of_files(folder: Path) -> None:
    plain(folder, 1)
    for name in ("cat/a.JPG", "dog/b.jpeg", "dog/c.bmp", "dog/d.webp"):
        draw(folder / name, np.full((4, 4, 3), 90))
    draw(folder / "gray.png", np.full((4, 4), 90))
    draw(folder / "alpha.png", np.full((4, 4, 4), 90))
    draw(folder / ".hidden.png", np.full((4, 4, 3), 90))
    data = opened(folder)
    assert data.samples == 7 and (abs(data[0]["image"][1:] - 90) <= 2).all()


def test_the_digest_is_of_pictures_and_description(folder: Path) -> None:
    first = opened(plain(folder, 2)).digest
    assert opened(folder).digest == first != opened(plain(folder, 2, 'scale = 2\nresize = "stretch"')).digest
    plain(folder, 2)
    draw(folder / "001.png", np.zeros((4, 4, 3)))
    assert opened(folder).digest != first


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        ("", [1.0, 0.4, 0.2]),
        ("scale = 1", [255, 102, 51]),
        ('color = "bgr"', [0.2, 0.4, 1.0]),
        ("mean = 0.2\nstd = 0.4", [2.0, 0.5, 0.0]),
        ("mean = [1.0, 0.4, 0.2]\nstd = [1, 1, 1]", [0, 0, 0]),
    ],
)
def test_values(folder: Path, description: str, wanted: list[float]) -> None:
    draw(folder / "a.png", np.full((9, 7, 3), (255, 102, 51)))
    (folder / "preprocess.toml").write_text(description)
    found = opened(folder)[0]["image"][0]
    np.testing.assert_allclose(found, np.broadcast_to(np.reshape(wanted, (3, 1, 1)), (3, 4, 4)), atol=1e-6)


def test_gray_and_whole_numbers(folder: Path) -> None:
    plain(folder, 1, 'color = "gray"\nresize = "stretch"')
    assert opened(folder, [InputSpec("image", "float32", (1, 1, 4, 4))])[0]["image"].shape == (1, 1, 4, 4)
    plain(folder, 1, "")
    whole = opened(folder, [InputSpec("image", "uint8", ("n", 4, 4, 3))])[0]["image"]
    assert whole.dtype == np.uint8 and whole[0, 0, 0].tolist() == [0, 100, 200]


def test_resizing(folder: Path) -> None:
    """A wide picture: dark sides, a bright middle as high as it is wide."""
    pixels = np.zeros((8, 24, 3))
    pixels[:, 8:16] = 255
    draw(folder / "a.png", pixels)
    for resize, kept in (("crop", 1.0), ("stretch", 1 / 3), ("pad", 1 / 9)):
        (folder / "preprocess.toml").write_text(
            f'size = 12\nresize = "{resize}"\ncrop = 1.0\ninterpolation = "nearest"'
        )
        found = opened(folder, [InputSpec("image", "float32", ("n", 3, "h", "w"))])[0]["image"]
        assert found.shape == (1, 3, 12, 12) and found.mean() == pytest.approx(kept, abs=0.01)
    (folder / "preprocess.toml").write_text("size = [8, 24]\ncrop = 0.5")
    found = opened(folder, [InputSpec("image", "float32", ("n", 3, "h", "w"))])[0]["image"]
    assert found.shape == (1, 3, 8, 24) and found[..., 4:20].mean() > 0.9


def test_a_description_that_is_given_goes_first(folder: Path, tmp_path: Path) -> None:
    plain(folder, 1)
    (tmp_path / "other.toml").write_text('scale = 2\nresize = "stretch"')
    assert opened(folder, preprocess=tmp_path / "other.toml")[0]["image"][0, 1, 0, 0] == 200
    with pytest.raises(InputError, match=r"none\.toml: No such file"):
        opened(folder, preprocess=tmp_path / "none.toml")


def test_without_a_description(folder: Path) -> None:
    draw(folder / "a.png", np.zeros((4, 4, 3)))
    with pytest.raises(InputError, match=r"write a preprocess\.toml there, one key a line, such as size = 224, "):
        opened(folder)


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("size = ", "isn't TOML: Invalid value"),
        ("sizes = 4", "there is no key 'sizes'; did you mean size"),
        ("x = 4", "there is no key 'x'; the keys are size, resize"),
        ("size = 0", r"size should be a length, or \[height, width\], but is 0"),
        ("size = [4]", "size should be"),
        ("size = true", "size should be"),
        ('resize = "fit"', "resize should be one of crop, stretch, pad, but is 'fit'"),
        ("resize = []", "resize should be one of"),
        ("crop = 1.5", "crop should be a fraction above 0, at most 1, but is 1.5"),
        ('color = "red"', "color should be one of rgb, bgr, gray"),
        ("scale = 0", "scale should be a positive number"),
        ("std = [1, 0, 1]", "std should be positive numbers"),
        ("mean = [1, 2]", "mean should be one number, or 3 for the color rgb"),
        ("mean = [nan]", "mean should be numbers"),
        ("size = 5", r"makes pictures of 5 x 5, but the input 'image' takes \[batch, 3, 4, 4\]"),
        ('color = "gray"', "the input 'image' takes 3 channels, but the color gray has 1"),
    ],
)
def test_bad_descriptions(folder: Path, description: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        opened(plain(folder, 1, description))


def test_models_that_take_no_pictures(folder: Path) -> None:
    plain(folder, 1)
    with pytest.raises(InputError, match=r"the input 'x' \(float32\[n, 16\]\) takes no pictures"):
        opened(folder, [InputSpec("x", "float32", ("n", 16))])
    with pytest.raises(InputError, match="the model has several: image, x"):
        opened(folder, [*NCHW, InputSpec("x", "float32", ("n", 16))])
    with pytest.raises(InputError, match="leaves the size of a picture open"):
        opened(folder, [InputSpec("image", "float32", ("n", 3, "h", "w"))])


def test_what_is_no_picture(folder: Path) -> None:
    plain(folder, 1)
    (folder / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match=r"broken\.png: can't be read as a picture: cannot identify image file$"):
        opened(folder)


def test_without_pillow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(folder, 1)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(InputError, match=r"pictures need Pillow: pip install 'onnxprune\[images\]'"):
        opened(folder)


STANDARD = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}


@pytest.mark.parametrize(
    ("config", "bright"),
    [
        ({"size": 4, **STANDARD}, 1.0),
        ({"size": {"height": 4, "width": 4}, **STANDARD, "do_normalize": False}, 1.0),
        ({"size": {"shortest_edge": 5}, "do_center_crop": True, "crop_size": {"height": 4, "width": 4}}, 1.0),
        ({"size": {"shortest_edge": 4}, "crop_pct": 0.875, "resample": 3, "do_rescale": False}, 255.0),
        ({"size": {"shortest_edge": 4}, "do_center_crop": True, "rescale_factor": 0.1}, 25.5),
    ],
)
def test_hugging_face(folder: Path, config: dict[str, Any], bright: float) -> None:
    draw(folder / "a.png", np.full((8, 8, 3), 255))
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    assert opened(folder)[0]["image"] == pytest.approx(bright)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "isn't JSON"),
        ("[]", "isn't the configuration of a preprocessor"),
        ("{}", "size null, which isn't understood; write a preprocess.toml beside it, such as size = 224"),
        ('{"size": {"shortest_edge": 4}}', 'size {"shortest_edge": 4}, which'),
        ('{"size": {"height": 5, "width": 5}, "do_center_crop": true, "crop_size": 4}', "with crop_size 4, which"),
        ('{"do_resize": false}', "pictures are not resized, which"),
        ('{"size": 4, "image_mean": "x"}', "mean should be numbers"),
    ],
)
def test_configurations_that_arent_understood(folder: Path, text: str, words: str) -> None:
    draw(folder / "a.png", np.zeros((8, 8, 3)))
    (folder / "preprocessor_config.json").write_text(text)
    with pytest.raises(InputError, match=words.replace("{", r"\{").replace("}", r"\}")) as caught:
        opened(folder)
    assert "preprocessor_config.json: " in str(caught.value)
