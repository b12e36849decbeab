//! The clock. It must not be read by anything that decides.

use countersign_policy::time::Millis;

/// The time at which a request, an alarm or a turn began: while nothing waits, the clock stands still.
pub fn now() -> Millis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds since 1970"
    )]
    Millis(js_sys::Date::now() as u64)
}
