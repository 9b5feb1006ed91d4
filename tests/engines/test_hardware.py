"""The hardware probe: what the driver's tool says, read as it is; nothing is made up."""

from __future__ import annotations

from icl_studio.engines.hardware import Gpu, parse_gpus, this_machine

LISTED = """\
NVIDIA GeForce RTX 4090, 8.9, 24564, 580.65.06
NVIDIA GeForce RTX 5090, 12.0, 32607, 580.65.06
"""


def test_cards_are_read_with_the_target_that_engines_are_built_for() -> None:
    first, second = parse_gpus(LISTED)
    assert first == Gpu(
        name="NVIDIA GeForce RTX 4090", target="sm_89", memory_mb=24564, driver="580.65.06"
    )
    assert second.target == "sm_120"


def test_a_line_that_the_driver_could_not_fill_is_left_out() -> None:
    assert parse_gpus("GPU is lost, [N/A], [N/A], [N/A]\n\nError 15\n") == ()


def test_a_card_of_unified_memory_has_no_size_of_its_own() -> None:
    (card,) = parse_gpus("NVIDIA GB10, 12.1, [N/A], 580.95.05\n")
    assert (card.target, card.memory_mb) == ("sm_121", 0)


def test_this_machine_is_never_nameless() -> None:
    machine = this_machine()
    assert machine.system.count("-") >= 1
    assert machine.cores >= 1
