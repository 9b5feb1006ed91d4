"""How much memory this process occupies and this machine has; standard library only."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def own_memory() -> int | None:
    """Bytes of physical memory that this process occupies now, None where nobody says.

    macOS tells its own process only the peak, which serves to notice growth as well.
    """
    with suppress(OSError, ValueError, AttributeError, ImportError):
        if sys.platform == "win32":
            return _windows_working_set()
        if sys.platform == "darwin":
            import resource

            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return None


def machine_memory() -> int | None:
    """Bytes of physical memory in this machine, None where nobody says."""
    with suppress(OSError, ValueError, AttributeError):
        if sys.platform == "win32":
            return _windows_total()
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        """``PROCESS_MEMORY_COUNTERS`` of psapi.h."""

        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            *(
                (name, ctypes.c_size_t)
                for name in (
                    "PeakWorkingSetSize",
                    "WorkingSetSize",
                    "QuotaPeakPagedPoolUsage",
                    "QuotaPagedPoolUsage",
                    "QuotaPeakNonPagedPoolUsage",
                    "QuotaNonPagedPoolUsage",
                    "PagefileUsage",
                    "PeakPagefileUsage",
                )
            ),
        )

    def _windows_working_set() -> int | None:
        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        ask = kernel.K32GetProcessMemoryInfo
        ask.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Counters), wintypes.DWORD)
        counters = _Counters(cb=ctypes.sizeof(_Counters))
        told = ask(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
        return int(counters.WorkingSetSize) if told else None

    def _windows_total() -> int | None:
        kilobytes = ctypes.c_ulonglong(0)
        told = ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024 if told else None
