"""A bad plugin is named with what and what to do, and left out; everything else starts."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from plugin_sources import GOOD, TASK, info

from icl_studio.errors import NotFound
from icl_studio.plugins import build_plugin_manager

TEN = [
    "film-storyboard",
    "couple-profile",
    "font-design",
    "home-decoration",
    "portrait-illustration",
    "portrait-photography",
    "ppt-templates",
    "sandstorm-visual-effect",
    "sparklers-visual-effect",
    "visual-identity-design",
]
HOOK = "\n@hookimpl\ndef icl_studio_tasks():\n    "


def test_the_ten_tasks_the_torch_engine_and_the_embedded_model_come_by_entry_point(registry):
    found = registry()
    assert list(found.tasks)[:10] == TEN
    assert "torch" in found.engines
    assert found.models["tiny"].family == "tiny"
    for name in ("icl-tasks", "icl-engines", "icl-tiny"):
        assert info(found, name).state == "ok", info(found, name).error


def test_a_good_plugin_adds_its_task_and_says_where_it_is_from(install, registry):
    install("good", version="2.5")
    found = registry()
    assert found.tasks["good-task"].title == "good-task"
    plugin = info(found, "good")
    assert (plugin.state, plugin.distribution, plugin.version) == ("ok", "good-dist", "2.5")
    assert plugin.module == "plugin_good"
    assert plugin.hooks == ("icl_studio_tasks",)
    assert plugin.provides == ("task good-task",)
    assert plugin.error == plugin.fix == ""


BROKEN = {
    "an exception on import": ("raise ValueError('no luck')", "ValueError: no luck"),
    "an exit on import": ("raise SystemExit(3)", "SystemExit: 3"),
    "an exception of its own kind": (
        "class E(BaseException):\n    def __str__(self): raise RuntimeError\nraise E()",
        "raised E",
    ),
    "a syntax error": ("def broken(:", "SyntaxError"),
    "a missing module": ("import no_such_module_anywhere", "no_such_module_anywhere"),
    "no API version": (GOOD.replace("ICL_STUDIO_API = 1", ""), "ICL_STUDIO_API is missing"),
    "a newer API": (GOOD.replace("API = 1", "API = 2"), "API 2; this ICL Studio has API 1"),
    "a strange API": (GOOD.replace("API = 1", "API = '1'"), "API '1'"),
    "a bool for an API": (GOOD.replace("API = 1", "API = True"), "API True"),
    "a misspelt hook": (GOOD.replace("icl_studio_tasks", "icl_studio_task"), "icl_studio_task:"),
    "a forgotten decorator": (GOOD.replace("@hookimpl", ""), "lacks the @hookimpl decorator"),
    "an argument too many": (GOOD.replace("_tasks()", "_tasks(queue)"), "queue"),
    "a wrapper": (
        GOOD.replace("@hookimpl", "@hookimpl(wrapper=True)").replace("return", "yield; return"),
        "wraps the hook of other plugins",
    ),
    "no hook at all": (TASK, "implements no hook"),
    "a hook that raises": (TASK + HOOK + "raise OSError('gone')", "OSError: gone"),
    "a hook that exits": (TASK + HOOK + "raise SystemExit", "SystemExit"),
    "a generator that raises": (TASK + HOOK + "yield task('a')\n    1 / 0", "ZeroDivisionError"),
    "no list": (TASK + HOOK + "return 5", "must return a list of TaskSpec"),
    "nothing": (TASK + HOOK + "return None", "must return a list of TaskSpec"),
    "a text": (TASK + HOOK + "return 'task'", "must return a list of TaskSpec"),
    "wrong things in the list": (TASK + HOOK + "return [{'id': 'a'}]", "item 1: is a dict"),
    "a task without end": (
        TASK + HOOK + "while True:\n        yield task('a')",
        "returns more than 1000 specs",
    ),
    "a task with a wrong key": (TASK + HOOK + "return [task('a', colour='red')]", "colour"),
    "a task that skipped validation": (
        TASK + HOOK + "return [task('a').model_copy(update={'id': 'Not An Id!'})]",
        "item 1: id: string should match",
    ),
    "a task made of nothing": (TASK + HOOK + "return [TaskSpec.model_construct()]", "item 1"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_named_and_left_out_and_the_others_start(kind, install, registry):
    source, said = BROKEN[kind]
    install("bad", source)
    install("good")
    found = registry()
    bad = info(found, "bad")
    assert bad.state == "broken"
    assert said in bad.error
    assert bad.fix
    assert bad.provides == ()
    assert list(found.tasks) == [*TEN, "good-task"]
    assert [problem.where for problem in found.problems] == ["plugin bad (bad-dist 1.0)"]


def test_ctrl_c_while_a_plugin_loads_is_not_swallowed(install, registry):
    install("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        registry()


def test_every_problem_of_a_plugin_is_named(install, registry):
    wrong = "return [3, task('b').model_copy(update={'title': ''}), task('c')]"
    install("bad", TASK + HOOK + wrong)
    problems = info(registry(), "bad").problems
    assert [problem.where for problem in problems] == [
        "icl_studio_tasks() item 1",
        "icl_studio_tasks() item 2: title",
    ]


def test_a_duplicate_of_a_built_in_is_left_out_and_both_owners_are_named(install, registry):
    install("thief", TASK + HOOK + "return [task('font-design'), task('own-task')]")
    found = registry()
    assert found.tasks["font-design"].title == "Font design"
    thief = info(found, "thief")
    assert thief.state == "broken"
    assert "task font-design" in thief.error
    assert "thief (thief-dist 1.0)" in thief.error
    assert "icl-tasks (icl-studio" in thief.error
    # A clash of names is no malice: what does not clash stands.
    assert thief.provides == ("task own-task",)
    assert "own-task" in found.tasks


def test_of_two_plugins_with_one_task_the_first_by_name_keeps_it(install, registry):
    install("zebra", GOOD)
    install("ant", GOOD.replace("title=id", "title='from ant'"))
    found = registry()
    assert found.tasks["good-task"].title == "from ant"
    assert info(found, "ant").state == "ok"
    assert "ant (ant-dist 1.0) already has it" in info(found, "zebra").error


def test_a_task_declared_twice_by_one_plugin_is_reported(install, registry):
    install("twice", TASK + HOOK + "return [task('a'), task('a')]")
    found = registry()
    assert "declares it twice" in info(found, "twice").error
    assert "a" in found.tasks


def test_two_distributions_with_one_entry_point_name(install, registry):
    install("one", GOOD, entry_point="same")
    install("two", GOOD.replace("good-task", "two-task"), entry_point="same")
    found = registry()
    first, second = (plugin for plugin in found.plugins if plugin.name == "same")
    assert (first.state, second.state) == ("ok", "broken")
    assert "taken by one-dist" in second.error
    assert "two-task" not in found.tasks


def test_nobody_takes_the_name_of_a_built_in_plugin(install, registry):
    install("thief", GOOD, entry_point="icl-tasks")
    found = registry()
    assert list(found.tasks) == TEN
    states = [plugin.state for plugin in found.plugins if plugin.name == "icl-tasks"]
    assert states == ["ok", "broken"]


def test_a_damaged_distribution_hides_no_other(install, registry, site):
    install("good")
    install("torn")
    [file] = site.glob("plugin_torn-*/entry_points.txt")
    file.write_text("[icl_studio]\nthis line has no equals sign\n", encoding="utf-8")
    found = registry()
    assert list(found.tasks) == [*TEN, "good-task"]
    assert info(found, "torn-dist").state == "broken"


def test_what_a_plugin_prints_does_not_spoil_the_output_for_machines(install, registry, capsys):
    install("chatty", "print('hello')\n" + GOOD.replace("return", "print('again'); return"))
    registry()
    said = capsys.readouterr()
    assert said.out == ""
    assert "hello" in said.err
    assert "again" in said.err


def test_the_manager_takes_any_entry_points_and_there_is_no_global(install):
    install("good")
    entry_point = EntryPoint("good", "plugin_good", "icl_studio")
    manager, [found] = build_plugin_manager([entry_point])
    assert found.state == "ok"
    [tasks] = manager.hook.icl_studio_tasks()
    assert [task.id for task in tasks] == ["good-task"]
    other, nothing = build_plugin_manager([])
    assert nothing == []
    assert other.hook.icl_studio_tasks() == []


def test_an_unknown_name_is_answered_with_the_nearest(registry):
    found = registry()
    with pytest.raises(NotFound, match="film-storyboard"):
        found.task("film-storybord")
    with pytest.raises(NotFound, match="tiny"):
        found.model("tinny")
    with pytest.raises(NotFound, match="torch"):
        found.engine("tensorflow")


def test_discovery_loads_nothing_heavy():
    program = """
import json, sys
from icl_studio.paths import user_folders
from icl_studio.plugins import load_registry
from icl_studio.settings import load_settings
folders = user_folders()
load_registry(folders, load_settings(folders)[0])
print(json.dumps(sorted(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "diffusers", "transformers", "peft", "onnxruntime", "PySide6", "numpy"}
    assert not heavy & set(json.loads(done.stdout))
