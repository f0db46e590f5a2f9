"""The reason model: why goods come back, from the customer's words, or an honest "unclear"."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.bundle import file_digest, link_or_copy
from models.calibration import softmax
from models.conformal import Conformal
from models.folder import read_json, write_json
from models.protocol import Card, Prediction
from models.pushes import explanation
from models.reason import head as heads
from models.reason.encoder import GRAPH, TOKENIZER, Encoded, Encoder, opened
from models.reason.head import Head, term_row
from models.reason.language import is_foreign
from models.reason.stated import Stated
from models.reason.stated import load as load_stated
from models.reason.words import Vocabulary, Word, words_of
from models.tabular import BadCell
from workflow.assessment import Candidate, Explanation, Push, Row

MOST_CHARACTERS = 20_000
"""A longer text is read up to here, and the explanation says so."""
LONGEST_SHOWN = 60
"""Characters of a word that its sentence shows."""
_RUN = re.compile(r"\S+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gate:
    """When to abstain; every threshold was chosen on data that trained no weight.

    ``familiar_least``: familiarity under which a text is ``out_of_scope``; ``answer_least``:
    probability under which the answer is ``too_uncertain``; ``english_only``: whether a note in
    another language is declined as ``unsupported_language``.
    """

    familiar_least: float
    answer_least: float
    english_only: bool = True


@dataclass(frozen=True)
class EncoderFiles:
    """An open encoder, the folder that its two files lie in, and the SHA-256 of its graph."""

    encoder: Encoder
    folder: Path
    checksum: str


def encoder_files(folder: Path, checksum: str | None = None, threads: int = 1) -> EncoderFiles:
    """The encoder in a folder; its checksum is computed where it is not given.

    One thread each serves many requests at once best; ``threads`` counts for the first to open it.
    """
    checksum = checksum or file_digest(folder / GRAPH)
    return EncoderFiles(opened(folder, checksum, threads), folder, checksum)


class ReasonModel:
    """Reads ``row["text"]`` only. ``classes`` are the reasons in the order of the head.

    Abstains with ``empty_text``, ``unsupported_language`` (no candidates), ``out_of_scope`` or
    ``too_uncertain`` (candidates given, for the person who decides). Without an encoder the
    sentence view is empty and the n-grams answer alone. ``stated``, where there is one, finds
    notes that tell no reason; they are ``out_of_scope`` too.
    """

    def __init__(
        self,
        card: Card,
        head: Head,
        vocabulary: Vocabulary,
        gate: Gate,
        conformal: Conformal,
        files: EncoderFiles | None,
        stated: Stated | None = None,
    ) -> None:
        self._card, self.head, self.vocabulary = card, head, vocabulary
        self.gate, self.conformal, self._files = gate, conformal, files
        self.stated = stated
        self.classes = card.says
        if len(self.classes) != len(head.bias):
            raise ValueError(f"card names {len(self.classes)} answers, weights {len(head.bias)}")

    @property
    def card(self) -> Card:
        return self._card

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        texts = [read(row) for row in rows]
        words = [words_of(text) for text in texts]
        declined = [self._declined(t, w) for t, w in zip(texts, words, strict=True)]
        asked = [i for i, why in enumerate(declined) if why is None]
        out = [Prediction(None, None, why) for why in declined]
        if asked:
            views = self._views([texts[i] for i in asked], [words[i] for i in asked])
            logits = self.head.logits(*views)
            familiar = self._familiar(*views, logits)
            chances = softmax(logits)
            inside = self.conformal.sets(chances)
            for at, i in enumerate(asked):
                out[i] = self._answer(chances[at], inside[at], bool(familiar[at]))
        return out

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        """Which words pushed the log-odds of the likeliest reason (or of the one in ``of``).

        The log-odds are against the mean class: ``log p - mean(log p of all reasons)``. Every
        push covers one word, with character offsets; the encoder's share of a word is its own
        contextual vector, which carries its neighbours too. Exact by construction. ``None``
        for empty and foreign texts, and for a reason the model does not know.
        """
        out: list[Explanation | None] = [None] * len(rows)
        texts = [read(row) for row in rows]
        words = [words_of(text) for text in texts]
        asked = [i for i in range(len(rows)) if self._declined(texts[i], words[i]) is None]
        encoded = self._encoded([texts[i] for i in asked])
        for i, sentence in zip(asked, encoded, strict=True):
            known = self.vocabulary.weights(words[i])
            row = {at: value for at, (value, _) in known.items()}
            logits = self.head.logits(sentence.sentence[np.newaxis], [row])[0]
            value = of[i] if of is not None else None
            if value is None:
                value = self.classes[int(np.argmax(logits))]
            if value in self.classes:
                chosen = self.classes.index(value)
                total = float(logits[chosen] - logits.mean())
                pushes, base = self._pushes(texts[i], words[i], sentence, known, chosen)
                if _cut(rows[i]):
                    pushes.append(_said(f"Only the first {MOST_CHARACTERS:,} characters were read"))
                output = f"{self._card.output}:{value}"
                out[i] = explanation("exact_additive", output, base, total, pushes, top)
        return out

    def logits(self, texts: Sequence[str]) -> tuple[Array, NDArray[np.bool_]]:
        """Texts x classes, whatever the text, and which are not ``out_of_scope``: for judging."""
        views = self._views(texts, [words_of(text) for text in texts])
        logits = self.head.logits(*views)
        return logits, self._familiar(*views, logits)

    def save(self, folder: Path) -> None:
        """Writes everything but card, metrics and sums, which the bundle writes."""
        self.head.save(folder / "weights.npz", self.vocabulary.idf)
        terms = sorted(self.vocabulary.index, key=self.vocabulary.index.__getitem__)
        write_json(folder / "vocabulary.json", {"terms": terms})
        calibration = {
            "gate": asdict(self.gate),
            "conformal": self.conformal.to_json(),
            "encoder": self._files.checksum if self._files is not None else None,
        }
        write_json(folder / "calibration.json", calibration)
        if self.stated is not None:
            self.stated.save(folder)
        if self._files is not None:
            for name in (GRAPH, TOKENIZER):
                link_or_copy(self._files.folder / name, folder / name)

    def _declined(self, text: str, words: Sequence[Word]) -> str | None:
        if not any(c.isalpha() for c in text):
            return "empty_text"  # digits alone are an order number, not a reason
        if self.gate.english_only and is_foreign(text, words):
            return "unsupported_language"
        return None

    def _answer(self, chances: Array, inside: NDArray[np.bool_], familiar: bool) -> Prediction:
        order = np.argsort(-chances, kind="stable")
        candidates = tuple(Candidate(self.classes[i], float(chances[i])) for i in order)
        likely = tuple(self.classes[i] for i in order if inside[i])
        first = candidates[0]
        if not familiar:
            return Prediction(None, None, "out_of_scope", candidates, likely)
        if first.probability < self.gate.answer_least:
            return Prediction(None, None, "too_uncertain", candidates, likely)
        return Prediction(first.value, first.probability, None, candidates, likely)

    def _views(
        self, texts: Sequence[str], words: Sequence[Sequence[Word]]
    ) -> tuple[Array, list[dict[int, float]]]:
        """Sentence vectors and term rows: what every score of a text is made of."""
        if self._files is None:
            sentences = np.zeros((len(texts), len(self.head.mean_sentence)))
        else:
            sentences = self._files.encoder.sentences(texts)
        return sentences, [term_row(self.vocabulary, own) for own in words]

    def _familiar(
        self, sentences: Array, terms: Sequence[Mapping[int, float]], logits: Array
    ) -> NDArray[np.bool_]:
        """Which texts are like what was learned and, where that was learned, tell a reason."""
        scope = self.head.scope.familiarity(sentences, logits)
        familiar = np.asarray(scope >= self.gate.familiar_least)
        return familiar if self.stated is None else familiar & self.stated.enough(sentences, terms)

    def _encoded(self, texts: Sequence[str]) -> list[Encoded]:
        if self._files is not None:
            return self._files.encoder.encode(texts)
        nothing = np.zeros(len(self.head.mean_sentence))
        return [Encoded(nothing, nothing[np.newaxis], ((0, 0),)) for _ in texts]

    def _pushes(
        self,
        text: str,
        words: Sequence[Word],
        sentence: Encoded,
        known: Mapping[int, tuple[float, list[tuple[int, ...]]]],
        chosen: int,
    ) -> tuple[list[Push], float]:
        base, sentence_weights, term_weights = self.head.centred(chosen)
        runs = [m.span() for m in _RUN.finditer(text)]
        starts = np.array([start for start, _ in runs])
        sums = np.zeros(len(runs) + 1)  # the last one gathers what belongs to no word
        # The usual sentence is in the base, so a piece only pushes by what it adds to that.
        usual = float(self.head.mean_sentence @ sentence_weights) / len(sentence.spans)
        pushed = sentence.shares @ sentence_weights - usual
        for (start, end), push in zip(sentence.spans, pushed.tolist(), strict=True):
            sums[_run_at(starts, start) if end > start else -1] += push
        for at, (value, occurrences) in known.items():
            each = value * float(term_weights[at]) / len(occurrences)
            for covered in occurrences:
                for word in covered:
                    sums[_run_at(starts, words[word].start)] += each / len(covered)
        pushes = [
            _spoken(text, run, push)
            for run, push in zip(runs, sums[:-1].tolist(), strict=True)
            if push
        ]
        if sums[-1]:
            pushes.append(_said("The text as a whole", float(sums[-1])))
        return pushes, base


def read(row: Row) -> str:
    """The text that is read: empty for ``None``, cut at ``MOST_CHARACTERS``.

    Errors: ``BadCell`` where ``text`` is not text.
    """
    text = row.get("text")
    if text is None:
        return ""
    if not isinstance(text, str):
        raise BadCell(f"text needs text, not {text!r}")
    # Half a surrogate pair cannot be encoded; one character stands in, so offsets hold.
    return _LONE_SURROGATE.sub("\ufffd", text[:MOST_CHARACTERS])


def _cut(row: Row) -> bool:
    text = row.get("text")
    return isinstance(text, str) and len(text) > MOST_CHARACTERS


def _run_at(starts: NDArray[np.intp], position: int) -> int:
    return int(np.searchsorted(starts, position, side="right")) - 1


def _spoken(text: str, run: tuple[int, int], push: float) -> Push:
    """The push of a run of characters; its span leaves punctuation around the word out."""
    start, end = run
    alive = [i for i in range(start, end) if text[i].isalnum()]
    if alive:
        start, end = alive[0], alive[-1] + 1
    while alive and end < run[1] and unicodedata.category(text[end])[0] == "M":
        end += 1  # accents written after their letter, vowel signs
    word = text[start:end]
    shown = word if len(word) <= LONGEST_SHOWN else f"{word[: LONGEST_SHOWN - 1]}…"
    return Push("text", word, push, None, f"The word “{shown}”", start, end)


def _said(sentence: str, push: float = 0.0) -> Push:
    return Push("text", None, push, None, sentence)


def load(folder: Path, card: Card) -> ReasonModel:
    """The model in a bundle's folder, as ``save`` wrote it."""
    head, vocabulary = heads.load(
        folder / "weights.npz", read_json(folder / "vocabulary.json")["terms"]
    )
    calibration = read_json(folder / "calibration.json")
    encoder = calibration["encoder"]
    files = encoder_files(folder, encoder) if encoder is not None else None
    if files is None and head.scope.centroids.size:
        raise ValueError(f"calibration.json names no encoder, and the weights need {GRAPH}")
    gate = Gate(**calibration["gate"])
    conformal = Conformal.from_json(calibration["conformal"])
    return ReasonModel(card, head, vocabulary, gate, conformal, files, load_stated(folder))
