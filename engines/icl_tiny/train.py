"""One command for the whole recipe: `python -m icl_tiny.train --stage all --run runs/tiny`."""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from icl_tiny.training.assemble import assemble
from icl_tiny.training.config import Budget, RunConfig
from icl_tiny.training.decoder import train_decoder
from icl_tiny.training.distill import train_distill
from icl_tiny.training.flux import train_flux
from icl_tiny.training.latents import encode_latents
from icl_tiny.training.loop import SittingOver
from icl_tiny.training.reading import train_reading
from icl_tiny.training.vae import train_vae

STAGES: dict[str, Callable[[RunConfig], object]] = {
    "vae": train_vae,
    "latents": encode_latents,
    "reading": train_reading,
    "flux": train_flux,
    "distill": train_distill,
    "decoder": train_decoder,
}


EXIT_SITTING_OVER = 75
"""sysexits' EX_TEMPFAIL: try again."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="icl_tiny.train", description=__doc__)
    parser.add_argument("--stage", choices=(*STAGES, "assemble", "all"), required=True)
    parser.add_argument("--run", type=Path, default=Path("runs/tiny"), help="logs and checkpoints")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/tiny/model"),
        help="the diffusers folder that `assemble` writes",
    )
    parser.add_argument("--compiled", action="store_true", help="compile the transformer's blocks")
    parser.add_argument(
        "--sitting",
        type=float,
        metavar="MINUTES",
        help="stop after so long with exit code 75, work saved; the same command goes on",
    )
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--minutes", type=float, help="budget of this stage in minutes")
    limit.add_argument("--steps", type=int, help="budget of this stage in optimizer steps")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--start-from", type=Path, help="a finished model's folder, instead of random weights"
    )
    parser.add_argument(
        "--bfloat16", action="store_true", help="matrix products in bfloat16 (AVX512_BF16, CUDA)"
    )
    return parser.parse_args(arguments)


def with_budget(config: RunConfig, stage: str, budget: Budget) -> RunConfig:
    """`config` with another budget for `stage`. Raises ValueError for stages that have none."""
    if stage == "vae":
        return replace(config, vae=replace(config.vae, budget=budget))
    if stage == "reading":
        return replace(config, reading=replace(config.reading, budget=budget))
    if stage == "flux":
        return replace(config, flux=replace(config.flux, budget=budget))
    if stage == "distill":
        return replace(config, distill=replace(config.distill, budget=budget))
    if stage == "decoder":
        return replace(config, decoder=replace(config.decoder, budget=budget))
    raise ValueError(
        f"stage {stage} takes no budget: only vae, reading, flux, distill and decoder do"
    )


def main(arguments: list[str] | None = None) -> None:
    """Run one stage, or all of them in order; a stage that was interrupted goes on where it was."""
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    config = RunConfig(
        options.run,
        options.device,
        start_from=options.start_from,
        bfloat16=options.bfloat16,
        compiled=options.compiled,
        sitting_ends=None if options.sitting is None else time.monotonic() + options.sitting * 60,
    )
    if options.minutes is not None or options.steps is not None:
        config = with_budget(config, options.stage, Budget(options.minutes, options.steps))
    try:
        for name, stage in STAGES.items():
            if options.stage in (name, "all"):
                stage(config)
    except SittingOver as over:
        print(f"{over}: this sitting is over, the same command goes on", flush=True)
        raise SystemExit(EXIT_SITTING_OVER) from None
    if options.stage in ("assemble", "all"):
        assemble(config, options.out)


if __name__ == "__main__":
    main()
