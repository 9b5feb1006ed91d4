"""Does it fit? The estimate of :mod:`icl_studio.training.memory` against what is free right now."""

from __future__ import annotations

from pathlib import Path

import torch

from icl_studio.training.job import TrainJob
from icl_studio.training.memory import check_fits, estimate, shape_of
from icl_studio.training.prepare import Manifest


def preflight(job: TrainJob, manifest: Manifest, device: torch.device) -> None:
    """Raise ``UserError`` when the largest bucket needs more memory than is free on ``device``.

    Nothing is known, and nothing refused, where the system does not tell what is free.
    """
    if not job.preflight:
        return
    largest = max((example.canvas for example in manifest.examples), key=lambda size: size.tokens)
    need = estimate(
        shape_of(job.model.folder),
        job.recipe,
        largest,
        job.model.spec.max_sequence_length,
        device=device.type,
    )
    check_fits(need, free_memory(device), job.recipe)


def free_memory(device: torch.device) -> int | None:
    """Bytes that are free on ``device``; None where nobody says."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    facts = Path("/proc/meminfo")
    if facts.is_file():
        for line in facts.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
