// Makes the nested list of circuits and chargers a tree for keyboards and screen readers (WAI-ARIA, tree
// view): up and down walk, right and left unfold and fold, Home and End leap, Enter opens. Without this
// script it is a plain list with links. Folding itself is portal.js's.
"use strict";

(() => {
  const ITEMS = ".row, .stands"; // circuits and chargers; the lists around them only nest
  const nodeOf = (item) => item.closest(".node");
  const itemOf = (node) => node?.querySelector(":scope > .row");
  const foldOf = (item) => item.querySelector(":scope > .what > .fold:not([hidden])");
  const isOpen = (item) => foldOf(item)?.getAttribute("aria-expanded") === "true";

  const itemsIn = (tree) => [...tree.querySelectorAll(ITEMS)];
  const shownIn = (tree) => itemsIn(tree).filter((it) => !it.closest("[hidden]"));

  function above(item) {
    const node = nodeOf(item);
    return itemOf(item.matches(".row") ? node.parentElement.closest(".node") : node);
  }

  function levelOf(item) {
    const higher = above(item);
    return higher ? levelOf(higher) + 1 : 1;
  }

  function wire(tree) {
    tree.dataset.wired = "true";
    tree.setAttribute("role", "tree");
    for (const list of tree.querySelectorAll("ul")) list.setAttribute("role", "group");
    for (const node of tree.querySelectorAll(".node")) node.setAttribute("role", "none");
    for (const item of itemsIn(tree)) {
      item.setAttribute("role", "treeitem");
      item.setAttribute("aria-level", levelOf(item));
      item.tabIndex = -1;
    }
    tree.querySelector(ITEMS).tabIndex = 0;
    tell(tree);
    tree.addEventListener("keydown", (key) => onKey(tree, key));
    tree.addEventListener("click", () => tell(tree));
  }

  function tell(tree) {
    for (const item of itemsIn(tree))
      if (foldOf(item)) item.setAttribute("aria-expanded", isOpen(item));
  }

  function goTo(tree, item) {
    if (!item) return;
    for (const it of itemsIn(tree)) it.tabIndex = -1;
    item.tabIndex = 0;
    item.focus();
  }

  function onKey(tree, key) {
    const item = key.target;
    if (!item.matches(ITEMS) || key.altKey || key.ctrlKey || key.metaKey) return;
    const shown = shownIn(tree);
    const at = shown.indexOf(item);
    const fold = foldOf(item);
    const steps = {
      ArrowDown: () => goTo(tree, shown[at + 1]),
      ArrowUp: () => goTo(tree, shown[at - 1]),
      ArrowRight: () => fold && (isOpen(item) ? goTo(tree, shown[at + 1]) : fold.click()),
      ArrowLeft: () => (isOpen(item) ? fold.click() : goTo(tree, above(item))),
      Home: () => goTo(tree, shown[0]),
      End: () => goTo(tree, shown.at(-1)),
      Enter: () => item.querySelector(":scope > a, :scope > .what > a")?.click(),
    };
    const step = steps[key.key];
    if (!step) return;
    key.preventDefault();
    step();
    tell(tree);
  }

  const wireNew = () => document.querySelectorAll("[data-tree]:not([data-wired])").forEach(wire);
  wireNew();
  new MutationObserver(wireNew).observe(document.getElementById("content"), { childList: true, subtree: true });
})();
