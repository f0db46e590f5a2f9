"""What a challenger in shadow would have changed, in sentences for a terminal."""

from collections.abc import Mapping
from typing import Any

from workflow.money import money_text


def told(model: str, found: Mapping[str, Any]) -> str:
    """One line each for questions, answers, lanes, money by currency, and what people decided.

    ``found`` is the answer of ``serving.comparison.compare``.
    """
    head = f"{model} {found['version']} in shadow since {found['since']:%Y-%m-%d %H:%M} UTC"
    if not found["questions"]:
        return f"{head}: not asked anything yet. A worker asks it within a minute what comes in."
    beside = ", ".join(map(str, found["against"]))
    lines = [f"{head} beside version {beside}: {_count(found['questions'], 'question')}"]
    lines[0] += f", {_count(found['faults'], 'fault')}{_speed(found['took_ms_p95'])}"
    abstained = found["abstained"]
    if found["agreement"] is not None:
        lines.append(
            f"  the same answer to {found['agreement']:.1%}; no answer: champion"
            f" {abstained['champion']:.1%}, challenger {abstained['challenger']:.1%}"
        )
    lines += [f"  lanes of the {who}: {_lanes(found['lanes'][who])}" for who in abstained]
    lines += [_money(currency, sums) for currency, sums in found["money_minor"].items()]
    return "\n".join([*lines, _people(found["people"])])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _speed(took_ms: float | None) -> str:
    return "" if took_ms is None else f", 95 of 100 answered within {took_ms:.1f} ms"


def _lanes(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{lane} {count}" for lane, count in counts.items()) or "none recorded"


def _money(currency: str, sums: Mapping[str, int]) -> str:
    said = {name: money_text(amount, currency) for name, amount in sums.items()}
    return (
        f"  straight through: {said['straight_through_champion']} by the champion,"
        f" {said['straight_through_challenger']} by the challenger; only the challenger would have"
        f" held {said['only_challenger_holds']} and let pass {said['only_challenger_passes']}"
    )


def _people(people: Mapping[str, Any]) -> str:
    if not people["decided"]:
        return "  people: nobody has decided about any of it yet"
    head = f"  people decided {people['decided']}: "
    if "loss_found_in_first_tenth" in people:
        shares = people["loss_found_in_first_tenth"].items()
        found = [f"{who} {'none' if share is None else f'{share:.1%}'}" for who, share in shares]
        return f"{head}of the loss in the first tenth found: {', '.join(found)}"
    return (
        f"{head}the champion right in {people['champion_right']}, the challenger in"
        f" {people['challenger_right']}; only the champion in {people['only_champion_right']}, only"
        f" the challenger in {people['only_challenger_right']}"
    )
