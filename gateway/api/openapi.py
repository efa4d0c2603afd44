"""The OpenAPI 3.1 document, made from the declared routes and their models."""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from smsc_emulator.base.web import (
    BAD_REQUEST,
    DATABASE_UNAVAILABLE,
    FORBIDDEN,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHORIZED,
    Problem,
    ProblemKind,
    Route,
    Routes,
)

SCHEMES: dict[str, dict[str, Any]] = {
    "service": {
        "type": "http",
        "scheme": "bearer",
        "description": "The API key of a service.",
    },
    "operator": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "An operator's signature over its message to the gateway, by the Standard Webhooks scheme.",
    },
    "gateway": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "The gateway's signature over its message to an operator, by the Standard Webhooks scheme.",
    },
}

Mode = Literal["validation", "serialization"]

PREFIX = "#/components/schemas/"


def document(groups: Iterable[Routes], version: str) -> dict[str, Any]:
    """Return the document for all routes of `groups`."""
    groups = list(groups)
    routes = [(group.tag, route) for group in groups for route in group.routes]
    names, queries, definitions = _schemas([route for _, route in routes])
    paths: dict[str, dict[str, Any]] = {}
    for tag, route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(tag, route, names, queries)
    used = {route.scheme for _, route in routes if route.scheme}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "confirmlab",
            "version": version,
            "description": "Confirmation of phone numbers, identification by their operators, and a lab around both.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": group.tag} for group in groups],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {name: scheme for name, scheme in SCHEMES.items() if name in used},
        },
    }


Names = dict[tuple[type[BaseModel], Mode], dict[str, Any]]


def _schemas(routes: list[Route]) -> tuple[Names, dict[type[BaseModel], dict[str, Any]], dict[str, Any]]:
    """Return a reference for each model of a body, the schema of each query, and all definitions that they need."""
    wanted: dict[tuple[type[BaseModel], Mode], None] = {(Problem, "serialization"): None}
    for route in routes:
        for asked in (route.body, route.query):
            if asked is not None:
                wanted[asked, "validation"] = None
        for answered in route.answers.values():
            if answered is not None:
                wanted[answered, "serialization"] = None
    references, schema = models_json_schema(list(wanted), ref_template=PREFIX + "{model}")
    names = {key: references[key] for key in wanted}
    definitions: dict[str, Any] = schema.get("$defs", {})
    asked_for = {route.query for route in routes if route.query is not None}
    queries = {
        model: definitions.pop(names.pop((model, "validation"))["$ref"].removeprefix(PREFIX)) for model in asked_for
    }
    return names, queries, definitions


def _operation(tag: str, route: Route, names: Names, queries: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [tag],
        "summary": route.summary,
        **_description(route),
        "parameters": _path_parameters(route) + _query_parameters(route, queries),
        "responses": _responses(route, names),
    }
    if route.scheme:
        operation["security"] = [{route.scheme: []}]
    if route.body is not None:
        operation["requestBody"] = {
            # A request without a body is read as one whose body has no members.
            "required": any(member.is_required() for member in route.body.model_fields.values()),
            "content": {"application/json": {"schema": names[route.body, "validation"]}},
        }
    return operation


def _operation_id(route: Route) -> str:
    words: list[str] = re.findall(r"[a-z]+", f"{route.method.lower()} {route.path.replace('{', 'by ')}")
    return words[0] + "".join(word.capitalize() for word in words[1:])


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": route.patterns.get(name, "^[A-Za-z0-9_-]{1,64}$")},
        }
        for name in re.findall(r"{(\w+)", route.path)
    ]


def _query_parameters(route: Route, queries: dict[type[BaseModel], dict[str, Any]]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = queries[route.query]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _unless_null(member)}
        for name, member in schema.get("properties", {}).items()
    ]


def _unless_null(member: dict[str, Any]) -> dict[str, Any]:
    """Return a query member's schema without its null: a parameter is absent, never null."""
    choices = [choice for choice in member.get("anyOf", []) if choice.get("type") != "null"]
    if len(choices) != 1:
        return member
    rest = {key: value for key, value in member.items() if key not in ("anyOf", "default")}
    return {**choices[0], **rest}


def _description(route: Route) -> dict[str, str]:
    """Say what the request's headers mean; in words, since OpenAPI cannot say what the answer to a key depends on."""
    lines = [f"- `{name}`: {meaning}" for name, meaning in route.headers.items()]
    return {"description": "\n".join(["Headers:", "", *lines])} if lines else {}


def _responses(route: Route, names: Names) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in route.answers.items():
        responses[str(status)] = {"description": "Done."}
        content = {other: {"schema": {"type": "string"}} for other in route.other_types}
        if model is not None:
            content[route.content_type] = {"schema": names[model, "serialization"]}
        if content:
            responses[str(status)]["content"] = content
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in _problems(route):
        by_status.setdefault(kind.status, []).append(kind)
    problem = names[Problem, "serialization"]
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = {
            "description": " ".join(f"`{kind.code}`: {kind.title}" for kind in dict.fromkeys(kinds)),
            "content": {"application/problem+json": {"schema": problem}},
        }
    return responses


def _problems(route: Route) -> tuple[ProblemKind, ...]:
    """Return the route's own problems and those that follow from its shape."""
    implied: list[ProblemKind] = [METHOD_NOT_ALLOWED, DATABASE_UNAVAILABLE]
    if route.body is not None or route.query is not None or route.headers:
        implied.append(BAD_REQUEST)
    if route.body is not None:
        implied.append(TOO_LARGE)
    if route.scheme:
        implied += [UNAUTHORIZED, FORBIDDEN]
    if "{" in route.path:
        implied.append(NOT_FOUND)
    return (*route.problems, *implied)
