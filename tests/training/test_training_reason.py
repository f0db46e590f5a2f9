"""How the reason model is fitted: from nothing, from labels, and never from what it may not see."""

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install '.[training]'")

from models.reason.language import is_foreign
from models.reason.words import words_of
from simulation.texts import every_template
from training.heads import Views, fit_blend, fit_heads, fit_vocabulary, term_matrix
from training.reason import ENOUGH_HELD_OUT, Options, _promised, descriptions, make
from workflow.codes import UNCLEAR, ReturnReason

pytestmark = pytest.mark.slow

LIGHT = Options()
LABELLED = [
    ("fork lift hole in the drum", "damaged_in_transit"),
    ("drum dented by forklift", "damaged_in_transit"),
    ("sticker glued upside down", "packaging_or_label"),
    ("sticker has the wrong allergen", "packaging_or_label"),
] * 12


def _plain(text: str) -> str:
    return " ".join(word.form for word in words_of(text))


def _texts(pairs: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [text for text, _ in pairs], [label for _, label in pairs]


def test_every_reason_is_described_about_as_often() -> None:
    """Each canonical code has seventy prototypes or more, none half again as many as another;
    no phrase stands for two; and three hundred notes state no reason."""
    pairs, nothing = descriptions()
    counts = {code: sum(label == code for _, label in pairs) for code in ReturnReason}
    assert min(counts.values()) >= 70, counts
    assert max(counts.values()) <= 1.5 * min(counts.values()), counts
    assert len(nothing) >= 300
    phrases = [_plain(text) for text in [*(text for text, _ in pairs), *nothing]]
    assert [text for text, n in Counter(phrases).items() if n > 1] == []


def test_descriptions_are_words_of_their_own() -> None:
    """No prototype is a template of the texts on which the simulator judges what was learned."""
    pairs, nothing = descriptions()
    phrases = {_plain(text) for text in [*(text for text, _ in pairs), *nothing]}
    evaluation = {_plain(template) for template in every_template("evaluation")}
    assert {text for text in phrases & evaluation if len(text.split()) > 3} == set()


def test_prototypes_are_english() -> None:
    """What would be declined as foreign cannot teach, so no prototype may look foreign."""
    pairs, nothing = descriptions()
    texts = [*(text for text, _ in pairs), *nothing]
    assert [text for text in texts if is_foreign(text, words_of(text))] == []


def test_classes_nobody_labelled_are_still_known() -> None:
    """With labels for two reasons only, the other sixteen are answered from descriptions."""
    model, metrics = make(_texts(LABELLED), ([], []), seed=1, prototypes=True, options=LIGHT)
    answers = model.predict(
        [{"text": "forklift hole in the drum"}, {"text": "returned under the safety recall notice"}]
    )
    best = [answer.candidates[0].value for answer in answers]
    assert best == ["damaged_in_transit", "recall"]
    assert model.card.metrics == metrics
    assert {"accuracy", "macro_f1", "ece", "set_coverage", "set_size", "majority_accuracy",
            "tfidf_accuracy"} <= set(metrics)  # fmt: skip


def test_without_prototypes_any_labels_will_do() -> None:
    """Outside the product the classes are whatever the labels are, sorted."""
    pairs = [(f"{word} please {i}", word) for word in ("tea", "milk") for i in range(20)]
    model, _ = make(_texts(pairs), ([], []), seed=1, prototypes=False, options=LIGHT)
    assert model.card.says == ("milk", "tea")
    assert model.predict([{"text": "tea please"}])[0].candidates[0].value == "tea"


def test_a_label_that_is_no_reason_is_refused() -> None:
    """A typo in a label is named; ``unclear`` is a label people do give."""
    with pytest.raises(ValueError, match="recal: not a return reason"):
        make((["bad lot"], ["recal"]), ([], []), seed=1, prototypes=True, options=LIGHT)
    make((["please call"], [UNCLEAR]), ([], []), seed=1, prototypes=True, options=LIGHT)


def test_one_class_cannot_be_told_from_itself() -> None:
    """Fewer than two classes are refused."""
    with pytest.raises(ValueError, match="at least two classes"):
        make((["bad lot"], ["x"]), ([], []), seed=1, prototypes=False, options=LIGHT)


def test_foreign_and_empty_notes_do_not_teach() -> None:
    """What would be declined when asked is left out of training."""
    extra = [("Ware ist kaputt", "recall"), ("4711", "recall")]
    with_them, _ = make(_texts(LABELLED + extra), ([], []), seed=1, prototypes=True, options=LIGHT)
    without, _ = make(_texts(LABELLED), ([], []), seed=1, prototypes=True, options=LIGHT)
    assert with_them.vocabulary.index == without.vocabulary.index


def test_enough_validation_texts_calibrate_alone() -> None:
    """With enough of them, nothing but validation texts calibrates, and all of them do."""
    later = [(f"{text} again {i}", label) for i, (text, label) in enumerate(LABELLED * 4)]
    model, metrics = make(_texts(LABELLED), _texts(later), seed=1, prototypes=False, options=LIGHT)
    assert model.conformal.calibrated_on == len(later)
    assert metrics["held_out_texts"] == len(later)
    assert metrics["accuracy"] == 1.0


def test_descriptions_calibrate_beside_the_notes_of_a_house() -> None:
    """Every description is asked for by weights that never saw it, and joins the validation notes;
    of those, notes that tell no reason calibrate nothing, whatever reason people found. Sets are
    promised by the notes, and by so many descriptions as are missing."""
    later = [(f"{text} again {i}", label) for i, (text, label) in enumerate(LABELLED * 4)]
    silent = [("Please call me back", label) for _, label in LABELLED]
    described = len(descriptions()[0])
    model, figures = make(
        _texts(LABELLED), _texts(later + silent), seed=1, prototypes=True, options=LIGHT
    )
    assert described + len(later) - 36 <= figures["held_out_texts"] <= described + len(later)
    assert model.conformal.calibrated_on == max(
        ENOUGH_HELD_OUT, figures["held_out_texts"] - described
    )


def test_sets_are_promised_by_the_notes_of_a_house_as_soon_as_there_are_enough() -> None:
    """Notes come first among the texts held out; without any, all descriptions promise."""
    assert np.array_equal(_promised(200, 1500), np.arange(200))
    filled = _promised(100, 1500)
    assert np.array_equal(filled[:100], np.arange(100)) and len(filled) == ENOUGH_HELD_OUT
    assert (filled[100], filled[-1]) == (100, 1499) and len(set(filled.tolist())) == len(filled)
    assert np.array_equal(_promised(0, 1400), np.arange(1400))
    assert np.array_equal(_promised(40, 60), np.arange(60))


def test_the_blend_trusts_the_view_that_knows() -> None:
    """A view of noise gets next to no weight beside one that is right."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, size=400)
    knows = np.eye(4)[truth] + rng.normal(size=(400, 4)) * 0.3
    noise = rng.normal(size=(400, 4))
    blend = fit_blend(noise, knows, truth)
    assert blend.sentence < blend.term / 10


def test_a_weight_of_two_is_the_text_twice() -> None:
    """In both heads, in the middle of all sentences and in the centroids."""
    texts, labels = _texts(LABELLED[:4])
    terms = term_matrix(fit_vocabulary(texts), texts)
    sentences = np.random.default_rng(3).normal(size=(4, 8))
    truth = np.array([label == "packaging_or_label" for label in labels], dtype=np.intp)
    once, twice = Views(sentences, terms), np.array([0, 1, 2, 3, 3])
    weighed = fit_heads(once, truth, 2, 1, np.array([1.0, 1.0, 1.0, 2.0]))
    repeated = fit_heads(once.take(twice), truth[twice], 2, 1, np.ones(5))
    plain = fit_heads(once, truth, 2, 1, np.ones(4))
    for one, other, none in zip(
        weighed.raw(once), repeated.raw(once), plain.raw(once), strict=True
    ):
        assert np.allclose(one, other, atol=5e-3)
        assert not np.allclose(one, none, atol=2e-2)
    assert np.allclose(weighed.mean_sentence, repeated.mean_sentence)
    assert np.allclose(weighed.centroids, repeated.centroids)


def test_a_weight_of_one_changes_nothing() -> None:
    """Texts given no weight and texts given 1 make the same head, to the last bit."""
    texts = _texts(LABELLED)
    ones = [1.0] * len(LABELLED)
    weighed, _ = make(texts, ([], []), seed=1, prototypes=False, options=LIGHT, weights=ones)
    plain, _ = make(texts, ([], []), seed=1, prototypes=False, options=LIGHT)
    assert np.array_equal(weighed.head.term_weights, plain.head.term_weights)
    assert np.array_equal(weighed.head.bias, plain.head.bias)


def test_a_text_that_stands_for_none_is_refused() -> None:
    """A weight of 0 is named; so are fewer weights than texts."""
    texts = _texts(LABELLED)
    for weights, said in (([0.0] * len(LABELLED), "more than 0, not 0"), ([1.0], "shorter")):
        with pytest.raises(ValueError, match=said):
            make(texts, ([], []), seed=1, prototypes=True, options=LIGHT, weights=weights)


def test_the_vocabulary_does_not_depend_on_the_order_of_texts() -> None:
    """Shuffled texts keep the same terms with the same frequencies."""
    texts = [text for text, _ in descriptions()[0]]
    one, other = fit_vocabulary(texts), fit_vocabulary(texts[::-1])
    assert one.index == other.index
    assert np.array_equal(one.idf, other.idf)
    assert term_matrix(one, texts).shape == (len(texts), len(one))
