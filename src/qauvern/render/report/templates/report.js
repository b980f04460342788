"use strict";
// Sorts tables by a click on a heading, and finds instances by name. Without it the page reads just as well.
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
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const isText = heading.classList.contains("t");
      const was = heading.getAttribute("aria-sort");
      const direction = was === null ? (isText ? "ascending" : "descending") : was === "ascending" ? "descending" : "ascending";
      const sign = direction === "ascending" ? 1 : -1;
      const keyed = [...body.rows].map((row) => [isText ? text(row, at) : figure(row, at), row]);
      const isLast = (key) => key === null || key === "" || key === "-";
      keyed.sort(([a], [b]) => {
        if (isLast(a) || isLast(b)) return isLast(a) - isLast(b);
        return sign * (isText ? a.localeCompare(b, undefined, { numeric: true }) : a - b);
      });
      body.append(...keyed.map(([, row]) => row));
      for (const each of headings) each.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", direction);
    });
  });
  if (body.rows.length > 12 && headings[0].dataset.key === "name") {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    label.append("Find ", input);
    label.className = "find";
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of body.rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
    });
    const scroll = table.closest(".scroll");
    const before = scroll.previousElementSibling;
    if (before && before.className === "controls") before.append(label);
    else {
      const controls = document.createElement("p");
      controls.className = "controls";
      controls.append(label);
      scroll.before(controls);
    }
  }
}
addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});
