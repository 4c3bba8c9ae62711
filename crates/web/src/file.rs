//! The report in one file: the fragments of the pages one after the other, with the style sheet, the
//! scripts and the data inside. It asks nobody for anything, which its own policy says to the browser.

use std::borrow::Cow;

use insights::Report;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::assets::{SCRIPT, STYLE, chart_script};
use crate::layout::shown;
use crate::pages;
use crate::settings::Settings;
use crate::source::{Basis, Period};
use crate::view::{Medium, View};
use crate::words::{count, moment};

/// What only the file needs of style: no navigation, paper.
const FILE_STYLE: &str = include_str!("assets/report.css");

/// The script and the styles stand in the file; nothing is loaded.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src data: blob:; base-uri 'none'; form-action 'none'";

/// Whether the charting library, 4.6 MB, comes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charts {
    /// Charts with their tables.
    Drawn,
    /// Tables only.
    Left,
}

/// What the file is made of.
#[derive(Debug)]
pub struct FileReport<'r> {
    /// The report of the scope.
    pub report: &'r Report,
    /// The reports of the teams, in order of name; empty where the scope is one team.
    pub teams: &'r [Report],
    /// Coverage and evidence of the whole database.
    pub basis: &'r Basis,
    /// How things are shown.
    pub settings: &'r Settings,
    /// When it was worked out.
    pub made_at: Timestamp,
    /// Whether there are charts.
    pub charts: Charts,
}

/// One part of the file.
struct Section {
    /// Its name in addresses, and in front of every name inside it.
    id: String,
    title: String,
    is_below: bool,
    body: Markup,
}

/// The whole file.
pub fn report_file(file: &FileReport<'_>) -> String {
    let report = file.report;
    let scope = &report.scope;
    let period = Period {
        from: scope.from.clone(),
        to: scope.to.clone(),
    };
    let names: Vec<String> = file
        .teams
        .iter()
        .filter_map(|one| one.scope.team.clone())
        .collect();
    let view_of = |report| View {
        report,
        teams: &names,
        period: &period,
        made_at: file.made_at,
        basis: Some(file.basis),
        settings: file.settings,
        medium: Medium::File,
    };
    let mut sections: Vec<Section> = Vec::new();
    let mut add = |id: String, title: &str, is_below: bool, body: Markup| {
        let PreEscaped(text) = body;
        let text = with_prefix(&text, &id);
        let text = match file.charts {
            Charts::Drawn => text,
            Charts::Left => without_charts(&text),
        };
        sections.push(Section {
            id,
            title: title.to_owned(),
            is_below,
            body: PreEscaped(text),
        });
    };
    let whole = view_of(report);
    for page in pages::before_teams() {
        add(page.id.to_owned(), page.title, false, (page.body)(&whole));
    }
    if scope.team.is_some() {
        add("team".to_owned(), "The team", false, pages::team(&whole));
    } else {
        add("teams".to_owned(), "Teams", false, pages::team_list(&whole));
        for (index, report) in file.teams.iter().enumerate() {
            let title = report.scope.team.as_deref().unwrap_or_default();
            let body = pages::team(&view_of(report));
            add(format!("team-{}", index + 1), title, true, body);
        }
    }
    for page in pages::after_teams() {
        add(page.id.to_owned(), page.title, false, (page.body)(&whole));
    }
    shown(document(file, &sections)).into_string()
}

/// What the report is about, in a line.
pub fn scope_words(report: &Report) -> String {
    let scope = &report.scope;
    let team = match &scope.team {
        Some(team) => format!("team {team}"),
        None => "all teams".to_owned(),
    };
    let months: Vec<&str> = report
        .adoption_by_created
        .by_month
        .iter()
        .map(|month| month.name.as_str())
        .collect();
    let first = scope.from.as_deref().or(months.first().copied());
    let last = scope.to.as_deref().or(months.last().copied());
    match (first, last) {
        (Some(first), Some(last)) if first == last => format!("{team}, {first}"),
        (Some(first), Some(last)) => format!("{team}, {first} to {last}"),
        _ => team,
    }
}

fn document(file: &FileReport<'_>, sections: &[Section]) -> Markup {
    let report = file.report;
    let scope = scope_words(report);
    let data = serde_json::to_string(report).unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "Tandem " (env!("CARGO_PKG_VERSION")) };
                title { "AI in pull requests: " (scope) }
                style { (PreEscaped(STYLE)) (PreEscaped(FILE_STYLE)) }
            }
            body.file {
                a.skip href="#content" { "Skip to the content" }
                header.file-head {
                    div {
                        p.brand-line { "Tandem" }
                        h1 { "AI in pull requests" }
                        p { (scope) ": " (count(report.pull_requests)) " pull requests. Worked out "
                            time datetime=(file.made_at) { (moment(file.made_at)) } "." }
                    }
                    button.theme type="button" data-theme-toggle { "Light or dark" }
                }
                nav.file-contents aria-label="Contents" {
                    ol {
                        @for section in sections {
                            li class=[section.is_below.then_some("below")] { a href={ "#" (section.id) } { (section.title) } }
                        }
                    }
                }
                main #content tabindex="-1" {
                    @for section in sections {
                        section.part id=(section.id) aria-labelledby={ (section.id) "-heading" } {
                            h2.part-title id={ (section.id) "-heading" } {
                                @if section.is_below { "Team " } (section.title)
                            }
                            (section.body)
                        }
                    }
                    footer {
                        p { "Associations, not causes; adoption is a lower bound; cells under five pull requests are not shown. \
                            The numbers are those of " code { "tandem report --json" } ", which this file carries in the element "
                            code { "tandem-report" } "." }
                    }
                }
                script type="application/json" id="tandem-report" { (for_element(&data)) }
                @if file.charts == Charts::Drawn { script { (PreEscaped(chart_script())) } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// JSON that stands in a script element and cannot end it.
fn for_element(json: &str) -> PreEscaped<String> {
    crate::charts::for_script(json)
}

/// Puts a name in front of every name of a fragment, so that fragments can stand in one document.
///
/// Quotes in text and in values are escaped by the templates, and those in JSON have a backslash before
/// them, so what is looked for is found in tags only.
fn with_prefix(fragment: &str, prefix: &str) -> String {
    let mut text = Cow::Borrowed(fragment);
    for attribute in [
        " id=\"",
        " for=\"",
        " aria-labelledby=\"",
        " aria-describedby=\"",
    ] {
        if text.contains(attribute) {
            text = text
                .replace(attribute, &format!("{attribute}{prefix}-"))
                .into();
        }
    }
    text.replace(" href=\"#", &format!(" href=\"#{prefix}-"))
}

/// Takes the charts out and opens their tables.
fn without_charts(fragment: &str) -> String {
    const BEGIN: &str = "<div class=\"chart\"";
    const END: &str = "</script>";
    let mut text = String::with_capacity(fragment.len());
    let mut rest = fragment;
    while let Some((before, chart)) = rest.split_once(BEGIN) {
        text.push_str(before);
        rest = chart.split_once(END).map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.replace(
        "<details class=\"numbers\">",
        "<details class=\"numbers\" open>",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_their_prefix_and_text_is_left_alone() {
        let fragment = html! {
            figure id="x" aria-labelledby="x-title" { h2 id="x-title" { "say id=\"x\" aloud" } a href="#x" { "up" } a href="/y" { "away" } }
        };
        let text = with_prefix(&fragment.into_string(), "tools");
        assert_eq!(
            text,
            "<figure id=\"tools-x\" aria-labelledby=\"tools-x-title\"><h2 id=\"tools-x-title\">say id=&quot;x&quot; aloud</h2>\
             <a href=\"#tools-x\">up</a><a href=\"/y\">away</a></figure>"
        );
    }

    #[test]
    fn charts_go_and_tables_stay() {
        let fragment = "<p>a</p><div class=\"chart\" data-chart></div><script type=\"application/json\">{}</script>\
             <details class=\"numbers\">t</details>";
        assert_eq!(
            without_charts(fragment),
            "<p>a</p><details class=\"numbers\" open>t</details>"
        );
    }
}
