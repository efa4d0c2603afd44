"""kill -9 after each look into the folder of an operator of the old kind: nothing is lost, and nothing done twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

A = "+70000000001"
CONFIG = f"""
operators:
  - id: alpha
    name: Alpha
    secret: whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5
    ranges: [{{first: "+70000000000", last: "+70000009999"}}]
    folder: {{path: exchange, poll: 1m}}
subscribers: [{{phone_number: "{A}", operator_id: alpha}}]
"""


def test_killed_at_every_step_of_an_exchange_of_files(serve: Callable[..., Any], tmp_path: Path) -> None:
    config = tmp_path / "old.yaml"
    config.write_text(CONFIG)
    lab = serve("--config", str(config), "--paused-clock")
    started = lab.identify(A)
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(A)})
    for _ in range(4):
        lab.kill()
        lab.start()
        lab.post("/lab/clock/advance", {"by": "1m"})
    done = lab.get(f"/v1/identifications/{started['id']}")
    entries = lab.get("/lab/operators/alpha/register")["entries"]
    assert (done["state"], [entry["code"] for entry in entries]) == ("IDENTIFIED", [done["identification_code"]])
    answered = lab.get("/lab/journal?type=operator.answered")["events"]
    assert len(answered) == 1
