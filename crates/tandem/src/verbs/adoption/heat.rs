//! Teams by months as a heat map: a shade and a number in each cell.
//!
//! The shade is a character, so that the map reads without colour; where the terminal has colours the cell
//! is coloured as well.

use anstyle::{Ansi256Color, Color, Style};
use insights::adoption::{Adoption, AdoptionClock, Group};
use insights::wording::FEWEST_SHOWN;

use super::MONTHS_SHOWN;
use crate::error::CliError;
use crate::output::{Output, columns, shortened};

/// The widest that a name may be: the months beside it have to find room.
const NAME_COLUMNS: usize = 40;

/// The width of a cell, with its gap.
const CELL_WIDTH: usize = 7;

/// Lower end of a level in percent, its shade, and its colour: from nothing to nearly all.
const LEVELS: [(f64, char, Option<u8>); 6] = [
    (75.0, '█', Some(22)),
    (50.0, '▓', Some(28)),
    (25.0, '▒', Some(65)),
    (10.0, '░', Some(108)),
    (0.001, '·', None),
    (0.0, ' ', None),
];

/// Prints the heat map.
pub(super) fn print(
    output: &Output,
    adoption: &Adoption,
    clock: AdoptionClock,
) -> Result<(), CliError> {
    let skipped = adoption.by_month.len().saturating_sub(MONTHS_SHOWN);
    let shown = adoption.by_month.get(skipped..).unwrap_or_default();
    if shown.is_empty() {
        return Ok(());
    }
    output.heading(match clock {
        AdoptionClock::Created => "By month of opening, at least, in percent",
        AdoptionClock::Merged => "By month of merging, at least, in percent",
    })?;
    let teams: Vec<&str> = adoption
        .by_team
        .iter()
        .map(|team| team.name.as_str())
        .filter(|team| adoption.by_team_month.iter().any(|cell| cell.team == *team))
        .collect();
    let width = teams
        .iter()
        .map(|team| columns(&shortened(team, NAME_COLUMNS)))
        .max()
        .unwrap_or(0)
        .max("Team".len());
    let mut line = format!("  {:<width$}", "Team");
    for month in shown {
        let is_open = adoption.incomplete_month.as_deref() == Some(month.name.as_str());
        let name = month.name.get(2..).unwrap_or(&month.name);
        let name = format!("{name}{}", if is_open { "*" } else { "" });
        line.push_str(&format!("{name:>CELL_WIDTH$}"));
    }
    output.line(line.trim_end())?;
    for team in &teams {
        let cells = shown.iter().map(|month| {
            let cell = (adoption.by_team_month.iter())
                .find(|cell| cell.team == *team && cell.month == month.name);
            cell.map(|cell| &cell.group)
        });
        print_row(output, team, width, cells)?;
    }
    if teams.len() > 1 {
        print_row(
            output,
            "all",
            width,
            shown.iter().map(|month| Some(&month.group)),
        )?;
    }
    output.remark(
        "  shades: · below 10, ░ 10, ▒ 25, ▓ 50, █ 75 and more; - fewer than five pull requests",
    )?;
    if adoption.incomplete_month.is_some() {
        output.remark("  * this month is not over")?;
    }
    Ok(())
}

fn print_row<'g>(
    output: &Output,
    name: &str,
    width: usize,
    cells: impl Iterator<Item = Option<&'g Group>>,
) -> Result<(), CliError> {
    let name = shortened(name, NAME_COLUMNS);
    let gap = " ".repeat(width.saturating_sub(columns(&name)));
    let mut line = format!("  {name}{gap}");
    for group in cells {
        line.push_str(&cell(group));
    }
    output.painted(line.trim_end())
}

/// One cell, [`CELL_WIDTH`] wide: `  ▒  43`.
fn cell(group: Option<&Group>) -> String {
    let share = group
        .filter(|group| group.pull_requests >= FEWEST_SHOWN as u64)
        .and_then(|group| group.of_all?.share);
    let Some(share) = share else {
        return format!("{:>CELL_WIDTH$}", "-");
    };
    let percent = share * 100.0;
    let (_, block, colour) = LEVELS
        .into_iter()
        .find(|(from, _, _)| percent >= *from)
        .unwrap_or((0.0, ' ', None));
    let text = format!("{block}{percent:>4.0}");
    let gap = " ".repeat(CELL_WIDTH - 5);
    match colour {
        None => format!("{gap}{text}"),
        Some(colour) => {
            let style = Style::new()
                .bg_color(Some(Color::Ansi256(Ansi256Color(colour))))
                .fg_color(Some(Color::Ansi256(Ansi256Color(231))));
            format!("{gap}{style}{text}{style:#}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::Proportion;

    #[test]
    fn a_cell_has_a_shade_and_a_number() {
        let of = |found: u64, all: u64| {
            let group = Group {
                pull_requests: all,
                of_all: Some(Proportion::new(found, all)),
                ..Group::default()
            };
            anstream::adapter::strip_str(&cell(Some(&group))).to_string()
        };
        assert_eq!(of(0, 20), "      0");
        assert_eq!(of(1, 20), "  ·   5");
        assert_eq!(of(2, 20), "  ░  10");
        assert_eq!(of(9, 20), "  ▒  45");
        assert_eq!(of(20, 20), "  █ 100");
        assert_eq!(of(4, 4), "      -", "could name a person");
        assert_eq!(cell(None), "      -");
    }
}
