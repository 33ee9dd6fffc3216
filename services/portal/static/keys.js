// “/” goes to the search of a page, where there is one.
"use strict";
document.addEventListener("keydown", (press) => {
  if (press.key !== "/" || press.ctrlKey || press.metaKey || press.altKey) return;
  if (press.target.closest("input, select, textarea, [contenteditable]")) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  press.preventDefault();
  search.focus();
  search.select();
});
