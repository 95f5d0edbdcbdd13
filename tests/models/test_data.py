"""The made-up data are what they claim to be."""

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest

from models.faces import crops
from models.files import KINDS, make
from models.magika.recipe import encoded
from models.metrics import agreement, auc, cosine, iou
from models.pictures import noisy, normalized, page, resize, text_line
from models.recipe import Array, Feeds
from models.sentences import CLS, SEP, sentences
from models.sounds import RATE, babble, hum, mixed, speech_windows


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == pytest.approx(3.5 / 4)
    assert auc(np.array([0.0]), np.array([1.0])) == 0.0


def test_iou_and_cosine_by_hand() -> None:
    assert iou(np.array([True, True, False]), np.array([False, True, True])) == pytest.approx(1 / 3)
    assert iou(np.zeros(3, np.bool_), np.zeros(3, np.bool_)) == 0.0
    assert cosine(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(0.5**0.5)


def test_agreement_picks_its_output() -> None:
    def dense(feeds: Feeds) -> list[Array]:
        return [feeds["x"], feeds["x"]]

    def flipped(feeds: Feeds) -> list[Array]:
        return [2 * feeds["x"], -feeds["x"]]

    calls = [{"x": np.arange(1.0, 4.0)}]
    assert agreement(flipped, dense, calls) == pytest.approx(1)
    assert agreement(flipped, dense, calls, output=1) == pytest.approx(-1)


def test_ink_lies_inside_the_boxes() -> None:
    sheet, boxes = page(np.random.default_rng(0), 224, 224)
    assert len(boxes) > 3
    for top, left, bottom, right in boxes:
        assert sheet[top:bottom, left:right].min() < 100
        sheet[top:bottom, left:right] = 255
    assert sheet.min() == 255


def test_pictures_have_the_size_asked_for() -> None:
    line = resize(text_line("signal", 30), 48, 100)
    assert line.shape == (48, 100)
    assert line.min() < 50
    grey = normalized(line, (0.5,) * 3, (0.5,) * 3)
    assert grey.shape == (1, 3, 48, 100)
    assert grey.dtype == np.float32
    assert -1 <= grey.min() < grey.max() <= 1


def test_noise_has_its_deviation() -> None:
    flat = np.full((200, 200), 128, np.uint8)
    assert noisy(flat, np.random.default_rng(0), 8.0).std() == pytest.approx(8, rel=0.05)


def test_mixing_meets_the_ratio() -> None:
    random = np.random.default_rng(0)
    voice, noise = babble(random, 1.0), 0.1 * hum(random, 1.0)
    assert len(voice) == len(noise) == RATE
    added = mixed(voice, noise, 10) - voice
    assert 10 * np.log10(np.mean(voice**2) / np.mean(added**2)) == pytest.approx(10, abs=0.1)


def test_speech_windows_overlap_by_their_context() -> None:
    (windows, voiced), (_, unvoiced) = speech_windows(2, seed=0)
    assert windows.shape == (62, 576)
    assert (voiced, unvoiced) == (True, False)
    assert np.array_equal(windows[0, 512:], windows[1, :64])
    assert not windows[0, :64].any()


@pytest.mark.parametrize("kind", KINDS)
def test_files_differ_and_are_long_enough(kind: str) -> None:
    random = np.random.default_rng(0)
    first, second = make(kind, random), make(kind, random)
    assert first != second
    assert min(len(first), len(second)) > 100


def test_files_open_with_their_readers() -> None:
    random = np.random.default_rng(0)
    assert zipfile.ZipFile(io.BytesIO(make("zip", random))).testzip() is None
    with tarfile.open(fileobj=io.BytesIO(make("tar", random))) as archive:
        assert len(archive.getnames()) == 3
    assert json.loads(make("json", random))[0]["id"] == 0
    assert np.load(io.BytesIO(make("npy", random))).shape == (40, 10)


def test_pngs_open_with_pillow() -> None:
    from PIL import Image

    with Image.open(io.BytesIO(make("png", np.random.default_rng(0)))) as image:
        image.load()
        assert image.mode == "RGB"


def test_magika_features_of_a_short_file() -> None:
    features = encoded(b"  ab\n")
    assert features[0, :3].tolist() == [97, 98, 10]
    assert features[0, -4:].tolist() == [32, 32, 97, 98]
    assert (features[0, 3:-4] == 256).all()


def test_sentences_are_framed_and_padded() -> None:
    (call,) = sentences(1, seed=0, length=16)
    for ids, mask in zip(call["input_ids"], call["attention_mask"], strict=True):
        used = int(mask.sum())
        assert ids[0] == CLS
        assert ids[used - 1] == SEP
        assert not ids[used:].any()
        assert mask[:used].all()


def test_crops_are_scaled() -> None:
    (batch,) = crops(1, seed=0, side=24)
    assert batch.shape == (4, 24, 24, 3)
    assert -1 <= batch.min() < batch.max() <= 1
