// Keeps a page up to date in place: what the server has drawn stays, only what differs is changed.
//
//   data-node="chargers:bay-12"      an element that stands for one part of the view
//   data-bind="text={number}; width={draw_pc}%"    what of that part goes where
"use strict";

(() => {
  const SILENT_MS = 12000; // two beats were missed
  const POLL_MS = 5000;

  // --- Binding ---

  const valueAt = (part, path) => path.split(".").reduce((it, key) => it?.[key], part) ?? "";

  function bindingsOf(node) {
    const own = [...node.querySelectorAll("[data-bind]")].filter(
      (it) => it.closest("[data-node]") === node,
    );
    if (node.hasAttribute("data-bind")) own.push(node);
    return own.flatMap((element) =>
      element.dataset.bind.split(";").map((binding) => {
        const [target, ...pattern] = binding.trim().split("=");
        return { element, target, pattern: pattern.join("=") };
      }),
    );
  }

  function put({ element, target, pattern }, part) {
    const value = pattern.replace(/\{([^}]+)\}/g, (_, path) => valueAt(part, path));
    if (target === "text") {
      if (element.textContent !== value) element.textContent = value;
    } else if (element.getAttribute(target) !== value) {
      element.setAttribute(target, value);
    }
  }

  let bound = new Map();

  function bind() {
    bound = new Map();
    for (const node of document.querySelectorAll("[data-node]"))
      bound.set(node.dataset.node, bindingsOf(node));
  }

  const words = () => document.querySelector("[data-badge]").dataset;

  const known = new Map(); // only what differs is told

  function show(name, differs) {
    const part = { ...known.get(name), ...differs };
    known.set(name, part);
    bound.get(name)?.forEach((binding) => put(binding, part));
    return part;
  }

  function showBadge(freshness, text) {
    for (const it of document.querySelectorAll("[data-badge], #sight"))
      it.dataset.freshness = freshness;
    const badge = document.querySelector("[data-badge-text]");
    if (badge.textContent !== text) badge.textContent = text;
    const spoken = document.querySelector("[data-badge-spoken]");
    if (spoken.dataset.of === freshness) return; // not with every second
    spoken.dataset.of = freshness;
    spoken.textContent = text;
  }

  // --- The live page ---

  const folded = new Set();

  function fold(button, closed) {
    button.setAttribute("aria-expanded", String(!closed));
    document.getElementById(button.getAttribute("aria-controls")).hidden = closed;
  }

  function wireFolds() {
    for (const button of document.querySelectorAll(".fold")) {
      const below = button.getAttribute("aria-controls");
      button.hidden = document.getElementById(below).childElementCount === 0;
      fold(button, folded.has(below));
      button.addEventListener("click", () => {
        folded[folded.has(below) ? "delete" : "add"](below);
        fold(button, folded.has(below));
      });
      button.addEventListener("keydown", (press) => walk(press, button, below));
    }
  }

  // Arrows: left folds, right unfolds, up and down go to the breakers before and after.
  function walk(press, button, below) {
    const buttons = [...document.querySelectorAll(".fold:not([hidden])")].filter(
      (it) => it.offsetParent !== null,
    );
    const at = buttons.indexOf(button);
    const next = { ArrowUp: buttons[at - 1], ArrowDown: buttons[at + 1] }[press.key];
    if (next) next.focus();
    else if (press.key === "ArrowLeft" && !folded.has(below)) button.click();
    else if (press.key === "ArrowRight" && folded.has(below)) button.click();
    else return;
    press.preventDefault();
  }

  function wireFilters(sight) {
    for (const link of document.querySelectorAll("[data-filter]")) {
      link.addEventListener("click", (click) => {
        click.preventDefault();
        sight.dataset.show = link.dataset.filter;
        for (const it of document.querySelectorAll("[data-filter]"))
          if (it === link) it.setAttribute("aria-current", "true");
          else it.removeAttribute("aria-current");
        history.replaceState(null, "", link.href);
      });
    }
  }

  async function drawAnew(sight) {
    const page = await fetch(location.href);
    if (!page.ok) return;
    const parsed = new DOMParser().parseFromString(await page.text(), "text/html");
    sight.replaceWith(parsed.getElementById("sight"));
    wire();
  }

  function wire() {
    const sight = document.getElementById("sight");
    wireFolds();
    wireFilters(sight);
    bind();
    return sight;
  }

  function watch(url) {
    let heard = { freshness: "none", text: "" };
    let silence = 0;
    let source = null;

    const reconnecting = () => showBadge("reconnecting", words().reconnecting);

    function alive() {
      clearTimeout(silence);
      silence = setTimeout(() => {
        reconnecting();
        open(); // the connection looks open and is dead: begin another one
      }, SILENT_MS);
      showBadge(heard.freshness, heard.text);
    }

    function take(view) {
      const sight = document.getElementById("sight");
      if (view.head) {
        const head = show("head", view.head);
        heard = { freshness: head.freshness, text: head.freshness_text };
        if (head.structure !== sight.dataset.structure) {
          sight.dataset.structure = head.structure;
          drawAnew(sight).catch(reconnecting);
        }
      }
      if (view.scene) show("scene", view.scene);
      for (const kind of ["breakers", "chargers"])
        for (const [id, part] of Object.entries(view[kind] ?? {})) show(`${kind}:${id}`, part);
      document.dispatchEvent(new CustomEvent("ampledger:view", { detail: view }));
      alive();
    }

    function open() {
      source?.close();
      source = new EventSource(url);
      source.addEventListener("view", (event) => take(JSON.parse(event.data)));
      source.addEventListener("beat", alive);
      source.addEventListener("error", () => {
        reconnecting();
        if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
      });
    }

    open();
  }

  // --- The list ---

  async function poll(list) {
    try {
      const answer = await fetch(list.dataset.poll);
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const { installations, knocks } = await answer.json();
      const { dataset } = list;
      if (`${installations.length} ${knocks.length}` !== `${dataset.count} ${dataset.knocks}`)
        location.reload();
      for (const it of installations) show(it.head.id, it);
      if (installations.length) showBadge("live", words().live);
    } catch (fault) {
      console.info("the portal did not answer:", fault.message);
      showBadge("reconnecting", words().reconnecting);
    }
    setTimeout(poll, POLL_MS, list);
  }

  const list = document.querySelector("[data-poll]");
  if (list) {
    bind();
    poll(list);
  }
  if (document.getElementById("sight")) watch(wire().dataset.live);
})();
