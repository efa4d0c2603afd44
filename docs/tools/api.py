"""The reference of the HTTP API: what the OpenAPI document says, as a page."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from text import cell, table

from gateway.lab import Lab
from gateway.settings import LabSettings, ServerSettings, Settings

INTRODUCTION = """# The HTTP API

Every route, read from the OpenAPI document that a running lab serves at `/openapi.json`. Routes under `/v1` are the product's; those under `/lab` are the lab's powers and are not there with `lab.enabled: false`. Errors are `application/problem+json` (RFC 9457) with a stable `code`; the codes of each route are named below. Bodies and queries refuse members that they do not know. A query `wait` ends early when there is something to tell.

The column *key* says what opens a route: `service` is the API key of a service as a bearer token; `operator` and `gateway` are signatures by the Standard Webhooks scheme.
"""


def document() -> dict[str, Any]:
    """Return the OpenAPI document of a lab on free ports, which is stopped again."""

    async def ask() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            server = ServerSettings(smpp_port=0, http_port=0, sip_port=0, data=Path(folder))
            lab = Lab(Settings(server=server, lab=LabSettings(paused_clock=True)))
            try:
                await lab.start()
                async with lab.ground.session.get(f"{lab.base_url}/openapi.json") as answer:
                    found: dict[str, Any] = await answer.json()
                    return found
            finally:
                await lab.stop()

    return asyncio.run(ask())


def page() -> str:
    """Return the page."""
    found = document()
    by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    schemas = found["components"]["schemas"]
    parts = [INTRODUCTION]
    for tag, operations in by_tag.items():
        parts += [f"## {tag}\n", table(["route", "what it does", "key"], map(_line, operations))]
        parts += [line for each in operations for line in _operation(*each)]
    parts += ["## Schemas\n", *(line for name in sorted(schemas) for line in _schema(name, schemas[name]))]
    return "\n".join(parts).rstrip() + "\n"


def _line(each: tuple[str, str, dict[str, Any]]) -> list[str]:
    method, path, operation = each
    keys = [name for scheme in operation.get("security", []) for name in scheme]
    return [f"`{method} {path}`", cell(operation["summary"]), ", ".join(keys)]


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"### {method} {path}\n"
    yield f"{cell(operation['summary'])}.\n"
    queries = [each for each in operation["parameters"] if each["in"] == "query"]
    if "requestBody" in operation:
        yield f"The body is {_reference(operation['requestBody']['content']['application/json']['schema'])}.\n"
    if queries:
        yield table(["query", "type", "meaning"], [_parameter(each) for each in queries])
    if "description" in operation:
        yield operation["description"] + "\n"
    yield table(["status", "answer"], [_answer(*each) for each in operation["responses"].items()])


def _parameter(parameter: dict[str, Any]) -> list[str]:
    schema = parameter["schema"]
    return [f"`{parameter['name']}`", _type(schema), cell(schema.get("description"))]


def _answer(status: str, response: dict[str, Any]) -> list[str]:
    told = "" if response["description"] == "Done." else cell(response["description"])
    content = response.get("content", {})
    schemas = [_reference(each["schema"]) for kind, each in content.items() if kind != "application/problem+json"]
    others = [kind for kind, each in content.items() if "$ref" not in each["schema"]]
    return [status, told or ", ".join(dict.fromkeys([*(s for s in schemas if s != "text"), *others])) or "nothing"]


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if "description" in schema:
        yield cell(schema["description"]) + "\n"
    if "enum" in schema:
        yield "One of " + ", ".join(f"`{each}`" for each in schema["enum"]) + ".\n"
    needed = schema.get("required", [])
    members = [
        [f"`{key}`", _type(member), "yes" if key in needed else "", cell(member.get("description"))]
        for key, member in schema.get("properties", {}).items()
    ]
    if members:
        yield table(["member", "type", "needed", "meaning"], members)


def _reference(schema: dict[str, Any]) -> str:
    return _type(schema)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for joined in ("anyOf", "oneOf", "allOf"):
        if joined in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[joined]))
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return _plain(schema)


def _plain(schema: dict[str, Any]) -> str:
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "mapping"}
    kind = schema.get("type", "anything")
    return words.get(kind, kind) + (f" ({schema['format']})" if "format" in schema else "")
