
"use strict";
// search among the tables: every word asked for stands in a table's name, its description or a column
const all = selector => [...document.querySelectorAll(selector)];
const form = document.querySelector("form.search"), asked = form.querySelector("input"), said = form.querySelector("output");
const tables = all("details.table").map(table => ({ table, words: table.textContent.toLowerCase() }));
const search = () => {
  const words = asked.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = text => words.every(word => text.includes(word));
  let found = 0;
  for (const { table, words: text } of tables) {
    table.hidden = !has(text);
    table.open = words.length > 0 && !table.hidden;
    found += !table.hidden;
    for (const row of table.querySelectorAll("tbody tr"))
      row.classList.toggle("found", words.length > 0 && has(row.textContent.toLowerCase()));
  }
  for (const group of all("section.group")) group.hidden = !group.querySelector("details.table:not([hidden])");
  said.textContent = words.length ? `${found} of ${tables.length} tables` : "";
};
const goTo = () => {
  const there = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const table = there && there.closest("details.table");
  if (table) { table.hidden = false; table.closest("section").hidden = false; table.open = true; there.scrollIntoView(); }
};
form.hidden = false;
form.addEventListener("submit", event => event.preventDefault());
asked.addEventListener("input", search);
window.addEventListener("hashchange", goTo);
goTo();
