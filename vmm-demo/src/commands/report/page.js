// The page's data, filters and small parts. Text from hosts reaches the page as text only.

const data = JSON.parse(document.getElementById("data").textContent);
const { kinds, fields, relations } = data;
const SHOWN_NAMES = 4;
const $ = (id) => document.getElementById(id);

/** An element with attributes and children; text stays text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

const fullName = (name) => name && data.directory + name;

/** The first host of a kind, and the number of the others. */
function kindName(kind) {
  const { names, count } = kinds[kind];
  const first = names.length ? names[0] : "a host";
  return count > 1 ? `${first} and ${(count - 1).toLocaleString("en")} more` : first;
}

const hostCount = (list) => list.reduce((sum, kind) => sum + kinds[kind].count, 0);

/** The first hosts of kinds, and the number of the others. */
function hostNames(list) {
  if (list.length === kinds.length && list.length > 1) return "all hosts";
  const first = [];
  for (const kind of list) {
    for (const name of kinds[kind].names) {
      if (first.length < SHOWN_NAMES) first.push(name);
    }
    if (first.length === SHOWN_NAMES) break;
  }
  const more = hostCount(list) - first.length;
  if (!first.length) return counted(more, "host");
  return more ? `${first.join(", ")} and ${more.toLocaleString("en")} more` : first.join(", ");
}

const stateOf = (field, kind) => field.states[field.cells[kind] ?? 0];

// Filters.

const searchedHosts = kinds.map((kind) =>
  kind.names
    .map((name) => data.directory + name)
    .join("\n")
    .toLowerCase(),
);
const searchedFields = fields.map((field) =>
  [field.property, `${field.register}.${field.field}`, ...field.features].join("\n").toLowerCase(),
);

/** The kinds and fields that the filters leave. */
function filtered() {
  let rows = kinds.map((_, position) => position);
  let columns = fields.map((_, position) => position);
  if (!$("all-fields").checked) columns = columns.filter((column) => fields[column].differs);
  if ($("in-the-way").checked) columns = columns.filter((column) => fields[column].in_the_way);
  if ($("mitigations").checked) columns = columns.filter((column) => fields[column].mitigation);
  const register = $("register").value;
  if (register) columns = columns.filter((column) => fields[column].register === register);
  const feature = $("feature").value;
  if (feature) columns = columns.filter((column) => fields[column].features.includes(feature));
  for (const word of $("search").value.toLowerCase().split(/\s+/).filter(Boolean)) {
    const inHosts = searchedHosts.some((text) => text.includes(word));
    const inFields = searchedFields.some((text) => text.includes(word));
    // A word that is in neither leaves nothing.
    if (inHosts || !inFields) rows = rows.filter((row) => searchedHosts[row].includes(word));
    if (inFields || !inHosts) {
      columns = columns.filter((column) => searchedFields[column].includes(word));
    }
  }
  return { rows, columns };
}

function options(select, values) {
  const made = values.map((value) => element("option", { value }, value));
  select.append(...made);
}

function startFilters(show) {
  const differing = fields.filter((field) => field.differs);
  options($("register"), [...new Set(differing.map((field) => field.register))]);
  options($("feature"), [...new Set(differing.flatMap((field) => field.features))].sort());
  $("in-the-way").disabled = !fields.some((field) => field.in_the_way);
  $("mitigations").disabled = !fields.some((field) => field.mitigation);
  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(show);
  };
  const form = $("filters");
  form.addEventListener("input", soon);
  form.addEventListener("reset", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const clear of document.querySelectorAll(".clear")) {
    clear.addEventListener("click", () => {
      form.reset();
      $("search").focus();
    });
  }
}

function sayCounts({ rows, columns }) {
  const all = fields.filter((field) => field.differs).length;
  $("counts").textContent =
    `${rows.length.toLocaleString("en")} of ${counted(kinds.length, "kind")} ` +
    `(${counted(hostCount(rows), "host")}), ${columns.length.toLocaleString("en")} of ` +
    `${counted($("all-fields").checked ? fields.length : all, "field")}`;
}

// Copying.

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the permission the text is selected, for the keys of the system.
    const code = button.parentElement.querySelector("code");
    getSelection().selectAllChildren(code);
    if (!document.execCommand("copy")) return;
  }
  button.textContent = "Copied";
  $("said").textContent = `Copied ${text.slice(0, 80)}`;
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

/** Text in a line that can be selected, with a button that copies it. */
function copyable(text, label) {
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  // A line can break after each comma.
  const words = text.split(/(?<=,)/).flatMap((word) => [word, element("wbr")]);
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => copy(text, button));
  return element("span", { class: "copyable" }, element("code", {}, ...words), button);
}

// Colours: those of the system until the button is pressed.

function startTheme() {
  const button = $("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  const stored = (change) => {
    try {
      return change(localStorage);
    } catch {
      return null; // A browser may keep nothing for files.
    }
  };
  const kept = stored((storage) => storage.getItem("idreg-report-theme"));
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    stored((storage) => storage.setItem("idreg-report-theme", root.dataset.theme));
    show();
  });
  system.addEventListener("change", show);
  show();
}
