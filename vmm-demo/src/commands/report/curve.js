// The curve.

function drawing(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function showCurve() {
  const points = data.coverage;
  const place = $("curve");
  const [width, height] = [Math.max(place.clientWidth, 280), 240];
  const [left, right, top, bottom] = [44, 16, 16, 40];
  const most = Math.max(1, ...points.map((point) => point.features ?? 0));
  const x = (hosts) => left + ((width - left - right) * hosts) / data.hosts;
  const y = (features) => top + (height - top - bottom) * (1 - features / most);
  const grid = [0, 0.5, 1].flatMap((part) => {
    const features = Math.round(most * part);
    const hosts = Math.round(data.hosts * part);
    const anchor = part === 1 ? "end" : "middle";
    return [
      drawing("line", {
        x1: left,
        x2: width - right,
        y1: y(features),
        y2: y(features),
        class: "rule",
      }),
      drawing("text", { x: left - 8, y: y(features) + 4, "text-anchor": "end" }, String(features)),
      drawing(
        "text",
        { x: x(hosts), y: height - 18, "text-anchor": anchor },
        hosts.toLocaleString("en"),
      ),
    ];
  });
  let path = "";
  for (const { hosts, features } of [...points].reverse()) {
    if (features === null) break;
    path += path ? `H${x(hosts)}V${y(features)}` : `M${x(0)} ${y(features)}H${x(hosts)}`;
  }
  const dots = points.map(({ hosts, features }) => {
    const what = features === null ? "no model" : counted(features, "feature");
    const title = drawing("title", {}, `${counted(hosts, "host")}: ${what}`);
    const kind = features === null ? "dot none" : "dot";
    return drawing("circle", { cx: x(hosts), cy: y(features ?? 0), r: 3.5, class: kind }, title);
  });
  const whole = points[0];
  const answer =
    whole.features === null ? "have no model" : `have ${counted(whole.features, "feature")}`;
  const all = `all ${counted(data.hosts, "host")} ${answer}`;
  const label = `Features of the model by hosts covered: ${all}`;
  const svg = drawing(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    ...grid,
    drawing("text", { x: left, y: height - 2 }, "hosts covered →  (hollow: no model)"),
    drawing("path", { d: path, class: "curve" }),
    ...(points.length > 200 ? [] : dots),
  );
  place.replaceChildren(svg);
}

function showSteps() {
  const rows = data.coverage.map(({ hosts, features, left_out }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, hosts.toLocaleString("en")),
      element("td", {}, `${((100 * hosts) / data.hosts).toFixed(1)} %`),
      element("td", {}, features === null ? "no model" : String(features)),
      element("td", {}, left_out ?? "–"),
    ),
  );
  $("steps").tBodies[0].replaceChildren(...rows);
  if (rows.length < kinds.length) {
    const note = `The first ${rows.length} of ${counted(kinds.length, "step")}; `;
    $("curve").after(
      element("p", {}, note, element("code", {}, "idreg baseline --coverage"), " has all."),
    );
  }
}
