"""A fake trainer beside the fake engine: steps without a model, real checkpoints, a real file.

Every step folds the data set's digest into a chain of hashes, and the finished file holds the
chain's end. So two runs whose files agree took the same steps, however often one was stopped.
"""

from __future__ import annotations

import hashlib
import json
import time

from PIL import Image

from .sets.files import make_folders, replace_text
from .testing import BEHAVIOUR_FILE, FakeBehaviour, strike
from .training.job import CHECKPOINTS, LOG, SAMPLES, Reporter, TrainJob, TrainResult


def fake_train(job: TrainJob, report: Reporter) -> TrainResult:
    """The trainer that :data:`~icl_studio.testing.FAKE_ENGINE` names; keeps every step.

    ``seconds["train"]`` of the model's behaviour is what a step takes; trouble ``at="train"``
    comes after the first step of each attempt.
    """
    text = (job.model.folder / BEHAVIOUR_FILE).read_text(encoding="utf-8")
    behaviour = FakeBehaviour.model_validate_json(text)
    state = job.folder / CHECKPOINTS / "state.json"
    make_folders(state.parent)
    step, chain = 0, ""
    if state.is_file():
        step, chain = json.loads(state.read_text(encoding="utf-8"))
    report.phase("load", 0, 1)
    total = job.recipe.steps
    for number in range(step + 1, total + 1):
        if report.stopping:
            return TrainResult(finished=False, step=number - 1, checkpoint=state)
        time.sleep(behaviour.seconds.get("train", 0.0))
        chain = hashlib.sha256(f"{chain}{job.digest}{number}".encode()).hexdigest()
        _log(job, number)
        replace_text(state, json.dumps([number, chain]))
        report.step(number, total, 1 / number, 1 / number, 1e-4, 1.0)
        if number == step + 1 or report.sample_wanted:
            _sample(job, report, number)
            report.sampling_done()
        if number == step + 1 and behaviour.at == "train":
            strike(behaviour.trouble, "train")
    data = json.dumps({"__metadata__": {"chain": chain}}).encode()
    job.result.write_bytes(len(data).to_bytes(8, "little") + data)
    return TrainResult(finished=True, step=total, file=job.result)


def _log(job: TrainJob, step: int) -> None:
    line = {"step": step, "loss": 1 / step, "smoothed": 1 / step, "rate": 1e-4}
    with (job.folder / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def _sample(job: TrainJob, report: Reporter, step: int) -> None:
    picture = job.folder / SAMPLES / f"step-{step:06}-0.png"
    make_folders(picture.parent)
    Image.new("RGB", (32, 32), "white").save(picture)
    report.sample(step, 0, picture)
