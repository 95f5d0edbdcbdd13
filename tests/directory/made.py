"""Directories as exporters write them, with small models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx

from tests.oracle import build

ENCODER = """agraph (int64[batch,sequence] input_ids) => (float[batch,sequence,16] last_hidden_state)
<float[11,16] words, float[16,64] up, float[64,16] down>
{
  e = Gather(words, input_ids)
  h = MatMul(e, up)
  r = Relu(h)
  k = MatMul(r, down)
  last_hidden_state = Add(e, k)
}"""

DECODER = """agraph (int64[batch,steps] input_ids, float[batch,sequence,16] encoder_hidden_states)
 => (float[batch,steps,11] logits, float[batch,steps,16] present)
<float[11,16] words, float[16,48] up, float[48,16] down, float[16,16] key, float[16,32] read, float[32,16] write,
 float[16,11] head, int64[1] one = {1}>
{
  e = Gather(words, input_ids)
  present = MatMul(e, key)
  m = ReduceMean<keepdims=1>(encoder_hidden_states, one)
  s = MatMul(m, read)
  t = Relu(s)
  c = MatMul(t, write)
  a = Add(present, c)
  h = MatMul(a, up)
  r = Relu(h)
  k = MatMul(r, down)
  o = Add(a, k)
  logits = MatMul(o, head)
}"""

WITH_PAST = """agraph (int64[batch,1] input_ids, float[batch,past,16] past_key)
 => (float[batch,1,11] logits, float[batch,all,16] present)
<float[11,16] words, float[16,48] weight_1, float[48,16] weight_2, float[16,16] key, float[16,11] head,
 int64[1] one = {1}>
{
  e = Gather(words, input_ids)
  n = MatMul(e, key)
  present = Concat<axis=1>(past_key, n)
  m = ReduceMean<keepdims=1>(present, one)
  h = MatMul(m, weight_1)
  r = Relu(h)
  k = MatMul(r, weight_2)
  o = Add(m, k)
  logits = MatMul(o, head)
}"""

CONFIG = {
    "model_type": "bart",
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 48,
}


def single(folder: Path, text: str = ENCODER, *, external: bool = False) -> Path:
    """A directory with one model, its configuration and a tokenizer."""
    folder.mkdir()
    stored(folder / "model.onnx", build(text), external=external)
    config = {"model_type": "bert", "intermediate_size": 64, "num_hidden_layers": 1, "hidden_size": 16}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text('{"version": "1.0"}', encoding="utf-8")
    return folder


def stored(path: Path, model: onnx.ModelProto, *, external: bool = False) -> Path:
    """A model as a file, its weights in a file beside it, called as optimum calls it, where that is wanted."""
    if external:
        onnx.save(model, path, save_as_external_data=True, location=f"{path.name}_data", size_threshold=0)
    else:
        onnx.save(model, path)
    return path


def seq2seq(folder: Path) -> Path:
    """A directory with an encoder and two decoders over one set of weights."""
    folder.mkdir()
    decoder = build(DECODER, seed=1)
    weights = {t.name: t for t in decoder.graph.initializer}
    past = build(WITH_PAST, seed=2)
    for tensor, name in {"weight_1": "up", "weight_2": "down", "words": "words", "key": "key", "head": "head"}.items():
        own = next(t for t in past.graph.initializer if t.name == tensor)
        own.CopyFrom(weights[name])
        own.name = tensor
    stored(folder / "encoder_model.onnx", build(ENCODER))
    stored(folder / "decoder_model.onnx", decoder)
    stored(folder / "decoder_with_past_model.onnx", past)
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    return folder


def weights_of(model: Path) -> dict[str, np.ndarray]:
    """Stored tensors by name."""
    return {t.name: onnx.numpy_helper.to_array(t, str(model.parent)) for t in onnx.load(model).graph.initializer}
