import math

import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import BenchResult, Ratio, Samples, bench, bootstrap_ratio

RELU = "g (float[b,4] x) => (float[b,4] y) { y = Relu(x) }"
QUICK = {"rounds": 3, "warmup": 1, "min_seconds": 0.0}


def test_ratio_of_medians():
    ratio = bootstrap_ratio([2.0, 4.0, 90.0], [1.0, 2.0, 45.0])
    assert ratio.value == 2.0
    assert ratio.low == ratio.high == 2.0  # the rounds are drawn in pairs: 2 and 1, 4 and 2, 90 and 45


def test_interval_holds_the_ratio_and_narrows_with_more_rounds():
    rng = np.random.default_rng(0)

    def interval(rounds):
        return bootstrap_ratio(rng.normal(3.0, 0.3, rounds), rng.normal(2.0, 0.2, rounds))

    few, many = interval(10), interval(1000)
    for ratio in (few, many):
        assert ratio.low < 1.5 < ratio.high
        assert ratio.low <= ratio.value <= ratio.high
    assert (many.high - many.low) < (few.high - few.low) / 3


def test_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(100):
        ratio = bootstrap_ratio(rng.lognormal(0, 0.1, 30), rng.lognormal(0, 0.1, 30))
        hits += ratio.low <= 1 <= ratio.high
    assert 88 <= hits <= 100


def test_the_seed_decides_the_interval():
    base, other = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.5, 1.0, 2.5, 2.0]
    assert bootstrap_ratio(base, other, seed=1) == bootstrap_ratio(base, other, seed=1)


def test_ratio_of_what_cannot_be_compared():
    assert bootstrap_ratio([1.0, 2.0], [0.0, 0.0]) == Ratio(math.inf, math.inf, math.inf)
    with pytest.raises(InputError, match="not 2 and 1"):
        bootstrap_ratio([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match="not 0 and 0"):
        bootstrap_ratio([], [])


def test_result_on_given_samples():
    dense = Samples(wall=(4.0, 6.0, 5.0), cpu=(8.0, 12.0, 10.0))
    pruned = Samples(wall=(2.0, 3.0, 2.5), cpu=(2.0, 3.0, 2.5))
    result = BenchResult(("dense", "pruned"), (dense, pruned))
    assert [result.median(0), result.fastest(0), result.cpu_median(0)] == [5.0, 4.0, 10.0]
    assert result.ratio(1).value == 2.0
    assert result.cpu_ratio(1).value == 4.0
    assert result.ratio(0, base=1).value == 0.5
    assert result.ratio(0).value == 1.0


def test_two_models_in_one_process(build, save):
    told = []
    result = bench([save(RELU), build(RELU)], progress=lambda *step: told.append(step), **QUICK)
    assert result.labels[0].endswith("model.onnx")
    assert result.labels[1].startswith("a model of ")
    assert [len(samples.wall) for samples in result.samples] == [3, 3]
    assert min(seconds for samples in result.samples for seconds in samples.wall) > 0
    assert told[-1] == (3, 3)


def test_given_feeds_and_bfloat16(build):
    text = "g (bfloat16[b] x) => (bfloat16[b] y) { y = Identity(x) }"
    assert len(bench([build(text)], feeds={"x": np.ones(3, np.float32)}, **QUICK).samples[0].cpu) == 3
    with pytest.raises(InputError, match="could not run"):
        bench([build(RELU)], feeds={"x": np.ones((2, 5), np.float32)}, **QUICK)


def test_a_fixed_batch_beside_a_dynamic_one(build):
    assert bench([build(RELU), build(RELU.replace("b,", "7,"))], **QUICK).median(1) > 0


def test_models_that_cannot_be_fed_alike(build, save):
    with pytest.raises(InputError, match=r"'x' differs between .*model\.onnx and a model of"):
        bench([save(RELU), build(RELU.replace("4", "5"))], **QUICK)


def test_nothing_to_measure(build):
    with pytest.raises(InputError, match="got 0 and 30"):
        bench([])
    with pytest.raises(InputError, match="got 1 and 0"):
        bench([build(RELU)], rounds=0)
