import torch
from torch import nn

from tools.varied import vary


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.layer_scale = nn.Parameter(torch.full((8, 1, 1), 1e-6))
        self.head = nn.Linear(8, 4)
        nn.init.zeros_(self.norm.weight)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.conv(x)) * self.layer_scale
        return self.head(y.relu().mean((2, 3)))


def _varied(seed: int) -> Net:
    torch.manual_seed(0)
    net = Net()
    vary(net, (torch.zeros(1, 3, 9, 9),), seed)
    return net


def test_what_was_constant_no_longer_is() -> None:
    net = _varied(0)
    assert all(parameter.unique().numel() > 1 for parameter in net.parameters())
    assert 0.5 <= net.norm.weight.min() < net.norm.weight.max() <= 1.5
    assert 0.1 <= net.layer_scale.min() < net.layer_scale.max() <= 0.5
    assert 0 < net.head.bias.abs().max() < 1
    one, two = net(torch.randn(2, 3, 9, 9))
    assert (one - two).abs().max() > 1e-3


def test_what_was_drawn_stays() -> None:
    torch.manual_seed(0)
    fresh = Net()
    assert torch.equal(_varied(0).conv.weight, fresh.conv.weight)


def test_statistics_fit_the_activations_and_keep_a_part_of_the_mean() -> None:
    net = _varied(0)
    seen = net.conv(torch.randn(64, 3, 9, 9)).detach()
    mean, power = seen.mean((0, 2, 3)), (seen - net.norm.running_mean[:, None, None]).square().mean((0, 2, 3))
    assert torch.allclose(net.norm.running_var, power.clamp(min=0.1 * float(power.mean())), rtol=0.5)
    assert ((net.norm.running_mean / mean).abs() < 1).float().mean() > 0.5
    assert not net.training


def test_the_same_seed_gives_the_same_weights() -> None:
    one, same, other = (_varied(seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["head.weight"], other["head.weight"])


def test_a_dead_channel_gets_a_variance_all_the_same() -> None:
    net = Net()
    nn.init.zeros_(net.conv.weight[0].detach())
    nn.init.zeros_(net.conv.bias.detach())
    vary(net, (torch.zeros(1, 3, 9, 9),))
    assert net.norm.running_var[0] >= 0.05 * net.norm.running_var.mean() > 0
