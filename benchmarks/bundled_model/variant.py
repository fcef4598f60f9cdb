"""One variant of the age network in training: network, optimiser, moving average of the weights, loss."""

import math
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from agelens.data_prep.core.labels import NO_CLASS
from benchmarks.bundled_model.age_network import AgeNetwork
from benchmarks.bundled_model.label_targets import AGES, Floats
from benchmarks.bundled_model.training_rows import TrainingRows

Batch = dict[str, torch.Tensor]


def to_input(views: torch.Tensor, side: int) -> torch.Tensor:
    """Return the middle of views `uint8 (B, S, S, 3)` as `(B, 3, side, side)`."""
    first = (views.shape[1] - side) // 2
    middle = views[:, first : first + side, first : first + side]
    return middle.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


class Variant:
    """A network that is trained by `step`.

    Args:
        settings: One of the variants in plan.json, over the plan's `base`.
        rows: Labels of all rows.
        targets: `(N, 101)`.
        dlib: Path of dlib's weights.
        device: `cuda` or `cpu`.
    """

    def __init__(self, settings: dict[str, Any], rows: TrainingRows, targets: Floats, *, dlib: Any, device: str):
        self.settings, self.name, self.device = settings, str(settings["name"]), device
        torch.manual_seed(settings["seed"])
        self.network = AgeNetwork(units=settings["units"], dropout=tuple(settings["drop"]))
        self.network.load_dlib(dlib)
        self._start_from_prior(rows.labels[rows.train].mean(axis=0))
        self.network.to(device, memory_format=torch.channels_last).train()
        self.labels = rows.tensors(targets, device=device)
        self.labels["weight"] = torch.from_numpy(rows.loss_weights(settings)).to(device)
        trunk = list(self.network.trunk.parameters())
        head = [value for name, value in self.network.named_parameters() if not name.startswith("trunk.")]
        self.parameters = trunk + head
        groups = [{"params": trunk, "peak": settings["lr"]}, {"params": head, "peak": settings["head_lr"]}]
        self.optimizer = torch.optim.AdamW(
            groups, lr=1e-4, weight_decay=settings["decay"], betas=(0.9, 0.99), fused=device == "cuda"
        )
        state = self.network.state_dict()
        live = {name: value.detach() for name, value in state.items() if value.dtype.is_floating_point}
        self.average = {name: value.clone() for name, value in live.items()}
        self._live, self._averaged = list(live.values()), list(self.average.values())
        self.steps = 0

    @torch.no_grad()
    def _start_from_prior(self, prior: Floats) -> None:
        """Let the untrained network answer with the distribution of the training ages."""
        out = self.network.out
        out.weight.mul_(0.1)
        out.bias.zero_()
        out.bias[: len(AGES)] = torch.from_numpy(np.log((prior + 1e-4) / (prior + 1e-4).sum())).float()

    def step(self, views: torch.Tensor, rows: torch.Tensor, *, part: float) -> None:
        """Update the weights on one batch.

        Args:
            views: `uint8 (B, S, S, 3)` on the device.
            rows: `(B,)`, the rows that they show.
            part: Of the training that has passed, 0..1.
        """
        self._set_rates(part)
        with torch.autocast(self.device, torch.bfloat16):
            outputs = self.network(to_input(views, self.settings["side"]))
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(outputs, {name: value[rows] for name, value in self.labels.items()}).backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.settings["clip"], foreach=True)
        self.optimizer.step()
        self.steps += 1
        momentum = min(self.settings["ema"], (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self._averaged, self._live, 1 - momentum)

    def _set_rates(self, part: float) -> None:
        """Warm up, then a cosine; the head starts at a fifth of its rate."""
        warmup = self.settings["warmup"]
        ramp = min(1.0, part / warmup)
        decay = 0.5 + 0.5 * math.cos(math.pi * max(0.0, (part - warmup) / (1 - warmup)))
        trunk, head = self.optimizer.param_groups
        trunk["lr"] = trunk["peak"] * ramp * decay + 1e-7
        head["lr"] = head["peak"] * min(1.0, 0.2 + 2 * ramp) * decay + 1e-7

    def loss(self, outputs: Batch, labels: Batch) -> torch.Tensor:
        """Return the loss of a batch: cross-entropies of all outputs, and the distance of the mean age."""
        settings, weight, target = self.settings, labels["weight"], labels["target"]
        log_probability = functional.log_softmax(outputs["age_distribution"], 1)
        probability = log_probability.exp()
        each = -(target * log_probability).sum(1)
        ages = torch.arange(len(AGES), device=probability.device, dtype=torch.float32)
        mean = probability @ ages
        outside = functional.relu(labels["low"] - mean) + functional.relu(mean - labels["high"])
        error = torch.where(labels["exact"], (mean - target @ ages).abs(), outside)
        each = each + settings["pull"] * error
        each = each + settings["crps"] * ((probability.cumsum(1) - target.cumsum(1)) ** 2).sum(1)
        log_group = functional.log_softmax(outputs["age_group"], 1)
        each = each - settings["group"] * (labels["group"] * log_group).sum(1)
        loss = (each * weight).sum() / weight.sum().clamp_min(1)
        for attribute in ("gender", "ethnicity"):
            loss = loss + settings[attribute] * _masked_entropy(outputs[attribute], labels[attribute], weight)
        return loss


def _masked_entropy(logits: torch.Tensor, classes: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of the rows that are used and have a label."""
    used = (weight > 0) & (classes != NO_CLASS)
    each = functional.cross_entropy(logits, classes.clamp_min(0), reduction="none")
    return (each * used).sum() / used.sum().clamp_min(1)


@torch.inference_mode()
def predict(variant: Variant, views: Any, *, batch: int = 1024) -> Floats:
    """Return distributions `(N, 101)` of views `uint8 (N, S, S, 3)`: the mean of each view and its mirror image."""
    settings, device = variant.settings, variant.device
    network = AgeNetwork(units=settings["units"]).to(device, memory_format=torch.channels_last)
    network.load_state_dict({**network.state_dict(), **variant.average})
    network.eval()
    found = []
    for start in range(0, len(views), batch):
        x = to_input(torch.from_numpy(views[start : start + batch]).to(device), settings["side"])
        with torch.autocast(device, torch.bfloat16):
            both = [network(image)["age_distribution"].float().softmax(1) for image in (x, x.flip(3))]
        found.append(((both[0] + both[1]) / 2).cpu().numpy())
    return np.concatenate(found).astype(np.float64)
