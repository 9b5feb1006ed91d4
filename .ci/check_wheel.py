"""The wheel works away from the repository: build it, install it apart, run the main job.

The heavy packages (torch, diffusers, ...) are reused from the environment that runs this;
the repository is not importable: the editable install's hook is not followed, and the job
runs in another folder, whose name has a space and an umlaut.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("icl_studio", "icl_tasks", "icl_engines", "icl_tiny")
PLUGINS = {"icl-tasks", "icl-engines", "icl-tiny"}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="icl-wheel-") as folder:
        work = Path(folder).resolve()
        wheel = build(work / "dist")
        check_contents(wheel)
        python = install(wheel, work / "venv")
        place = work / "far äway"
        place.mkdir()
        environment = clean_environment(place / "home")
        check_imports(python, place, environment)
        check_plugins(python, place, environment)
        check_main_job(python, place, environment)
    print("the wheel stands on its own")


def build(out: Path) -> Path:
    """The wheel, built from the source distribution, as an index would get both."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    run([*command, str(REPOSITORY)], REPOSITORY, dict(os.environ))
    (wheel,) = out.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """All packages and the embedded model are inside; tests and run data are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names if not name.partition("/")[0].endswith("info")}
    expect(tops == set(PACKAGES), f"the wheel holds {sorted(tops)}")
    model = "icl_studio/_resources/models/tiny/model_index.json"
    expect(model in names, f"the wheel lacks {model}")
    expect("icl_studio/py.typed" in names, "the wheel lacks icl_studio/py.typed")
    for adapter in (REPOSITORY / "resources").glob("adapters/**/*.safetensors"):
        inside = f"icl_studio/_resources/{adapter.relative_to(REPOSITORY / 'resources').as_posix()}"
        expect(inside in names, f"the wheel lacks {inside}")
    print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1e6:.1f} MB")


def install(wheel: Path, target: Path) -> Path:
    """Install ``wheel`` alone in an environment that sees this one's packages; its Python."""
    run([sys.executable, "-m", "venv", "--without-pip", str(target)], target.parent, {**os.environ})
    folder = "Scripts" if os.name == "nt" else "bin"
    python = target / folder / ("python.exe" if os.name == "nt" else "python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    run([*pip, "--no-deps", "--no-index", str(wheel)], target.parent, dict(os.environ))
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = run([str(python), "-I", "-c", code], target.parent, dict(os.environ)).strip()
    # A path line adds this environment's folder without following the .pth files in it,
    # one of which is the editable install of the checkout.
    heavy = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "heavy.pth").write_text("\n".join(sorted(heavy)) + "\n", encoding="utf-8")
    return python


def clean_environment(home: Path) -> dict[str, str]:
    dropped = ("PYTHON", "ICL_STUDIO", "VIRTUAL_ENV", "HF_", "PYTEST")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return kept | {"ICL_STUDIO_HOME": str(home), "PYTHONUTF8": "1", "HF_HUB_OFFLINE": "1"}


def check_imports(python: Path, place: Path, environment: dict[str, str]) -> None:
    code = (
        "import importlib, json, sys;"
        f"found = [importlib.import_module(name).__file__ for name in {PACKAGES!r}];"
        "print(json.dumps({'files': found, 'path': sys.path}))"
    )
    answer = json.loads(run([str(python), "-c", code], place, environment))
    for file in answer["files"]:
        expect(not Path(file).resolve().is_relative_to(REPOSITORY), f"{file} is the checkout's")
        expect(Path(file).resolve().is_relative_to(python.parents[1]), f"{file} is not the wheel's")
    # An environment inside the checkout (.venv) is no way into its packages.
    leaks = [p for p in answer["path"] if p and (Path(p) / "icl_studio" / "domain").is_dir()]
    own = [p for p in leaks if Path(p).resolve().is_relative_to(python.parents[1])]
    expect(leaks == own, f"the checkout is importable: {leaks}")


def check_plugins(python: Path, place: Path, environment: dict[str, str]) -> None:
    shown = run([*studio(python), "plugins", "list", "--json"], place, environment)
    states = {plugin["name"]: plugin["state"] for plugin in json.loads(shown)["plugins"]}
    expect(set(states) >= PLUGINS, f"plugins found: {states}")
    expect(set(states.values()) == {"ok"}, f"plugins not in order: {states}")


def check_main_job(python: Path, place: Path, environment: dict[str, str]) -> None:
    from PIL import Image

    (made,) = json.loads(run([*studio(python), "demo", "--json"], place, environment))["sets"]
    sheet = Image.open(made["sheet"])
    expect(Path(made["folder"]).is_relative_to(place), f"the set lies in {made['folder']}")
    expect(len(made["panels"]) == 3, f"panels: {made['panels']}")
    for panel in made["panels"]:
        x0, y0, x1, y1 = panel["box"]
        expect(Image.open(panel["path"]).size == (x1 - x0, y1 - y0), f"panel {panel['name']}")
    print(f"demo made {Path(made['folder']).name}, a sheet of {sheet.width}x{sheet.height}")


def studio(python: Path) -> list[str]:
    """The console script that the wheel installed."""
    script = python.parent / ("icl-studio.exe" if os.name == "nt" else "icl-studio")
    expect(script.is_file(), f"the wheel installed no {script.name}")
    return [str(script)]


def run(command: list[str], place: Path, environment: dict[str, str]) -> str:
    """stdout of ``command``, which must succeed."""
    done = subprocess.run(
        command,
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=900,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nexit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(f"wheel check failed: {otherwise}")


if __name__ == "__main__":
    main()
