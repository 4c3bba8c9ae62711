//! How long to wait before a call is repeated.

use std::time::Duration;

use super::ProviderError;
use crate::chance;
use crate::settings::RetrySettings;

/// The pause before the next try: what the host asks for, or else twice as long each time, spread over
/// the upper half so that many clients do not come back at once.
pub(crate) fn pause(
    settings: &RetrySettings,
    failed_tries: u32,
    error: &ProviderError,
) -> Duration {
    if let Some(asked) = error.retry_after {
        let spread = Duration::from_millis(250).mul_f64(chance::factor(0.0, 1.0));
        return asked.min(settings.max_retry_after) + spread;
    }
    let doubled = settings
        .base
        .saturating_mul(2_u32.saturating_pow(failed_tries.saturating_sub(1)));
    let longest = doubled.min(settings.max);
    longest.mul_f64(chance::factor(0.5, 1.0))
}
