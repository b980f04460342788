"use strict";
// Sorts, filters, tells figures to pointer and keyboard, and hands out what is shown as CSV. Without it the page reads
// just as well. All text goes in as text, never as markup.
const { days, instances } = JSON.parse(document.getElementById("data").textContent);
const groupOf = (each) => each.group ?? "none";
const byCrn = new Map(instances.map((each) => [each.crn, each]));
const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

// --- sorting

for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const figure = (row, at) => {
    const cell = row.cells[at];
    const value = "v" in cell.dataset ? cell.dataset.v : cell.textContent;
    return value === "" || Number.isNaN(Number(value)) ? null : Number(value);
  };
  const text = (row, at) => row.cells[at].dataset.v || row.cells[at].textContent;
  headings.forEach((heading, at) => {
    if (!heading.classList.contains("sortable")) return;
    const button = make("button", { type: "button" });
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const isText = heading.classList.contains("t");
      const was = heading.getAttribute("aria-sort");
      const direction = was === null ? (isText ? "ascending" : "descending") : was === "ascending" ? "descending" : "ascending";
      const sign = direction === "ascending" ? 1 : -1;
      const collator = new Intl.Collator(undefined, { numeric: true });
      const keyed = [...body.rows].map((row) => [isText ? text(row, at) : figure(row, at), row]);
      const isLast = (key) => key === null || key === "" || key === "-";
      keyed.sort(([a], [b]) => {
        if (isLast(a) || isLast(b)) return isLast(a) - isLast(b);
        return sign * (isText ? collator.compare(a, b) : a - b);
      });
      body.append(...keyed.map(([, row]) => row));
      for (const each of headings) each.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", direction);
    });
  });
}

// --- one filter for the whole page

const filter = document.getElementById("filter");
const input = filter.querySelector("input");
const totals = filter.querySelector(".totals");
const clear = filter.querySelector(".clear");
const chosen = { group: new Set(), region: new Set(), state: new Set() };
const valuesOf = { group: (each) => [groupOf(each)], region: (each) => [each.region], state: (each) => each.states };
const rowsOf = new Map();
for (const element of document.querySelectorAll("[data-crn]")) {
  const crn = element.dataset.crn;
  if (!rowsOf.has(crn)) rowsOf.set(crn, []);
  rowsOf.get(crn).push(element);
}
const searched = new Map(instances.map((each) => [
  each.crn, [each.name, each.crn, groupOf(each), each.region, ...each.states].join("\n").toLowerCase(),
]));
let shown = instances;

const seconds = (figure) => figure.toLocaleString("en-US", { maximumFractionDigits: 1 }) + " s";
const sum = (key) => shown.reduce((total, each) => total + (each[key] ?? 0), 0);

function show() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  shown = instances.filter((each) =>
    words.every((word) => searched.get(each.crn).includes(word)) &&
    Object.entries(chosen).every(([kind, wanted]) => !wanted.size || valuesOf[kind](each).some((value) => wanted.has(value))));
  const crns = new Set(shown.map((each) => each.crn));
  for (const [crn, elements] of rowsOf) {
    const isHidden = !crns.has(crn);
    for (const element of elements) if (element.hidden !== isHidden) element.hidden = isHidden;
  }
  const groups = new Set(shown.map(groupOf));
  for (const row of document.querySelectorAll("[data-group]")) row.hidden = !groups.has(row.dataset.group);
  const change = sum("allocation_delta_seconds");
  totals.textContent = `${shown.length.toLocaleString("en-US")} of ${instances.length.toLocaleString("en-US")} instances: ` +
    `hold ${seconds(sum("current_allocation_seconds"))}, new ${seconds(sum("new_allocation_seconds"))} ` +
    `(${change > 0 ? "+" : ""}${seconds(change)}), used ${seconds(sum("consumed_28day_seconds"))}`;
  clear.hidden = shown.length === instances.length;
  for (const chip of document.querySelectorAll(".chip")) {
    chip.setAttribute("aria-pressed", chosen[chip.dataset.kind].has(chip.dataset.value));
  }
}

for (const kind of ["group", "region", "state"]) {
  const counts = new Map();
  for (const each of instances) for (const value of valuesOf[kind](each)) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size < (kind === "state" ? 1 : 2)) continue;
  const field = make("fieldset", { className: "chips" });
  field.append(make("legend", { textContent: kind[0].toUpperCase() + kind.slice(1) }));
  for (const [value, count] of [...counts].sort(([a], [b]) => a.localeCompare(b))) {
    const chip = make("button", { type: "button", className: "chip", textContent: `${value} ${count.toLocaleString("en-US")}` });
    chip.dataset.kind = kind;
    chip.dataset.value = value;
    chip.addEventListener("click", () => {
      if (!chosen[kind].delete(value)) chosen[kind].add(value);
      show();
    });
    field.append(chip);
  }
  document.getElementById("chips").append(field);
}
function showAll() {
  input.value = "";
  for (const wanted of Object.values(chosen)) wanted.clear();
  show();
}
input.addEventListener("input", show);
clear.addEventListener("click", showAll);
for (const link of document.querySelectorAll(".need a")) {
  link.addEventListener("click", () => {
    showAll();
    if (link.dataset.state) {
      chosen.state.add(link.dataset.state);
      show();
    }
  });
}
filter.hidden = false;
show();

// --- what is shown, as CSV

function flattened(record, prefix = "") {
  const flat = {};
  for (const [key, value] of Object.entries(record)) {
    if (key === "states") flat.states = value.join("; ");
    else if (key === "daily_seconds") value.forEach((used, at) => { flat[`used_${days[at]}_seconds`] = used; });
    else if (value !== null && typeof value === "object" && !Array.isArray(value)) Object.assign(flat, flattened(value, `${prefix}${key}_`));
    else if (!Array.isArray(value)) flat[prefix + key] = value;
  }
  return flat;
}
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r\n]/.test(value) ? "'" + value : value; // a spreadsheet takes no text for a formula
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
function csvText() {
  const order = [...document.getElementById("changes").tBodies[0].rows].filter((row) => !row.hidden);
  const records = order.map((row) => flattened(byCrn.get(row.dataset.crn)));
  const keys = [...new Set(records.flatMap(Object.keys))];
  return [keys, ...records.map((record) => keys.map((key) => record[key]))].map((row) => row.map(csvCell).join(",") + "\n").join("");
}
filter.querySelector(".csv").addEventListener("click", () => {
  const link = make("a", { href: URL.createObjectURL(new Blob([csvText()], { type: "text/csv" })), download: "qauvern.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

// --- figures of what the pointer or the keyboard is on

const say = document.getElementById("say");
const tell = (text) => { say.textContent = text; say.hidden = !text; };
const dayText = (day) => new Date(day + "T00:00Z").toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const places = new WeakMap();

function heatText(svg, at) {
  const record = byCrn.get(svg.closest("tr").dataset.crn);
  return `${svg.closest("tr").cells[0].textContent}, ${dayText(days[at])}: ${seconds(record.daily_seconds[at])}`;
}
function tellPlace(svg, at) {
  places.set(svg, at);
  if (svg.classList.contains("heat")) return tell(heatText(svg, at));
  for (const each of svg.querySelectorAll(".hit.on")) each.classList.remove("on");
  const hit = svg.querySelectorAll(".hit")[at];
  hit.classList.add("on");
  return tell(hit.textContent);
}
const placesIn = (svg) => (svg.classList.contains("heat") ? days.length : svg.querySelectorAll(".hit").length);
const heats = () => [...document.querySelectorAll(".heat")].filter((each) => !each.closest("tr").hidden);

for (const svg of document.querySelectorAll(".chart")) svg.tabIndex = 0;
const firstHeat = document.querySelector(".heat");
if (firstHeat) firstHeat.setAttribute("tabindex", 0);
document.addEventListener("focusin", (event) => {
  const svg = event.target.closest?.(".heat, .chart");
  if (svg) tellPlace(svg, places.get(svg) ?? placesIn(svg) - 1);
});
document.addEventListener("focusout", (event) => {
  if (!event.target.closest?.(".heat, .chart")) return;
  for (const each of document.querySelectorAll(".hit.on")) each.classList.remove("on");
  tell("");
});
document.addEventListener("keydown", (event) => {
  const svg = document.activeElement?.closest(".heat, .chart");
  if (!svg) return;
  const at = places.get(svg) ?? placesIn(svg) - 1;
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    event.preventDefault();
    tellPlace(svg, Math.max(0, Math.min(placesIn(svg) - 1, at + (event.key === "ArrowLeft" ? -1 : 1))));
  } else if (svg.classList.contains("heat") && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    const all = heats();
    const next = all[all.indexOf(svg) + (event.key === "ArrowUp" ? -1 : 1)];
    if (!next) return;
    places.set(next, at);
    svg.removeAttribute("tabindex");
    next.setAttribute("tabindex", 0);
    next.focus();
  }
});
document.addEventListener("pointermove", (event) => {
  const svg = event.target.closest?.(".heat");
  if (svg) {
    const box = svg.getBoundingClientRect();
    tell(heatText(svg, Math.max(0, Math.min(days.length - 1, Math.floor(((event.clientX - box.left) / box.width) * days.length)))));
  } else if (event.target.classList?.contains("hit")) tell(event.target.textContent);
  else if (!document.activeElement?.closest(".heat, .chart")) tell("");
});
