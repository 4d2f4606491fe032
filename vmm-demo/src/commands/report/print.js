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
  let [printed, opened] = [[], []];
  const clear = () => {
    printed.forEach((part) => part.remove());
    opened.forEach((part) => (part.open = false));
  };
  addEventListener("beforeprint", () => {
    clear();
    const { rows, columns } = filtered();
    const shown = rows.slice(0, ROWS_OF_PRINT);
    const all = counted(rows.length, "kind");
    const note = `The first ${shown.length} of ${all}; filters select others.`;
    const some = rows.length > shown.length ? [element("p", {}, note)] : [];
    printed = [
      element("div", { class: "printed" }, ...printMatrix(shown, columns), ...some),
      element("div", { class: "printed" }, printNamed(shown)),
    ];
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((part) => (part.open = true));
    $("hosts").append(printed[0]);
    $("models").append(printed[1]);
  });
  addEventListener("afterprint", clear);
}
