"""What can be chosen about a training run. docs/embedded-model.md tells what shipped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SHARES: dict[str, float] = {
    "film-storyboard": 0.24,
    "couple-profile": 0.08,
    "font-design": 0.22,
    "home-decoration": 0.13,
    "portrait-photography": 0.08,
    "portrait-illustration": 0.02,
    "ppt-templates": 0.13,
    "sandstorm-visual-effect": 0.01,
    "sparklers-visual-effect": 0.01,
    "visual-identity-design": 0.08,
}
"""Each layout's share of the collages. Not the layouts' own weights, of which storyboards have a
third: lettering, rooms, slides and marks are learned last and need many pictures; a creature that
stays the same through three places needs the most."""


@dataclass(frozen=True)
class Budget:
    """When a stage is over: after so many optimizer steps, or after so much time spent in it."""

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError unless exactly one limit is given."""
        if (self.minutes is None) == (self.steps is None):
            raise ValueError("a budget is either minutes or steps")

    def progress(self, seconds: float, steps: int) -> float:
        """The share of the budget that is used: 1.0 or more means the stage is over."""
        if self.steps is not None:
            return steps / max(1, self.steps)
        assert self.minutes is not None
        return seconds / max(1e-9, self.minutes * 60)


@dataclass(frozen=True)
class VaeSize:
    """The autoencoder's size; four levels give the factor of 8 that FLUX uses."""

    channels: tuple[int, ...] = (16, 32, 64, 96)
    latent_channels: int = 16
    groups: int = 8


@dataclass(frozen=True)
class FluxSize:
    """Sizes of transformer and text encoders."""

    double_blocks: int = 2
    single_blocks: int = 5
    heads: int = 3
    head_dim: int = 64
    rope_axes: tuple[int, int, int] = (8, 28, 28)
    t5_dim: int = 192
    t5_layers: int = 3
    t5_heads: int = 4
    clip_dim: int = 128
    clip_layers: int = 2
    clip_heads: int = 4


@dataclass(frozen=True)
class VaeRecipe:
    """How the autoencoder is trained."""

    budget: Budget = field(default_factory=lambda: Budget(minutes=24))
    learning_rate: float = 6e-3
    warmup: int = 40
    crop: int = 64
    crop_batch: int = 12
    crops_until: float = 0.55
    """Share of the budget spent on crops; whole canvases follow."""
    canvas_pixels: int = 60_000
    """About how many pixels a step of whole canvases holds."""
    look_every: int = 300
    """Steps between measurements on fresh sheets."""
    target: float = 32.0
    in_subjects: float = 28.0
    """PSNR in dB, the mean over layouts and inside subjects, at which the stage is over."""
    creature_weight: float = 3.0
    gradient_weight: float = 0.25
    square_weight: float = 8.0
    """Of the squared error, beside the absolute one: PSNR, the target, counts squares."""
    kl_weight: float = 1e-4
    ema: float = 0.998
    seed: int = 1


@dataclass(frozen=True)
class LatentsRecipe:
    """How many canvases are drawn and encoded, once."""

    singles: int = 7_200
    collages: int = 13_000
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    shard: int = 200
    """Canvases in a file; an interrupted stage goes on at the first missing file."""
    seed: int = 2


@dataclass(frozen=True)
class ReadingRecipe:
    """How the text encoders learn to read, before they learn to help painting."""

    budget: Budget = field(default_factory=lambda: Budget(minutes=4))
    learning_rate: float = 3e-3
    warmup: int = 30
    tokens: int = 1_600
    ema: float = 0.98
    seed: int = 6


@dataclass(frozen=True)
class FluxRecipe:
    """How transformer and text encoders are trained together."""

    budget: Budget = field(default_factory=lambda: Budget(minutes=240))
    learning_rate: float = 4e-3
    warmup: int = 60
    tokens: int = 3_600
    """About how many tokens, picture and text, a step holds."""
    probe_weight: float = 0.15
    probe_rate: float = 2e-3
    """The probe's share of the loss, and its heads' own learning rate."""
    singles_until: float = 0.15
    """Share of the budget in which only single pictures are shown."""
    single_share: float = 0.2
    """Share of single pictures afterwards."""
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    full_length_from: float = 0.88
    """From here on texts are padded to the full length, as the pipeline does."""
    caption_dropout: float = 0.08
    creature_weight: float = 3.0
    time_mean: float = 1.0
    time_spread: float = 1.2
    """Mean and deviation of the times' logit: layout and attributes are decided in the noise."""
    ema: float = 0.995
    look_every: int = 250
    """Steps between sample sheets."""
    exam_every: int = 2_000
    exam_sets: int = 2
    """Steps between exams, a multiple of `look_every`, and the held-out sets of each task."""
    target: float = 0.97
    """The share of facts right in every jointly trained task at which the stage is over."""
    seed: int = 3


@dataclass(frozen=True)
class DistillRecipe:
    """How guidance is distilled into one pass a step."""

    budget: Budget = field(default_factory=lambda: Budget(minutes=20))
    learning_rate: float = 1.2e-3
    warmup: int = 50
    tokens: int = 2_800
    guidance: tuple[float, float] = (1.0, 6.0)
    single_share: float = 0.15
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    creature_weight: float = 2.0
    ema: float = 0.99
    look_every: int = 400
    seed: int = 4


@dataclass(frozen=True)
class DecoderRecipe:
    """How the decoder alone goes on, once latents are settled."""

    budget: Budget = field(default_factory=lambda: Budget(minutes=8))
    learning_rate: float = 2e-3
    warmup: int = 30
    canvas_pixels: int = 60_000
    creature_weight: float = 3.0
    noise: float = 0.05
    """Noise on the latents, as a share of their standard deviation."""
    ema: float = 0.99
    seed: int = 5


@dataclass(frozen=True)
class RunConfig:
    """A whole run: where it keeps its files, and every stage's recipe."""

    folder: Path
    device: str = "cpu"
    threads: int = 2
    sitting_ends: float | None = None
    """The moment (time.monotonic) at which a stage saves and leaves the rest for later."""
    start_from: Path | None = None
    """A finished model's diffusers folder whose weights the stages begin with; None: random."""
    compiled: bool = False
    """Compile the transformer's blocks (torch.compile): a minute at the start, faster steps after.

    What is compiled rounds differently: a run resumed with another value goes on, not bit by bit.
    """
    bfloat16: bool = False
    """Matrix products of the training passes in bfloat16 (autocast); weights stay float32."""
    vae_size: VaeSize = field(default_factory=VaeSize)
    flux_size: FluxSize = field(default_factory=FluxSize)
    vocabulary_captions: int = 20_000
    vae: VaeRecipe = field(default_factory=VaeRecipe)
    latents: LatentsRecipe = field(default_factory=LatentsRecipe)
    reading: ReadingRecipe = field(default_factory=ReadingRecipe)
    flux: FluxRecipe = field(default_factory=FluxRecipe)
    distill: DistillRecipe = field(default_factory=DistillRecipe)
    decoder: DecoderRecipe = field(default_factory=DecoderRecipe)
