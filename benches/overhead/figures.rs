//! Medians, spreads, and the limit that each is held against.

use std::io::Write;
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
pub(crate) struct Figures(Vec<f64>);

/// Rehearsal and the same without it, taken one beside the other.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) ours: Figures,
    pub(crate) bare: Figures,
}

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

    fn show(&self, unit: &str) -> String {
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

impl Pairs {
    /// Takes `count` pairs. Which of the two comes first alternates, so that neither profits from the other.
    pub(crate) fn take(
        count: usize,
        mut ours: impl FnMut(usize) -> Outcome<Duration>,
        mut bare: impl FnMut(usize) -> Outcome<Duration>,
    ) -> Outcome<Self> {
        let mut pairs = Self::default();
        for index in 0..count {
            if index % 2 == 0 {
                pairs.ours.add(ours(index)?);
                pairs.bare.add(bare(index)?);
            } else {
                pairs.bare.add(bare(index)?);
                pairs.ours.add(ours(index)?);
            }
        }
        Ok(pairs)
    }

    /// What is ours of each pair, shared out over `parts`.
    pub(crate) fn differences(&self, parts: f64) -> Figures {
        Figures(self.each(|(ours, bare)| (ours - bare) / parts))
    }

    /// How many times the bare one each of ours is.
    pub(crate) fn ratios(&self) -> Figures {
        Figures(self.each(|(ours, bare)| ours / bare))
    }

    fn each(&self, figure: impl Fn((f64, f64)) -> f64) -> Vec<f64> {
        self.ours.0.iter().copied().zip(self.bare.0.iter().copied()).map(figure).collect()
    }

    /// Writes both sides.
    pub(crate) fn show(&self, out: &mut impl Write) -> Outcome<()> {
        writeln!(out, "  {:<12} {}", "rehearsal", self.ours.show("ms"))?;
        writeln!(out, "  {:<12} {}", "bare", self.bare.show("ms"))?;
        Ok(())
    }
}
