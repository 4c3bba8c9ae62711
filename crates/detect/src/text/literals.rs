//! Literals that every match of a pattern must contain, derived from its syntax tree.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::text::rarity::rarity_bits;

/// Literals shorter than this would let too many texts through.
const MIN_LITERAL_BYTES: usize = 3;

/// Longer literals are cut to the rarest part of this length.
const PART_BYTES: usize = 9;

/// More alternatives than this would crowd the search.
const MAX_VARIANTS: usize = 16;

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
/// set whose members all have three bytes or more. Long literals are cut to their rarest part.
pub(crate) fn required_literals(hir: &Hir) -> Option<Choice> {
    best_choice(hir).map(|choice| choice.iter().map(rarest_part).collect())
}

fn best_choice(hir: &Hir) -> Option<Choice> {
    choices(hir).into_iter().max_by_key(score)
}

/// The rarest part of a long literal, which leaves out the beginnings that half of all addresses
/// share.
fn rarest_part(literal: &Literal) -> Literal {
    let text = literal.text.as_str();
    if text.len() <= PART_BYTES {
        return literal.clone();
    }
    let starts = text.char_indices().map(|(start, _)| start);
    let parts = starts.filter_map(|start| {
        let end = start + PART_BYTES;
        let part = text.get(start..end)?;
        Some(Literal {
            text: part.to_owned(),
            left: if start == 0 { literal.left } else { Edge::Open },
            right: if end == text.len() {
                literal.right
            } else {
                Edge::Open
            },
        })
    });
    parts
        .max_by_key(literal_score)
        .unwrap_or_else(|| literal.clone())
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
    for index in 0..items.len() {
        found.extend(fixed_run(&items, index));
        found.extend(varied_run(&items, index));
        let Some(item) = items.get(index) else {
            continue;
        };
        match item.kind() {
            HirKind::Repetition(repetition) if repetition.min >= 1 => {
                found.extend(choices(&repetition.sub));
            }
            HirKind::Alternation(branches) => {
                let best: Option<Vec<Choice>> = branches.iter().map(best_choice).collect();
                if let Some(best) = best {
                    found.push(best.into_iter().flatten().collect());
                }
            }
            _ => {}
        }
    }
    found
}

/// The longest run of fixed text that begins at an item, unless an earlier item begins it.
fn fixed_run(items: &[&Hir], start: usize) -> Option<Choice> {
    let begins_earlier = (start.checked_sub(1).and_then(|before| items.get(before)))
        .is_some_and(|before| fixed_text(before).is_some());
    if begins_earlier {
        return None;
    }
    let mut text = String::new();
    let mut end = start;
    while let Some(more) = items.get(end).and_then(|item| fixed_text(item)) {
        text.push_str(&more);
        end += 1;
    }
    usable(
        vec![text],
        edge_before(items, start),
        edge_after(items, end),
    )
}

/// The texts of a run that begins at an item and has a few alternatives within it.
fn varied_run(items: &[&Hir], start: usize) -> Option<Choice> {
    let mut texts = vec![String::new()];
    let mut end = start;
    while let Some(endings) = items.get(end).and_then(|item| variants(item)) {
        if texts.len() * endings.len() > MAX_VARIANTS {
            break;
        }
        texts = product(&texts, &endings);
        end += 1;
    }
    if texts.len() == 1 {
        return None;
    }
    usable(texts, edge_before(items, start), edge_after(items, end))
}

fn usable(texts: Vec<String>, left: Edge, right: Edge) -> Option<Choice> {
    if texts.iter().any(|text| text.len() < MIN_LITERAL_BYTES) {
        return None;
    }
    let literals = texts.into_iter().map(|text| Literal {
        left: applicable(left, text.chars().next()),
        right: applicable(right, text.chars().next_back()),
        text,
    });
    Some(literals.collect())
}

/// A word boundary beside anything but a word character asks for one on its other side; leave that
/// to the pattern.
fn applicable(edge: Edge, beside: Option<char>) -> Edge {
    let is_word = beside.is_some_and(|beside| beside.is_ascii_alphanumeric() || beside == '_');
    if edge == Edge::Word && !is_word {
        Edge::Open
    } else {
        edge
    }
}

/// All texts a node can match, where they are few.
fn variants(hir: &Hir) -> Option<Vec<String>> {
    if let Some(text) = fixed_text(hir) {
        return Some(vec![text]);
    }
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Capture(capture) => variants(&capture.sub),
        HirKind::Concat(children) => {
            let mut texts = vec![String::new()];
            for child in children {
                let endings = variants(child)?;
                if texts.len() * endings.len() > MAX_VARIANTS {
                    return None;
                }
                texts = product(&texts, &endings);
            }
            Some(texts)
        }
        HirKind::Alternation(branches) => {
            let mut texts = Vec::new();
            for branch in branches {
                texts.extend(variants(branch)?);
            }
            (texts.len() <= MAX_VARIANTS).then_some(texts)
        }
        HirKind::Repetition(repetition) if repetition.min == 0 && repetition.max == Some(1) => {
            let mut texts = variants(&repetition.sub)?;
            texts.push(String::new());
            (texts.len() <= MAX_VARIANTS).then_some(texts)
        }
        _ => None,
    }
}

fn product(beginnings: &[String], endings: &[String]) -> Vec<String> {
    let pairs = (beginnings.iter())
        .flat_map(|beginning| (endings.iter()).map(move |ending| format!("{beginning}{ending}")));
    pairs.collect()
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

/// Rarity of the commonest literal, less what several of them cost.
fn score(choice: &Choice) -> i64 {
    let cost = i64::try_from(choice.len()).unwrap_or(i64::MAX);
    choice.iter().map(literal_score).min().unwrap_or(0) - cost
}

/// Rarity of a literal, plus what its boundaries save.
fn literal_score(literal: &Literal) -> i64 {
    let bounded = literal.left != Edge::Open || literal.right != Edge::Open;
    i64::from(rarity_bits(&literal.text)) + if bounded { 3 } else { 0 }
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
        let cases: [(&str, Option<&[&str]>); 10] = [
            ("Kiosk", Some(&["kiosk"])),
            (
                "https://app\\.devin\\.ai/sessions/\\w+",
                Some(&["pp.devin."]),
            ),
            ("(?:alpha|beta) release", Some(&["alpha rel", "beta rele"])),
            ("(?:quartz|zephyr)", Some(&["quartz", "zephyr"])),
            ("(?:ab|xy) ?jk", Some(&["ab jk", "abjk", "xy jk", "xyjk"])),
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
        let hir = regex_syntax::parse(r"\b\[quartz\b").expect("a valid pattern");
        let literals = required_literals(&hir).expect("one literal");
        assert_eq!(literals[0].left, Edge::Open);
    }

    #[test]
    fn an_anchor_must_be_part_of_every_match() {
        let hir = regex_syntax::parse("made with quartz").expect("a valid pattern");
        assert!(anchored_literals(&hir, "quartz").is_some());
        assert!(anchored_literals(&hir, "zephyr").is_none());
        assert!(anchored_literals(&hir, "qu").is_none());
    }
}
