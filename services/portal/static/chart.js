// Draws a trace finer than the server does, and goes on with what the live stream tells.
//
//   <figure data-trace="/api/v1/…/trace" data-span="3600">   what, and how many seconds of it
"use strict";

(() => {
  const ANEW_MS = 60000; // minutes are over every minute
  const POINTS_MAX = 8000;
  const DASHES = { L1: [], L2: [8, 4], L3: [2, 3] }; // colour never alone

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const figure = document.querySelector("[data-trace]");
  if (!figure) return;
  const { trace, zone, limit, committed } = figure.dataset;
  const span_s = Number(figure.dataset.span);
  const lines = figure.dataset.lines.split(" ");
  const place = document.createElement("div");
  let columns = null; // when, a column for each line, those that are committed, the limit
  let withCommitted = false;
  let ahead_ms = 0; // of our clock, the server's
  let chart = null;

  const now_s = () => (Date.now() + ahead_ms) / 1000;

  // --- Data ---

  /** Lay a trace out in columns; a time of which nothing is known becomes a hole. */
  function taken(told) {
    withCommitted = told.lines.every((it) => it.committed_a !== null);
    const values = [...told.lines.map((it) => it.mean_a)];
    if (withCommitted) values.push(...told.lines.map((it) => it.committed_a));
    values.push(told.limit_a);
    const found = [[], ...values.map(() => [])];
    told.at_s.forEach((at_s, index) => {
      const last_s = found[0].at(-1);
      if (last_s !== undefined && at_s - last_s > 1.6 * told.step_s) {
        found[0].push(last_s + told.step_s / 2);
        values.forEach((_, column) => found[column + 1].push(null));
      }
      found[0].push(at_s);
      values.forEach((it, column) => found[column + 1].push(it[index]));
    });
    return found;
  }

  function forget() {
    const since_s = now_s() - span_s;
    let old = columns[0].findIndex((it) => it >= since_s);
    if (old < 0) old = columns[0].length;
    old = Math.max(old, columns[0].length - POINTS_MAX);
    if (old > 0) columns.forEach((it) => it.splice(0, old));
  }

  async function read() {
    const from = new Date((now_s() - span_s) * 1000).toISOString();
    const answer = await fetch(`${trace}?from=${encodeURIComponent(from)}`, {
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) throw new Error(`the trace answered ${answer.status}`);
    const date = Date.parse(answer.headers.get("Date") ?? "");
    if (!Number.isNaN(date)) ahead_ms = date - Date.now();
    columns = taken(await answer.json());
  }

  // --- Drawing ---

  /** Put data in; while nobody points at a moment, the legend tells of the latest one. */
  function put() {
    chart.setData(columns);
    if (chart.cursor.left < 0) latest();
  }

  const latest = () => chart.setLegend({ idx: columns[0].length - 1 });

  function series() {
    const amperes = (_, value) => (value === null || value === undefined ? "–" : `${value.toFixed(1)} A`);
    const line = (label, name, dash, more) => ({
      label, stroke: colour(name), width: 2, dash, value: amperes, points: { show: false }, ...more,
    });
    const stepped = uPlot.paths.stepped({ align: 1 });
    const time = new Intl.DateTimeFormat(document.documentElement.lang, {
      timeStyle: "medium", timeZone: zone, hourCycle: "h23",
    });
    return [
      { value: (_, at_s) => (at_s === null || at_s === undefined ? "–" : time.format(at_s * 1000)) },
      ...lines.map((it) => line(it, `--${it.toLowerCase()}`, DASHES[it])),
      ...(withCommitted
        ? lines.map((it) => line(`${it} ${committed}`, `--${it.toLowerCase()}`, DASHES[it], { width: 1, alpha: 0.55 }))
        : []),
      line(limit, "--tick", [], { paths: stepped }),
    ];
  }

  function draw() {
    chart?.destroy();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const options = {
      width: place.clientWidth,
      height: 240,
      tzDate: (at_s) => uPlot.tzDate(new Date(at_s * 1000), zone),
      scales: {
        x: { range: () => [now_s() - span_s, now_s()] },
        y: { range: (_, __, most) => [0, Math.max(8, (most ?? 0) * 1.1)] },
      },
      axes: [
        { ...axis, values: [[3600, "{HH}:{mm}"], [60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]] },
        { ...axis, size: 52, values: (_, ticks) => ticks.map((it) => `${it} A`) },
      ],
      series: series(),
    };
    chart = new uPlot(options, columns, place);
    latest();
  }

  async function anew() {
    try {
      await read();
      if (!place.isConnected) {
        figure.querySelector(".drawn").setAttribute("hidden", "");
        figure.querySelector(".keys").setAttribute("hidden", "");
        figure.append(place);
        draw();
        figure.dataset.drawn = "true";
      } else {
        put();
        await rows();
      }
    } catch (fault) {
      console.info("the chart waits:", fault.message);
    }
    setTimeout(anew, ANEW_MS);
  }

  /** The table is the server's: it is taken from the page as it would be drawn now. */
  async function rows() {
    const page = await fetch(location.href);
    if (!page.ok) return;
    const parsed = new DOMParser().parseFromString(await page.text(), "text/html");
    const fresh = parsed.querySelector("[data-rows]");
    if (fresh) document.querySelector("[data-rows]").replaceWith(fresh);
  }

  // --- Live ---

  function add(at_s, currents, more, limit_a) {
    if (!columns || !chart || span_s > 7200 || at_s <= (columns[0].at(-1) ?? 0)) return;
    columns[0].push(at_s);
    [...currents, ...more, limit_a].forEach((it, column) => columns[column + 1].push(it));
    forget();
    put();
  }

  const INDEX = { L1: 0, L2: 1, L3: 2 };

  document.addEventListener("ampledger:view", ({ detail: view }) => {
    const { charger, breaker } = figure.dataset;
    const one = charger && view.chargers?.[charger];
    if (one && one.at_s !== null)
      add(one.at_s, lines.map((it) => one.current_a[INDEX[it]]), [], one.view.limit_a);
    const bars = breaker && view.breakers?.[breaker]?.bars;
    if (bars && bars[0].measured_a !== null)
      add(
        now_s(),
        bars.map((it) => it.measured_a),
        withCommitted ? bars.map((it) => it.committed_a) : [],
        bars[0].set_a,
      );
  });

  new ResizeObserver(() => chart?.setSize({ width: place.clientWidth, height: 240 })).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart && draw());
  anew();
})();
