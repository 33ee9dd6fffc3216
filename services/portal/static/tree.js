// Makes the nested list of circuits a tree for keyboards and screen readers (WAI-ARIA, tree view):
// up and down walk, right and left unfold and fold, Home and End leap, Enter opens. Without this script it
// is a plain list with links. Folding itself is portal.js's.
"use strict";

(() => {
  const shown = (tree) => [...tree.querySelectorAll(".node")].filter((it) => !it.closest("[hidden]"));
  const foldOf = (node) => node.querySelector(":scope > .row .fold:not([hidden])");
  const parentOf = (node) => node.parentElement.closest(".node");

  function wire(tree) {
    tree.dataset.wired = "true";
    tree.setAttribute("role", "tree");
    for (const node of tree.querySelectorAll(".node")) {
      node.setAttribute("role", "treeitem");
      node.setAttribute("aria-label", node.dataset.name);
      node.tabIndex = -1;
      const list = node.querySelector(":scope > .below > .circuits");
      list?.setAttribute("role", "group");
    }
    tree.querySelector(".node").tabIndex = 0;
    tell(tree);
    tree.addEventListener("keydown", (key) => onKey(tree, key));
    tree.addEventListener("click", () => tell(tree));
  }

  function tell(tree) {
    for (const node of tree.querySelectorAll(".node")) {
      const fold = foldOf(node);
      if (fold) node.setAttribute("aria-expanded", fold.getAttribute("aria-expanded"));
    }
  }

  function goTo(tree, node) {
    if (!node) return;
    for (const it of tree.querySelectorAll(".node")) it.tabIndex = -1;
    node.tabIndex = 0;
    node.focus();
  }

  function onKey(tree, key) {
    const node = key.target;
    if (!node.classList.contains("node") || key.altKey || key.ctrlKey || key.metaKey) return;
    const all = shown(tree);
    const fold = foldOf(node);
    const open = fold?.getAttribute("aria-expanded") === "true";
    const steps = {
      ArrowDown: () => goTo(tree, all[all.indexOf(node) + 1]),
      ArrowUp: () => goTo(tree, all[all.indexOf(node) - 1]),
      ArrowRight: () => (fold && !open ? fold.click() : goTo(tree, node.querySelector(".node"))),
      ArrowLeft: () => (open ? fold.click() : goTo(tree, parentOf(node))),
      Home: () => goTo(tree, all[0]),
      End: () => goTo(tree, all.at(-1)),
      Enter: () => node.querySelector(":scope > .row a.name")?.click(),
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
