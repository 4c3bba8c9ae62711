//! Progress bars on stderr, with rate and remaining time; silent where they may not be drawn.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// A bar over bytes read of a known or unknown total.
pub(crate) fn bytes_bar(output: &Output, total_bytes: Option<u64>) -> ProgressBar {
    let template = if total_bytes.is_some() {
        "{msg} {bar:30} {percent:>3} % {decimal_bytes_per_sec}, {eta} left"
    } else {
        "{msg} {spinner} {decimal_bytes} {decimal_bytes_per_sec}"
    };
    bar(output, total_bytes, template)
}

/// A bar over pull requests of a known total.
pub(crate) fn count_bar(output: &Output, total: u64) -> ProgressBar {
    bar(
        output,
        Some(total),
        "{msg} {bar:30} {human_pos}/{human_len} {per_sec}, {eta} left",
    )
}

fn bar(output: &Output, total: Option<u64>, template: &str) -> ProgressBar {
    if !output.progress {
        return ProgressBar::hidden();
    }
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    // A template that does not parse is a mistake of ours; the plain bar still shows the way.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
