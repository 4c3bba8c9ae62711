// Opens every page in a real browser and says what is wrong with it.
//
//   node run.mjs ADDRESS MODULES SCREENSHOTS [CHROMIUM]
//
// ADDRESS is where `tandem serve` listens, MODULES a node_modules folder with playwright-core and axe-core,
// SCREENSHOTS where pictures go. Prints what is wrong, one line each; exit code 1 if anything is.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { drawAll, settled } from "./drawn.mjs";
import { NOT_YET, PAGES } from "./pages.mjs";

const [address, modules, screenshots, executable = "/usr/bin/chromium"] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "x.js"));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const origin = new URL(address).origin;
const only = process.env.TANDEM_BROWSER_ONLY;

const WIDTHS = [[1440, 900], [390, 844]];
const THEMES = ["light", "dark"];
const FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const MOST_LINKS_OF_A_KIND = 8;

const problems = [];
const links = new Map();

/** Whether a response or a message is the one that a page with another status brings about by itself. */
function isExpected(one, text) {
  return one.status && text.includes(String(one.status));
}

/** The first team's name stands for `TEAM` in a path, a pull request by an agent for `PULL`. */
async function nameTeam(context) {
  const page = await context.newPage();
  await settled(page, `${origin}/teams`);
  const team = await page.$eval("select[name=team] option:nth-of-type(2)", (option) => option.value);
  for (const one of PAGES) { one.path = one.path.replace("TEAM", encodeURIComponent(team)); }
  await page.goto(`${origin}/pull-requests?origin=agent`);
  const pull = await page.$eval(".found tbody tr th a", (link) => new URL(link.href).pathname.replace("/pull-requests/", ""));
  for (const one of PAGES) { one.path = one.path.replace("PULL", pull); }
  await page.close();
}

async function look(context, one, width, theme) {
  const where = `${one.path} at ${width} px, ${theme}`;
  const report = (what) => problems.push(`${where}: ${what}`);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isExpected(one, message.text()) && !message.text().includes("503")) { report(`console: ${message.text()}`); }
  });
  page.on("pageerror", (error) => report(`script: ${error}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:") && !url.startsWith("blob:")) { report(`asks another host: ${url}`); }
  });
  await page.addInitScript(() => {
    window.policyViolations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  try {
    const status = await settled(page, origin + one.path);
    if (status !== (one.status ?? 200)) { report(`status ${status}`); }
    await drawAll(page);
    const found = await page.evaluate(() => ({
      violations: window.policyViolations,
      tooWide: document.documentElement.scrollWidth - window.innerWidth,
      charts: document.querySelectorAll("[data-chart][data-drawn]").length,
      cut: [...document.querySelectorAll("[data-chart]")].filter((chart) => {
        const drawing = chart.querySelector("svg.main-svg");
        return !drawing || drawing.getBoundingClientRect().right > chart.getBoundingClientRect().right + 1;
      }).map((chart) => chart.closest("figure").id),
      ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
      links: [...document.querySelectorAll("a[href]")].map((link) => link.href),
    }));
    for (const violation of found.violations) { report(`policy: ${violation}`); }
    if (found.tooWide > 0) { report(`scrolls sideways by ${found.tooWide} px`); }
    if (found.charts < one.charts) { report(`${found.charts} charts drawn, ${one.charts} expected`); }
    for (const id of found.cut) { report(`chart '${id}' is wider than its place, or empty`); }
    const twice = found.ids.filter((id, index) => found.ids.indexOf(id) !== index && !id.match(/^(clip|topdefs|defs|legend|g[0-9a-f]|[0-9a-f]{6})/));
    for (const id of new Set(twice)) { report(`two elements are called '${id}'`); }
    for (const link of found.links) {
      if (!one.status && link.startsWith(origin) && !links.has(link)) { links.set(link, where); }
    }
    await page.screenshot({ path: path.join(screenshots, `${one.name}-${width}-${theme}.png`), fullPage: true });
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const violation of violations.filter((it) => ["serious", "critical"].includes(it.impact))) {
      const nodes = violation.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ");
      report(`accessibility: ${violation.id} (${violation.nodes.length}): ${nodes}`);
    }
    if (one.acts && width === 1440 && theme === "light") {
      await one.acts(page, (isRight, what) => { if (!isRight) { report(what); } });
    }
  } catch (error) {
    report(`failed: ${String(error).split("\n")[0]}`);
  } finally {
    await page.close();
  }
}

/** What makes links alike: the first part of the path and what is asked. */
function kind(url) {
  return `${url.pathname.split("/")[1]} ${url.pathname.split("/").length} ${[...url.searchParams.keys()].sort()} ${url.hash}`;
}

/** Every link leads somewhere, and where it names a place, the place is there. */
async function followLinks(context) {
  const bodies = new Map();
  const kinds = new Map();
  for (const [link, where] of links) {
    const url = new URL(link);
    const seen = (kinds.get(kind(url)) ?? 0) + 1;
    kinds.set(kind(url), seen);
    if (seen > MOST_LINKS_OF_A_KIND || NOT_YET.some((path) => url.pathname.startsWith(path))) { continue; }
    const place = decodeURIComponent(url.hash.slice(1));
    url.hash = "";
    if (!bodies.has(url.href)) {
      let response = await context.request.get(url.href);
      for (let attempt = 0; response.status() === 503 && attempt < 60; attempt += 1) {
        await new Promise((resolve) => { setTimeout(resolve, 1000); });
        response = await context.request.get(url.href);
      }
      bodies.set(url.href, await response.text());
      if (response.status() >= 400) { problems.push(`${where}: the link ${link} answers ${response.status()}`); }
    }
    if (place && !bodies.get(url.href).includes(`id="${place}"`)) { problems.push(`${where}: the link ${link} names no place`); }
  }
}

mkdirSync(screenshots, { recursive: true });
const browser = await chromium.launch({ executablePath: executable, headless: true, args: FLAGS });
try {
  for (const [width, height] of WIDTHS) {
    for (const theme of THEMES) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, deviceScaleFactor: 1, reducedMotion: "reduce" });
      await nameTeam(context);
      for (const one of PAGES) {
        if (!only || one.name === only) { await look(context, one, width, theme); }
      }
      if (width === WIDTHS[0][0] && theme === THEMES[0]) { await followLinks(context); }
      await context.close();
    }
  }
} finally {
  await browser.close();
}
for (const problem of problems) { console.log(problem); }
console.log(`${PAGES.length} pages, ${links.size} links, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
