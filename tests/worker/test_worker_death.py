"""However a worker or its parent dies: a clear error at once, no half set, no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from worker_helpers import leftovers, process_exists, wait_until

from icl_studio.domain.events import Finished, Progress
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import ProtocolError, WorkerDied
from icl_studio.paths import UserFolders
from icl_studio.sets.library import Library
from icl_studio.worker import logs
from icl_studio.worker.client import COMMAND, WorkerClient
from icl_studio.worker.protocol import Generate, GenerateJob, Hello, Ready, Shutdown, encode

MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]
PHASES = ["load", "encode", "denoise", "decode", "save"]


def kill_hard(pid: int) -> None:
    psutil.Process(pid).kill()


@pytest.mark.parametrize("phase", PHASES)
def test_a_worker_killed_in_any_phase_leaves_no_half_set(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob, phase: str
) -> None:
    job = make_job(fake_model(seconds={phase: 30.0}))
    with WorkerClient(folders) as client, pytest.raises(WorkerDied) as died:
        for event in client.generate([job]):
            if isinstance(event, Progress) and (event.phase, event.step) == (phase, 0):
                assert client.pid is not None
                killed = time.monotonic()
                if phase == "save":  # when the hidden folder stands already
                    wait_until(lambda: bool(leftovers(job.out)))
                kill_hard(client.pid)
    assert time.monotonic() - killed < 5
    assert Library(job.out).all() == []
    with WorkerClient(folders) as client:
        again = make_job(fake_model(), id=job.id)
        assert isinstance(list(client.generate([again]))[-1], Finished)
    assert [record.id for _, record in Library(job.out).all()] == [job.id]
    assert leftovers(job.out) == []
    if sys.platform != "win32":
        assert died.value.exit_code == -signal.SIGKILL
        assert "SIGKILL" in str(died.value)


@pytest.mark.parametrize("phase", PHASES)
def test_a_crash_tells_the_end_of_the_log(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob, phase: str
) -> None:
    job = make_job(fake_model(trouble="crash", at=phase, chatter=True))
    with pytest.raises(WorkerDied, match="exit code 70") as died:
        list(client.generate([job]))
    assert died.value.exit_code == 70
    assert died.value.log == client.log
    assert "print from load: ünïcödé" in died.value.tail
    assert died.value.tail in str(died.value)
    assert Library(job.out).all() == []


def test_a_worker_that_hangs_can_be_got_rid_of(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model(trouble="hang"))
    client = WorkerClient(folders)
    client.start()
    for event in client.generate([job]):
        if isinstance(event, Progress) and event.step == 1 and event.phase == "denoise":
            break
    pid = client.pid
    begun = time.monotonic()
    client.close(patience=0.5)
    assert time.monotonic() - begun < 5
    assert pid is not None and not process_exists(pid)


def test_killing_from_another_thread_wakes_the_listener(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model(trouble="hang"))
    with pytest.raises(WorkerDied):
        for event in client.generate([job]):
            if isinstance(event, Progress) and event.step == 1 and event.phase == "denoise":
                client.kill()


PARENT = """
import sys
from pathlib import Path
from icl_studio.paths import user_folders
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import GenerateJob
job = GenerateJob.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
with WorkerClient(user_folders()) as client:
    for event in client.generate([job]):
        if event.type == "progress" and event.phase == "denoise":
            print(client.pid, flush=True)
"""


def test_a_worker_whose_parent_was_killed_ends_by_itself(
    fake_model: MakeModel, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job(fake_model(seconds={"denoise": 0.2}), steps=500)
    file = tmp_path / "job.json"
    file.write_text(job.model_dump_json(), encoding="utf-8")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(file)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert process_exists(worker)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not process_exists(worker), seconds=3)
    assert Library(job.out).all() == [] and leftovers(job.out) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM there")
def test_a_worker_told_to_end_by_the_system_cancels_first(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model(seconds={"denoise": 0.1}), steps=100)
    seen = []
    for event in client.generate([job]):
        seen.append(event.type)
        if len(seen) == 8:
            assert client.pid is not None
            os.kill(client.pid, signal.SIGTERM)
    assert seen[-1] == "cancelled"


def test_ctrl_c_in_the_terminal_does_not_reach_the_worker(
    client: WorkerClient, folders: UserFolders
) -> None:
    assert client.pid is not None
    if sys.platform != "win32":
        assert os.getpgid(client.pid) == client.pid != os.getpgid(0)


def speak(*lines: bytes, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Say ``lines`` to a bare worker process, then close its stdin."""
    return subprocess.run(COMMAND, input=b"".join(lines), capture_output=True, timeout=60, env=env)


def test_a_worker_ends_when_its_stdin_does(tmp_path: Path) -> None:
    assert speak().returncode == 0
    greeted = speak(encode(Hello(hashes=tmp_path / "hashes")))
    assert greeted.returncode == 0 and b'"ready"' in greeted.stdout


def test_a_worker_refuses_what_it_does_not_understand_and_goes_on(tmp_path: Path) -> None:
    hello = encode(Hello(hashes=tmp_path / "hashes"))
    done = speak(b"\xff garbage\n", hello.replace(b'"v":1', b'"v":9'), hello, encode(Shutdown()))
    garbage, version, ready = done.stdout.splitlines()
    assert b'"refused"' in garbage and b"not JSON" in garbage
    assert b"speaks protocol version 9, this side speaks version 1" in version
    assert b'"ready"' in ready
    assert done.returncode == 0


def test_the_first_line_must_be_hello(make_job: MakeJob, fake_model: MakeModel) -> None:
    done = speak(encode(Generate(jobs=(make_job(fake_model()),))))
    assert b"first line must be hello, not generate" in done.stdout


def pretender(script: str) -> tuple[str, ...]:
    """A command that pretends to be a worker."""
    return (sys.executable, "-c", f"import sys, time\nsys.stdin.readline()\n{script}")


@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ("sys.exit('no torch here')", WorkerDied, "no torch here"),
        ("print('Welcome!', flush=True); time.sleep(60)", ProtocolError, "not JSON: 'Welcome!'"),
        (
            """print('{"v": 7, "type": "ready"}', flush=True); time.sleep(60)""",
            ProtocolError,
            "worker speaks protocol version 7, this side speaks version 1",
        ),
        ("time.sleep(60)", ProtocolError, "did not answer within 1 seconds"),
        ("import os; os.close(1); time.sleep(60)", WorkerDied, "closed its output"),
        ("print('x' * 9_000_000, flush=True); time.sleep(60)", ProtocolError, "more than"),
    ],
)
def test_a_bad_start_is_an_error_and_leaves_no_process(
    folders: UserFolders, script: str, error: type[Exception], says: str
) -> None:
    before = {child.pid for child in psutil.Process().children()}
    client = WorkerClient(folders, command=pretender(script), handshake_seconds=1)
    with pytest.raises(error, match=says):
        client.start()
    assert client.pid is None
    assert {child.pid for child in psutil.Process().children()} <= before


def test_nothing_leaks_from_many_workers(folders: UserFolders) -> None:
    me = psutil.Process()

    def open_files() -> int:
        return me.num_handles() if sys.platform == "win32" else me.num_fds()

    def once() -> None:
        with WorkerClient(folders) as client:
            assert client.alive

    once()
    before, threads = open_files(), me.num_threads()
    for _ in range(3):
        once()
    assert open_files() == before
    assert me.num_threads() == threads
    assert not [child for child in me.children() if child.status() == psutil.STATUS_ZOMBIE]


def test_only_the_newest_logs_are_kept(folders: UserFolders) -> None:
    folders.logs.mkdir(parents=True)
    for n in range(30):
        (folders.logs / f"worker-20200101-0000{n:02}-1-1.log").write_text("old", encoding="utf-8")
    with WorkerClient(folders) as client:
        assert client.log is not None and client.log.exists()
    kept = sorted(path.name for path in folders.logs.glob("worker-*.log"))
    assert len(kept) == logs.KEPT
    assert kept[-1] == client.log.name


def test_the_worker_is_offline_and_speaks_utf_8(client: WorkerClient) -> None:
    assert client.pid is not None
    environment = psutil.Process(client.pid).environ()
    assert environment["PYTHONUTF8"] == "1"
    assert environment["HF_HUB_OFFLINE"] == environment["TRANSFORMERS_OFFLINE"] == "1"


def test_a_worker_of_another_version_is_refused(
    folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icl_studio.worker.client.__version__", "0.0.1")
    with pytest.raises(ProtocolError, match="two versions are mixed"):
        WorkerClient(folders).start()


def test_ready_names_the_versions(folders: UserFolders) -> None:
    client = WorkerClient(folders)
    try:
        ready = client.start()
    finally:
        client.close()
    assert isinstance(ready, Ready)
    assert ready.pid and {"icl-studio", "python", "protocol"} <= set(ready.versions)
