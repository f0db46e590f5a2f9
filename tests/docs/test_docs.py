"""What the pages say exists: links, commands, variables, bodies, names of people."""

import json
import re
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from commands.demo_command import PEOPLE, SECOND
from commands.main import app
from serving import error_page, limits_page
from serving.pages.desk import DEMO_PASSWORD
from serving.settings import Settings
from serving.shapes import (
    DecisionShape,
    DispositionShape,
    InspectionShape,
    ReceiptShape,
    ReturnShape,
    Shape,
)

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
FOLDERS = ("docs", "mlruns", "notebooks", "bench", "policies", "tests")
NOT_SETTINGS = {"TRIAGE_DATA_DIR", "TRIAGE_TEST_DATABASE_URL"}
"""Read from the environment by the embedded server and by the tests."""
SHAPES: dict[str, type[Shape]] = {
    "returns": ReturnShape,
    "receipts": ReceiptShape,
    "inspections": InspectionShape,
    "dispositions": DispositionShape,
    "decision": DecisionShape,
}


def pages() -> list[Path]:
    """Every page that is ours."""
    found = set(ROOT.glob("*.md"))
    for folder in FOLDERS:
        found |= set((ROOT / folder).rglob("*.md"))
    return sorted(path for path in found if "artifacts" not in path.parts)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The fragments of a page's headings, as forges make them."""
    heads = re.findall(r"^#+ (.*)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_resolve(page: Path) -> None:
    """Every link inside the project leads to a file, and to a heading where it names one."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{target} leads nowhere"
        if fragment:
            assert fragment in anchors(file), f"{target}: no such heading"


def commands_named(text: str) -> Iterator[tuple[str, str]]:
    """Command and the rest of its line, from inline code and code blocks."""
    yield from re.findall(r"`(?:\.venv/bin/)?triage ([a-z]+)([^`\n]*)`", text)
    for block in re.findall(r"```\w*\n(.*?)```|((?:^    .*\n)+)", text, re.DOTALL | re.MULTILINE):
        yield from re.findall(
            r"^ *(?:\.venv/bin/)?triage ([a-z]+)([^\n#]*)", "".join(block), re.MULTILINE
        )


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_exist(page: Path) -> None:
    """Every ``triage`` command that a page names is there, with the options it names."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    for name, rest in commands_named(text_of(page)):
        command = root.commands.get(name)
        assert command is not None, f"there is no command triage {name}"
        if isinstance(command, TyperGroup) and rest.split():
            assert rest.split()[0] in command.commands, f"triage {name}{rest}"
            continue
        known = {option for param in command.params for option in param.opts}
        unknown = set(re.findall(r"--[a-z-]+", rest)) - known
        assert not unknown, f"triage {name} has no {unknown}"


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_variables_exist(page: Path) -> None:
    """Every ``TRIAGE_`` variable that a page names is read by the program."""
    known = {f"TRIAGE_{name.upper()}" for name in Settings.model_fields} | NOT_SETTINGS
    named = set(re.findall(r"TRIAGE_[A-Z_]*[A-Z]", text_of(page)))
    assert named <= known, f"nothing reads {sorted(named - known)}"


def test_every_setting_is_described() -> None:
    """The table of settings leaves none out, and says the default that is true."""
    text = text_of(ROOT / "docs" / "how-to" / "scale-out.md")
    rows = dict(re.findall(r"^\| `(TRIAGE_\w+)` \| (.*?) \|", text, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        said = rows.get(f"TRIAGE_{name.upper()}")
        assert said is not None, f"scale-out.md does not say what TRIAGE_{name.upper()} is"
        if isinstance(field.default, bool):
            assert said == ("on" if field.default else "off")
        elif isinstance(field.default, int | float | str):
            assert said == f"`{field.default}`"


def bodies() -> Iterator[tuple[str, str]]:
    """Path and body of every request in README's story."""
    text = text_of(README)
    yield from re.findall(r"post \w+ \"?([\w/$-]+)\"? \S+ '(\{.*?\})'", text, re.DOTALL)
    found = re.search(r"pumps\(\) \{ printf '(.*?)' \"\$1\"", text, re.DOTALL)
    assert found is not None
    yield "returns", found.group(1) % 4


@pytest.mark.parametrize(("path", "body"), list(bodies()))
def test_bodies_of_readme_are_valid(path: str, body: str) -> None:
    """Every JSON body that README sends parses and fits the shape of its route."""
    SHAPES[path.rsplit("/", 1)[-1]].model_validate_json(body)


def test_json_blocks_parse() -> None:
    """Every block marked as JSON on any page is JSON."""
    for page in pages():
        for block in re.findall(r"```json\n(.*?)```", text_of(page), re.DOTALL):
            json.loads(block)


def test_sign_ins_are_true() -> None:
    """README names every demo user with the right role, and the password."""
    text = text_of(README)
    assert f"`{DEMO_PASSWORD}`" in text
    for role, user in PEOPLE.items():
        assert f"| `{user}` | {role.replace('_', ' ')} |" in text, f"{user} is {role}"
    flat = " ".join(text.split())
    for user, role in SECOND.items():
        words = role.replace("_", " ")
        assert f"| `{user}` | {words} |" in text or f"`{user}` ({words})" in flat, user


def test_pages_know_nothing_of_the_machine_they_were_written_on() -> None:
    """No page names this checkout's place, the home folder, or the host."""
    secrets = {str(ROOT), str(Path.home())} - {"/", "/root"}
    host = socket.gethostname()
    if len(host) > 6 and host != "localhost":
        secrets.add(host)
    for page in pages():
        found = [secret for secret in secrets if secret in text_of(page)]
        assert not found, f"{page.name} names {found}"


def test_import_order_is_told_as_it_is_checked() -> None:
    """ARCHITECTURE prints the layers that import-linter checks, top first."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    assert "```\n" + "\n".join(layers) + "\n```" in text_of(ROOT / "ARCHITECTURE.md")


def test_error_page_is_current() -> None:
    """Run ``python -m serving.error_page`` after changing a code or a status."""
    assert text_of(error_page.PAGE) == error_page.markdown()


def test_limits_page_is_current() -> None:
    """Run ``python -m serving.limits_page`` after changing a limit."""
    assert text_of(limits_page.PAGE) == limits_page.markdown()


def test_every_ask_names_a_test_that_exists() -> None:
    """The page that says which test answers an ask names no test that was renamed or never was."""
    page = (ROOT / "docs/reference/asks.md").read_text()
    named = set(re.findall(r"`(test_\w+|Test\w+)`", page))
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"^def (test_\w+)|^(Test\w+) =", written, re.M))
    assert named <= {name for pair in known for name in pair}
    assert len(named) > 30
