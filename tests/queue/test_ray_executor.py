"""The queue on a real Ray cluster of several node processes, one of them killed in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from icl_studio.cli.main import main
from icl_studio.domain.events import Finished
from icl_studio.domain.model import AdapterUse
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.errors import NotFound
from icl_studio.paths import UserFolders
from icl_studio.plugins.registry import Registry
from icl_studio.queue.job import NewJob
from icl_studio.queue.kinds import KINDS
from icl_studio.queue.running import Report, Run
from icl_studio.queue.store import Store
from icl_studio.sets.library import Library
from icl_studio.worker import ray_place
from icl_studio.worker.executor import RAY_KINDS, Placed, ray_cluster
from icl_studio.worker.supervisor import Patience

ray = pytest.importorskip("ray", reason="ray is not installed: pip install icl-studio[ray]")

QUICK = Patience(heartbeat=1.0, silent=120.0, stalled=120.0, back_off=(0.0, 0.1))
MakeJob = Callable[..., NewJob]


@pytest.fixture
def cluster(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without room for work and two nodes with one (pretended) GPU each."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80 * 2**20, "include_log_monitor": False}
    head = {**small, "num_cpus": 0, "include_dashboard": False, "no_monitor": True}
    try:
        made = Cluster(initialize_head=True, head_node_args=head)
        made.nodes = [made.add_node(wait=False, num_cpus=1, num_gpus=1, **small) for _ in range(2)]
    # Ray gives its own processes half a minute to start, which a crowded machine may not have.
    except Exception as error:  # noqa: BLE001
        ray.shutdown()
        pytest.skip(f"a Ray cluster could not be started here: {error}")
    try:
        ray.init(address=made.address, namespace="icl-studio", log_to_driver=False)
        end = time.monotonic() + 300
        while ray.cluster_resources().get("GPU", 0) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


@pytest.fixture
def places(cluster: Any, folders: UserFolders) -> tuple[Placed, ...]:
    others = tuple(kind for kind in KINDS if kind not in RAY_KINDS)
    return ray_cluster(folders, EngineOptions(), "", None, others, QUICK)


def test_a_node_killed_in_the_middle_and_every_set_finished_once(
    cluster: Any,
    places: tuple[Placed, ...],
    folders: UserFolders,
    registry: Registry,
    store: Store,
    new_job: MakeJob,
    out: Path,
    tmp_path: Path,
    fake_model: Callable[..., LocatedModel],
) -> None:
    assert len(places) == 3  # a place for each GPU, and this machine for the other kinds
    lora = tmp_path / "stil ü.safetensors"
    lora.write_bytes(b"\2" + b"\0" * 7 + b"{}")
    use = AdapterUse(source=str(lora), weight=0.5)
    model = fake_model(seconds={"denoise": 0.25})
    ids = store.add([new_job(model, seed=n, adapters=[use]) for n in range(10)])
    killed = threading.Event()

    def on_event(event: Any) -> None:
        if isinstance(event, Finished) and not killed.is_set():
            killed.set()
            victim = next(n for n in cluster.nodes if n.node_id == busy_nodes(places)[0])
            threading.Thread(target=cluster.remove_node, args=(victim, False)).start()

    report: Report = Run(folders, registry, places, claim_size=3, on_event=on_event).go()
    assert killed.is_set() and report.failure is None and report.failed == {}
    assert sorted(report.done) == sorted(ids)
    assert sorted(entry.record.id for entry in Library(out).all()) == sorted(ids)
    assert [p.name for p in out.iterdir() if not (p / "set.json").is_file()] == []
    outcomes = [attempt.outcome for id in ids for attempt in store.attempts(id)]
    assert outcomes.count("done") == 10 and "lost" in outcomes
    assert all(store.get(id).crashes == 0 for id in ids)  # no job is blamed for a node


def busy_nodes(places: tuple[Placed, ...]) -> list[str]:
    """The nodes on which actors stand."""
    return [node for p in places if (node := getattr(p.place, "_node", ""))]


def test_without_a_cluster_it_is_said_and_none_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(NotFound, match="no Ray cluster"):
        ray_place.connect()
    assert not ray.is_initialized()
    for executor, told in (("ray", "no Ray cluster"), ("nomad", "no executor 'nomad'")):
        assert main(["queue", "run", "--executor", executor, "--json"]) == 2
        assert told in capsys.readouterr().out


@pytest.mark.many
def test_a_poison_job_is_quarantined_and_a_stop_gives_the_rest_back(
    cluster: Any,
    places: tuple[Placed, ...],
    folders: UserFolders,
    registry: Registry,
    store: Store,
    new_job: MakeJob,
    out: Path,
    fake_model: Callable[..., LocatedModel],
) -> None:
    poison = fake_model("gift", trouble="crash")
    (bad,) = store.add([new_job(poison)])
    good = store.add([new_job(fake_model(), seed=n) for n in range(3)])
    report: Report = Run(folders, registry, places).go()
    assert sorted(report.done) == sorted(good) and store.get(bad).state == "quarantined"
    assert [attempt.outcome for attempt in store.attempts(bad)] == ["died"] * 3
    slow = fake_model("langsam", seconds={"denoise": 0.5})
    more = store.add([new_job(slow, seed=n) for n in range(8)])
    run = Run(folders, registry, places, on_event=lambda e: stop_at(e, run))
    ended: Report = run.go()
    assert ended.stopped and 0 < len(ended.done) < 8 and ended.failed == {}
    assert {store.get(id).state for id in more} == {"done", "waiting"}
    assert [p.name for p in out.iterdir() if not (p / "set.json").is_file()] == []


def stop_at(event: Any, run: Run) -> None:
    if isinstance(event, Finished):
        threading.Thread(target=run.stop).start()


@pytest.mark.many
def test_a_cluster_is_reached_from_outside_by_ray_client(
    registry: Registry,
    folders: UserFolders,
    store: Store,
    new_job: MakeJob,
    out: Path,
    fake_model: Callable[..., LocatedModel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`--executor ray://HOST:PORT`, through the front door, in a program of its own."""
    pytest.importorskip("grpc", reason="Ray Client needs grpcio: pip install ray[client]")
    import json
    import socket
    import subprocess
    import sys

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    from ray.cluster_utils import Cluster

    args = {"num_cpus": 2, "include_dashboard": False, "no_monitor": True}
    made = Cluster(initialize_head=True, head_node_args={**args, "ray_client_server_port": port})
    ids = store.add([new_job(fake_model(), seed=n, engine="fake") for n in range(3)])
    command = [sys.executable, "-m", "icl_studio", "queue", "run", "--json"]
    command += ["--executor", f"ray://127.0.0.1:{port}", "--device", "cpu"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    finally:
        made.shutdown()
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(json.loads(done.stdout)["done"]) == sorted(ids)
    assert sorted(entry.record.id for entry in Library(out).all()) == sorted(ids)
