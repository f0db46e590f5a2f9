"""``triage policy``: the decision tables, checked, replayed, proposed and published."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.model_commands import By, Json, actor_of
from commands.promotion_commands import refusing
from commands.setup import fail, services, settings, show

if TYPE_CHECKING:
    from serving.wiring import Services
    from workflow.policy import Policies, Policy
    from workflow.policy_ledger import Draft

app = typer.Typer(help="Check, compare, replay, propose and publish decision tables.")
EVERY_CASE = 10_000_000
Place = Annotated[Path, typer.Argument(help="A TOML table, or a folder: all that differ.")]
Unit = Annotated[str | None, typer.Option(help="Business unit that it is a variant for.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="YYYY-MM-DD, UTC.")]


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of TOML tables.")] = None,
    as_json: Json = False,
) -> None:
    """Load every table and pack, try its examples, and name every fault; exit 1 if there is one."""
    from workflow.policy import check as faults_of
    from workflow.policy import read_all
    from workflow.policy_packs import check_packs

    place = folder or settings().policies_dir
    found = faults_of(place)
    if not found:
        found = check_packs(place, read_all(place)[0])
    faults = [str(fault) for fault in found]
    show({"faults": faults}, as_json, "\n".join(faults) or "Every policy is in order.")
    if faults:
        raise typer.Exit(1)


@app.command()
def diff(name: str, before: Path, after: Path, as_json: Json = False) -> None:
    """Say which rules of a policy differ between two folders."""
    from workflow.policy import Mismatch, load
    from workflow.policy import diff as changes_of

    try:
        changes = [str(c) for c in changes_of(load(before)[name], load(after)[name])]
    except (Mismatch, KeyError) as error:
        fail(str(error))
    show({"changes": changes}, as_json, "\n".join(changes) or f"{name} is the same.")


@app.command()
def versions(as_json: Json = False) -> None:
    """Every version of every policy: its days, who proposed and who published it."""
    from journal.policies import proposals
    from serving.policy_ledger import versions as all_versions

    with services() as wired, wired.engine.connect() as conn:
        found = all_versions(wired, conn)
        asked = [dict(row) for row in proposals(conn)]
    lines = [_version_line(one) for one in found]
    lines += [
        f"  {row['proposal_id']}: {row['name']} {row['version']} {row['status']}, proposed by"
        f" {row['proposed_by']} for {row['effective']}"
        for row in asked
    ]
    short = [{key: one[key] for key in one if key not in ("rules", "facts")} for one in found]
    show({"versions": short, "proposals": asked}, as_json, "\n".join(lines))


def _version_line(one: dict[str, Any]) -> str:
    who = "ships with the program"
    if not one["shipped"]:
        who = f"proposed by {one['proposed_by']}, published by {one['published_by']}"
    gone = f", withdrawn by {one['withdrawn_by']}" if one["withdrawn_by"] else ""
    force = " in force" if one["in_force"] else ""
    return f"{one['ref']}{force} from {one['effective']}, {who}{gone}"


@app.command()
def replay(
    place: Place,
    since: Day = None,
    unit: Unit = None,
    as_json: Json = False,
) -> None:
    """Ask drafts what was really asked before: what would have changed, and in money."""
    from serving.policy_replay import replay_json, replay_past

    start = datetime.min.replace(tzinfo=UTC) if since is None else since.replace(tzinfo=UTC)
    found: dict[str, Any] = {}
    with services() as wired, wired.engine.connect() as conn:
        known = wired.policies.known
        for policy, _ in _drafts(known, place, unit):
            told = replay_past(conn, known, policy, wired.clock(), start, EVERY_CASE)
            found[policy.ref] = replay_json(told, most=len(told.changed))
    lines = [line for ref, told in found.items() for line in replay_lines(ref, told)]
    show(found, as_json, "\n".join(lines) or "Nothing differs from what is known.")


def replay_lines(ref: str, told: dict[str, Any]) -> Iterator[str]:
    """What a draft would have changed, in words: how many, the money, by rule, and every case with
    what it got and would have got."""
    yield (
        f"{ref} would have changed {told['changed']:,} of {told['verdicts']:,} verdicts"
        f" in {told['cases']:,} cases."
    )
    for currency, money in told["money_minor"].items():
        yield f"  {_major(money['difference'], currency)} {currency} credited"
    for row in told["rules"]:
        yield f"  {row['verdicts']:>6,}  {row['before']} -> {row['after']}"
    for one in told["list"]:
        where = f"{one['return_id']}/{one['line'] or ''}".rstrip("/")
        before, after = (_said(one[when], one["currency"]) for when in ("before", "after"))
        yield f"  {where}: {before} -> {after}"


def _said(one: dict[str, Any], currency: str) -> str:
    from workflow.money import money_text

    net = [] if one["net_minor"] is None else [money_text(one["net_minor"], currency)]
    more = [f"({', '.join(one['more'])})"] if one["more"] else []
    return " ".join([one["outcome"], *net, *more])


def _major(minor: int, currency: str) -> str:
    from workflow.money import money_text

    sign = "-" if minor < 0 else "+"
    return sign + money_text(abs(minor), currency).replace(currency, "").strip()


@app.command()
def packs(as_json: Json = False) -> None:
    """The packs of published terms that a business unit can adopt."""
    from workflow.policy import load
    from workflow.policy_packs import names_of, read_pack

    folder = settings().policies_dir
    known = load(folder)
    read = [read_pack(folder, name, known)[0] for name in names_of(folder)]
    found = [pack for pack in read if pack is not None]
    lines = [f"{p.name}: {p.title} ({', '.join(t.name for t in p.policies)})" for p in found]
    document = [
        {"name": p.name, "title": p.title, "published": p.published, "reading": p.reading}
        for p in found
    ]
    show({"packs": document}, as_json, "\n".join(lines))


@app.command()
def adopt(
    pack: str,
    unit: Annotated[str, typer.Option(help="Business unit whose own policies they become.")],
    by: By,
    effective: Day = None,
    as_json: Json = False,
) -> None:
    """Propose a pack's tables as a business unit's own, from today unless a day is given."""
    from workflow.policy_packs import drafts, names_of

    folder = settings().policies_dir
    if pack not in names_of(folder):
        fail(f"There is no pack {pack!r}; there are: {', '.join(names_of(folder))}.")
    with services() as wired, refusing():
        asked = drafts(folder, pack, unit, wired.policies.known)
        day = effective.date() if effective else wired.clock().astimezone(UTC).date()
        _propose(wired, asked, by, day, f"Adopts the pack {pack}.", as_json)


@app.command()
def propose(
    place: Place,
    by: By,
    effective: Day = None,
    unit: Unit = None,
    note: str = "",
    as_json: Json = False,
) -> None:
    """Propose new versions; each must check. Somebody else publishes them."""
    day = effective.date() if effective else None
    with services() as wired, refusing():
        asked = [draft for _, draft in _drafts(wired.policies.known, place, unit)]
        _propose(wired, asked, by, day, note, as_json)


def _propose(
    wired: "Services",
    drafts: "Sequence[Draft]",
    by: str,
    day: date | None,
    note: str,
    as_json: bool,
) -> None:
    """All of them, or where one is refused none."""
    from dataclasses import replace

    from journal.policies import propose as record

    made = []
    with wired.engine.begin() as conn:
        who = actor_of(conn, by)
        for draft in drafts:
            asked = replace(draft, effective=day, note=note)
            known = wired.policies.known
            made.append(record(wired.journal, conn, known, asked, who, wired.clock()))
    lines = [
        f"{one.name} {one.version} from {one.effective} is proposed as {one.proposal_id}."
        f" Somebody else: triage policy publish {one.proposal_id}"
        for one in made
    ]
    document = [{"proposal": one.proposal_id, "digest": one.digest} for one in made]
    show(
        {"proposals": document}, as_json, "\n".join(lines) or "Nothing differs from what is known."
    )


@app.command()
def publish(proposal: str, by: By, effective: Day = None, as_json: Json = False) -> None:
    """Let a proposed version decide; servers take it up within seconds."""
    from journal.policies import publish as record

    day = effective.date() if effective else None
    with services() as wired, refusing(), wired.engine.begin() as conn:
        who, now = actor_of(conn, by), wired.clock()
        said = record(wired.journal, conn, wired.policies.known, proposal, who, now, day)
    text = f"{said.name} {said.version} is in force from {said.effective}, published by {by}."
    document = {"name": said.name, "unit": said.unit or None, "version": said.version}
    show(document | {"effective": said.effective, "digest": said.digest}, as_json, text)


@app.command()
def withdraw(
    proposal: str,
    by: By,
    because: Annotated[str, typer.Option(help="What was wrong, for the ledger.")],
    as_json: Json = False,
) -> None:
    """Take a proposal or a published version back; one policy author is enough."""
    from journal.policies import withdraw as record

    with services() as wired, refusing(), wired.engine.begin() as conn:
        who, now = actor_of(conn, by), wired.clock()
        said = record(wired.journal, conn, proposal, who, now, because)
    document = {"name": said.name, "unit": said.unit or None, "version": said.version}
    show(document, as_json, f"{said.name} {said.version} is withdrawn by {by}.")


def _drafts(known: "Policies", place: Path, unit: str | None) -> "Iterator[tuple[Policy, Draft]]":
    """A file's draft; of a folder those whose content is not known yet."""
    from workflow.policy import files_of, unit_of
    from workflow.policy_ledger import Draft, read_draft
    from workflow.policy_reading import read_policy

    if not place.exists():
        fail(f"{place} does not exist.")
    contents = {(p.name, p.unit, p.digest) for p in known.versions}
    for path in files_of(place) if place.is_dir() else [place]:
        text = path.read_text(encoding="utf-8")
        found, _ = read_policy(text, path.name)
        golden = path.parent / "golden" / f"{found.name if found else ''}.toml"
        examples = golden.read_text(encoding="utf-8") if golden.exists() else ""
        whose = unit if unit is not None else unit_of(path.resolve())
        draft = Draft(text, examples, whose)
        policy, faults = read_draft(draft, known)
        if policy is None or faults:
            fail("\n".join(f"{path}: {fault}" for fault in faults))
        if place.is_dir() and (policy.name, policy.unit, policy.digest) in contents:
            continue
        yield policy, draft
