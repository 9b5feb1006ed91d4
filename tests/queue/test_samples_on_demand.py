"""``train sample``: a run that a worker of the queue trains draws its sheets when asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from icl_studio.cli.main import main
from icl_studio.domain.events import Learnt, Progress, Sampled
from icl_studio.sets.locks import Lock
from icl_studio.training.record import LOCK_FILE, note
from icl_studio.training.sampling import ask_for_samples, samples_wanted

TASK = "couple-profile"
CAPTION = "a tall blue creature in two pictures; [LEFT] standing on the beach; [RIGHT] jumping"
Said = tuple[int, dict[str, Any]]


@pytest.fixture
def front(capsys: Any) -> Callable[..., Said]:
    """A command through the front door: its exit code and its JSON."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def queued(front: Any, fake_studio: Any, registry: Any, tmp_path: Path) -> Callable[..., Any]:
    """Queues a training on a fake model; what was told of it."""

    def queue(steps: int, seconds: float, name: str = "lauf ü", samples: int = 1) -> dict[str, Any]:
        data, recipe = tmp_path / "daten", tmp_path / "recipe.json"
        if not data.is_dir():
            data.mkdir()
            Image.effect_noise((64, 32), 80).convert("RGB").save(data / "1.png")
            (data / "1.txt").write_text(CAPTION, encoding="utf-8")
        values = {"batch": 1, "samples": samples, "buckets": False, "steps": steps}
        recipe.write_text(json.dumps(values), encoding="utf-8")
        model = fake_studio(f"modell {samples}", seconds={"train": seconds})
        words = ("train", TASK, data, "--model", model, "--recipe", recipe, "--engine", "fake")
        code, told = front(*words, "--out", tmp_path / name, "--queue")
        assert code == 0, told
        return dict(told)

    return queue


def test_a_run_in_the_queue_draws_when_asked_and_ends_with_the_same_bytes(
    queued: Any, front: Any, run_queue: Any
) -> None:
    asked, plain = queued(40, 0.1), queued(40, 0.0, "nie gefragt")
    folder = Path(asked["run"])
    events: list[Any] = []
    said: list[Said] = []

    def on_event(event: Any) -> None:
        if event.job != asked["job"]:
            return
        events.append(event)
        if isinstance(event, Learnt) and event.step == 3:
            said.append(front("train", "sample", asked["job"]))
            said.append(front("train", "sample", folder))

    report = run_queue(on_event=on_event)
    assert set(report.done) == {asked["job"], plain["job"]}
    assert [code for code, _ in said] == [0, 0] and said[0][1]["run"] == str(folder)
    drawn = [event.step for event in events if isinstance(event, Sampled)]
    assert drawn[0] == 1 and 2 <= len(drawn) <= 3, "the second may have come before an answer"
    assert all(step >= 3 for step in drawn[1:])
    assert any(isinstance(e, Progress) and e.phase == "sample" for e in events)
    assert not samples_wanted(folder)
    assert Path(asked["result"]).read_bytes() == Path(plain["result"]).read_bytes()


def test_where_nobody_trains_it_is_refused_and_nothing_is_left(queued: Any, front: Any) -> None:
    code, told = front("train", "sample")
    assert code == 2 and "No run is being trained" in told["error"]["message"]
    waits = queued(3, 0.0)
    for named in (waits["run"], waits["job"]):
        code, told = front("train", "sample", named)
        assert code == 2 and "Nobody trains" in told["error"]["message"]
    assert not samples_wanted(Path(waits["run"]))
    for wrong, words in (("kein-job", "no job"), (Path(waits["run"]).parent, "no training run")):
        code, told = front("train", "sample", wrong)
        assert code == 2 and words in told["error"]["message"], told


def test_of_several_runs_one_is_to_be_named_and_one_without_samples_is_refused(
    queued: Any, front: Any, home: Path
) -> None:
    """Held as a trainer holds them: by the lock in their folders."""
    locks = []
    for name in ("eins", "zwei"):
        told = queued(3, 0.0, f"home/training/{name}", samples=0 if name == "zwei" else 1)
        folder = Path(told["run"])
        locks.append(Lock(folder / LOCK_FILE))
        assert locks[-1].take(wait=False)
        note(folder, state="running")
        if name == "eins":
            code, one = front("train", "sample")
            assert code == 0 and samples_wanted(Path(one["run"]))
    code, refused = front("train", "sample")
    assert code == 2 and "2 runs are being trained" in refused["error"]["message"]
    code, refused = front("train", "sample", told["run"])
    assert code == 2 and "has no samples" in refused["error"]["message"]
    locks[0].drop()
    with pytest.raises(Exception, match="interrupted"):
        ask_for_samples(Path(one["run"]))
    locks[1].drop()
