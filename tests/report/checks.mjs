// The checks of the page in a browser; each takes pages that `idreg report` wrote.

import { readFile, writeFile } from "node:fs/promises";
import { dataOf, equal, holds, open, runCheck, violations } from "./browser.mjs";

const counts = (page) => page.textContent("#counts");
const rows = (page) => page.locator("#matrix tbody tr:not(.hosts)");
const columns = (page) => page.locator("#matrix thead tr:first-child th button");

/** Waits until the script has done what the last input asked for. */
const drawn = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60))));

async function type(page, text) {
  await page.fill("#search", text);
  await drawn(page);
}

async function search(file) {
  const page = await open(file);
  equal(await counts(page), "3 of 3 kinds (3 hosts), 11 of 11 fields", "all");
  for (const [text, kinds, fields] of [
    ["neoverse", 1, 11],
    ["NEOVERSE", 1, 11],
    ["ssbs", 3, 1],
    ["feat_lpa", 3, 1],
    ["SYSREG_CTR_EL0_L1Ip", 3, 1],
    ["cortex SSBS", 2, 1],
    ["no-such-thing", 0, 0],
  ]) {
    await type(page, text);
    equal([await rows(page).count(), await columns(page).count()], [kinds, fields], text);
  }
  holds(await page.isVisible("#no-cells"), "a search without results says so");
  await page.click("#no-cells .clear");
  await drawn(page);
  equal(await columns(page).count(), 11, "after clearing");
  equal(await page.evaluate(() => document.activeElement.id), "search", "focus after clearing");
  equal(page.faults, [], "faults");
}

async function filters(model, none) {
  const page = await open(model);
  holds(await page.isDisabled("#in-the-way"), "nothing is in the way of a model");
  await page.check("#mitigations");
  await drawn(page);
  const headings = await columns(page).allTextContents();
  equal(headings, ["ID_AA64PFR1_EL1 SSBS"], "mitigations");
  await page.uncheck("#mitigations");
  await page.selectOption("#register", "MIDR_EL1");
  await drawn(page);
  equal(await columns(page).count(), 3, "fields of MIDR_EL1");
  await page.selectOption("#register", "");
  await page.selectOption("#feature", "FEAT_SSBS2");
  await drawn(page);
  equal(await page.locator("#limits tbody tr").count(), 1, "fields of FEAT_SSBS2");
  await page.click("button[type=reset]");
  await page.check("#all-fields");
  await drawn(page);
  const { fields } = await dataOf(page);
  equal(await columns(page).count(), fields.length, "all fields");
  equal(page.faults, [], "faults");

  const without = await open(none);
  await without.check("#in-the-way");
  await drawn(without);
  const inTheWay = (await dataOf(without)).fields.filter((field) => field.in_the_way).length;
  holds(inTheWay > 0, "some field is in the way");
  equal(await columns(without).count(), inTheWay, "fields in the way");
  holds((await without.locator("td[data-relation='in the way']").count()) > 0, "marked cells");
  const { kinds } = await dataOf(without);
  const leftOut = kinds.filter(({ cpu }) => cpu === null).length;
  const named = without.locator("#matrix th", { hasText: "left out: " });
  equal(await named.count(), leftOut, "kinds that are left out in words");
  equal(without.faults, [], "faults");
}

async function keyboard(file) {
  const page = await open(file);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  const stops = "#matrix :is([tabindex='0'], button:not([tabindex='-1']))";
  await page.keyboard.press("Tab");
  equal(await focused(), "Skip to the matrix", "the first stop");
  await page.keyboard.press("Enter");
  equal(await focused(), "Kind", "the matrix after the skip link");
  equal(await page.locator(stops).count(), 1, "one stop in the matrix");
  await page.keyboard.press("ArrowRight");
  equal(await focused(), "MIDR_EL1 Variant", "a column");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  equal(await focused(), "0x2", "a cell");
  await page.keyboard.press("Enter");
  holds(await page.isVisible("#card"), "Enter opens the field");
  await page.keyboard.press("Escape");
  holds(await page.isHidden("#card"), "Escape closes it");
  equal(await focused(), "0x2", "focus comes back");
  await page.keyboard.press("Control+End");
  equal(await focused(), "0x3", "the last cell");
  equal(await page.locator(stops).count(), 1, "still one stop");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  const line = page.locator("#matrix .hosts code");
  holds((await line.textContent()).startsWith("--cpu host,midr="), "the row opens to its line");
  await page.keyboard.press("Tab");
  equal(await focused(), "Copy", "the stop after the row");
  await page.keyboard.press("Enter");
  await drawn(page);
  equal(
    await page.evaluate(() => navigator.clipboard.readText()),
    await line.textContent(),
    "copy",
  );
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement)) === null) break;
    if (await page.evaluate(() => document.activeElement.matches("#coverage summary"))) {
      equal(page.faults, [], "faults");
      return;
    }
  }
  throw new Error("Tab does not reach the end of the page");
}

async function colours(file) {
  const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await open(file, { colorScheme: "light" });
  const dark = await open(file, { colorScheme: "dark" });
  const [day, night] = [await paper(light), await paper(dark)];
  holds(day !== night, "the page follows the system");
  equal(await dark.getAttribute("#theme", "aria-pressed"), "true", "the button in the dark");
  await light.click("#theme");
  equal(await paper(light), night, "the button makes it dark");
  // Chromium passes what is stored to its other processes some time later.
  await light.waitForTimeout(1000);
  await light.reload();
  equal(await paper(light), night, "and it stays so");
  await light.click("#theme");
  equal(await paper(light), day, "and light again");
  equal([...light.faults, ...dark.faults], [], "faults");
}

async function print(file) {
  const page = await open(file, { colorScheme: "dark" });
  await page.emulateMedia({ media: "print" });
  for (const part of ["#filters", "#theme", "nav", "#matrix"]) {
    holds(await page.isHidden(part), `${part} is not on paper`);
  }
  holds(await page.isVisible("#limits"), "fields are on paper");
  const texts = await page.evaluate(() => {
    dispatchEvent(new Event("beforeprint"));
    const made = [...document.querySelectorAll(".printed th")].map((cell) => cell.textContent);
    const folded = document.querySelectorAll("details:not([open])").length;
    dispatchEvent(new Event("afterprint"));
    return [made, document.querySelectorAll(".printed").length, folded];
  });
  const { fields } = await dataOf(page);
  const differing = fields.filter((field) => field.differs);
  const missing = differing.filter(
    ({ register, field }) => !texts[0].includes(`${register}.${field}`),
  );
  equal(texts[2], 0, "nothing is folded on paper");
  equal([missing.length, texts[1]], [0, 0], "every field is on a sheet, which then goes away");
  const pdf = await page.pdf({ preferCSSPageSize: true });
  holds(pdf.length > 10_000, "a sheet has content");
  equal(page.faults, [], "faults");
}

async function hostile(file) {
  const page = await open(file);
  const { kinds } = await dataOf(page);
  equal(await page.evaluate(() => window.hacked), undefined, "no script of a name runs");
  for (const button of await page.locator("#matrix tbody th button").all()) await button.click();
  for (const { names } of kinds) {
    holds(/^[ -~]*$/.test(names[0]), `${names[0]} has visible characters only`);
    equal(await page.locator("#matrix .names li", { hasText: names[0] }).count(), 1, names[0]);
  }
  equal(await page.locator("img, iframe, h1 b, [onerror]").count(), 0, "elements of names");
  equal(page.faults, [], "faults");
}

async function accessibility(...files) {
  for (const file of files) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(file, { colorScheme });
      // Nothing but the colours is another in the dark.
      const rules = colorScheme === "dark" ? ["color-contrast"] : undefined;
      await page.locator("#named").scrollIntoViewIfNeeded();
      await page.locator("#matrix tbody th button").first().click();
      equal(await violations(page, rules), [], `${colorScheme} page`);
      await page.locator("#matrix tbody td[data-relation]").first().click();
      equal(await violations(page, rules), [], `${colorScheme} card`);
      equal(page.faults, [], "faults");
    }
  }
}

async function lists(file) {
  const page = await open(file);
  const { kinds, models, coverage } = await dataOf(page);
  await page.locator("#named").scrollIntoViewIfNeeded();
  await page.locator("#named tbody tr").first().waitFor();
  equal(await page.locator("#named tbody tr").count(), kinds.length, "kinds by named models");
  const [row, column] = [0, kinds[0].models.findIndex((refusal) => refusal !== null)];
  const cell = page.locator("#named tbody tr").nth(row).locator("td").nth(column);
  await cell.click();
  holds((await page.textContent("#card-heading")) === models[column].model, "the model's card");
  holds((await page.locator("#card .facts li").count()) > 0, "blockers");
  await page.click("#card .close");
  equal(
    await page.locator("#forms li").count(),
    new Set(kinds.map(({ cpu }) => cpu)).size,
    "lines",
  );
  await page.click("#forms .copy >> nth=0");
  await drawn(page);
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  equal(copied, `--cpu ${kinds[0].cpu}`, "the copied line");
  const label = await page.getAttribute("#curve svg", "aria-label");
  holds(label.endsWith("all 3 hosts have 57 features"), label);
  await page.click("#coverage summary");
  equal(await page.locator("#steps tbody tr").count(), coverage.length, "the curve as a table");
  equal(page.faults, [], "faults");
}

/** Writes a page of 1,000 kinds with one host each, made from the kinds of another page. */
async function enlarge(file, large) {
  const text = await readFile(file, "utf8");
  const [start, end] = ['id="data">', "</script>"];
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end, from);
  const data = JSON.parse(text.slice(from, to));
  const of = Array.from({ length: 1000 }, (_, kind) => kind % data.kinds.length);
  const all = (cells) => (cells.length ? of.map((kind) => cells[kind]) : cells);
  data.kinds = of.map((kind, number) => ({
    ...data.kinds[kind],
    names: [`rack-${String(number % 40).padStart(2, "0")}/host-${number}.json`],
    count: 1,
  }));
  data.hosts = 1000;
  // Every other differing field differs from row to row.
  for (const field of data.fields) {
    field.cells = all(field.cells);
    field.accepts = all(field.accepts);
  }
  await writeFile(large, text.slice(0, from) + JSON.stringify(data) + text.slice(to));
  return data.fields.filter((field) => field.differs).length;
}

async function thousand(file, large) {
  const differing = await enlarge(file, large);
  const page = await open(large);
  await drawn(page);
  const paint = await page.evaluate(() => {
    const [first] = performance.getEntriesByName("first-contentful-paint");
    return Math.round(first.startTime);
  });
  equal(await rows(page).count(), 1000, "rows");
  const timed = (text) =>
    page.evaluate((text) => {
      const search = document.getElementById("search");
      const before = performance.now();
      return new Promise((done) => {
        search.value = text;
        search.dispatchEvent(new Event("input", { bubbles: true }));
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - before)));
      });
    }, text);
  const times = [];
  for (const text of ["rack-07", "", "ssbs", "", "host-99", ""]) times.push(await timed(text));
  const filter = Math.round(Math.max(...times));
  const scrolled = await page.evaluate(async () => {
    const place = document.getElementById("matrix").parentElement;
    let worst = 0;
    for (let at = 0; at < place.scrollHeight; at += 3000) {
      const before = performance.now();
      place.scrollTop = at;
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      worst = Math.max(worst, performance.now() - before);
    }
    return Math.round(worst);
  });
  const cells = await page.locator("#matrix td").count();
  console.log(
    `1,000 kinds by ${differing} fields: first paint ${paint} ms, slowest filter ${filter} ms, ` +
      `slowest scroll ${scrolled} ms, ${cells} cells in the page`,
  );
  holds(cells < 200 * differing, "rows far from the visible part are empty");
  // Bounds for a busy machine; an idle one needs a fifth.
  holds(paint < 4000 && filter < 4000 && scrolled < 4000, "the page is fluid");
  equal(page.faults, [], "faults");
}

await runCheck({
  accessibility,
  colours,
  filters,
  hostile,
  keyboard,
  lists,
  print,
  search,
  thousand,
});
