"""Style and script of the page that walks through a trace."""

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --muted: #59636e; --ground: #ffffff;
  --panel: #f6f8fa; --line: #d1d9e0; --value: #116329; --gradient: #b3202c; --here: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --muted: #9198a1; --ground: #0d1117; --panel: #161b22; --line: #3d444d;
    --value: #56d364; --gradient: #ff938a; --here: #58a6ff; }
}
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; color: var(--text);
  background: var(--ground); font: 15px/1.5 system-ui, sans-serif; }
header { padding: 0.6rem 1rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.1rem; margin: 0 0 0.4rem; }
h2 { font-size: 1.1rem; margin: 0 0 0.6rem; }
h3 { font-size: 0.95rem; margin: 1rem 0 0.3rem; font-weight: normal; }
nav { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line);
  border-radius: 6px; padding: 0.15rem 0.7rem; cursor: pointer; }
button:disabled { opacity: 0.45; cursor: default; }
:focus-visible { outline: 2px solid var(--here); outline-offset: 1px; }
main { flex: 1; min-height: 0; display: flex; }
#picture { flex: 1; overflow: auto; padding: 1rem; }
#picture svg { display: block; margin: 0 auto; }
#steps { width: 25rem; overflow: auto; padding: 1rem; background: var(--panel);
  border-left: 1px solid var(--line); }
@media (max-width: 700px) {
  main { flex-direction: column; }
  #steps { width: auto; flex: 1; border-left: 0; border-top: 1px solid var(--line); }
}
section + section { margin-top: 2rem; }
.stepping section { display: none; margin: 0; }
.stepping section.here { display: block; }
.way { font-size: 0.8rem; padding: 0.1rem 0.5rem; border-radius: 1rem; border: 1px solid; }
[data-pass=forward] .way, .value { color: var(--value); }
[data-pass=backward] .way, .gradient { color: var(--gradient); }
.muted { color: var(--muted); }
code, pre { font: 13px/1.45 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; margin: 0;
  overflow-wrap: anywhere; }
pre { white-space: pre; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem 0.25rem 0; font-weight: normal; }
th { width: 42%; overflow-wrap: anywhere; }
.total { margin-top: 1rem; border-top: 2px solid var(--gradient); }
.stepping .fbp .pending { visibility: hidden; }
.fbp .node { cursor: pointer; }
.fbp .node.here rect { stroke: var(--here); stroke-width: 3.5; }
.fbp .from rect { stroke: var(--gradient); stroke-width: 2.5; stroke-dasharray: 6 3; }
"""

SCRIPT = """
"use strict";
const sections = [...document.querySelectorAll("section")];
const nodes = [...document.querySelectorAll(".fbp .node")];
const wires = [...document.querySelectorAll(".fbp g[data-from]")];
const number = (element, key) => Number(element.dataset[key]);
const reached = {forward: new Map(), backward: new Map()};
for (const s of sections)
  if (s.dataset.node) reached[s.dataset.pass].set(number(s, "node"), number(s, "step"));
const at = (way, node) => reached[way].has(node) ? reached[way].get(node) : Infinity;
let step = 0;

function show(wanted, write) {
  step = Math.min(Math.max(wanted || 0, 0), sections.length - 1);
  const here = sections[step], node = here.dataset.node, back = here.dataset.pass === "backward";
  sections.forEach((s, i) => s.classList.toggle("here", i === step));
  const pending = (element, hidden) => element && element.classList.toggle("pending", hidden);
  for (const n of nodes) {
    const id = number(n, "node");
    pending(n.querySelector(".of-value"), at("forward", id) > step);
    pending(n.querySelector(".of-gradient"), at("backward", id) > step);
    n.classList.toggle("here", n.dataset.node === node);
    n.classList.remove("from");
  }
  for (const w of wires) {
    const backward = w.querySelector(".backward");
    const ready = backward ? at("backward", number(w, "from")) : at("forward", number(w, "to"));
    pending(w, ready > step);
    if (back && backward && w.dataset.from === node)
      nodes.find(n => n.dataset.node === w.dataset.to).classList.add("from");
  }
  document.getElementById("first").disabled = document.getElementById("back").disabled = step === 0;
  const end = step === sections.length - 1;
  document.getElementById("last").disabled = document.getElementById("next").disabled = end;
  document.getElementById("where").textContent =
    `step ${step} of ${sections.length - 1}: ${here.dataset.pass}`;
  document.body.dataset.step = step;
  document.getElementById("steps").scrollTop = 0;
  const box = document.querySelector(".fbp .node.here");
  if (box) box.scrollIntoView({block: "nearest", inline: "nearest"});
  if (write) history.replaceState(null, "", `#step=${step}`);
}

const fromAddress = () => Number((/step=(\\d+)/.exec(location.hash) || [0, 0])[1]);
const moves = {
  ArrowRight: () => step + 1, ArrowDown: () => step + 1, ArrowLeft: () => step - 1,
  ArrowUp: () => step - 1, Home: () => 0, End: () => sections.length - 1,
};
const buttons = {first: "Home", back: "ArrowLeft", next: "ArrowRight", last: "End"};
for (const [id, key] of Object.entries(buttons))
  document.getElementById(id).addEventListener("click", () => show(moves[key](), true));
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || !moves[event.key]) return;
  event.preventDefault();
  show(moves[event.key](), true);
});
for (const n of nodes) n.addEventListener("click", () => {
  const id = number(n, "node"), ways = [at("forward", id), at("backward", id)];
  show(ways[1] < Infinity && (step >= ways[1] || step === ways[0]) && step !== ways[1]
    ? ways[1] : ways[0], true);
});
addEventListener("hashchange", () => show(fromAddress(), false));
document.documentElement.classList.add("stepping");
show(fromAddress(), false);
"""
