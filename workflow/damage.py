"""What damaged the goods, in the codes that partners read."""

from workflow.refused import Refused

DAMAGE_REASONS = {
    "NR": "Not Reported",
    "WC": "Wet or Stained",
    "HD": "Hidden",
    "FL": "Flaps Loose",
    "SF": "Side Fillers",
    "IL": "Improper Loading",
    "PP": "Pallet Pattern",
    "TE": "Temperature Exposure",
    "NO": "Nails or Hardware",
    "IU": "Improper Unloading",
    "DP": "Defective Pallets",
    "LS": "Load Shift",
    "VI": "Vehicle Impact",
    "CD": "Case Design",
    "ID": "Doorway Protection",
    "CC": "Case Crushing",
    "LD": "Lack of Dividers",
    "DL": "Damage in Loading",
    "UE": "Unsuitable Equipment",
    "PS": "Punctured",
    "BD": "Bulkhead Doors",
}
"""ANSI X12 element 853, Damage Reason."""


def check_damage(code: str | None) -> None:
    """``None`` says nothing of damage. Refused: ``not_allowed_value`` with the codes there are."""
    if code is None or code in DAMAGE_REASONS:
        return
    known = ", ".join(f"{one} {says}" for one, says in DAMAGE_REASONS.items())
    raise Refused("not_allowed_value", f"{code!r} is no damage code of X12 element 853: {known}.")
