//! The parts of a text that are not what its writer says: code, quotations, HTML comments, and
//! boxes that nobody ticked.
//!
//! Not a Markdown parser: it reads line by line, in linear time, and knows fenced, indented and
//! inline code, block quotations, HTML comments and task boxes, which is what keeps template text and pasted
//! examples out of the evidence.

use crate::catalogue::rows::Part;

/// How a text is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// Descriptions and comments.
    Markdown,
    /// Commit messages: an opened fence that is never closed hides nothing, since the trailers
    /// stand at the end.
    Plain,
}

/// What stands at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A part in which a signature may count.
    Part(Part),
    /// Code, or a box that nobody ticked: none counts.
    Void,
}

/// The parts of one text, in order and apart from each other.
#[derive(Debug, Default)]
pub(crate) struct Regions {
    spans: Vec<(usize, usize, Found)>,
}

/// A line that `git merge --squash` writes above the messages it joins, which it indents.
const SQUASH_LOG: &str = "Squashed commit of the following";

impl Regions {
    /// Splits a text.
    pub(crate) fn new(text: &str, markup: Markup) -> Self {
        let mut scanner = Scanner {
            text,
            markup,
            fences: Fences::Heeded,
            spans: Vec::new(),
        };
        if scanner.run() == Ended::InFence && markup == Markup::Plain {
            scanner.fences = Fences::Ignored;
            scanner.spans.clear();
            scanner.run();
        }
        Regions {
            spans: scanner.spans,
        }
    }

    /// What stands at a byte position.
    pub(crate) fn at(&self, position: usize) -> Found {
        let after = self
            .spans
            .partition_point(|&(start, _, _)| start <= position);
        match after.checked_sub(1).and_then(|index| self.spans.get(index)) {
            Some(&(_, end, found)) if position < end => found,
            _ => Found::Part(Part::Prose),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fences {
    Heeded,
    Ignored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    InFence,
    Elsewhere,
}

struct Scanner<'t> {
    text: &'t str,
    markup: Markup,
    fences: Fences,
    spans: Vec<(usize, usize, Found)>,
}

impl Scanner<'_> {
    fn run(&mut self) -> Ended {
        let text = self.text;
        let indents_code = self.markup == Markup::Markdown || !is_indented_log(text);
        let mut fence: Option<(char, usize, usize)> = None;
        let mut skip_until = 0;
        let mut previous_blank = true;
        let mut previous_indented_code = false;
        let mut in_list = false;
        let mut comments_close = true;
        let mut next_tick = self.next("`", 0);
        let mut next_comment = self.next("<!--", 0);
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            let line_start = start;
            start = end;
            if end <= skip_until {
                continue;
            }
            let content = without_break(line);
            let body = content.trim_ascii_start();
            if let Some((mark, width, opened)) = fence {
                if closes_fence(body, mark, width) {
                    self.push(opened, end, Found::Void);
                    fence = None;
                }
                previous_blank = false;
                continue;
            }
            let indent = indent_columns(content);
            if body.is_empty() {
                previous_blank = true;
                continue;
            }
            let is_indented = indent >= 4 && line_start >= skip_until;
            let may_be_code = match self.markup {
                Markup::Markdown => (previous_blank || previous_indented_code) && !in_list,
                Markup::Plain => true,
            };
            if is_indented && may_be_code && indents_code {
                self.push(line_start, end, Found::Void);
                previous_indented_code = true;
                previous_blank = false;
                continue;
            }
            previous_indented_code = false;
            previous_blank = false;
            let first = body.as_bytes().first().copied().unwrap_or_default();
            let is_item = matches!(first, b'-' | b'*' | b'+' | b'0'..=b'9') && is_list_item(body);
            if is_item {
                in_list = true;
            } else if indent == 0 {
                in_list = false;
            }
            if line_start >= skip_until {
                if matches!(first, b'`' | b'~')
                    && self.fences == Fences::Heeded
                    && let Some((mark, width)) = opens_fence(body)
                {
                    fence = Some((mark, width, line_start));
                    continue;
                }
                if is_item && is_unticked_box(body) {
                    self.push(line_start, end, Found::Void);
                    continue;
                }
                if first == b'>' {
                    self.push(line_start, end, Found::Part(Part::Quote));
                    continue;
                }
            }
            let from = line_start.max(skip_until);
            skip_until = 0;
            // Most lines have neither; look for the next one only when the last is behind.
            if next_tick < from {
                next_tick = self.next("`", from);
            }
            if next_comment < from {
                next_comment = self.next("<!--", from);
            }
            if next_tick < end || next_comment < end {
                skip_until = self.inline(from, end, indent, &mut comments_close);
            }
        }
        match fence {
            Some((_, _, opened)) => {
                self.push(opened, text.len(), Found::Void);
                Ended::InFence
            }
            None => Ended::Elsewhere,
        }
    }

    /// Where a mark stands next, from `from` on; the end of the text where it does not.
    fn next(&self, mark: &str, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        rest.find(mark)
            .map_or(self.text.len(), |offset| from + offset)
    }

    /// Marks inline code and HTML comments of one line; returns where the last comment ends, which
    /// may be lines further on.
    fn inline(
        &mut self,
        from: usize,
        end: usize,
        indent: usize,
        comments_close: &mut bool,
    ) -> usize {
        let line = self.text.get(from..end).unwrap_or_default();
        let ticks = TickRuns::new(line);
        let mut at = 0;
        while let Some(offset) = line.get(at..).and_then(|rest| rest.find(['`', '<'])) {
            let position = at + offset;
            let rest = line.get(position..).unwrap_or_default();
            if rest.starts_with("<!--") {
                let opened = from + position;
                let close = if *comments_close {
                    self.text
                        .get(opened + 4..)
                        .and_then(|after| after.find("-->"))
                } else {
                    None
                };
                if let Some(length) = close {
                    let closed = opened + 4 + length + 3;
                    self.push(opened, closed, Found::Part(Part::Comment));
                    if closed >= end {
                        return closed;
                    }
                    at = closed - from;
                    continue;
                }
                *comments_close = false;
                let hides_the_rest = self.markup == Markup::Markdown
                    && indent <= 3
                    && line
                        .get(..position)
                        .is_some_and(|before| before.trim().is_empty());
                if hides_the_rest {
                    self.push(opened, self.text.len(), Found::Part(Part::Comment));
                    return self.text.len();
                }
                at = position + 4;
                continue;
            }
            if rest.starts_with('`') {
                let width = rest.bytes().take_while(|&byte| byte == b'`').count();
                if let Some(closed) = ticks.close_of(position, width) {
                    self.push(from + position, from + closed, Found::Void);
                    at = closed;
                } else {
                    at = position + width;
                }
                continue;
            }
            at = position + 1;
        }
        0
    }

    fn push(&mut self, start: usize, end: usize, found: Found) {
        self.spans.push((start, end, found));
    }
}

/// The runs of backticks of one line.
struct TickRuns {
    /// Start and width of each run, in order.
    runs: Vec<(usize, usize)>,
    /// For each run, the index of the next run of the same width.
    next_same: Vec<Option<usize>>,
}

impl TickRuns {
    fn new(line: &str) -> Self {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (position, byte) in line.bytes().enumerate() {
            if byte != b'`' {
                continue;
            }
            match runs.last_mut() {
                Some((start, width)) if *start + *width == position => *width += 1,
                _ => runs.push((position, 1)),
            }
        }
        // Widths differ little: a line of n bytes has room for few, so a list beats a map.
        let mut last_of_width: Vec<(usize, usize)> = Vec::new();
        let mut next_same = vec![None; runs.len()];
        for (index, (_, width)) in runs.iter().enumerate().rev() {
            let known = last_of_width.iter_mut().find(|(known, _)| known == width);
            let next = known.map(|(_, last)| std::mem::replace(last, index));
            if next.is_none() {
                last_of_width.push((*width, index));
            }
            if let Some(slot) = next_same.get_mut(index) {
                *slot = next;
            }
        }
        TickRuns { runs, next_same }
    }

    /// The end of the run that closes the one at `position`.
    fn close_of(&self, position: usize, width: usize) -> Option<usize> {
        let index = self.runs.partition_point(|&(start, _)| start < position);
        let &(start, found_width) = self.runs.get(index)?;
        if start != position || found_width != width {
            return None;
        }
        let closing = (*self.next_same.get(index)?)?;
        self.runs.get(closing).map(|&(start, width)| start + width)
    }
}

/// Whether a commit message was pasted from a log, which indents messages: then indentation says
/// nothing. `git merge --squash` says so itself; otherwise all lines below the subject are indented.
fn is_indented_log(message: &str) -> bool {
    if message.contains(SQUASH_LOG) {
        return true;
    }
    let mut lines = message.trim_start().lines().skip(1);
    lines.all(|line| line.trim().is_empty() || indent_columns(line) >= 4)
}

fn without_break(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

fn opens_fence(body: &str) -> Option<(char, usize)> {
    let mark = body
        .chars()
        .next()
        .filter(|&mark| mark == '`' || mark == '~')?;
    let width = body
        .chars()
        .take_while(|&character| character == mark)
        .count();
    let info = body.get(width..).unwrap_or_default();
    (width >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, width))
}

fn closes_fence(body: &str, mark: char, width: usize) -> bool {
    let run = body
        .chars()
        .take_while(|&character| character == mark)
        .count();
    run >= width && body.get(run..).is_some_and(|rest| rest.trim().is_empty())
}

fn indent_columns(line: &str) -> usize {
    let mut columns = 0;
    for byte in line.bytes() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

/// Whether a list item is a task that was left open: what it says was offered, not said.
fn is_unticked_box(body: &str) -> bool {
    body.trim_start_matches(|mark: char| mark.is_ascii_digit() || "-*+.)".contains(mark))
        .trim_start()
        .strip_prefix("[ ]")
        .is_some()
}

fn is_list_item(body: &str) -> bool {
    let after_mark = body.strip_prefix(['-', '*', '+']).or_else(|| {
        let digits = body.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        body.get(digits..)
            .and_then(|rest| rest.strip_prefix(['.', ')']))
    });
    after_mark.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROSE: Found = Found::Part(Part::Prose);
    const QUOTE: Found = Found::Part(Part::Quote);
    const COMMENT: Found = Found::Part(Part::Comment);

    /// What stands at the first `X` of each text.
    fn check(markup: Markup, cases: &[(&str, Found)]) {
        for (text, expected) in cases {
            let position = text.find('X').expect("a case marks its place with X");
            assert_eq!(
                Regions::new(text, markup).at(position),
                *expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn markdown_parts() {
        check(
            Markup::Markdown,
            &[
                ("X", PROSE),
                ("a\n\nX b", PROSE),
                ("> X", QUOTE),
                ("a\n> b\n\nX", PROSE),
                ("```\nX\n```\n", Found::Void),
                ("```\na\n```\nX", PROSE),
                ("~~~ text\n```\nX\n~~~", Found::Void),
                ("```\r\nX\r\n```\r\n", Found::Void),
                ("```\nnever closed\n\nX", Found::Void),
                ("a `X` b", Found::Void),
                ("a `b` X", PROSE),
                ("a ``b ` X`` c", Found::Void),
                ("a ` X", PROSE),
                ("<!-- X -->", COMMENT),
                ("<!-- a\nb\nX\n-->", COMMENT),
                ("<!-- a\nb\n--> X", PROSE),
                ("<!-- a --> X <!-- b -->", PROSE),
                ("<!-- never closed\n\nX", COMMENT),
                ("words <!-- never closed\n\nX", PROSE),
                ("`<!-- X -->`", Found::Void),
                ("a\n\n    X", Found::Void),
                ("a\n    X", PROSE),
                ("- a\n\n    X", PROSE),
                ("<!--\n```\n-->\nX", PROSE),
                ("a\n\n\tX", Found::Void),
                ("- [ ] X", Found::Void),
                ("1. [ ] X", Found::Void),
                ("- [x] X", PROSE),
                ("- [a](b) X", PROSE),
            ],
        );
    }

    #[test]
    fn commit_message_parts() {
        check(
            Markup::Plain,
            &[
                ("s\n\nX", PROSE),
                ("s\n\n```\nX\n```", Found::Void),
                ("s\n\n```\nnever closed\nX", PROSE),
                ("s\n\n> X", QUOTE),
                ("s\n\nwords\n\n    X", Found::Void),
                ("s\n\n    words\n\n    X", PROSE),
                (
                    "Squashed commit of the following:\n\ncommit 1\n\n    X",
                    PROSE,
                ),
            ],
        );
    }

    #[test]
    fn hostile_input_takes_linear_time() {
        for unit in [
            "`",
            "` `` ",
            "<!--",
            "> ",
            "<!-- a -->\n",
            "`a`\n",
            "```\n",
            "<",
            "- ",
            "    a\n",
        ] {
            let text = unit.repeat(400_000 / unit.len());
            for markup in [Markup::Markdown, Markup::Plain] {
                for ending in ["", "`", "<!--"] {
                    let regions = Regions::new(&format!("{text}{ending}"), markup);
                    regions.at(text.len() / 2);
                }
            }
        }
    }
}
