//! How long ago something was, in few letters.

use jiff::Timestamp;
use serde_json::Value;

/// The time since one that an object has, or that it has none.
pub(super) fn since(time: &Value, now: Timestamp) -> String {
    let Some(time) = time.as_str().and_then(|time| time.parse::<Timestamp>().ok()) else {
        return "<unknown>".to_owned();
    };
    text(now.duration_since(time).as_secs())
}

/// Seconds as the server writes them: less and less exact.
pub(super) fn text(seconds: i64) -> String {
    const DAY: i64 = 24;
    const YEAR: i64 = 365;
    let with = |whole: String, rest: i64, unit: char| if rest == 0 { whole } else { format!("{whole}{rest}{unit}") };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / DAY;
    match seconds {
        i64::MIN..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => with(format!("{minutes}m"), seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => with(format!("{hours}h"), minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < DAY * 8 => with(format!("{days}d"), hours % DAY, 'h'),
        _ if days < YEAR * 2 => format!("{days}d"),
        _ if days < YEAR * 8 => with(format!("{}y", days / YEAR), days % YEAR, 'd'),
        _ => format!("{}y", days / YEAR),
    }
}
