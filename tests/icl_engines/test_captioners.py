"""Captioners: a real local server, a real (random) vision-language model, texts per panel."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from icl_engines.captioning import server, template
from icl_studio.api import CaptionTemplate
from icl_studio.cli.main import main
from icl_studio.engines.captioners import CaptionerOptions, CaptionerSpec
from icl_studio.errors import CaptionInvalid, UserError
from icl_studio.training.captioning import (
    CaptionItem,
    CaptionJob,
    caption_for,
    instruct,
    read_answer,
    write_caption,
)

FORM = CaptionTemplate(openings=("[LEFT]", "[RIGHT]"), summary_joint=";", panel_joint=";")
SPEC = CaptionerSpec(id="server", title="s", factory="icl_engines.captioning.server:create")
GOOD = json.dumps({"summary": "a fox in snow", "panels": ["it sits", "it runs"]})
WRITTEN = "a fox in snow; [LEFT] it sits; [RIGHT] it runs"


class Server(HTTPServer):
    """Answers with ``answers`` in turn (the last one for ever) and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[str | int] = [GOOD]
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, **body})
        self.server.keys.append(self.headers.get("Authorization"))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, int):
            self.send_error(answer, "no such model")
            return
        data = json.dumps({"choices": [{"message": {"content": answer}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def local() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def item(tmp_path: Path) -> CaptionItem:
    picture = tmp_path / "füchse.png"
    Image.new("RGB", (1500, 600), "orange").save(picture)
    return CaptionItem(name="füchse", pictures=(picture,), file=picture.with_suffix(".txt"))


def job(item: CaptionItem, **more: Any) -> CaptionJob:
    fields = {"id": "c", "captioner": SPEC, "template": FORM, "panels": ("LEFT", "RIGHT")}
    return CaptionJob(**{**fields, "items": (item,), **more})


def test_a_server_sees_the_picture_and_the_instruction(local: Server, item, monkeypatch):
    monkeypatch.setenv(server.KEY_VARIABLE, "secret")
    captioner = server.create(CaptionerOptions(url=local.url, model="seer"))
    assert caption_for(captioner, item, job(item, instruction="Name the colours.")) == WRITTEN
    (asked,) = local.asked
    assert asked["path"] == "/v1/chat/completions" and asked["model"] == "seer"
    text, image = asked["messages"][0]["content"]
    assert "LEFT, RIGHT" in text["text"] and "Name the colours." in text["text"]
    _, _, data = image["image_url"]["url"].partition(",")
    with Image.open(BytesIO(base64.b64decode(data))) as seen:
        assert max(seen.size) == server.LONGEST_SIDE
    assert local.keys == ["Bearer secret"]


def test_an_answer_that_does_not_fit_is_asked_for_again_with_what_was_wrong(local: Server, item):
    one_panel = json.dumps({"summary": "a fox", "panels": ["it sits"]})
    local.answers = ["I see a fox.", one_panel, f"Sure!\n```json\n{GOOD}\n```"]
    captioner = server.create(CaptionerOptions(url=local.url))
    assert caption_for(captioner, item, job(item)) == WRITTEN
    words = [asked["messages"][0]["content"][0]["text"] for asked in local.asked]
    assert "no JSON object" in words[1] and "1 panel texts given" in words[2]


def test_a_captioner_that_never_fits_is_given_up_and_never_trusted(local: Server, item):
    local.answers = ["a fox; [LEFT] x; [RIGHT] y"]
    captioner = server.create(CaptionerOptions(url=local.url))
    with pytest.raises(CaptionInvalid, match="after 3 answers"):
        caption_for(captioner, item, job(item))
    assert len(local.asked) == 3


def test_a_server_that_refuses_or_is_not_there_is_said_at_once(local: Server, item):
    local.answers = [404]
    captioner = server.create(CaptionerOptions(url=local.url))
    with pytest.raises(UserError, match="404"):
        caption_for(captioner, item, job(item))
    nobody = server.create(CaptionerOptions(url="http://127.0.0.1:9/v1", timeout=2))
    with pytest.raises(UserError, match="does not answer"):
        caption_for(nobody, item, job(item))
    with pytest.raises(UserError, match="address"):
        server.create(CaptionerOptions(url="file:///etc/passwd"))


def test_the_template_captioner_fills_the_form(item):
    captioner = template.create(CaptionerOptions())
    full = item.model_copy(update={"summary": "a fox in snow", "texts": ("it sits", "it runs")})
    assert caption_for(captioner, full, job(full)) == WRITTEN
    with pytest.raises(CaptionInvalid, match=r"summary\.txt"):
        caption_for(captioner, item, job(item))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"{{not this}} but {GOOD} there",
        GOOD.replace("it sits", "[LEFT] it sits"),
    ],
)
def test_answers_are_found_inside_other_words(text: str):
    parts = read_answer(text)
    assert (parts.summary, parts.panels) == ("a fox in snow", ("it sits", "it runs"))


@pytest.mark.parametrize("text", ["", "[]", '{"summary": "x"}', '{"panels": 3}', '{"panels": [1]}'])
def test_what_is_no_answer_is_refused(text: str):
    with pytest.raises(CaptionInvalid):
        read_answer(text)


def test_a_file_that_stands_is_never_overwritten(tmp_path: Path):
    file = tmp_path / "a.txt"
    assert write_caption(file, "mine") and file.read_text("utf-8") == "mine\n"
    assert not write_caption(file, "theirs") and file.read_text("utf-8") == "mine\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_instruction_names_panels_and_roles():
    assert "<Mara>" in instruct(FORM.model_copy(update={"roles": True}), ("A", "B"))
    assert "<Mara>" not in instruct(FORM, ("A", "B"))


def test_the_command_writes_what_is_missing_through_a_worker(local: Server, tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (64, 32), "blue").save(data / f"{name}.png")
    (data / "a.txt").write_text("what I wrote", encoding="utf-8")
    words = ["dataset", "caption", str(data), "--task", "couple-profile", "--captioner", "server"]
    assert main([*words, "--url", local.url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"written": [str(data / "b.txt")], "failed": []}
    assert (data / "a.txt").read_text("utf-8") == "what I wrote"
    assert "[RIGHT] it runs" in (data / "b.txt").read_text("utf-8")


@pytest.mark.slow
def test_a_model_of_transformers_is_asked_and_its_babble_refused(tmp_path: Path, item):
    """LLaVA's real classes with random weights: the whole path but no sense."""
    from icl_engines.captioning import vision

    weights = write_random_llava(tmp_path / "llava")
    captioner = vision.create(CaptionerOptions(weights=weights, device="cpu"))
    with pytest.raises(CaptionInvalid, match="after 1 answers"):
        caption_for(captioner, item, job(item, tries=1))
    with pytest.raises(UserError, match="vision-language"):
        vision.create(CaptionerOptions())


def write_random_llava(folder: Path) -> Path:
    """A LLaVA of one small layer a side, with a byte tokenizer."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.decoders import ByteLevel
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        PreTrainedTokenizerFast,
    )

    special = ["<|endoftext|>", "<image>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*letters, *special])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<image>"],
    )
    fast.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% for c in m.content %}{% if c.type == 'image' %}<image>"
        "{% else %}{{ c.text }}{% endif %}{% endfor %}{% endfor %}",
        encoding="utf-8",
    )
    side = {"height": 28, "width": 28}
    picture = {"image_processor_type": "CLIPImageProcessor", "size": side, "crop_size": side}
    (folder / "preprocessor_config.json").write_text(json.dumps(picture), encoding="utf-8")
    processor = {"processor_class": "LlavaProcessor", "patch_size": 14, "image_token": "<image>"}
    processor |= {"vision_feature_select_strategy": "full", "num_additional_image_tokens": 1}
    (folder / "processor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2}
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            **small, **heads, image_size=28, patch_size=14, projection_dim=32
        ),
        text_config=LlamaConfig(**small, **heads, vocab_size=len(vocabulary)),
        image_token_index=vocabulary["<image>"],
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    return folder
