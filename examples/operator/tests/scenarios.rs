//! Every scenario on a model of each minor that was recorded, or on the clusters that `REHEARSAL_CLUSTER` names.

rehearsal::harness!();
