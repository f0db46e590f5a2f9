"""Tunes the sentence encoder to tell the classes apart, within a time agreed beforehand."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy, normalize

from models.reason.encoder import MOST_PIECES, TOKENIZER, batches
from training.encoder import pretrained, weights, write

Array = NDArray[np.float64]
Truth = NDArray[np.intp]

EPOCHS = 4
BATCH = 32
TUNED_PIECES = 96
"""A text is learned from up to here; tuning on longer ones costs more than it teaches."""
RATE = 1e-4
WARM_UP = 0.1
"""Share of the way on which the rate still rises; from there it falls to nothing."""
SHARPNESS = 20.0
"""A cosine to a class is multiplied by this before the softmax (as in sentence-transformers)."""
FIXED_LAYERS = 2
"""Word vectors and lowest layers keep what they know of language; it also saves a third."""


class Tuner:
    """One encoder in torch. ``learn`` tunes it; ``mix`` weighs tuned against original weights."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self._random = np.random.default_rng(seed)
        self._bert = pretrained()
        self._tokenizer = Tokenizer.from_file(str(weights() / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_PIECES)
        self._bert.embeddings.requires_grad_(False)
        for layer in self._bert.encoder.layer[:FIXED_LAYERS]:
            layer.requires_grad_(False)
        self._free = [p for p in self._bert.parameters() if p.requires_grad]
        self._original = [p.detach().clone() for p in self._free]
        self._tuned = self._original

    def learn(self, texts: Sequence[str], truth: Truth, classes: int, minutes: float) -> float:
        """Cross-entropy of cosines to one direction a class, which starts as the class's middle.

        Ends after ``EPOCHS`` or ``minutes``, whichever is sooner; the rate has fallen to nothing
        by then either way. Answers the epochs done.
        """
        started, step, done = time.monotonic(), 0, 0.0
        ids = self._ids(texts, TUNED_PIECES)
        directions = torch.nn.Parameter(self._middles(texts, truth, classes))
        rates = (RATE, 10 * RATE)  # the directions are new and may move faster
        optimizer = torch.optim.AdamW([{"params": self._free}, {"params": [directions]}])
        steps = EPOCHS * -(-len(texts) // BATCH)
        self._bert.train()
        while done < 1.0:
            for rows in self._shuffled(ids):
                done = max(step / steps, (time.monotonic() - started) / (60 * minutes))
                if done >= 1.0:
                    break
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * min((done + 1e-3) / WARM_UP, (1 - done) / (1 - WARM_UP))
                cosines = self._encoded([ids[i] for i in rows]) @ normalize(directions, dim=1).T
                loss = cross_entropy(SHARPNESS * cosines, torch.from_numpy(truth[rows]))
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(self._free, 1.0)
                optimizer.step()
                step += 1
        self._bert.eval()
        self._tuned = [p.detach().clone() for p in self._free]
        return step * BATCH / len(texts)

    def mix(self, share: float) -> None:
        """Weights from here on: ``share`` tuned, the rest original (Wortsman et al. 2022)."""
        with torch.no_grad():
            for now, old, new in zip(self._free, self._original, self._tuned, strict=True):
                now.copy_(torch.lerp(old, new, share))

    def sentences(self, texts: Sequence[str]) -> Array:
        """``len(texts)`` x dimensions of length 1, by the present weights."""
        ids = self._ids(texts, MOST_PIECES)
        out = np.empty((len(texts), self._bert.config.hidden_size))
        with torch.inference_mode():
            for rows in batches([len(i) for i in ids]):
                out[rows] = self._encoded([ids[i] for i in rows]).numpy()
        return out

    def write(self, folder: Path) -> Path:
        """Exports the present weights as ``training.encoder.write`` does."""
        return write(self._bert, folder)

    def _ids(self, texts: Sequence[str], most: int) -> list[list[int]]:
        return [tokens.ids[:most] for tokens in self._tokenizer.encode_batch(list(texts))]

    def _middles(self, texts: Sequence[str], truth: Truth, classes: int) -> Any:
        sums = np.zeros((classes, self._bert.config.hidden_size))
        np.add.at(sums, truth, self.sentences(texts))
        return normalize(torch.from_numpy(sums).float(), dim=1)

    def _shuffled(self, ids: Sequence[Sequence[int]]) -> Iterator[NDArray[np.intp]]:
        """Batches in random order; the texts of one batch are of about one length."""
        order = self._random.permutation(len(ids))
        runs: list[NDArray[np.intp]] = []
        for part in np.array_split(order, max(len(order) // (50 * BATCH), 1)):
            alike = part[np.argsort([len(ids[i]) for i in part], kind="stable")]
            runs += [alike[at : at + BATCH] for at in range(0, len(alike), BATCH)]
        yield from (runs[i] for i in self._random.permutation(len(runs)))

    def _encoded(self, ids: Sequence[Sequence[int]]) -> Any:
        """Mean of the token vectors, of length 1: what ``models.reason.encoder`` computes."""
        pieces = torch.zeros((len(ids), max(len(own) for own in ids)), dtype=torch.long)
        mask = torch.zeros_like(pieces)
        for row, own in enumerate(ids):
            pieces[row, : len(own)] = torch.tensor(own)
            mask[row, : len(own)] = 1
        tokens = self._bert(input_ids=pieces, attention_mask=mask).last_hidden_state
        return normalize((tokens * mask[..., None]).sum(dim=1), dim=1)
