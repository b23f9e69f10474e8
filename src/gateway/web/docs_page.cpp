#include "gateway/web/pages.hpp"

namespace perpetua::gateway::web {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Perpetua API</title>
<style>
:root { color-scheme: light dark; --back: #fbfaf7; --card: #fff; --ink: #1d2127; --soft: #646b75;
  --line: #e2dfd8; --mark: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --card: #1b1f25; --ink: #e8e6e1;
  --soft: #98a0ab; --line: #2c323a; --mark: #e0b15a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .6rem; text-transform: capitalize; }
h3 { font-size: .95rem; margin: 1rem 0 .3rem; }
a { color: inherit; text-underline-offset: .2em; text-decoration-color: var(--soft); }
p { margin: .4rem 0; max-width: 46rem; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  margin: .5rem 0; padding: 0 1rem; }
details[open] { padding-bottom: .9rem; }
summary { display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; cursor: pointer;
  padding: .55rem 0; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:focus-visible, a:focus-visible, input:focus-visible { outline: 2px solid var(--mark);
  outline-offset: 2px; }
.method { font-weight: 600; font-size: .8rem; min-width: 3.6rem; color: var(--mark); }
code, .path { font-family: ui-monospace, "SF Mono", Menlo, monospace; font-size: .88em; }
.soft { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); }
input { font: inherit; width: 100%; max-width: 24rem; padding: .4rem .6rem; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
nav a { margin-right: .9rem; text-transform: capitalize; }
</style>
</head>
<body>
<main>
<h1>Perpetua API</h1>
<p id="about">Loading the description.</p>
<p class="soft"><a href="/">Markets</a> · <a href="/openapi.json">openapi.json</a></p>
<p><label for="filter" class="soft">Find an endpoint</label><br>
<input id="filter" type="search" placeholder="orders, cancel, leverage" autocomplete="off"></p>
<nav id="tags"></nav>
<div id="list"></div>
</main>
<script>
"use strict";
const list = document.getElementById("list");
let api = null;

function add(parent, name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  parent.append(node);
  return node;
}

function resolve(schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.slice(2).split("/").reduce((node, key) => node[key], api);
}

function nameOf(schema) { return schema.$ref ? schema.$ref.split("/").pop() : ""; }

function typeText(schema) {
  const plain = resolve(schema);
  if (plain.type === "array") {
    return plain.items.prefixItems ? "list of [price, size, orders]" :
      "list of " + (nameOf(plain.items) || typeText(plain.items));
  }
  if (plain.pattern && plain.pattern.includes("\\.")) return "decimal string";
  if (plain.pattern && plain.pattern.includes("[1-9]")) return "id string";
  return [plain.type || "object"].flat().filter(type => type !== "null").join(" or ");
}

function boundsText(schema) {
  if (schema.enum) return schema.enum.filter(choice => choice !== null).join(", ");
  if (schema.items && schema.items.enum) return schema.items.enum.join(", ");
  const low = schema.minimum ?? schema.minLength ?? schema.minItems;
  const high = schema.maximum ?? schema.maxLength ?? schema.maxItems;
  if (high !== undefined) return (low ?? 0) + " to " + high;
  return "";
}

function table(parent, heads) {
  const node = add(add(parent, "div", undefined, "scroll"), "table");
  const row = add(add(node, "thead"), "tr");
  heads.forEach(head => add(row, "th", head));
  return add(node, "tbody");
}

function isNullable(schema) { return [schema.type].flat().includes("null"); }

function fieldRows(body, schema, prefix, isReply) {
  const plain = resolve(schema);
  for (const [name, field] of Object.entries(plain.properties || {})) {
    const inner = resolve(field);
    const row = add(body, "tr");
    add(add(row, "td"), "code", prefix + name);
    add(row, "td", typeText(field));
    const isMarked = isReply ? !isNullable(inner) : (plain.required || []).includes(name);
    add(row, "td", isMarked ? "yes" : "");
    add(row, "td", boundsText(inner));
    add(row, "td", inner.description || field.description || "");
    if (inner.type === "array" && resolve(inner.items).properties) {
      fieldRows(body, inner.items, prefix + name + "[].", isReply);
    }
  }
}

function showFields(parent, title, schema, isReply) {
  const plain = resolve(schema);
  const variants = plain.properties && plain.properties.results &&
    plain.properties.results.items.oneOf;
  const rows = variants ? variants[0] :
    plain.properties && plain.properties.items ? plain.properties.items.items : schema;
  if (!resolve(rows).properties) return;
  if (!Object.keys(resolve(rows).properties).length) return;
  const shape = variants ? " (results: one each)" : rows === schema ? "" :
    plain.properties.next_cursor ? " (items: a page)" : " (items: a list)";
  add(parent, "h3", title + shape);
  const head = isReply ? "never null" : "required";
  fieldRows(table(parent, ["field", "type", head, "bounds", "meaning"]), rows, "", isReply);
}

function showParameters(parent, operation) {
  const parameters = operation.parameters.map(resolve);
  if (!parameters.length) return;
  add(parent, "h3", "Parameters");
  const body = table(parent, ["name", "in", "type", "required", "bounds", "meaning"]);
  for (const parameter of parameters) {
    const row = add(body, "tr");
    add(add(row, "td"), "code", parameter.name);
    add(row, "td", parameter.in);
    add(row, "td", typeText(parameter.schema));
    add(row, "td", parameter.required ? "yes" : "");
    add(row, "td", boundsText(parameter.schema));
    add(row, "td", parameter.description || "");
  }
}

function showRefusals(parent, operation) {
  const statuses = Object.entries(operation.responses).filter(([status]) => status !== "200");
  if (!statuses.length) return;
  add(parent, "h3", "Refusals");
  const body = table(parent, ["status", "codes"]);
  for (const [status, response] of statuses) {
    const row = add(body, "tr");
    add(row, "td", status);
    add(add(row, "td"), "code", response.description);
  }
}

function showOperation(parent, path, method, operation) {
  const box = add(parent, "details");
  box.id = operation.operationId;
  box.dataset.words = [method, path, operation.summary, operation.operationId]
    .join(" ").toLowerCase();
  const head = add(box, "summary");
  add(head, "span", method.toUpperCase(), "method");
  add(head, "span", path, "path");
  add(head, "span", operation.summary, "soft");
  let isFilled = false;
  box.addEventListener("toggle", () => {
    if (isFilled) return;
    isFilled = true;
    add(box, "p", operation.description, "soft");
    showParameters(box, operation);
    const request = operation.requestBody && operation.requestBody.content["application/json"];
    if (request) showFields(box, "Body", request.schema, false);
    const reply = Object.values(operation.responses["200"].content)[0];
    showFields(box, "Reply", reply.schema, true);
    showRefusals(box, operation);
  });
}

function showAll() {
  document.getElementById("about").textContent = api.info.description;
  const tags = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0];
      if (!tags.has(tag)) {
        const section = add(list, "section");
        section.id = "tag-" + tag;
        add(section, "h2", tag);
        add(document.getElementById("tags"), "a", tag).href = "#tag-" + tag;
        tags.set(tag, section);
      }
      showOperation(tags.get(tag), path, method, operation);
    }
  }
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
}

document.getElementById("filter").addEventListener("input", event => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const box of list.querySelectorAll("details")) {
    box.hidden = !words.every(word => box.dataset.words.includes(word));
  }
  for (const section of list.querySelectorAll("section")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
});

fetch("/openapi.json").then(reply => {
  if (!reply.ok) throw new Error("status " + reply.status);
  return reply.json();
}).then(value => { api = value; showAll(); }).catch(error => {
  document.getElementById("about").textContent = "The description cannot be read: " + error.message;
});
</script>
</body>
</html>
)html";

}  // namespace

std::string_view docs_page() { return kPage; }

}  // namespace perpetua::gateway::web
