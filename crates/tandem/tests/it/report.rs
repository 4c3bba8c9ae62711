//! The report in one file.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Tandem;

fn made() -> Tandem {
    Tandem::new().with_pull_requests(400)
}

/// The data that a file carries.
fn data_of(html: &str) -> Value {
    let (_, rest) = html
        .split_once("<script type=\"application/json\" id=\"tandem-report\">")
        .expect("the data");
    let (data, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("JSON")
}

/// Takes out what depends on the second in which it was worked out: nothing here does but survival.
fn without_survival(mut report: Value) -> Value {
    for side in ["authorship", "review"] {
        for one in report[side].as_array_mut().into_iter().flatten() {
            one["survival"] = Value::Null;
            one["sensitivity"] = Value::Null;
        }
    }
    report
}

#[test]
fn the_file_holds_everything_and_asks_nobody() {
    let tandem = made();
    let ran = tandem.ok(&["report", "-o", "report.html"]);
    assert!(ran.stderr.contains("wrote report.html"), "{}", ran.stderr);
    let html = std::fs::read_to_string(tandem.path("report.html")).expect("the file");
    assert!(html.len() > 3_000_000, "the charting library is missing");
    assert!(html.contains("default-src 'none'"));
    let head = html.split("<body").next().expect("a head");
    assert!(
        !head.contains("<link") && !html.contains("<script src"),
        "something is loaded"
    );
    // Each name stands for one thing, and what the contents lead to is there.
    let page = html.split("id=\"tandem-report\"").next().expect("a page");
    let mut names: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "a name is used twice");
    for target in page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(names.contains(&target), "#{target} leads nowhere");
    }
    for part in [
        "overview",
        "teams",
        "team-1",
        "team-2",
        "tools",
        "insights",
        "detection",
        "methods",
    ] {
        assert!(names.contains(&part), "there is no {part}");
    }
    assert!(!page.contains("href=\"/"), "a link leads to a server");
}

#[test]
fn the_numbers_are_those_of_the_command_line() {
    let tandem = made();
    tandem.ok(&["report", "-o", "report.html", "--without-charts"]);
    let html = std::fs::read_to_string(tandem.path("report.html")).expect("the file");
    assert!(
        html.len() < 3_000_000 && !html.contains("class=\"chart\""),
        "charts were left in"
    );
    let data = without_survival(data_of(&html));
    assert_eq!(data, without_survival(tandem.json(&["report"])));
    assert_eq!(data, without_survival(tandem.json(&["insights"])));
    let overall = &data["adoption_by_created"]["overall"]["of_all"];
    let share = overall["share"].as_f64().expect("a share") * 100.0;
    assert!(html.contains(&format!("{share:.1} %")), "{share}");
    for team in data["adoption_by_created"]["by_team"]
        .as_array()
        .expect("teams")
    {
        let shown = format!(">{}<", team["pull_requests"]);
        assert!(html.contains(&shown), "{shown} is not on the page");
    }
    let of_team = tandem.json(&[
        "report", "--team", "orchard", "--from", "2026-02", "--to", "2026-03",
    ]);
    assert_eq!(of_team["scope"]["team"], "orchard");
    assert_eq!(
        without_survival(of_team),
        without_survival(tandem.json(&[
            "insights", "--team", "orchard", "--from", "2026-02", "--to", "2026-03"
        ]))
    );
}

/// The numbers on a page: the document and the place in it, and the value.
fn numbers(page: &str) -> Vec<(String, String, f64)> {
    page.split("<data value=\"")
        .skip(1)
        .map(|rest| {
            let (value, rest) = rest.split_once("\" data-at=\"").expect("a place");
            let (at, _) = rest.split_once('"').expect("its end");
            let (document, place) = at.split_once('#').expect("a document");
            (
                document.to_owned(),
                place.to_owned(),
                value.parse().expect("a number"),
            )
        })
        .collect()
}

#[test]
fn every_number_in_the_file_is_that_of_the_command_line() {
    let tandem = made();
    tandem.ok(&["report", "-o", "report.html", "--without-charts"]);
    let html = std::fs::read_to_string(tandem.path("report.html")).expect("the file");
    let mut documents: BTreeMap<(String, String), Value> = BTreeMap::new();
    let mut compared = 0;
    for part in html.split("<section class=\"part\"").skip(1) {
        let id = part
            .split(" id=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a name");
        let team = match id.strip_prefix("team-") {
            Some("1") => "harbour",
            Some("2") => "orchard",
            Some(other) => panic!("an unexpected team {other}"),
            None => "",
        };
        for (name, place, value) in numbers(part) {
            let document = documents
                .entry((name.clone(), team.to_owned()))
                .or_insert_with(|| {
                    let mut arguments = match name.split_once('-') {
                        Some(("effects", metric)) => {
                            vec!["effects", "--sensitivity", "--metric", metric]
                        }
                        _ => vec![name.as_str()],
                    };
                    if !team.is_empty() && name != "coverage" {
                        arguments.extend(["--team", team]);
                    }
                    tandem.json(&arguments)
                });
            let wanted = document
                .pointer(&place)
                .and_then(Value::as_f64)
                .unwrap_or_else(|| panic!("{name}#{place} of '{team}' is no number"));
            let is_same = (wanted - value).abs() <= 1e-9 * wanted.abs().max(1.0);
            assert!(
                is_same,
                "{name}#{place} of '{team}': {value} on the page, {wanted} by the command line"
            );
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared} numbers were compared");
}

#[test]
fn the_short_form_is_for_a_wiki() {
    let tandem = made();
    let text = tandem.ok(&["report", "--format", "markdown"]).stdout;
    insta::with_settings!({filters => vec![
        (r"as of the end of \d{4}-\d{2}", "as of the end of [month]"),
        (r"last full month \(\d{4}\\?-\d{2}\)", "last full month ([month])"),
    ]}, {
        insta::assert_snapshot!("report_markdown", text);
    });
    tandem.ok(&["report", "-o", "report.md"]);
    assert_eq!(
        std::fs::read_to_string(tandem.path("report.md")).expect("the file"),
        text
    );
}

#[test]
fn a_place_that_cannot_be_written_is_told_and_nothing_is_left() {
    let tandem = made();
    let ran = tandem.run(&["report", "-o", "missing/report.html"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("missing/report.html"), "{}", ran.stderr);
    let ran = tandem.run(&["report", "--team", "nobody", "-o", "report.html"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(!tandem.path("report.html").exists());
}
