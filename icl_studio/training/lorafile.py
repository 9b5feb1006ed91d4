"""What a LoRA file is, from its header alone: style, rank, base, and what its trainer said.

Knows the four ways of writing keys that are found in the wild (docs/adapters.md). Whether a file
fits a model is the engine's to judge; nothing here reads a weight.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import Field

from ..domain.problems import Frozen
from ..errors import AdapterRejected
from ..models.weights import PICKLES, read_header

_DOWN = re.compile(r"(?P<module>.+)\.(?:lora_A|lora_down|lora\.down)(?:\.\w+)?\.weight")
_UP = re.compile(r"(?P<module>.+)\.(?:lora_B|lora_up|lora\.up)(?:\.\w+)?\.weight")
_TEXT = re.compile(r"^(base_model\.model\.)?(lora_te\d?_|text_encoder|text_model|clip_l|t5xxl)")
_OTHER_KINDS = (
    (re.compile(r"dora_scale|lora_magnitude_vector"), "DoRA"),
    (re.compile(r"\.hada_"), "LoHa"),
    (re.compile(r"\.lokr_"), "LoKr"),
    (re.compile(r"\.oft_"), "OFT"),
    (re.compile(r"\.lora_mid\b"), "LoCon"),
    (re.compile(r"\.diff(_b)?$"), "full weight differences"),
)
_STYLES = (
    ("kohya", re.compile(r"^lora_(unet|transformer)_")),
    ("ComfyUI", re.compile(r"^(model\.)?diffusion_model\.")),
    ("PEFT's own saving", re.compile(r"^base_model\.model\.")),
    ("PEFT (diffusers)", re.compile(r"^transformer\.")),
    ("Black Forest Labs", re.compile(r"^(double|single)_blocks\.")),
)
_BASES = (
    ("FLUX.1", re.compile(r"single_transformer_blocks|double_blocks|single_blocks")),
    ("Stable Diffusion 3", re.compile(r"joint_blocks|(?<!single_)transformer_blocks\.\d+\.attn2")),
    ("Stable Diffusion", re.compile(r"(down|up|input|output)_blocks|mid_block")),
)
FLUX_WIDTH = 3072


class LoraInfo(Frozen):
    """What is known of one file. ``ranks`` and ``dtypes`` count matrices; ``own`` is what ICL
    Studio's trainer wrote into it, ``told`` what other trainers did."""

    path: Path
    size: int
    sha256: str
    kind: str
    style: str
    base: str
    width: int | None
    modules: int
    parameters: int
    ranks: dict[int, int]
    dtypes: dict[str, int]
    alphas: bool
    text_encoders: int
    unknown: tuple[str, ...] = ()
    own: dict[str, Any] | None = None
    told: dict[str, str] = Field(default_factory=dict)

    @property
    def family(self) -> str | None:
        """The model family that it fits, as far as the header tells; None where it does not."""
        if self.own:
            family = self.own.get("base", {}).get("family")
            return str(family) if family else None
        if self.base == "FLUX.1" and self.width == FLUX_WIDTH:
            return "flux.1"
        return None


def lora_info(path: Path) -> LoraInfo:
    """Read the header of the LoRA at ``path`` and hash the file.

    Raises :class:`AdapterRejected` for a pickle, a damaged file, and a file that is no adapter.
    """
    if path.suffix.lower() in PICKLES:
        raise AdapterRejected(
            f"{path.name} is a pickle, which can run any code when read.",
            fix="Get the LoRA as a .safetensors file.",
        )
    try:
        header = read_header(path)
        digest = _sha256(path)
    except ValueError as error:
        raise AdapterRejected(f"The LoRA {path} {error}.", fix="Fetch the file again.") from error
    except OSError as error:
        raise AdapterRejected(
            f"The LoRA {path} cannot be read: {error.strerror or error}.", fix="Check the path."
        ) from error
    metadata = header.pop("__metadata__", {})
    metadata = metadata if isinstance(metadata, dict) else {}
    return _described(path, digest, header, {str(k): str(v) for k, v in metadata.items()})


def _described(
    path: Path, digest: str, header: dict[str, Any], metadata: dict[str, str]
) -> LoraInfo:
    downs = {m["module"]: header[key] for key in header if (m := _DOWN.fullmatch(key))}
    ups = {m["module"]: header[key] for key in header if (m := _UP.fullmatch(key))}
    kind = next(
        (kind for rule, kind in _OTHER_KINDS if any(rule.search(k) for k in header)), "LoRA"
    )
    if not downs and kind == "LoRA":
        raise AdapterRejected(
            f"{path} holds no LoRA: no key of its {len(header)} names a low-rank matrix.",
            fix="Is it a base model? `icl-studio models` lists those.",
        )
    text = {name for name in downs if _TEXT.match(name)}
    modules = sorted(downs.keys() - text)
    known = (*(f"{m}.alpha" for m in downs),)
    unknown = [
        key
        for key in header
        if not (_DOWN.fullmatch(key) or _UP.fullmatch(key) or key in known or kind != "LoRA")
    ]
    return LoraInfo(
        path=path,
        size=path.stat().st_size,
        sha256=digest,
        kind=kind,
        style=_first(_STYLES, modules, "unknown"),
        base=_first(_BASES, [m.replace("_blocks_", "_blocks.") for m in modules], "unknown"),
        width=_width(downs, modules),
        modules=len(modules),
        parameters=sum(_count(entry) for entry in (*downs.values(), *ups.values())),
        ranks=dict(Counter(int(downs[m]["shape"][0]) for m in modules if downs[m]["shape"])),
        dtypes=dict(Counter(str(entry["dtype"]) for entry in header.values())),
        alphas=any(key.endswith(".alpha") for key in header),
        text_encoders=len(text),
        unknown=tuple(unknown[:5]),
        own=_own(metadata),
        told={k: v[:400] for k, v in metadata.items() if k not in ("icl_studio", "format")},
    )


def _first(rules: Any, modules: list[str], otherwise: str) -> str:
    """The rule that most modules follow."""
    counts = {name: sum(bool(rule.search(m)) for m in modules) for name, rule in rules}
    name = max(counts, key=lambda key: counts[key])
    return name if counts[name] else otherwise


def _width(downs: dict[str, Any], modules: list[str]) -> int | None:
    """The model's width: what attention reads."""
    reading = re.compile(r"(to_q|attn[._]qkv|linear1)$")
    widths = [downs[m]["shape"][1] for m in modules if reading.search(m)]
    return int(widths[0]) if widths else None


def _count(entry: Any) -> int:
    count = 1
    for side in entry["shape"]:
        count *= int(side)
    return count


def _own(metadata: dict[str, str]) -> dict[str, Any] | None:
    """What our trainer wrote; damaged metadata cannot be told from foreign, so it is ignored."""
    try:
        value = json.loads(metadata.get("icl_studio", ""))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
