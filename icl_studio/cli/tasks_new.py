"""``icl-studio tasks new``: a task whose layout and caption form are found from a data set."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.text import Text

from .console import context, emit_json, out


def new_task(
    name: str | None,
    source: Path | None,
    title: str,
    lora: Path | None,
    plugin: Path | None,
    as_json: bool,
) -> None:
    """Write the task file, or with ``plugin`` a plugin folder in that folder.

    Raises the ``UserError`` of what is missing or cannot be found out.
    """
    from ..errors import RequestInvalid
    from ..paths import expanded
    from ..plugins.task_plugin import write_task_plugin
    from ..training.lorafile import lora_info
    from ..training.material import gather
    from ..training.tasks import keep_adapter, task_from, with_adapter, write_task

    app = context()
    if name is None or source is None:
        raise RequestInvalid(
            "A new task needs a name and a data set.",
            fix="icl-studio tasks new NAME --from-dataset PATH",
        )
    if name in app.registry.tasks:
        raise RequestInvalid(f"There is a task {name!r} already.", fix="Choose another name.")
    with tempfile.TemporaryDirectory(prefix="icl-studio-", ignore_cleanup_errors=True) as spare:
        # Sheets only: which panels there are is what is to be found out.
        gathered = gather(expanded(source), Path(spare) / "unpacked", (), taken_as="sheets")
        task, share = task_from(gathered, name, title or name.replace("-", " ").capitalize())
    info = lora_info(expanded(lora)) if lora is not None else None
    if info is not None and info.family is None:
        raise RequestInvalid(
            f"{lora} does not say which models it is for.",
            fix="Register it afterwards: icl-studio lora register FILE --task TASK --family NAME.",
        )
    if plugin is not None:
        adapter = (info.path, info.family or "") if info is not None else None
        path = write_task_plugin(task, expanded(plugin).absolute(), adapter)
    else:
        if info is not None:
            kept = keep_adapter(info, app.folders)
            task = with_adapter(task, kept.name, info.family or "")
        path = write_task(task, app.folders)
    if as_json:
        emit_json({"task": task, "path": path, "seams_seen": share})
        return
    out.print(Text(str(path)), soft_wrap=True)
    panels = ", ".join(task.layout.names)
    out.print(Text(f"{task.layout.canvas}: {panels}; its seams are seen in {share:.0%} of sheets."))
    if plugin is not None:
        out.print(Text(f"Check it: icl-studio plugins check {path}"), soft_wrap=True)
    else:
        out.print(Text(f"It is a task now: icl-studio tasks {task.id}"))
