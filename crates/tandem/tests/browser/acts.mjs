// What a reader does on a page, with what must come of it.

/** Chooses a range of months with the preset, then by hand. */
export async function chooseMonths(page, check) {
  await page.click("a[data-preset='6']");
  await page.waitForLoadState("load");
  check(/[?&]from=\d{4}-\d{2}/.test(page.url()), `the preset leads to months, not to ${page.url()}`);
  const from = await page.inputValue("input[name=from]");
  check(/^\d{4}-\d{2}$/.test(from), `the form shows the month that was chosen, not '${from}'`);
  await Promise.all([page.waitForNavigation(), page.click("form.period button[type=submit]")]);
  check(page.url().includes(`from=${from}`), `the form keeps the month: ${page.url()}`);
}

/** Chooses a team in the form, which leads to its page. */
export async function chooseTeam(page, check) {
  const team = await page.$eval("select[name=team] option:nth-of-type(2)", (option) => option.value);
  await Promise.all([page.waitForNavigation(), page.selectOption("select[name=team]", team)]);
  check(new URL(page.url()).pathname === `/teams/${encodeURIComponent(team)}`, `team '${team}' leads to ${page.url()}`);
  check((await page.textContent("h1")).includes(team), `the page of '${team}' says so`);
}

/** Opens every table by keyboard; the page stays as wide as it is. */
export async function openTables(page, check) {
  const summaries = await page.$$("details.numbers > summary");
  check(summaries.length > 0, "there are tables to open");
  for (const summary of summaries) {
    await summary.focus();
    await page.keyboard.press("Enter");
  }
  const open = await page.$$eval("details.numbers", (all) => all.every((one) => one.open));
  check(open, "every table opens by keyboard");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(overflow <= 0, `open tables make the page ${overflow} px too wide`);
}

/** Follows the answer to each of the fifteen questions to its place. */
export async function followQuestions(page, check) {
  const links = await page.$$eval("table#questions a, #questions a", (all) => all.map((one) => one.href));
  check(links.length >= 15, `${links.length} links from the questions to their answers`);
  for (const link of new Set(links)) {
    await page.goto(link);
    const found = await page.evaluate(() => document.getElementById(decodeURIComponent(window.location.hash.slice(1))) !== null);
    check(found, `${link} names a place on its page`);
  }
}

/** Filters the list of pull requests, goes to the next page and back, and opens one. */
export async function searchPullRequests(page, check) {
  const all = await page.textContent(".found-count strong");
  await page.selectOption("select[name=origin]", "ai");
  await Promise.all([page.waitForNavigation(), page.click("form.search button[type=submit]")]);
  check(page.url().includes("origin=ai"), `the filter stands in the address: ${page.url()}`);
  check((await page.textContent(".found-count strong")) !== all, "the filter leaves some out");
  const first = await page.textContent(".found tbody tr th a");
  await Promise.all([page.waitForNavigation(), page.click("a[rel=next]")]);
  check((await page.textContent(".found tbody tr th a")) !== first || page.url().includes("after="), "the next page is another");
  await Promise.all([page.waitForNavigation(), page.click("a[rel=prev]")]);
  check((await page.textContent(".found tbody tr th a")) === first, "the way back leads to where it began");
  await Promise.all([page.waitForNavigation(), page.click(".found tbody tr th a")]);
  check((await page.$$("mark")).length > 0, "the evidence is marked");
}
