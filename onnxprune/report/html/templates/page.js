"use strict";
(() => {
  const { charts, report } = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const coarse = matchMedia("(pointer: coarse)").matches;
  const views = new Map();

  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  // The names of colours become those of the theme that is on.
  const painted = (value) => {
    if (typeof value === "string") return /^\$[a-z]+$/.test(value) ? colour(value.slice(1)) : value;
    if (Array.isArray(value)) return value.map(painted);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === "values" ? inner : painted(inner)]));
    }
    return value;
  };

  const theme = () => ({
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    view: { stroke: null },
    axis: { labelColor: colour("soft"), titleColor: colour("soft"), domainColor: colour("line"), tickColor: colour("line"), gridColor: colour("line"), titleFontWeight: 400 },
    legend: { orient: "top", columns: root.clientWidth < 600 ? 2 : 0, labelColor: colour("ink"), titleColor: colour("soft"), symbolType: "square" },
  });

  // On a touch screen a chart that takes drags would hold the page fast.
  const still = (spec) => ({ ...spec, layer: spec.layer?.map((l) => ({ ...l, params: l.params?.filter((p) => p.bind !== "scales") })) });

  async function draw() {
    for (const [id, spec] of Object.entries(charts)) {
      const place = document.getElementById(`chart-${id}`);
      if (!place || typeof vegaEmbed === "undefined") continue;
      const full = { width: "container", ...painted(coarse ? still(spec) : spec) };
      views.get(id)?.finalize();
      const made = await vegaEmbed(place, full, { actions: false, renderer: "svg", config: theme(), tooltip: { theme: root.dataset.theme } });
      views.set(id, made);
      if (id === "coupling") made.view.addEventListener("click", (_, item) => item?.datum && "number" in item.datum && tell(item.datum.number));
    }
    root.dataset.drawn = "yes";
  }

  const element = (tag, text, kind) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  // A group: what became of it, its members, and by which nodes each hangs on another.
  function tell(number) {
    const group = report.details.coupled[number];
    const told = document.getElementById("group-told");
    const state = group.after < group.before ? `${group.before} units, ${group.after} of them stay` : `${group.before} units`;
    const by = group.kind ? `, taken by the pass ${group.kind}` : "";
    const parts = [element("p", `${state}${by}; ${(100 * group.share).toPrecision(3)} % of the dense model's MACs go through it.`)];
    if (group.locked) parts.push(element("p", group.locked, "small"));
    for (const member of group.members) {
      const row = element("div", undefined, "member");
      row.append(element("code", member.axis), ` = ${member.term}`);
      if (member.near) row.append(element("div", `hangs on ${member.near}${member.through.length ? ` by ${member.through.join(", ")}` : ""}`, "way"));
      parts.push(row);
    }
    if (group.more) parts.push(element("p", `And ${group.more} more.`, "small"));
    told.replaceChildren(...parts);
    document.getElementById("group").value = number;
  }

  const select = document.getElementById("group");
  if (select) {
    select.addEventListener("change", () => tell(Number(select.value)));
    tell(0);
  }

  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const turn = (to) => {
    root.dataset.theme = to;
    button.textContent = to === "dark" ? "light" : "dark";
    return draw();
  };
  button.hidden = false;
  button.addEventListener("click", () => turn(root.dataset.theme === "dark" ? "light" : "dark"));
  dark.addEventListener("change", () => turn(dark.matches ? "dark" : "light"));

  const copy = document.getElementById("copy");
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", () => navigator.clipboard.writeText(document.getElementById("command").textContent));
  }
  turn(dark.matches ? "dark" : "light");
})();
