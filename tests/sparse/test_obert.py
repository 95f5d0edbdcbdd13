"""oBERT: the tiles, the Fisher information in them, and costs and moves against what minimising by hand gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from onnxprune.coupling import analyze
from onnxprune.graph import Model, from_proto, normalize
from onnxprune.repair import Work
from onnxprune.sparse import Pattern, Task, Wanted, get, sparsify
from onnxprune.sparse.fisher import Tiles, information
from onnxprune.sparse.insight import Insight
from onnxprune.sparse.methods.obert import _costs
from onnxprune.sparse.task import Known
from tests.oracle import build

PATTERNS = ["unstructured", "2:4", "4x1", "16x1", "64x1", "1x5", "8x8", "32x4", "30x7", "128x1"]


def _fisher(pattern: str, shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Of gradients that are tied to each other."""
    random, tiles = np.random.default_rng(seed), Tiles.of(Pattern.parse(pattern))
    mixing = random.standard_normal((shape[1], shape[1]))
    samples = [{"w": random.standard_normal(shape) @ mixing} for _ in range(200)]
    return information(samples, {"w": tiles.cut})["w"]


def _task(pattern: str, shape: tuple[int, int], sparsity: float, seed: int = 0, damping: float = 1e-4) -> Task:
    target = np.random.default_rng([seed, 1]).standard_normal(shape)
    return Task(target, Pattern.parse(pattern), sparsity, damping=damping, known=Known(_fisher(pattern, shape, seed)))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("shape", [(32, 20), (33, 130), (5, 3)])
def test_tiles_hold_every_weight_once(pattern: str, shape: tuple[int, int]) -> None:
    tiles, matrix = Tiles.of(Pattern.parse(pattern)), np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    cut = tiles.cut(matrix)
    np.testing.assert_array_equal(tiles.paste(cut, shape), matrix)
    assert sorted(cut[cut > 0]) == matrix.ravel().tolist() and tiles.size <= 128


@pytest.mark.parametrize("pattern", ["4x1", "8x8", "1x5", "32x4"])
def test_a_block_lies_in_whole_pieces(pattern: str) -> None:
    """No piece of a tile has weights of two blocks."""
    found = Pattern.parse(pattern)
    tiles, shape = Tiles.of(found), (64, 40)
    blocks = found.summed(np.ones(shape)).shape
    number = found.spread(np.arange(1.0, np.prod(blocks) + 1).reshape(blocks), shape)
    pieces = tiles.cut(number).reshape(-1, tiles.high * tiles.wide)
    assert all(len(set(piece[piece > 0])) <= 1 for piece in pieces)


def test_information_is_the_mean_of_products_tile_by_tile() -> None:
    """Of more samples than are added up at once; one that doesn't reach the weight counts as zero."""
    random, tiles = np.random.default_rng(0), Tiles(2, 1, 3)
    gradients = [random.standard_normal((4, 6)) for _ in range(40)]
    found = information([*({"w": g} for g in gradients), {}], {"w": tiles.cut, "v": tiles.cut})
    assert set(found) == {"w"} and found["w"].shape == (4, 6, 6)
    block = np.array([g[2:4, 3:6].T.ravel() for g in gradients])  # the last tile, piece after piece
    np.testing.assert_allclose(found["w"][3], block.T @ block / 41, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pattern", ["unstructured", "4x1", "8x8"])
def test_a_cost_is_the_least_rise_without_the_block(pattern: str) -> None:
    """w' F w / 2 is minimised over all moves of the others."""
    task = _task(pattern, (16, 32), 0.5)
    assert task.known.fisher is not None
    tiles = Tiles.of(task.pattern)
    weights, fisher = tiles.cut(task.target), task.known.fisher + np.eye(tiles.size)
    found = _costs(weights, np.ones(weights.shape, bool), fisher, tiles)
    size = tiles.high * tiles.wide
    for tile in (0, len(weights) - 1):
        for piece in range(tiles.count):
            gone = np.arange(piece * size, (piece + 1) * size)
            others = np.setdiff1d(np.arange(tiles.size), gone)
            move = np.zeros(tiles.size)
            move[gone] = -weights[tile][gone]
            inner = fisher[tile][np.ix_(others, others)]
            move[others] = np.linalg.solve(inner, -fisher[tile][np.ix_(others, gone)] @ move[gone])
            assert found[tile, gone].sum() == pytest.approx(move @ fisher[tile] @ move / 2, rel=1e-6)


@pytest.mark.parametrize(("pattern", "sparsity"), [("unstructured", 0.6), ("2:4", 0.5), ("4x1", 0.5), ("64x1", 0.5)])
def test_what_stays_has_moved_to_where_the_loss_is_flat(pattern: str, sparsity: float) -> None:
    task = _task(pattern, (64, 48), sparsity)
    made, tiles = get("obert").function(task), Tiles.of(task.pattern)
    assert abs(np.mean(made == 0) - sparsity) < 0.02
    fisher = np.asarray(task.known.fisher, np.float64)
    level = np.einsum("tii->", fisher) / (fisher.shape[0] * fisher.shape[1])
    change = tiles.cut(made - task.target)
    slope = tiles.paste(np.einsum("tij,tj->ti", fisher + 1e-4 * level * np.eye(tiles.size), change), made.shape)
    assert np.abs(slope[made != 0]).max() < 1e-6 * np.abs(slope).max()


@pytest.mark.parametrize("seed", range(3))
def test_it_costs_less_than_magnitudes_and_than_one_round(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task = _task("4x1", (32, 64), 0.5, seed)
    tiles = Tiles.of(task.pattern)

    def cost(made: np.ndarray) -> float:
        change = tiles.cut(made - task.target)
        return float(np.einsum("ti,tij,tj->", change, task.known.fisher, change))

    best = cost(get("obert").function(task))
    assert best < 0.75 * cost(get("magnitude").function(task))
    monkeypatch.setattr("onnxprune.sparse.methods.obert.ROUNDS", 1)
    assert best < cost(get("obert").function(task))


def test_gradients_of_nothing_and_of_no_number_break_nothing() -> None:
    task, shape = _task("4x1", (16, 12), 0.5), (16, 12)
    cut = Tiles.of(task.pattern).cut
    zeros = information([{"w": np.zeros(shape)}], {"w": cut})["w"]
    broken = information([{"w": np.full(shape, np.nan)}], {"w": cut})["w"]
    for fisher in (zeros, broken):
        made = get("obert").function(Task(task.target, task.pattern, 0.5, known=Known(fisher)))
        np.testing.assert_allclose(made, get("magnitude").function(task))


NET = """agraph (float[n,8] x) => (float[n,4] y) <float[8,12] a, float[6,12] b, float[6,4] c>
{ h = MatMul(x, a)  r = Relu(h)  m = Gemm<alpha=0.5, transB=1>(r, b)  t = Relu(m)  y = MatMul(t, c) }"""


CONV = """agraph (float[n,3,6,6] x) => (float[n,4,4,4] y) <float[12,3,1,1] a, float[6,12,3,3] b, float[4,6,1,1] c>
{ h = Conv(x, a)  r = Relu(h)  m = Conv(r, b)  t = Relu(m)  y = Conv(t, c) }"""


def _work(text: str = NET) -> Work:
    def source() -> Model:
        return normalize(from_proto(build(text)))

    groups = analyze((model := source()).graph, model.opsets).prunable
    masks = {group.id: np.arange(group.size) != 1 for group in groups}
    return Work(source, masks, (), threads=1)


@pytest.mark.parametrize(("text", "shape", "factor"), [(NET, (6, 12), 0.5), (CONV, (6, 12, 3, 3), 1)])
def test_gradients_are_those_of_what_is_left(text: str, shape: tuple[int, ...], factor: float) -> None:
    """Units that are gone have none, and a factor of the node is taken out: of the weight that counts."""
    gradient = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    pattern, asked = Pattern.parse("4x1"), []

    def slopes(names: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
        asked.append(list(names))
        yield {"b": gradient}

    insight = Insight(_work(text), {"m": (pattern, get("obert"))}, slopes)
    left = np.delete(np.delete(gradient, 1, axis=0), 1, axis=1).reshape(5, -1) / factor
    tiles = Tiles.of(pattern)
    expected = np.einsum("ti,tj->tij", tiles.cut(left), tiles.cut(left))
    np.testing.assert_allclose(insight("m").fisher, expected, rtol=1e-5)
    assert insight("m").fisher is insight("m").fisher and asked == [["b"]]


def test_portions_go_through_the_data_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxprune.sparse.insight.BYTES", 1)
    asked = []

    def slopes(names: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
        asked.append(list(names))
        yield {name: np.ones(shape, np.float32) for name, shape in (("b", (6, 12)), ("c", (6, 4))) if name in names}

    work, want = _work(), Wanted(Pattern.parse("unstructured"), 0.5, "obert")
    edits = sparsify(work, {"y": want, "m": want}, mend=False, slopes=slopes)
    assert asked == [["b"], ["c"]] and set(edits.weights) == {"b", "c"}
