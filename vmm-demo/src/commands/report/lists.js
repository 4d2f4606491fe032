// Lists below the matrix, the card of a field, the curve, and the start.

const SHOWN_FORMS = 40;

function openCard(heading, ...content) {
  const close = element("button", { type: "button", class: "close" }, "Close");
  const card = $("card");
  close.addEventListener("click", () => card.close());
  const title = element("h2", { id: "card-heading" }, heading);
  card.replaceChildren(element("header", {}, title, close), ...content);
  card.showModal();
}

function pairs(entries) {
  const list = element("dl", { class: "pairs" });
  for (const [name, value] of entries) {
    if (value) list.append(element("dt", {}, name), element("dd", {}, value));
  }
  return list;
}

function tableOf(headings, rows) {
  const head = element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map((row) => {
    const [first, ...rest] = row;
    const cells = rest.map((text) => element("td", {}, text));
    return element("tr", {}, element("th", { scope: "row" }, first), ...cells);
  });
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

/** The accepted values of a field, each with the kinds that accept them. */
function acceptedBy(field) {
  const groups = field.accepted.map(({ values, limits }) => ({ values, limits, of: [] }));
  kinds.forEach((_, kind) => groups[field.accepts[kind] ?? 0].of.push(kind));
  return groups;
}

/** The kinds that do not accept the greatest value of a field. */
const limitedBy = (field) => acceptedBy(field).flatMap(({ limits, of }) => (limits ? of : []));

/** Shows the values of a field on all hosts, and those that they accept. */
function openField(column, kind) {
  const field = fields[column];
  const byState = field.states.map(() => []);
  kinds.forEach((_, position) => byState[field.cells[position] ?? 0].push(position));
  const values = field.states.map(({ value, relation }, state) => [
    value,
    relations[relation].name,
    hostNames(byState[state]),
  ]);
  const accepted = acceptedBy(field).map(({ values, of }) => [values, hostNames(of)]);
  const limits = limitedBy(field);
  const here = kind === undefined ? undefined : stateOf(field, kind);
  openCard(
    `${field.register}.${field.field}`,
    copyable(field.property, "Copy the property"),
    pairs([
      [here && kindName(kind), here && `${here.value}, ${relations[here.relation].name}`],
      ["Model", field.model],
      ["Greatest on a host", field.greatest],
      ["Limited by", limits.length ? hostNames(limits) : "no host"],
      ["Features", field.features.join(", ")],
      ["Audience", field.audience],
      ["Mitigation", field.mitigation && "yes: it describes a mitigation of speculation attacks"],
    ]),
    tableOf(["Value", "Relation", "Hosts"], values),
    tableOf(["Accepted values", "Hosts"], accepted),
  );
}

function showLimits(columns) {
  const rows = columns.map((column) => {
    const { property, model, greatest, in_the_way } = fields[column];
    const limited = limitedBy(fields[column]);
    const button = element("button", { type: "button", class: "link" }, property);
    button.addEventListener("click", () => openField(column));
    const limits = in_the_way
      ? `in the way: ${acceptedBy(fields[column])
          .map(({ values, of }) => `${values} on ${hostNames(of)}`)
          .join("; ")}`
      : limited.length
        ? hostNames(limited)
        : "no host";
    return element(
      "tr",
      { class: in_the_way ? "in-the-way" : undefined },
      element("th", { scope: "row" }, button),
      element("td", {}, model ?? "–"),
      element("td", {}, greatest ?? "–"),
      element("td", {}, limits),
    );
  });
  $("limits").tBodies[0].replaceChildren(...rows);
}

function showForms(rows) {
  const byForm = new Map();
  for (const kind of rows) {
    const { cpu } = kinds[kind];
    byForm.set(cpu, [...(byForm.get(cpu) ?? []), kind]);
  }
  const item = ([cpu, of]) => {
    const hosts = element("p", {}, `${counted(hostCount(of), "host")}: ${hostNames(of)}`);
    const line =
      cpu === null
        ? element("p", { class: "none" }, "No line: left out, or without a model.")
        : copyable(`--cpu ${cpu}`, `Copy the line of ${hostNames(of)}`);
    return element("li", {}, line, hosts);
  };
  const forms = [...byForm];
  const list = $("forms");
  list.replaceChildren(...forms.splice(0, SHOWN_FORMS).map(item));
  const more = $("more-forms");
  more.hidden = !forms.length;
  more.textContent = `Show ${counted(forms.length, "more line")}`;
  more.onclick = () => {
    more.hidden = true;
    const made = forms.map(item);
    list.append(...made);
    made[0].querySelector("button")?.focus();
  };
}

/** Calls `show` with the newest arguments while a section is near the visible part. */
function whileNear(section, show) {
  let [isNear, newest] = [false, undefined];
  const update = () => {
    if (!isNear || !newest) return;
    show(...newest);
    newest = undefined;
  };
  const observer = new IntersectionObserver(
    ([entry]) => {
      isNear = entry.isIntersecting;
      update();
    },
    { rootMargin: "800px" },
  );
  observer.observe(section);
  return (...values) => {
    newest = values;
    update();
  };
}

function namedParts() {
  return {
    corner: "Kind",
    heading(column) {
      const { model, deprecated } = data.models[column];
      return { register: deprecated ? "deprecated" : "", name: model };
    },
    cell(kind, column) {
      const refusal = kinds[kind].models[column];
      if (refusal === null) return { text: "✓", relation: "usable", label: "usable" };
      const { count } = data.refusals[refusal];
      return { text: String(count), relation: "blocked", label: counted(count, "blocker") };
    },
    open(column, kind) {
      const { model, description } = data.models[column];
      const can = kinds.flatMap((one, position) => (one.models[column] === null ? [position] : []));
      const share = `${can.length ? hostNames(can) : "no host"} (${hostCount(can)} of ${data.hosts})`;
      const refusal = kind === undefined ? null : kinds[kind].models[column];
      const { reasons, count } = data.refusals[refusal] ?? { reasons: [], count: 0 };
      const more = count - reasons.length;
      openCard(
        model,
        element("p", {}, description),
        copyable(`--cpu ${model}`, "Copy the line of the model"),
        pairs([["Usable on", share]]),
        ...(reasons.length ? [element("h3", {}, `Blockers on ${kindName(kind)}`)] : []),
        element("ul", { class: "facts" }, ...reasons.map((reason) => element("li", {}, data.reasons[reason]))),
        ...(more > 0 ? [element("p", {}, `and ${more} more; idreg models --host FILE has all`)] : []),
      );
    },
  };
}

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
      drawing("line", { x1: left, x2: width - right, y1: y(features), y2: y(features), class: "rule" }),
      drawing("text", { x: left - 8, y: y(features) + 4, "text-anchor": "end" }, String(features)),
      drawing("text", { x: x(hosts), y: height - 18, "text-anchor": anchor }, hosts.toLocaleString("en")),
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
  const answer = whole.features === null ? "have no model" : `have ${counted(whole.features, "feature")}`;
  const label = `Features of the model by hosts covered: all ${counted(data.hosts, "host")} ${answer}`;
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
}

// Paper: the filtered matrix in tables as wide as a sheet.

const COLUMNS_OF_SHEET = 20;
const ROWS_OF_PRINT = 200;

function printMatrix(rows, columns) {
  const sheets = [];
  for (let first = 0; first < columns.length; first += COLUMNS_OF_SHEET) {
    const some = columns.slice(first, first + COLUMNS_OF_SHEET);
    const head = some.map((column) => `${fields[column].register}.${fields[column].field}`);
    const model = ["Model", ...some.map((column) => digits(fields[column].model ?? "–"))];
    const body = rows.map((kind) => [
      kindName(kind),
      ...some.map((column) => {
        const { value, relation } = stateOf(fields[column], kind);
        return `${digits(value)} ${relations[relation].sign}`;
      }),
    ]);
    sheets.push(tableOf(["Kind", ...head], [model, ...body]));
  }
  return sheets;
}

function printNamed(rows) {
  const text = (refusal) => (refusal === null ? "✓" : String(data.refusals[refusal].count));
  const body = rows.map((kind) => [kindName(kind), ...kinds[kind].models.map(text)]);
  return tableOf(["Kind", ...data.models.map(({ model }) => model)], body);
}

function startPrint() {
  let printed = [];
  const clear = () => printed.forEach((part) => part.remove());
  addEventListener("beforeprint", () => {
    clear();
    const { rows, columns } = filtered();
    const shown = rows.slice(0, ROWS_OF_PRINT);
    const note = `The first ${shown.length} of ${counted(rows.length, "kind")}; filters select others.`;
    const some = rows.length > shown.length ? [element("p", {}, note)] : [];
    printed = [
      element("div", { class: "printed" }, ...printMatrix(shown, columns), ...some),
      element("div", { class: "printed" }, printNamed(shown)),
    ];
    $("hosts").append(printed[0]);
    $("models").append(printed[1]);
  });
  addEventListener("afterprint", clear);
}

function start() {
  const matrix = new Grid($("matrix"), matrixParts());
  const named = new Grid($("named"), namedParts());
  const models = data.models.map((_, position) => position);
  const showNamed = whileNear($("models"), (rows) => named.show(rows, models));
  const show = () => {
    const { rows, columns } = filtered();
    matrix.show(rows, columns);
    $("no-cells").hidden = rows.length > 0 && columns.length > 0;
    sayCounts({ rows, columns });
    showLimits(columns);
    showForms(rows);
    showNamed(rows);
  };
  startTheme();
  startFilters(show);
  showLegend();
  show();
  showCurve();
  showSteps();
  startPrint();
  addEventListener("resize", showCurve);
}

start();
