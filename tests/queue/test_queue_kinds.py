"""Jobs that make no set: trainings that survive, captions, and sets that wait for a LoRA."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image

from icl_studio.cli.main import main
from icl_studio.cli.queue_show import KindChoice
from icl_studio.domain.events import Learnt, Progress
from icl_studio.domain.model import AdapterUse
from icl_studio.errors import NotFound, QueueProblem
from icl_studio.paths import UserFolders
from icl_studio.queue import control
from icl_studio.queue.awaited import Awaited
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.kinds import KINDS, Kind
from icl_studio.queue.running import Report
from icl_studio.queue.store import Store
from icl_studio.training.record import read_run

TASK = "couple-profile"
CAPTION = "a tall blue creature in two pictures; [LEFT] standing on the beach; [RIGHT] jumping"
Said = tuple[int, dict[str, Any]]
Front = Callable[..., Said]


@pytest.fixture
def front(capsys: Any) -> Front:
    """A command through the front door: its exit code and its JSON."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "daten ü"
    folder.mkdir()
    for number in range(2):
        noise = Image.effect_noise((64, 32), 80 + number).convert("RGB")
        noise.save(folder / f"{number:04}.png")
        (folder / f"{number:04}.txt").write_text(CAPTION, encoding="utf-8")
    return folder


@pytest.fixture
def queued(front: Front, data: Path, registry: Any, tmp_path: Path) -> Callable[..., Said]:
    """Queues a training on a fake model; ``steps`` of ``seconds`` each."""

    def queue(model: Path, steps: int = 3, *more: object, out: str = "lauf") -> Said:
        recipe = tmp_path / "recipe.json"
        recipe.write_text('{"batch": 1, "samples": 1, "buckets": false}', encoding="utf-8")
        words = ("train", TASK, data, "--model", model, "--recipe", recipe, "--engine", "fake")
        return front(*words, "--steps", steps, "--out", tmp_path / out, "--queue", *more)

    return queue


def elsewhere(folders: UserFolders, action: Any, *ids: str) -> None:
    """``action`` as another program does it, from a worker's thread."""
    with Database(queue_file(folders)) as database:
        action(Store(database), ids)


def test_the_command_line_knows_every_kind() -> None:
    assert [choice.value for choice in KindChoice] == list(KINDS)
    assert set(KINDS) <= set(get_args(Kind)) == set(control.COMMANDS)


def test_a_training_is_queued_listed_shown_run_and_found_done(
    queued: Callable[..., Said], front: Front, fake_studio: Any, store: Store, run_queue: Any
) -> None:
    code, told = queued(fake_studio())
    assert code == 0
    id, folder = told["job"], Path(told["run"])
    (run,) = front("train", "status", folder)[1]["runs"]
    assert (run["state"], run["job"]) == ("stopped", {"id": id, "state": "waiting"})
    events: list[Any] = []
    report: Report = run_queue(on_event=events.append)
    assert report.done == [id] and Path(told["result"]).is_file()
    assert [event.step for event in events if isinstance(event, Learnt)] == [1, 2, 3]
    job = store.get(id)
    assert (job.kind, job.state, job.attempts, job.folder) == ("train", "done", 1, folder)
    (row,) = front("queue", "list", "--kind", "train")[1]
    assert (row["id"], row["kind"], row["state"], row["sets"]) == (id, "train", "done", [])
    shown = front("queue", "show", id)[1]
    assert shown["request"]["file"] == told["result"]
    assert front("queue", "log", id)[1][0]["outcome"] == "done"
    assert read_run(folder).state == "done"
    assert front("train", "status", folder)[1]["runs"][0]["job"] is None


def test_paused_in_the_middle_it_goes_on_from_its_checkpoint(
    queued: Callable[..., Said],
    fake_studio: Any,
    store: Store,
    run_queue: Any,
    folders: UserFolders,
) -> None:
    """And ends with the bytes of a run that was never stopped."""
    model = fake_studio(seconds={"train": 0.05})
    (_, one), (_, other) = queued(model, 60), queued(model, 60, out="nie angehalten")
    control.pause(store, [other["job"]])
    steps: list[int] = []

    def on_event(event: Any) -> None:
        if isinstance(event, Learnt) and event.job == one["job"]:
            steps.append(event.step)
            if event.step == 2:
                elsewhere(folders, control.pause, one["job"])

    assert run_queue(on_event=on_event).failed == {}
    job = store.get(one["job"])
    assert (job.state, job.crashes) == ("paused", 0) and 2 <= max(steps) < 60
    assert read_run(Path(one["run"])).state == "stopped"
    control.resume(store, [one["job"], other["job"]])
    first = len(steps)
    assert set(run_queue(on_event=on_event).done) == {one["job"], other["job"]}
    assert steps[first] == steps[first - 1] + 1  # no step was taken twice
    assert Path(one["result"]).read_bytes() == Path(other["result"]).read_bytes()
    assert store.attempts(one["job"])[0].outcome == "paused"


def test_a_training_that_kills_its_worker_keeps_its_steps_and_is_quarantined(
    queued: Callable[..., Said], fake_studio: Any, store: Store, run_queue: Any
) -> None:
    _, told = queued(fake_studio(trouble="crash", at="train"), 5)
    report: Report = run_queue()
    job = store.get(told["job"])
    assert job.state == "quarantined" and set(report.failed) == {job.id}
    assert [attempt.outcome for attempt in store.attempts(job.id)] == ["died"] * 3
    run = read_run(Path(told["run"]))
    assert (run.state, run.step) == ("interrupted", 3)  # each attempt took one more step
    control.retry(store, [job.id])
    assert run_queue().done == [job.id]  # two are left, and the trouble comes after the first
    assert read_run(Path(told["run"])).step == 5


def test_a_cancelled_training_keeps_its_checkpoint_for_a_retry(
    queued: Callable[..., Said],
    fake_studio: Any,
    store: Store,
    run_queue: Any,
    folders: UserFolders,
) -> None:
    _, told = queued(fake_studio(seconds={"train": 0.05}), 40)

    def on_event(event: Any) -> None:
        if isinstance(event, Learnt) and event.step == 1:
            elsewhere(folders, control.cancel, told["job"])

    report: Report = run_queue(on_event=on_event)
    assert report.cancelled == [told["job"]] and read_run(Path(told["run"])).step >= 1
    control.retry(store, [told["job"]])
    assert run_queue().done == [told["job"]]


@pytest.mark.skipif(os.name == "nt", reason="kills a process group")
def test_the_whole_studio_killed_the_training_goes_on(
    queued: Callable[..., Said], fake_studio: Any, store: Store, run_queue: Any
) -> None:
    _, told = queued(fake_studio(seconds={"train": 0.1}), 40)
    words = [sys.executable, "-m", "icl_studio", "queue", "run", "--workers", "1", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True)
    folder = Path(told["run"])
    end = time.monotonic() + 120
    while read_run(folder).step < 2 and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= read_run(folder).step < 40 and not Path(told["result"]).exists()
    assert run_queue().done == [told["job"]]
    assert [a.outcome for a in store.attempts(told["job"])] == ["lost", "done"]


def test_a_run_that_is_done_or_gone_is_seen_at_once(
    queued: Callable[..., Said], front: Front, fake_studio: Any, store: Store, run_queue: Any
) -> None:
    model = fake_studio()
    (_, one), (_, other) = queued(model), queued(model, out="verschwunden")
    assert front("train", "--resume", one["run"])[0] == 0  # by hand, in the meantime
    Path(other["run"]).rename(Path(other["run"]).with_name("woanders"))
    report: Report = run_queue()
    assert report.done == [one["job"]] and "no training run" in report.failed[other["job"]].message
    code, refused = front("train", "--resume", one["run"], "--queue")
    assert code == 2 and "finished" in refused["error"]["message"]


def test_a_set_waits_for_the_lora_that_a_training_makes(
    queued: Callable[..., Said],
    front: Front,
    fake_studio: Any,
    store: Store,
    run_queue: Any,
    tmp_path: Path,
    out: Path,
) -> None:
    """From a shot list, from `make --queue`, by id and by the file that will stand."""
    model = fake_studio()
    _, tuned = queued(model)
    job = tuned["job"]
    rows = [
        {"task": TASK, "summary": "a fox", "panel1": "sits", "panel2": "runs", "lora": lora}
        for lora in (f"job:{job}:0.5", tuned["result"], "none")
    ]
    shots = tmp_path / "liste.json"
    shots.write_text(json.dumps(rows), encoding="utf-8")
    code, listed = front("queue", "add", shots, "--model", model, "--out", out)
    assert code == 0
    words = ("--summary", "a fox", "--panel", "sits", "--panel", "runs", "--model", model)
    code, made = front("make", TASK, *words, "--lora", f"job:{job}", "--queue", "--out", out)
    assert code == 0
    first, second, free, fourth = ids = [*listed["jobs"], *made["jobs"]]
    assert [store.get(id).needs for id in ids] == [(job,), (job,), (), (job,)]
    use = store.get(first).request.adapters[0]
    assert (use.source, use.weight) == (tuned["result"], 0.5)
    control.move(store, [job], "last")
    report: Report = run_queue()
    assert report.failed == {} and set(report.done) == {job, *ids}
    order = report.done.index
    assert order(free) < order(job) < min(map(order, (first, second, fourth)))
    record = json.loads((store.get(first).folder / "set.json").read_text(encoding="utf-8"))
    assert record["receipt"]["adapters"][0]["sha256"]
    again = front("make", TASK, *words, "--lora", f"job:{job}", "--queue")
    assert again[0] == 0 and store.get(again[1]["jobs"][0]).needs == ()  # it stands


def test_who_waits_for_a_training_that_failed_is_told_and_may_take_another_lora(
    queued: Callable[..., Said],
    front: Front,
    fake_studio: Any,
    store: Store,
    run_queue: Any,
    out: Path,
) -> None:
    """A copy waits as well; an edit to another LoRA, or to none, waits no more."""
    model = fake_studio()
    _, tuned = queued(model)
    job = tuned["job"]
    words = ("--summary", "a fox", "--panel", "sits", "--panel", "runs", "--model", model)
    asked = ("make", TASK, *words, "--lora", f"job:{job}", "--queue", "--out", out)
    (waits,) = front(*asked)[1]["jobs"]
    (copy,) = front("queue", "duplicate", waits)[1]["jobs"]
    assert store.get(copy).needs == (job,)
    code, seen = front("queue", "preflight")
    states = {(line["what"], line["state"]) for line in seen["lines"]}
    assert code == 0 and {("LoRA", "note"), ("needs", "note")} <= states
    control.cancel(store, [job])
    code, seen = front("queue", "preflight")
    (problem,) = (line for line in seen["lines"] if line["what"] == "needs")
    assert code == 1 and f"queue retry {job}" in problem["fix"]
    assert front("queue", "edit", waits, "--lora", "none")[0] == 0
    assert store.get(waits).request.adapters == ()
    assert store.get(waits).needs == () and store.get(copy).needs == (job,)
    report: Report = run_queue()
    assert report.done == [waits] and report.left["waiting"] == 1


def test_a_lora_that_no_job_makes_is_refused_with_its_row(
    front: Front, registry: Any, fake_studio: Any, store: Store, new_job: Any, tmp_path: Path
) -> None:
    (set_job,) = store.add([new_job()])
    awaited = Awaited(store)
    for word, told in ((set_job, "tunes no LoRA"), ("no-such-job", "no job")):
        rows = [{"task": TASK, "summary": "a", "panel1": "b", "panel2": "c", "lora": f"job:{word}"}]
        shots = tmp_path / "liste.json"
        shots.write_text(json.dumps(rows), encoding="utf-8")
        code, said = front("queue", "add", shots, "--model", fake_studio())
        assert code == 2 and told in said["error"]["problems"][0]["what"]
        with pytest.raises(NotFound, match=told):
            awaited.known(AdapterUse(source=f"job:{word}"))


def test_captions_are_written_by_the_queue_and_those_that_stand_are_kept(
    front: Front, registry: Any, store: Store, run_queue: Any, tmp_path: Path
) -> None:
    data = tmp_path / "sätze"
    for number, texts in ((2, ("sits", "runs")), (3, None)):
        folder = data / f"satz {number}"
        folder.mkdir(parents=True)
        for n, name in enumerate(("LEFT", "RIGHT")):
            Image.new("RGB", (32, 32), (n, number, 0)).save(folder / f"{name}.png")
            if texts:
                (folder / f"{name}.txt").write_text(texts[n], encoding="utf-8")
        if texts:
            (folder / "summary.txt").write_text("a blue creature", encoding="utf-8")
    code, told = front("dataset", "caption", data, "--task", TASK, "--as", "panels", "--queue")
    assert (code, told["captions"]) == (0, 2)
    report: Report = run_queue()
    error = report.failed[told["job"]]
    assert "1 of 2 sets got no caption: satz 3" in error.message and "retry" in error.fix
    text = (data / "satz 2" / "caption.txt").read_text(encoding="utf-8")
    assert "[LEFT] sits" in text
    (data / "satz 3" / "caption.txt").write_text(CAPTION, encoding="utf-8")  # by hand
    control.retry(store, [told["job"]])
    assert run_queue().done == [told["job"]]
    assert (data / "satz 3" / "caption.txt").read_text(encoding="utf-8") == CAPTION


def test_what_is_for_sets_only_is_refused(
    queued: Callable[..., Said], front: Front, fake_studio: Any, store: Store, new_job: Any
) -> None:
    _, told = queued(fake_studio())
    id = told["job"]
    with pytest.raises(QueueProblem, match="kind train and cannot be duplicated"):
        control.duplicate(store, [id])
    code, refused = front("queue", "edit", id, "--steps", "3")
    assert code == 2 and "makes no set" in refused["error"]["message"]
    with pytest.raises(Exception, match="cannot be asked with"):
        store.add([NewJob(kind="train", request=new_job().request, out=new_job().out)])
    code, refused = front("train", TASK, "--after", id)
    assert code == 2 and "--queue" in refused["error"]["message"]
    assert front("queue", "preflight")[0] == 0
    assert front("queue", "edit", id, "--priority", "5")[0] == 0


@pytest.fixture
def metric(fake_studio: Any, tmp_path: Path) -> None:
    """The fake metric, found by entry point as any plugin's."""
    info = tmp_path / "plugins" / "icl_studio_queue_metric-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: icl-studio-queue-metric\nVersion: 1\n", encoding="utf-8")
    entry = "[icl_studio]\nqueue-metric = icl_studio_queue_metric\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    (info.parent / "icl_studio_queue_metric.py").write_text(
        "from icl_studio.api import hookimpl\n"
        "from icl_studio.testing import FAKE_METRIC\n"
        "ICL_STUDIO_API = 1\n"
        "@hookimpl\n"
        "def icl_studio_metrics():\n"
        "    return [FAKE_METRIC]\n",
        encoding="utf-8",
    )


def test_an_evaluation_is_queued_paused_and_goes_on_with_the_sets_that_stand(
    metric: None,
    front: Front,
    fake_studio: Any,
    registry: Any,
    store: Store,
    run_queue: Any,
    folders: UserFolders,
) -> None:
    model = fake_studio(seconds={"denoise": 0.2})
    code, told = front("evaluate", "--model", model, "--n", 6, "--seed", 3, "--steps", 2, "--queue")
    assert code == 0
    phases: list[str] = []

    def on_event(event: Any) -> None:
        if isinstance(event, Progress):
            if event.phase == "denoise" and "denoise" not in phases:
                elsewhere(folders, control.pause, told["job"])
            phases.append(event.phase)

    assert run_queue(on_event=on_event).failed == {}
    assert store.get(told["job"]).state == "paused" and not Path(told["report"]).exists()
    made = list((folders.data / "evaluations" / "film-storyboard").glob("*/set.json"))
    assert len(made) < 6
    control.resume(store, [told["job"]])
    assert run_queue(on_event=on_event).done == [told["job"]]
    assert phases[-1] == "judge"
    for file in made:
        assert file.is_file()
    report = json.loads((Path(told["report"]) / "report.json").read_text(encoding="utf-8"))
    assert (report["n"], report["seed"], report["stopped"]) == (6, 3, False)
    assert (Path(told["report"]) / "report.html").is_file()
    assert store.get(told["job"]).folder == Path(told["report"])
    assert front("queue", "show", told["job"])[1]["request"]["ask"]["count"] == 6
    straight = front("evaluate", "--model", model, "--n", 6, "--seed", 3, "--steps", 2)[1]
    assert straight["adherence"] == report["adherence"]


def test_an_evaluation_whose_sets_fail_or_whose_judge_dies_is_never_done(
    metric: None, front: Front, fake_studio: Any, registry: Any, store: Store, run_queue: Any
) -> None:
    broken = fake_studio("voll", trouble="out-of-memory")
    crashing = fake_studio("richter stirbt")
    (crashing / "metric-trouble.txt").write_text("crash", encoding="utf-8")
    jobs = [
        front("evaluate", "--model", model, "--n", 2, "--steps", 1, "--queue")[1]["job"]
        for model in (broken, crashing)
    ]
    report: Report = run_queue()
    assert report.done == [] and set(report.failed) == set(jobs)
    assert store.get(jobs[0]).state == "failed" and report.failed[jobs[0]].type == "OutOfMemory"
    assert store.get(jobs[1]).state == "quarantined"
    assert "process of a metric" in store.attempts(jobs[1])[0].evidence


@pytest.mark.parametrize(
    ("trouble", "state", "told"),
    [
        ("out-of-memory", "failed", "full in train"),
        ("full-disk", "waiting", "disk is full"),
        ("error", "failed", "broke in train"),
    ],
)
def test_a_training_that_cannot_go_on_says_so_everywhere_and_is_never_done(
    queued: Callable[..., Said],
    front: Front,
    fake_studio: Any,
    store: Store,
    run_queue: Any,
    trouble: str,
    state: str,
    told: str,
) -> None:
    """A full disk is nobody's fault: the job waits, and the next run goes on."""
    _, asked = queued(fake_studio(trouble=trouble, at="train"), 3)
    report: Report = run_queue()
    folder = Path(asked["run"])
    assert report.done == [] and store.get(asked["job"]).state == state
    if state == "failed":
        assert told in report.failed[asked["job"]].message
    else:
        assert told in report.closed[folder].message.lower()
    (run,) = front("train", "status", folder)[1]["runs"]
    assert (run["state"], run["step"], run["result"]) == ("failed", 1, None)
    assert told in run["message"].lower() and run["job"]["state"] == state
    assert not Path(asked["result"]).exists()
    if state == "failed":
        control.retry(store, [asked["job"]])
    run_queue()  # one step more
    assert read_run(folder).step == 2


@pytest.mark.many
@pytest.mark.skipif(os.name == "nt", reason="kills a process group")
def test_a_real_training_killed_in_the_queue_ends_with_the_bytes_of_one_that_was_not(
    front: Front, home: Path, store: Store, tmp_path: Path, data: Path
) -> None:
    for number in range(2):
        Image.effect_noise((192, 96), 80 + number).convert("RGB").save(data / f"{number:04}.png")
    recipe = tmp_path / "recipe.json"
    small = {"rank": 1, "alpha": 1, "steps": 8, "batch": 2, "sample_every": 0, "warmup": 0}
    recipe.write_text(json.dumps({**small, "checkpoint_every": 1}), encoding="utf-8")
    words = ("train", TASK, data, "--recipe", recipe, "--device", "cpu", "--out")
    whole = front(*words, tmp_path / "whole")[1]
    told = front(*words, tmp_path / "torn", "--queue")[1]
    command = [sys.executable, "-m", "icl_studio", "queue", "run", "--workers", "1", "--json"]
    for steps in (2, 5):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 600
        while read_run(Path(told["run"])).step < steps and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert store.get(told["job"]).state == "done"
    assert Path(told["result"]).read_bytes() == Path(whole["result"]).read_bytes()
