"""timm: one or two of every family, in the smallest variant and on small pictures where the network allows them.

Names are pinned to what they were in timm 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.zoo.entry import Entry
from tools.zoo.made import in_variants

POOLED = """
    eca_halonext26ts:256 eca_botnext26ts_256:0 lambda_resnet26t:128 mobileone_s0 gernet_s repvgg_a0 regnetz_b16
    convmixer_1024_20_ks9_p14:112 convnext_atto convnextv2_atto cpubone_nano:128 cs3darknet_s darknet17:64
    cspresnext50:64 cspnext_tiny csatv2:256 densenetblur121d dla34 dla46x_c dpn68b edgenext_xx_small:128
    efficientnet_lite0 efficientnet_b0_gn tinynet_e mixnet_s efficientvit_b0:128 fasternet_t0 fastvit_t8:128
    focalnet_tiny_srf:64 ghostnet_050 ghostnetv2_100:128 ghostnetv3_050 hardcorenas_a hgnetv2_b0 hgnet_tiny:64
    hrnet_w18_small:64 iformer_t:128 inception_next_atto inception_resnet_v2:96 inception_v4:96 lcnetv2_small
    lowformer_b0:128 test_mambaout mambaout_femto:64 caformer_s18:64 convformer_s18:64 poolformer_s12:64
    poolformerv2_s12:64 mobilenetv3_small_050 lcnet_035 mobilenetv4_conv_small_035 mobilenetv4_hybrid_medium:128
    fbnetc_100 mobilevit_xxs:128 mobilevitv2_050:128 nextvit_small:64 dm_nfnet_f0:64 nf_regnet_b0:96 pvt_v2_b0:128
    rdnet_tiny:64 regnetx_002 regnety_002 repghostnet_050 repvit_m0_9 res2net50_14w_8s:64 resnest14d:64 resnet10t
    ecaresnet26t:64 seresnet18:64 resnetblur18:64 resnetv2_18:64 resnetv2_50x1_bit:64 rexnet_100 selecsls42:64
    legacy_seresnet18:64 shvit_s1:128 skresnet18:64 starnet_s050 swiftformer_xs:0 tresnet_m:64 ese_vovnet19b_slim_dw
    vovnet39a:64 legacy_xception:96 xception41p:96
"""
"""NAME or NAME:EDGE of its picture, in pixels; 0 where the network allows only its own. Without, 96."""

TOKENS: Mapping[str, Mapping[str, str]] = {
    "beit_base_patch16_224": {"img_size": "64", "depth": "3", "embed_dim": "192", "num_heads": "3"},
    "cait_xxs24_224": {"img_size": "96", "depth": "4"},
    "coat_lite_tiny": {"img_size": "96"},
    "coat_tiny": {"img_size": "64"},
    "convit_tiny": {"img_size": "96", "depth": "5", "local_up_to_layer": "3"},
    "crossvit_tiny_240": {},
    "davit_tiny": {"input": "1x3x64x64", "depths": "(1,1,1,1)"},
    "deit_tiny_distilled_patch16_224": {"img_size": "96", "depth": "4"},
    "deit3_small_patch16_224": {"img_size": "96", "depth": "3"},
    "efficientformer_l1": {},
    "efficientformerv2_s0": {},
    "efficientvim_m1": {"input": "1x3x128x128"},
    "efficientvit_m0": {},
    "vit_tiny_patch16_dinov3_qkvb": {"img_size": "96", "depth": "4"},
    "eva02_tiny_patch14_224": {"img_size": "98", "depth": "4"},
    "gcvit_xxtiny": {},
    "hiera_tiny_224": {"stages": "(1,1,2,1)"},
    "hieradet_small": {"input": "1x3x128x128"},
    "levit_128s": {},
    "levit_conv_128s": {},
    "maxvit_pico_rw_256": {"img_size": "128"},
    "maxvit_rmlp_pico_rw_256": {"img_size": "128"},
    "coatnet_pico_rw_224": {"img_size": "128"},
    "coatnext_nano_rw_224": {"img_size": "96"},
    "mixer_s32_224": {"img_size": "96"},
    "gmlp_ti16_224": {"img_size": "96"},
    "gmixer_12_224": {"img_size": "96"},
    "resmlp_12_224": {"img_size": "96"},
    "mvitv2_tiny": {"img_size": "96"},
    "naflexvit_base_patch16_gap": {"input": "1x3x96x96", "depth": "3", "embed_dim": "192", "num_heads": "3"},
    "nest_tiny": {},
    "pit_ti_224": {"img_size": "96"},
    "sequencer2d_s": {"layers": "(1,1,1,1)"},
    "swin_tiny_patch4_window7_224": {"img_size": "112", "depths": "(2,2,2,2)"},
    "swin_s3_tiny_224": {"depths": "(1,1,2,1)"},
    "swinv2_tiny_window8_256": {"img_size": "128", "depths": "(2,2,2,2)"},
    "swinv2_cr_tiny_224": {"depths": "(1,1,2,1)"},
    "tiny_vit_5m_224": {"input": "1x3x128x128"},
    "tnt_s_patch16_224": {"img_size": "96", "depth": "3"},
    "twins_svt_small": {"depths": "(1,1,2,1)"},
    "twins_pcpvt_small": {"depths": "(1,1,2,1)"},
    "visformer_tiny": {},
    "test_vit": {},
    "test_vit2": {},
    "vit_tiny_patch16_224": {"img_size": "96", "depth": "4"},
    "flexivit_small": {"img_size": "96", "depth": "3"},
    "vit_small_patch14_reg4_dinov2": {"img_size": "98", "depth": "3"},
    "vit_base_patch16_siglip_224": {"img_size": "64", "depth": "2", "embed_dim": "192", "num_heads": "3"},
    "vit_tiny_r_s16_p8_224": {"img_size": "96", "depth": "4"},
    "test_vit_relpos": {},
    "vit_relpos_small_patch16_rpn_224": {"img_size": "64", "depth": "3"},
    "vit_srelpos_small_patch16_224": {"img_size": "64", "depth": "3"},
    "samvit_base_patch16_224": {
        "img_size": "128",
        "depth": "3",
        "embed_dim": "192",
        "num_heads": "3",
        "global_attn_indexes": "(1,)",
    },
    "vitamin_small_224": {"img_size": "96"},
    "volo_d1_224": {"img_size": "96"},
    "xcit_nano_12_p16_224": {"img_size": "96", "depth": "4"},
}
"""Networks that know the size of their picture, with what makes them small."""

VARIED = {
    "vit_tiny_patch16_224": ("torchscript", "dynamic"),
    "swin_tiny_patch4_window7_224": ("torchscript", "dynamic"),
    "convnext_atto": ("torchscript", "dynamic"),
    "mixer_s32_224": ("torchscript",),
    "eva02_tiny_patch14_224": ("torchscript",),
    "xcit_nano_12_p16_224": ("torchscript",),
    "mobilevitv2_050": ("torchscript",),
    "repvit_m0_9": ("torchscript", "dynamic"),
    "hgnetv2_b0": ("torchscript",),
}
"""Those that come also from the other exporter and with open dimensions."""

ONLY_TORCHSCRIPT = {"hiera_tiny_224", "nest_tiny", "samvit_base_patch16_224", "twins_svt_small"}
"""Those that the default exporter of torch 2.13 refuses: attention over five axes."""


def entries() -> list[Entry]:
    """The list."""
    options = {name: _picture(edge) for name, _, edge in (word.partition(":") for word in POOLED.split())}
    return [entry for name, given in (options | dict(TOKENS)).items() for entry in _entries(name, given)]


def _picture(edge: str) -> dict[str, str]:
    edge = edge or "96"
    return {} if edge == "0" else {"input": f"1x3x{edge}x{edge}"}


def _entries(name: str, options: Mapping[str, str]) -> list[Entry]:
    variants = ("torchscript",) if name in ONLY_TORCHSCRIPT else ("", *VARIED.get(name, ()))
    return in_variants(f"timm.{name}", "timm", f"timm:{name}", options, variants)
