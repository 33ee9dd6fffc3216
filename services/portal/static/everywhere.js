// On every page: “/” goes to the search, where there is one; of tabs that do not fit, the one that is shown is in sight.
"use strict";
for (const tabs of document.querySelectorAll(".tabs, .menu")) {
  const current = tabs.querySelector("[aria-current]");
  if (current) tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
}
document.addEventListener("keydown", (press) => {
  if (press.key !== "/" || press.ctrlKey || press.metaKey || press.altKey) return;
  if (press.target.closest("input, select, textarea, [contenteditable]")) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  press.preventDefault();
  search.focus();
  search.select();
});
