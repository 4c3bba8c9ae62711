//! Money as whole pico-dollars, and prices per token.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize, Serializer};

/// An amount of US dollars in pico-dollars (1e-12 USD).
///
/// A price of up to six decimals per million tokens is a whole number of pico-dollars per token, so
/// sums of costs are exact. The range is about nine million dollars; arithmetic saturates there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

const PICODOLLARS_PER_DOLLAR: i64 = 1_000_000_000_000;

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);
    /// More money than any run costs.
    pub const MAX: Money = Money(i64::MAX);

    /// An amount of whole pico-dollars.
    pub const fn from_picodollars(picodollars: i64) -> Money {
        Money(picodollars)
    }

    /// The amount in pico-dollars.
    pub const fn picodollars(self) -> i64 {
        self.0
    }

    /// An amount of dollars, rounded to the nearest pico-dollar.
    ///
    /// # Errors
    /// When the number is negative, not finite, or beyond the range.
    pub fn from_usd(usd: f64) -> Result<Money, MoneyError> {
        let picodollars = (usd * PICODOLLARS_PER_DOLLAR as f64).round();
        if picodollars.is_finite() && (0.0..9.2e18).contains(&picodollars) {
            Ok(Money(picodollars as i64))
        } else {
            Err(MoneyError { usd })
        }
    }

    /// The amount in dollars, as the nearest floating-point number.
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / PICODOLLARS_PER_DOLLAR as f64
    }

    /// The amount times a count.
    pub fn times(self, count: u64) -> Money {
        Money(
            self.0
                .saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)),
        )
    }

    /// What is left after taking `other` away; never less than nothing.
    pub fn less(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0).max(0))
    }

    /// The amount rounded half up to `decimals` decimals of a dollar, written with a dollar sign.
    pub fn rounded(self, decimals: u32) -> String {
        let decimals = decimals.min(12);
        let unit = 10_i64.pow(12 - decimals);
        let units = (self.0.saturating_add(unit / 2)) / unit;
        let per_dollar = 10_i64.pow(decimals);
        if decimals == 0 {
            return format!("${units}");
        }
        let width = decimals as usize;
        format!("${}.{:0width$}", units / per_dollar, units % per_dollar)
    }
}

impl fmt::Display for Money {
    /// Writes the exact amount with at least two decimals, for instance `$0.26548`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.rounded(12);
        let kept = exact.trim_end_matches('0');
        let decimals = kept.len() - kept.find('.').map_or(kept.len(), |dot| dot + 1);
        write!(
            formatter,
            "{kept}{}",
            "0".repeat(2_usize.saturating_sub(decimals))
        )
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

/// Writes money as a number of dollars, for documents read by people and scripts.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(crate) fn serialize_usd<S: Serializer>(
    money: &Money,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(money.as_usd())
}

/// A number that is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{usd} is not an amount of dollars from 0 to 9,000,000")]
pub struct MoneyError {
    usd: f64,
}

/// What one token costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPrice {
    /// One token of the prompt.
    pub input: Money,
    /// One token of the completion, hidden reasoning included.
    pub output: Money,
}

impl TokenPrice {
    /// A price given in dollars per million tokens, as price lists give it.
    ///
    /// # Errors
    /// When a number is negative or not finite.
    pub fn per_million(input_usd: f64, output_usd: f64) -> Result<TokenPrice, MoneyError> {
        Ok(TokenPrice {
            input: Money::from_usd(input_usd / 1e6)?,
            output: Money::from_usd(output_usd / 1e6)?,
        })
    }

    /// What so many tokens cost.
    pub fn cost(self, input_tokens: u64, output_tokens: u64) -> Money {
        self.input.times(input_tokens) + self.output.times(output_tokens)
    }
}

/// The share of requests that a cascade may hand on before the strong tier alone would be cheaper:
/// `1 - cheap / strong`, never less than nothing. `None` where the strong tier costs nothing.
pub fn break_even_escalation(cheap: Money, strong: Money) -> Option<f64> {
    if strong == Money::ZERO {
        return None;
    }
    Some((1.0 - cheap.0 as f64 / strong.0 as f64).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: u64 = 1000;
    const INPUT: u64 = 2560;
    const OUTPUT: u64 = 840;

    fn per_thousand(input_usd: f64, output_usd: f64) -> Money {
        TokenPrice::per_million(input_usd, output_usd)
            .unwrap()
            .cost(REQUESTS * INPUT, REQUESTS * OUTPUT)
    }

    /// The published figures per 1000 requests of 2,560 input and 840 output tokens.
    #[test]
    fn cost_per_thousand_requests_is_exact() {
        let small = per_thousand(0.0375, 0.15);
        let large = per_thousand(0.075, 0.30);
        let llama = per_thousand(0.295, 0.395);
        assert_eq!(small.rounded(4), "$0.2220");
        assert_eq!(large.rounded(4), "$0.4440");
        assert_eq!(llama.rounded(4), "$1.0870");

        let four_percent = |price: (f64, f64)| {
            TokenPrice::per_million(price.0, price.1)
                .unwrap()
                .cost(40 * INPUT, 40 * OUTPUT)
        };
        let with_llama = small + four_percent((0.295, 0.395));
        assert_eq!(with_llama.to_string(), "$0.26548");
        assert_eq!(small.rounded(2), "$0.22");
        assert_eq!(four_percent((0.295, 0.395)).rounded(2), "$0.04");
        let with_large = small + four_percent((0.075, 0.30));
        assert_eq!(with_large.to_string(), "$0.23976");
        assert_eq!(with_large.rounded(2), "$0.24");
        assert_eq!(with_llama.as_usd().to_string(), "0.26548");
    }

    #[test]
    fn break_even_is_half_when_the_strong_tier_costs_twice() {
        let cheap = per_thousand(0.0375, 0.15);
        let strong = per_thousand(0.075, 0.30);
        assert_eq!(break_even_escalation(cheap, strong), Some(0.5));
        assert_eq!(break_even_escalation(strong, cheap), Some(0.0));
        assert_eq!(break_even_escalation(strong, Money::ZERO), None);
    }

    #[test]
    fn display_keeps_two_decimals_and_no_more_than_needed() {
        let check = |picodollars: i64, expect: &str| {
            assert_eq!(Money::from_picodollars(picodollars).to_string(), expect);
        };
        check(0, "$0.00");
        check(5_000_000_000_000, "$5.00");
        check(1_500_000_000_000, "$1.50");
        check(1, "$0.000000000001");
        assert_eq!(Money::from_usd(0.005).unwrap().rounded(2), "$0.01");
        assert_eq!(Money::from_usd(12.5).unwrap().rounded(0), "$13");
        assert!(Money::from_usd(-1.0).is_err());
        assert!(Money::from_usd(f64::NAN).is_err());
    }
}
