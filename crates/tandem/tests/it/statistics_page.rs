//! `docs/statistics.md`: its tables are printed from the registry of definitions and from the rules.

use std::path::Path;

use insights::advice::builtin_rules;
use measures::{Metric, Unit};

/// Puts text between a mark and its end.
fn between(page: &str, mark: &str, text: &str) -> String {
    let begin = page.find(&format!("<!-- {mark}: ")).expect("the mark");
    let begin = begin + page[begin..].find("-->\n").expect("closed") + "-->\n".len();
    let end_mark = format!("<!-- end of {mark} -->");
    let end = page.find(&end_mark).expect("the end");
    format!("{}\n{text}\n{}", &page[..begin], &page[end..])
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn definitions() -> String {
    let mut table = String::from(
        "| metric | what it is | from | to | left out | why so |\n|---|---|---|---|---|---|\n",
    );
    for metric in Metric::all() {
        let definition = metric.definition();
        let unit = match definition.unit {
            Unit::Seconds => "duration",
            Unit::Lines => "lines",
            Unit::Count => "count",
            Unit::Share => "share",
        };
        table.push_str(&format!(
            "| **{}** (`{metric}`, {unit}) | {} | {} | {} | {} | {} |\n",
            definition.title,
            cell(definition.words),
            cell(definition.start),
            cell(definition.end),
            cell(definition.exclusions),
            cell(definition.source),
        ));
    }
    table
}

fn rules() -> String {
    let mut table = String::from(
        "| rule | says | next step | what would change our mind |\n|---|---|---|---|\n",
    );
    for rule in builtin_rules().expect("the rules that come along") {
        table.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            rule.id,
            cell(&rule.title),
            cell(&rule.next_step),
            cell(&rule.would_change_our_mind),
        ));
    }
    table
}

/// To renew it: `TANDEM_UPDATE_DOCS=1 ./scripts/test -p tandem`.
#[test]
fn the_page_says_what_the_registry_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/statistics.md");
    let page = std::fs::read_to_string(&path).expect("docs/statistics.md");
    let renewed = between(&page, "definitions", &definitions());
    let renewed = between(&renewed, "rules", &rules());
    if std::env::var_os("TANDEM_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &renewed).expect("written");
    }
    let page = std::fs::read_to_string(&path).expect("docs/statistics.md");
    assert!(
        page == renewed,
        "docs/statistics.md is not what the registry says; TANDEM_UPDATE_DOCS=1 renews it"
    );
}
