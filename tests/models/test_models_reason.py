"""What the reason model answers, when it declines, and why its explanation can be believed."""

import json
from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import bundle
from models.reason.encoder import BATCH_PIECES, GRAPH, TOKENIZER, Encoder, batches
from models.reason.language import is_foreign
from models.reason.model import MOST_CHARACTERS, ReasonModel
from models.reason.words import Vocabulary, terms_of, words_of
from models.tabular import BadCell
from workflow.assessment import Explanation
from workflow.codes import ReturnReason

R_1001 = "Seal leaks, oil all over the carton"


def _explained(model: ReasonModel, text: str, of: str | None = None) -> Explanation:
    found = model.explain([{"text": text}], of=[of])[0]
    assert found is not None
    return found


def test_r_1001_is_understood_without_a_single_label(reason: ReasonModel) -> None:
    """From descriptions alone, a leaking seal is a defect on arrival."""
    answer = reason.predict([{"text": R_1001}])[0]
    assert answer.value == "defective_on_arrival"
    assert reason.card.says == tuple(ReturnReason)
    assert "defective_on_arrival" in answer.set


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "empty_text"),
        ("", "empty_text"),
        (" \n\t ", "empty_text"),
        ("12345-678", "empty_text"),
        ("?!", "empty_text"),
        ("Die Ware ist beschädigt angekommen", "unsupported_language"),
        ("Falsche Ware geliefert", "unsupported_language"),
        ("La mercancía llegó dañada", "unsupported_language"),
        ("Producto roto, quiero devolver", "unsupported_language"),
        ("Colis endommagé à la livraison", "unsupported_language"),
        ("Il manque deux cartons", "unsupported_language"),
        ("La pompa perde olio", "unsupported_language"),
        ("Pomp lekt vanaf de eerste dag", "unsupported_language"),
        ("Paczka uszkodzona w transporcie", "unsupported_language"),
        ("KÜHLKETTE UNTERBROCHEN", "unsupported_language"),
        ("商品が壊れていました", "unsupported_language"),
        ("товар поврежден", "unsupported_language"),
        ("Who won the football match last night", "out_of_scope"),
        ("Return of 12 cases chilled desserts, docket 7781", "out_of_scope"),
        ("Please arrange collection of the pump on Monday", "out_of_scope"),
        ("Photos attached", "out_of_scope"),
    ],
)
def test_what_cannot_be_answered_is_declined(
    reason: ReasonModel, text: str | None, why: str
) -> None:
    """Empty, foreign and unrelated notes are declined, each with its own reason."""
    answer = reason.predict([{"text": text}])[0]
    assert (answer.value, answer.abstained) == (None, why)


@pytest.mark.parametrize(
    "text",
    [
        "DOA",
        "Crème brûlée arrived melted and the boxes are wet",
        "wrong item, ref. no. 99-212/B",
        "pls credit, 3 btls broken",
        "The café received expired milk",
        "e-mail",
        "PO 4711 la",
        "M. García, 12 pcs SKF 6204",
        "Nestlé KitKat 3 ctns",
        "jalapeño jars",
        "Des Moines branch, Von Duprin lock",
        "per recall letter",
    ],
)
def test_english_trade_notes_are_not_foreign(text: str) -> None:
    """Jargon, codes and a borrowed word do not make a note foreign."""
    assert not is_foreign(text, words_of(text))


def test_text_that_is_no_text_is_refused(reason: ReasonModel) -> None:
    """A number where text belongs is an error that names the column."""
    with pytest.raises(BadCell, match="text needs text, not 5"):
        reason.predict([{"text": 5}])


@pytest.mark.parametrize("of", ["defective_on_arrival", "recall", "late_delivery"])
def test_totals_are_what_predict_says(reason: ReasonModel, of: str) -> None:
    """The total is the log of a probability less the mean log of all: exact for any reason."""
    answer = reason.predict([{"text": R_1001}])[0]
    logs = {c.value: log(c.probability) for c in answer.candidates}
    told = _explained(reason, R_1001, of)
    assert told.output == f"log_odds:{of}"
    assert told.total == pytest.approx(logs[of] - np.mean(list(logs.values())), abs=1e-4)
    assert abs(told.residual) <= 1e-9


def test_spans_are_words_of_the_text(reason: ReasonModel) -> None:
    """Every word of a note has one push with its own offsets; punctuation is left out."""
    text = "Seal leaks (badly), oil  all\nover — the carton!"
    told = _explained(reason, text)
    spans = sorted((p.start, p.end) for p in told.pushes if p.start is not None and p.end)
    words = [text[a:b] for a, b in spans]
    assert words == ["Seal", "leaks", "badly", "oil", "all", "over", "—", "the", "carton"]
    assert next(p for p in told.pushes if p.value == "leaks").push > 0


def test_spans_keep_accents_and_their_sentence_stays_short(reason: ReasonModel) -> None:
    """An accent written after its letter is of the word; a word without an end is cut in the
    sentence about it, never in its span."""
    endless = "leak" * 100
    text = f"The cafe\u0301, pump \U0001f6e2\ufe0f leaks {endless} at the seal"
    spans = {p.value: p for p in _explained(reason, text, "defective_on_arrival").pushes if p.end}
    assert {"cafe\u0301", "leaks", endless} <= spans.keys()
    assert all(text[p.start : p.end] == word for word, p in spans.items())
    assert len(spans[endless].says) < 80


def test_an_unknown_reason_has_no_explanation(reason: ReasonModel) -> None:
    """Asked about a reason the model does not know, it explains nothing."""
    assert reason.explain([{"text": R_1001}], of=["weather"]) == [None]


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_is_answered_and_adds_up(light: Path, text: str) -> None:
    """Any text at all, broken surrogates included, gets an answer and an exact explanation."""
    model = bundle.load(light)
    answer = model.predict([{"text": text}])[0]
    told = model.explain([{"text": text}])[0]
    assert (answer.value is None) == (answer.abstained is not None)
    if told is not None:
        assert told.base + sum(p.push for p in told.pushes) == pytest.approx(told.total, abs=1e-6)


def test_half_a_surrogate_pair_reaches_the_encoder_safely(reason: ReasonModel) -> None:
    """A lone surrogate, which JSON can carry, is read as one unknown character."""
    text = "box \ud83d is broken and leaks"
    assert len(reason.predict([{"text": text}])[0].candidates) == 18
    found = [p.value for p in _explained(reason, text).pushes]
    assert "broken" in found


def test_a_long_text_is_cut_and_says_so(light: Path) -> None:
    """Beyond 20,000 characters nothing is read, and the explanation says that."""
    model = bundle.load(light)
    start = ("The bottles are broken. " * 1000)[:MOST_CHARACTERS]
    short, long = model.explain([{"text": start}, {"text": start + " recall" * 100}])
    assert short is not None and long is not None
    assert short.total == long.total
    assert [p.says for p in long.pushes if p.push == 0.0] == [
        "Only the first 20,000 characters were read"
    ]


def test_repeats_are_encoded_once_and_answered_alike(reason: ReasonModel) -> None:
    """A batch of one text many times gives the same answer many times."""
    answers = reason.predict([{"text": R_1001}] * 50)
    assert len(answers) == 50
    assert len(set(answers)) == 1


def test_a_bundle_is_reproducible(light: Path, tmp_path: Path) -> None:
    """The same data and seed give the same bytes, whenever they are fitted."""
    from training.reason import Options, make

    model, _ = make(([], []), ([], []), seed=8123, prototypes=True, options=Options())
    model.save(tmp_path)
    assert bundle.write(tmp_path, model.card) == bundle.digest(light)


def test_a_bundle_without_its_encoder_is_refused(sealed: Path, tmp_path: Path) -> None:
    """Weights that need an encoder are not answered without it."""
    files = {
        path.name: path.read_bytes()
        for path in sealed.iterdir()
        if path.name in ("weights.npz", "vocabulary.json")
    }
    calibration = json.loads((sealed / "calibration.json").read_text()) | {"encoder": None}
    files["calibration.json"] = json.dumps(calibration).encode()
    bundle.write(tmp_path / "x", bundle.read_card(sealed), files)
    with pytest.raises(bundle.Mismatch, match=r"encoder\.onnx"):
        bundle.load(tmp_path / "x")


def test_bundles_share_one_encoder(sealed: Path) -> None:
    """Champion and challenger with the same encoder hold one session, not two."""
    one, two = bundle.load(sealed), bundle.load(sealed)
    assert isinstance(one, ReasonModel) and isinstance(two, ReasonModel)
    assert one._files is not None and two._files is not None
    assert one._files.encoder is two._files.encoder


@pytest.mark.slow
def test_the_encoder_is_sentence_transformers(sealed: Path) -> None:
    """ONNX vectors equal those of sentence-transformers: cosine at least 0.99999."""
    reference = pytest.importorskip("sentence_transformers", reason="needs '.[training]'")
    from training.encoder import weights

    texts = [R_1001, "ok", "Invoice is wrong. " * 12, "crème brûlée 🥧 !!", "x" * 40]
    own = Encoder(sealed / GRAPH, sealed / TOKENIZER).sentences(texts)
    model = reference.SentenceTransformer(str(weights()), device="cpu")
    theirs = np.asarray(model.encode(texts, normalize_embeddings=True), dtype=np.float64)
    assert (own * theirs).sum(axis=1).min() >= 0.99999


def test_token_shares_sum_to_the_sentence(sealed: Path) -> None:
    """The shares of the word pieces sum to a vector of length 1, piece offsets inside the text."""
    encoder = Encoder(sealed / GRAPH, sealed / TOKENIZER)
    for text, found in zip(texts := [R_1001, "leaks"], encoder.encode(texts), strict=True):
        assert np.allclose(found.shares.sum(axis=0), found.sentence, atol=1e-12)
        assert np.linalg.norm(found.sentence) == pytest.approx(1.0)
        assert all(0 <= a <= b <= len(text) for a, b in found.spans)


def test_threads_and_memory_change_no_vector(sealed: Path) -> None:
    """Training on all cores and serving on one see the same bits; so does a text seen before."""
    alone, shared = (Encoder(sealed / GRAPH, sealed / TOKENIZER, threads) for threads in (1, 3))
    texts = [R_1001, "leaks", "two boxes were broken"] * 20
    first = alone.sentences(texts)
    assert np.array_equal(first, shared.sentences(texts))
    again = [encoded.sentence for encoded in shared.encode(texts)]
    assert np.array_equal(first, np.stack(again))


@given(st.lists(st.integers(2, 256), max_size=200))
def test_batches_hold_every_row_once(lengths: list[int]) -> None:
    """Every row is in exactly one run, and no run pads beyond its bound."""
    runs = list(batches(lengths))
    assert sorted(row for run in runs for row in run) == list(range(len(lengths)))
    assert all(len(run) * max(lengths[r] for r in run) <= BATCH_PIECES for run in runs)


@given(st.text(max_size=60))
def test_terms_know_where_they_stand(text: str) -> None:
    """Words lie where their offsets say, in order, and every term covers words that exist."""
    words = words_of(text)
    assert all(a.end <= b.start for a, b in pairwise(words))
    assert all(any(c.isalnum() for c in text[w.start : w.end]) for w in words)
    assert all(max(term.words) < len(words) for term in terms_of(words))


def test_numbers_keep_their_shape_only() -> None:
    """Two order numbers are one word to the model: it cannot learn a customer's order."""
    assert [w.form for w in words_of("Order 99312, PO-7")] == ["order", "00000", "po", "0"]


def test_each_kind_of_term_has_length_one() -> None:
    """The row of a text weighs words and characters alike, however long the text is."""
    words = words_of("leaks leaks badly")
    keys = sorted({term.key for term in terms_of(words)})
    vocabulary = Vocabulary({key: i for i, key in enumerate(keys)}, np.ones(len(keys)))
    found = vocabulary.weights(words)
    for kind in "wc":
        squares = sum(v**2 for at, (v, _) in found.items() if keys[at].startswith(kind))
        assert squares == pytest.approx(1.0)
