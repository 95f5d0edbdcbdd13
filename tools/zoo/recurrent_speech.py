"""Networks with recurrent layers, of the kinds in use: reading text in pictures, speech in and out, translation, video.

Every factory returns (module, example inputs).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Made = tuple[nn.Module, tuple[Tensor, ...]]


class _Crnn(nn.Module):
    """Convolutions, two bidirectional LSTMs, classes for CTC."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, pool in ((1, 16, (2, 2)), (16, 32, (2, 2)), (32, 48, (2, 1)), (48, 64, (4, 1))):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(pool)]
        self.features = nn.Sequential(*layers)
        self.first = nn.LSTM(64, 32, bidirectional=True)
        self.between = nn.Linear(64, 48)
        self.second = nn.LSTM(48, 32, bidirectional=True)
        self.head = nn.Linear(64, 37)

    def forward(self, picture: Tensor) -> Tensor:
        x = self.features(picture).squeeze(2).permute(2, 0, 1)
        x = self.between(self.first(x)[0])
        return self.head(self.second(x)[0]).log_softmax(-1)


def crnn() -> Made:
    """Shi et al. 2015, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition"."""
    return _Crnn(), (torch.randn(1, 1, 32, 64),)


class _DeepSpeech(nn.Module):
    """Strided convolutions over a spectrogram, bidirectional GRUs with batch normalisation between them."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 16, (11, 5), (2, 2), (5, 2), bias=False),
            nn.BatchNorm2d(16),
            nn.Hardtanh(0, 20),
            nn.Conv2d(16, 16, (11, 5), (2, 1), (5, 2), bias=False),
            nn.BatchNorm2d(16),
            nn.Hardtanh(0, 20),
        )
        self.layers = nn.ModuleList(nn.GRU(size, 32, bidirectional=True) for size in (16 * 8, 32, 32))
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in (16 * 8, 32, 32))
        self.head = nn.Linear(32, 29)

    def forward(self, spectrogram: Tensor) -> Tensor:
        x = self.convolutions(spectrogram).flatten(1, 2)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            y, _ = layer(norm(x).permute(2, 0, 1))
            # The two directions are summed, as in Deep Speech 2.
            x = y.unflatten(2, (2, 32)).sum(2).permute(1, 2, 0)
        return self.head(x.permute(2, 0, 1)).log_softmax(-1)


def deep_speech() -> Made:
    """Amodei et al. 2016, "Deep Speech 2"; 32 bins, 48 frames."""
    return _DeepSpeech(), (torch.randn(1, 1, 32, 48),)


class _Tacotron(nn.Module):
    """A decoder of spectrograms: prenet, attention over a bidirectional encoder, two LSTM cells, postnet."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(60, 32)
        self.convolutions = nn.Sequential(nn.Conv1d(32, 32, 5, padding=2), nn.BatchNorm1d(32), nn.ReLU())
        self.encoder = nn.LSTM(32, 24, batch_first=True, bidirectional=True)
        self.prenet = nn.Sequential(nn.Linear(16, 40), nn.ReLU(), nn.Linear(40, 24), nn.ReLU())
        self.attention = nn.LSTMCell(24 + 48, 40)
        self.query, self.memory, self.energy = nn.Linear(40, 20), nn.Linear(48, 20), nn.Linear(20, 1)
        self.decoder = nn.LSTMCell(40 + 48, 40)
        self.frame = nn.Linear(40 + 48, 16)
        self.postnet = nn.Sequential(
            nn.Conv1d(16, 32, 5, padding=2), nn.BatchNorm1d(32), nn.Tanh(), nn.Conv1d(32, 16, 5, padding=2)
        )

    def forward(self, text: Tensor, frames: Tensor) -> Tensor:
        memory, _ = self.encoder(self.convolutions(self.embedding(text).transpose(1, 2)).transpose(1, 2))
        keys, context = self.memory(memory), memory[:, 0]
        h = c = g = d = frames.new_zeros(frames.shape[0], 40)
        made = []
        for frame in self.prenet(frames).unbind(1):
            h, c = self.attention(torch.cat([frame, context], -1), (h, c))
            weights = self.energy((self.query(h).unsqueeze(1) + keys).tanh()).softmax(1)
            context = (weights * memory).sum(1)
            g, d = self.decoder(torch.cat([h, context], -1), (g, d))
            made.append(self.frame(torch.cat([g, context], -1)))
        spectrogram = torch.stack(made, 2)
        return spectrogram + self.postnet(spectrogram)


def tacotron() -> Made:
    """Shen et al. 2018, "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions"; 3 frames."""
    return _Tacotron(), (torch.randint(0, 60, (1, 10)), torch.randn(1, 3, 16))


class _Translator(nn.Module):
    """Encoder and decoder by GRU with multiplicative attention between them, teacher forced."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(100, 24), nn.Embedding(120, 24)
        self.encoder = nn.GRU(24, 32, 2, batch_first=True)
        self.decoder = nn.GRU(24, 32, 2, batch_first=True)
        self.align = nn.Linear(32, 32, bias=False)
        self.combine = nn.Linear(64, 40)
        self.head = nn.Linear(40, 120)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory, state = self.encoder(self.source(source))
        states, _ = self.decoder(self.target(target), state)
        weights = (self.align(states) @ memory.transpose(1, 2)).softmax(-1)
        return self.head(self.combine(torch.cat([weights @ memory, states], -1)).tanh())


def translator() -> Made:
    """Luong et al. 2015, "Effective Approaches to Attention-based Neural Machine Translation"."""
    return _Translator(), (torch.randint(0, 100, (1, 9)), torch.randint(0, 120, (1, 7)))


class _ConvLstm(nn.Module):
    """A convolution computes the four gates of a cell whose state is a picture; three frames."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.gates = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16 + 24, 4 * 24, 3, padding=1)
        self.head = nn.Conv2d(24, 2, 1)

    def forward(self, video: Tensor) -> Tensor:
        h = c = video.new_zeros(video.shape[0], 24, video.shape[3] // 2, video.shape[4] // 2)
        for frame in video.unbind(1):
            i, f, g, o = self.gates(torch.cat([self.stem(frame).relu(), h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        labels: Tensor = self.head(h)
        return labels


def conv_lstm() -> Made:
    """Shi et al. 2015, "Convolutional LSTM Network"."""
    return _ConvLstm(), (torch.randn(1, 3, 3, 24, 24),)


class _Transducer(nn.Module):
    """An encoder of sound, a predictor of text, and their sum for every pair of steps."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.predictor = nn.LSTM(20, 32, 2, batch_first=True), nn.LSTM(16, 24, batch_first=True)
        self.embedding = nn.Embedding(30, 16)
        self.sound, self.text, self.head = nn.Linear(32, 40), nn.Linear(24, 40), nn.Linear(40, 30)

    def forward(self, sound: Tensor, text: Tensor) -> Tensor:
        heard, said = self.sound(self.encoder(sound)[0]), self.text(self.predictor(self.embedding(text))[0])
        joint: Tensor = self.head((heard.unsqueeze(2) + said.unsqueeze(1)).tanh())
        return joint


def transducer() -> Made:
    """Graves 2012, "Sequence Transduction with Recurrent Neural Networks"."""
    return _Transducer(), (torch.randn(1, 8, 20), torch.randint(0, 30, (1, 5)))


class _Keywords(nn.Module):
    """Convolutions over a spectrogram, a GRU, attention over its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 24, 5, 2, 2), nn.BatchNorm2d(24), nn.ReLU())
        self.layer, self.weight = nn.GRU(24 * 10, 32, batch_first=True, bidirectional=True), nn.Linear(64, 1)
        self.head = nn.Linear(64, 12)

    def forward(self, spectrogram: Tensor) -> Tensor:
        states, _ = self.layer(self.features(spectrogram).permute(0, 3, 1, 2).flatten(2))
        classes: Tensor = self.head((self.weight(states).softmax(1) * states).sum(1))
        return classes


def keywords() -> Made:
    """A spotter of keywords; 20 bins, 32 frames."""
    return _Keywords(), (torch.randn(1, 1, 20, 32),)


class _Autoencoder(nn.Module):
    """A series -> the last state of an LSTM -> the series again, by another."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.LSTM(6, 32, batch_first=True), nn.LSTM(16, 32, batch_first=True)
        self.code, self.head = nn.Linear(32, 16), nn.Linear(32, 6)

    def forward(self, series: Tensor) -> Tensor:
        code = self.code(self.encoder(series)[0][:, -1])
        again: Tensor = self.head(self.decoder(code.unsqueeze(1).expand(-1, series.shape[1], -1))[0])
        return again


def autoencoder() -> Made:
    """A detector of anomalies in series of six values."""
    return _Autoencoder(), (torch.randn(2, 10, 6),)
