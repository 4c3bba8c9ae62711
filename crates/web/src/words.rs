//! Numbers and moments as people read them. What needs the words of statistics is in
//! `insights::wording`, so that pages and tables say it the same way.

pub(crate) use insights::wording::count_text as count;
use jiff::Timestamp;
use maud::{Markup, html};
use model::visible_line;
use stats::Proportion;

/// Characters of a name in a table or a sentence.
const NAME: usize = 80;

/// Characters of a name beside a chart.
const CHART_NAME: usize = 32;

/// A line of a text of others, at most so many characters; the end is told by `…`.
pub(crate) fn short_line(text: &str, most: usize) -> String {
    // Cut before it is looked at as a whole: it may be long, and what is not shown takes no room.
    let end = text
        .char_indices()
        .nth(most.saturating_mul(4))
        .map_or(text.len(), |(end, _)| end);
    let shown = visible_line(text.get(..end).unwrap_or_default());
    let mut letters = shown.chars();
    let mut short: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() || end < text.len() {
        short.push('…');
    }
    short
}

/// A name that others gave, of a team for instance: it does not turn what stands beside it round, and the
/// whole of a long one is told on hover.
pub(crate) fn name(text: &str) -> Markup {
    let short = short_line(text, NAME);
    let whole = (short != text).then(|| visible_line(text));
    html! { bdi title=[whole] { (short) } }
}

/// Names beside the rows of a chart: short, each another one, as charts put together what is called the same.
pub(crate) fn chart_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut short: Vec<String> = Vec::new();
    for name in names {
        let cut = chart_name(name);
        let mut unique = cut.clone();
        let mut number = 2;
        while short.contains(&unique) {
            unique = format!("{cut} ({number})");
            number += 1;
        }
        short.push(unique);
    }
    short
}

/// A name beside a chart, where charts do not go by it.
pub(crate) fn chart_name(name: &str) -> String {
    short_line(name, CHART_NAME)
}

/// Dollars with two decimals, or four below ten cents, as the command line writes them.
pub(crate) fn dollars(usd: f64) -> String {
    if usd.abs() < 0.1 {
        format!("${usd:.4}")
    } else {
        format!("${usd:.2}")
    }
}

/// A share as `12.3 %`, or a dash where there is nothing to divide by.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// A proportion with its interval: `12.3 % (10.1–14.8)`.
pub(crate) fn proportion(proportion: Option<Proportion>) -> String {
    let Some((one, share)) = proportion.and_then(|one| Some((one, one.share?))) else {
        return "–".to_owned();
    };
    match one.interval {
        Some(interval) => format!(
            "{:.1} % ({:.1}–{:.1})",
            share * 100.0,
            interval.low * 100.0,
            interval.high * 100.0
        ),
        None => percent(Some(share)),
    }
}

/// Words as they are printed, with the multiplication sign where the command line has `x`.
pub(crate) fn typeset(text: &str) -> String {
    let mut typeset = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let begins_word = !before.is_alphanumeric();
        let is_sign = character == 'x' && characters.peek().is_some_and(char::is_ascii_digit);
        typeset.push(if begins_word && is_sign {
            '×'
        } else {
            character
        });
        before = character;
    }
    typeset
}

/// Words as a sentence: the first letter large, a full stop at the end.
pub(crate) fn sentence_case(text: &str) -> String {
    let text = typeset(text.trim());
    let mut characters = text.chars();
    let Some(first) = characters.next() else {
        return text;
    };
    let mut sentence: String = first.to_uppercase().collect();
    sentence.push_str(characters.as_str());
    if !sentence.ends_with(['.', '!', '?', ':']) {
        sentence.push('.');
    }
    sentence
}

/// A month as people say it, short: `2026-05` is `May 26`.
pub(crate) fn short_month(month: &str) -> String {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let Some((year, number)) = month.split_once('-') else {
        return month.to_owned();
    };
    let name = number
        .parse::<usize>()
        .ok()
        .and_then(|number| NAMES.get(number.checked_sub(1)?));
    match (name, year.get(2..4)) {
        (Some(name), Some(year)) => format!("{name} {year}"),
        _ => month.to_owned(),
    }
}

/// A moment to the minute, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_single_and_apart() {
        assert_eq!(short_line("a\nb\u{7}c", 10), "a b\u{fffd}c");
        assert_eq!(short_line("abcdef", 3), "abc…");
        assert_eq!(name("orchard").into_string(), "<bdi>orchard</bdi>");
        let long = name(&"x".repeat(300)).into_string();
        assert!(long.contains(&format!("title=\"{}\"", "x".repeat(300))));
        assert!(long.ends_with("x…</bdi>"));
        let long = ["x".repeat(300), "x".repeat(301), "y".to_owned()];
        let short = chart_names(long.iter().map(String::as_str));
        assert_ne!(short[0], short[1]);
        assert!(short[1].ends_with("… (2)"), "{short:?}");
        assert_eq!(short[2], "y");
    }

    #[test]
    fn sentences_begin_large_and_end() {
        for (text, expected) in [
            (
                "cycle time: not enough data",
                "Cycle time: not enough data.",
            ),
            ("Done.", "Done."),
            ("(x0.72, 95 %)", "(×0.72, 95 %)."),
            ("max7 and 0x10 stay", "Max7 and 0x10 stay."),
            ("", ""),
        ] {
            assert_eq!(sentence_case(text), expected);
        }
    }

    #[test]
    fn months_are_short() {
        assert_eq!(short_month("2026-05"), "May 26");
        assert_eq!(short_month("2026-13"), "2026-13");
        assert_eq!(short_month("ever"), "ever");
    }
}
