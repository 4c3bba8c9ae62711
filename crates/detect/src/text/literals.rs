//! Literals that every match of a pattern must contain, derived from its syntax tree.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::text::rarity::rarity_bits;

/// Literals shorter than this would let too many texts through.
const MIN_LITERAL_BYTES: usize = 3;

/// A literal may require a boundary at its edge, which is cheaper to check than the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Edge {
    /// Anything may stand there.
    Open,
    /// No ASCII word byte may stand there. A non-ASCII byte never rejects: only the pattern knows.
    Word,
    /// A line break or the end of the text must stand there.
    Line,
}

/// One literal, lower-case where case is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Literal {
    pub(crate) text: String,
    pub(crate) left: Edge,
    pub(crate) right: Edge,
}

/// Every match contains at least one of these.
type Choice = Vec<Literal>;

/// The rarest set of literals of which every match contains at least one; `None` when there is no
/// set whose members all have three bytes or more.
pub(crate) fn required_literals(hir: &Hir) -> Option<Choice> {
    choices(hir).into_iter().max_by_key(|choice| score(choice))
}

/// A set of literals that all contain `anchor`, shortened to it; `None` when no set does.
pub(crate) fn anchored_literals(hir: &Hir, anchor: &str) -> Option<Choice> {
    let wanted = anchor.to_ascii_lowercase();
    let holds = |choice: &Choice| {
        choice
            .iter()
            .all(|literal| literal.text.to_ascii_lowercase().contains(&wanted))
    };
    if wanted.len() < MIN_LITERAL_BYTES || !choices(hir).iter().any(holds) {
        return None;
    }
    Some(vec![Literal {
        text: wanted,
        left: Edge::Open,
        right: Edge::Open,
    }])
}

/// All usable sets found in the tree.
fn choices(hir: &Hir) -> Vec<Choice> {
    let mut items = Vec::new();
    flatten(hir, &mut items);
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(item) = items.get(index) {
        if let Some(first) = fixed_text(item) {
            let left = edge_before(&items, index);
            let mut text = first;
            index += 1;
            while let Some(more) = items.get(index).and_then(|next| fixed_text(next)) {
                text.push_str(&more);
                index += 1;
            }
            let right = edge_after(&items, index);
            if text.len() >= MIN_LITERAL_BYTES {
                found.push(vec![Literal { text, left, right }]);
            }
            continue;
        }
        match item.kind() {
            HirKind::Repetition(repetition) if repetition.min >= 1 => {
                found.extend(choices(&repetition.sub));
            }
            HirKind::Alternation(branches) => {
                let best: Option<Vec<Choice>> = branches.iter().map(required_literals).collect();
                if let Some(best) = best {
                    found.push(best.into_iter().flatten().collect());
                }
            }
            _ => {}
        }
        index += 1;
    }
    found
}

/// Splices concatenations and captures into one sequence.
fn flatten<'h>(hir: &'h Hir, items: &mut Vec<&'h Hir>) {
    match hir.kind() {
        HirKind::Concat(children) => {
            for child in children {
                flatten(child, items);
            }
        }
        HirKind::Capture(capture) => flatten(&capture.sub, items),
        _ => items.push(hir),
    }
}

/// The text of a node that matches one text only, letter case aside.
fn fixed_text(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok(),
        HirKind::Class(class) => one_letter(class).map(String::from),
        _ => None,
    }
}

/// The lower-case ASCII letter of a class that holds only its case variants.
///
/// For `k` and `s` Unicode adds the Kelvin sign and the long s. The prefilter folds ASCII only, so
/// a text spelt with these two is not found; nothing real is.
fn one_letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let mut letter = None;
    for range in class.iter() {
        if range.start() != range.end() {
            return None;
        }
        let folded = match range.start() {
            '\u{212a}' => 'k',
            '\u{17f}' => 's',
            other if other.is_ascii_alphabetic() => other.to_ascii_lowercase(),
            _ => return None,
        };
        if letter.is_some_and(|known| known != folded) {
            return None;
        }
        letter = Some(folded);
    }
    letter
}

fn edge_before(items: &[&Hir], index: usize) -> Edge {
    match index.checked_sub(1).and_then(|before| items.get(before)) {
        Some(item) => edge_of(item),
        None => Edge::Open,
    }
}

fn edge_after(items: &[&Hir], index: usize) -> Edge {
    items.get(index).map_or(Edge::Open, |item| edge_of(item))
}

fn edge_of(item: &Hir) -> Edge {
    match item.kind() {
        HirKind::Look(Look::WordUnicode | Look::WordAscii) => Edge::Word,
        HirKind::Look(
            Look::StartLF | Look::StartCRLF | Look::Start | Look::EndLF | Look::EndCRLF | Look::End,
        ) => Edge::Line,
        _ => Edge::Open,
    }
}

/// Rarity of the commonest literal, less what several of them cost, plus what boundaries save.
fn score(choice: &Choice) -> i64 {
    let rarest = choice.iter().map(|literal| {
        let bounded = literal.left != Edge::Open || literal.right != Edge::Open;
        i64::from(rarity_bits(&literal.text)) + if bounded { 3 } else { 0 }
    });
    let cost = i64::try_from(choice.len()).unwrap_or(i64::MAX);
    rarest.min().unwrap_or(0) - cost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derive(pattern: &str) -> Option<Vec<String>> {
        let hir = regex_syntax::ParserBuilder::new()
            .case_insensitive(true)
            .multi_line(true)
            .crlf(true)
            .build()
            .parse(pattern)
            .expect("a valid pattern");
        required_literals(&hir)
            .map(|choice| choice.into_iter().map(|literal| literal.text).collect())
    }

    #[test]
    fn the_rarest_required_literal_is_chosen() {
        let cases: [(&str, Option<&[&str]>); 9] = [
            ("Kiosk", Some(&["kiosk"])),
            (
                "https://app\\.devin\\.ai/sessions/\\w+",
                Some(&["https://app.devin.ai/sessions/"]),
            ),
            ("(?:alpha|beta) release", Some(&[" release"])),
            ("(?:quartz|zephyr)", Some(&["quartz", "zephyr"])),
            ("(?:quartz|ab)", None),
            ("(?:quartz)?", None),
            ("(?:quartz)+", Some(&["quartz"])),
            ("(quar)(tz)", Some(&["quartz"])),
            ("\\w+\\d*", None),
        ];
        for (pattern, expected) in cases {
            let expected = expected.map(|list| list.iter().map(|&text| text.to_owned()).collect());
            assert_eq!(derive(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn boundaries_beside_a_literal_are_kept() {
        let hir = regex_syntax::ParserBuilder::new()
            .multi_line(true)
            .build()
            .parse("^quartz\\b")
            .expect("a valid pattern");
        let literals = required_literals(&hir).expect("one literal");
        assert_eq!(
            (literals[0].left, literals[0].right),
            (Edge::Line, Edge::Word)
        );
    }

    #[test]
    fn an_anchor_must_be_part_of_every_match() {
        let hir = regex_syntax::parse("made with quartz").expect("a valid pattern");
        assert!(anchored_literals(&hir, "quartz").is_some());
        assert!(anchored_literals(&hir, "zephyr").is_none());
        assert!(anchored_literals(&hir, "qu").is_none());
    }
}
