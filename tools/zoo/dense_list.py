"""Dense prediction, restoration and generation, written here in the manner of well-known networks."""

from __future__ import annotations

from tools.zoo.entry import Entry
from tools.zoo.made import in_variants

NETS = {
    "tools.zoo.dense_nets": "unet-bilinear attention-unet pspnet autoencoder nafnet restormer",
    "tools.zoo.dense_upscale": "srcnn fsrcnn espcn edsr rcan rrdb dncnn",
    "tools.zoo.dense_diffusion": "diffusion-unet diffusion-transformer latent-decoder styled-generator",
}
VARIED = {
    "unet-bilinear": ("torchscript", "dynamic"),
    "espcn": ("torchscript", "dynamic"),
    "autoencoder": ("torchscript",),
    "restormer": ("torchscript",),
    "diffusion-unet": ("torchscript",),
}
"""Those that come also from the other exporter and with open dimensions."""


def entries() -> list[Entry]:
    """The list."""
    found = in_variants("dense.unet", "dense prediction", "torch:tools.unet:unet")
    for place, names in NETS.items():
        for name in names.split():
            found += _entries(place, name)
    return found


def _entries(place: str, name: str) -> list[Entry]:
    variants = ("", *VARIED.get(name, ()))
    return in_variants(f"dense.{name}", "dense prediction", f"torch:{place}:net", {"name": name}, variants)
