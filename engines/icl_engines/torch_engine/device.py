"""Where and how precisely to compute: the user's wish checked, or a sensible choice."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from icl_studio.engines.protocol import EngineOptions
from icl_studio.errors import UserError

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
KINDS = ("cpu", "cuda", "mps")


def choose_device(options: EngineOptions) -> torch.device:
    """The asked device, or the first of CUDA (ROCm included), Apple GPU, CPU that is there.

    Raises :class:`UserError` for a device that does not exist, saying why not.
    """
    if options.device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(options.device)
    except RuntimeError:
        device = None
    if device is None or device.type not in KINDS:
        raise UserError(
            f"There is no kind of device called {options.device!r}.",
            fix="Use cpu, cuda, cuda:1 (the second GPU) or mps, or leave it out.",
        )
    if device.type == "cuda":
        _check_cuda(device)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError(
            "There is no Apple GPU here that torch can use.",
            fix="Use --device cpu, or leave it out.",
        )
    return device


def choose_dtype(options: EngineOptions, device: torch.device) -> torch.dtype:
    """The asked precision, or float32 on a CPU and half precision on a GPU.

    FLUX.1 was trained in bfloat16 and can overflow float16, so float16 is chosen only where
    the GPU lacks bfloat16. Raises :class:`UserError` for anything else.
    """
    if options.dtype is None:
        if device.type == "cpu":
            return torch.float32
        return torch.bfloat16 if _has_bfloat16(device) else torch.float16
    dtype = DTYPES.get(options.dtype)
    if dtype is None:
        raise UserError(
            f"There is no precision called {options.dtype!r}.",
            fix=f"Use one of {', '.join(DTYPES)}, or leave it out.",
        )
    if dtype is torch.float16 and device.type == "cpu":
        raise UserError(
            "A CPU cannot run this model in float16.",
            fix="Use --dtype float32 or bfloat16, or leave it out.",
        )
    if dtype is torch.bfloat16 and not _has_bfloat16(device):
        raise UserError(
            f"{device_name(device)} does not compute in bfloat16.",
            fix="Use --dtype float16, or leave it out.",
        )
    return dtype


def device_name(device: torch.device) -> str:
    """The name that the hardware gives itself, as a receipt records it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return _processor()


def dtype_name(dtype: torch.dtype) -> str:
    """``float32``, ``float16`` or ``bfloat16``."""
    return str(dtype).removeprefix("torch.")


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "mps":
        return torch.backends.mps.is_macos_or_newer(14, 0)
    return True


def _check_cuda(device: torch.device) -> None:
    """Raise :class:`UserError` unless ``device`` is a GPU that this torch can use."""
    if not torch.cuda.is_available():
        raise UserError(f"There is no CUDA device: {_why_no_cuda()}", fix=_cuda_fix())
    count = torch.cuda.device_count()
    if device.index is not None and device.index >= count:
        raise UserError(
            f"There is no {device}: this machine has {count} CUDA device(s), "
            f"cuda:0 to cuda:{count - 1}.",
            fix="Use one of them, or leave --device out.",
        )


def _why_no_cuda() -> str:
    if torch.version.cuda is None and torch.version.hip is None:
        return f"this torch ({torch.__version__}) is a CPU build."
    return f"this torch ({torch.__version__}) is a GPU build, but it finds no GPU or no driver."


def _cuda_fix() -> str:
    if torch.version.cuda is None and torch.version.hip is None:
        return "Run `icl-studio doctor` for the install command, or use --device cpu."
    return "Run `nvidia-smi` to see whether the driver works, or use --device cpu."


def _processor() -> str:
    """The CPU's model: Linux tells it in a file only."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
