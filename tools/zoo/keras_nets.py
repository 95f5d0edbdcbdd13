"""Small networks in Keras, on TensorFlow: python keras_nets.py NAME FILE, in an environment that has both.

Pictures are [batch, height, width, channels] here, so graphs are full of transpositions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

PICTURE = (32, 32, 3)


def gelu(x: Any) -> Any:
    """By tanh: the exporter has no operator for the exact one."""
    return keras.activations.gelu(x, approximate=True)


class Positions(layers.Layer):
    """A learned vector for every place, added."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.table = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x: Any) -> Any:
        return x + self.table


def mlp() -> Any:
    """Three dense layers."""
    x = entry = keras.Input((20,))
    for units in (64, 48):
        x = layers.Dense(units, activation="relu")(x)
    return keras.Model(entry, layers.Dense(10)(x))


def cnn() -> Any:
    """Convolutions with batch normalisation, flattened into dense layers."""
    x = entry = keras.Input(PICTURE)
    for channels in (16, 32, 48):
        x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D()(layers.ReLU()(layers.BatchNormalization()(x)))
    x = layers.Dense(64, activation=gelu)(layers.Flatten()(x))
    return keras.Model(entry, layers.Dense(10, activation="softmax")(x))


def residual() -> Any:
    """Residual blocks, one of them with a stride."""
    entry = keras.Input(PICTURE)
    x = layers.Conv2D(24, 3, padding="same")(entry)
    for channels, stride in ((24, 1), (48, 2)):
        y = layers.Conv2D(channels, 3, stride, padding="same", use_bias=False)(x)
        y = layers.Activation("swish")(layers.BatchNormalization()(y))
        y = layers.BatchNormalization()(layers.Conv2D(channels, 3, padding="same")(y))
        x = layers.ReLU()(layers.Add()([y, x if stride == 1 else layers.Conv2D(channels, 1, stride)(x)]))
    return keras.Model(entry, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def separable() -> Any:
    """Depthwise separable convolutions with squeeze and excitation."""
    entry = keras.Input(PICTURE)
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu6")(entry)
    for channels in (32, 48):
        x = layers.SeparableConv2D(channels, 3, padding="same")(x)
        x = layers.Activation("hard_swish")(layers.BatchNormalization()(x))
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.Conv2D(channels, 1, activation="sigmoid")(layers.Conv2D(8, 1, activation="relu")(gate))
        x = layers.Multiply()([x, gate])
    return keras.Model(entry, layers.Dense(10)(layers.GlobalMaxPooling2D()(x)))


def unet() -> Any:
    """Encoder, decoder, and connections between them."""
    entry = keras.Input(PICTURE)
    a = layers.Conv2D(16, 3, padding="same", activation="relu")(entry)
    b = layers.Conv2D(32, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    c = layers.Conv2D(48, 3, padding="same", activation="relu")(layers.AveragePooling2D(2)(b))
    x = layers.Concatenate()([layers.Conv2DTranspose(32, 2, 2)(c), b])
    x = layers.Concatenate()([layers.UpSampling2D()(layers.Conv2D(24, 3, padding="same")(x)), a])
    return keras.Model(entry, layers.Conv2D(2, 1)(layers.Conv2D(16, 3, padding="same", activation="relu")(x)))


def temporal() -> Any:
    """Dilated causal convolutions over a series."""
    entry = keras.Input((24, 8))
    x = layers.Conv1D(32, 1)(entry)
    for dilation in (1, 2, 4):
        y = layers.Conv1D(32, 3, padding="causal", dilation_rate=dilation, activation="relu")(x)
        x = layers.Add()([x, layers.Conv1D(32, 1)(y)])
    return keras.Model(entry, layers.Dense(4)(layers.Flatten()(x)))


def lstm() -> Any:
    """Two LSTMs over features."""
    entry = keras.Input((10, 8))
    x = layers.LSTM(32)(layers.LSTM(24, return_sequences=True)(entry))
    return keras.Model(entry, layers.Dense(5)(layers.Dense(32, activation="relu")(x)))


def bigru() -> Any:
    """A bidirectional GRU over words."""
    entry = keras.Input((10,), dtype="int32")
    x = layers.Bidirectional(layers.GRU(24, return_sequences=True))(layers.Embedding(100, 16)(entry))
    return keras.Model(entry, layers.Dense(5)(x))


def transformer() -> Any:
    """Words, positions, two blocks of attention and feed-forward."""
    entry = keras.Input((12,), dtype="int32")
    x = Positions()(layers.Embedding(100, 48)(entry))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, 12)(y, y)
        y = layers.Dense(96, activation=gelu)(layers.LayerNormalization()(x))
        x = x + layers.Dense(48)(y)
    return keras.Model(entry, layers.Dense(7)(layers.GlobalAveragePooling1D()(x)))


def mobilenet() -> Any:
    """MobileNetV2 of a third of the width, as Keras ships it."""
    return keras.applications.MobileNetV2((64, 64, 3), alpha=0.35, weights=None, classes=10)


def efficientnet() -> Any:
    """EfficientNet-B0, as Keras ships it."""
    return keras.applications.EfficientNetB0(input_shape=(64, 64, 3), weights=None, classes=10)


NETS: dict[str, Callable[[], Any]] = {
    net.__name__: net
    for net in (mlp, cnn, residual, separable, unet, temporal, lstm, bigru, transformer, mobilenet, efficientnet)
}


def vary(model: Any) -> None:
    """Draw weights that are constant anew, as a trained network's are not."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        values = np.asarray(weight)
        if values.size < 2 or values.dtype.kind != "f" or np.ptp(values):
            continue
        if values.flat[0]:
            weight.assign(values * rng.uniform(0.5, 1.5, values.shape))
        else:
            weight.assign(rng.normal(0, 0.1, values.shape))


def main(name: str, file: str) -> None:
    """Build, vary and export one."""
    keras.utils.set_random_seed(0)
    model = NETS[name]()
    vary(model)
    model(np.zeros((1, *model.input_shape[1:]), model.inputs[0].dtype))
    model.export(file, format="onnx", verbose=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
