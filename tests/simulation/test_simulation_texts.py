"""Customers' texts: varied, honest about their templates, never shared between the banks."""

import random
import string
import tomllib
from collections import Counter
from datetime import timedelta

import pytest

from simulation.texts import BANKS, bank, blanked, compose, every_template, templates
from simulation.world import World
from workflow.codes import ReturnReason

SLOTS = {
    "item", "qty", "ordered", "uom", "invoice", "order", "lot", "carrier", "date", "weekday",
    "other", "name", "price", "part",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(21, 120, 0.5)


def test_no_template_is_shared_between_training_and_evaluation() -> None:
    """With slots, case and punctuation blanked, the two banks have nothing in common."""
    train, evaluation = ({blanked(t) for t in every_template(name)} for name in BANKS)
    assert not train & evaluation


def test_no_template_is_nearly_a_copy_of_one_in_the_other_bank() -> None:
    """Templates of three words or more share at most half of their words with any of the other
    bank, so that a verbatim memory is worth little."""
    train, evaluation = ([set(blanked(t).split()) for t in every_template(n)] for n in BANKS)
    for words in (w for w in evaluation if len(w) >= 3):
        nearest = max(len(words & other) / len(words | other) for other in train)
        assert nearest <= 0.5, words


def test_there_are_several_hundred_templates_and_every_reason_has_some() -> None:
    """Both banks cover the 18 reasons in English and four other languages."""
    reasons = {reason.value for reason in ReturnReason}
    assert sum(len(every_template(name)) for name in BANKS) > 750
    for name in BANKS:
        said = bank(name)
        assert set(said["reasons"]) == reasons
        assert set(said["languages"]) == {"de", "es", "fr", "nl"}
        assert all(set(language) == reasons for language in said["languages"].values())
        for reason in reasons:
            for side in ("industrial", "food"):
                assert len(templates(name, reason, side)) >= (1 if name == "evaluation" else 2)


def test_templates_are_told_once_in_their_bank() -> None:
    """No template stands twice in one bank, so counts of templates are honest."""
    for name in BANKS:
        counts = Counter(blanked(t) for t in every_template(name))
        assert [t for t, n in counts.items() if n > 1] == []


def test_every_slot_is_known() -> None:
    """A template may name only slots that the world fills."""
    for name in BANKS:
        for template in every_template(name):
            used = {slot for _, slot, _, _ in string.Formatter().parse(template) if slot}
            assert used <= SLOTS, template


def test_an_unknown_bank_is_refused() -> None:
    """The message names the banks there are."""
    with pytest.raises(ValueError, match="unknown bank 'secret'; use one of"):
        bank("secret")


def test_the_bank_changes_at_three_quarters_of_the_days(world: World) -> None:
    """Texts before the switch come from the training bank only, later ones from the other."""
    switch = world.starts_at + timedelta(days=90)
    for planned in world.returns:
        expected = "train" if planned.request.at < switch else "evaluation"
        assert {truth.bank for truth in planned.request.truth.lines} == {expected}


def test_texts_are_varied(world: World) -> None:
    """Most notes are unlike any other; some are empty, shouted, foreign, unclear or twofold."""
    lines = [line for p in world.returns for line in p.request.lines]
    truths = [truth for p in world.returns for truth in p.request.truth.lines]
    texts = [line.reason_text for line in lines]
    assert len(set(texts)) > 0.8 * len(texts)
    assert any(text == "" for text in texts)
    assert any(text.isupper() and len(text) > 20 for text in texts)
    assert {truth.language for truth in truths} >= {"en", "de", "es", "fr", "nl"}
    assert 0.02 < sum(truth.reason == "unclear" for truth in truths) / len(truths) < 0.11
    assert 0.05 < sum(truth.second is not None for truth in truths) / len(truths) < 0.2
    assert not any("{" in text for text in texts)


def test_label_noise_is_small_and_known(world: World) -> None:
    """What a person settles differs from the cause in about two lines of a hundred."""
    truths = [truth for p in world.returns for truth in p.request.truth.lines]
    wrong = sum(truth.labelled != truth.cause for truth in truths)
    assert 0 < wrong / len(truths) < 0.05


def test_stated_codes_are_canonical_and_mostly_right(world: World) -> None:
    """A form's code is one of the 18 reasons and the true cause in at least nine of ten."""
    pairs = [
        (line.stated_reason, truth.cause)
        for p in world.returns
        for line, truth in zip(p.request.lines, p.request.truth.lines, strict=True)
        if line.stated_reason is not None
    ]
    assert all(stated in {r.value for r in ReturnReason} for stated, _ in pairs)
    assert sum(stated == cause for stated, cause in pairs) / len(pairs) > 0.9


def test_a_composed_text_says_its_reason_first() -> None:
    """Where two reasons are mentioned, the main template stands before the second."""
    slots = dict.fromkeys(SLOTS, "x")
    for n in range(300):
        text = compose(
            random.Random(n), bank_name="train", reason="wrong_item", side="food", country="US",
            slots=slots,
        )  # fmt: skip
        assert text.says in ("wrong_item", "unclear")
        assert text.second is None or text.says == "wrong_item"
        if text.says == "wrong_item":
            assert text.template in templates("train", "wrong_item", "food")


def test_phrase_files_are_plain_toml() -> None:
    """Both banks load with the standard library and hold nothing but strings in lists."""
    for name in BANKS:
        said = bank(name)
        assert tomllib and all(isinstance(opening, str) for opening in said["openings"])
