//! Medians, spreads, and the limit that each is held against.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use super::Outcome;

/// Whether a limit was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Kept,
    Exceeded,
}

/// Figures of one kind, in the order they were taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures(pub(crate) Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, took: Duration) {
        self.add_value(took.as_secs_f64() * 1e3);
    }

    pub(crate) fn add_value(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The value that `share` of all figures do not exceed.
    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn show(&self, unit: &str) -> String {
        let [median, low, high] = [0.5, 0.1, 0.9].map(|share| self.quantile(share));
        format!("{median:9.3} {unit}   p10 {low:.3} .. p90 {high:.3}")
    }

    /// Writes the figures and what they mean for a limit on their median.
    pub(crate) fn judge(&self, what: &str, unit: &str, limit: f64, out: &mut impl Write) -> Outcome<Verdict> {
        let (verdict, word) = match self.quantile(0.5) {
            median if median <= limit => (Verdict::Kept, "kept"),
            _ => (Verdict::Exceeded, "EXCEEDED"),
        };
        writeln!(out, "  {what:<12} {}   limit {limit} {unit}: {word}", self.show(unit))?;
        Ok(verdict)
    }
}

/// How busy the machine is: what other processes do is in every figure.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(2).collect::<Vec<_>>().join(", ");
    format!("machine: {cores} cores, load {load} (last minute, last five)")
}

/// How a bench ends: with 2 if it could not measure, with a word why.
pub(crate) fn ended(ran: Outcome<ExitCode>) -> ExitCode {
    ran.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "{error}");
        ExitCode::from(2)
    })
}
