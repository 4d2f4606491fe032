// Grids of kinds: cells exist while they are near the visible part.

const NEAR = "300px";
const COLUMNS_AT_ONCE = 8;
const SHOWN_HOSTS = 200;

/** A table of kinds by columns that arrow keys move in. */
class Grid {
  /**
   * `parts` has `corner`, `heading(column)`, `model(column)` if there is a row for the model, and
   * `cell(kind, column)`: text, sign, relation and label; `open(column, kind)` acts on a cell.
   */
  constructor(table, parts) {
    this.table = table;
    this.parts = parts;
    this.head = table.createTHead();
    this.body = table.createTBody();
    this.columns = [];
    this.rows = new Map();
    this.filled = new Set();
    this.window = [0, 0];
    this.observer = new IntersectionObserver((entries) => this.seen(entries), {
      root: table.parentElement,
      rootMargin: NEAR,
    });
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("click", (event) => this.click(event));
    table.addEventListener("focusin", (event) => {
      if (event.target === table) this.current?.focus();
      else this.rove(event.target);
    });
    const place = table.parentElement;
    let waiting = 0;
    const moved = () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => this.moveWindow());
    };
    place.addEventListener("scroll", moved, { passive: true });
    new ResizeObserver(moved).observe(place);
  }

  show(rows, columns) {
    this.observer.disconnect();
    const isOther = String(columns) !== String(this.columns);
    if (isOther || !this.head.rows.length) {
      this.columns = columns;
      const longest = Math.max(0, ...columns.map((column) => this.label(column).length));
      this.table.style.setProperty("--columns", columns.length);
      this.table.ariaColCount = columns.length + 1;
      this.table.parentElement.style.setProperty("--heading", `${longest * 0.46 + 1.6}rem`);
      this.fillHead();
      for (const row of [...this.filled]) this.empty(row);
      this.width = this.head.rows[0].cells[1]?.offsetWidth || 1;
      this.window = this.visible();
    }
    const shown = rows.map((kind) => this.row(kind));
    const withHosts = shown.flatMap((row) => (row.hosts ? [row, row.hosts] : [row]));
    this.body.replaceChildren(...withHosts);
    for (const row of shown) this.observer.observe(row);
    this.rove(this.target(this.head.rows[0]?.cells[0]));
  }

  label(column) {
    const { register, name } = this.parts.heading(column);
    return `${register} ${name}`;
  }

  fillHead() {
    const { corner, heading, model } = this.parts;
    const headings = this.columns.map((column) => {
      const { register, name, label, note } = heading(column);
      const text = [element("span", {}, register), " ", element("b", {}, name)];
      const button = element("button", { type: "button", tabindex: -1 }, ...text);
      if (label) button.setAttribute("aria-label", label);
      const made = element("th", { scope: "col", "data-note": note }, button);
      made.column = column;
      return made;
    });
    const first = element("th", { scope: "col", class: "corner", tabindex: -1 }, corner);
    const rows = [element("tr", {}, first, ...headings)];
    if (model) {
      const cells = this.columns.map((column) => {
        const made = element("td", { tabindex: -1, title: model(column) }, digits(model(column)));
        made.column = column;
        return made;
      });
      const name = element("th", { scope: "row", tabindex: -1 }, "Model");
      rows.push(element("tr", { class: "model" }, name, ...cells));
    }
    this.head.replaceChildren(...rows);
    let register;
    headings.forEach((made, position) => {
      const own = heading(this.columns[position]).register;
      if (own !== register) made.classList.add("first");
      register = own;
    });
  }

  row(kind) {
    let row = this.rows.get(kind);
    if (!row) {
      const count = kinds[kind].count;
      const button = element(
        "button",
        {
          type: "button",
          tabindex: -1,
          "aria-expanded": "false",
          title: fullName(kinds[kind].names[0]),
        },
        element("span", { class: "name" }, kinds[kind].names[0] ?? "a host"),
        element("span", { class: "count" }, counted(count, "host")),
      );
      if (kinds[kind].cpu === null) {
        button.prepend(element("span", { class: "hidden" }, "left out: "));
      }
      row = element("tr", {}, element("th", { scope: "row" }, button));
      row.kind = kind;
      row.classList.toggle("left-out", kinds[kind].cpu === null);
      this.rows.set(kind, row);
    }
    return row;
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.fill(target);
      else if (!target.contains(document.activeElement)) this.empty(target);
    }
  }

  /** The first of the columns near the visible part, and the one after the last. */
  visible() {
    const { scrollLeft, clientWidth } = this.table.parentElement;
    const step = this.width * COLUMNS_AT_ONCE;
    const first = (Math.floor(scrollLeft / step) - 1) * COLUMNS_AT_ONCE;
    const last = (Math.ceil((scrollLeft + clientWidth) / step) + 1) * COLUMNS_AT_ONCE;
    return [Math.max(first, 0), Math.min(last, this.columns.length)];
  }

  moveWindow(window = this.visible()) {
    if (String(window) === String(this.window)) return;
    this.window = window;
    for (const row of [...this.filled]) {
      const focused = row.contains(document.activeElement) && document.activeElement;
      this.empty(row);
      this.fill(row);
      if (focused && !focused.isConnected) {
        const again = [...row.cells].find((cell) => cell.column === focused.column);
        this.target(again ?? row.cells[0]).focus({ preventScroll: true });
      }
    }
  }

  fill(row) {
    if (row.kind === undefined || row.cells.length > 1) return;
    const [first, last] = this.window;
    const cells = [];
    for (let at = first; at < last; at += 1) {
      const column = this.columns[at];
      const { text, sign, relation, label } = this.parts.cell(row.kind, column);
      const made = document.createElement("td");
      made.tabIndex = -1;
      made.textContent = text;
      made.dataset.relation = relation;
      if (sign) made.dataset.sign = sign;
      made.setAttribute("aria-label", label);
      made.ariaColIndex = at + 2;
      made.title = label;
      made.column = column;
      made.at = at + 1;
      cells.push(made);
    }
    if (first > 0) cells.unshift(filler(first));
    if (last < this.columns.length) cells.push(filler(this.columns.length - last));
    row.append(...cells);
    this.filled.add(row);
  }

  empty(row) {
    while (row.cells.length > 1) row.lastElementChild.remove();
    this.filled.delete(row);
  }

  // Focus: one cell is in the order of the Tab key.

  target(cell) {
    return cell?.querySelector("button") ?? cell;
  }

  rove(target) {
    if (!target || target.closest(".hosts")) return;
    if (this.current?.isConnected) this.current.tabIndex = -1;
    target.tabIndex = 0;
    this.current = target;
  }

  key(event) {
    const cell = event.target.closest("th, td");
    if (!cell || cell.closest(".hosts") || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && !event.target.closest("button")) {
      // Else the key would also press the button of the card that opens.
      event.preventDefault();
      this.click(event);
      return;
    }
    const rows = [...this.table.rows].filter((row) => !row.classList.contains("hosts"));
    const [row, column] = [rows.indexOf(cell.parentElement), cell.at ?? cell.cellIndex];
    const end = [rows.length - 1, this.columns.length];
    const page = 10;
    const places = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageUp: [row - page, column],
      PageDown: [row + page, column],
      Home: [event.ctrlKey ? 0 : row, 0],
      End: event.ctrlKey ? end : [row, end[1]],
    };
    const place = places[event.key];
    if (!place) return;
    event.preventDefault();
    const [down, along] = place.map((at, axis) => Math.min(Math.max(at, 0), end[axis]));
    const [first, last] = this.window;
    if (along > 0 && (along <= first || along > last)) {
      const around = [along - COLUMNS_AT_ONCE, along + COLUMNS_AT_ONCE];
      this.moveWindow([Math.max(around[0], 0), Math.min(around[1], this.columns.length)]);
    }
    this.fill(rows[down]);
    const cells = [...rows[down].cells];
    this.target(
      cells.find((one) => (one.at ?? one.cellIndex) === along && !one.ariaHidden),
    )?.focus();
  }

  click(event) {
    const cell = event.target.closest("th, td");
    if (!cell || cell.closest(".hosts")) return;
    const kind = cell.parentElement.kind;
    if (cell.column !== undefined) this.parts.open(cell.column, kind);
    else if (kind !== undefined) this.unfold(cell.parentElement);
  }

  unfold(row) {
    const button = row.querySelector("button");
    const isOpen = Boolean(row.hosts);
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) {
      row.hosts.remove();
      row.hosts = undefined;
    } else {
      row.hosts = hostsRow(row.kind, this.columns.length + 1);
      row.after(row.hosts);
    }
  }
}

/** A cell in place of some that are not visible. */
const filler = (columns) => element("td", { colspan: columns, "aria-hidden": "true" });

/** The facts and fields for which a kind cannot give the model. */
function whyLeftOut(kind) {
  const inTheWay = fields.filter(
    (field) => relations[stateOf(field, kind).relation].name === "in the way",
  );
  const reasons = [...(kinds[kind].facts ?? []), ...inTheWay.map((field) => field.property)];
  if (!reasons.length) return "Left out, or without a model.";
  return `Left out. In the way: ${reasons.join(", ")}`;
}

/** The row with the hosts of a kind and their line. */
function hostsRow(kind, span) {
  const { names, count, cpu, midr, kernel } = kinds[kind];
  const list = element("ul", { class: "names" });
  const add = (some) => list.append(...some.map((name) => element("li", {}, fullName(name))));
  add(names.slice(0, SHOWN_HOSTS));
  const more = names.length - SHOWN_HOSTS;
  const all = element("button", { type: "button" }, `Show ${counted(more, "more name")}`);
  all.addEventListener("click", () => {
    add(names.slice(SHOWN_HOSTS));
    all.remove();
  });
  const unnamed = count - names.length;
  const line =
    cpu === null
      ? element("p", { class: "warning" }, whyLeftOut(kind))
      : copyable(`--cpu ${cpu}`, `Copy the line of ${kindName(kind)}`);
  const facts = `MIDR_EL1 ${midr ?? "absent"}, Linux ${kernel}`;
  const content = element("div", {}, line, element("p", {}, facts), list);
  if (more > 0) content.append(all);
  if (unnamed > 0)
    content.append(element("p", {}, `${counted(unnamed, "host")} without a name here`));
  return element("tr", { class: "hosts" }, element("td", { colspan: span }, content));
}

/** The number of a value such as `0x1 (IMP)`. */
const digits = (value) => value.split(" ")[0];

function matrixParts() {
  return {
    corner: "Kind",
    heading(column) {
      const { register, field, property, in_the_way } = fields[column];
      const note = in_the_way ? "in the way" : undefined;
      return { register, name: field, note, label: note && `${property}, stands in the way` };
    },
    model:
      data.kinds.some((kind) => kind.cpu !== null) && ((column) => fields[column].model ?? "–"),
    cell(kind, column) {
      const field = fields[column];
      const { value, relation } = stateOf(field, kind);
      const { name, sign } = relations[relation];
      const label = `${value}, ${name}`;
      return { text: digits(value), sign, relation: name, label };
    },
    open: (column, kind) => openField(column, kind),
  };
}

function showLegend() {
  const used = new Set(fields.flatMap((field) => field.states.map((state) => state.relation)));
  const items = relations.map(({ name, sign, meaning }, position) => {
    if (!used.has(position)) return undefined;
    const box = element("span", { class: "box", "data-relation": name, "data-sign": sign });
    return element("li", {}, box, element("b", {}, name), ` ${meaning}`);
  });
  $("legend").append(...items.filter(Boolean));
}
