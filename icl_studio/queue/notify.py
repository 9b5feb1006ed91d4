"""A word from the desktop when a batch ends.

Through what each system has: ``notify-send`` on Linux, ``osascript`` on macOS, PowerShell
on Windows. The packages that wrap these (plyer, desktop-notifier) bring D-Bus, pyobjc or
WinRT bindings into every installation for one sentence at the end of a night. Where there
is no such tool, as on a server, nothing happens. Texts are passed as arguments or through
the environment, never as part of a script.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_APPLE = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)
_WINDOWS = """
[void][Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,ContentType=WindowsRuntime]
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $toast.GetElementsByTagName('text')
[void]$texts.Item(0).AppendChild($toast.CreateTextNode($env:ICL_STUDIO_TITLE))
[void]$texts.Item(1).AppendChild($toast.CreateTextNode($env:ICL_STUDIO_TEXT))
$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show($toast)
"""
SECONDS = 10


def notify(title: str, text: str) -> bool:
    """Show a notification; False where this system cannot. Never raises over one."""
    command = _command(title, text)
    if command is None:
        return False
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "ICL_STUDIO_TITLE": title, "ICL_STUDIO_TEXT": text},
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _command(title: str, text: str) -> list[str] | None:
    if sys.platform == "darwin":
        tool = shutil.which("osascript")
        script = [word for line in _APPLE for word in ("-e", line)]
        return [tool, *script, title, text] if tool else None
    if sys.platform == "win32":
        tool = shutil.which("powershell")
        return [tool, "-NoProfile", "-NonInteractive", "-Command", _WINDOWS] if tool else None
    tool = shutil.which("notify-send")
    return [tool, "--app-name=ICL Studio", "--", title, text] if tool else None
