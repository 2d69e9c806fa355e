"use strict";
// The page's state is what its address says after the #; whatever the reader does changes the address, and the page is
// then made to look as the address says. What came out of a guest is put into text nodes and nowhere else.

const data = JSON.parse(document.getElementById("data").textContent);
const LISTS = ["target", "verdict"], FIELDS = ["only", "cause", "name", "call", "message"];
const CONTEXT = 3, LONG = 12;  // calls shown around a fold, and how many alike ones are worth folding
const $ = id => document.getElementById(id);
const at = new Map(data.targets.map((target, number) => [target.name, number]));
const rows = [...document.querySelectorAll("tr.feature")].map(row => {
  const cases = row.dataset.cases.split(",").map(number => data.cases[number]);
  const text = [row.closest("tbody").querySelector("tr.area").textContent, row.firstElementChild.textContent].join(" ");
  return {row, cases, module: cases[0].id.split("::")[0], text: text.toLowerCase()};
});

// -- making nodes

const shown = text => String(text).replace(/[^\P{C}\n]|[\u2028\u2029]/gu, "\ufffd");

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter(each => each || each === 0).map(each => each instanceof Node ? each : shown(each)));
  return node;
}

function button(text, act, attributes = {}) {
  const node = make("button", {type: "button", ...attributes}, text);
  node.addEventListener("click", act);
  return node;
}

const counted = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

// -- the state, and the address that says it

const nothing = () => ({target: [], verdict: [], only: "", cause: "", name: "", call: "", message: "", open: []});

function parsed(hash) {
  const state = nothing();
  const text = hash.replace(/^#/, "");
  if (/^[^=&]+\//.test(text)) {  // TARGET/CASE alone
    try { state.open.push(decodeURIComponent(text)); } catch { state.open.push(text); }
    return state;
  }
  for (const [key, value] of new URLSearchParams(text)) {
    if (key === "open" || LISTS.includes(key)) { if (!state[key].includes(value)) state[key].push(value); }
    else if (FIELDS.includes(key)) state[key] = value;
  }
  return state;
}

function address(state) {
  const encoded = value => encodeURIComponent(value.toWellFormed?.() ?? value).replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%2C/g, ",");
  const pairs = [...LISTS, ...FIELDS, "open"].flatMap(key => [state[key]].flat().filter(Boolean).map(value => `${key}=${encoded(value)}`));
  return `#${pairs.join("&")}`;
}

let state = nothing();

function go(change, {replace = false} = {}) {
  // The reader did something: a new entry in the history, so that "back" undoes it.
  state = {...state, ...change};
  draw();
  history[replace ? "replaceState" : "pushState"](null, "", address(state));
}

let followed = true;  // whether the page comes to its address by a link, and not by "back"

function arrive() {
  // The address came from elsewhere: a link, "back", a page that was just loaded.
  const before = new Set(state.open);
  state = parsed(location.hash);
  let note = "";
  const wanted = state.open.map(place);
  const lost = state.open.filter((_, number) => !wanted[number]);
  if (lost.length) note = `This run has no ${lost.join(", ")}.`;
  state.open = state.open.filter((_, number) => wanted[number]);
  if (wanted.some(found => found && !admits(found))) {
    state = {...nothing(), open: state.open};
    history.replaceState(null, "", address(state));
    note = "The filter was cleared: it hid what was linked to.";
  }
  draw();
  $("note").hidden = !note;
  $("note").textContent = shown(note);
  const fresh = state.open.filter(key => !before.has(key)).at(-1);
  if (fresh) reveal(place(fresh));
  else if (followed && narrowed()) $("filter").scrollIntoView({block: "start"});
  followed = false;
}

function place(key) {
  // Where TARGET/MODULE or TARGET/MODULE::CASE is; undefined where this run has no such thing.
  const target = [...at.keys()].filter(name => key.startsWith(`${name}/`)).sort((one, other) => other.length - one.length)[0];
  if (target === undefined) return undefined;
  const id = key.slice(target.length + 1);
  const feature = rows.find(each => each.module === id.split("::")[0]);
  const item = feature?.cases.find(each => each.id === id);
  if (!feature || (id.includes("::") && !item)) return undefined;
  return {key, target, feature, item, cell: `${target}/${feature.module}`};
}

function opened(feature) {
  // Which target's cell of a feature is open, if one is, and which of its cases are.
  const found = state.open.map(place).filter(each => each?.feature === feature);
  const target = found.at(-1)?.target;
  return {target, cases: new Set(found.filter(each => each.target === target && each.item).map(each => each.item))};
}

// -- the filter

const callsOf = new Map();
function calls(number) {
  if (!callsOf.has(number)) {
    const names = (data.traces[number]?.calls ?? []).map(line => /^(?:\[child \d+\] )?(\w+)\(/.exec(data.lines[line])?.[1]);
    callsOf.set(number, new Set(names));
  }
  return callsOf.get(number);
}

const has = (text, part) => (text ?? "").toLowerCase().includes(part.toLowerCase());

function saysOf(cell) {
  // What failed, and not the source around it.
  const failed = (data.traces[cell.trace]?.message ?? "").split("\n").filter(line => line.startsWith("E "));
  return [cell.message, cell.expected?.reason, cell.expected?.seen, cell.unmet?.reason, cell.unmet?.seen, ...failed];
}

const KINDS = {
  departing: cell => cell.verdict !== "same",
  unexpected: cell => cell.unexpected,
  outdated: cell => cell.outdated,
  unsteady: cell => cell.unsteady,
};

function makes(cell, wanted) {
  const names = wanted.split(",").map(each => each.trim()).filter(Boolean);
  const own = calls(cell.trace);
  return !names.length || names.some(name => data.calls.includes(name) ? own.has(name) : [...own].some(each => each?.includes(name)));
}

function passes(feature, item, number) {
  const cell = item.cells[number];
  return (!state.target.length || state.target.includes(data.targets[number].name))
    && (!state.verdict.length || state.verdict.includes(cell.verdict))
    && (!state.cause || cell.cause === state.cause)
    && (!Object.hasOwn(KINDS, state.only) || KINDS[state.only](cell))
    && (!state.name || has(item.id, state.name) || has(feature.text, state.name) || has(item.title, state.name))
    && (!state.call || makes(cell, state.call))
    && (!state.message || saysOf(cell).some(text => has(text, state.message)));
}

function admits({feature, item, target}) {
  const number = at.get(target);
  return item ? passes(feature, item, number) : feature.cases.some(each => passes(feature, each, number));
}

const narrowed = () => [...LISTS, ...FIELDS].some(key => state[key].length);
const byCell = () => ["verdict", "only", "cause", "call", "message", "name"].some(key => state[key].length);

// -- drawing

function draw() {
  const filtered = byCell();
  const width = 1 + (state.target.filter(name => at.has(name)).length || data.targets.length);
  let features = 0, cells = 0;
  for (const column of document.querySelectorAll("th[data-target], td[data-target]"))
    column.hidden = state.target.length > 0 && !state.target.includes(column.dataset.target);
  for (const feature of rows) {
    let any = false;
    for (const cell of feature.row.querySelectorAll("td.cell")) {
      const number = at.get(cell.dataset.target);
      const count = feature.cases.filter(item => passes(feature, item, number)).length;
      any ||= count > 0;
      cells += count;
      cell.classList.toggle("none", filtered && !count);
      const matches = cell.querySelector(".matches");
      matches.hidden = !filtered || !count;
      matches.textContent = `${count} found`;
    }
    feature.row.hidden = !any;
    features += any;
    const shut = target => !any || (state.target.length && !state.target.includes(target));
    state.open = state.open.filter(key => place(key)?.feature !== feature || !shut(place(key).target));
    drawPanel(feature);
  }
  for (const wide of document.querySelectorAll("tr.area > th, tr.detail > td")) wide.colSpan = width;
  for (const area of document.querySelectorAll("tbody.area"))
    area.hidden = ![...area.querySelectorAll("tr.feature")].some(row => !row.hidden);
  $("nothing").hidden = features > 0;
  $("count").textContent = narrowed() ? `${counted(features, "feature")}, ${counted(cells, "cell")} found` : `${counted(rows.length, "feature")}, all shown`;
  $("clear").hidden = !narrowed();
  $("note").hidden = true;
  for (const control of $("filter").querySelectorAll("[data-key]")) {
    const value = state[control.dataset.key];
    if (control.matches("button")) control.setAttribute("aria-pressed", value.includes(control.dataset.value));
    else if (control.value !== value) control.value = value;
  }
}

function drawPanel(feature) {
  const {target, cases} = opened(feature);
  let panel = feature.row.nextElementSibling?.classList.contains("detail") ? feature.row.nextElementSibling : null;
  const about = target && JSON.stringify([target, LISTS.concat(FIELDS).map(key => state[key])]);
  if (panel && panel.dataset.about !== about) { panel.remove(); panel = null; }
  for (const each of feature.row.querySelectorAll("td.cell")) {
    const open = each.dataset.target === target;
    each.firstElementChild.setAttribute("aria-expanded", open);
    if (open) each.firstElementChild.setAttribute("aria-controls", `panel-${rows.indexOf(feature)}`);
  }
  if (!target) return;
  if (!panel) {
    panel = make("tr", {class: "detail", role: "row", id: `panel-${rows.indexOf(feature)}`}, panelOf(feature, target));
    panel.dataset.about = about;
    feature.row.after(panel);
  }
  for (const details of panel.querySelectorAll("details.case")) {
    const open = cases.has(details.item);
    if (open) {
      fill(details);
      details.closest("details.more")?.setAttribute("open", "");
    }
    details.open = open;
  }
}

function panelOf(feature, target) {
  const number = at.get(target), label = data.targets[number].label;
  const rank = item => {
    const cell = item.cells[number];
    return (cell.unexpected ? 0 : cell.outdated ? 50 : 100) + data.gravity.indexOf(cell.verdict);
  };
  const wanted = feature.cases.filter(item => passes(feature, item, number)).sort((one, other) => rank(one) - rank(other));
  const others = feature.cases.filter(item => !wanted.includes(item));
  const same = wanted.filter(item => item.cells[number].verdict === "same" && !item.cells[number].outdated);
  const apart = same.length > 3 && same.length < wanted.length ? same : [];
  const key = `${target}/${feature.module}`;
  const close = button("Close", () => {
    go({open: state.open.filter(each => place(each)?.feature !== feature)});
    feature.row.querySelectorAll("td.cell")[number].firstElementChild.focus();
  }, {class: "plain"});
  return make("td", {role: "cell"},
    make("div", {class: "title"}, make("h3", {}, feature.row.querySelector("th bdi").textContent, " on ", label), make("code", {}, feature.module),
      make("a", {href: address({...nothing(), open: [key]})}, "link to this"), close),
    ...wanted.filter(item => !apart.includes(item)).map(item => caseItem(item, target)),
    folded(apart, target, "same"), folded(others, target, "not found by the filter"));
}

function folded(items, target, why) {
  if (!items.length) return "";
  return make("details", {class: "more"}, make("summary", {}, `${counted(items.length, "case")}: ${why}`), ...items.map(item => caseItem(item, target)));
}

function caseItem(item, target) {
  const cell = item.cells[at.get(target)], key = `${target}/${item.id}`;
  const details = make("details", {class: "case"}, make("summary", {},
    make("span", {class: `chip s-${cell.verdict}${cell.unexpected ? " unexpected" : ""}`},
      make("span", {"aria-hidden": "true"}, data.marks[cell.verdict]), ` ${cell.verdict}`), " ",
    cell.unexpected && make("span", {class: "badge"}, "unexpected"), cell.unexpected && " ",
    cell.outdated && make("span", {class: "badge outdated"}, "out of date"), cell.outdated && " ",
    make("code", {}, item.id.slice(item.id.indexOf("::") + 2)), " ",
    make("span", {class: "soft"}, ...because(cell))));
  details.item = item;
  details.key = key;
  details.addEventListener("toggle", () => toggled(details, target, item.id.split("::")[0]));
  details.fill = () => { if (details.children.length === 1) details.append(caseBody(item, target, cell, key)); };
  return details;
}

function toggled(details, target, module) {
  // All that are open count, since a browser that searches or prints may have opened several at once.
  const panel = details.closest("tr.detail");
  if (!panel?.isConnected || details.open === state.open.includes(details.key)) return;
  const open = [...panel.querySelectorAll("details.case")].filter(each => each.open).map(each => each.key);
  const kept = state.open.filter(key => open.includes(key) || place(key)?.feature.row !== panel.previousElementSibling);
  go({open: [...new Set([...kept, ...(open.length ? open : [`${target}/${module}`])])]});
}

function because(cell) {
  // The case's own message and why it was accepted, each once: many a reason quotes the message.
  const {message = "", expected, unmet} = cell;
  if (expected) return expected.reason.includes(message) ? [`expected: ${expected.reason}`] : [message, ` (expected: ${expected.reason})`];
  return unmet ? [message, ` (expected ${unmet.verdict}: ${unmet.reason})`] : [message];
}

const fill = details => details.fill();

function caseBody(item, target, cell, key) {
  const label = data.targets[at.get(target)].label;
  const other = cell.reference && cell.reference !== target ? cell.reference : null;
  const facts = [
    cell.cause && `cause: ${cell.cause}`,
    cell.level && `differs in: ${cell.level}`,
    other ? `held against: ${other}` : !cell.reference && "without reference: the case's own assertions decide",
    cell.unsteady ? `unsteady in ${counted(cell.attempts, "attempt")}` : counted(cell.attempts ?? 0, "attempt"),
    cell.seconds && `${cell.seconds} s`,
    cell.taken && `not run, but taken over from ${cell.taken}`,
  ];
  return make("div", {class: "body"},
    item.title && make("p", {}, item.title),
    make("p", {class: "facts soft"}, ...facts.filter(Boolean).map(each => make("span", {}, each)), make("a", {href: address({...nothing(), open: [key]})}, "link to this case")),
    cell.message && make("p", {class: "said"}, make("strong", {}, `${cell.verdict}: `), cell.message),
    expectation("Expected: ", cell.expected), expectation(`Expected ${cell.unmet?.verdict}, which it is not: `, cell.unmet),
    make("div", {class: "commands"}, make("span", {}, "Again:"), make("code", {class: "command"}, cell.again),
      make("span", {}, "In a terminal:"), make("code", {class: "command"}, item.show)),
    traces(cell, label, other, other && item.cells[at.get(other)]));
}

function expectation(how, known) {
  if (!known) return "";
  const limits = [known.when && `where ${known.when}`, known.since && `since ${known.since}`, known.expires && `until ${known.expires}`].filter(Boolean);
  return make("p", {class: "said"}, make("strong", {}, how), known.reason, known.seen && `: ${known.seen}`, limits.length > 0 && ` (${limits.join(", ")})`, " ",
    known.link && make("a", {href: known.link, rel: "noopener noreferrer"}, known.link), known.said);
}

// -- traces

const part = (number, name) => (data.traces[number] ?? {})[name];

function traces(cell, label, other, held) {
  const mine = part(cell.trace, "calls"), theirs = held && part(held.trace, "calls");
  if (!mine) return make("p", {class: "soft"}, "There is no trace.");
  const two = Boolean(theirs) && held.trace !== cell.trace;
  const box = make("div", {class: two ? "trace two" : "trace"});
  const named = theirs ? data.targets[at.get(other)].label : "";
  box.append(two ? make("div", {class: "row names"}, make("span", {}), make("span", {}, `${named} (held against)`), make("span", {}, label))
    : make("div", {class: "row names"}, make("span", {}), make("span", {}, theirs ? `${label}, as ${named}` : label)));
  if (!two) box.append(...folds(mine.map((line, number) => oneRow(number, line, cell.step)), () => false));
  else box.append(...pairs(theirs, mine, cell.step, named, label));
  const extras = name => [two ? part(held.trace, name) : undefined, part(cell.trace, name)];
  const cut = extras("truncated").map(each => each && "the trace was cut: the case made too many calls");
  if (cut.some(Boolean)) box.append(extra(two, named, label, ...cut));
  for (const [said, own] of observed(...extras("observations"))) box.append(extra(two, named, label, said, own));
  return make("div", {}, box, two && cell.step === undefined && cell.level === "outcome" && make("p", {class: "soft"},
    "No call differs: what the case itself demands does not hold."), ...extras("message").map((text, number) => told(text, [named, label][number])));
}

function told(message, who) {
  // What a case said at its end; what failed, and where, in bold.
  if (!message) return "";
  const lines = message.split("\n").flatMap(line => [/^[>E] /.test(line) ? make("b", {}, line) : line, "\n"]);
  return make("div", {class: "trace"}, make("div", {class: "names"}, `${who} says`), make("pre", {}, ...lines.slice(0, -1)));
}

function oneRow(number, line, step) {
  const kind = step === undefined ? "" : number === step ? " first" : number > step ? " later" : "";
  return make("div", {class: `row${kind}`}, make("span", {class: "at"}, number + 1), make("span", {class: "line"}, ...spoken(data.lines[line])));
}

function pairs(theirs, mine, step, named, label) {
  const length = Math.max(theirs.length, mine.length), made = [], alike = [];
  for (let number = 0; number < length; number++) {
    const [left, right] = [data.lines[theirs[number]], data.lines[mine[number]]];
    const kind = step === undefined ? "" : number === step ? " first" : number > step ? " later" : "";
    const marked = number === step ? unlike(left, right) : null;
    alike.push(left === right);
    made.push(make("div", {class: `row${left === right ? " equal" : ""}${kind}`}, make("span", {class: "at"}, number + 1),
      side(left, named, marked?.[0], number > theirs.length), side(right, label, marked?.[1], number > mine.length)));
  }
  return folds(made, number => step === undefined ? alike[number] : number < step ? alike[number] : number > step + LONG);
}

function side(line, who, marked, over) {
  const label = make("span", {class: "label"}, `${who}: `);
  if (over) return make("span", {class: "line over"});
  return line === undefined ? make("span", {class: "line"}, label, make("span", {class: "none"}, "no further call"))
    : make("span", {class: "line"}, label, ...spoken(line, marked));
}

function spoken(line, marked) {
  // A call with its result in bold; what is marked is a piece [from, to) of it.
  const end = line.lastIndexOf(" = ");
  const cuts = [...new Set([0, ...(marked ?? []), end < 0 ? line.length : end, line.length])].sort((one, other) => one - other);
  return cuts.slice(1).map((to, number) => {
    const from = cuts[number], text = line.slice(from, to);
    const node = end >= 0 && from >= end ? make("b", {}, text) : text;
    return marked && from >= marked[0] && to <= marked[1] ? make("mark", {}, node) : node;
  });
}

function unlike(left, right) {
  // The piece of each line that the other has not, out to whole words.
  if (left === undefined || right === undefined || left === right) return null;
  let from = 0, back = 0;
  const least = Math.min(left.length, right.length), word = /[\w-]/;
  while (from < least && left[from] === right[from]) from++;
  while (back < least - from && left.at(-1 - back) === right.at(-1 - back)) back++;
  while (from > 0 && word.test(left[from - 1])) from--;
  while (back > 0 && word.test(left.at(-back))) back--;
  return [[from, left.length - back], [from, right.length - back]];
}

function folds(made, foldable) {
  // Long runs of rows that need not be read are put behind a button.
  const found = [];
  for (let number = 0; number < made.length;) {
    let end = number;
    while (end < made.length && foldable(end)) end++;
    const head = number === 0 ? 1 : CONTEXT, tail = end === made.length ? 0 : CONTEXT;
    if (end - number - head - tail > LONG) {
      const hidden = made.slice(number + head, end - tail);
      for (const row of hidden) row.hidden = true;
      const fold = make("div", {class: "fold"}, button(`Show ${counted(hidden.length, "more call")}`, () => {
        for (const row of hidden) row.hidden = false;
        fold.remove();
      }));
      found.push(...made.slice(number, number + head), fold, ...hidden);
      number = end - tail;
    }
    const stop = Math.min(Math.max(end, number + 1), made.length);
    while (number < stop) found.push(made[number++]);
  }
  return found;
}

function observed(theirs = [], mine = []) {
  const said = new Map(theirs), own = new Map(mine);
  const told = (values, name) => values.has(name) ? `${name} = ${values.get(name)}` : "";
  return [...new Set([...said.keys(), ...own.keys()])].sort().map(name => [told(said, name), told(own, name)]);
}

function extra(two, named, label, said, own) {
  // What was observed or said at the end, side by side as the calls are.
  const row = make("div", {class: `row part${said === own ? " equal" : ""}`}, make("span", {class: "at"}));
  const column = (text, who, marked) => text ? side(text, who, marked) : make("span", {class: "line"}, make("span", {class: "label"}, `${who}: `), make("span", {class: "none"}, "nothing"));
  const marked = two && said && own && said.length + own.length < 4000 ? unlike(said, own) : null;
  if (two) row.append(column(said, named, marked?.[0]));
  row.append(column(own, label, marked?.[1]));
  return row;
}

// -- what the reader does

function reveal({feature, item}) {
  const panel = feature.row.nextElementSibling;
  const details = [...panel.querySelectorAll("details.case")].find(each => item && each.item === item);
  (details ?? feature.row).scrollIntoView({block: "start"});
}

$("matrix").addEventListener("click", event => {
  const cell = event.target.closest("td.cell > button")?.parentElement;
  if (!cell) return;
  const feature = rows.find(each => each.row === cell.parentElement);
  const others = state.open.filter(key => place(key)?.feature !== feature);
  const open = opened(feature).target === cell.dataset.target;
  go({open: open ? others : [...others, `${cell.dataset.target}/${feature.module}`]});
});

addEventListener("keydown", event => {
  // Escape closes the panel that the focus is in, as its button does.
  const panel = event.key === "Escape" && document.activeElement?.closest("tr.detail");
  if (panel) panel.querySelector(".title button").click();
});

$("filter").addEventListener("submit", event => event.preventDefault());
$("filter").addEventListener("click", event => {
  const toggle = event.target.closest(".toggle");
  if (!toggle) return;
  const {key, value} = toggle.dataset;
  go({[key]: state[key].includes(value) ? state[key].filter(each => each !== value) : [...state[key], value]});
});
$("filter").addEventListener("input", event => {
  const {key} = event.target.dataset;
  if (key) go({[key]: event.target.value}, {replace: event.target.matches("input") && state[key] !== ""});
});
$("clear").addEventListener("click", () => go({...nothing(), open: state.open}));

document.addEventListener("click", event => {
  // A link to a part of the page is no state of the page.
  const part = event.target.closest("a[href^='#']")?.getAttribute("href").slice(1);
  followed = Boolean(part);
  if (!part || part.includes("=") || !$(part)) return;
  event.preventDefault();
  $(part).scrollIntoView({block: "start"});
});

const measure = () => document.documentElement.style.setProperty("--head", `${document.querySelector("thead").offsetHeight}px`);
addEventListener("resize", measure);
addEventListener("popstate", arrive);
measure();
$("calls").append(...data.calls.map(name => make("option", {value: name})));
$("filter").hidden = false;
arrive();
