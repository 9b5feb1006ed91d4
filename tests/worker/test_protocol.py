"""The line protocol: every message survives the line, everything else is refused by name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_studio.domain.events import Failed, Progress
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import ProtocolError, RequestInvalid
from icl_studio.worker import protocol
from icl_studio.worker.protocol import (
    Cancel,
    Generate,
    GenerateJob,
    Hello,
    Ready,
    Shutdown,
    decode_command,
    decode_reply,
    encode,
    portions,
    read_line,
)

MakeJob = Callable[..., GenerateJob]


def test_every_command_survives_the_line(
    make_job: MakeJob, fake_model: Callable[..., LocatedModel]
) -> None:
    job = make_job(fake_model(), previews=Path("vorschau/日本"), folder_name="Nr. 1 – Füchse")
    for command in (
        Hello(hashes=Path("häsh")),
        Generate(jobs=(job,), batch=4),
        Cancel(),
        Cancel(job=job.id),
        Shutdown(),
    ):
        line = encode(command)
        assert line.count(b"\n") == 1 and line.endswith(b"\n")
        assert decode_command(line) == command


def test_more_jobs_than_a_line_holds_go_in_several_lines(
    make_job: MakeJob, fake_model: Callable[..., LocatedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = tuple(make_job(fake_model(), seed=seed) for seed in range(11))
    size = len(jobs[0].model_dump_json())
    monkeypatch.setattr(protocol, "_PORTION", size * 5)
    assert [len(some) for some in portions(jobs, batch=2)] == [4, 4, 3]
    assert [job for some in portions(jobs) for job in some] == list(jobs)
    monkeypatch.setattr(protocol, "_PORTION", size // 2)
    with pytest.raises(RequestInvalid, match="Shorten"):
        list(portions(jobs))


@given(st.text(max_size=200), st.floats(allow_nan=False, allow_infinity=False))
def test_every_reply_survives_the_line(text: str, number: float) -> None:
    text = text.encode("utf-8", "replace").decode()  # no lone surrogates in JSON
    for reply in (
        Progress(job=text, phase="denoise", step=1, total=2, eta=number, preview=text),
        Failed(job="a", error="E", message=text, mendable=True),
        Ready(pid=1, versions={text: text}),
    ):
        line = encode(reply)
        assert line.count(b"\n") == 1
        assert decode_reply(line) == reply


def test_another_version_is_refused_with_both_named() -> None:
    line = encode(Shutdown()).replace(b'"v":1', b'"v":2')
    with pytest.raises(ProtocolError, match=r"client speaks protocol version 2.*speaks version 1"):
        decode_command(line)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"Loading pipeline components...\n",
        b"[1, 2]\n",
        b'{"v": 1}\n',
        b'{"v": 1, "type": "explode"}\n',
        b'{"v": 1, "type": "cancel", "job": null, "why": "because"}\n',
        b'{"v": 1, "type": "generate", "jobs": []}\n',
        b'{"type": "shutdown"}\n',
        b"\xff\xfe\x00\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_whatever_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_command(line)
    assert len(str(refused.value)) < 600
    with pytest.raises(ProtocolError):
        decode_reply(line)


def test_an_overlong_line_is_refused_and_the_next_one_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "MAX_LINE", 100)
    stream = io.BytesIO(b"x" * 5000 + b"\n" + b"next\n")
    with pytest.raises(ProtocolError, match="more than 100 bytes"):
        read_line(stream)
    assert read_line(stream) == b"next\n"
    assert read_line(stream) == b""
    with pytest.raises(ProtocolError, match="'cancel' message"):
        encode(Cancel(job="x" * 200))


def test_a_line_that_death_cut_off_counts_as_nothing() -> None:
    whole = encode(Shutdown())
    stream = io.BytesIO(whole + whole[:-4])
    assert read_line(stream) == whole
    assert read_line(stream) == b""


def test_a_job_id_is_a_set_id(make_job: MakeJob, fake_model: Callable[..., LocatedModel]) -> None:
    line = encode(Generate(jobs=(make_job(fake_model()),)))
    data = json.loads(line)
    data["jobs"][0]["id"] = "../escape"
    with pytest.raises(ProtocolError, match=r"jobs\.0\.id"):
        decode_command(json.dumps(data).encode() + b"\n")
