"""The trainer's parts by themselves: times, order, learning rate, eight-bit linears."""

from __future__ import annotations

from collections import Counter

import torch

from icl_engines.testing.flux import flux_scheduler
from icl_engines.training.float8 import Float8Linear
from icl_engines.training.flow import draw_times, flow_loss, noised, shift_factor
from icl_engines.training.order import Order
from icl_engines.training.trainer import learning_rate
from icl_studio.training.recipe import Recipe


def test_times_are_shifted_as_the_scheduler_shifts_sigmas():
    scheduler = flux_scheduler()
    for tokens, mu in ((256, 0.5), (4096, 1.15)):
        sigma = torch.tensor([0.2, 0.5, 0.9])
        factor = shift_factor(tokens, scheduler)
        mine = factor * sigma / (1 + (factor - 1) * sigma)
        theirs = scheduler.time_shift(mu, 1.0, sigma)
        assert torch.allclose(mine, theirs, atol=1e-6)


def test_times_lie_inside_and_more_tokens_mean_more_noise():
    recipe = Recipe()
    draw = [
        draw_times(4000, tokens, recipe, flux_scheduler(), torch.Generator().manual_seed(0))
        for tokens in (256, 4096)
    ]
    assert all(times.min() > 0 and times.max() < 1 for times in draw)
    assert draw[0].mean() < draw[1].mean()
    plain = draw_times(
        4000, 4096, Recipe(shift=False, times="uniform"), None, torch.Generator().manual_seed(0)
    )
    assert abs(float(plain.mean()) - 0.5) < 0.02


def test_the_loss_is_zero_for_the_true_velocity():
    latents, noise = torch.randn(2, 6, 4), torch.randn(2, 6, 4)
    assert flow_loss(noise - latents, latents, noise) == 0
    times = torch.tensor([0.0, 1.0])
    mixed = noised(latents, noise, times)
    assert torch.equal(mixed[0], latents[0]) and torch.equal(mixed[1], noise[1])


def test_every_sheet_comes_once_before_any_twice_and_buckets_are_not_mixed():
    order = Order({"a": range(8), "b": range(8, 12)}, batch=2, seed=3)
    for _ in range(3):
        seen: Counter[int] = Counter()
        for _ in range(6):
            name, chosen = order.next()
            assert all((index < 8) == (name == "a") for index in chosen)
            seen.update(chosen)
        assert set(seen.values()) == {1} and len(seen) == 12


def test_a_small_bucket_repeats_and_the_order_can_be_kept():
    order = Order({"a": [0], "b": [1, 2, 3]}, batch=2, seed=0)
    for _ in range(5):
        order.next()
    other = Order({"a": [0], "b": [1, 2, 3]}, batch=2, seed=77)
    other.restore(order.state())
    assert [order.next() for _ in range(20)] == [other.next() for _ in range(20)]


def test_the_learning_rate_rises_holds_and_falls():
    recipe = Recipe(learning_rate=1.0, warmup=10, decay=0.5, steps=100)
    assert learning_rate(recipe, 0) == 0.1
    assert learning_rate(recipe, 30) == 1.0
    assert learning_rate(recipe, 75) == 0.5
    assert learning_rate(Recipe(), 4999) == 1e-4


def test_an_eight_bit_linear_is_close_and_lets_gradients_through():
    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 48)
    packed = Float8Linear(linear)
    assert isinstance(packed, torch.nn.Linear) and packed.weight.element_size() == 1
    x = torch.randn(5, 64, requires_grad=True)
    y = packed(x)
    assert torch.nn.functional.cosine_similarity(y.flatten(), linear(x).flatten(), dim=0) > 0.999
    y.sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0
