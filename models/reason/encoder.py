"""The frozen sentence encoder in ONNX Runtime: contextual token vectors and their mean.

The graph gives one vector a word piece; mean pooling and scaling to length 1 happen here, so
that a sum over word pieces is exactly the sentence (sentence-transformers all-MiniLM-L6-v2).
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

GRAPH = "encoder.onnx"
TOKENIZER = "tokenizer.json"
MOST_PIECES = 256
"""Word pieces the encoder reads; the rest of a text is left to the other view."""
BATCH_PIECES = 2048
"""Word pieces, padding included, of one run: large enough to be quick, small enough for cache."""
REMEMBERED = 4096
"""Sentence vectors kept for texts that come again (3 KB each)."""
RECENT = 32
"""Whole encodings kept (3 KB a word piece): what was just answered is mostly explained next."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Encoded:
    """One text: ``pieces`` x dimensions token vectors whose mean points along ``sentence``.

    ``shares`` are the token vectors divided by count and norm: they sum to ``sentence``.
    ``spans`` are character offsets (start, end) of each piece; (0, 0) marks the frame pieces.
    """

    sentence: Array
    shares: Array
    spans: tuple[tuple[int, int], ...]


T = TypeVar("T")


class _Kept(Generic[T]):
    """What the latest ``most`` texts came to, for any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, texts: Iterable[str]) -> dict[str, T]:
        with self._lock:
            known = {t: self._found[t] for t in dict.fromkeys(texts) if t in self._found}
            for text in known:
                self._found.move_to_end(text)
        return known

    def keep(self, text: str, value: T) -> None:
        with self._lock:
            self._found[text] = value
            self._found.move_to_end(text)
            while len(self._found) > self._most:
                self._found.popitem(last=False)


class Encoder:
    """Texts to unit vectors. Safe to share between threads; repeated texts are remembered."""

    def __init__(self, graph: Path, tokenizer: Path, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_PIECES)
        self.dimensions = int(self._session.get_outputs()[0].shape[-1])
        self._sentences: _Kept[Array] = _Kept(REMEMBERED)
        self._encodings: _Kept[Encoded] = _Kept(RECENT)

    def sentences(self, texts: Sequence[str]) -> Array:
        """``len(texts)`` x dimensions; each row has length 1."""
        found = self._sentences.recall(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        for row, encoded in self._encoded(missing):
            found[missing[row]] = encoded.sentence
            if len(missing) <= RECENT:  # of many texts the token vectors are let go at once
                self._encodings.keep(missing[row], encoded)
        for text in missing:
            self._sentences.keep(text, found[text])
        if not texts:
            return np.empty((0, self.dimensions))
        return np.stack([found[text] for text in texts])

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Sentence, token shares and spans of every text, in order."""
        found = self._encodings.recall(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        for row, encoded in self._encoded(missing):
            found[missing[row]] = encoded
        for text in missing[:RECENT]:
            self._encodings.keep(text, found[text])
        return [found[text] for text in texts]

    def _encoded(self, texts: Sequence[str]) -> Iterator[tuple[int, Encoded]]:
        """Row and encoding, shortest texts first, a mini-batch at a time."""
        tokens = self._tokenizer.encode_batch(list(texts))
        ids = [np.array(t.ids, dtype=np.int64) for t in tokens]
        for rows in batches([len(i) for i in ids]):
            for row, vectors in zip(rows, self._run([ids[r] for r in rows]), strict=True):
                yield row, _shared(vectors, tuple(tokens[row].offsets))

    def _run(self, ids: Sequence[NDArray[np.int64]]) -> list[Array]:
        width = max(len(i) for i in ids)
        padded = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros_like(padded)
        for row, own in enumerate(ids):
            padded[row, : len(own)] = own
            mask[row, : len(own)] = 1
        (tokens,) = self._session.run(None, {"input_ids": padded, "attention_mask": mask})
        return [tokens[row, : len(own)].astype(np.float64) for row, own in enumerate(ids)]


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows sorted by length into runs of at most ``BATCH_PIECES`` padded pieces."""
    run: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda r: lengths[r]):
        if run and (len(run) + 1) * lengths[row] > BATCH_PIECES:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _shared(vectors: Array, spans: tuple[tuple[int, int], ...]) -> Encoded:
    norm = float(np.linalg.norm(vectors.mean(axis=0)))
    shares = vectors / (len(vectors) * max(norm, 1e-12))
    return Encoded(shares.sum(axis=0), shares, spans)


_OPEN: WeakValueDictionary[str, Encoder] = WeakValueDictionary()
_OPENING = threading.Lock()


def opened(folder: Path, checksum: str, threads: int = 1) -> Encoder:
    """The encoder in a bundle's folder; bundles with the same graph share one session.

    ``checksum`` is the graph's SHA-256 as the bundle's verified sums give it. The vectors are the
    same to the last bit with any number of threads.
    """
    with _OPENING:
        encoder = _OPEN.get(checksum)
        if encoder is None:
            encoder = Encoder(folder / GRAPH, folder / TOKENIZER, threads)
            _OPEN[checksum] = encoder
        return encoder
