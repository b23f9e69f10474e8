"""Checks every HTTP answer against /openapi.json and remembers which answers were seen.

A Recorder is shared by all clients of a run. An answer that the document does not promise (status,
code, or body schema) fails the test that received it. At the end missing() names every operation
without a success and every documented error code that no test provoked.
"""
import re

import jsonschema

# Codes no client can provoke at will; each is covered where the condition can be made.
NOT_FROM_OUTSIDE = {
    "overloaded": "needs a full command ring: unit tests of ring and gateway",
    "shutting_down": "a window of microseconds: unit tests of the gateway",
    "exchange_unavailable": "needs a broken disk: unit tests of runtime and gateway",
    "outcome_unknown": "needs an engine far away: unit tests of the gateway, drills of the cluster",
    "key_expired": "a key that ends between its look-up and its command: unit tests of the gateway",
    "internal_error": "a defect, so an answer with it fails its test: unit tests of the gateway",
    "agent_limit_reached": "needs 262,144 agents: unit test of the ledger",
}
# Refused before the request is known: by the parser, or by the router.
BEFORE_ROUTING = {"invalid_request", "payload_too_large", "not_found", "method_not_allowed"}


class Operation:
    def __init__(self, method, path, node):
        self.method, self.path, self.name = method.upper(), path, node["operationId"]
        self.responses = node["responses"]
        self.has_body = "requestBody" in node
        self.is_open = node.get("security") == [{}]
        self.parameters = re.findall(r"{(\w+)}", path)
        parts = (re.escape(part) for part in re.split(r"{\w+}", path))
        self.pattern = re.compile("[^/]+".join(parts) + "$")

    def codes(self, status):
        return set(self.responses[str(status)]["description"].split(", "))

    def all_codes(self):
        return {code for status in self.responses if status != "200"
                for code in self.codes(status)}


class Recorder:
    def __init__(self, document):
        self.document = document
        self.operations = [Operation(method, path, node)
                           for path, methods in document["paths"].items()
                           for method, node in methods.items()]
        self.by_name = {operation.name: operation for operation in self.operations}
        self.successes, self.errors = set(), set()
        self.validators = {}

    def find(self, method, target):
        """Literal paths win over those with parameters, as in the router."""
        path = target.split("?")[0]
        found = [o for o in self.operations if o.method == method and o.pattern.match(path)]
        return min(found, key=lambda o: len(o.parameters), default=None)

    def record(self, method, target, reply):
        operation = self.find(method, target)
        if reply.status != 200:
            self.check_error(operation, reply, f"{method} {target}: {reply}")
            if operation is not None:
                self.errors.add((operation.name, reply.code))
            return
        assert operation is not None, f"{method} {target}: undocumented, yet {reply}"
        self.check_body(operation, reply, f"{method} {target}: {reply}")
        results = reply.body.get("results") if isinstance(reply.body, dict) else None
        for entry in results or []:
            if "error" not in entry:
                self.successes.add(operation.name)
                continue
            code = entry["error"]["code"]
            assert code in operation.all_codes(), f"undocumented {code}: {operation.name}"
            self.errors.add((operation.name, code))
        if results is None:
            self.successes.add(operation.name)

    def check_error(self, operation, reply, what):
        schema = {"$ref": "#/components/schemas/Error"}
        assert isinstance(reply.body, dict), f"an error without JSON body: {what}"
        if "detail" in reply.body:  # the form of the root API, which documents itself
            assert operation is None or reply.code in BEFORE_ROUTING, what
            assert "/api/v1/" not in what.split()[1], what
            return
        self.validate("Error", schema, reply.body, what)
        assert reply.status != 500, f"a defect: {what}"
        assert reply.body["message"], what
        if reply.code in BEFORE_ROUTING and (operation is None or
                                             reply.code not in operation.all_codes()):
            return
        assert operation is not None, f"no such path, yet not not_found: {what}"
        assert str(reply.status) in operation.responses, f"undocumented status: {what}"
        assert reply.code in operation.codes(reply.status), f"undocumented code: {what}"
        if reply.status == 503 or reply.code == "rate_limited":
            assert int(reply.headers["retry-after"]) > 0, what

    def check_body(self, operation, reply, what):
        content = operation.responses["200"]["content"]
        kind = reply.headers["content-type"].split(";")[0]
        assert kind in content, f"content type {kind}: {what}"
        body = reply.body if kind == "application/json" else reply.text
        self.validate(operation.name, content[kind]["schema"], body, what)

    def validate(self, name, schema, body, what):
        if name not in self.validators:
            whole = dict(schema, components=self.document["components"])
            self.validators[name] = jsonschema.Draft202012Validator(whole)
        error = jsonschema.exceptions.best_match(self.validators[name].iter_errors(body))
        assert error is None, f"{error.json_path}: {error.message}: {what}"

    def missing(self):
        lines = [f"{o.name}: no success" for o in self.operations if o.name not in self.successes]
        for operation in self.operations:
            for code in sorted(operation.all_codes() - set(NOT_FROM_OUTSIDE)):
                if (operation.name, code) not in self.errors:
                    lines.append(f"{operation.name}: {code} never seen")
        return lines


def check_document(document):
    """What makes it an OpenAPI 3.1 document that a generator can use."""
    assert document["openapi"].startswith("3.1."), document["openapi"]
    assert document["info"]["title"] and document["info"]["version"]
    names = set()
    for path, methods in document["paths"].items():
        assert path.startswith("/"), path
        for method, node in methods.items():
            operation = Operation(method, path, node)
            assert method in ("get", "post", "put", "patch", "delete"), (method, path)
            assert operation.name not in names, f"twice: {operation.name}"
            names.add(operation.name)
            in_path = [p["name"] for p in node["parameters"] if p.get("in") == "path"]
            assert sorted(in_path) == sorted(operation.parameters), path
            for status, response in node["responses"].items():
                assert re.fullmatch("[1-5][0-9][0-9]", status), (path, status)
                assert response["description"], (path, status)
                for content in response["content"].values():
                    check_schema(document, content["schema"])
            if operation.has_body:
                body = node["requestBody"]["content"]["application/json"]["schema"]
                check_schema(document, body)
    for schema in document["components"]["schemas"].values():
        check_schema(document, schema)


def check_schema(document, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    for reference in references_of(schema):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, f"unresolved {reference}"
            node = node[part]


def references_of(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references_of(item)
