// The card of a field, and the lists below the matrix.

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
      const hosts = can.length ? hostNames(can) : "no host";
      const share = `${hosts} (${hostCount(can)} of ${data.hosts})`;
      const refusal = kind === undefined ? null : kinds[kind].models[column];
      const { reasons, count } = data.refusals[refusal] ?? { reasons: [], count: 0 };
      const more = count - reasons.length;
      openCard(
        model,
        element("p", {}, description),
        copyable(`--cpu ${model}`, "Copy the line of the model"),
        pairs([["Usable on", share]]),
        ...(reasons.length ? [element("h3", {}, `Blockers on ${kindName(kind)}`)] : []),
        element(
          "ul",
          { class: "facts" },
          ...reasons.map((reason) => element("li", {}, data.reasons[reason])),
        ),
        ...(more > 0
          ? [element("p", {}, `and ${more} more; idreg models --host FILE has all`)]
          : []),
      );
    },
  };
}
