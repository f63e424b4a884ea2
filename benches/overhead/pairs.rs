//! What is taken in pairs: ours and the same without us.

use std::io::Write;
use std::time::Duration;

use super::Outcome;
use super::figures::Figures;

/// Rehearsal and the same without it, taken one beside the other.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) ours: Figures,
    pub(crate) bare: Figures,
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
