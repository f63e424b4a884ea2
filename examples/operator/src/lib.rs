//! Stands in for an operator: what it does on a cluster rests on what API servers answer, which `scenarios/` holds.

/// Keeps a palette from going before its paint is washed off.
pub const FINALIZER: &str = "paint.example/wash";
