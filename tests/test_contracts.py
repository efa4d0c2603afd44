"""The shape of the code, held by tests: who may import whom, and which modules stay pure."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = [
    "smsc_emulator/capture/*.py",
    "smsc_emulator/smpp/*.py",
    "smsc_emulator/sip/*.py",
    "smsc_emulator/base/durations.py",
    "smsc_emulator/base/msisdn.py",
    "smsc_emulator/base/plain.py",
    "smsc_emulator/base/retries.py",
    "smsc_emulator/core/access.py",
    "smsc_emulator/core/address_range.py",
    "smsc_emulator/core/conduct.py",
    "smsc_emulator/core/conduct_report.py",
    "smsc_emulator/core/faults/*.py",
    "smsc_emulator/core/manners.py",
    "smsc_emulator/core/broadcasts.py",
    "smsc_emulator/core/data_shape.py",
    "smsc_emulator/core/flags.py",
    "smsc_emulator/core/message.py",
    "smsc_emulator/core/operations/*.py",
    "smsc_emulator/core/observer.py",
    "smsc_emulator/core/personality.py",
    "smsc_emulator/core/personality_settings.py",
    "smsc_emulator/core/rate.py",
    "smsc_emulator/core/mobile.py",
    "smsc_emulator/core/router.py",
    "smsc_emulator/core/submits.py",
    "smsc_emulator/core/validation.py",
    "smsc_emulator/core/waiting.py",
    "smsc_emulator/handsets/*.py",
    "smsc_emulator/operator/answers.py",
    "smsc_emulator/operator/messages.py",
    "smsc_emulator/voice/agenda.py",
    "smsc_emulator/voice/calls.py",
    "smsc_emulator/voice/exchange.py",
    "smsc_emulator/voice/firewall.py",
    "smsc_emulator/voice/routing.py",
    "smsc_emulator/voice/spelling.py",
    "confirm/challenge.py",
    "confirm/codes.py",
    "confirm/entropy.py",
    "confirm/limits.py",
    "confirm/pumping.py",
    "confirm/test_numbers.py",
    "confirm/texts.py",
    "confirm/workflow.py",
    "confirm/policy.py",
    "confirm/methods/*.py",
    "gateway/adapters/fates.py",
    "gateway/captures/names.py",
    "gateway/identification/attempt.py",
    "gateway/identification/bindings.py",
    "gateway/identification/machine.py",
    "gateway/load/chart.py",
    "gateway/load/exchange.py",
    "gateway/load/handsets.py",
    "gateway/load/histogram.py",
    "gateway/load/journey.py",
    "gateway/load/messages.py",
    "gateway/load/pace.py",
    "gateway/load/page.py",
    "gateway/load/receipts.py",
    "gateway/load/record.py",
    "gateway/load/result.py",
    "gateway/load/supply.py",
    "gateway/load/table.py",
    "gateway/lookup/countries.py",
    "gateway/lookup/routing.py",
    "gateway/scenarios/filling.py",
    "gateway/scenarios/matching.py",
    "gateway/scenarios/script.py",
    "gateway/services/permission.py",
    "gateway/services/rules.py",
    "gateway/services/standing.py",
    "gateway/reports/conformance.py",
    "gateway/reports/exposure.py",
    "gateway/reports/history.py",
    "gateway/reports/judging.py",
    "gateway/reports/page.py",
    "gateway/reports/procedure.py",
    "gateway/reports/rules.py",
    "gateway/reports/timeline.py",
    "gateway/reports/trace.py",
    "gateway/reports/pdus.py",
    "gateway/webhooks/outbox.py",
]
"""Modules that compute and nothing else: time, chance, sockets and storage are passed in or left to others."""
IMPURE = {"asyncio", "socket", "time", "random", "secrets", "threading", "aiohttp", "sqlalchemy", "structlog"}


def pure_modules() -> list[Path]:
    return sorted(path for pattern in PURE for path in ROOT.glob(pattern))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_module_imports_nothing_that_acts(path: Path) -> None:
    assert not imported(path) & IMPURE


@pytest.mark.parametrize("pattern", PURE)
def test_every_line_of_the_pure_list_names_a_module(pattern: str) -> None:
    assert list(ROOT.glob(pattern))


def test_imports_follow_the_layers() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
