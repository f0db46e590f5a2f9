"""Fits the disposition model on what people decided, and says how good it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.catalogue import DISPOSITION
from models.blended import mixed
from models.calibration import Affine, calibration_error, error_by_chance
from models.conformal import Grouped, fit_conformal
from models.disposition.certainty import Certainty
from models.disposition.model import DispositionModel
from models.disposition.scorer import Scorer
from models.protocol import Card, Column
from models.spread import Spread
from models.tabular import Layout
from models.terms import Reading
from training import measures
from training.baseline import OneHotLogistic
from training.calibrating import calibrated
from training.coverage import fit_grouped
from training.crossfit import (
    Past,
    best_share,
    crossfit,
    folds,
    loss_of_classes,
    own_columns,
    stretches,
)
from training.enough import common, need, need_cases
from training.made import Array, Judgement, Made, by_slice, columns_of, rows_of
from training.rows import Example
from training.split import by_time_and_customer, drawn_as
from training.terms import counted, crossfit_terms
from workflow.assessment import Row
from workflow.codes import Disposition

NAME = "disposition"
OUTPUT = "log_odds"
LEAST_LABELLED, LEAST_A_CLASS = 120, 5
LEVEL = 0.95
"""The conformal set holds the expert's choice this often."""
RIGHT_WHEN_ANSWERED, MOST_ABSTAINED = 0.80, 0.30
"""The model abstains below the confidence from which it is right so often on past cases it did
not know, but never on more than this share of them."""
GROUPS = ("line_business_unit", "line_reason")
"""The sets keep their promise in each business unit and for each reason, not only on average."""
OWN = ("line_", "portion_")
"""How columns begin that are facts of the portion itself; the others are history."""

LIMITS = (
    "Ranks only what rules allow; trained on this distributor's own inspectors. Not for goods "
    "that nobody inspected, and no substitute for an inspection of food or drugs."
)
SAYS = tuple(str(code) for code in Disposition)


def fit(examples: Sequence[Example], *, seed: int) -> Made:
    """Learns from confirmed dispositions, a person's own counting four times an automatic one.

    Errors: ``TooLittle`` with fewer than 120 confirmed portions or 2 dispositions among them.
    """
    labelled = [example for example in examples if example.label is not None]
    how = "Let more inspected returns reach a confirmed disposition."
    need(NAME, "confirmed dispositions", len(labelled), LEAST_LABELLED, how)
    need_cases(NAME, labelled)
    split = by_time_and_customer(labelled, seed)
    before = [*split.train, *split.calibration]
    taught = [example for example in before if example.customer not in split.held_out]
    classes = common((str(example.label) for example in taught), LEAST_A_CLASS)
    need(NAME, "dispositions that occur often enough", len(classes), 2, how)
    past = [example for example in before if example.label in classes]
    taught = [example for example in taught if example.label in classes]
    columns = columns_of(DISPOSITION)
    decided = Decided(
        columns,
        rows_of(past),
        codes_of(past, classes),
        weights_of(past),
        np.array([example.customer not in split.held_out for example in past]),
        stretches(past),
    )
    learned = learn(decided, classes, len(SAYS), GROUPS, OWN, seed=seed)

    def build(card: Card) -> DispositionModel:
        return DispositionModel(card, learned.scorer, classes, learned.certainty)

    return Made(
        name=NAME,
        build=build,
        columns=columns,
        says=SAYS,
        output=OUTPUT,
        limits=LIMITS,
        feature_set=DISPOSITION.fingerprint,
        params={
            "seed": seed,
            "labelled": len(labelled),
            "classes": " ".join(classes),
            **learned.params,
        },
        judged=_judge(build(_blank(columns)), taught, split.test, seed),
        data=labelled,
        test=split.test,
        conformal_level=LEVEL,
    )


def codes_of(examples: Sequence[Example], classes: Sequence[str]) -> NDArray[np.intp]:
    """Labels as indexes into ``classes``."""
    code = {name: i for i, name in enumerate(classes)}
    return np.array([code[str(example.label)] for example in examples], dtype=np.intp)


def weights_of(examples: Sequence[Example]) -> Array:
    """How far each label is to be trusted."""
    return np.array([example.weight for example in examples])


@dataclass(frozen=True)
class Decided:
    """What was decided in the past, in time order: ``columns`` of ``rows``, ``labels`` as class
    codes, ``weights`` how far each is to be trusted. Rows not ``taught`` are only answered;
    ``stretch`` is 0 to 4, and no case lies in two."""

    columns: tuple[Column, ...]
    rows: Sequence[Row]
    labels: NDArray[np.intp]
    weights: Array
    taught: NDArray[np.bool_]
    stretch: NDArray[np.intp]

    @property
    def taught_rows(self) -> list[Row]:
        return [row for row, known in zip(self.rows, self.taught.tolist(), strict=True) if known]


@dataclass(frozen=True)
class Learned:
    """The parts of a model, and what was chosen on the way."""

    scorer: Scorer
    certainty: Certainty
    params: dict[str, str | int | float]


def learn(
    decided: Decided,
    classes: Sequence[str],
    says: int,
    groups: Sequence[str] = (),
    own: Sequence[str] = ("",),
    *,
    seed: int,
) -> Learned:
    """Trees, a linear model, and words where there is text or a list; then how sure to be.

    ``says`` is how many answers there are, those never met included; ``groups`` name the columns
    in whose groups the sets keep their promise; ``own`` how columns begin that are facts of the
    question itself. Everything is chosen by what models that did not know a stretch of time said
    of it.
    """
    spread = Spread.fit(decided.columns, decided.taught_rows)
    columns, rows = spread.columns(decided.columns), spread.rows(decided.rows)
    layout = Layout.fit(columns, spread.rows(decided.taught_rows))
    past = Past(
        layout,
        layout.matrix(rows),
        decided.labels.astype(np.float64),
        len(classes),
        decided.weights,
        decided.taught,
        decided.stretch,
        own_columns(layout, own),
    )
    table = crossfit(past, seed=seed)
    scorer, answers = Scorer(spread, layout, table.scorer), table.answers
    chosen: dict[str, str | int | float] = {
        "rounds": table.rounds,
        "linear_share": table.scorer.linear_share,
    }
    labels = decided.labels
    reading = Reading.of(decided.columns, spread)
    if reading.texts or spread.separators:
        terms, said = crossfit_terms(
            counted(reading, decided.rows, decided.taught),
            labels,
            len(classes),
            decided.weights,
            decided.taught,
            folds(past.stretch),
        )
        share = best_share(answers, said, lambda both: loss_of_classes(both, labels))
        scorer = replace(scorer, terms=terms, terms_share=share)
        answers = mixed(answers, said, share)
        chosen |= {"terms": len(terms.index), "terms_share": share}
    scaling, kind = calibrated(answers, labels, decided.stretch)
    certainty = _certainty(answers, labels, decided.rows, scaling, says - len(classes), groups)
    chosen |= {"scaling": kind, "answer_least": certainty.answer_least}
    return Learned(scorer, certainty, chosen)


def _certainty(
    answers: Array,
    truth: NDArray[np.intp],
    rows: Sequence[Row],
    scaling: Affine,
    unmet: int,
    groups: Sequence[str],
) -> Certainty:
    """Sets and threshold from answers to cases the models did not know.

    The promise of the sets is that of cross-conformal prediction (Vovk 2015): the few numbers
    fitted to the same answers, the scaling, move it by less than its own noise.
    """
    open_set = Grouped.plain(fit_conformal(answers[:0], truth[:0], LEVEL))
    sure = Certainty(scaling, open_set, 0.5 / (len(truth) + 1), 0.0)
    chances = sure.probabilities(answers, unmet)
    return replace(
        sure,
        conformal=fit_grouped(chances, truth, rows, groups, LEVEL),
        answer_least=_answer_least(chances, truth),
    )


def _answer_least(chances: Array, truth: NDArray[np.intp]) -> float:
    """The lowest confidence from which answers are right often enough."""
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == truth
    most = float(np.quantile(confidence, MOST_ABSTAINED))
    for least in np.unique(confidence[confidence <= most]):
        if right[confidence >= least].mean() >= RIGHT_WHEN_ANSWERED:
            return float(least)
    return most


def _judge(
    model: DispositionModel,
    taught: Sequence[Example],
    later: Sequence[Example],
    seed: int,
) -> Judgement:
    test = [example for example in later if example.label in model.values]
    if not test:
        return Judgement({"test_rows": 0.0})
    truth = [str(example.label) for example in test]
    code = {value: i for i, value in enumerate(model.values)}
    known = np.array([code[label] for label in truth])
    chances = _allowed_only(model.probabilities(rows_of(test)), test, model.values)
    right = (chances.argmax(axis=1) == known).astype(np.float64)
    said = [model.values[i] for i in chances.argmax(axis=1)]
    answers = model.predict(rows_of(test))
    answered = np.array([answer.abstained is None for answer in answers])
    in_set = [label in answer.set for label, answer in zip(truth, answers, strict=True)]
    low, high = measures.interval(
        lambda at: float(right[at].mean()), drawn_as(test), seed, share=True
    )
    met = {example.customer for example in taught}
    new = np.array([example.customer not in met for example in test])
    person = np.array([example.weight > 0.5 for example in test])
    metrics = {
        "test_rows": float(len(test)),
        "accuracy": float(right.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_when_answered": _mean(right[answered]),
        "accuracy_on_new_customers": _mean(right[new]),
        "accuracy_on_labels_by_people": _mean(right[person]),
        "abstained_share": float(1 - answered.mean()),
        "macro_f1": measures.macro_f1(truth, said),
        "log_loss": measures.log_loss(known, chances),
        "ece": calibration_error(chances.max(axis=1), right > 0),
        "ece_by_chance": error_by_chance(chances.max(axis=1), seed=seed),
        "set_coverage": float(np.mean(in_set)),
        "set_size": float(np.mean([len(answer.set) for answer in answers])),
        **_baselines(model.scorer.layout, taught, test, model.classes),
    }
    confusion, met_classes = measures.confusion(truth, said)
    return Judgement(
        metrics,
        by_slice(test, lambda at: float(right[at].mean())),
        confidence=chances.max(axis=1),
        right=right,
        confusion=confusion,
        classes=met_classes,
        rows=test,
        figure="accuracy",
        measure=lambda at: float(right[at].mean()),
    )


def _allowed_only(chances: Array, examples: Sequence[Example], values: Sequence[str]) -> Array:
    """Probabilities over what rules left open, as the caller of the model would see them."""
    left = np.array(
        [
            [not example.allowed or value in example.allowed for value in values]
            for example in examples
        ]
    )
    masked = np.where(left, chances, 0.0)
    return np.asarray(masked / np.maximum(masked.sum(axis=1, keepdims=True), 1e-12))


def _baselines(
    layout: Layout, taught: Sequence[Example], test: Sequence[Example], classes: Sequence[str]
) -> dict[str, float]:
    """What always naming the commonest disposition, and a plain logistic regression, reach.

    Both choose among what the rules left open, as the model does.
    """
    labels, weights = codes_of(taught, classes), weights_of(taught)
    shares = np.bincount(labels, minlength=len(classes)) / len(labels)
    simple = OneHotLogistic(layout).fit(layout.matrix(rows_of(taught)), labels, weights)
    found = np.zeros((len(test), len(classes)))
    found[:, simple.classes] = simple.probabilities(layout.matrix(rows_of(test)))
    tiled = np.tile(shares, (len(test), 1))

    def right(chances: Array) -> float:
        best = _allowed_only(chances, test, classes).argmax(axis=1)
        return float(np.mean([classes[b] == e.label for b, e in zip(best, test, strict=True)]))

    return {"majority_accuracy": right(tiled), "logistic_accuracy": right(found)}


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _blank(columns: tuple[Column, ...]) -> Card:
    """A card for a model that exists only while it is judged."""
    return Card(NAME, "0", columns, SAYS, OUTPUT, "", None, "", {})
