//! Figures: a chart with its title, unit, n, interval and table.
//!
//! The page carries each chart as data; the script draws it with plotly. Without a script the table is
//! there, and it is the same numbers. Colours are named by role (`var(--agent)`) and looked up in the
//! style sheet when drawn, so that light and dark follow the reader.

mod adoption;
mod effects;
mod endings;
mod events;
mod evidence;
mod flow;
mod heat;
mod load;
mod quality;
mod sensitivity;
mod sizes;
mod starts;
mod table;
mod tools;
mod unseen;
mod work;

use maud::{Markup, PreEscaped, Render, html};
use model::{acts, escaped_json, visible};
use plotly::{Layout, Trace};

pub(crate) use adoption::adoption_by_month;
pub(crate) use effects::{Rows, all_metrics, forest, of_metric};
pub(crate) use endings::{merge_curves, outcomes};
pub(crate) use events::event_studies;
pub(crate) use evidence::evidence_mix;
pub(crate) use flow::{cycle_split, first_review};
pub(crate) use heat::adoption_heat_map;
pub(crate) use load::{load_card, reviewer_load};
pub(crate) use quality::quality;
pub(crate) use sensitivity::sensitivity;
pub(crate) use sizes::{size_buckets, size_months};
pub(crate) use starts::team_ranks;
pub(crate) use table::{Cell, Table, linked};
pub(crate) use tools::{tool_months, tool_table};
pub(crate) use unseen::{unseen_list, unseen_shares};
pub(crate) use work::work_matrices;

/// The colour of a role in every chart. From the palette of Okabe and Ito, which people with any of
/// the usual colour deficiencies can tell apart.
pub(crate) mod colour {
    /// Made by an agent.
    pub(crate) const AGENT: &str = "var(--agent)";
    /// Made with a tool's help.
    pub(crate) const ASSISTED: &str = "var(--assisted)";
    /// Reviewed by AI.
    pub(crate) const REVIEWED: &str = "var(--reviewed)";
    /// None detected.
    pub(crate) const NONE: &str = "var(--none)";
    /// Unknown.
    pub(crate) const UNKNOWN: &str = "var(--unknown)";
    /// Colours of series without a role, in order.
    pub(crate) const SERIES: [&str; 8] = [
        "var(--series-1)",
        "var(--series-2)",
        "var(--series-3)",
        "var(--series-4)",
        "var(--series-5)",
        "var(--series-6)",
        "var(--series-7)",
        "var(--series-8)",
    ];
}

/// A chart with everything that must stand beside it.
pub(crate) struct Figure {
    /// The name in the page, for links: lower-case letters and `-`.
    pub(crate) id: &'static str,
    /// What it shows.
    pub(crate) title: String,
    /// Unit, n, interval, population: what the numbers are.
    pub(crate) note: String,
    /// The same numbers as a table.
    pub(crate) table: Table,
    drawing: Drawing,
    height: u32,
}

enum Drawing {
    Plot { data: String, layout: String },
    Nothing { why: String },
}

impl Figure {
    /// A figure that plots traces.
    pub(crate) fn plot(
        id: &'static str,
        title: impl Into<String>,
        note: impl Into<String>,
        traces: &[Box<dyn Trace>],
        layout: Layout,
        table: Table,
    ) -> Self {
        let traces: Vec<String> = traces.iter().map(|trace| trace.to_json()).collect();
        Figure {
            id,
            title: title.into(),
            note: note.into(),
            table,
            drawing: Drawing::Plot {
                data: format!("[{}]", traces.join(",")),
                layout: layout.to_json(),
            },
            height: 340,
        }
    }

    /// A figure for which there is not enough data; the words say what is missing.
    pub(crate) fn nothing(
        id: &'static str,
        title: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Figure {
            id,
            title: title.into(),
            note: String::new(),
            table: Table::default(),
            drawing: Drawing::Nothing { why: why.into() },
            height: 0,
        }
    }

    /// Adds the numbers that are known although there is nothing to draw.
    pub(crate) fn with_table(mut self, table: Table) -> Self {
        self.table = table;
        self
    }

    /// Sets the height of the chart in pixels.
    pub(crate) fn height(mut self, pixels: u32) -> Self {
        self.height = pixels;
        self
    }
}

/// JSON that stands in a script element: nothing in it may end the element, open a comment, or act on what is
/// around it. It says the same.
pub(crate) fn for_script(json: &str) -> PreEscaped<String> {
    let is_mark = |character| matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
    let escaped = escaped_json(json, |character| is_mark(character) || acts(character));
    PreEscaped(escaped.into_owned())
}

impl Render for Figure {
    fn render(&self) -> Markup {
        html! {
            figure.card.figure id=(self.id) aria-labelledby={ (self.id) "-title" } {
                figcaption {
                    h2 id={ (self.id) "-title" } { (self.title) }
                    @if !self.note.is_empty() { p.note { (self.note) } }
                }
                @match &self.drawing {
                    Drawing::Plot { data, layout } => {
                        div.chart data-chart data-height=(self.height) role="img" aria-label={ (self.title) ". The numbers are in the table below." } {}
                        script type="application/json" data-chart-data { (for_script(&visible(&format!("{{\"data\":{data},\"layout\":{layout}}}")))) }
                    }
                    Drawing::Nothing { why } => div.empty { p { strong { "Not enough data. " } (why) } }
                }
                @if !self.table.is_empty() {
                    details.numbers { summary { "The numbers" } (self.table) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_element() {
        let PreEscaped(text) = for_script("{\"a\":\"</script><!--\u{2028}&\u{202e}\"}");
        assert!(!text.contains(['<', '>', '\u{2028}', '\u{202e}']), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).expect("still JSON");
        assert_eq!(value["a"], "</script><!--\u{2028}&\u{202e}");
    }
}
