"""Whether tuning the encoder helps, and how much of it to keep: settled on texts held out of it."""

from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

import numpy as np

from models.reason.model import EncoderFiles
from training.encoder import CACHE, on_all_cores
from training.finetune import Tuner
from training.heads import Labelled, fit_heads, fit_term
from training.held_out import HeldOut, crossed, predicted

SHARES = (0.0, 0.5, 1.0)
"""Tuned weights against original ones. 0 is the frozen encoder: tuning never has to be taken."""


@dataclass(frozen=True)
class Tuned:
    """The encoder that was kept, what heads on it say of the texts held out, and how it came:
    the ``share`` of tuning in its weights and the ``epochs`` that the time allowed."""

    files: EncoderFiles
    held: HeldOut
    share: float
    epochs: float


def tuned(
    known: Labelled,
    asked: Labelled,
    classes: int,
    *,
    minutes: float,
    seed: int,
    most_middles: int = 1,
) -> Tuned:
    """Tunes on ``known`` for at most ``minutes``; keeps the share by which the truths of
    ``asked`` are likeliest. The encoder's folder lasts as long as the encoder is in use."""
    tuner = Tuner(seed)
    epochs = tuner.learn(known.texts, known.truth, classes, minutes)
    term = fit_term(known.terms, known.truth, classes, seed, known.weights)
    found: dict[float, HeldOut] = {}
    for share in SHARES:
        tuner.mix(share)
        views = known.views(tuner.sentences)
        heads = fit_heads(views, known.truth, classes, seed, known.weights, term, most_middles)
        found[share] = predicted(heads, asked.views(tuner.sentences), asked.truth)
    share = min(found, key=lambda share: _loss(found[share], seed))
    tuner.mix(share)
    CACHE.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(prefix="tuned-", dir=CACHE))
    files = on_all_cores(tuner.write(scratch / "encoder"))
    finalize(files.encoder, rmtree, scratch, ignore_errors=True)
    return Tuned(files, found[share], share, epochs)


def _loss(held: HeldOut, seed: int) -> float:
    chances, _ = crossed(held, seed)
    true = chances[np.arange(len(held.truth)), held.truth]
    return float(-np.log(np.maximum(true, 1e-300)).mean())
