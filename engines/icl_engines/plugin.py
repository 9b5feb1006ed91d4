"""The engines, metrics and captioners that ICL Studio ships, registered through the public door.

Runs in the window's process, so nothing here imports torch: factories are named, not called.
"""

from __future__ import annotations

from icl_studio.api import CaptionerSpec, EngineSpec, MetricSpec, ModelSpec, hookimpl

from . import formats
from .models import FLUX_MODELS

ICL_STUDIO_API = 1


@hookimpl
def icl_studio_engines() -> list[EngineSpec]:
    """``torch``: diffusers' own FLUX pipeline on CPU, CUDA or Apple GPU; ``onnx``: its
    heavy components run by onnxruntime, from an export; ``tensorrt``: its transformer built
    for one kind of NVIDIA card, from an export."""
    return [
        EngineSpec(
            id="torch",
            title="PyTorch",
            factory="icl_engines.torch_engine:create",
            requires=("torch", "diffusers"),
            trainer="icl_engines.training:train",
        ),
        EngineSpec(
            id="onnx",
            title="ONNX Runtime (CPU and GPUs, from an export)",
            factory="icl_engines.onnx_engine:create",
            requires=("onnxruntime", "onnx", "onnxscript", "torch", "diffusers"),
            exporter="icl_engines.export.job:export",
            stored=True,
            formats=(("export", formats.EXPORT),),
        ),
        EngineSpec(
            id="tensorrt",
            title="TensorRT (NVIDIA GPUs, built for yours from an export)",
            factory="icl_engines.tensorrt_engine:create",
            requires=(
                "tensorrt_rtx|tensorrt",
                *("onnxruntime", "onnx", "onnxscript", "torch", "diffusers"),
            ),
            builder="icl_engines.tensorrt_engine:build",
            stored=True,
            formats=(("export", formats.EXPORT), ("build", formats.BUILD)),
        ),
    ]


@hookimpl
def icl_studio_models() -> list[ModelSpec]:
    """FLUX.1 [dev] and [schnell] by short names; downloaded from the hub when first used."""
    return list(FLUX_MODELS)


@hookimpl
def icl_studio_metrics() -> list[MetricSpec]:
    """CLIP-T and pairwise DINOv2, for any model's pictures, with weights that the user has."""
    return [
        MetricSpec(
            id="clip-t",
            title="CLIP-T (panel and its text)",
            factory="icl_engines.metrics.clip_t:create_clip_t",
            requires=("torch", "transformers"),
            weights="openai/clip-vit-large-patch14",
        ),
        MetricSpec(
            id="dinov2",
            title="DINOv2 (panels of a set with each other)",
            factory="icl_engines.metrics.dinov2:create_dinov2",
            requires=("torch", "transformers"),
            weights="facebook/dinov2-base",
        ),
    ]


@hookimpl
def icl_studio_captioners() -> list[CaptionerSpec]:
    """From texts per panel, from an OpenAI-compatible server, from a model through transformers."""
    return [
        CaptionerSpec(
            id="template",
            title="your texts per panel, in the task's form",
            factory="icl_engines.captioning.template:create",
        ),
        CaptionerSpec(
            id="server",
            title="a vision-language model behind an OpenAI-compatible server",
            factory="icl_engines.captioning.server:create",
        ),
        CaptionerSpec(
            id="vision",
            title="a vision-language model of this machine, through transformers",
            factory="icl_engines.captioning.vision:create",
            requires=("torch", "transformers"),
        ),
    ]
