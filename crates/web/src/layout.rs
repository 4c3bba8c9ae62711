//! The frame around every page.

use std::borrow::Cow;

use insights::months::{month_name, month_of_name};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::visible;

use crate::assets;
use crate::source::Period;
use crate::view::{View, escape, team_path, with_period};
use crate::words::{moment, short_line};

/// The pages of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// The three answers.
    Overview,
    /// One team, or the list of them.
    Teams,
    /// The tools.
    Tools,
    /// The list of pull requests.
    PullRequests,
    /// The runs of analysis.
    Runs,
    /// What to do next.
    Insights,
    /// What was found, and how far it can be trusted.
    Detection,
    /// What every number is.
    Methods,
    /// None of them.
    Other,
    /// None of them, and none is offered: for those who are not let in yet.
    Outside,
}

const TABS: [(Tab, &str, &str); 8] = [
    (Tab::Overview, "/", "Overview"),
    (Tab::Teams, "/teams", "Teams"),
    (Tab::Tools, "/tools", "Tools"),
    (Tab::Insights, "/insights", "Insights"),
    (Tab::PullRequests, "/pull-requests", "Pull requests"),
    (Tab::Detection, "/detection", "Coverage and detection"),
    (Tab::Runs, "/runs", "Runs"),
    (Tab::Methods, "/methods", "Methods"),
];

/// What stands around a page.
pub(crate) struct Frame<'f> {
    /// The title of the page.
    pub(crate) title: &'f str,
    /// Which part of the navigation is marked.
    pub(crate) tab: Tab,
    /// The period, for links and its form; `None` where a page has none.
    pub(crate) period: Option<&'f Period>,
    /// The teams to choose from; empty where a page has no such choice.
    pub(crate) teams: &'f [String],
    /// The team that the page is about.
    pub(crate) team: Option<&'f str>,
    /// When what is shown was worked out.
    pub(crate) made_at: Option<Timestamp>,
    /// The month that is not over, for the choice of the last months.
    pub(crate) current_month: Option<&'f str>,
}

impl<'f> Frame<'f> {
    /// The frame of a page made from a view.
    pub(crate) fn of(view: &'f View<'f>, title: &'f str, tab: Tab) -> Self {
        Frame {
            title,
            tab,
            period: Some(view.period),
            teams: view.teams,
            team: view.report.scope.team.as_deref(),
            made_at: Some(view.made_at),
            current_month: Some(&view.report.current_month),
        }
    }

    /// The frame of a page that is about no period.
    pub(crate) fn plain(title: &'f str, tab: Tab) -> Self {
        Frame {
            title,
            tab,
            period: None,
            teams: &[],
            team: None,
            made_at: None,
            current_month: None,
        }
    }
}

/// The whole document.
pub(crate) fn page(frame: &Frame<'_>, body: Markup) -> Markup {
    document(frame, None, body)
}

/// The same, loading itself again after some seconds.
pub(crate) fn refreshing(frame: &Frame<'_>, seconds: u32, body: Markup) -> Markup {
    document(frame, Some(Refresh::Always(seconds)), body)
}

/// A page that a script keeps moving; without a script it loads itself again after some seconds.
pub(crate) fn live_page(frame: &Frame<'_>, seconds: Option<u32>, body: Markup) -> Markup {
    document(frame, seconds.map(Refresh::WithoutScript), body)
}

/// That a document loads itself again, after some seconds.
#[derive(Clone, Copy)]
enum Refresh {
    Always(u32),
    WithoutScript(u32),
}

fn document(frame: &Frame<'_>, refresh: Option<Refresh>, body: Markup) -> Markup {
    let addresses = assets::addresses();
    let everything = Period::default();
    let period = frame.period.unwrap_or(&everything);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @match refresh {
                    Some(Refresh::Always(seconds)) => { meta http-equiv="refresh" content=(seconds); },
                    Some(Refresh::WithoutScript(seconds)) => { noscript { meta http-equiv="refresh" content=(seconds); } },
                    None => {},
                }
                title { (frame.title) " · Tandem" }
                link rel="icon" href=(addresses.icon) type="image/svg+xml";
                link rel="stylesheet" href=(addresses.style);
                script src=(addresses.chart) defer {}
                script src=(addresses.script) defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.side {
                    a.brand href="/" { img src=(addresses.icon) alt="" width="28" height="28"; span { "Tandem" } }
                    @if frame.tab != Tab::Outside {
                        nav aria-label="Pages" {
                            @for (tab, path, name) in TABS {
                                a href=(with_period(path, period)) aria-current=[(tab == frame.tab).then_some("page")] { (name) }
                            }
                        }
                    }
                    div.side-foot {
                        button.theme type="button" data-theme-toggle { "Light or dark" }
                        @if frame.tab != Tab::Outside { a href="/account" { "Access" } }
                    }
                }
                main #content tabindex="-1" {
                    div.page-head {
                        h1 { (frame.title) }
                        (period_form(frame))
                    }
                    (body)
                    footer { (freshness(frame.made_at)) }
                }
            }
        }
    };
    shown(page)
}

/// Markup as it is sent: nothing in it acts on the text around it, wherever that was put together.
pub(crate) fn shown(PreEscaped(markup): Markup) -> Markup {
    match visible(&markup) {
        Cow::Borrowed(_) => PreEscaped(markup),
        Cow::Owned(shown) => PreEscaped(shown),
    }
}

/// The form that chooses team and months.
fn period_form(frame: &Frame<'_>) -> Markup {
    // Methods are the same for every scope; its links keep the months.
    let Some(period) = frame.period.filter(|_| frame.tab != Tab::Methods) else {
        return html! {};
    };
    let value = |month: &Option<String>| month.clone().unwrap_or_default();
    html! {
        form.period method="get" action=(path_of(frame.tab)) {
            @if !frame.teams.is_empty() {
                label { span { "Team" }
                    select name="team" data-goes {
                        option value="" selected[frame.team.is_none()] { "All teams" }
                        @for team in frame.teams {
                            option value=(team) selected[frame.team == Some(team.as_str())] { (short_line(team, 60)) }
                        }
                    }
                }
            }
            label { span { "From" } input type="month" name="from" value=(value(&period.from)) placeholder="2026-01" pattern="[0-9]{4}-[0-9]{2}"; }
            label { span { "To" } input type="month" name="to" value=(value(&period.to)) placeholder="2026-06" pattern="[0-9]{4}-[0-9]{2}"; }
            button type="submit" { "Show" }
            (presets(frame, period))
        }
    }
}

/// The last months at one click.
fn presets(frame: &Frame<'_>, period: &Period) -> Markup {
    let Some(current) = frame.current_month.and_then(month_of_name) else {
        return html! {};
    };
    let path = match (frame.tab, frame.team) {
        (Tab::Teams, Some(team)) => team_path(team),
        _ => path_of(frame.tab).to_owned(),
    };
    // A team chosen on another page than its own stays chosen.
    let address = |chosen: &Period| match frame.team.filter(|_| frame.tab != Tab::Teams) {
        None => with_period(&path, chosen),
        Some(team) => {
            let address = with_period(&path, chosen);
            let joint = if address.contains('?') { '&' } else { '?' };
            format!("{address}{joint}team={}", escape(team))
        }
    };
    let last = |months: u32| Period {
        from: Some(month_name(current.saturating_sub(months - 1))),
        to: None,
    };
    html! {
        div.presets role="group" aria-label="Months" {
            @for months in [6, 12] {
                @let chosen = last(months);
                a href=(address(&chosen)) data-preset=(months) aria-current=[(chosen == *period).then_some("true")] { "Last " (months) " months" }
            }
            a href=(address(&Period::default())) data-preset="all" aria-current=[(*period == Period::default()).then_some("true")] { "All" }
        }
    }
}

/// Where the form leads.
fn path_of(tab: Tab) -> &'static str {
    TABS.iter()
        .find(|(one, _, _)| *one == tab)
        .map_or("/", |(_, path, _)| path)
}

fn freshness(made_at: Option<Timestamp>) -> Markup {
    html! {
        @if let Some(made_at) = made_at {
            p { "Worked out " time datetime=(made_at) data-age { (moment(made_at)) }
                ". Associations, not causes; adoption is a lower bound." }
        }
    }
}

/// A page that stands alone, for errors.
pub(crate) fn plain(title: &str, words: &str) -> Markup {
    page(
        &Frame::plain(title, Tab::Other),
        html! { section.card.message { p { (words) } p { a href="/" { "Back to the overview" } } } },
    )
}

/// A page that says that the numbers are being worked out, and looks again by itself.
pub(crate) fn working(frame: &Frame<'_>) -> Markup {
    refreshing(
        frame,
        2,
        html! {
            section.card.message aria-busy="true" {
                div.spinner role="presentation" {}
                p { "The numbers are being worked out. This page shows them as soon as they are there." }
            }
        },
    )
}
