//! The dashboard, served by the binary from the demo's database: its numbers are those of the command
//! line, and its pages work in a real browser.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::browser::Browser;
use crate::served::Served;
use crate::support::Tandem;

/// The demo's database, served.
struct Demo {
    tandem: Tandem,
    served: Served,
}

impl Demo {
    fn served() -> Self {
        let mut tandem = Tandem::new();
        let database = tandem.path("demo.db").display().to_string();
        tandem.ok(&["demo", "--keep", &database]);
        tandem.set("TANDEM_DATABASE_URL", &database);
        label(&tandem);
        let served = Served::start(&tandem, &[]);
        Demo { tandem, served }
    }

    /// What is at an address, once its numbers are worked out.
    fn get(&self, path: &str) -> (u16, String) {
        let got = self.served.get(path);
        (got.status, got.body)
    }

    /// The page at an address.
    fn page(&self, path: &str) -> String {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}\n{body}");
        body
    }
}

/// Corrects some verdicts, so that there are labels: one of each kind of error, and one confirmed.
fn label(tandem: &Tandem) {
    let verdicts = tandem.ok(&["verdicts", "--json"]).lines();
    let of = |origin: &str, most: usize| -> Vec<String> {
        let is_fit = |one: &&Value| {
            one["origin"] == origin && one["plain_bot"] == false && one["ai_reviewed"] == false
        };
        let key = |one: &Value| {
            let repo = one["repo"].as_str().unwrap_or_default();
            format!("{repo}#{}", one["number"])
        };
        verdicts.iter().filter(is_fit).take(most).map(key).collect()
    };
    let (agents, nobody) = (of("agent", 2), of("none_detected", 1));
    let note = "--note=made up";
    tandem.ok(&["correct", &agents[0], "--origin=agent", note]);
    tandem.ok(&["correct", &agents[1], "--origin=none_detected", note]);
    tandem.ok(&[
        "correct",
        &nobody[0],
        "--origin=agent",
        "--tools=devin",
        note,
    ]);
}

/// A number or words on a page, with their place in a document of the command line.
#[derive(Debug)]
struct Shown {
    document: String,
    pointer: String,
    unit: String,
    value: String,
    text: String,
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split_once('"')?.0)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// Everything on a page that says where it comes from.
fn shown_on(page: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    for (start, _) in page.match_indices('<') {
        let rest = &page[start..];
        let Some((tag, after)) = rest.split_once('>') else {
            break;
        };
        let Some(at) = attribute(tag, "data-at") else {
            continue;
        };
        let (document, pointer) = at.split_once('#').expect("a document and a place");
        let text = after.split_once('<').map_or("", |(text, _)| text);
        found.push(Shown {
            document: document.to_owned(),
            pointer: pointer.to_owned(),
            unit: attribute(tag, "data-unit").unwrap_or_default().to_owned(),
            value: attribute(tag, "value").unwrap_or_default().to_owned(),
            text: unescaped(text),
        });
    }
    found
}

/// The first number of a text as it is printed.
fn printed_number(text: &str) -> Option<f64> {
    let text = text.replace([',', '×'], "");
    let number: String = text
        .chars()
        .skip_while(|character| !character.is_ascii_digit() && !"+-".contains(*character))
        .take_while(|character| character.is_ascii_digit() || "+-.".contains(*character))
        .collect();
    number.parse().ok()
}

/// Whether the text says the value in its unit, to the places printed.
fn says(shown: &Shown, value: f64) -> bool {
    let Some(printed) = printed_number(&shown.text) else {
        return false;
    };
    let (scale, half_a_place) = match shown.unit.as_str() {
        "percent" | "points" => (100.0, 0.0501),
        "ratio" => (1.0, 0.00501),
        "count" => (1.0, 0.0),
        "decimal" => (1.0, 0.501),
        "seconds" => {
            let unit = shown.text.rsplit(' ').next().unwrap_or_default();
            let seconds = match unit {
                "s" => 1.0,
                "min" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                _ => return false,
            };
            (1.0 / seconds, 0.501)
        }
        _ => return false,
    };
    (value * scale - printed).abs() <= half_a_place
}

/// Words without what a page adds to them.
fn plain(words: &str) -> String {
    words
        .replace('×', "x")
        .trim_end_matches('.')
        .trim()
        .to_lowercase()
}

/// What is wrong with something shown, held against the documents.
fn wrong(shown: &Shown, documents: &BTreeMap<String, Value>) -> Option<String> {
    let Some(document) = documents.get(&shown.document) else {
        return Some(format!("no document {}: {shown:?}", shown.document));
    };
    let Some(there) = document.pointer(&shown.pointer) else {
        return Some(format!("the command line has nothing there: {shown:?}"));
    };
    if let Some(words) = there.as_str() {
        return (plain(words) != plain(&shown.text)).then(|| format!("{words:?} is {shown:?}"));
    }
    let (Some(there), Ok(here)) = (there.as_f64(), shown.value.parse::<f64>()) else {
        return Some(format!("{there} is {shown:?}"));
    };
    // Open pull requests grow older between the two: what waits for an event moves a little.
    let tolerance = if shown.pointer.contains("/survival/") {
        1e-3
    } else {
        1e-9
    };
    if (there - here).abs() > tolerance * there.abs().max(1.0) {
        return Some(format!("{there} is {shown:?}"));
    }
    (!says(shown, here)).then(|| format!("the text says another number: {shown:?}"))
}

/// Cells of numbers that do not say where they come from.
fn cells_without_a_place(page: &str) -> Vec<&str> {
    page.split("<td class=\"number")
        .skip(1)
        .filter_map(|rest| {
            let cell = rest.split_once("</td>")?.0.split_once('>')?.1;
            let is_blank = matches!(cell, "–" | "&lt; 5") || cell.starts_with("– (");
            (!is_blank && !cell.contains("data-at=")).then_some(cell)
        })
        .collect()
}

#[test]
fn every_number_on_the_pages_is_the_command_lines() {
    let demo = Demo::served();
    let json = |arguments: &[&str]| demo.tandem.json(arguments);
    let mut everything: BTreeMap<String, Value> = BTreeMap::new();
    everything.insert("insights".to_owned(), json(&["insights"]));
    everything.insert("coverage".to_owned(), json(&["coverage"]));
    let evaluation = json(&["evaluate", "--corrections"]);
    assert_eq!(evaluation["authored"]["tp"], 1);
    everything.insert("evaluation".to_owned(), evaluation);
    for metric in ["cycle", "pickup"] {
        let effects = json(&["effects", "--sensitivity", "--metric", metric]);
        everything.insert(format!("effects-{metric}"), effects);
    }
    let team = everything["insights"]["adoption_by_created"]["by_team"][0]["name"]
        .as_str()
        .expect("a team")
        .to_owned();
    let month = everything["insights"]["adoption_by_created"]["by_month"][6]["name"]
        .as_str()
        .expect("a month")
        .to_owned();
    let mut of_team = everything.clone();
    of_team.insert("insights".to_owned(), json(&["insights", "--team", &team]));
    let mut of_months = everything.clone();
    of_months.insert("insights".to_owned(), json(&["insights", "--from", &month]));

    let pages = [
        ("/".to_owned(), &everything, 400),
        ("/teams".to_owned(), &everything, 100),
        ("/tools".to_owned(), &everything, 100),
        ("/insights".to_owned(), &everything, 20),
        ("/detection".to_owned(), &everything, 100),
        (format!("/teams/{team}"), &of_team, 200),
        (format!("/?from={month}"), &of_months, 200),
    ];
    for (path, documents, at_least) in pages {
        let page = demo.page(&path);
        let shown = shown_on(&page);
        assert!(
            shown.len() >= at_least,
            "{path}: {} numbers, at least {at_least} expected",
            shown.len()
        );
        let wrongs: Vec<String> = shown
            .iter()
            .filter_map(|one| wrong(one, documents))
            .collect();
        assert!(
            wrongs.is_empty(),
            "{path}: {} of {}:\n{}",
            wrongs.len(),
            shown.len(),
            wrongs.join("\n")
        );
        let cells = cells_without_a_place(&page);
        assert!(cells.is_empty(), "{path}: {cells:?}");
    }
}

/// Counts that lead to a list, and where to.
fn counts_with_lists(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for rest in page.split("<a href=\"/pull-requests?").skip(1) {
        let (query, after) = rest.split_once("\">").expect("an address");
        if let Some(tag) = after
            .strip_prefix("<data ")
            .and_then(|tag| tag.split_once('>'))
        {
            let tag = format!("<data {}", tag.0);
            if attribute(&tag, "data-unit") == Some("count") {
                let value = attribute(&tag, "value").expect("a value").to_owned();
                found.push((format!("/pull-requests?{}", unescaped(query)), value));
            }
        }
    }
    found
}

#[test]
fn every_count_that_leads_to_a_list_is_its_length() {
    let demo = Demo::served();
    let everything = demo.page("/teams");
    let (_, rest) = everything.split_once("href=\"/teams/").expect("a team");
    let team = rest.split('"').next().expect("a name");
    let month = demo.tandem.json(&["adoption"])["by_month"][6]["name"]
        .as_str()
        .expect("a month")
        .to_owned();
    let pages = [
        "/".to_owned(),
        "/teams".to_owned(),
        format!("/teams/{team}"),
        "/tools".to_owned(),
        "/detection".to_owned(),
        format!("/?from={month}"),
    ];
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for page in pages {
        let counts = counts_with_lists(&demo.page(&page));
        assert!(
            counts.len() >= 5,
            "{page}: {} counts lead to lists",
            counts.len()
        );
        seen.extend(counts);
    }
    let mut wrongs = Vec::new();
    for (list, value) in &seen {
        let (status, page) = demo.get(list);
        let found = page
            .split_once("class=\"found-count\"><strong>")
            .and_then(|(_, rest)| Some(rest.split_once('<')?.0.replace(',', "")));
        if status != 200 || found.as_deref() != Some(value) {
            wrongs.push(format!(
                "{list} has {found:?} ({status}), the page says {value}"
            ));
        }
    }
    assert!(
        wrongs.is_empty(),
        "{} of {}:\n{}",
        wrongs.len(),
        seen.len(),
        wrongs.join("\n")
    );
}

#[test]
fn every_page_works_in_a_browser() {
    let Some(browser) = Browser::find(&["playwright-core", "axe-core"]) else {
        return;
    };
    let demo = Demo::served();
    let address = demo.served.address.to_string();
    println!(
        "{}",
        browser.open("run.mjs", &address, &browser.screenshots, &[])
    );
}
