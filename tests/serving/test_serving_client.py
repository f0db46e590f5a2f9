"""The typed Python client that is made from the API's document works against the served app."""

import os
import re
import subprocess
import sys
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.edi_texts import WANTED, interchange
from tests.serving.house import request_body
from tests.serving.small_models import SmallModel
from tests.serving.test_serving_engines import MakeHouse, by_text, served

ROOT = Path(__file__).resolve().parents[2]
TOOL = Path(sys.prefix) / "client" / "bin"
MISSING = "The client's generator is not installed; make client installs it."


@pytest.fixture
def client_folder(tmp_path: Path) -> Path:
    """The package as ``make client`` makes it; skipped without the generator, failed under CI."""
    if not (TOOL / "openapi-python-client").exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    made = tmp_path / "client"
    command = [
        str(TOOL / "openapi-python-client"), "generate", "--meta", "setup",
        "--path", str(ROOT / "tests" / "golden" / "openapi.json"),
        "--config", str(ROOT / "clients" / "python" / "generator.yml"), "--output-path", str(made),
        "--custom-template-path", str(ROOT / "clients" / "python" / "templates"),
        "--fail-on-warning",
    ]  # fmt: skip
    path = f"{TOOL}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.mark.slow
def test_a_client_made_from_the_document_scores_with_types(
    client_folder: Path, house_with: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers are typed: values, reasons to abstain, and problems as problem documents."""
    monkeypatch.syspath_prepend(str(client_folder))
    package = import_module("returns_triage_client")
    models = import_module("returns_triage_client.models")
    scoring = "returns_triage_client.api.scoring.score_return_reason"
    endpoint = import_module(scoring)
    body = models.ScoreReturnReasonBody.from_dict({"items": [{"text": "It leaks"}, {"text": "Hm"}]})
    house = house_with(reason=SmallModel("reason", by_text))
    with served(house.app) as url:
        with package.AuthenticatedClient(base_url=url, token=house.keys["service"]) as known:
            answer = endpoint.sync(client=known, body=body)
        with package.AuthenticatedClient(base_url=url, token="nobody") as stranger:
            problem = endpoint.sync(client=stranger, body=body)
    assert isinstance(answer, models.ScoreAnswer)
    sure, unsure = answer.items
    assert isinstance(sure, models.ScoredItem) and sure.value == "defective_on_arrival"
    assert (unsure.value, unsure.abstained) == (None, "unsure")
    assert isinstance(problem, models.Problem) and problem.status == 401


@pytest.mark.slow
def test_the_client_asks_for_a_return_and_reads_it_with_types(
    client_folder: Path, house_with: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A return is an object with its lines: codes are enumerations, times are times, quantities
    numbers or decimal texts; a refusal is a problem with its code. EDI goes as a file."""
    monkeypatch.syspath_prepend(str(client_folder))
    package = import_module("returns_triage_client")
    models = import_module("returns_triage_client.models")
    calls = "returns_triage_client.api.returns."
    ask = import_module(f"{calls}request_return")
    read = import_module(f"{calls}read_return")
    send = import_module("returns_triage_client.api.records.send_edi")
    file = import_module("returns_triage_client.types").File
    body = models.ReturnShape.from_dict(request_body())
    house = house_with()
    with (
        served(house.app) as url,
        package.AuthenticatedClient(base_url=url, token=house.keys["service"]) as known,
        package.AuthenticatedClient(base_url=url, token=house.keys["feed"]) as partner,
    ):
        made = ask.sync(client=known, body=body, idempotency_key="ask-1")
        again = ask.sync(client=known, body=body, idempotency_key="ask-2")
        found = read.sync("R-1001", client=known)
        taken = send.sync(client=partner, body=file(BytesIO(interchange(WANTED).encode())))
    assert isinstance(made, models.Return) and made.status == models.ReturnStatus.AUTHORISED
    assert isinstance(again, models.Problem) and again.code == "return_exists"
    assert isinstance(found, models.ReturnWithHistory)
    assert (found.value_minor, found.currency) == (made.value_minor, "USD")
    (line,) = found.lines
    assert line.reason == models.ReturnReason.DEFECTIVE_ON_ARRIVAL
    assert line.quantities.requested == 4 and line.eligibility.trace[-1].fired
    assert isinstance(taken, models.EdiReport) and taken.sets[0].kind == "180"
    assert found.requested_at.tzinfo and found.timeline[0].type_ == "return_requested"


@pytest.mark.slow
def test_the_readme_of_the_client_is_true(
    client_folder: Path,
    house_with: MakeHouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its examples run one after the other as they stand: a return is read, a CloudEvent told by
    itself, in a list and in binary mode is one fact, and an interchange is answered with its 997.
    Everything of the document becomes a call: the generator warns of nothing."""
    monkeypatch.syspath_prepend(str(client_folder))
    monkeypatch.chdir(tmp_path)
    Path("in.x12").write_text(interchange(WANTED), encoding="utf-8")
    house = house_with()
    assert house.post("/v1/returns", request_body(), "feed").status_code == 201
    examples = re.findall(r"```python\n(.*?)```", (client_folder / "README.md").read_text(), re.S)
    monkeypatch.setenv("RETURNS_KEY", house.keys["feed"])
    with served(house.app) as url:
        monkeypatch.setenv("RETURNS_URL", url)
        names: dict[str, Any] = {}
        exec("\n".join(examples), names)
        names["client"].get_httpx_client().close()
    said = capsys.readouterr().out
    assert "authorised [0]" in said
    assert "recorded repeated repeated" in said
    assert "ST*997*" in said
