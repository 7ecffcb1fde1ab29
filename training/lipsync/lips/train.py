"""One network trained on examples: seeded, with a moving average of its weights as the result."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lips.augment import Augmenter, Batch
from lips.dataset import Examples
from lips.features import compress, from_bytes
from lips.mouth import CONTROLS, STEPS
from lips.network import SIZES, Gates, LipNet, Outputs
from lips.phones import BILABIAL, CLASSES, LABIODENTAL, SILENCE

SECONDS: Final = 4.0
"""Length of a training example."""
_SETTLE: Final = 15
"""Steps at an example's start that are not judged: the network knows no past there."""
_WARM_UP: Final = 200
_AVERAGE: Final = 0.999
_LOG_EVERY: Final = 500
_SHARES: Final = {"kokoro": 0.45, "espeak": 0.2, "hibari": 0.15, "flite": 0.2}
"""How often each source of speech is drawn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``delay``: look-ahead in steps of 20 ms. ``hours``: at most so much of each source.
    ``phones``, ``gates``: their weights in the loss. ``seconds``: end sooner where ``iterations``
    would take longer (and not be repeatable)."""

    name: str
    size: str = "medium"
    delay: int = 4
    iterations: int = 8_600
    seconds: float = math.inf
    batch: int = 64
    seed: int = 1
    hours: float = 99.0
    sources: tuple[str, ...] = tuple(_SHARES)
    augment: bool = True
    phones: float = 1.0
    gates: float = 0.5
    rate: float = 2e-3


class Sampler:
    """Random pieces of the sources, on ``device``."""

    def __init__(self, sources: dict[str, Examples], plan: Plan, device: str) -> None:
        self._steps = int(SECONDS * STEPS)
        self._rng = np.random.default_rng(plan.seed)
        self._sources: list[dict[str, Tensor]] = []
        shares = np.array([_SHARES[name] for name in plan.sources])
        self._shares = shares / shares.sum()
        for name in plan.sources:
            examples = sources[name]
            end = min(len(examples.classes), int(plan.hours * 3600 * STEPS))
            cut = {"mel": examples.mel[: 2 * end]}
            for part in ("controls", "closed", "tucked", "classes"):
                cut[part] = getattr(examples, part)[:end]
            self._sources.append({k: torch.from_numpy(v).to(device) for k, v in cut.items()})

    def draw(self, count: int) -> Batch:
        chosen = self._rng.choice(len(self._sources), count, p=self._shares)
        parts: dict[str, list[Tensor]] = {
            k: [] for k in ("mel", "controls", "closed", "tucked", "classes")
        }
        for source in (self._sources[i] for i in chosen):
            start = int(self._rng.integers(0, len(source["classes"]) - self._steps))
            for name, pieces in parts.items():
                fine = 2 if name == "mel" else 1
                pieces.append(source[name][fine * start : fine * (start + self._steps)])
        drawn = {name: torch.stack(pieces) for name, pieces in parts.items()}
        curves = {k: drawn[k].float() / 255 for k in ("controls", "closed", "tucked")}
        return Batch(mel=from_bytes(drawn["mel"]), classes=drawn["classes"].long(), **curves)


class Judge:
    """The loss: controls and their speed, gates, and phones to keep the network attentive."""

    def __init__(self, plan: Plan, device: str) -> None:
        self._plan = plan
        self._gates = Gates().to(device)
        weights = torch.ones(len(CONTROLS), device=device)
        for name, weight in {"jawOpen": 2.5, "mouthPucker": 1.5, "mouthRollLower": 1.5,
                             "mouthPress": 2.0}.items():  # fmt: skip
            weights[CONTROLS.index(name)] = weight
        self._weights = weights

    def loss(self, outputs: Outputs, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss, and its parts for the log."""
        now = slice(_SETTLE + self._plan.delay, None)
        then = slice(_SETTLE, batch.classes.shape[1] - self._plan.delay)
        said = {k: getattr(outputs, k)[:, now] for k in ("controls", "closed", "tucked", "silent")}
        classes = batch.classes[:, then]
        truth, closed, tucked = (x[:, then] for x in (batch.controls, batch.closed, batch.tucked))
        silent = (classes == CLASSES.index(SILENCE)).float()
        mouth = self._gates(
            said["controls"], *(torch.sigmoid(said[k]) for k in ("closed", "tucked", "silent"))
        )
        shut = (classes == CLASSES.index(BILABIAL)) | (classes == CLASSES.index(LABIODENTAL))
        weight = self._weights * (1 + 1.5 * shut.float())[..., None]
        place = ((mouth - truth).abs() * weight).mean()
        speed = (((mouth.diff(dim=1) - truth.diff(dim=1)).abs()) * weight[:, 1:]).mean()
        gates = sum(
            functional.binary_cross_entropy_with_logits(said[k], target)
            for k, target in (("closed", closed), ("tucked", tucked), ("silent", silent))
        )
        logits = outputs.classes[:, now].flatten(0, 1)
        phones = functional.cross_entropy(logits, classes.flatten())
        right = (logits.argmax(-1) == classes.flatten()).float().mean()
        total = 8 * place + 8 * speed + self._plan.gates * gates + self._plan.phones * phones
        parts = {"place": place, "speed": speed, "gates": gates, "phones": phones, "right": right}
        return total, parts


def train(
    plan: Plan, sources: dict[str, Examples], folder: Path, device: str, start: Path | None = None
) -> Path:
    """Train by ``plan``, from ``start``'s weights on or from nothing; return the checkpoint."""
    torch.manual_seed(plan.seed)
    generator = torch.Generator(device).manual_seed(plan.seed)
    augmenter = Augmenter(generator)
    sampler = Sampler(sources, plan, device)
    network = LipNet(SIZES[plan.size]).to(device) if start is None else load(start)[0].to(device)
    network.train()
    average = {k: v.clone() for k, v in network.state_dict().items()}
    judge = Judge(plan, device)
    optimizer = torch.optim.AdamW(network.parameters(), plan.rate, weight_decay=1e-3)
    states = network.rest(plan.batch, device)
    started, log = time.perf_counter(), []
    for iteration in range(plan.iterations):
        passed = (time.perf_counter() - started) / plan.seconds
        done = max(iteration / plan.iterations, passed)
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _share_of_rate(done, iteration)
        batch = sampler.draw(plan.batch)
        batch = augmenter.vary(batch) if plan.augment else batch
        outputs, _ = network(compress(batch.mel.exp()), states)
        loss, parts = judge.loss(outputs, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        keep = min(_AVERAGE, (1 + iteration) / (10 + iteration))
        with torch.no_grad():
            mine = network.state_dict()
            torch._foreach_mul_(list(average.values()), keep)
            torch._foreach_add_(list(average.values()), list(mine.values()), alpha=1 - keep)
        if (iteration + 1) % _LOG_EVERY == 0:
            now = {"iteration": iteration + 1, "seconds": time.perf_counter() - started}
            log.append(now | {k: float(v) for k, v in parts.items()})
            print(plan.name, json.dumps({k: round(v, 4) for k, v in log[-1].items()}), flush=True)
    path = folder / f"{plan.name}.pt"
    facts = {
        "iterations": iteration,
        "plan": asdict(plan),
        "log": log,
        "parameters": sum(p.numel() for p in network.parameters()),
    }
    torch.save({"weights": {k: v.cpu() for k, v in average.items()}, "facts": facts}, path)
    return path


def _share_of_rate(share: float, iteration: int) -> float:
    warm = min(1.0, (iteration + 1) / _WARM_UP)
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))


def load(path: Path) -> tuple[LipNet, Plan]:
    """The network of a checkpoint, ready to run."""
    kept = torch.load(path, map_location="cpu", weights_only=True)
    facts = kept["facts"]["plan"]
    plan = Plan(**{**facts, "sources": tuple(facts["sources"])})
    network = LipNet(SIZES[plan.size])
    network.load_state_dict(kept["weights"])
    return network.eval(), plan
